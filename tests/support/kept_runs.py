"""Runs put into a store, and a store that refuses them; processes that keep things until they are killed."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from anomaly.domain.records import Dataset
from anomaly.domain.settings.detecting import DetectSettings
from anomaly.forecasting.fitting import Fitted
from anomaly.forecasting.storage import load
from anomaly.runs.database.schema import audit, runs
from anomaly.runs.store import RunStore
from tests.support.checkout import ROOT
from tests.support.fit_jobs import wait_until

NEVER = "There is no run"
"""what is said of one that is not there, or is not one's own"""


def save(store: RunStore, fitted: Fitted, dataset: Dataset, **changes: object) -> str:
    return store.save(dataset, fitted, **{"detect": DetectSettings(), "events": 2, **changes})


SAVER = """
import sys, itertools
import numpy as np
from dataclasses import replace
from pathlib import Path
from anomaly import load, DetectSettings
from anomaly.runs import RunStore, Verdict
from anomaly.domain import Span
from tests.support.strategies import make_dataset, sine_values
folder = Path(sys.argv[1])
fitted = load(sys.argv[2])
store = RunStore(f"sqlite:///{folder / 'runs.sqlite'}", folder)
print("ready", flush=True)
for number in itertools.count():
    run = store.save(make_dataset(sine_values(900, seed=number)), fitted, DetectSettings(), number)
    store.change_verdicts(run, lambda _: (Verdict(0, Span(1, 5), "anomaly"), Verdict(0, Span(6, 9), "expected")))
    print(run, flush=True)
"""

BEGINNER = """
import itertools, time
from anomaly.domain import FitSettings
from anomaly.ui.lasting import fits
from tests.support.strategies import make_dataset, sine_values
settings = FitSettings(epochs=9999, patience=9999, device="cpu")
for number in itertools.count():
    job = fits.start_fit(make_dataset(sine_values(600, seed=number)), settings)
    # Only now does the page write it into its address.
    print("" if number else "ready\\n", job.id, sep="", flush=True)
    time.sleep(0.05)
"""
"""begins one fit after another, of which one has its turn, and the others wait"""
MODELS = """
import sys, itertools
from dataclasses import replace
from anomaly.forecasting import storage
first = storage.load(sys.argv[1])
print("ready", flush=True)
for number in itertools.count(int(sys.argv[3])):
    storage.save(replace(first, settings=first.settings.model_copy(update={"seed": number})), sys.argv[2])
    print(number, flush=True)
"""
"""as `fit --model` over an older model, again and again"""
RESULTS = """
import sys, itertools
from anomaly.domain import DetectSettings
from anomaly.forecasting import storage
from anomaly.pipeline import detect
from anomaly.showing import export
from tests.support.strategies import make_dataset, sine_values
fitted, dataset = storage.load(sys.argv[1]), make_dataset(sine_values(900))
print("ready", flush=True)
for number in itertools.count(int(sys.argv[3])):
    settings = DetectSettings(threshold_rule="value", threshold=1 + number / 1000)
    export.write_files(detect(fitted, dataset, settings), fitted, sys.argv[2])
    print(number, flush=True)
"""
"""as `detect --out` over older results"""


def run_and_kill(script: str, *arguments: object, after: float, data: Path | None = None) -> list[str]:
    """What a script had said when it was killed, `after` seconds after it was ready."""
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said"
        # Not a pipe, which ends when all workers have.
        with said.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, "-c", script, *map(str, arguments)],
                stdout=out,
                stderr=subprocess.DEVNULL,
                cwd=ROOT,
                env={**os.environ, "ANOMALY_WORKERS": "1"} | ({} if data is None else {"ANOMALY_DATA": str(data)}),
            )
            try:
                wait_until(lambda: said.read_text().startswith("ready\n") or process.poll() is not None, 120)
                time.sleep(after)
                assert process.poll() is None, "It ended by itself."
            finally:
                process.kill()
                process.wait()
        # The last line may be half written.
        return [line.strip() for line in said.read_text().splitlines(keepends=True)[1:] if line.endswith("\n")]


def lost_fits(folder: Path, said: set[str]) -> set[str]:
    """Those that are not found under "broken off", with all that it takes to go on."""
    store = RunStore(f"sqlite:///{folder / 'runs.sqlite'}", folder)
    found = {one.id: one for one in store.workshop.broken_off()}
    for one in (found[run] for run in said & set(found)):
        dataset, settings = store.workshop.take_up(one)
        assert (dataset.steps, settings.epochs) == (600, 9999)
        store.workshop.leave(one.id, "")
    store.close()
    return said - set(found)


def lost_runs(folder: Path, said: set[str]) -> set[str]:
    """Those that are not there, or cannot be opened."""
    store = RunStore(f"sqlite:///{folder / 'runs.sqlite'}", folder)
    there = {row.id for row in store.list(most=1_000_000) if not row.unreadable}
    for run in said & there:
        store.open(run)
    store.close()
    return said - there


def kept_model(folder: Path) -> int:
    """The number of the model there, which can be read."""
    return load(folder).settings.seed


def kept_results(folder: Path) -> int:
    """The number of the results there, whose tables are those that run.json speaks of; after a kill all, or some, of
    the newer ones lie beside."""
    is_beside = (folder / "run.json.new").is_file()

    def find(name: str) -> bytes:
        beside = folder / f"{name}.new"
        return (beside if is_beside and beside.is_file() else folder / name).read_bytes()

    told = json.loads(find("run.json"))
    for name, digest in told["files"].items():
        assert hashlib.sha256(find(name)).hexdigest() == digest, name
    return round((told["detect"]["threshold"] - 1) * 1000)


def refuse(error: Exception) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def everything(store: RunStore) -> list[tuple[object, ...]]:
    """All lines of all tables but the audit."""
    with store._database.begin() as connection:
        tables = [table for table in runs.metadata.sorted_tables if table is not audit]
        return [(table.name, *line) for table in tables for line in connection.execute(sa.select(table))]
