"""Results are there whole or not at all: run.json, written last, tells which tables it speaks of."""

import errno
import hashlib
import json
import os
from pathlib import Path

import pytest

from anomaly.domain import DataError, Dataset
from anomaly.forecasting import Fitted
from anomaly.pipeline import detect
from anomaly.showing import export


def belong_together(folder: Path) -> bool:
    files = json.loads((folder / "run.json").read_bytes())["files"]
    return files == {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files}


def test_run_json_knows_its_tables_wherever_it_is_made(
    sine_fitted: Fitted, sine_dataset: Dataset, tmp_path: Path
) -> None:
    detection = detect(sine_fitted, sine_dataset)
    written = export.write_files(detection, sine_fitted, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in written)
    assert belong_together(tmp_path)
    assert (tmp_path / "run.json").read_bytes() == export.run_json(detection, sine_fitted)
    (tmp_path / "points.csv").write_bytes(b"")
    assert not belong_together(tmp_path)


@pytest.mark.parametrize("when", range(3))
def test_what_meets_a_full_disk_leaves_the_older_results_as_they_are(
    sine_fitted: Fitted, sine_dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: int
) -> None:
    detection = detect(sine_fitted, sine_dataset)
    export.write_files(detection, sine_fitted, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    calls = iter(range(9))

    def fail_at_last(_: int) -> None:
        if next(calls) == when:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("anomaly.domain.files.os.fsync", fail_at_last)
    with pytest.raises(DataError, match=r"cannot be written to .*: No space left on device\.$"):
        export.write_files(detection, sine_fitted, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
