"""What docs/security.md says of this code is so."""

import re

import pytest
from streamlit import config

from anomaly.reading.apart import asking, limits
from anomaly.reading.formats import budget
from anomaly.ui.lasting import sign_outs
from anomaly.ui.session import upload_gate
from tests.support.checkout import ROOT

SAID = " ".join((ROOT / "docs" / "security.md").read_text(encoding="utf-8").split())


def test_the_figures_are_those_of_the_code() -> None:
    assert f"after {sign_outs.SIGN_IN_DAYS} days an open tab" in SAID
    assert f"a digest of it for {sign_outs.KEPT_DAYS} days" in SAID and f"| {sign_outs.KEPT_DAYS} days |" in SAID
    assert f"after {sign_outs.ASK_SECONDS:g} seconds at most" in SAID
    assert f"({upload_gate.LEFT_SHARE} of `server.disconnectedSessionTTL`" in SAID
    assert f"may become {budget.MOST_CELLS:,} cells ({budget.MOST_SHEET_CELLS:,} in workbooks)" in SAID
    assert (
        f"unpack to {budget.MOST_BYTES >> 30} GB and hold {budget.MOST_MEMBERS:,} files in {budget.MOST_LAYERS}" in SAID
    )
    assert f"a table may have {budget.MOST_COLUMNS:,} columns" in SAID
    least = f"{budget.FEW_CELLS:,} cells and {budget.FEW_BYTES >> 20} MB, and {budget.GROWTH} more for each"
    assert least in SAID and f"in workbooks {budget.FEW_SHEET_CELLS:,} cells, and one more" in SAID
    assert f"({limits.USUAL_SECONDS:g} unless set)" in SAID and limits.SHARE == 3 and asking.AT_ONCE == 2


def test_the_memory_that_reading_may_take_is_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "machine_memory", lambda: 1 << 40)
    assert "1.5 GB for a small one, about 7 GB for one of 500 MB" in SAID
    assert [round(limits.most_memory(given) / 2**30, 1) for given in (10_000, 500_000_000)] == [1.5, 7.3]


def test_the_settings_and_variables_named_are_there() -> None:
    for option in re.findall(r"\b(?:server|client)\.[a-z][A-Za-z]+", SAID):
        config.get_option(option)
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "anomaly").rglob("*.py"))
    named = set(re.findall(r"ANOMALY_[A-Z_]*[A-Z]", SAID))
    assert named and all(name in source for name in named)


def test_the_files_it_links_to_are_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", SAID)
    assert links and all((ROOT / "docs" / link).exists() for link in links)
