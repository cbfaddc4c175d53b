"""What the times of a dataset mean, and how they are written, drawn and counted in seconds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:  # the first page knows of times, and should not wait for it
    import pandas as pd


@dataclass(frozen=True)
class PutBack:
    """A stretch of local time that is told twice, as the clock was put back: when daylight saving time ends, say.

    Its second telling is held between the last time before the change and the first that is later, so that times never
    go back; all other times are as they are written.
    """

    start: np.datetime64
    """the last time before the clock was put back"""
    stop: np.datetime64
    """the first time that is later"""
    shift: np.timedelta64
    """by which it was put back"""
    step: np.timedelta64
    """from row to row"""

    def hold(self, written: np.ndarray) -> np.ndarray:
        """Written times (R,) of the second telling -> times of a dataset, rounded to the microsecond."""
        back = self.start - self.shift
        share = (written - back) / (self.stop - back)
        return self.start + (share * _micros(self.stop - self.start)).round().astype("timedelta64[us]")

    def write(self, times: np.ndarray) -> np.ndarray:
        """Times (R,) of a dataset -> as they are written."""
        back = self.start - self.shift
        share = (times - self.start) / (self.stop - self.start)
        steps = (share * _micros(self.stop - back) / _micros(self.step)).round().astype(np.int64)
        is_second = (times > self.start) & (times < self.stop)
        return np.where(is_second, back + steps * self.step, times)


@dataclass(frozen=True)
class TimeAxis:
    """What the times of a dataset mean.

    `kind` is "timestamp" (times are datetime64[us], in UTC when `offset` is not empty), "number" (as the file gave
    them) or "row" (there was no time column: positions from 0). `unit` is the seconds in one unit of a number that
    counts from 1970 (epoch), else None. `resolution` is the coarsest unit that writes every time stamp without loss.
    """

    name: str
    kind: Literal["timestamp", "number", "row"]
    unit: float | None = None
    offset: str = ""
    resolution: Literal["D", "s", "ms", "us"] = "s"
    order: Literal["day", "month"] | None = None
    """what came first in dates such as 03/04/2025"""
    put_back: tuple[PutBack, ...] = ()
    """where local time is told twice"""

    @property
    def is_calendar(self) -> bool:
        """Whether a duration in seconds is known."""
        return self.kind == "timestamp" or self.unit is not None


def to_calendar(times: np.ndarray, axis: TimeAxis) -> np.ndarray:
    """Times as a chart shows them: datetime64 for epoch numbers too, local to the file's offset; else unchanged."""
    if axis.unit is None:
        return times + axis_offset(axis) if axis.kind == "timestamp" else times
    if np.issubdtype(times.dtype, np.integer):  # a double would round nanoseconds to a quarter of a microsecond
        micros = times // 1000 + (times % 1000 >= 500) if axis.unit < 1e-6 else times * round(axis.unit * 1e6)
        return micros.astype(np.int64).astype("datetime64[us]")
    return (np.asarray(times, float) * axis.unit * 1e6).round().astype(np.int64).astype("datetime64[us]")


def put_back_clock(times: np.ndarray, changes: tuple[PutBack, ...]) -> np.ndarray:
    """A dataset's times (T,) -> as the file wrote them, with an hour twice where the clock was put back."""
    for change in changes:
        times = change.write(times)
    return times


def axis_offset(axis: TimeAxis) -> np.timedelta64:
    """The local time's lead over UTC: "+01:00" is one hour."""
    if axis.offset in ("", "Z"):
        return np.timedelta64(0, "m")
    hours, minutes = axis.offset[1:].split(":")
    lead = np.timedelta64(60 * int(hours) + int(minutes), "m")
    return -lead if axis.offset[0] == "-" else lead


def format_times(times: np.ndarray, axis: TimeAxis) -> "np.ndarray | pd.Series":
    """Times as the file gave them: numbers as they are, parsed time stamps as ISO 8601 text."""
    if axis.kind != "timestamp":
        return times
    import pandas as pd

    local = (put_back_clock(times, axis.put_back) + axis_offset(axis)).astype("datetime64[us]")
    text = np.datetime_as_string(local, unit=axis.resolution)
    return pd.Series(np.char.add(text, axis.offset) if axis.offset else text, dtype="str")


def seconds_of(duration: np.timedelta64 | float, axis: TimeAxis) -> float:
    """A difference of two times in seconds; NaN where the file does not tell what its unit is."""
    if axis.kind == "timestamp":
        return float(np.asarray(duration) / np.timedelta64(1, "us")) / 1e6
    return float(duration) * axis.unit if axis.unit is not None else float("nan")


def _micros(duration: np.timedelta64) -> int:
    return int(duration.astype("timedelta64[us]").astype(np.int64))
