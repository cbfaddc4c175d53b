"""Which column is the time, the record, a channel, context, the label: proposed by looking, changed by settings."""

import difflib
from collections.abc import Sequence, Set

import numpy as np
import pandas as pd

from anomaly.domain import Columns, DataError, ReadSettings, SettingsError
from anomaly.reading.columns.clocks import (
    counts_round,
    find_blocks,
    find_time,
    is_stopped_clock,
    numbers_rows,
    tells_moment_again,
)
from anomaly.reading.columns.states import (
    FEWEST_ROWS,
    LABEL_WORDS,
    MOST_WORDS,
    STATES_OF_HEALTH,
    count_kinds,
    find_labels,
    in_words,
    is_called_labels,
    is_number_column,
    is_remark,
    spell_out,
    tells,
)
from anomaly.reading.columns.watched import is_watched, watched_words
from anomaly.reading.formats.table import Table
from anomaly.reading.times.parsing import looks_like_time
from anomaly.reading.vocabulary.naming import (
    names_records,
    parts_of,
    words_of,
)
from anomaly.reading.vocabulary.units import looks_like_unit

MOST_CHANNELS = 500
MOST_NAMED = 8
ROW_CLOCKS = ("t", "time", "step", "steps", "tick", "ticks", "cycle", "epoch")
"""what columns are called that count rows, where another column is the time"""
SPELLED = ("channels", "context", "channel of a kind")
"""parts that a word of a column, "mode=auto", can have"""


def propose_columns(tables: Sequence[Table], settings: ReadSettings) -> Columns:
    """The part each column plays. All tables have the same columns, in any order.

    Raises SettingsError for a column that is not there (naming the nearest), DataError where no channel is left.
    """
    frame = tables[0].frame
    _check_known(settings, tables[0])
    chosen = {column for _, column in _chosen(settings)}
    labels = find_labels(frame, chosen) if settings.labels is None else settings.labels or None
    record = find_record(frame, chosen | {labels}) if settings.record is None else settings.record or None
    time = settings.time or None
    if settings.time is None:
        time = find_time(frame, chosen | {labels, record}, record, settings)
    if settings.time is None and settings.record is None and time is None and record is None:
        record, time = find_blocks(frame, chosen | {labels})
    numeric = [
        column
        for column in frame.columns
        if column not in (time, record, labels)
        and (column in chosen or column not in parts_of(record, frame.columns))
        and _has_numbers(tables, column)
        and (column in chosen or not is_called_labels(column))
        and (column in chosen or not tells_moment_again(tables, column, time))
    ]
    monitored, context = _split_channels(tables, numeric, record, settings)
    taken = {time, record, labels, *parts_of(record, frame.columns)}
    if settings.channels is None and all(_is_still(tables, name) for name in monitored):
        # What tells a state is context beside numbers that change; alone it is all there is to monitor.
        states = [name for name in _propose_words(tables, taken, alone=True) if name not in context]
        if states:
            context = [*context, *monitored] if settings.context is None else context
            monitored = states
    elif settings.context is None and monitored:
        words = _propose_words(tables, taken)
        # What changes but once or twice is something to watch.
        watched = watched_words(tables, words, record) if settings.channels is None else []
        monitored += [name for name in watched if name not in monitored]
        context += [name for name in words if name not in monitored]
    _check_kinds(settings, monitored)
    _check_channels(tables[0], monitored, context)
    measured = tuple(name for name in settings.measured or () if name in monitored or name in context)
    return Columns(
        time,
        record,
        tuple(monitored),
        tuple(context),
        labels,
        settings.ignore or None,
        settings.date_order,
        measured=measured,
        variable=settings.variable or None,
        value=settings.value or None,
    )


def _check_channels(table: Table, monitored: Sequence[str], context: Sequence[str]) -> None:
    """Raises DataError where no channel is left, or too many are."""
    if not monitored:
        raise DataError(
            f"{table.name} has no channel to monitor: expected at least one column of numbers, or of few words in "
            f"many rows, beside time, record and label, found {_describe(table.frame)}. Name the column "
            "to monitor (--channels A or the Columns panel), or save the table with one number in each cell."
        )
    if len(monitored) + len(context) > MOST_CHANNELS:
        raise DataError(
            f"{table.name} has {len(monitored) + len(context):,} channels; expected at most {MOST_CHANNELS}. "
            "Name the ones to monitor (--channels A,B or the Columns panel)."
        )


def _check_known(settings: ReadSettings, table: Table) -> None:
    parts: dict[str, str] = {}
    columns = [str(column) for column in table.frame]
    for part, column in _chosen(settings):
        if column not in columns and not (part in SPELLED and table.has(column)):
            raise SettingsError(nearest(table, column))
        if column in parts:
            again = "twice as" if parts[column] == part else f"as {parts[column]} and as"
            raise SettingsError(
                f"Column {column!r} is named {again} {part}: expected one part for each column. Name another."
            )
        parts[column] = part
    for column in settings.measured or ():
        if column not in columns:
            raise SettingsError(f"measured: {nearest(table, column)}")


def nearest(table: Table, column: str) -> str:
    """What to say where a table has no such column."""
    columns = [str(name) for name in table.frame]
    near = difflib.get_close_matches(column, columns, 1, 0.0)
    return (
        f"{table.name} has no column {column!r}; the nearest is {near[0]!r}. "
        f"Its columns are {', '.join(map(repr, columns[:12]))}{', …' * (len(columns) > 12)}."
    )


def _check_kinds(settings: ReadSettings, monitored: Sequence[str]) -> None:
    for name, kind in settings.kinds.items():
        if not any(tells(channel, name) for channel in monitored):
            raise SettingsError(
                f"Column {name!r} is named as {kind}, but is not monitored: expected a kind for monitored channels "
                f"alone. Add it to them, or name no kind for it."
            )


def _chosen(settings: ReadSettings) -> list[tuple[str, str]]:
    """(part, column) of every column that the settings name."""
    parts = {
        "time": (settings.time,),
        "record": (settings.record,),
        "labels": (settings.labels,),
        "channels": settings.channels or (),
        "context": settings.context or (),
        "channel of a kind": [name for name in settings.kinds if name not in (settings.channels or ())],
    }
    return [(part, column) for part, columns in parts.items() for column in columns if column]


def find_record(frame: pd.DataFrame, taken: Set[str | None]) -> str | None:
    joint = [name for name in frame.columns if parts_of(name, frame.columns) and frame[name].dtype == "str"]
    for column in [*joint, *frame.columns]:
        if column in taken or not (column in joint or names_records(column)):
            continue
        values = frame[column]
        if pd.api.types.is_float_dtype(values) or values.isna().any():
            continue
        # "unit" may be that of a machine, or of what was measured; sensors may be called s1 and s2.
        may_be_units = values.dtype == "str" and "unit" in words_of(str(column))
        if may_be_units and all(looks_like_unit(cell) for cell in values.unique()[:MOST_WORDS]):
            continue
        if values.nunique() <= len(values) / 2:
            return str(column)
    return None


def _split_channels(
    tables: Sequence[Table], numeric: list[str], record: str | None, settings: ReadSettings
) -> tuple[list[str], list[str]]:
    """Monitored and context.

    Proposed: what never changes within a record (age, type of machine) is context, and so are on/off columns (two
    values at most) that change often, where anything else is left. A channel whose kind is chosen is monitored.
    """
    context = [name for column in settings.context or () for name in spell_out(tables, column)]
    named = tuple(settings.kinds) if settings.channels is None else settings.channels
    for column in (*named, *(settings.context or ())):
        words = count_kinds(tables[0].frame[column], MOST_WORDS + 1) if column in tables[0].frame else 1
        is_state = 1 <= words <= MOST_WORDS
        if column in named and column in tables[0].frame:
            is_state = column in in_words(tables)
        if column not in numeric and not is_state:
            raise DataError(
                f"Column {column!r} of {tables[0].name} holds no numbers; expected a channel of numbers, or of 2 to "
                f"{MOST_WORDS} different words in {FEWEST_ROWS} rows or more. Name another column."
            )
    chosen = [name for column in named for name in spell_out(tables, column)]
    if settings.channels is not None:
        return chosen, context
    free = [column for column in numeric if column not in context]
    free = [n for n in free if n in chosen or not _is_no_measurement(tables, n, record, len(free))]
    if settings.context is not None:
        return list(dict.fromkeys([*free, *chosen])), context
    kinds = {column: max(count_kinds(table.frame[column], 3) for table in tables) for column in free}
    # Where all are on/off, those that ever change are monitored; where none changes, all.
    static = {column for column in free if _is_static(tables, column, record)}
    if len(static) < len(free):
        kinds |= dict.fromkeys(static, 0)
    fewest = next(count for count in (3, 2, 0) if not kinds or max(kinds.values()) >= count)
    monitored = [
        column
        for column in free
        if column in chosen or kinds[column] >= fewest or (kinds[column] == 2 and is_watched(tables, column, record))
    ]
    monitored += [name for name in chosen if name not in monitored]
    return monitored, [column for column in free if column not in monitored]


def _is_no_measurement(tables: Sequence[Table], column: str, record: str | None, columns: int) -> bool:
    """Row numbers, and further names of records: numbers that measure nothing."""
    if columns < 2:
        return False
    if is_stopped_clock(tables, column):
        return True
    if numbers_rows(tables, column) or (
        column.strip().lower() in ROW_CLOCKS and all(counts_round(table.frame[column]) for table in tables)
    ):
        return True
    return record is not None and names_records(column) and _is_static(tables, column, record)


def _is_static(tables: Sequence[Table], column: str, record: str | None) -> bool:
    """Whether a column tells the records apart but never changes within one."""
    if record is None and len(tables) == 1:
        return False
    if record is None:
        kinds = [set(table.frame[column].dropna().unique()) for table in tables]
    else:
        kinds = [set(part.dropna().unique()) for t in tables for _, part in t.frame.groupby(record, sort=False)[column]]
    return len(kinds) > 1 and max(map(len, kinds)) == 1 and len(set.union(*kinds)) > 1


def _is_still(tables: Sequence[Table], column: str) -> bool:
    """Whether a column of numbers is the same in all rows of all tables."""
    ends = [end for table in tables for end in (table.frame[column].min(), table.frame[column].max())]
    return len({end for end in ends if not pd.isna(end)}) < 2


def _propose_words(tables: Sequence[Table], taken: Set[str | None], alone: bool = False) -> list[str]:
    """A channel for each word of the columns that tell a state; of those that may tell known anomalies only where
    they stand `alone`."""
    proposed = []
    for column in in_words(tables):
        if column in taken or is_remark(tables, column):
            continue
        words = {str(word).strip().lower() for table in tables for word in table.frame[column].dropna().unique()}
        is_known = (
            is_called_labels(column)
            or words & set(STATES_OF_HEALTH)
            or (not alone and words <= set(LABEL_WORDS) - {"true", "false"})
        )
        if not is_known and not looks_like_time(tables[0].frame[column]):
            proposed += spell_out(tables, column)
    return proposed


def _describe(frame: pd.DataFrame) -> str:
    """The first columns and why each is no channel: 'note' (text), 'when' (times), 'flow' (no number), 'time'."""
    shown = [
        f"{column!r} ({'times' if looks_like_time(frame[column]) else 'text'})"
        if not is_number_column(frame[column])
        else repr(column)
        if np.isfinite(frame[column].to_numpy(float)).any()
        else f"{column!r} (no number)"
        for column in frame.columns[:MOST_NAMED]
    ]
    return ", ".join(shown) + ", …" * (len(frame.columns) > MOST_NAMED)


def _has_numbers(tables: Sequence[Table], column: str) -> bool:
    return all(is_number_column(table.frame[column]) for table in tables) and any(
        np.isfinite(table.frame[column].to_numpy(float)).any() for table in tables
    )
