"""Times in text other than ISO 8601: dates in the notations of many countries, clock times, durations."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from anomaly.domain import DataError
from anomaly.reading.times.patterns import FORMS
from anomaly.reading.vocabulary.time_words import MONTH_OF, MONTHS, ZONE_OF

Order = Literal["day", "month"]
NO_TIME = np.datetime64("NaT", "us")
CENTURY = 69
"""two-digit years from here on are of the 1900s, as POSIX has it"""
SAMPLE = 200
SHOWN = 5
TIDY = 0.9
"""share of steps that go one way from which on the order of rows decides between day and month first"""


@dataclass(frozen=True)
class Place:
    """Where a column stands in a file, for error messages."""

    name: str
    source: str
    line_of: Callable[[int], int]
    """the line of the file that a row is on"""

    def line(self, row: int) -> str:
        return f"{self.source}, line {self.line_of(row):,}"

    def lines(self, rows: np.ndarray) -> tuple[int, ...]:
        """The lines of the first few of `rows`."""
        return tuple(self.line_of(int(row)) for row in rows[:SHOWN])


@dataclass(frozen=True, eq=False)
class Dates:
    """A column of R dates, all in one form."""

    times: np.ndarray
    """(R,) datetime64[us], in UTC where a zone was told; NaT where the cell is not in this form"""
    zones: tuple[str, ...]
    """each that a cell tells, as "Z", "+01:00" or "" """
    has_clock: bool
    order: Order = "day"
    decided_by: Literal["a day beyond 12", "the caller", "the rows", "nothing"] = "a day beyond 12"
    """what told whether the day or the month comes first"""
    example: int = 0
    """a row that the other order would read otherwise"""


@dataclass(frozen=True, eq=False)
class Elapsed:
    """A column of R clock times without a date, or of durations."""

    seconds: np.ndarray
    """(R,) float64, clock times from the midnight before; NaN where the cell is neither"""
    is_clock: bool


def find_form(text: pd.Series, is_iso: Callable[[pd.Series], np.ndarray]) -> str:
    """The form of most cells: a key of FORMS, or "" for ISO 8601, and where no form fits."""
    sample = text.iloc[:: max(1, len(text) // SAMPLE)].dropna()
    most, best = int(is_iso(sample).sum()), ""
    if most < len(sample):
        for form in FORMS:
            count = int(fits(sample, form).sum())
            if count > most:
                most, best = count, form
            if most == len(sample):
                break
    return best


def fits(text: pd.Series, form: str) -> np.ndarray:
    """(R,) whether each cell is a time in this form."""
    fields = _Fields(text, form)
    if not fields.matched.any():
        return fields.matched
    if form == "elapsed":
        return np.isfinite(_read_elapsed(fields).seconds)
    if "first" in fields.names:
        return ~np.isnat(_days(fields, "day")) | ~np.isnat(_days(fields, "month"))
    return ~np.isnat(_days(fields, None))


def read_elapsed(text: pd.Series) -> Elapsed:
    """Clock times and durations -> seconds."""
    return _read_elapsed(_Fields(text, "elapsed"))


def read_dates(text: pd.Series, form: str, place: Place, order: Order | None) -> Dates:
    """Dates of one form, NaT elsewhere. `order` forces what two numbers before a year are; else the rows tell.

    Raises DataError where some rows can only be read day first, and others only month first.
    """
    fields = _Fields(text, form)
    zones, has_clock = fields.zones(), bool(fields.has("hour").any())
    if "first" not in fields.names:
        return Dates(_days(fields, None), zones, has_clock)
    if order is not None:
        return Dates(_days(fields, order), zones, has_clock, order, "the caller")
    day, month = _days(fields, "day"), _days(fields, "month")
    only_day, only_month = np.isnat(month) & ~np.isnat(day), np.isnat(day) & ~np.isnat(month)
    if only_day.any() and only_month.any():
        rows = int(np.argmax(only_day)), int(np.argmax(only_month))
        raise DataError(
            f"{place.line(rows[0])}: {str(text.iloc[rows[0]])!r} in column {place.name!r} has the day first, but "
            f"{str(text.iloc[rows[1]])!r} on line {place.line_of(rows[1]):,} the month: expected one order in all "
            "rows. Mend one of them, or choose another time column."
        )
    if only_day.any() or only_month.any():
        chosen: Order = "day" if only_day.any() else "month"
        return Dates(day if chosen == "day" else month, zones, has_clock, chosen)
    known = ~np.isnat(day)
    if text.str.match(r"\s*\d{1,2}\.\d{1,2}\.").all():
        return Dates(day, zones, has_clock, "day")  # between points nobody writes the month first
    differ = known & (day != month)
    if not differ.any():
        return Dates(day, zones, has_clock)
    chosen, decided = _order_of_rows(day[known], month[known])
    if not decided and text.str.contains(r"[AaPp]\.?[Mm]").any():
        chosen = "month"  # whoever counts twelve hours mostly writes the month first
    times = day if chosen == "day" else month
    return Dates(times, zones, has_clock, chosen, "the rows" if decided else "nothing", int(np.argmax(differ)))


def spell_offset(offset: str) -> str:
    """ "+0100", "+01" and "CET" as "+01:00"."""
    if not offset or offset.lower() in ZONE_OF:
        return ZONE_OF.get(offset.lower(), "")
    return f"{offset[:3]}:{offset[3:].lstrip(':') or '00'}"


def spell_day(cell: str, time: np.datetime64) -> str:
    """ "03/04/2025 is 3 April"."""
    written = re.search(r"\d+([/.-])\s?\d+\1\s?\d+", cell)
    month, day = np.datetime_as_string(time, unit="D").rsplit("-", 2)[1:]
    return f"{written.group() if written else cell} is {int(day)} {MONTHS[int(month) - 1].capitalize()}"


def within_years(times: np.ndarray) -> np.ndarray:
    """Times outside the years 0 to 9999 as NaT: ISO 8601 has four digits for a year."""
    return np.where((times >= np.datetime64("0000-01-01")) & (times < np.datetime64("10000-01-01")), times, NO_TIME)


class _Fields:
    """What the groups of a form's pattern caught, by name."""

    def __init__(self, text: pd.Series, form: str) -> None:
        cells = pa.array(text.astype("str"), pa.large_string(), from_pandas=True)
        cells = cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells
        self.form = form
        self._found = pc.extract_regex(cells, FORMS[form])
        self.names = {field.name for field in self._found.type}
        self.matched = np.asarray(self._found.is_valid(), bool)

    def text(self, name: str) -> pa.Array:
        """Each cell's catch, "" where there is none."""
        if name not in self.names:
            return pa.array([""] * len(self.matched), pa.large_string())
        return pc.fill_null(pc.struct_field(self._found, name), "")

    def has(self, name: str) -> np.ndarray:
        return np.asarray(pc.not_equal(self.text(name), ""), bool)

    def whole(self, name: str) -> np.ndarray:
        """(R,) int64, 0 where there is none."""
        if name not in self.names:
            return np.zeros(len(self.matched), np.int64)
        cells = self.text(name)
        return np.asarray(pc.cast(pc.if_else(pc.equal(cells, ""), "0", cells), pa.int64()), np.int64)

    def zones(self) -> tuple[str, ...]:
        if "zone" not in self.names:
            return ("",)
        return tuple(sorted({spell_offset(zone) for zone in pc.unique(self.text("zone")).to_pylist()}))


def _days(fields: _Fields, order: Order | None) -> np.ndarray:
    """(R,) datetime64[us] in UTC, NaT where the cell does not match or names no day or time of day that there is."""
    year = fields.whole("year")
    is_short = np.asarray(pc.equal(pc.utf8_length(fields.text("year")), 2), bool)
    year = year + is_short * np.where(year < CENTURY, 2000, 1900)
    if order is not None:
        places = fields.whole("first"), fields.whole("other")
        day, month = places if order == "day" else places[::-1]
    else:
        day, month = fields.whole("day"), _months(fields)
    micros, is_time = _clock(fields, 24)
    lead, is_zone = _leads(fields)
    if "place" in fields.names:
        start = (year - 1970).astype("datetime64[Y]")
        date = start.astype("datetime64[D]") + (fields.whole("place") - 1)
        is_date = date.astype("datetime64[Y]") == start
    else:
        start = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
        date = start.astype("datetime64[D]") + (day - 1)
        is_date = (month >= 1) & (month <= 12) & (date.astype("datetime64[M]") == start)
    times = date.astype("datetime64[us]") + (micros - lead * 60_000_000).astype("timedelta64[us]")
    return within_years(np.where(is_date & is_time & is_zone, times, NO_TIME))


def _months(fields: _Fields) -> np.ndarray:
    if "word" not in fields.names:
        return fields.whole("month")
    known = pa.array(MONTH_OF, pa.large_string())
    place = pc.fill_null(pc.index_in(pc.utf8_lower(fields.text("word")), known), -1)
    return np.array([*MONTH_OF.values(), 0])[np.asarray(place, np.int64)]


def _clock(fields: _Fields, hours: int) -> tuple[np.ndarray, np.ndarray]:
    """(R,) microseconds since midnight, and (R,) whether the cell matches and its time of day is one."""
    hour, minute, second = (fields.whole(name) for name in ("hour", "minute", "second"))
    digits = pc.utf8_slice_codeunits(pc.utf8_rpad(fields.text("fraction"), 6, "0"), 0, 6)
    fraction = np.asarray(pc.cast(digits, pa.int64()), np.int64)
    half = pc.utf8_lower(fields.text("half"))
    has_clock, has_half = fields.has("hour"), fields.has("half")
    is_time = fields.matched & (minute <= 59) & (second <= 59)
    # A lone hour is one where it stands in as many figures as the day.
    is_time &= ~has_clock | fields.has("minute") | has_half | (fields.form == "compact")
    is_time &= np.where(has_half, hour <= 12, (hour < hours) | ((hour == hours) & (minute + second + fraction == 0)))
    if has_half.any():  # 1:30 beside 1:30 PM may be either half of the day
        most = 2 * np.sum(has_half) >= np.sum(has_clock)
        is_time &= ~has_clock | (has_half == most)
        hour = np.where(has_half, hour % 12 + 12 * np.asarray(pc.equal(half, "p"), bool), hour)
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction, is_time


def _leads(fields: _Fields) -> tuple[np.ndarray, np.ndarray]:
    """(R,) minutes by which the cell's zone is ahead of UTC, and (R,) whether there may be such a zone."""
    if "zone" not in fields.names:
        return np.zeros(len(fields.matched), np.int64), np.ones(len(fields.matched), bool)
    codes = pc.dictionary_encode(fields.text("zone"))
    zones = [spell_offset(zone) for zone in codes.dictionary.to_pylist()]
    signs = np.array([-1 if zone.startswith("-") else 1 for zone in zones])
    hours, minutes = (
        np.array([int(zone[part]) if len(zone) > 1 else 0 for zone in zones]) for part in (slice(1, 3), slice(4, 6))
    )
    rows = np.asarray(codes.indices)
    return (signs * (60 * hours + minutes))[rows], ((hours <= 23) & (minutes <= 59))[rows]


def _read_elapsed(fields: _Fields) -> Elapsed:
    micros, is_time = _clock(fields, 1_000_000)
    has_days, is_late = fields.has("days"), micros > 86_400_000_000
    is_time &= ~(has_days & fields.has("half"))
    seconds = np.where(is_time, fields.whole("days") * 86400.0 + micros / 1e6, np.nan)
    return Elapsed(seconds, not (has_days | is_late).any())


def _order_of_rows(day: np.ndarray, month: np.ndarray) -> tuple[Order, bool]:
    """The order under which more of the rows are in order, or else evenly spaced; and whether that decides it."""
    as_day, as_month = _regularity(day), _regularity(month)
    if as_day[:3] == as_month[:3]:
        firsts = [bool((one == one.astype("datetime64[M]")).all()) for one in (day, month)]
        if firsts[0] != firsts[1]:
            # The first of twelve months in one order is twelve days of January in the other: months are likelier.
            return "day" if firsts[0] else "month", False
        # Twelve days of March in one order are the third day of twelve months in the other: days are likelier.
        return "month" if as_month[3] > as_day[3] else "day", False
    best = max(as_day, as_month)
    return "day" if best == as_day else "month", best[0] >= TIDY


def _regularity(times: np.ndarray) -> tuple[float, float, float, float]:
    """Shares of the steps that go one way, that are equal (in time or in months), that rise, and equal in time."""
    if len(times) < 2:
        return 1.0, 1.0, 1.0, 1.0
    steps = np.diff(times.astype(np.int64))
    rising = np.mean(steps >= 0)
    equal = np.unique(steps, return_counts=True)[1].max() / len(steps)
    months = times.astype("datetime64[M]")
    is_monthly = np.diff((times - months).astype(np.int64)) == 0
    monthly = np.unique(np.diff(months.astype(np.int64))[is_monthly], return_counts=True)[1]
    even = max(equal, monthly.max(initial=0) / len(steps))
    return float(max(rising, np.mean(steps <= 0))), float(even), float(rising), float(equal)
