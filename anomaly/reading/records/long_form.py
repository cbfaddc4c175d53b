"""Whether a table is long, a row for each measurement, and which of its columns is the variable, the value, the unit.

Names are hints. Of a table whose columns are called as the columns of a long one nothing more is asked; else the rows
of a time have to tell of different variables, or these have to be of other units, kinds or sizes, as records of one
variable are not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from anomaly.domain import ReadSettings, SettingsError
from anomaly.reading.columns.clocks import counts_up, find_time, tells_moment_again
from anomaly.reading.columns.proposal import find_record, nearest
from anomaly.reading.columns.states import LABEL_WORDS, count_kinds, is_called_labels, is_number_column
from anomaly.reading.formats.table import Table
from anomaly.reading.records.by_times import order_of
from anomaly.reading.records.quality import Quality, find_quality
from anomaly.reading.records.unlike import are_unlike
from anomaly.reading.records.value_words import are_values
from anomaly.reading.times.parsing import looks_like_time
from anomaly.reading.vocabulary.naming import (
    RECORD_NAMES,
    TIME_NAMES,
    UNIT_NAMES,
    VALUE_NAMES,
    VARIABLE_NAMES,
    names_counter,
    parts_of,
    words_of,
)

BESIDE = {
    "name", "id", "code", "type", "num", "measured", "numeric", "var", "data", "process", "float", "raw", "present",
    "cd", "va",
}  # fmt: skip
"""words that may stand beside one of these in a column's name"""
OF_ALL = {"series", "node"}
OF_ANYTHING = {"id", *OF_ALL}
"""words that name a record, or whatever there are several of"""
MOST_VARIABLES = 500
SHARED_TIMES = 0.5
"""least share of rows that share their time with another variable, where no name tells that a table is long"""
UNTOLD = 0.05
"""of the rows repeat another's time and variable, where those of several records are mixed"""
MIXED = 0.3
"""least share of rows whose variable is not that of the row before, where times are not shared"""


@dataclass(frozen=True)
class LongForm:
    """The columns of a long table."""

    record: str | None
    time: str
    variable: str
    value: str
    unit: str | None
    quality: Quality | None = None


def find_long_form(table: Table, settings: ReadSettings) -> LongForm | None:
    """The columns of a long table; None where the table is wide. Raises SettingsError where the variable or the value
    that is asked for is no column of it."""
    frame, told = table.frame, {settings.variable, settings.value} - {None}
    _check_told(table, settings)
    numbers = [str(column) for column in frame if is_number_column(frame[column])]
    record = settings.record if settings.record in frame else find_record(frame, told)
    time = settings.time if settings.time in frame else find_time(frame, {record, *told}, record, settings)
    # Here a time repeats for each variable, and so does not look like one.
    time = time or next(
        (name for name in numbers if {*words_of(name)} & {*TIME_NAMES, "clock"} and name not in {record, *told}), None
    )
    if time is None or len(frame) < 3:
        return None
    free = [str(name) for name in frame if name not in (record, time, *parts_of(record, frame.columns))]
    if told:
        form = _find_told(frame, settings, record, time, free)
    else:
        form = _find_called(frame, settings, record, time, free)
        form = form or _find_by_content(table, settings, record, time, free)
    if form is None:
        return None
    is_told = form.record is None or form.record == settings.record
    if not is_told and _name_each_other(frame, str(form.record), form.variable):
        form = replace(form, record=None)
    rest = [name for name in free if name not in (form.record, form.variable, form.value, form.unit)]
    return replace(form, quality=find_quality(frame, rest))


def _check_told(table: Table, settings: ReadSettings) -> None:
    for part, column in (("variable", settings.variable), ("value", settings.value)):
        if column and column not in table.frame:
            raise SettingsError(f"{part}: {nearest(table, column)}")


def _find_told(
    frame: pd.DataFrame, settings: ReadSettings, record: str | None, time: str, free: Sequence[str]
) -> LongForm | None:
    """With the variable, the value or both from the settings."""
    others = [name for name in free if name not in (settings.variable, settings.value)]
    numbers = [name for name in others if is_number_column(frame[name])]
    texts = [name for name in others if name not in numbers]
    value = settings.value or _called(others, VALUE_NAMES, numbers) or _only(numbers)
    value = value or _called(others, VALUE_NAMES, texts)
    others = [name for name in others if name != value]
    texts = [name for name in texts if name != value]
    variable = settings.variable or _called(others, VARIABLE_NAMES, others) or next(iter(texts), None)
    if value is None or variable is None:
        return None
    unit = _called([name for name in others if name != variable], UNIT_NAMES, texts)
    if record is None and settings.record is None:
        record = _find_untold(frame, time, variable, [name for name in others if name not in (variable, unit)])
    return LongForm(record, time, variable, value, unit)


def _find_called(
    frame: pd.DataFrame, settings: ReadSettings, record: str | None, time: str, free: Sequence[str]
) -> LongForm | None:
    """With one column that is called the value, or is the only one of numbers."""
    numbers = [name for name in free if is_number_column(frame[name])]
    value = _called(free, VALUE_NAMES, numbers) or _only(numbers)
    if value is None:
        return None
    others = [column for column in free if column != value]
    # A "label" may also say what is an anomaly.
    unknown = [name for name in others if not (is_called_labels(name) and _is_known(frame[name]))]
    varied = [name for name in unknown if count_kinds(frame[name], 2) > 1]
    named = _called(varied, VARIABLE_NAMES, others)
    texts = [column for column in others if column not in numbers]
    if named in numbers:
        named = _in_words(frame, named, _called(varied, VARIABLE_NAMES, texts))
    unit = _called(others, UNIT_NAMES, texts)
    # By its name alone a column may mean something else: the value has to be called a value, too, or times be shared.
    is_certain = _called([value], VALUE_NAMES, [value]) is not None and count_kinds(frame[value], 2) > 1
    for variable in [named] if named else texts:
        if not 1 < frame[variable].nunique() <= MOST_VARIABLES:
            continue
        its_record = record
        if record is None and settings.record is None:
            its_record = _find_untold(frame, time, variable, [name for name in others if name not in (variable, unit)])
        if (named and is_certain) or _shares_times(frame, its_record, time, variable):
            return LongForm(its_record, time, variable, value, unit if unit != variable else None)
    return None


def _find_by_content(
    table: Table, settings: ReadSettings, record: str | None, time: str, free: Sequence[str]
) -> LongForm | None:
    """With columns beside that measure nothing, values of which some are words, or a variable that is called as records
    are: all of these by what they hold."""
    frame = table.frame
    # Only "item id" or "entity id" may be the variable; a patient is none.
    by_id = []
    if record is not None and settings.record is None and not set(words_of(record)) & (set(RECORD_NAMES) - OF_ANYTHING):
        by_id = [record]
    # Most wide tables have no column of words: these are not looked at any further.
    if not by_id and all(is_number_column(frame[name]) for name in free):
        return None
    idle = {name for name in free if _measures_nothing(table, name, time)}
    quality = find_quality(frame, free)
    idle |= {quality.column} if quality else set()
    numbers = [name for name in free if name not in idle and is_number_column(frame[name])]
    texts = [name for name in free if name not in idle and name not in numbers]
    called = _called(free, VALUE_NAMES, [*numbers, *texts])
    value = called if called in numbers else _only(numbers) or called
    if value is None:
        return None
    others = [name for name in [*texts, *by_id] if name != value]
    unit = _called(others, UNIT_NAMES, others)
    names = [name for name in others if name != unit and _may_name(frame[name], name)]
    named = _called(names, VARIABLE_NAMES, names)
    for variable in sorted(names, key=lambda name: name != named):
        its_record = None if variable == record else record
        if value not in numbers and not (value == called and are_values(frame[value], frame[variable])):
            continue
        is_hinted = variable == named or value == called
        # The names of countries or meters tell less of what they have than those of items and sensors.
        is_any = variable == record and variable != named and not set(words_of(variable)) & OF_ALL
        is_alike = not are_unlike(frame, variable, value, unit, is_any)
        is_mixed = _shares_times(frame, its_record, time, variable)
        is_mixed = is_mixed or (is_hinted and _takes_turns(table, variable, time, settings))
        # "item id" beside a "target" or a "temperature" names what has it.
        is_record = variable == record and value != called
        is_certain = variable == named and value == called and not (variable == record and is_alike)
        if is_certain or (not is_alike and is_mixed and not is_record):
            rest = [name for name in free if name not in {variable, value, unit, *idle}]
            if its_record is None and settings.record is None and variable != record:
                its_record = _find_untold(frame, time, variable, rest)
            return LongForm(its_record, time, variable, value, unit)
    return None


def _may_name(cells: pd.Series, name: str) -> bool:
    """Whether a column of few words may be the variable: known anomalies are not."""
    if is_called_labels(name) or not 1 < count_kinds(cells, MOST_VARIABLES + 1) <= MOST_VARIABLES:
        return False
    words = set(cells.dropna().astype("str").str.strip().str.lower().unique()[: len(LABEL_WORDS) + 1])
    return not words <= set(LABEL_WORDS)


def _measures_nothing(table: Table, name: str, time: str) -> bool:
    """Whether a column tells the time again, numbers the rows, or is the same in all of them."""
    cells = table.frame[name]
    if count_kinds(cells, 2) < 2:
        return True
    if not is_number_column(cells):
        return looks_like_time(cells)
    return counts_up(cells) or (names_counter(name) and cells.is_unique) or tells_moment_again([table], name, time)


def _name_each_other(frame: pd.DataFrame, record: str, variable: str) -> bool:
    """Whether what is called a record is but the variable's number, or another of its names."""
    pairs = frame[[record, variable]].drop_duplicates()
    return len(pairs) > 1 and bool(pairs[record].is_unique and pairs[variable].is_unique)


def _takes_turns(table: Table, variable: str, time: str, settings: ReadSettings) -> bool:
    """Whether variables alternate, as a state that lasts does not, or the times of each begin anew."""
    codes = pd.factorize(table.frame[variable])[0]
    starts = np.flatnonzero(np.diff(codes) != 0) + 1
    if len(starts) >= MIXED * len(codes):
        return True
    if len(starts) > codes.max():
        return False
    ends = np.column_stack([np.append(0, starts), np.append(starts - 1, len(codes) - 1)]).ravel()
    order, known = order_of(replace(table, frame=table.frame.iloc[ends], lines=None), time, settings)
    steps = np.diff(order)
    return bool(known.all() and np.sign(steps[::2]).sum() * np.sign(steps[1::2]).sum() < 0)


def _in_words(frame: pd.DataFrame, number: str, text: str | None) -> str:
    """The column that says in words what a number of a catalogue means, where there is one; else the number."""
    if text is None or frame[text].isna().any() or frame[text].nunique() < 2:
        return number
    return text if frame[[number, text]].drop_duplicates()[number].is_unique else number


def _find_untold(frame: pd.DataFrame, time: str, variable: str, others: Sequence[str]) -> str | None:
    """The column of fewest names under which each variable is measured but once at a time, where else it is not."""
    whole = [name for name in others if frame[name].dtype.kind != "f" and frame[name].notna().all()]
    kinds = {name: frame[name].nunique() for name in whole}
    kinds = {name: count for name, count in kinds.items() if 2 <= count <= len(frame) / 4}
    repeated = frame.duplicated([time, variable]).mean() if kinds else 0.0
    if repeated < UNTOLD:
        return None
    apart = [name for name in kinds if frame.duplicated([name, time, variable]).mean() <= UNTOLD * repeated]
    return min(apart, key=lambda name: kinds[name], default=None)


def _is_known(cells: pd.Series) -> bool:
    """Whether a column holds known anomalies, or has empty cells: no name of what was measured."""
    if cells.isna().any() or cells.dtype != "str":
        return True
    return set(cells.str.lower().unique()[:20]) <= set(LABEL_WORDS)


def _called(columns: Sequence[str], names: Sequence[str], allowed: Sequence[str]) -> str | None:
    """The column that is called by one of the names, the first of these, and by no other word but those that say
    nothing."""

    def is_called(column: str) -> bool:
        words = set(words_of(column)[1:])
        # "tag name" is called once, not twice.
        told = words & set(names)
        return len(told) >= 1 and len(told - BESIDE) <= 1 and words <= {*names, *BESIDE}

    called = [column for column in columns if column in allowed and is_called(column)]
    # "variable" says more than "sensor" or "label" beside it.
    return min(
        called, key=lambda column: min(names.index(word) for word in words_of(column) if word in names), default=None
    )


def _only(columns: Sequence[str]) -> str | None:
    return columns[0] if len(columns) == 1 else None


def _shares_times(frame: pd.DataFrame, record: str | None, time: str, variable: str) -> bool:
    """Whether rows of one time tell of different variables, each but once."""
    if not 1 < frame[variable].nunique() <= MOST_VARIABLES or frame[variable].isna().any():
        return False
    keys = [time] if record is None else [record, time]
    shared = frame.duplicated(keys, keep=False).mean()
    repeated = frame.duplicated([*keys, variable]).mean()
    return bool(shared > SHARED_TIMES and repeated < SHARED_TIMES / 5)
