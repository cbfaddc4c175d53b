"""Times told by several columns, joined in one: a date beside a time of day, or year, month, day and hour."""

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import takewhile

import numpy as np
import pandas as pd

from anomaly.domain import Repair
from anomaly.reading.formats.table import Table
from anomaly.reading.times.forms import CENTURY
from anomaly.reading.times.parsing import looks_like_time
from anomaly.reading.vocabulary.naming import CLOCK_NAMES, HOUR_NAMES, names_other_day, words_of

CALENDAR = ("year", "month", "day", "hour", "minute", "second")
CALLED = {
    "year": {"year", "yy", "yyyy", "yr", "jahr", "jj", "jjjj", "año", "ano", "année", "annee", "aa", "aaaa"},
    "month": {"month", "mm", "mo", "mon", "mth", "monat", "mes", "mois"},
    "day": {"day", "dd", "dy", "tag", "tt", "dia", "día", "jour"},
    "hour": {"hour", "hh", "hr", "stunde", "hora", "heure"},
    "minute": {"minute", "min", "mn", "mi", "minuto"},
    "second": {"second", "sec", "ss", "sekunde", "sek", "segundo", "seconde"},
    "place": {"doy", "dayofyear", "dayofyr", "yday", "ydy", "jday", "julian", "julianday", "ddd", "tagimjahr"},
}
"""what the columns of its parts are called, in small letters"""
INTERVALS = (
    r"\s*(?P<start>\d.*?\d\S*)(?: - | – |–| to | bis )\s*(?P<end>\d.*)",
    r"\s*(?P<start>\d{4}-\d\d[^/]*)/(?P<end>[\dP].*)",
)
CLOCK = r"\s*\d{1,2}[:h]\d\d(:\d\d([.,]\d+)?)?\s*([AaPp][Mm]|Uhr)?\s*"
DOTTED_CLOCK = r"\s*\d{1,2}\.\d\d(\.\d\d)?\s*(Uhr)?\s*"
NO_DATE = r".*:.*|\s*0?0\..*|[^.]*\.00(\..*)?|.*Uhr\s*"
"""there is no month or day 0: 18.00.00 is a time of day"""
DAY = r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\s*"
BEGINS = {
    "start", "begin", "beginning", "from", "von", "beginn", "anfang", "ab", "début", "debut", "de", "inicio", "início",
    "desde", "inizio", "da", "van", "fra",
}  # fmt: skip
ENDS = {
    "end", "ends", "ending", "stop", "finish", "to", "until", "till", "bis", "ende", "fin", "à", "hasta", "fine", "a",
    "fim", "tot", "til", "jusqu", "duration", "dauer", "elapsed", "length", "durée", "duración",
}  # fmt: skip
"""words of when an interval begins and ends, or how long it is"""
SAMPLE = 50
DAY_SECONDS = 86_400
TIDY = 0.9
"""share of the rows of a date whose times of day go one way"""
CENTURIES = (19_000_101, 21_001_231)
"""the first and the last day written as eight figures"""


def join_times(table: Table, time: str | None) -> Table:
    """The table with the columns that tell its time joined in one; unchanged where one column tells it, or none."""
    if time is not None and (not time or time in table.frame):
        return table
    return _join_calendar(_join_date_and_clock(_take_starts(table)))


def _take_starts(table: Table) -> Table:
    """Text that tells when an interval starts and ends, as "00:00 - 00:15" of a day, becomes its start."""
    for name in map(str, table.frame):
        cells = table.frame[name]
        form = next((form for form in INTERVALS if cells.dtype == "str" and _all_match(cells, form)), None)
        if form is None:
            continue
        parts = cells.str.extract(form)
        starts, ends = parts["start"], parts["end"]
        # 2023-03-01T00:00/PT15M tells how long it is.
        if not looks_like_time(starts) or not (_all_match(ends, r"PT?\d\w*") or looks_like_time(ends)):
            continue
        shown = cells.dropna().iloc[0]
        note = Repair(f"{table.name}: {name!r} holds intervals, such as {shown!r}: the start of each is its time")
        return replace(table, frame=table.frame.assign(**{name: starts}), repairs=(*table.repairs, note))
    return table


def _join_date_and_clock(table: Table) -> Table:
    """A column of dates and one of times of day, as many loggers write them, become one."""
    names = [str(name) for name in table.frame]
    clocks = {name: cells for name in names if (cells := _read_clocks(table.frame, name)) is not None}
    others = [name for name in names if name not in clocks]
    days = {name: cells for name in others if (cells := _read_days(table.frame, name)) is not None}
    clocks, days = _before_numbers(table.frame, clocks), _before_numbers(table.frame, days)
    if len(clocks) > 1:
        days, clocks = _starts(days), _starts({name: cells for name, cells in clocks.items() if cells.nunique() > 1})
    if len(days) != 1 or len(clocks) != 1:
        return table
    (day, dates), (clock, hours) = *days.items(), *clocks.items()
    if table.frame[clock].dtype != "str" and not _is_of_day(dates, table.frame[clock].to_numpy(float), clock):
        return table
    name = f"{day} {clock}"
    if name in table.frame or hours.nunique() < 2:
        return table
    place = list(table.frame.columns).index(day)
    frame = table.frame.drop(columns=[day, clock])
    frame.insert(min(place, len(frame.columns)), name, dates + " " + hours)
    shown = next(iter(frame[name].dropna()), "")
    note = Repair(f"Columns {day!r} and {clock!r} are one time: joined as {name!r}, such as {shown!r}")
    return replace(table, frame=frame, repairs=(*table.repairs, note))


def _starts(found: dict[str, pd.Series]) -> dict[str, pd.Series]:
    """Of several columns that tell a day or a time of day, that of the begin of what was measured from a time to
    another; all where their names do not tell."""
    others = {name: cells for name, cells in found.items() if not set(words_of(name)) & ENDS}
    begins = {name: cells for name, cells in others.items() if set(words_of(name)) & BEGINS}
    return begins if len(begins) == 1 else others if len(others) == 1 else found


def _is_of_day(dates: pd.Series, figures: np.ndarray, name: str) -> bool:
    """Whether numbers beside dates are times of day, which start anew with each date, and go one way within it.

    A counter of rows goes on; one number a day may be the hours worked.
    """
    if dates.nunique() == 1:
        return bool(np.nanmax(figures) > 59) or bool(set(words_of(name)) & set(HOUR_NAMES))
    changes, steps = dates.to_numpy()[1:] != dates.to_numpy()[:-1], np.diff(figures)
    up, down = (steps[~changes] >= 0).sum(), (steps[~changes] <= 0).sum()
    anew = (steps[changes] < 0) if up >= down else (steps[changes] > 0)
    return bool(2 * dates.nunique() <= len(dates) and max(up, down) >= TIDY * (~changes).sum() and anew.mean() >= 0.5)


def _before_numbers(frame: pd.DataFrame, found: dict[str, pd.Series]) -> dict[str, pd.Series]:
    """Those of text where there are any: an hour as a number may stand beside the time of day."""
    return {name: cells for name, cells in found.items() if frame[name].dtype == "str"} or found


def _read_days(frame: pd.DataFrame, name: str) -> pd.Series | None:
    """Dates as text, from text or from numbers such as 20250301; None where a column holds none."""
    cells = frame[name]
    if cells.dtype == "str":
        if _all_match(cells, DAY):
            return cells.str.strip()
        cells = _figures(cells)
    if cells.dtype.kind not in "if" or not (cells.min() >= CENTURIES[0] and cells.max() <= CENTURIES[1]):
        return None
    if not _is_whole(cells) or names_other_day(name):
        return None
    kinds = cells.drop_duplicates().dropna()
    dates = pd.to_datetime(kinds.astype(np.int64).astype("str"), format="%Y%m%d", errors="coerce")
    return None if dates.isna().any() else _spell(cells, kinds, dates.dt.strftime("%Y-%m-%d"))


def _read_clocks(frame: pd.DataFrame, name: str) -> pd.Series | None:
    """Times of day as text, from text or from numbers such as 80000, 800 and 8; None where a column holds none."""
    cells = frame[name]
    if cells.dtype == "str":
        if (_all_match(cells, CLOCK) or _all_match(cells, DOTTED_CLOCK)) and _any_matches(cells, NO_DATE):
            return _with_colons(cells)
        cells = _figures(cells)
    if not set(words_of(name)) & set(CLOCK_NAMES) or not _is_whole(cells) or cells.min() < 0:
        return None
    kinds = cells.drop_duplicates().dropna()
    whole, most = kinds.astype(np.int64), int(cells.max())
    # 8 is an hour where none is beyond 24, 800 hours and minutes, 80000 seconds too.
    factor = 10_000 if most <= 24 else 100 if most <= 2_400 else 1
    hour, minute, second = whole * factor // 10_000, whole * factor // 100 % 100, whole * factor % 100
    beyond = (minute > 59) | (second > 59) | (hour > 24) | ((hour == 24) & (minute + second > 0))
    if beyond.any():
        return None
    spelt = [f"{h:02}:{m:02}:{s:02}" for h, m, s in zip(hour, minute, second, strict=True)]
    return _spell(cells, kinds, pd.Series(spelt, kinds.index, dtype="str"))


def _figures(cells: pd.Series) -> pd.Series:
    """Text of nothing but figures, as numbers; as it is where there is other text."""
    form = r"\s*\d{1,8}\s*"
    return pd.to_numeric(cells) if _all_match(cells, form) and _all_match(cells, form, most=None) else cells


def _is_whole(cells: pd.Series) -> bool:
    if cells.dtype.kind not in "if" or not cells.notna().any():
        return False
    values = cells.dropna()
    return bool((np.isfinite(values) & (values == np.floor(values))).all())


def _spell(cells: pd.Series, kinds: pd.Series, text: pd.Series) -> pd.Series:
    """The text of each cell, of that of each kind of cell."""
    return cells.map(dict(zip(kinds, text, strict=True))).astype("str")


def _with_colons(cells: pd.Series) -> pd.Series:
    """18.00.00 as 18:00:00; a fraction of a second keeps its point."""
    colons = cells.str.strip().str.replace(r"^(\d\d?)\.(\d\d)", r"\1:\2", regex=True)
    return colons.str.replace(r"^(\d\d?:\d\d)\.(\d\d)\b", r"\1:\2", regex=True)


def _join_calendar(table: Table) -> Table:
    """Columns of numbers called year, month, day and perhaps hour, minute, second become one time."""
    frame = table.frame
    found = _find_calendar(frame)
    if "place" not in found and "month" not in found and "day" in found and _go_on(frame, found):
        found["place"] = found.pop("day")  # there is no day of a month without a month
    day_of_year = "place" in found and "day" not in found
    dates = ("year", "place") if day_of_year else CALENDAR[:3]
    if not all(part in found for part in dates):
        return table
    # Without an hour, "min" is the least of something.
    parts = [*dates, *takewhile(found.__contains__, CALENDAR[3:])]
    figures = pd.DataFrame({part: frame[found[part]] for part in parts})
    if figures["year"].max() < 100:  # as POSIX has it
        figures["year"] += np.where(figures["year"] < CENTURY, 2000, 1900)
    times = _read_places(figures) if day_of_year else pd.to_datetime(figures, errors="coerce")
    if "hour" not in parts and times.nunique() < len(times) and (clock := _find_clock(frame, found)) is not None:
        found["hour"], hours = clock
        times += hours
        parts.append("hour")
    if times.isna().any() or times.nunique() < 2:
        return table
    name = " ".join(found[part] for part in parts)
    rest = frame.drop(columns=[found[part] for part in parts])
    if name in rest:
        return table
    has_clock = bool((times != times.dt.normalize()).any()) or "hour" in parts
    rest.insert(0, name, times.dt.strftime("%Y-%m-%dT%H:%M:%S" if has_clock else "%Y-%m-%d").astype("str"))
    note = Repair(f"Columns {', '.join(repr(found[part]) for part in parts)} are one time: joined as {name!r}")
    return replace(table, frame=rest, repairs=(*table.repairs, note))


def _find_clock(frame: pd.DataFrame, found: Mapping[str, str]) -> tuple[str, pd.Series] | None:
    """The only column of times of day beside a calendar, and what has passed since midnight."""
    columns = [column for column in map(str, frame) if column not in found.values()]
    clocks = [(column, cells) for column in columns if (cells := _read_clocks(frame, column)) is not None]
    if len(clocks) != 1:
        return None
    column, cells = clocks[0]
    cells = cells.str.strip()
    hours = pd.to_timedelta(cells.where(~cells.str.fullmatch(r"\d{1,2}:\d\d"), cells + ":00"), errors="coerce")
    return None if hours.isna().any() else (column, hours)


def _go_on(frame: pd.DataFrame, found: Mapping[str, str]) -> bool:
    """Whether days go on, or back, within years of four figures: those of a week, or of a trial, are no dates."""
    if "year" not in found or not frame[found["year"]].between(1_900, 2_100).all():
        return False
    days = frame[found["year"]] * 1_000 + frame[found["day"]]
    return bool(days.is_monotonic_increasing or days.is_monotonic_decreasing)


def _read_places(figures: pd.DataFrame) -> pd.Series:
    """Times of years, days counted from the first of January, which may have a fraction, and of hours and so on; NaT
    where there is no such day."""
    days, year = (figures[part].astype(float) for part in ("place", "year"))
    is_time = (days >= 1) & (days < 367) & year.between(1_000, 9_999) & (year == np.floor(year))
    seconds = (days - 1) * DAY_SECONDS
    for part, most, size in (("hour", 24, 3_600), ("minute", 59, 60), ("second", 60, 1)):
        if part in figures:
            is_time &= figures[part].between(0, most)
            seconds += figures[part] * size
    years = (year.where(is_time, 2_000) - 1970).to_numpy().astype(np.int64).astype("datetime64[Y]")
    passed = (seconds.where(is_time, 0) * 1e6).round(-6 if "hour" not in figures else 0).to_numpy().astype(np.int64)
    return pd.Series(years.astype("datetime64[us]") + passed.astype("timedelta64[us]"), figures.index).where(is_time)


def _find_calendar(frame: pd.DataFrame) -> dict[str, str]:
    """The columns of numbers that are called as a part of a date or a time of day, by that part."""
    names = [str(name) for name in frame if frame[name].dtype.kind in "if"]
    # One that is called like another has got a number.
    bare = {name: re.sub(r" \d+$|[\W_]", "", name) for name in names}
    # YY MM DD hh mm: by the size of its letters, or the second of them, where both are there.
    twice = [name for name in names if bare[name].lower() == "mm"]
    found: dict[str, str] = {}
    for name in names:
        part = next((part for part, called in CALLED.items() if bare[name].lower() in called), None)
        if len(twice) == 2 and name in twice:
            is_minute = bare[name] == "mm" if {bare[one] for one in twice} == {"MM", "mm"} else name == twice[1]
            part = "minute" if is_minute else "month"
        if part is not None:
            found.setdefault(part, name)
    return found


def _all_match(cells: pd.Series, form: str, most: int | None = SAMPLE) -> bool:
    cells = cells.dropna().iloc[:most]
    return len(cells) > 0 and bool(cells.str.fullmatch(form).all())


def _any_matches(cells: pd.Series, form: str) -> bool:
    return bool(cells.dropna().iloc[:SAMPLE].str.fullmatch(form).any())
