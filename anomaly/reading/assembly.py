"""Tables as they were read -> one dataset: which sheet, wide or long, a date and a time of day apart or together."""

from collections.abc import Sequence
from dataclasses import replace

from anomaly.domain import DataError, Dataset, ReadSettings, Repair, SettingsError
from anomaly.reading.cleaning import make_dataset
from anomaly.reading.columns.proposal import propose_columns
from anomaly.reading.columns.told import tell_times
from anomaly.reading.formats.table import Table
from anomaly.reading.oddities import less_odd, stand_upright
from anomaly.reading.records.alignment import align, check_shared
from anomaly.reading.records.by_times import fill_down, find_untold_record
from anomaly.reading.records.joint import join_record
from anomaly.reading.records.long_form import LongForm, find_long_form
from anomaly.reading.records.pivoting import pivot
from anomaly.reading.records.quality import drop_bad_values
from anomaly.reading.sampling import SINCE, settle_sampling
from anomaly.reading.times.joining import join_times
from anomaly.reading.times.parsing import looks_like_time


def assemble(tables: Sequence[Table], settings: ReadSettings) -> Dataset:
    """The dataset in the tables of one file or several. Raises DataError and SettingsError."""
    return assemble_shaped(shape_tables(tables, settings), settings)


def assemble_shaped(shaped: Sequence[Table], settings: ReadSettings) -> Dataset:
    """As `assemble`, of tables that `shape_tables` has made."""
    return less_odd(_assemble(shaped, settings), shaped, settings, lambda other: _assemble(shaped, other))


def _assemble(shaped: Sequence[Table], settings: ReadSettings) -> Dataset:
    # What settle_sampling adds is no column of the file.
    own = None if settings.context is None else tuple(name for name in settings.context if name != SINCE)
    own_settings = settings.model_copy(update={"context": own})
    columns = propose_columns(shaped, own_settings)
    untold = find_untold_record(shaped, columns, own_settings)
    if untold is not None:
        record, time, note = untold
        columns = propose_columns(shaped, own_settings.model_copy(update={"record": record, "time": time}))
        shaped = [replace(shaped[0], repairs=(*shaped[0].repairs, note)), *shaped[1:]]
    check_shared(shaped, columns)
    return settle_sampling(make_dataset(shaped, columns, settings.kinds), settings)


def shape_tables(tables: Sequence[Table], settings: ReadSettings) -> list[Table]:
    """The tables that are used, one row per time step in each, all with the same columns."""
    chosen = _choose_sheets(tables, settings.sheet)
    upright = [join_times(stand_upright(table, settings), settings.time) for table in chosen]
    filled = [fill_down(tell_times(table, settings), settings) for table in upright]
    return align([_widen(table, form, settings) for table, form in _name_records(filled, settings)])


def sheets_of(tables: Sequence[Table]) -> list[str]:
    """The sheets to choose among, in the order of the file."""
    return list(dict.fromkeys(table.sheet for table in tables if table.sheet))


def _choose_sheets(tables: Sequence[Table], sheet: str | None) -> list[Table]:
    """All tables, but of each workbook only the named sheet, or the one with most rows."""
    names = sheets_of(tables)
    if sheet and sheet not in names:
        found = (
            f"the sheets are {', '.join(map(repr, names))}. Name one of them"
            if names
            else "no file is a workbook. Name no sheet"
        )
        raise SettingsError(f"There is no sheet {sheet!r}: {found}.")
    chosen: list[Table] = []
    for digest in dict.fromkeys(table.digest for table in tables):
        of_file = [table for table in tables if table.digest == digest]
        workbook = [table for table in of_file if table.sheet]
        chosen += [table for table in of_file if not table.sheet]
        if not workbook:
            continue
        wanted = [table for table in workbook if table.sheet == sheet] if sheet else []
        one = (wanted or [max(workbook, key=lambda table: len(table.frame))])[0]
        others = [table.sheet for table in workbook if table is not one]
        note = Repair(f"Sheet {one.sheet!r} is used; the file also has {', '.join(map(repr, others))}")
        chosen.append(replace(one, repairs=(*one.repairs, note)) if others else one)
    return chosen


def _name_records(tables: Sequence[Table], settings: ReadSettings) -> list[tuple[Table, LongForm | None]]:
    """The tables with a column of the records' names, where several tell them together; and which are long."""
    forms = [_find_form(table, settings) for table in tables]
    form = forms[max(range(len(tables)), key=lambda at: len(tables[at].frame))]
    if form is None:
        named = join_record(tables, settings)
    else:
        quality = None if form.quality is None else form.quality.column
        named = join_record(tables, settings, (form.time, form.variable), {form.value, form.unit, quality})
    # A record that is known now may leave another column to be the variable.
    return [
        (new, form if new is old else _find_form(new, settings))
        for new, old, form in zip(named, tables, forms, strict=True)
    ]


def _find_form(table: Table, settings: ReadSettings) -> LongForm | None:
    told = settings.variable or settings.value
    if settings.layout == "wide":
        if told:
            raise SettingsError(
                f"A wide table has no column {told!r} of variables or values: expected layout long or auto with it."
            )
        return None
    form = find_long_form(table, settings)
    # Moments name no variable.
    is_odd = form is not None and settings.layout != "long" and not told and looks_like_time(table.frame[form.variable])
    return None if is_odd else form


def _widen(table: Table, form: LongForm | None, settings: ReadSettings) -> Table:
    if form is not None:
        return pivot(table, form, settings)
    if settings.layout == "long" or settings.variable or settings.value:
        raise DataError(
            f"{table.name} does not look like one row per measurement: expected a column of times, one that names the "
            "variable and one of values. Name these three (time, variable, value), or read it as wide."
        )
    return drop_bad_values(table, settings)
