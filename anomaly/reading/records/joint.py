"""Records that it takes several columns to name: a site and a sensor, a patient and a stay."""

from collections.abc import Sequence, Set
from dataclasses import replace

import numpy as np
import pandas as pd

from anomaly.domain import ReadSettings, Repair
from anomaly.reading.columns.clocks import find_time
from anomaly.reading.columns.states import is_called_labels
from anomaly.reading.formats.table import Table
from anomaly.reading.times.parsing import looks_like_time
from anomaly.reading.vocabulary.naming import CYCLE_NAMES, JOINT, TIME_NAMES, names_records, words_of

TIMES = 500
"""times that are sampled: all of their rows are looked at"""
STRETCH, STRETCHES = 2_000, 20
"""rows of a stretch, and stretches looked at, where rows are in the order of their times"""
SHARED = 0.2
"""least share of rows with the time of another row, where records run side by side"""
FEW = 0.01
"""largest share of rows that may still have the time of another of the same name"""
FEWEST_STEPS = 4
"""rows for each name, on average: fewer are no records"""


def join_record(
    tables: Sequence[Table], settings: ReadSettings, keys: Sequence[str] = (), others: Set[str | None] = frozenset()
) -> list[Table]:
    """The tables with a column that joins several, by JOINT, into the name of a record: those of `settings.record`, or
    those found by looking at the largest table. Unchanged where one column is enough.

    `keys` are the time and the variable of a long table, `others` its value and unit.
    """
    largest = max(tables, key=lambda table: len(table.frame))
    if settings.record is None:
        names = _find_parts(largest, settings, list(keys), others)
    else:
        names = () if settings.record in largest.frame else tuple(settings.record.split(JOINT))
    if len(names) < 2 or not all(name in largest.frame for name in names) or JOINT.join(names) in largest.frame:
        return list(tables)
    joined = [_join(table, names) if all(name in table.frame for name in names) else table for table in tables]
    if settings.record is None:
        shown = joined[tables.index(largest)].frame[JOINT.join(names)].iloc[0]
        note = Repair(
            f"Columns {' and '.join(map(repr, names))} tell the records apart together: joined as "
            f"{JOINT.join(names)!r}, such as {shown!r}; choose another record column, or none, if that is wrong"
        )
        joined[0] = replace(joined[0], repairs=(*joined[0].repairs, note))
    return joined


def _join(table: Table, names: Sequence[str]) -> Table:
    frame = table.frame
    # Both in the order in which the names first come.
    place = frame.groupby(list(names), sort=False, dropna=False).ngroup()
    words = [JOINT.join(map(str, row)) for row in frame[list(names)].drop_duplicates().itertuples(index=False)]
    whole = pd.Series(words, dtype="str").take(place.to_numpy()).set_axis(frame.index)
    at = min(list(frame.columns).index(name) for name in names)
    frame = frame.copy(deep=False)
    frame.insert(at, JOINT.join(names), whole)
    return replace(table, frame=frame)


def _find_parts(table: Table, settings: ReadSettings, keys: list[str], others: Set[str | None]) -> tuple[str, ...]:
    """The fewest columns that together tell apart what else happens at the same time; none where one does, or nothing
    is to be told apart."""
    time = keys[0] if keys else _time(table.frame, settings)
    if time is None or len(table.frame) < 2 * FEWEST_STEPS:
        return ()
    frame = _some_times(table.frame, time)
    keys = keys or [time]
    if frame.duplicated(keys).mean() < SHARED:
        return ()
    used = {*keys, *others, settings.labels, *(settings.channels or ()), *(settings.context or ())}
    names = [name for name in map(str, frame) if name not in used and _may_name(frame[name], name)]
    if not names or frame.duplicated([*names, *keys]).mean() > FEW:
        return ()
    # What is not needed goes: first what is not called a record, of these what says least.
    for name in sorted(names, key=lambda name: (names_records(name), frame[name].nunique())):
        rest = [other for other in names if other != name]
        if rest and frame.duplicated([*rest, *keys]).mean() <= FEW:
            names = rest
    is_told_often = len(frame) >= FEWEST_STEPS * len(frame[names].drop_duplicates())
    return tuple(names) if len(names) > 1 and is_told_often else ()


def _some_times(frame: pd.DataFrame, time: str) -> pd.DataFrame:
    """All rows of some times, wherever they stand; where rows are in order, stretches of them, which is quicker."""
    cells = frame[time]
    rows = np.unique(np.linspace(0, len(cells) - 1, TIMES).astype(np.int64))
    some = cells.iloc[rows]
    if some.is_monotonic_increasing or some.is_monotonic_decreasing:
        starts = np.linspace(0, max(len(cells) - STRETCH, 0), STRETCHES).astype(np.int64)
        places = np.unique(np.add.outer(starts, np.arange(min(STRETCH, len(cells)))))
        return frame.iloc[places]
    return frame[cells.isin(some.dropna().unique())]


def _time(frame: pd.DataFrame, settings: ReadSettings) -> str | None:
    """The time column, or where its numbers repeat with each record, one that is called so."""
    if settings.time is not None:
        return settings.time if settings.time in frame else None
    called = (name for name in map(str, frame) if set(words_of(name)) & {*TIME_NAMES, *CYCLE_NAMES})
    return find_time(frame, set(), None, settings) or next(
        (name for name in called if frame[name].dtype.kind in "if"), None
    )


def _may_name(cells: pd.Series, name: str) -> bool:
    """Words, or numbers that are called a name, of which there are several and far fewer than rows."""
    if cells.isna().any() or is_called_labels(name) or not 2 <= cells.nunique() <= len(cells) / FEWEST_STEPS:
        return False
    return not looks_like_time(cells) if cells.dtype == "str" else cells.dtype.kind == "i" and names_records(name)
