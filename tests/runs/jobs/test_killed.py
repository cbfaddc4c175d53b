"""Workers that are killed or left behind: a fit goes on, or says in a sentence that it cannot."""

import os
import signal
import subprocess
import sys
import weakref
from pathlib import Path

import pytest

from anomaly.domain.records import Dataset
from anomaly.forecasting.fitting import fit
from anomaly.runs.jobs.job import FitJob
from anomaly.runs.jobs.processes import executor
from anomaly.runs.jobs.watchdog import MOST_TURNS, restart_hung
from anomaly.runs.jobs.worker import CHECKPOINT, STARTED
from tests.support.checkout import ROOT
from tests.support.fit_jobs import ENDLESS, assert_same_fit, finished, is_alive, kill_next_worker, wait_until
from tests.support.strategies import QUICK, quick_settings


def kill_workers() -> None:
    for worker in list(executor()._processes):
        os.kill(worker, signal.SIGKILL)


def test_a_fit_whose_worker_is_killed_goes_on_from_its_checkpoint_and_those_that_waited_have_their_turn(
    sine_dataset: Dataset,
) -> None:
    settings = quick_settings(epochs=400, patience=400)
    job, waiting = FitJob(sine_dataset, settings, fit), FitJob(sine_dataset, QUICK, fit)
    wait_until((job._folder / CHECKPOINT).exists)
    kill_workers()
    assert_same_fit(finished(job, 120), fit(sine_dataset, settings), sine_dataset)
    assert len(job.epochs) == 400
    assert_same_fit(finished(waiting, 120), fit(sine_dataset, QUICK), sine_dataset)


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
    assert_same_fit(finished(FitJob(sine_dataset, QUICK, fit)), fit(sine_dataset, QUICK), sine_dataset)


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
    assert_same_fit(finished(job, 120), fit(sine_dataset, settings), sine_dataset)
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
from tests.support.strategies import make_dataset, quick_settings, sine_values
if __name__ == "__main__":
    settings = quick_settings(epochs=10_000, patience=10_000)
    job = FitJob(make_dataset(sine_values(900)), settings, fit, print, Path(sys.argv[1]))
    job.wait()
"""


def test_a_worker_ends_soon_after_its_server_was_killed(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(SERVER)
    server = subprocess.Popen(
        [sys.executable, tmp_path / "server.py", tmp_path], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    wait_until((tmp_path / CHECKPOINT).exists)
    worker = int((tmp_path / STARTED).read_text())
    server.kill()
    server.wait()
    wait_until(lambda: not is_alive(worker), seconds=10)


def test_a_job_that_hangs_can_be_discarded(sine_dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anomaly.runs.jobs.job.SILENT_SECONDS", 1.5)
    job = FitJob(sine_dataset, ENDLESS, fit)
    wait_until(lambda: job.epochs)
    os.kill(int((job._folder / STARTED).read_text()), signal.SIGSTOP)
    wait_until(lambda: job.is_silent)
    job.discard()
    job.wait(40)
