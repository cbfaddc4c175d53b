"""Long tables, one row per measurement as clinical systems export them -> wide ones, one column per variable."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from anomaly.domain import DataError, ReadSettings, Repair
from anomaly.reading.columns.clocks import tells_moment_again
from anomaly.reading.columns.states import is_number_column
from anomaly.reading.formats.budget import spend_cells, within_budget
from anomaly.reading.formats.table import Table
from anomaly.reading.records.by_times import order_of
from anomaly.reading.records.long_form import LongForm
from anomaly.reading.records.quality import tell_bad
from anomaly.reading.records.value_words import Values, read_values
from anomaly.reading.times.missing import are_few, keep_rows, list_left_out

SHOWN = 5
CONTROL = re.compile(r"\$[A-Z]+_[A-Z_]+\$")


def pivot(table: Table, form: LongForm, settings: ReadSettings) -> Table:
    """One row per record and time, one column per variable in the order in which they first come; empty = not measured.

    Several values of one variable at one time are averaged; columns that tell the same all along a record are kept.
    A variable of words becomes a column of words, each of which holds until the next.
    Raises DataError where record, time or variable is missing in a row, or the table would not fit into memory.
    """
    table = _timed(table, form)
    frame = table.frame
    keys = [form.time] if form.record is None else [form.record, form.time]
    variable, names = pd.factorize(frame[form.variable])
    step, firsts = _number_steps(frame, keys)
    with within_budget(int(frame.memory_usage().sum())):
        spend_cells(len(firsts), len(names), table.name)
    values, notes = _read_values(table, form, variable, [str(name) for name in names])
    known = np.isfinite(values.numbers)
    place = step[known] * len(names) + variable[known]
    count = np.bincount(place, minlength=len(firsts) * len(names))
    with np.errstate(invalid="ignore"):
        cells = np.bincount(place, values.numbers[known], minlength=len(count)) / count
    kept, dropped, again = _split_others(table, form)
    columns = {key: frame[key].iloc[firsts].reset_index(drop=True) for key in (*keys, *kept)}
    labels = _apart([str(name) for name in names], set(columns))
    columns |= dict(zip(labels, cells.reshape(len(firsts), len(names)).T, strict=True))
    lines = np.array([table.line(row) for row in firsts]) if table.lines is not None else firsts + table.first_line
    if values.states:
        order = _order(pd.DataFrame({key: columns[key] for key in keys}), form, settings)
        for state in values.states:
            words, held = _hold(frame[form.value], values.lost, np.flatnonzero(variable == state), step, order)
            columns[labels[state]] = words
            notes.append(Repair(f"{labels[state]!r} tells a state in words, which holds until the next", held))
    for text in values.texts:
        del columns[labels[text]]
    first = Repair(f"One row per measurement: {len(names):,} variables of {form.variable!r} became columns")
    repeated = int((count > 1).sum())
    if repeated:
        notes.append(Repair(f"{repeated:,} values measured more than once at a time: averaged", repeated))
    units, mixed = _units(frame, form, variable, labels)
    for name, found in mixed.items():
        notes.append(Repair(f"{name!r} is measured in {' and in '.join(found)}: its values are not converted"))
    notes += [Repair(f"Column {name!r} tells the same moments as {form.time!r}: left out") for name in again]
    if dropped:
        notes.append(Repair(f"Columns that differ between the measurements of a time left out: {', '.join(dropped)}"))
    return replace(
        table, frame=pd.DataFrame(columns), lines=lines, repairs=(*table.repairs, first, *notes), units=units
    )


def _timed(table: Table, form: LongForm) -> Table:
    """The rows that have a time. Raises DataError where something else of a measurement is missing."""
    stamps = table.frame[form.time]
    timed = stamps.notna().to_numpy()
    if are_few(int((~timed).sum()), len(timed)):
        left_out = list_left_out(stamps, form.time, timed, table.line)
        table = keep_rows(replace(table, repairs=(*table.repairs, *left_out)), timed)
    table = _without_control_rows(table, form)
    for column in (*([] if form.record is None else [form.record]), form.time, form.variable):
        empty = table.frame[column].isna().to_numpy()
        if empty.any():
            raise DataError(
                f"{table.name}, line {table.line(int(np.argmax(empty))):,}: expected a value in column {column!r}, "
                "found an empty cell. Every measurement needs a time and the name of what was measured."
            )
    return table


def _without_control_rows(table: Table, form: LongForm) -> Table:
    """Without the rows in which a recorder tells of itself: "$RT_OFF$" at the end of an archive."""
    names = [name for name in table.frame[form.variable].unique() if CONTROL.fullmatch(str(name))]
    if not names:
        return table
    rows = table.frame[form.variable].isin(names).to_numpy()
    if rows.all():
        return table
    count = int(rows.sum())
    note = Repair(
        f"{count:,} row{'s' * (count > 1)} of the recorder itself, such as {names[0]!r}: left out",
        count,
        tuple(table.line(int(row)) for row in np.flatnonzero(rows)[:SHOWN]),
    )
    return keep_rows(replace(table, repairs=(*table.repairs, note)), ~rows)


def _read_values(
    table: Table, form: LongForm, variable: np.ndarray, names: Sequence[str]
) -> tuple[Values, list[Repair]]:
    """The values, without those of bad quality, and what to say of what is missing."""
    cells, notes = table.frame[form.value], []
    if is_number_column(cells):
        values = Values(cells.to_numpy(np.float64, na_value=np.nan, copy=True), [], [], np.zeros(len(cells), bool))
    else:
        values = read_values(cells, variable, len(names))
        notes += _tell_words(table, form, values, names)
    if form.quality is not None:
        bad, said = tell_bad(table, form.quality)
        values.numbers[bad] = np.nan
        values.lost[bad] = True
        notes += said
    return values, notes


def _tell_words(table: Table, form: LongForm, values: Values, names: Sequence[str]) -> list[Repair]:
    notes = []
    rows = np.flatnonzero(values.lost)
    if len(rows):
        kinds = list(table.frame[form.value].iloc[rows].unique())
        shown = ", ".join(map(repr, kinds[:SHOWN])) + ", …" * (len(kinds) > SHOWN)
        one = len(rows) == 1
        notes.append(
            Repair(
                f"{len(rows):,} cell{'s' * (not one)} of {form.value!r} hold{'s' * one} no value, {shown}: missing",
                len(rows),
                tuple(table.line(int(row)) for row in rows[:SHOWN]),
            )
        )
    if values.texts:
        shown = ", ".join(repr(names[place]) for place in values.texts[:SHOWN]) + ", …" * (len(values.texts) > SHOWN)
        notes.append(Repair(f"Variables that hold text left out: {shown}", len(values.texts)))
    return notes


def _order(keys: pd.DataFrame, form: LongForm, settings: ReadSettings) -> list[np.ndarray]:
    """The steps of each record, in the order of their times."""
    whole = Table("", keys, 1, (), "")
    order, known = order_of(whole, form.time, settings)
    rank = np.full(len(keys), np.inf)
    rank[known] = order
    codes = np.zeros(len(keys), np.int64) if form.record is None else pd.factorize(keys[form.record])[0]
    rows = np.lexsort((rank, codes))
    return np.split(rows, np.flatnonzero(np.diff(codes[rows])) + 1)


def _hold(
    cells: pd.Series, lost: np.ndarray, rows: np.ndarray, step: np.ndarray, order: Sequence[np.ndarray]
) -> tuple[pd.Series, int]:
    """(T,) words of one variable, whose `rows` these are, each kept up to its next; and how many steps are so filled.

    Where a word stands for no value, what was before holds no longer.
    """
    steps = sum(map(len, order))
    row_of = np.full(steps, -1)
    row_of[step[rows]] = rows
    held = row_of.copy()
    for part in order:
        at = np.where(row_of[part] >= 0, np.arange(len(part)), 0)
        held[part] = row_of[part][np.maximum.accumulate(at)]
    is_known = (held >= 0) & ~lost[held]
    words = cells.iloc[np.maximum(held, 0)].reset_index(drop=True).where(is_known)
    return words, int(((row_of < 0) & is_known).sum())


def _number_steps(frame: pd.DataFrame, keys: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """(R,) the step of each row, in the order in which record and time first come; and each step's first row."""
    code = np.zeros(len(frame), np.int64)
    for key in keys:
        codes, unique = pd.factorize(frame[key])
        code = code * len(unique) + codes
    step, _ = pd.factorize(code)
    return step, np.flatnonzero(~pd.Series(code).duplicated().to_numpy())


def _split_others(table: Table, form: LongForm) -> tuple[list[str], list[str], list[str]]:
    """The other columns: those that never change within a record, the rest, and those that tell the time again."""
    frame = table.frame
    used = {form.record, form.time, form.variable, form.value, form.unit, form.quality and form.quality.column}
    kept: list[str] = []
    dropped: list[str] = []
    again: list[str] = []
    for column in frame.columns:
        if column in used:
            continue
        if is_number_column(frame[column]) and tells_moment_again([table], str(column), form.time):
            again.append(str(column))
            continue
        same = frame[column].nunique() <= 1
        if not same and form.record is not None:
            same = bool((frame.groupby(form.record, sort=False)[column].nunique() <= 1).all())
        (kept if same else dropped).append(str(column))
    return kept, dropped, again


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
