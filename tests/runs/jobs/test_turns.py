"""Which fit has its turn, and how many learn at once."""

import os

import pytest

from anomaly.domain.exceptions import SettingsError
from anomaly.domain.records import Dataset
from anomaly.forecasting.fitting import fit
from anomaly.runs.jobs.job import FitJob
from anomaly.runs.jobs.processes import workers
from tests.support.fit_jobs import ENDLESS, finished, wait_until
from tests.support.strategies import QUICK


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
