"""A time column of which a few rows have no time: they are left out, so that the others can be used."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from anomaly.domain import DataError, Repair
from anomaly.reading.formats.table import Table
from anomaly.reading.times.clock_changes import IsCopy
from anomaly.reading.times.forms import SHOWN, Order
from anomaly.reading.times.parsing import ReadTimes, UnreadableTimes, epoch_unit, read_times

FEW, ENOUGH = 0.01, 20
"""share of the rows that may have no time, and rows among which one may have none"""
IN_FRONT, SHARE_IN_FRONT = 30, 0.1
"""rows above the first time that tell of the person or the device, and the share of all that they may be"""
NEVER_SET = np.array(["1899-12-30", "1899-12-31", "1900-01-01", "1969-12-31", "1970-01-01"], "datetime64[D]")
"""dates shown by a clock that was never set"""
AGES = np.timedelta64(3_650, "D")
"""such a day tells no time where all other times are so much later"""


def read_known_times(
    column: pd.Series,
    name: str,
    source: str,
    line_of: Callable[[int], int],
    date_order: Order | None = None,
    is_copy: IsCopy = lambda *_: True,
) -> tuple[ReadTimes, np.ndarray]:
    """`read_times` of the rows that have a time, and which (R,) these are.

    Raises DataError, as `read_times` does, where more than a few have none.
    """
    known = np.ones(len(column), bool)

    def leave_out(rows: np.ndarray) -> bool:
        """(K,) of the rows still known; False where they are too many."""
        gone = ~known
        gone[np.flatnonzero(known)[rows]] = True
        if not are_few(int(gone.sum()), len(known)) and not _are_in_front(gone, column):
            return False
        known[:] = ~gone
        return True

    while True:
        rows = np.flatnonzero(known)
        part = column if known.all() else column.iloc[rows]

        def line(row: int, rows: np.ndarray = rows) -> int:
            return line_of(int(rows[row]))

        def copied(some: np.ndarray, others: np.ndarray, rows: np.ndarray = rows) -> bool:
            return is_copy(rows[some], rows[others])

        try:
            read = read_times(part, name, source, line, date_order, copied)
        except UnreadableTimes as error:
            if not leave_out(error.rows):
                raise DataError(str(error)) from None
            continue
        never_set = _find_never_set(read)
        if never_set.any() and leave_out(never_set):
            continue
        return replace(read, notes=(*read.notes, *list_left_out(column, name, known, line_of))), known


def are_few(count: int, rows: int) -> bool:
    """Whether so many rows without a time can be left out."""
    return count <= FEW * rows or (count == 1 and rows >= ENOUGH)


def _are_in_front(gone: np.ndarray, column: pd.Series) -> bool:
    """Whether rows (R,) without a time are the first ones, empty all, and few beside those with one."""
    count = int(gone.sum())
    few = count <= min(IN_FRONT, SHARE_IN_FRONT * len(gone))
    return few and bool(gone[:count].all() and column.iloc[:count].isna().all())


def keep_rows(table: Table, known: np.ndarray) -> Table:
    """The rows (R,) that have a time, each with its line of the file."""
    if known.all():
        return table
    lines = np.arange(len(known)) + table.first_line if table.lines is None else table.lines
    return replace(table, frame=table.frame[known].reset_index(drop=True), lines=lines[known])


def _find_never_set(read: ReadTimes) -> np.ndarray:
    """(R,) whether a time is 1970, 1900 or 0 among times of today."""
    times = read.times
    odd = np.zeros(len(times), bool)
    if read.axis.kind == "timestamp" and len(times) and times.min() < NEVER_SET.max() + 1:
        odd = np.isin(times.astype("datetime64[D]"), NEVER_SET)
        is_far = not odd.all() and odd.any() and times[~odd].min() - times[odd].max() > AGES
        return odd if is_far else np.zeros(len(times), bool)
    if read.axis.kind == "number" and read.axis.unit is None and (times == 0).any() and (times != 0).any():
        odd = times == 0
        return odd if epoch_unit(times[~odd]) is not None else np.zeros(len(times), bool)
    return odd


def list_left_out(column: pd.Series, name: str, known: np.ndarray, line_of: Callable[[int], int]) -> list[Repair]:
    if known.all():
        return []
    rows = np.flatnonzero(~known)
    cell = column.iloc[rows[0]]
    found = "an empty cell" if pd.isna(cell) else repr(str(cell))
    text = f"{len(rows):,} row{'s' * (len(rows) > 1)} without a time in column {name!r}, such as {found}: left out"
    return [Repair(text, len(rows), tuple(line_of(int(row)) for row in rows[:SHOWN]))]
