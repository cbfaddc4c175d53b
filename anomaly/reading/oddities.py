"""A look at what came out: is it odd, and does another reading of the same file look less so?"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from anomaly.domain import DataError, Dataset, ReadSettings, Repair
from anomaly.reading.columns.clocks import find_time
from anomaly.reading.columns.states import is_number_column
from anomaly.reading.formats.delimited.figures import DATE
from anomaly.reading.formats.table import Table
from anomaly.reading.times.parsing import looks_like_time
from anomaly.reading.vocabulary.naming import TIME_NAMES, words_of
from anomaly.reading.vocabulary.units import UNIT

NEARLY_ALL, FAR, FEWEST, GLANCE = 0.9, 1e6, 20, 2_000
WIDE, MANY = 5, 50
"""columns for each row, and columns in all, of a table whose rows are likely channels"""


def _shares_one_time(dataset: Dataset) -> bool:
    times = np.concatenate([one.times[:: 1 + len(one) // GLANCE] for one in dataset.series])
    if dataset.time_axis.kind == "row" or len(times) < FEWEST:
        return False
    return bool(np.unique(times, return_counts=True)[1].max() >= NEARLY_ALL * len(times))


def _begins_far_away(dataset: Dataset) -> bool:
    first, rest = np.abs(dataset.series[0].values[0]) / FAR, dataset.series[0].values[1:]
    if len(rest) < FEWEST or not (first > np.fmax.reduce(np.abs(rest[:GLANCE]))).any():
        return False
    most = np.fmax.reduce(np.abs(rest))
    return bool(((first > most) & (most > 0)).any())


def _is_called_by_dates(dataset: Dataset) -> bool:
    return sum(DATE.fullmatch(name) is not None for name in dataset.monitored) * 2 > len(dataset.monitored)


def _is_called_by_units(dataset: Dataset) -> bool:
    names = dataset.monitored
    # "m2" and "V5" number channels.
    is_unit = [len(name) > 1 and not re.search(r"\d", name) and bool(UNIT.fullmatch(name)) for name in names]
    return len(names) > 1 and all(is_unit)


CHECKS: tuple[tuple[Callable[[Dataset], bool], str], ...] = (
    (_shares_one_time, "nearly all rows have one time: choose another time column, or none"),
    (_begins_far_away, "a first value is more than a million times all others: see whether it is a start or a rate"),
    (_is_called_by_dates, "channels are called by dates: see whether the first line is a header, or rows are channels"),
    (_is_called_by_units, "channels are called by units: see whether their names stand in the line above"),
)
"""what looks odd in a dataset, each with one sentence"""


def less_odd(dataset: Dataset, tables: Sequence[Table], settings: ReadSettings,
             read: Callable[[ReadSettings], Dataset]) -> Dataset:  # fmt: skip
    """The dataset, or that of another time column where this has strictly fewer oddities; those left are said."""
    odd = find_oddities(dataset)
    if not odd:
        return dataset
    if settings.time is None and odd[0] == CHECKS[0][1]:
        for time in _other_times(tables[0].frame, dataset.columns.time):
            try:
                other = read(settings.model_copy(update={"time": time}))
            except DataError:
                continue
            if len(find_oddities(other)) < len(odd):
                note = Repair(
                    f"Nearly all rows have one time in {dataset.columns.time!r}: {time!r} is the time instead"
                )
                return replace(other, repairs=(*other.repairs, note))
    return replace(dataset, repairs=(*dataset.repairs, *(Repair(f"Looks odd: {sentence}") for sentence in odd)))


def find_oddities(dataset: Dataset) -> list[str]:
    return [sentence for check, sentence in CHECKS if check(dataset)]


def _other_times(frame: pd.DataFrame, time: str | None) -> list[str]:
    others = [str(name) for name in frame if name != time]
    return [
        name
        for name in others
        if (
            bool(set(words_of(name)) & set(TIME_NAMES))
            if is_number_column(frame[name])
            else looks_like_time(frame[name])
        )
    ]


def stand_upright(table: Table, settings: ReadSettings) -> Table:
    """A table whose rows are channels and whose columns are moments, turned; any other as it is."""
    frame = table.frame
    if settings.time is not None or settings.layout == "long" or len(frame.columns) < max(MANY, WIDE * len(frame)):
        return table
    first = frame.iloc[:, 0]
    names = list(map(str, frame.columns[1:]))
    is_named = first.dtype == "str" and first.is_unique and first.notna().all()
    are_numbers = all(is_number_column(frame.iloc[:, place]) for place in range(1, len(frame.columns)))
    moments = pd.Series(names, dtype="str")
    is_time = looks_like_time(moments) or _rise(names)
    if not (is_named and are_numbers and is_time) or find_time(frame, set(), None, settings) is not None:
        return table
    turned = pd.DataFrame(frame.iloc[:, 1:].to_numpy(float).T, columns=first.astype("str").tolist())
    numbers = pd.to_numeric(moments, errors="coerce")
    turned.insert(0, "time", numbers if numbers.notna().all() else moments)
    note = Repair(f"{table.name}: its {len(frame):,} rows are channels and its {len(names):,} columns moments: turned")
    lines = np.full(len(turned), table.first_line)
    return replace(table, frame=turned, repairs=(*table.repairs, note), lines=lines, units={})


def _rise(names: Sequence[str]) -> bool:
    numbers = pd.to_numeric(pd.Series(names, dtype="str"), errors="coerce").to_numpy(float)
    return bool(np.isfinite(numbers).all() and (np.diff(numbers) > 0).all())
