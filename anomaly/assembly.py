"""Tables as they were read -> one dataset: which sheet, wide or long, a date and a time of day apart or together."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from anomaly.cleaning import make_dataset
from anomaly.columns import propose_columns
from anomaly.domain import Dataset, Repair
from anomaly.exceptions import DataError, SettingsError
from anomaly.pivoting import find_long_form, pivot
from anomaly.reading.table import Table
from anomaly.records import fill_down, find_untold_record
from anomaly.sampling import SINCE, settle_sampling
from anomaly.settings import ReadSettings

CALENDAR = ("year", "month", "day", "hour", "minute", "second")
CLOCK = r"\s*\d{1,2}:\d\d(:\d\d([.,]\d+)?)?\s*([AaPp][Mm])?\s*"
DOTTED_CLOCK = r"\s*\d{1,2}\.\d\d(\.\d\d)?\s*"
NO_DATE = r".*:.*|\s*0?0\..*|[^.]*\.00(\..*)?"
"""there is no month or day 0: 18.00.00 is a time of day"""
DAY = r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\s*"
SAMPLE = 50


def assemble(tables: Sequence[Table], settings: ReadSettings) -> Dataset:
    """What the whole product works on, from the tables of one file or several. Raises DataError and SettingsError."""
    return assemble_shaped(shape_tables(tables, settings), settings)


def assemble_shaped(shaped: Sequence[Table], settings: ReadSettings) -> Dataset:
    """As `assemble`, of tables that `shape_tables` has made."""
    # What settle_sampling adds is no column of the file.
    own = None if settings.context is None else tuple(name for name in settings.context if name != SINCE)
    own_settings = settings.model_copy(update={"context": own})
    columns = propose_columns(shaped, own_settings)
    untold = find_untold_record(shaped, columns, own_settings)
    if untold is not None:
        record, time, note = untold
        columns = propose_columns(shaped, own_settings.model_copy(update={"record": record, "time": time}))
        shaped = [replace(shaped[0], repairs=(*shaped[0].repairs, note)), *shaped[1:]]
    return settle_sampling(make_dataset(shaped, columns), settings)


def shape_tables(tables: Sequence[Table], settings: ReadSettings) -> list[Table]:
    """The tables that are used, one row per time step in each."""
    shaped = _choose_sheets(tables, settings.sheet)
    return [_widen(fill_down(_join_times(table, settings.time), settings), settings) for table in shaped]


def sheets_of(tables: Sequence[Table]) -> list[str]:
    """The sheets to choose among, in the order of the file."""
    return list(dict.fromkeys(table.sheet for table in tables if table.sheet))


def _choose_sheets(tables: Sequence[Table], sheet: str | None) -> list[Table]:
    """All tables, but of each workbook only the named sheet, or the one with most rows."""
    names = sheets_of(tables)
    if sheet and sheet not in names:
        found = f"the sheets are {', '.join(map(repr, names))}" if names else "no file is a workbook"
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


def _join_times(table: Table, time: str | None) -> Table:
    """What several columns tell of the time, in one; as it is where the time is a column of the file, or none."""
    if time is not None and (not time or time in table.frame):
        return table
    return _join_calendar(_join_date_and_clock(table))


def _join_date_and_clock(table: Table) -> Table:
    """A column of dates and one of times of day, as many loggers write them, become one."""
    texts = [str(name) for name in table.frame if table.frame[name].dtype == "str"]
    clocks = [name for name in texts if _all_match(table, name, CLOCK) or _all_match(table, name, DOTTED_CLOCK)]
    clocks = [name for name in clocks if _any_matches(table, name, NO_DATE)]
    days = [name for name in texts if _all_match(table, name, DAY) and name not in clocks]
    if len(days) != 1 or len(clocks) != 1 or table.frame[clocks[0]].nunique() < 2:
        return table
    day, clock = days[0], clocks[0]
    name = f"{day} {clock}"
    if name in table.frame:
        return table
    # 18.00.00 as 18:00:00; a fraction of a second keeps its point.
    colons = table.frame[clock].str.strip().str.replace(r"^(\d\d?)\.(\d\d)", r"\1:\2", regex=True)
    colons = colons.str.replace(r"^(\d\d?:\d\d)\.(\d\d)\b", r"\1:\2", regex=True)
    joined = table.frame[day].str.strip() + " " + colons
    place = list(table.frame.columns).index(day)
    frame = table.frame.drop(columns=[day, clock])
    frame.insert(min(place, len(frame.columns)), name, joined)
    note = Repair(f"Columns {day!r} and {clock!r} are one time: joined as {name!r}")
    return replace(table, frame=frame, repairs=(*table.repairs, note))


def _join_calendar(table: Table) -> Table:
    """Columns of numbers called year, month, day and perhaps hour, minute, second become one time."""
    frame = table.frame
    found = {str(name).strip().lower(): str(name) for name in frame if frame[name].dtype.kind in "if"}
    if not all(part in found for part in CALENDAR[:3]):
        return table
    parts = [part for part in CALENDAR if part in found]
    times = pd.to_datetime(pd.DataFrame({part: frame[found[part]] for part in parts}), errors="coerce")
    if times.isna().any() or times.nunique() < 2:
        return table
    name = " ".join(found[part] for part in parts)
    rest = frame.drop(columns=[found[part] for part in parts])
    if name in rest:
        return table
    rest.insert(0, name, times.dt.strftime("%Y-%m-%d" if "hour" not in parts else "%Y-%m-%dT%H:%M:%S").astype("str"))
    note = Repair(f"Columns {', '.join(repr(found[part]) for part in parts)} are one time: joined as {name!r}")
    return replace(table, frame=rest, repairs=(*table.repairs, note))


def _all_match(table: Table, name: str, form: str) -> bool:
    cells = table.frame[name].dropna().iloc[:SAMPLE]
    return len(cells) > 0 and bool(cells.str.fullmatch(form).all())


def _any_matches(table: Table, name: str, form: str) -> bool:
    return bool(table.frame[name].dropna().iloc[:SAMPLE].str.fullmatch(form).any())


def _widen(table: Table, settings: ReadSettings) -> Table:
    if settings.layout == "wide":
        return table
    form = find_long_form(table, settings)
    if form is not None:
        return pivot(table, form)
    if settings.layout == "long":
        raise DataError(
            f"{table.name} does not look like one row per measurement: expected a column of times, one that names the "
            "variable and one of values. Name the time column, or read it as wide."
        )
    return table
