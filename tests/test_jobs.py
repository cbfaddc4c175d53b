"""Fits in worker processes: the same answer, and an end that is always told."""

import gc
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from anomaly.domain import Dataset
from anomaly.exceptions import SettingsError
from anomaly.fitting import Fitted, fit
from anomaly.jobs import CHECKPOINT, EPOCHS, STARTED, FitJob, _executor, _work
from anomaly.pipeline import detect
from tests.strategies import QUICK, make_dataset, quick_settings, sine_values

ENDLESS = quick_settings(epochs=10_000, patience=10_000)


@pytest.fixture(autouse=True)
def no_job_outlives_its_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folders: list[Path] = []
    start = FitJob.__init__

    def remember(job: FitJob, *arguments: object) -> None:
        start(job, *arguments)
        folders.append(job._folder)

    monkeypatch.setattr(FitJob, "__init__", remember)
    yield
    for folder in folders:
        if folder.exists():
            (folder / "stop").touch()


def wait_until(is_true: Callable[[], object], seconds: float = 40) -> None:
    ends = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < ends, "It did not happen in time."
        time.sleep(0.02)


def finished(job: FitJob, seconds: float = 40) -> Fitted:
    job.wait(seconds)
    assert job.error is None
    assert job.result is not None
    return job.result


def assert_same(one: Fitted, other: Fitted, dataset: Dataset) -> None:
    weights = other.forecaster.network.state_dict()
    for name, weight in one.forecaster.network.state_dict().items():
        np.testing.assert_array_equal(weight, weights[name], err_msg=name)
    assert detect(one, dataset).points().equals(detect(other, dataset).points())
    assert (one.ended, one.period, one.warm_up, one.settings) == (
        other.ended,
        other.period,
        other.warm_up,
        other.settings,
    )


def test_a_job_gives_what_fit_gives_bit_for_bit(sine_dataset: Dataset) -> None:
    job = FitJob(sine_dataset, QUICK, fit)
    here = fit(sine_dataset, QUICK)
    assert_same(finished(job), here, sine_dataset)
    losses = [(epoch.number, epoch.train_loss, epoch.validation_loss) for epoch in job.epochs]
    assert losses == [(epoch.number, epoch.train_loss, epoch.validation_loss) for epoch in here.epochs]


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


def kill_workers() -> None:
    for worker in list(_executor()._processes):
        os.kill(worker, signal.SIGKILL)


def test_a_fit_whose_worker_is_killed_goes_on_from_its_checkpoint_and_those_that_waited_have_their_turn(
    sine_dataset: Dataset,
) -> None:
    settings = quick_settings(epochs=400, patience=400)
    job, waiting = FitJob(sine_dataset, settings, fit), FitJob(sine_dataset, QUICK, fit)
    wait_until((job._folder / CHECKPOINT).exists)
    kill_workers()
    assert_same(finished(job, 120), fit(sine_dataset, settings), sine_dataset)
    assert len(job.epochs) == 400
    assert_same(finished(waiting, 120), fit(sine_dataset, QUICK), sine_dataset)


def test_a_worker_killed_again_is_told_in_a_sentence_and_the_next_job_works(sine_dataset: Dataset) -> None:
    job = FitJob(sine_dataset, ENDLESS, fit)
    for attempt in (1, 2):
        wait_until(lambda attempt=attempt: job._attempts == attempt and (job._folder / STARTED).exists() and job.epochs)
        kill_workers()
    job.wait(40)
    assert job.result is None
    assert job.error is not None
    assert job.error.startswith("The process that trained was ended from outside")
    assert "Your file and settings are untouched" in job.error
    assert_same(finished(FitJob(sine_dataset, QUICK, fit)), fit(sine_dataset, QUICK), sine_dataset)


def test_a_job_dropped_while_it_runs_ends(sine_dataset: Dataset) -> None:
    jobs = [FitJob(sine_dataset, ENDLESS, fit)]
    wait_until(lambda: jobs[0].epochs)
    future, folder = jobs[0]._future, jobs[0]._folder
    jobs.clear()
    gc.collect()
    assert not folder.exists()
    wait_until(future.done, seconds=5)


def test_a_job_whose_folder_is_gone_stops_before_the_epoch_is_over(sine_dataset: Dataset, tmp_path: Path) -> None:
    assert _work(fit, sine_dataset, ENDLESS, tmp_path / "gone").ended.startswith("Stopped on request in epoch 1;")


def test_a_broken_half_line_of_progress_is_not_read(sine_dataset: Dataset) -> None:
    job = FitJob(sine_dataset, QUICK, fit)
    finished(job)
    before = job.epochs
    with (job._folder / EPOCHS).open("a") as file:
        file.write('{"number": 4, "epo')
    assert len(before) == 3
    assert job.epochs == before
