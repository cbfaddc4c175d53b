"""Long tables, one row per measurement as clinical systems export them -> wide ones, one column per variable."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from anomaly.domain import DataError, ReadSettings, Repair
from anomaly.reading.columns.clocks import find_time
from anomaly.reading.columns.proposal import find_record
from anomaly.reading.columns.states import LABEL_WORDS, is_called_labels
from anomaly.reading.formats.budget import spend_cells, within_budget
from anomaly.reading.formats.table import Table
from anomaly.reading.times.missing import are_few, keep_rows, list_left_out
from anomaly.reading.vocabulary.naming import TIME_NAMES, parts_of, words_of

VARIABLE_NAMES = (
    "variable", "parameter", "param", "item", "itemid", "measure", "measurement", "metric", "sensor", "signal",
    "channel", "tag", "tagname", "attribute", "observation", "vital", "analyte", "quantity", "feature", "label", "name",
    "test", "code", "messgröße", "messgroesse", "messstelle", "kanal",
)  # fmt: skip
VALUE_NAMES = ("value", "values", "val", "valuenum", "reading", "result", "amount", "wert", "messwert")
UNIT_NAMES = ("unit", "units", "uom", "valueuom")
BESIDE = {"name", "id", "code", "type", "num", "measured", "numeric"}
"""words that may stand beside one of these in a column's name"""
MOST_VARIABLES = 500
SHARED_TIMES = 0.5
"""least share of rows that share their time with another variable, where no name tells that a table is long"""
UNTOLD = 0.05
"""of the rows repeat another's time and variable, where those of several records are mixed"""


@dataclass(frozen=True)
class LongForm:
    """The columns of a long table."""

    record: str | None
    time: str
    variable: str
    value: str
    unit: str | None


def find_long_form(table: Table, settings: ReadSettings) -> LongForm | None:
    """The columns of a long table; None where the table is wide."""
    frame = table.frame
    numbers = [str(column) for column in frame if pd.api.types.is_numeric_dtype(frame[column])]
    record = settings.record if settings.record in frame else find_record(frame, set())
    time = settings.time if settings.time in frame else find_time(frame, {record}, record, settings)
    # Here a time repeats for each variable, and so does not look like one.
    time = time or next((name for name in numbers if {*words_of(name)} & {*TIME_NAMES} and name != record), None)
    if time is None or len(frame) < 3:
        return None
    free = [column for column in frame.columns if column not in (record, time, *parts_of(record, frame.columns))]
    value = _called(free, VALUE_NAMES, numbers) or _only([column for column in numbers if column in free])
    if value is None:
        return None
    others = [column for column in free if column != value]
    # A "label" may also say what is an anomaly.
    unknown = [name for name in others if not (is_called_labels(name) and _is_known(frame[name]))]
    named = _called(unknown, VARIABLE_NAMES, others)
    texts = [column for column in others if column not in numbers]
    if named in numbers:
        named = _in_words(frame, named, _called(unknown, VARIABLE_NAMES, texts))
    unit = _called(others, UNIT_NAMES, texts)
    # By its name alone a column may mean something else: the value has to be called a value, too, or times be shared.
    is_certain = _called([value], VALUE_NAMES, [value]) is not None
    for variable in [named] if named else texts:
        if not 1 < frame[variable].nunique() <= MOST_VARIABLES:
            continue
        free = [name for name in others if name not in (variable, unit)]
        is_open = record is None and settings.record is None
        its_record = _find_untold(frame, time, variable, free) if is_open else record
        if (named and is_certain) or _shares_times(frame, its_record, time, variable):
            return LongForm(its_record, time, variable, value, unit if unit != variable else None)
    return None


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
        return len(words & set(names)) == 1 and words <= {*names, *BESIDE}

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


def pivot(table: Table, form: LongForm) -> Table:
    """One row per record and time, one column per variable in the order in which they first come; empty = not measured.

    Several values of one variable at one time are averaged; columns that tell the same all along a record are kept.
    Raises DataError where record, time or variable is missing in a row, or the table would not fit into memory.
    """
    stamps = table.frame[form.time]
    timed = stamps.notna().to_numpy()
    if are_few(int((~timed).sum()), len(timed)):
        left_out = list_left_out(stamps, form.time, timed, table.line)
        table = keep_rows(replace(table, repairs=(*table.repairs, *left_out)), timed)
    frame = table.frame
    keys = [form.time] if form.record is None else [form.record, form.time]
    for column in (*keys, form.variable):
        empty = frame[column].isna().to_numpy()
        if empty.any():
            raise DataError(
                f"{table.name}, line {table.line(int(np.argmax(empty))):,}: expected a value in column {column!r}, "
                "found an empty cell. Every measurement needs a time and the name of what was measured."
            )
    variable, names = pd.factorize(frame[form.variable])
    step, firsts = _number_steps(frame, keys)
    with within_budget(int(frame.memory_usage().sum())):
        spend_cells(len(firsts), len(names), table.name)
    values = frame[form.value].to_numpy(float)
    known = np.isfinite(values)
    place = step[known] * len(names) + variable[known]
    count = np.bincount(place, minlength=len(firsts) * len(names))
    with np.errstate(invalid="ignore"):
        cells = np.bincount(place, values[known], minlength=len(count)) / count
    kept, dropped = _split_others(frame, form)
    columns = {key: frame[key].iloc[firsts].reset_index(drop=True) for key in (*keys, *kept)}
    labels = _apart([str(name) for name in names], set(columns))
    columns |= dict(zip(labels, cells.reshape(len(firsts), len(names)).T, strict=True))
    notes = [Repair(f"One row per measurement: {len(names):,} variables of {form.variable!r} became columns")]
    repeated = int((count > 1).sum())
    if repeated:
        notes.append(Repair(f"{repeated:,} values measured more than once at a time: averaged", repeated))
    units, mixed = _units(frame, form, variable, labels)
    for name, found in mixed.items():
        notes.append(Repair(f"{name!r} is measured in {' and in '.join(found)}: its values are not converted"))
    if dropped:
        notes.append(Repair(f"Columns that differ between the measurements of a time left out: {', '.join(dropped)}"))
    return replace(
        table,
        frame=pd.DataFrame(columns),
        lines=np.array([table.line(row) for row in firsts]) if table.lines is not None else firsts + table.first_line,
        repairs=(*table.repairs, *notes),
        units=units,
    )


def _number_steps(frame: pd.DataFrame, keys: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """(R,) the step of each row, in the order in which record and time first come; and each step's first row."""
    code = np.zeros(len(frame), np.int64)
    for key in keys:
        codes, unique = pd.factorize(frame[key])
        code = code * len(unique) + codes
    step, _ = pd.factorize(code)
    return step, np.flatnonzero(~pd.Series(code).duplicated().to_numpy())


def _split_others(frame: pd.DataFrame, form: LongForm) -> tuple[list[str], list[str]]:
    """The other columns: those that never change within a record, and the rest."""
    used = {form.record, form.time, form.variable, form.value, form.unit}
    kept: list[str] = []
    dropped: list[str] = []
    for column in frame.columns:
        if column in used:
            continue
        same = frame[column].nunique() <= 1
        if not same and form.record is not None:
            same = bool((frame.groupby(form.record, sort=False)[column].nunique() <= 1).all())
        (kept if same else dropped).append(str(column))
    return kept, dropped


def _apart(names: list[str], taken: set[str]) -> list[str]:
    """Variables called as another column is get its number behind them."""
    return [f"{name} {place}" if name in taken else name for place, name in enumerate(names, 1)]


def _units(
    frame: pd.DataFrame, form: LongForm, variable: np.ndarray, labels: list[str]
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The unit of each variable, and those of the variables that have several."""
    if form.unit is None:
        return {}, {}
    pairs = pd.DataFrame({"variable": variable, "unit": frame[form.unit].to_numpy()}).dropna().drop_duplicates()
    found: dict[str, list[str]] = {}
    for code, unit in zip(pairs["variable"], pairs["unit"], strict=True):
        if str(unit).strip():
            found.setdefault(labels[code], []).append(str(unit))
    mixed = {name: several for name, several in found.items() if len(several) > 1}
    return {name: several[0] for name, several in found.items() if name not in mixed}, mixed
