"""Fits in worker processes: the same answer, and an end that is always told."""

import gc
from pathlib import Path

import numpy as np
import pytest

from anomaly.domain.exceptions import SettingsError
from anomaly.domain.records import Dataset
from anomaly.forecasting.fitting import fit
from anomaly.pipeline import detect
from anomaly.runs.jobs.job import FitJob
from anomaly.runs.jobs.worker import EPOCHS, work_in
from tests.support.fit_jobs import ENDLESS, assert_same_fit, finished, wait_until
from tests.support.strategies import QUICK, make_dataset, sine_values


def test_a_job_gives_what_fit_gives_bit_for_bit(sine_dataset: Dataset) -> None:
    job = FitJob(sine_dataset, QUICK, fit)
    here = fit(sine_dataset, QUICK)
    assert_same_fit(finished(job), here, sine_dataset)
    losses = [(epoch.number, epoch.train_loss, epoch.validation_loss) for epoch in job.epochs]
    assert losses == [(epoch.number, epoch.train_loss, epoch.validation_loss) for epoch in here.epochs]


def test_the_pace_is_told_in_the_first_epoch(sine_dataset: Dataset) -> None:
    job = FitJob(sine_dataset, ENDLESS.model_copy(update={"hidden_units": 256, "bptt_steps": 1}), fit)
    assert job.pace is None
    wait_until(lambda: job.pace is not None)
    pace = job.pace
    assert pace is not None and pace.updates >= 1 and pace.seconds > 0 and pace.epochs_before == 0
    wait_until(lambda: job.pace is not None and job.pace.updates > pace.updates)
    job.stop()
    finished(job)


def test_epochs_grow_while_it_learns_and_a_stop_keeps_the_best_weights_within_two_seconds(
    sine_dataset: Dataset,
) -> None:
    job = FitJob(sine_dataset, ENDLESS, fit)
    wait_until(lambda: len(job.epochs) >= 2)
    assert job.is_running and not job.is_stopping
    assert job.result is None and job.error is None
    seen = len(job.epochs)
    wait_until(lambda: len(job.epochs) > seen)
    job.stop()
    assert job.is_stopping
    fitted = finished(job, seconds=2)
    assert not job.is_running
    assert "Stopped on request" in fitted.ended
    assert [epoch.number for epoch in fitted.epochs] == list(range(1, len(fitted.epochs) + 1))
    assert list(fitted.epochs) == job.epochs
    assert detect(fitted, sine_dataset).events


def test_a_job_stopped_before_its_turn_still_gives_a_result(sine_dataset: Dataset) -> None:
    first, second = FitJob(sine_dataset, ENDLESS, fit), FitJob(sine_dataset, ENDLESS, fit)
    wait_until(lambda: first.epochs)
    second.stop()
    first.stop()
    assert finished(first).epochs
    assert "Stopped on request" in finished(second).ended


def test_what_fit_refuses_is_the_jobs_error_in_the_same_words() -> None:
    values = sine_values(100)
    values[:50] = np.nan
    job = FitJob(make_dataset(values), QUICK.model_copy(update={"train_rows": 50}), fit)
    job.wait(40)
    assert job.result is None
    assert job.error is not None
    assert job.error.startswith("The train span holds no observed value")


def test_a_train_span_that_is_too_short_is_refused_before_a_worker_is_asked() -> None:
    with pytest.raises(SettingsError, match="The train span is too short: expected at least"):
        FitJob(make_dataset(sine_values(12)), QUICK, fit)


def test_a_job_dropped_while_it_runs_ends(sine_dataset: Dataset) -> None:
    jobs = [FitJob(sine_dataset, ENDLESS, fit)]
    wait_until(lambda: jobs[0].epochs)
    future, folder = jobs[0]._future, jobs[0]._folder
    jobs.clear()
    gc.collect()
    assert not folder.exists()
    wait_until(future.done, seconds=5)


def test_a_job_whose_folder_is_gone_stops_before_the_epoch_is_over(sine_dataset: Dataset, tmp_path: Path) -> None:
    assert work_in(fit, sine_dataset, ENDLESS, tmp_path / "gone").ended.startswith("Stopped on request in epoch 1;")


def test_a_broken_half_line_of_progress_is_not_read(sine_dataset: Dataset) -> None:
    job = FitJob(sine_dataset, QUICK, fit)
    finished(job)
    before = job.epochs
    with (job._folder / EPOCHS).open("a") as file:
        file.write('{"number": 4, "epo')
    assert len(before) == 3
    assert job.epochs == before
