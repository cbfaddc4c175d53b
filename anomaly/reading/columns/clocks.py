"""Which column is the time, and which tell the same moments again: looked for in cells before names."""

from collections.abc import Sequence, Set

import numpy as np
import pandas as pd

from anomaly.domain import DataError, ReadSettings
from anomaly.reading.columns.states import count_kinds, is_number_column
from anomaly.reading.formats.table import Table
from anomaly.reading.times.missing import ENOUGH, read_known_times
from anomaly.reading.times.parsing import DATE_WORDS, are_dates, epoch_unit, is_date, looks_like_time
from anomaly.reading.vocabulary.naming import (
    CYCLE_NAMES,
    EPOCH_NAMES,
    MOMENT_NAMES,
    TIME_NAMES,
    names_counter,
    names_other_day,
    names_stamp,
    words_of,
)

GLANCE = 2_000
"""rows that tell how a column goes"""
COMPLETE, ONE_WAY, AS_FINE = 0.9, 0.9, 0.9
"""shares: of rows with a stamp, of its steps that go one way, and of as many kinds as the numbers beside it have"""
LOOSE = 0.1
"""share of the usual step by which each step of the time may differ where it is told again"""
SCALES = (1.0, 1e3, 1e6, 1e9, 1 / 60, 1 / 3_600, 1 / 86_400, 1e3 / 86_400, 1e6 / 86_400)
"""units in a second, in which columns count; operator panels write millionths of a day"""


def find_time(frame: pd.DataFrame, taken: Set[str | None], record: str | None, settings: ReadSettings) -> str | None:
    free = [column for column in frame.columns if column not in taken and not names_other_day(str(column))]
    named = [column for column in free if set(words_of(column)) & set(TIME_NAMES)]
    for column in [name for name in named if not is_the_same_all_along(frame, name, record)]:
        if not is_number_column(frame[column]):
            return str(column)
        if _orders_rows(frame, column, record) or _is_coarse(frame[column]):
            return _find_stamps(frame, free, record, str(column)) or str(column)
    for column in [name for name in free if not is_the_same_all_along(frame, name, record)]:
        if not is_number_column(frame[column]) and looks_like_time(frame[column]):
            return str(column)
    for column in [name for name in free if frame[name].dtype.kind == "i" and _may_be_dates(str(name))]:
        if count_kinds(frame[column], 2) > 1 and are_dates(frame[column]):
            return str(column)
    for column in [name for name in free if set(words_of(name)) & EPOCH_NAMES and is_number_column(frame[name])]:
        if _is_coarse(frame[column]) and count_kinds(frame[column], 2) > 1:
            return str(column)
    # A first column of evenly rising numbers is a row count, whatever it is called, if it is not the only channel.
    first = frame.columns[0] if record is None else next(iter(free), None)
    if first in free and (len(free) > 1 or settings.channels) and _counts_up_within(frame, str(first), record):
        return str(first)
    cycles = [name for name in free if set(words_of(name)) & set(CYCLE_NAMES) and is_number_column(frame[name])]
    return next((str(name) for name in cycles if _orders_rows(frame, name, record)), None)


def _may_be_dates(column: str) -> bool:
    return bool(set(words_of(column)) & (DATE_WORDS | {"utc", "gmt"})) or names_stamp(column)


def _find_stamps(frame: pd.DataFrame, free: Sequence[str], record: str | None, beside: str) -> str | None:
    """A complete column of dates that go one way: it tells the time rather than the numbers `beside` it, if these are
    no finer, or by their name only count rows, of which a day may hold many."""
    part = frame if record is None else frame[frame[record] == frame[record].iloc[0]]
    part = part.iloc[:GLANCE]
    for column in free:
        cells = part[column]
        if is_number_column(cells) or cells.notna().mean() < COMPLETE or not is_date(cells):
            continue
        steps = _steps_of(part, str(column))
        if steps is None or max((steps > 0).sum(), (steps < 0).sum()) < ONE_WAY * max((steps != 0).sum(), 1):
            continue
        kinds, rows = cells.nunique(), part[beside].nunique()
        is_finer = names_counter(beside) and (2 * kinds >= rows or bool(cells.str.contains(":", regex=False).any()))
        if is_finer or kinds >= AS_FINE * rows:
            return str(column)
    return None


def _steps_of(frame: pd.DataFrame, column: str) -> np.ndarray | None:
    """Seconds, or the numbers' own unit, from each row to the next; None where the column holds no times."""
    try:
        read, known = read_known_times(frame[column], column, "", int, None)
    except DataError:
        return None
    times = read.times.astype(np.int64) / 1e6 if read.times.dtype.kind == "M" else read.times.astype(float)
    times = times * (read.axis.unit or 1.0)
    whole = np.full(len(frame), np.nan)
    whole[known] = times
    return np.diff(whole)


def tells_moment_again(tables: Sequence[Table], column: str, time: str | None) -> bool:
    """Whether numbers are but the time once more, counted in another unit or from another moment."""
    if time is None or not (set(words_of(column)) & MOMENT_NAMES or _is_epoch(tables, column)):
        return False
    frame = max((table.frame for table in tables), key=len).iloc[:GLANCE]
    if time not in frame or not is_number_column(frame[column]):
        return False
    steps, own = _steps_of(frame, time), np.diff(frame[column].to_numpy(float))
    if steps is None:
        return False
    moved = np.isfinite(steps) & np.isfinite(own) & (steps != 0)
    if moved.sum() < 2:
        return False
    usual = float(np.median(np.abs(steps[moved])))
    rate = float(np.median(own[moved] / steps[moved]))
    scale = min(SCALES, key=lambda scale: abs(np.log(max(rate, 1e-12) / scale)))
    # Whole units are rounded.
    near = LOOSE * usual + 1 / scale * bool((own[moved] == np.floor(own[moved])).all())
    agrees = np.abs(own[moved] / scale - steps[moved]) <= min(near, usual / 2)
    # One step that differs is told by this column alone: a restart, say.
    return bool(agrees.all())


def _is_epoch(tables: Sequence[Table], column: str) -> bool:
    values = tables[0].frame[column].dropna().iloc[:GLANCE]
    return values.dtype.kind in "if" and epoch_unit(values.to_numpy(float)) is not None


def counts_round(values: pd.Series) -> bool:
    """Whether numbers rise evenly, as row numbers do, or begin anew each time that they have come to their most; or
    fall so, where the newest row comes first."""
    if not is_number_column(values) or len(values) < 3 or not np.isfinite(values.to_numpy(float)).all():
        return False
    steps = np.diff(values.to_numpy(float))
    rise = float(np.median(steps))
    steps, rise = (-steps, -rise) if rise < 0 else (steps, rise)
    falls = steps < 0
    return bool(rise > 0 and np.allclose(steps[~falls], rise, rtol=1e-6) and falls.mean() < 1 - ONE_WAY)


def numbers_rows(tables: Sequence[Table], column: str) -> bool:
    """Whether a column but numbers the rows: by its name, or as the first one, from 0 or 1 on, whatever it is called.

    A logger may write its own name there.
    """
    parts = [table.frame[column] for table in tables]
    if names_counter(column):
        return all(map(counts_round, parts))
    is_first = all(str(table.frame.columns[0]) == column for table in tables)
    return is_first and all(
        len(part) >= ENOUGH and part.dtype.kind == "i" and part.iloc[0] in (0, 1) and bool((np.diff(part) == 1).all())
        for part in parts
    )


def is_stopped_clock(tables: Sequence[Table], column: str) -> bool:
    """Whether numbers that are called a time are all the same: a time in too few figures, such as 1.74E+09."""
    cells = pd.concat([table.frame[column] for table in tables])
    return bool(set(words_of(column)) & set(TIME_NAMES)) and is_number_column(cells) and cells.nunique() == 1


def is_the_same_all_along(frame: pd.DataFrame, column: str, record: str | None) -> bool:
    """A date of birth, say: every row of a record has the same, although records have rows enough to differ."""
    if record is None:
        return len(frame) > 2 and count_kinds(frame[column], 2) == 1
    return len(frame) > 2 * frame[record].nunique() and bool((frame.groupby(record)[column].nunique() <= 1).all())


def find_blocks(frame: pd.DataFrame, taken: Set[str | None]) -> tuple[str | None, str | None]:
    """Record and time where neither is named: whole numbers in blocks in front, and steps that count up in each."""
    columns = [str(column) for column in frame.columns[:2]]
    if len(frame.columns) < 3 or taken & set(columns) or not all(frame[name].dtype.kind == "i" for name in columns):
        return None, None
    block, step = (frame[name].to_numpy() for name in columns)
    starts = np.flatnonzero(np.diff(block) != 0) + 1
    within = np.diff(step)[np.diff(block) == 0]
    whole = len(starts) + 1 == frame[columns[0]].nunique() and 0 < len(starts) < len(frame) / 4
    if not whole or not len(within) or within.min() != within.max() or within[0] <= 0:
        return None, None
    restarts = bool((step[starts] < step[starts - 1]).all())
    return (columns[0], columns[1]) if restarts else (None, None)


def _is_coarse(values: pd.Series) -> bool:
    """Whether numbers count from 1970 but were rounded until they repeat: 1.7407E+09."""
    known = values.to_numpy(float)
    return bool((np.diff(known) >= 0).all()) and epoch_unit(known) is not None


def _orders_rows(frame: pd.DataFrame, column: str, record: str | None) -> bool:
    """Whether numbers called "time" never repeat in place: a channel called "step count" does not. Services may list
    the newest first."""
    groups = [frame[column]] if record is None else [part for _, part in frame.groupby(record, sort=False)[column]]
    steps = np.concatenate([np.diff(part.to_numpy(float)) for part in groups]) if groups else np.empty(0)
    most = (steps > 0).sum()
    if most < ONE_WAY * len(steps) and epoch_unit(frame[column].dropna().to_numpy(float)) is not None:
        most = (steps < 0).sum()
    return bool(most >= ONE_WAY * len(steps))


def counts_up(values: pd.Series) -> bool:
    """Whether numbers rise evenly, row by row, as row numbers do."""
    # The first row may say how many follow.
    if len(values) >= ENOUGH and is_number_column(values) and np.isnan(float(values.iloc[0])):
        values = values.iloc[1:]
    if not is_number_column(values) or len(values) < 3 or not np.isfinite(values.to_numpy(float)).all():
        return False
    steps = np.diff(values.to_numpy(float))
    return bool(steps[0] > 0 and np.allclose(steps, steps[0], rtol=1e-6))


def _counts_up_within(frame: pd.DataFrame, column: str, record: str | None) -> bool:
    """Whether whole numbers rise by the same in every row of every record, each from the same start."""
    cells = frame[column]
    if record is None:
        return counts_up(cells)
    if cells.dtype.kind != "i":
        return False
    codes = pd.factorize(frame[record])[0]
    by_record = np.argsort(codes, kind="stable")
    values, within = cells.to_numpy()[by_record], np.diff(codes[by_record]) == 0
    steps = np.diff(values)[within]
    starts = values[np.flatnonzero(~np.concatenate([[False], within]))]
    return len(steps) > 0 and bool(steps[0] > 0 and (steps == steps[0]).all() and (starts == starts[0]).all())
