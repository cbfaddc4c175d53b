"""Fits in worker processes: waited for, ended, killed."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from anomaly.domain.records import Dataset
from anomaly.forecasting.fitting import Fitted
from anomaly.pipeline import detect
from anomaly.runs.jobs.job import FitJob
from anomaly.runs.jobs.worker import CHECKPOINT, STARTED
from tests.support.strategies import quick_settings

ENDLESS = quick_settings(epochs=10_000, patience=10_000)


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


def assert_same_fit(one: Fitted, other: Fitted, dataset: Dataset) -> None:
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


def is_alive(process: int) -> bool:
    """A zombie is not: nobody in this container may be there to bury it."""
    status = Path(f"/proc/{process}/status")
    return status.exists() and "State:\tZ" not in status.read_text()
