"""Runs put into a store, and a store that refuses them."""

from collections.abc import Callable

import sqlalchemy as sa

from anomaly.domain.records import Dataset
from anomaly.domain.settings.detecting import DetectSettings
from anomaly.forecasting.fitting import Fitted
from anomaly.runs.database.schema import audit, runs
from anomaly.runs.store import RunStore

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


def refuse(error: Exception) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def everything(store: RunStore) -> list[tuple[object, ...]]:
    """All lines of all tables but the audit."""
    with store._database.begin() as connection:
        tables = [table for table in runs.metadata.sorted_tables if table is not audit]
        return [(table.name, *line) for table in tables for line in connection.execute(sa.select(table))]
