"""What docs/security.md says of this code is so."""

import re

from streamlit import config

from anomaly.reading.formats import archives
from anomaly.reading.formats.spreadsheets import extents
from anomaly.ui.lasting import sign_outs
from anomaly.ui.session import upload_gate
from tests.support.checkout import ROOT

SAID = " ".join((ROOT / "docs" / "security.md").read_text(encoding="utf-8").split())


def test_the_figures_are_those_of_the_code() -> None:
    assert f"after {sign_outs.SIGN_IN_DAYS} days an open tab" in SAID
    assert f"a digest of it for {sign_outs.KEPT_DAYS} days" in SAID and f"| {sign_outs.KEPT_DAYS} days |" in SAID
    assert f"after {sign_outs.ASK_SECONDS:g} seconds at most" in SAID
    assert f"({upload_gate.LEFT_SHARE} of `server.disconnectedSessionTTL`" in SAID
    assert f"to {archives.MOST_BYTES >> 30} GB and {archives.MOST_MEMBERS:,} files" in SAID
    assert f"to {extents.MOST_UNPACKED_BYTES >> 30} GB and {extents.MOST_CELLS:,} cells" in SAID


def test_the_settings_and_variables_named_are_there() -> None:
    for option in re.findall(r"\b(?:server|client)\.[a-z][A-Za-z]+", SAID):
        config.get_option(option)
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "anomaly").rglob("*.py"))
    named = set(re.findall(r"ANOMALY_[A-Z_]*[A-Z]", SAID))
    assert named and all(name in source for name in named)


def test_the_files_it_links_to_are_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", SAID)
    assert links and all((ROOT / "docs" / link).exists() for link in links)
