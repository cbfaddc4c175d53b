"""Temporary folders that a killed process leaves behind go; those of one that lives stay."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from anomaly.domain.temporary import remove_left_behind, temporary_folder
from tests.support.checkout import ROOT

KEEPER = """
import sys, tempfile
from pathlib import Path
import numpy as np, pandas as pd
from dataclasses import replace
tempfile.tempdir = sys.argv[1]
from anomaly.reading import read_table
from anomaly.runs.jobs.job import FitJob
from anomaly.domain import temporary_folder
from anomaly.reading.opening import set_aside
from tests.support.fit_jobs import ENDLESS
from tests.support.strategies import make_dataset, sine_values
from anomaly.forecasting import fit
if __name__ == "__main__":
    table = replace(read_table(b"v\\n1\\n2\\n", "v.csv"), frame=pd.DataFrame({"v": np.zeros(2_000_000)}))
    folder = temporary_folder()
    set_aside([table], Path(folder.name))
    job = FitJob(make_dataset(sine_values(300)), ENDLESS, fit)
    print("ready", flush=True)
    sys.stdin.read()
    # A process does not end before its fits have.
    job.discard()
    job.wait()
"""


@pytest.fixture
def above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path / "tmp"


@pytest.fixture
def server(above: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """A process with a file and a fit, in a temporary folder of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", KEEPER, above], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdin is not None and process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_what_a_killed_process_left_goes_with_the_next_and_what_a_living_one_has_stays(
    server: "subprocess.Popen[bytes]", above: Path
) -> None:
    (left,) = above.iterdir()
    assert len(list(left.glob("*/*"))) >= 1 and len(list(left.glob("unforeseen-*"))) == 2
    mine = temporary_folder()
    (above / "unforeseen-of-an-older-version").mkdir()
    (above / "unforeseen-link").symlink_to(left)
    remove_left_behind()
    assert left.exists(), "its server lives"
    server.kill()
    server.wait()
    remove_left_behind()
    assert not left.exists() and Path(mine.name).exists()
    assert sorted(path.name for path in above.iterdir()) == sorted(
        ["unforeseen-link", "unforeseen-of-an-older-version", Path(mine.name).parent.name]
    )


def test_at_the_end_of_a_process_nothing_of_it_stays(server: "subprocess.Popen[bytes]", above: Path) -> None:
    server.communicate()
    assert server.returncode == 0 and list(above.iterdir()) == []


def test_a_temporary_folder_is_its_owners_and_made_again_where_all_were_cleared_away(above: Path) -> None:
    first = temporary_folder()
    assert Path(first.name).stat().st_mode & 0o077 == 0 and Path(first.name).parent.stat().st_mode & 0o077 == 0
    for path in above.iterdir():
        path.rename(path.with_name("elsewhere"))
    with temporary_folder() as second:
        assert Path(second).is_dir()
