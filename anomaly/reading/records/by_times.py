"""Record columns whose name does not say so: found by the times, which only rise within each of their values."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace

import numpy as np
import pandas as pd

from anomaly.domain import Columns, DataError, ReadSettings, Repair
from anomaly.reading.columns.clocks import find_time, is_the_same_all_along
from anomaly.reading.formats.table import Table
from anomaly.reading.times.missing import read_known_times
from anomaly.reading.times.parsing import looks_like_time
from anomaly.reading.vocabulary.naming import CLOCK_NAMES, TIME_NAMES, names_records, words_of

SAMPLE = 1_000
FEWEST_STEPS = 4
"""rows for each name, on average: fewer are no records"""
SHARED = 0.2
"""least share of rows with the time of another row, where records run side by side"""
ANEW = 0.25
"""least share of changes of name at which time goes back, where records follow each other"""
UNEXPLAINED = 0.05
"""most of the places where time does not rise, as a share, that may lie within one name"""
PRESENT = 0.5
"""least share of the times from its first to its last that a number which names a record is there"""


def fill_down(table: Table, settings: ReadSettings) -> Table:
    """Write record names that stand only in the first row of a block, as merged cells do, into all of its rows."""
    for column in map(str, table.frame):
        cells = table.frame[column]
        starts = cells.notna().to_numpy()
        is_named = column == settings.record or (settings.record is None and names_records(column))
        if not _is_written_once(cells, starts) or not (is_named or _restarts(table, starts, {column}, settings)):
            continue
        filled = cells.ffill()
        filled = filled.astype(np.int64) if filled.dtype.kind == "f" else filled
        empty = int((~starts).sum())
        note = Repair(f"{column!r} stands only in the first row of each block: filled down", empty)
        return replace(table, frame=table.frame.assign(**{column: filled}), repairs=(*table.repairs, note))
    return table


def _is_written_once(cells: pd.Series, starts: np.ndarray) -> bool:
    """Whether a name stands in the first row of each block, none of them twice."""
    if len(cells) == 0 or not starts[0] or not 2 <= starts.sum() <= len(cells) / 2:
        return False
    names = cells[starts]
    is_whole = cells.dtype.kind == "f" and bool((np.isfinite(names) & (names == np.floor(names))).all())
    return names.is_unique and (is_whole or cells.dtype == "str")


def _restarts(table: Table, starts: np.ndarray, taken: Set[str | None], settings: ReadSettings) -> bool:
    """Whether the time goes back at the start of each block, and nowhere else."""
    time = settings.time or find_time(table.frame, taken, None, settings)
    if time is None or time not in table.frame:
        return False
    order, known = order_of(table, time, settings)
    return bool(known.all() and np.array_equal(np.diff(order) <= 0, starts[1:]))


def find_untold_record(
    tables: Sequence[Table], columns: Columns, settings: ReadSettings
) -> tuple[str, str, Repair] | None:
    """Record column, time column and a note, where rows of several records are mixed and no name tells the column."""
    if columns.record is not None or settings.record is not None:
        return None
    table = max(tables, key=lambda table: len(table.frame))
    taken = {columns.labels, *(settings.channels or ()), *(settings.context or ())}
    for time in _times(table.frame, columns, settings, taken):
        if not _may_go_back(table, time, settings):
            continue
        order, known = order_of(table, time, settings)
        found = _find_by_time(table.frame if known.all() else table.frame[known], order, taken | {time})
        if found is not None:
            kinds = table.frame[found].nunique()
            note = Repair(
                f"Column {found!r} tells {kinds:,} records apart: together their times do not rise, within each they "
                "do; choose another record column, or none, if that is wrong"
            )
            return found, time, note
    return None


def _times(frame: pd.DataFrame, columns: Columns, settings: ReadSettings, taken: Set[str | None]) -> Iterator[str]:
    """The time, or where none was found, the numbers that are called so: they repeat with each record."""
    if columns.time is not None or settings.time is not None:
        yield from [columns.time] if columns.time else []
        return
    for column in map(str, frame):
        is_called_time = frame[column].dtype.kind in "if" and bool(set(words_of(column)) & set(TIME_NAMES))
        if is_called_time and column not in taken and not is_the_same_all_along(frame, column, None):
            yield column


def _may_go_back(table: Table, time: str, settings: ReadSettings) -> bool:
    """A glance at some rows: reading all the times of every file twice would be slow."""
    rows = len(table.frame)
    places = np.union1d(np.arange(min(rows, SAMPLE)), np.linspace(0, rows - 1, SAMPLE).astype(np.int64))
    order, known = order_of(replace(table, frame=table.frame.iloc[places], lines=None), time, settings)
    return not known.any() or bool((np.diff(order) <= 0).any())


def order_of(table: Table, time: str, settings: ReadSettings) -> tuple[np.ndarray, np.ndarray]:
    """(K,) numbers that rise with the time of the rows that have one, and which (R,) these are: none where the times
    cannot be read."""
    try:
        read, known = read_known_times(table.frame[time], time, table.name, table.line, settings.date_order)
    except DataError:
        return np.empty(0), np.zeros(len(table.frame), bool)
    order = read.times.astype(np.int64) if read.times.dtype.kind == "M" else read.times
    steps = np.diff(order)
    # Some loggers write the newest row first.
    return (-order if (steps < 0).sum() > (steps > 0).sum() else order), known


def _find_by_time(frame: pd.DataFrame, order: np.ndarray, taken: Set[str | None]) -> str | None:
    """The column of fewest names that parts the rows into series whose times rise; text before numbers."""
    found: list[tuple[int, bool, str]] = []
    for column in map(str, frame):
        cells = frame[column]
        is_text = cells.dtype == "str"
        is_time = set(words_of(column)) & {*TIME_NAMES, *CLOCK_NAMES} or (is_text and looks_like_time(cells))
        if column in taken or is_time or not (is_text or cells.dtype.kind == "i") or cells.isna().any():
            continue
        codes, names = pd.factorize(cells)
        if 2 <= len(names) <= len(cells) / FEWEST_STEPS and _tells_apart(order, codes, is_text):
            found.append((len(names), not is_text, column))
    return min(found, key=lambda one: one[:2])[2] if found else None


def _tells_apart(order: np.ndarray, codes: np.ndarray, is_text: bool) -> bool:
    """Whether the times rise within each name and, taken together, do not.

    A state in words or a whole number that is measured may part a few repeated or late rows by chance: names follow
    each other in blocks, or stand side by side at many times.
    """
    back, change = np.diff(order) <= 0, np.diff(codes) != 0
    by_name = np.argsort(codes, kind="stable")
    within = np.diff(codes[by_name]) == 0
    unexplained = int((within & (np.diff(order[by_name]) <= 0)).sum())
    if unexplained > UNEXPLAINED * back.sum():
        return False
    in_blocks = change.sum() == codes.max()
    if (in_blocks or is_text) and (np.diff(order) < 0).sum() >= max(1.0, ANEW * change.sum()):
        return True
    _, rank, count = np.unique(order, return_inverse=True, return_counts=True)
    if (count[rank] > 1).mean() < SHARED:
        return False
    return is_text or _presence(rank, codes) >= PRESENT


def _presence(rank: np.ndarray, codes: np.ndarray) -> float:
    """The share of the times between its first and its last at which a name is there, over all rows."""
    by_name = pd.Series(rank).groupby(codes)
    span = by_name.max() - by_name.min() + 1
    return float(len(rank) / span.sum())
