"""No room on the disk, or a folder that is taken away, ends no fit, and nothing that was learnt is out of reach."""

import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from anomaly.domain.exceptions import RunError
from anomaly.domain.forecasts import Epoch
from anomaly.domain.records import Dataset
from anomaly.forecasting.fitting import Fitted, fit
from anomaly.forecasting.model import training
from anomaly.runs.archive import pack_model, unpack_model
from anomaly.runs.jobs.job import FitJob
from anomaly.runs.jobs.worker import CHECKPOINT, EPOCHS, work_in
from anomaly.runs.unfinished import Workshop
from tests.support.fit_jobs import ENDLESS, finished
from tests.support.strategies import QUICK

FIRST = Epoch(1, 2, 0.5, 0.5, 1.0, 1.0, True, 0.1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
def test_epochs_that_find_no_room_are_told_with_the_next(sine_dataset: Dataset, tmp_path: Path) -> None:
    def work(*_: object, on_epoch: Any, **__: object) -> str:
        (tmp_path / EPOCHS).symlink_to("/dev/full")
        on_epoch(FIRST)
        (tmp_path / EPOCHS).unlink()
        on_epoch(replace(FIRST, number=2))
        return "learnt"

    assert work_in(work, sine_dataset, QUICK, tmp_path) == "learnt"
    lines = (tmp_path / EPOCHS).read_text().splitlines()
    assert [json.loads(line)["number"] for line in lines] == [1, 2]


def test_a_checkpoint_that_cannot_be_written_ends_no_fit(
    sine_dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)
    (tmp_path / CHECKPOINT).with_suffix(".writing").mkdir()
    assert len(work_in(fit, sine_dataset, QUICK, tmp_path).epochs) == QUICK.epochs


def test_a_fit_that_is_kept_goes_on_where_its_folder_was_taken_away(sine_dataset: Dataset, tmp_path: Path) -> None:
    fitted = work_in(fit, sine_dataset, QUICK, tmp_path / "gone", False)
    assert "on request" not in fitted.ended and len(fitted.epochs) == QUICK.epochs


def test_one_that_cannot_be_told_to_stop_says_so_and_is_discarded_all_the_same(
    sine_dataset: Dataset, tmp_path: Path
) -> None:
    job = FitJob(sine_dataset, QUICK, fit, folder=tmp_path / "gone")
    with pytest.raises(RunError, match=r"cannot be told to stop, and goes on: .*No such file"):
        job.stop()
    job.discard()
    assert job.is_discarded
    finished(job)


def test_a_fit_that_was_left_while_its_folder_was_away_can_be_gone_on_with(
    sine_dataset: Dataset, tmp_path: Path
) -> None:
    workshop = Workshop(tmp_path / "fits")
    folder = workshop.begin(sine_dataset, QUICK)
    shutil.move(tmp_path / "fits", tmp_path / "moved")
    workshop.leave(folder.name, "it could not be kept")
    shutil.move(tmp_path / "moved", tmp_path / "fits")
    assert [one.id for one in workshop.broken_off()] == [folder.name]


def test_models_need_no_temporary_folder_and_a_fit_says_that_it_does(
    sine_dataset: Dataset, sine_fitted: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    assert unpack_model(pack_model(sine_fitted)).ended == sine_fitted.ended
    with pytest.raises(RunError, match=r"A fit needs a temporary folder, and none can be made in .*gone: No such file"):
        FitJob(sine_dataset, ENDLESS, fit)
