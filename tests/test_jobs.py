"""Fits in worker processes: the same answer, and an end that is always told."""

import gc
import os
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from anomaly.domain.exceptions import SettingsError
from anomaly.domain.records import Dataset
from anomaly.forecasting.fitting import Fitted, fit
from anomaly.pipeline import detect
from anomaly.runs.jobs.job import FitJob
from anomaly.runs.jobs.processes import executor, workers
from anomaly.runs.jobs.watchdog import MOST_TURNS, restart_hung
from anomaly.runs.jobs.worker import CHECKPOINT, EPOCHS, STARTED, work_in
from tests.strategies import QUICK, make_dataset, quick_settings, sine_values

ENDLESS = quick_settings(epochs=10_000, patience=10_000)


@pytest.fixture(autouse=True)
def no_job_outlives_its_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folders: list[Path] = []
    start = FitJob.__init__

    def remember(job: FitJob, *arguments: object, **named: object) -> None:
        start(job, *arguments, **named)
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
    for worker in list(executor()._processes):
        os.kill(worker, signal.SIGKILL)


def kill_next_worker(job: FitJob, before: int = 0) -> int:
    """The one that fits `job` after `before` did, once there is a checkpoint."""
    started = job._folder / STARTED

    def worker() -> int:
        text = started.read_text() if started.exists() else ""
        return int(text or before)

    wait_until(lambda: worker() != before and (job._folder / CHECKPOINT).exists())
    killed = worker()
    os.kill(killed, signal.SIGKILL)
    return killed


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
    job, worker = FitJob(sine_dataset, ENDLESS, fit), 0
    for _ in range(2):
        assert not job.was_killed
        worker = kill_next_worker(job, worker)
    job.wait(40)
    assert job.result is None
    assert job.was_killed and job.error is not None
    assert job.error.startswith("The process that trained was ended from outside")
    assert "Your file and settings are untouched" in job.error
    assert_same(finished(FitJob(sine_dataset, QUICK, fit)), fit(sine_dataset, QUICK), sine_dataset)


def test_a_worker_that_hangs_is_told_from_a_slow_one_and_can_be_restarted(
    sine_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anomaly.runs.jobs.job.SILENT_SECONDS", 6.0)
    settings = quick_settings(epochs=400, patience=400)
    job = FitJob(sine_dataset, settings, fit)
    wait_until((job._folder / CHECKPOINT).exists)
    assert not job.is_silent
    os.kill(int((job._folder / STARTED).read_text()), signal.SIGSTOP)
    wait_until(lambda: job.is_silent)
    job.restart()
    assert_same(finished(job, 120), fit(sine_dataset, settings), sine_dataset)
    assert job.silence == 0 and job._crashes == 0, "what the user restarts does not count as broken"


def test_a_fit_whose_process_is_killed_again_and_again_ends_no_other(
    sine_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANOMALY_WORKERS", "2")
    job, other = (FitJob(sine_dataset, ENDLESS, fit) for _ in range(2))
    wait_until(lambda: other.epochs)
    kill_next_worker(job, kill_next_worker(job))
    job.wait(40)
    wait_until(lambda: not other.is_waiting and other.epochs)
    assert job.was_killed and other._crashes == 0
    other.stop()
    assert finished(other).epochs


def test_a_worker_left_behind_ends_when_its_fit_is_taken_up(sine_dataset: Dataset, tmp_path: Path) -> None:
    left = FitJob(sine_dataset, ENDLESS, fit, print, tmp_path)
    wait_until((tmp_path / CHECKPOINT).exists)
    worker = int((tmp_path / STARTED).read_text())
    os.kill(worker, signal.SIGSTOP)
    again = FitJob(sine_dataset, ENDLESS, fit, print, tmp_path)
    wait_until(lambda: not is_alive(worker))
    for job in (again, left):
        job.discard()
        job.wait(40)


def test_a_fit_that_hangs_while_nobody_looks_is_restarted(
    sine_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anomaly.runs.jobs.watchdog.HUNG_SECONDS", 2.0)
    job = FitJob(sine_dataset, ENDLESS, fit)
    wait_until(lambda: not job.is_waiting and job.epochs)
    looks: weakref.WeakKeyDictionary[FitJob, int] = weakref.WeakKeyDictionary()
    worker = int((job._folder / STARTED).read_text())
    os.kill(worker, signal.SIGSTOP)
    wait_until(lambda: job.silence > 2.0)
    for crashes in (0, 0, 1):
        restart_hung(looks)
        assert job._crashes == crashes
    wait_until(lambda: not job.is_waiting and (job._folder / STARTED).read_text() not in ("", str(worker)))
    restart_hung(looks)
    assert looks[job] == 0 and job.is_running
    job.discard()
    job.wait(40)


def test_a_fit_that_does_not_begin_since_an_idle_worker_hangs_has_its_turn_in_the_end(sine_dataset: Dataset) -> None:
    finished(FitJob(sine_dataset, QUICK, fit))
    for worker in list(executor()._processes):
        os.kill(worker, signal.SIGSTOP)
    job = FitJob(sine_dataset, QUICK, fit)
    looks: weakref.WeakKeyDictionary[FitJob, int] = weakref.WeakKeyDictionary()
    for _ in range(MOST_TURNS - 1):
        restart_hung(looks)
    assert job.is_waiting and looks[job] == MOST_TURNS - 1
    restart_hung(looks)
    assert finished(job).epochs and job._crashes == 0


def test_restarts_of_one_fit_count_against_no_other(sine_dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANOMALY_WORKERS", "2")
    job, other = (FitJob(sine_dataset, ENDLESS, fit) for _ in range(2))
    for _ in range(2):
        wait_until(lambda: all(not one.is_waiting and one.epochs for one in (job, other)))
        executor = job._executor
        job.restart()
        job.restart()
        wait_until(lambda executor=executor: executor not in (job._executor, other._executor))
    wait_until(lambda: not other.is_waiting and other.epochs)
    assert (job._crashes, other._crashes) == (0, 0)
    job.discard()
    other.stop()
    assert finished(other).epochs
    job.wait(40)


SERVER = """
import sys
from pathlib import Path
from anomaly.forecasting import fit
from anomaly.runs import FitJob
from tests.strategies import make_dataset, quick_settings, sine_values
if __name__ == "__main__":
    settings = quick_settings(epochs=10_000, patience=10_000)
    job = FitJob(make_dataset(sine_values(900)), settings, fit, print, Path(sys.argv[1]))
    job.wait()
"""


def test_a_worker_ends_soon_after_its_server_was_killed(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(SERVER)
    root = Path(__file__).resolve().parents[1]
    server = subprocess.Popen(
        [sys.executable, tmp_path / "server.py", tmp_path], cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
    )
    wait_until((tmp_path / CHECKPOINT).exists)
    worker = int((tmp_path / STARTED).read_text())
    server.kill()
    server.wait()
    wait_until(lambda: not is_alive(worker), seconds=10)


def is_alive(process: int) -> bool:
    """A zombie is not: nobody in this container may be there to bury it."""
    status = Path(f"/proc/{process}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


def test_a_job_that_hangs_can_be_discarded(sine_dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anomaly.runs.jobs.job.SILENT_SECONDS", 1.5)
    job = FitJob(sine_dataset, ENDLESS, fit)
    wait_until(lambda: job.epochs)
    os.kill(int((job._folder / STARTED).read_text()), signal.SIGSTOP)
    wait_until(lambda: job.is_silent)
    job.discard()
    job.wait(40)


def test_the_queue_keeps_its_order_and_says_it(sine_dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [FitJob(sine_dataset, ENDLESS, fit) for _ in range(workers() + 2)]
    # Those of other tests end first.
    wait_until(lambda: jobs[0].ahead == 0)
    assert [job.ahead for job in jobs] == list(range(len(jobs)))
    wait_until(lambda: jobs[0].epochs)
    assert jobs[-1].is_waiting and not jobs[0].is_waiting
    for job in jobs:
        job.stop()
    for job in jobs:
        job.wait(40)
    assert jobs[-1].ahead == 0


def test_what_is_asked_for_meanwhile_comes_before_what_waits_for_another(
    sine_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANOMALY_WORKERS", "1")
    first = FitJob(sine_dataset, ENDLESS, fit)
    wait_until(lambda: first.ahead == 0 and first.epochs)
    second = FitJob(sine_dataset, ENDLESS, fit, after=first)
    third = FitJob(sine_dataset, ENDLESS, fit, after=second)
    meanwhile = FitJob(sine_dataset, ENDLESS, fit)
    assert [job.ahead for job in (first, second, third, meanwhile)] == [0, 1, 2, 1]
    assert third.result is third.error is None and not third.was_killed
    first.stop()
    wait_until(lambda: meanwhile.epochs)
    assert second.is_waiting and second.ahead == 1 and not meanwhile.is_waiting
    for job in (third, meanwhile, second):
        job.stop()
    for job in (first, second, third, meanwhile):
        finished(job)
    assert FitJob(sine_dataset, QUICK, fit, after=third).ahead == 0, "one that has ended is not waited for"


@pytest.mark.parametrize(("wanted", "found"), [("", None), ("3", 3), (" 1 ", 1)])
def test_how_many_fits_run_at_once_is_the_environments(
    wanted: str, found: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANOMALY_WORKERS", wanted)
    assert workers() == (found or max(1, (os.cpu_count() or 2) - 1))


@pytest.mark.parametrize("wanted", ["0", "-1", "many", "1.5"])
def test_another_number_of_fits_is_refused(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANOMALY_WORKERS", wanted)
    with pytest.raises(SettingsError, match="expected a whole number of 1 or more"):
        workers()


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
