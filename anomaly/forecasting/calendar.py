"""What the clock and the calendar say of the step that is predicted: hour of day, day of week, days off.

No date and no day of the year: a network that saw them would learn single days by heart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from anomaly.domain import (
    Dataset,
    FitSettings,
    TimeAxis,
    TimeSeries,
    find_days_off,
    find_rest_day,
    put_back_clock,
    to_calendar,
)

Part = Literal["hour", "weekday"]
DAY = 86_400_000_000
"""microseconds"""
THURSDAY = 3
"""the day of the week, Monday being 0, of 1970-01-01"""
HARMONICS = 2
"""of the day: one wave tells morning from evening, two draw a peak at each"""
INPUT_SIZE = 4.0
"""of each wave, and of the one day that it is. Values have a standard deviation of 1; smaller ones are learnt too late,
and what is odd for its weekday is then blamed on the day before"""
NAMES = {"hour": "the hour of the day", "weekday": "the day of the week"}


@dataclass(frozen=True)
class Calendar:
    """Which of them the network sees: chosen once for the train span, computed for any file after."""

    parts: tuple[Part, ...] = ()
    holidays: tuple[str, ...] = ()
    """as in `FitSettings`"""

    @property
    def size(self) -> int:
        """How many inputs they are."""
        return 2 * HARMONICS * ("hour" in self.parts) + 7 * ("weekday" in self.parts)

    def inputs(self, series: TimeSeries, axis: TimeAxis) -> np.ndarray:
        """(T, size) float32: the hour as waves, the day of the week as one of seven, of the step after each.

        A day off counts as the day of rest. The clock is the file's own; after the last step the usual time goes by.
        """
        found = np.zeros((len(series), self.size), np.float32)
        if not self.parts:
            return found
        times = written_times(series.times, axis)
        ahead = np.append(times[1:], times[-1:] + (int(np.median(np.diff(times))) if len(times) > 1 else 0))
        if "hour" in self.parts:
            angle = (2 * np.pi / DAY * (ahead % DAY)).astype(np.float32)
            for wave in range(HARMONICS):
                found[:, 2 * wave] = INPUT_SIZE * np.sin((wave + 1) * angle)
                found[:, 2 * wave + 1] = INPUT_SIZE * np.cos((wave + 1) * angle)
        if "weekday" in self.parts:
            found[np.arange(len(times)), self.size - 7 + days_of_week(ahead // DAY, self.holidays)] = INPUT_SIZE
        return found

    def find_days_off(self, series: TimeSeries, axis: TimeAxis) -> np.ndarray:
        """(T,) bool: the steps on days off that would be no day of rest otherwise."""
        if "weekday" not in self.parts or not self.holidays:
            return np.zeros(len(series), bool)
        days = written_times(series.times, axis) // DAY
        return days_of_week(days, self.holidays) != days_of_week(days, ())

    def find_turns(self, series: TimeSeries, axis: TimeAxis) -> np.ndarray:
        """Steps at which a day off begins or has ended: an order of days that the forecaster has hardly seen."""
        return np.flatnonzero(np.diff(self.find_days_off(series, axis))) + 1


NO_CALENDAR = Calendar()


def written_times(times: np.ndarray, axis: TimeAxis) -> np.ndarray:
    """(T,) int64 microseconds since 1970 on the clock that the file was written by; of `times` with a calendar."""
    local = put_back_clock(to_calendar(times, axis), axis.put_back)
    return local.astype("datetime64[us]").astype(np.int64)


def days_of_week(days: np.ndarray, holidays: Sequence[str]) -> np.ndarray:
    """Days since 1970 -> 0 (Monday) to 6; days off as the day of rest."""
    first = np.flatnonzero(np.diff(days, prepend=days[:1] - 1))
    each = days[first]
    week = (each + THURSDAY) % 7
    if holidays:
        years = np.unique(each.astype("datetime64[D]").astype("datetime64[Y]").astype(int)) + 1970
        off = np.isin(each, find_days_off(holidays, years.tolist()).astype(np.int64))
        week[off] = find_rest_day(holidays)
    return np.repeat(week, np.diff(first, append=len(days)))


def describe_calendar(calendar: Calendar, settings: FitSettings, dataset: Dataset) -> str:
    """In a sentence or two, what of the calendar the forecaster sees in `dataset`; empty for nothing."""
    named = " and ".join(NAMES[part] for part in calendar.parts)
    told = (
        f"{named[:1].upper()}{named[1:]} {'are inputs' if len(calendar.parts) > 1 else 'is an input'}" if named else ""
    )
    if not settings.holidays:
        return f"{told}." * bool(told)
    if "weekday" not in calendar.parts:
        why = (
            "the calendar is off"
            if settings.calendar == "off"
            else "the day of the week is an input only where the train span has time stamps over two weeks and a "
            "rhythm that follows it"
        )
        return f"{told}. " * bool(told) + f"The holidays change nothing: {why}."
    return f"{told}; {_count_days_off(calendar, dataset)}."


def _count_days_off(calendar: Calendar, dataset: Dataset) -> str:
    axis = dataset.time_axis
    days = np.unique(np.concatenate([written_times(one.times, axis) // DAY for one in dataset.series]))
    count = int((days_of_week(days, calendar.holidays) != days_of_week(days, ())).sum())
    if not count:
        return "none of the holidays makes a working day of this file a day off"
    return f"{count:,} day{'s' * (count != 1)} count{'s' * (count == 1)} as {'days' if count > 1 else 'a day'} off"
