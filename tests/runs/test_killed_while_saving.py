"""A crash leaves whole runs or none."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import anomaly
from anomaly.forecasting.fitting import Fitted
from anomaly.runs.store import RunStore
from tests.support.checkout import ROOT
from tests.support.kept_runs import SAVER


def test_a_kill_at_any_moment_leaves_whole_runs_or_none(tmp_path: Path, sine_fitted: Fitted) -> None:
    """What had been saved is there; what was being saved is there whole, or not at all."""
    anomaly.save(sine_fitted, tmp_path / "model")
    folder, rng = tmp_path / "data", random.Random(0)
    said: list[str] = []
    for _ in range(6):
        saver = subprocess.Popen(
            [sys.executable, "-c", SAVER, folder, tmp_path / "model"], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert saver.stdout is not None and saver.stdout.readline() == "ready\n"
        time.sleep(rng.uniform(0.0, 0.4))
        saver.send_signal(signal.SIGKILL)
        said += saver.stdout.read().split()
        saver.wait()
        store = RunStore(f"sqlite:///{folder / 'runs.sqlite'}", folder)
        there = {row.id for row in store.list(most=10_000)}
        assert set(said) <= there
        for run in there:
            dataset, fitted, _ = store.open(run)
            assert dataset.steps == 900 and fitted.settings == sine_fitted.settings
            assert len(store.standing(run)[1]) in ((2,) if run in said else (0, 2))
        store.close()
    assert said
