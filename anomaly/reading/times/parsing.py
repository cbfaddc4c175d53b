"""Time columns: time stamps as text in many forms, numbers, and numbers that count from 1970 or from 1899."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd

from anomaly.domain import DataError, Repair, TimeAxis, say_duration
from anomaly.reading.times import forms as time_forms
from anomaly.reading.times.clock_changes import HOUR, SEASONAL, IsCopy, find_put_back, hold_in_order
from anomaly.reading.times.forms import SHOWN, Order, Place
from anomaly.reading.vocabulary.naming import names_stamp

EPOCH_UNITS = {1.0: (2e8, 5e9), 1e-3: (2e11, 5e12), 1e-6: (2e14, 5e15), 1e-9: (2e17, 5e18)}
"""seconds in a unit: the numbers that mean a day from 1976 to 2128 in it"""
OFFSET = re.compile(r"[Tt ].*(Z|z|[+-]\d\d(?::?\d\d)?)$")
"""after a time of day only: the end of 2025-03-01 is no offset"""
RESOLUTIONS: tuple[Literal["D", "s", "ms", "us"], ...] = ("D", "s", "ms", "us")
HAS_OFFSET = re.compile(r"[Zz]$|[+-]\d\d(?::?\d\d)?$")
SAMPLE = 50
MOMENTS = ("now", "today")
"""what pandas takes for the moment of reading"""
TOO_SHORT = r"\d{1,7}|\d{1,2}[.-]\d[.-]\d\d|\d[.-]\d\d[.-]\d\d"
"""numbers and version strings, though a column known to hold times may write them so"""
LIKE_TIMES = r"[\w\s:/.,;+@−–-]*\d[\w\s:/.,;+@−–-]*"
"""a cell that may be a time in some form"""
FIGURES = {7: "day of year", 11: "day of year, compact", 8: "compact", 10: "compact", 12: "compact", 14: "compact"}
"""how many figures such numbers have, and in which form they are dates"""
DATE_WORDS = {"date", "datetime", "datum", "fecha", "data", "dato", "dag", "jour", "dia", "tarih", "päivä", "pvm"}
TIME_WORDS = {
    *DATE_WORDS,
    "time",
    "timestamp",
    "stamp",
    "zeit",
    "zeitstempel",
    "uhrzeit",
    "horodatage",
    "hora",
    "utc",
    "gmt",
}
SERIALS = (20_000, 80_000)
"""days of a spreadsheet, counted from 1899-12-30: from 1954 to 2119"""
DAY = 86_400_000_000
"""microseconds"""


@dataclass(frozen=True, eq=False)
class ReadTimes:
    """A time column, understood."""

    times: np.ndarray
    """(R,) datetime64[us] or numbers"""
    axis: TimeAxis
    notes: tuple[Repair, ...] = ()
    """what was assumed"""
    ambiguous: bool = False
    """whether day and month may be the other way round"""


class UnreadableTimes(DataError):
    """Some of a column's cells are no times."""

    def __init__(self, sentence: str, rows: np.ndarray) -> None:
        super().__init__(sentence)
        self.rows = rows
        """(R,) bool"""


def is_date(text: pd.Series) -> bool:
    """Whether a text column holds dates, with a time of day or without, and no mere times of day or durations."""
    if not looks_like_time(text):
        return False
    return time_forms.find_form(text.dropna().iloc[:SAMPLE].astype("str").str.strip(), _is_iso) != "elapsed"


def looks_like_time(text: pd.Series) -> bool:
    """Whether most of a text column's first cells are time stamps or clock times, all in one form."""
    return _are_times(tuple(text.dropna().iloc[:SAMPLE].astype("str")))


@lru_cache(maxsize=4096)
def _are_times(cells: tuple[str, ...]) -> bool:
    """Asked several times of each column, of which a broken file may have hundreds; trying all forms takes long."""
    sample = pd.Series(cells, dtype="str").str.strip()
    likely = sample[~sample.str.fullmatch(TOO_SHORT) & sample.str.fullmatch(LIKE_TIMES)]
    if 2 * len(likely) <= len(sample):
        return False
    form = time_forms.find_form(likely, _is_iso)
    return 2 * int(np.sum(time_forms.fits(likely, form) if form else _is_iso(likely))) > len(sample)


def parse_times(
    column: pd.Series, name: str, source: str, line_of: Callable[[int], int], date_order: Order | None = None
) -> tuple[np.ndarray, TimeAxis]:
    """The times (R,) and axis of `read_times`, without its notes."""
    read = read_times(column, name, source, line_of, date_order)
    return read.times, read.axis


def read_times(
    column: pd.Series,
    name: str,
    source: str,
    line_of: Callable[[int], int],
    date_order: Order | None = None,
    is_copy: IsCopy = lambda *_: True,
) -> ReadTimes:
    """A time column's cells -> times (R,), datetime64[us] or numbers, what they mean and what was assumed.

    `line_of` gives the line of the file that a row is on. `date_order` says what the first number of 03/04/2025 is;
    left out, the column tells. `is_copy` tells rows that were appended once more from those of a clock that was set
    back. Clock times without a date and durations become seconds. Raises UnreadableTimes naming the first line that is
    empty or not a time in the form of most.
    """
    place = Place(name, source, line_of)
    if pd.api.types.is_numeric_dtype(column):
        return _follow_clock(_read_numbers(column, place), place, is_copy)
    text = column.astype("str").str.strip()
    form = time_forms.find_form(text, _is_iso)
    if form == "elapsed":
        return _read_elapsed(text, column, place)
    return _follow_clock(_read_stamps(text, column, form, place, date_order), place, is_copy)


def join_axes(axes: Sequence[TimeAxis], sources: Sequence[str]) -> TimeAxis:
    """What the times of several files mean together: UTC where their offsets differ, to the finest resolution.

    Raises DataError where one file has time stamps and another numbers.
    """
    first = axes[0]
    for other, source in zip(axes, sources, strict=True):
        if other.kind != first.kind:
            raise DataError(
                f"{sources[0]} and {source} do not tell the time alike: expected time stamps, or numbers, in both of "
                f"their columns {first.name!r}. Detect them one by one."
            )
    return replace(
        first,
        unit=first.unit if all(axis.unit == first.unit for axis in axes) else None,
        offset=first.offset if all(axis.offset == first.offset for axis in axes) else "Z",
        resolution=max((axis.resolution for axis in axes), key=RESOLUTIONS.index),
        order=next(iter(orders)) if len(orders := {axis.order for axis in axes}) == 1 else None,
        put_back=tuple(dict.fromkeys(change for axis in axes for change in axis.put_back)),
    )


def _parse(text: pd.Series) -> np.ndarray:
    """(R,) datetime64[us] in UTC, NaT where a cell is not an ISO 8601 time stamp of the years 0 to 9999."""
    parsed = pd.to_datetime(text.mask(text.isin(MOMENTS)), format="ISO8601", errors="coerce", utc=True)
    return time_forms.within_years(parsed.dt.tz_localize(None).to_numpy().astype("datetime64[us]"))


def _is_iso(text: pd.Series) -> np.ndarray:
    return ~np.isnat(_parse(text))


def _read_stamps(text: pd.Series, column: pd.Series, form: str, place: Place, order: Order | None) -> ReadTimes:
    if not form:
        times = _parse(text)
        _refuse_first(np.isnat(times), column, place)
        offsets = {""}
        # Taking each one's offset apart is slow, and most files have none.
        if text.str.contains(HAS_OFFSET).any():
            offsets = set(map(time_forms.spell_offset, text.str.extract(OFFSET, expand=False).fillna("").unique()))
        resolution = _resolution(times, text.str.len().max() > len("2025-03-01"))
        return ReadTimes(times, TimeAxis(place.name, "timestamp", None, _shared(offsets), resolution))
    dates = time_forms.read_dates(text, form, place, order)
    other = "month" if dates.order == "day" else "day"
    _refuse_first(np.isnat(dates.times), column, place, text, dates.order if dates.decided_by == "the caller" else "")
    resolution = _resolution(dates.times, dates.has_clock)
    told = dates.order if re.search("slash|dot|dash", form) else None
    axis = TimeAxis(place.name, "timestamp", None, _shared(dates.zones), resolution, told)
    if dates.decided_by not in ("the rows", "nothing"):
        return ReadTimes(dates.times, axis)
    example = time_forms.spell_day(text.iloc[dates.example], dates.times[dates.example])
    why = ", which puts its rows in order or spaces them evenly" if dates.decided_by == "the rows" else ""
    note = f"Dates of {place.name!r} read {dates.order} first ({example}){why}: choose {other} first if that is wrong"
    return ReadTimes(dates.times, axis, (Repair(note),), dates.decided_by == "nothing")


def _read_elapsed(text: pd.Series, column: pd.Series, place: Place) -> ReadTimes:
    """Durations, or clock times that go on past midnight, in seconds."""
    elapsed = time_forms.read_elapsed(text)
    seconds = elapsed.seconds
    _refuse_first(np.isnan(seconds), column, place, text)
    axis = TimeAxis(place.name, "number")
    if not elapsed.is_clock:
        return ReadTimes(seconds, axis, (Repair(f"Durations of {place.name!r} read as seconds"),))
    midnights = np.flatnonzero(np.diff(seconds) < -43_200) + 1
    seconds[1:] += 86_400 * np.cumsum(np.diff(seconds) < -43_200)
    passed = f"midnight passed {len(midnights):,} time{'s' * (len(midnights) != 1)}"
    note = f"Clock times of {place.name!r} have no date: read as seconds since midnight of the first day, {passed}"
    return ReadTimes(seconds, axis, (Repair(note, len(midnights), place.lines(midnights)),))


def _read_numbers(column: pd.Series, place: Place) -> ReadTimes:
    _refuse_first(~np.isfinite(column.to_numpy(float, na_value=np.nan)), column, place)
    values = column.to_numpy()
    words = set(re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", place.name).lower()))
    speaks_of_time = len(values) > 0 and (bool(words & TIME_WORDS) or names_stamp(place.name))
    whole = bool(np.all(values == np.floor(values)))
    calendar, meaning = _read_digits(values, place) if speaks_of_time and whole else None, "year, month and day"
    if calendar is None and speaks_of_time and _are_serials(values, whole, bool(words & DATE_WORDS)):
        micros = (values * (DAY / 1000)).round().astype(np.int64) * 1000
        calendar, meaning = np.datetime64("1899-12-30", "us") + micros.astype("timedelta64[us]"), "a spreadsheet's days"
    if calendar is None:
        return ReadTimes(values, TimeAxis(place.name, "number", epoch_unit(values)))
    has_clock = bool((calendar.astype(np.int64) % DAY).any())
    shown = np.datetime_as_string(calendar[0], unit="m" if has_clock else "D")
    note = Repair(f"Numbers of {place.name!r} read as {meaning} ({values[0]:.15g} is {shown.replace('T', ' ')})")
    axis = TimeAxis(place.name, "timestamp", None, "", _resolution(calendar, has_clock))
    return ReadTimes(calendar, axis, (note,))


def are_dates(numbers: pd.Series) -> bool:
    """Whether whole numbers are dates by their figures, such as 20250301."""
    return _read_digits(numbers.to_numpy(), Place("", "", int)) is not None


def _read_digits(values: np.ndarray, place: Place) -> np.ndarray | None:
    """Numbers such as 20250301 and 20250301100000 -> (R,) datetime64[us]; None where they are no such dates."""
    low, high = (f"{float(value):.0f}" for value in (values.min(), values.max()))
    if not ("1900" <= low[:4] <= high[:4] <= "2100" and len(low) == len(high) and len(low) in FIGURES):
        return None
    form = FIGURES[len(low)]
    dates = time_forms.read_dates(pd.Series(values.astype(np.int64)).astype("str"), form, place, None)
    return None if np.isnat(dates.times).any() else dates.times


def _are_serials(values: np.ndarray, whole: bool, is_date: bool) -> bool:
    """Whether numbers are days of a spreadsheet: step counters are whole, or do not lie there, or are not so dense."""
    if values.min() < SERIALS[0] or values.max() > SERIALS[1] or (whole and not is_date):
        return False
    return len(values) < 2 or bool(np.median(np.abs(np.diff(values))) <= 1)


def _follow_clock(read: ReadTimes, place: Place, is_copy: IsCopy) -> ReadTimes:
    """Keep the rows in order where the clock was set back, with their times as they are written."""
    has_zone = read.axis.kind != "timestamp" or read.axis.offset
    changes = () if has_zone else find_put_back(read.times, is_copy)
    if not changes:
        return read
    rows = np.flatnonzero(np.diff(read.times.astype(np.int64)) <= 0) + 1
    lines = ", ".join(f"{line:,}" for line in place.lines(rows)) + ", …" * (len(rows) > SHOWN)
    shifts = sorted({one.shift.astype(int) for one in changes})
    amount = "an hour" if shifts[0] == HOUR else say_duration(shifts[0] / 1e6)
    amount += " or more" * (len(shifts) > 1)
    is_season = all(shift in SEASONAL for shift in shifts)
    note = Repair(
        f"Column {place.name!r}: the clock goes back {amount} at line{'s' * (len(rows) > 1)} {lines} "
        f"({'daylight saving' if is_season else 'it was corrected'}): the time told twice is kept in the order of the "
        "file; all times are as the file writes them",
        len(rows),
    )
    axis = replace(read.axis, put_back=changes)
    return replace(read, times=hold_in_order(read.times, changes), axis=axis, notes=(*read.notes, note))


def _shared(offsets: Collection[str]) -> str:
    return next(iter(offsets)) if len(offsets) == 1 else "Z"


def _refuse_first(
    bad: np.ndarray, column: pd.Series, place: Place, text: pd.Series | None = None, order: str = ""
) -> None:
    """`text`: the cells, where most are in a form of their own; `order`: which was asked for."""
    if not bad.any():
        return
    row = int(np.argmax(bad))
    cell = column.iloc[row]
    found = repr(str(cell))
    if pd.isna(cell):  # in a column of numbers, a cell that is none has become missing
        found = "an empty cell" if column.dtype == "str" else "an empty cell or one that is no number"
    example = "such as 2025-03-01T12:00:00 or a number"
    if text is not None and not bad.all():
        example = f"like {str(text.iloc[int(np.argmin(bad))])!r}, the form of most rows"
    elif order:
        example = f"the {order} being first"
    advice = "Mend it, choose the other order of day and month" if order else "Mend it"
    raise UnreadableTimes(
        f"{place.line(row)}: expected a time in column {place.name!r}, {example}, found {found}. "
        f"{advice}, or choose another time column.",
        bad,
    )


def _resolution(times: np.ndarray, has_clock: bool) -> Literal["D", "s", "ms", "us"]:
    if not has_clock:
        return "D"
    micros = times.astype(np.int64)
    if not (micros % 1_000_000).any():
        return "s"
    return "us" if (micros % 1000).any() else "ms"


def epoch_unit(values: np.ndarray) -> float | None:
    """Seconds in a unit of numbers that count from 1970; None where they do not."""
    if len(values) == 0:
        return None
    low, high = float(values.min()), float(values.max())
    for unit, (first, last) in EPOCH_UNITS.items():
        if first <= low and high <= last:
            return unit
    return None
