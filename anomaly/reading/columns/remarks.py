"""What a reader should know of the columns: which were left out and why, and where numbers do not tell enough."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from anomaly.domain import EXACT, Columns, Repair, TimeSeries, is_rounding, tell_apart, units_of
from anomaly.reading.columns.clocks import is_stopped_clock, numbers_rows, tells_moment_again
from anomaly.reading.columns.states import is_called_labels
from anomaly.reading.formats.table import Table
from anomaly.reading.times.parsing import looks_like_time
from anomaly.reading.vocabulary.naming import JOINT, names_counter, names_other_day, names_records

SHOWN = 5
COARSE = 1e-3
"""share of its range that a channel's numbers lie apart: with more, forecasts and scores are visibly no finer"""
SAMPLE = 2_000
MIDDLE = (0.05, 0.95)
SWAMPED = 1e-7
"""share of the range of all values that most of them take up: less is less than a network, in float32, can see"""


def used(columns: Columns) -> set[str | None]:
    """The columns that have a part."""
    named = [columns.record, *(columns.record or "").split(JOINT)]
    return {columns.time, *named, columns.labels, *columns.monitored, *columns.context}


def note_unused(tables: Sequence[Table], columns: Columns) -> list[Repair]:
    """Of each column that could not be a channel: that it was left out, and why."""
    notes = []
    for column in map(str, tables[0].frame.columns):
        spelled = any(name.startswith(f"{column}=") for name in (*columns.monitored, *columns.context))
        reason = None if spelled or column in used(columns) else _reason(tables, column, columns)
        if reason is not None:
            notes.append(Repair(f"Column {column!r} {reason}"))
    return notes


def _reason(tables: Sequence[Table], column: str, columns: Columns) -> str | None:
    parts = [table.frame[column] for table in tables]
    text = next((part for part in parts if part.dtype == "str" and part.notna().any()), None)
    if text is not None:
        return f"holds {_say_text(text, column, columns.time)}: left out"
    if not any(part.notna().any() for part in parts):
        return "is empty: left out"
    if not any(np.isfinite(part.to_numpy(float)).any() for part in parts):
        return "holds no number that is finite and can be held: left out"
    if is_stopped_clock(tables, column):
        number = float(parts[0].dropna().iloc[0])
        coarse = f", as numbers of that size are held to the nearest {np.spacing(number):,.0f}"
        held = coarse if abs(number) > EXACT else ""
        return f"holds the same number in every row, {number:.15g}{held}: not used as the time, left out"
    if tells_moment_again(tables, column, columns.time):
        return f"tells the same moments as {columns.time!r}: left out"
    if names_counter(column) or numbers_rows(tables, column):
        return "numbers the rows: left out"
    if names_records(column):
        return "names records, too: left out"
    if is_called_labels(column):
        return (
            "is not a channel by its name, nor known anomalies, which are 0 and 1: left out; "
            "name it as a channel if it is one"
        )
    return None


def _say_text(cells: pd.Series, name: str, time: str | None) -> str:
    """What a column of text holds, with an example."""
    shown = repr(cells.dropna().iloc[0])
    if not looks_like_time(cells):
        return f"text, such as {shown}"
    if cells.nunique() == 1:
        return f"the same time in every row, {shown}, which orders none"
    if names_other_day(name):
        return f"dates by its name not of the measurement, such as {shown}"
    return f"times, such as {shown}, but {'none is asked for' if time is None else f'{time!r} orders the rows'}"


def note_words(tables: Sequence[Table], columns: Columns) -> list[Repair]:
    """Of each word of a column that is monitored, for want of numbers: which."""
    spelled = [name for name in columns.monitored if name not in tables[0].frame]
    return [
        Repair(f"{name!r} is monitored: 1 where column {column!r} holds {word!r}, 0 where it holds another word")
        for name in spelled
        if (split := tables[0].split(name)) is not None
        for column, word in (split,)
    ]


def note_resolution(tables: Sequence[Table], columns: Columns, series: Sequence[TimeSeries]) -> list[Repair]:
    """Of each channel and context column: whether its numbers are too coarse, or too unlike, for what they are to
    tell."""
    notes: list[Repair] = []
    for names, part in ((columns.monitored, "values"), (columns.context, "context")):
        for place, name in enumerate(names):
            notes += _note_rounded(tables, name)
            known = np.concatenate([getattr(one, part)[:, place] for one in series])
            reason = tell_resolution(known[np.isfinite(known)])
            if reason is not None:
                notes.append(Repair(f"Column {name!r} {reason}"))
    return notes


def _note_rounded(tables: Sequence[Table], name: str) -> Iterator[Repair]:
    """Whole numbers that no double equals."""
    for table in tables:
        if name not in table.frame or table.frame[name].dtype.kind not in "iu":
            continue
        cells = table.frame[name].to_numpy()
        if not len(cells) or max(abs(int(cells.min())), abs(int(cells.max()))) <= EXACT:
            continue
        spacing = np.maximum(np.spacing(np.abs(cells.astype(float))), 1).astype(np.int64)
        # Half the numbers beyond it, or fewer, are doubles by chance; the count is of the others.
        rows = np.flatnonzero(cells % spacing)
        if len(rows):
            apart = int(spacing[rows].max())
            yield Repair(
                f"{table.name}: {len(rows):,} whole number{'s' * (len(rows) > 1)} of {name!r} beyond "
                f"{EXACT:,.0f} {'is' if len(rows) == 1 else 'are'} held to the nearest {apart:,.0f}: neighbours may "
                "read as equal",
                len(rows),
                tuple(table.line(row) for row in rows[:SHOWN]),
            )


def tell_resolution(known: np.ndarray) -> str | None:
    """What cannot be told from known values (N,), after the name of their column; None where nothing is lost."""
    if not len(known) or known.min() == known.max():
        return None
    low, high = tell_apart(float(known.min()), float(known.max()))
    (unit,) = units_of(known[:, None])
    extent = float(known.max() / unit - known.min() / unit)
    apart = float(np.spacing(np.abs(known).max()))
    if is_rounding(known):
        return (
            f"varies from {low} to {high}, no more than rounding of numbers of that size does: taken as never "
            "changing; subtract what all its values have in common, if that is not so"
        )
    if apart / unit > COARSE * extent:
        return (
            f"varies from {low} to {high}, where numbers lie {apart:.2g} apart: forecasts and scores can be no finer; "
            "subtract what all its values have in common to see more"
        )
    ends = np.quantile(known[:: max(1, len(known) // SAMPLE)] / unit, MIDDLE)
    if 0 < ends[1] - ends[0] < SWAMPED * extent:
        return (
            f"varies from {low} to {high}, but most of it by {(ends[1] - ends[0]) * unit:.2g}, which cannot be seen "
            "where both are learnt from: empty the cells that are no measurements"
        )
    return None
