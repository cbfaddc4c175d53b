"""A look at every column before anything is learnt: its part, range, holes, flat stretches, and how far to trust it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from anomaly.domain import Columns, Dataset, find_runs, format_times, is_rounding, units_of
from anomaly.reading.columns.missing_codes import without_codes
from anomaly.reading.columns.remarks import tell_resolution
from anomaly.reading.columns.states import tells
from anomaly.reading.formats.table import Table
from anomaly.reading.times.parsing import looks_like_time
from anomaly.reading.vocabulary.units import unit_in

ROLES = ("time", "record", "monitored", "context", "known anomalies", "ignored")
SPARK_POINTS = 80
SOME_MISSING, MUCH_MISSING = 0.05, 0.5
LONG_GAP, LONG_FLAT = 0.1, 0.2
"""of a table's rows"""


@dataclass(frozen=True)
class Grade:
    """How far a column can be trusted: high, medium or low, and why."""

    word: str
    reason: str


def inspect_columns(tables: Sequence[Table], dataset: Dataset) -> pd.DataFrame:
    """One line per column of the file, as in the tables that are used; a resampled channel as it is on its even steps.

    column, role, kind (None of what is not monitored), unit, spark (up to SPARK_POINTS values of the first table), low,
    high, missing (a share), gap and flat (rows: the longest stretch of empty and of equal cells), grade, reason.
    """
    return pd.DataFrame([_inspect(tables, str(name), dataset) for name in tables[0].frame.columns])


def inspect_records(dataset: Dataset) -> pd.DataFrame:
    """One line per record: its name, steps, first and last time."""
    firsts, lasts = (
        pd.concat(
            [pd.Series(format_times(one.times[at : at + 1 or None], dataset.time_axis)) for one in dataset.series]
        )
        for at in (0, -1)
    )
    return pd.DataFrame(
        {
            "record": [one.name for one in dataset.series],
            "steps": [len(one) for one in dataset.series],
            "start": firsts.to_numpy(),
            "end": lasts.to_numpy(),
        }
    )


def _inspect(tables: Sequence[Table], name: str, dataset: Dataset) -> dict[str, object]:
    even = _on_even_steps(name, dataset)
    parts = even or [table.frame[name] for table in tables]
    columns = dataset.columns
    role = _role(name, columns)
    if not even and role in ("monitored", "context") and all(pd.api.types.is_numeric_dtype(part) for part in parts):
        parts = [pd.Series(table.numbers(name)) for table in tables]
        if name not in dataset.columns.measured:
            unit = tables[0].units.get(name, "")
            parts = [pd.Series(part) for part in without_codes([part.to_numpy() for part in parts], name, unit)]
    line: dict[str, object] = {
        "column": name,
        "role": role,
        "kind": next((columns.kind_of(channel) for channel in columns.monitored if tells(channel, name)), None),
        "unit": next((table.units[name] for table in tables if table.units.get(name)), unit_in(name)),
        "spark": [],
        "low": np.nan,
        "high": np.nan,
        "missing": float(np.mean(np.concatenate([part.isna().to_numpy() for part in parts]))),
        "gap": max(_longest(part.isna().to_numpy()) for part in parts),
        "flat": 0,
        "grade": "",
        "reason": "",
    }
    if not all(pd.api.types.is_numeric_dtype(part) for part in parts):
        if role in ("time", "record"):
            return line  # to count the times of a long recording takes more memory than all else
        kinds, what = pd.concat(parts).nunique(), "times" if looks_like_time(parts[0]) else "text"
        return line | {"reason": f"{what}, {kinds:,} different"}
    values = [part.to_numpy(np.float64, na_value=np.nan) for part in parts]
    known = np.concatenate(values)
    known = known[np.isfinite(known)]
    if len(known):
        line |= {"low": float(known.min()), "high": float(known.max()), "spark": _spark(values[0])}
    line["flat"] = max(_longest_flat(one) for one in values)
    if role in ("monitored", "context"):
        rows = max(map(len, values))
        grade = _grade(line, rows, known)
        line |= {"grade": grade.word, "reason": grade.reason}
    return line


def _on_even_steps(name: str, dataset: Dataset) -> list[pd.Series]:
    """A channel's cells in each record, where its rows were brought onto even steps; else none."""
    columns = dataset.columns
    if columns.step is not None and name in columns.monitored:
        return [pd.Series(one.values[:, columns.monitored.index(name)]) for one in dataset.series]
    if columns.step is not None and name in columns.context:
        return [pd.Series(one.context[:, columns.context.index(name)]) for one in dataset.series]
    return []


def _role(name: str, columns: Columns) -> str:
    if name == columns.time:
        return "time"
    if name == columns.record:
        return "record"
    if name == columns.labels:
        return "known anomalies"
    if any(tells(channel, name) for channel in columns.monitored):
        return "monitored"
    return "context" if any(tells(channel, name) for channel in columns.context) else "ignored"


def _grade(line: dict[str, object], rows: int, known: np.ndarray) -> Grade:
    missing, gap, flat = (float(str(line[part])) for part in ("missing", "gap", "flat"))
    if not len(known) or known.min() == known.max():
        return Grade("low", "never changes")
    if is_rounding(known):
        return Grade("low", "varies by rounding alone")
    if missing > MUCH_MISSING:
        return Grade("low", f"{missing:.0%} empty".replace("%", " %"))
    if gap > LONG_GAP * rows:
        return Grade("medium", f"empty for {int(gap):,} rows on end")
    if tell_resolution(known) is not None:
        return Grade("medium", "its numbers are too coarse, or too unlike, to see all of it")
    if missing > SOME_MISSING:
        return Grade("medium", f"{missing:.0%} empty".replace("%", " %"))
    # What is on or off stands still by its nature.
    if line["role"] == "monitored" and flat > LONG_FLAT * rows:
        return Grade("medium", f"stands still for {int(flat):,} rows")
    return Grade("high", "")


def _longest(flags: np.ndarray) -> int:
    starts, stops = find_runs(flags)
    return int((stops - starts).max(initial=0))


def _longest_flat(values: np.ndarray) -> int:
    """The most equal values in a row; 0 where no two are equal."""
    starts, stops = find_runs(np.diff(values) == 0)
    return int((stops - starts).max(initial=-1)) + 1


def _spark(values: np.ndarray) -> list[float]:
    """The means of up to SPARK_POINTS parts; parts without a value are passed over."""
    edges = np.unique(np.linspace(0, len(values), SPARK_POINTS + 1).astype(int))[:-1]
    known, (unit,) = np.isfinite(values), units_of(values[:, None])
    total = np.add.reduceat(np.where(known, values / unit, 0.0), edges)
    count = np.add.reduceat(known.astype(float), edges)
    return [float(mean) for mean in total[count > 0] / count[count > 0] * unit]
