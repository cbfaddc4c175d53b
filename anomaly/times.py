"""Time columns: ISO 8601 time stamps, numbers, and numbers that count from 1970."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from anomaly.domain import TimeAxis
from anomaly.exceptions import DataError

EPOCH_UNITS = {1.0: (2e8, 5e9), 1e-3: (2e11, 5e12), 1e-6: (2e14, 5e15), 1e-9: (2e17, 5e18)}
"""seconds in a unit: the numbers that mean a day from 1976 to 2128 in it"""
OFFSET = re.compile(r"[Tt ].*(Z|z|[+-]\d\d(?::?\d\d)?)$")
"""after a time of day only: the end of 2025-03-01 is no offset"""
RESOLUTIONS: tuple[Literal["D", "s", "ms", "us"], ...] = ("D", "s", "ms", "us")
SAMPLE = 50


def looks_like_time(text: pd.Series) -> bool:
    """Whether most of a text column's first cells are time stamps."""
    sample = text.dropna().iloc[:SAMPLE]
    return len(sample) > 0 and bool(_parse(sample).notna().mean() > 0.5)


def parse_times(
    column: pd.Series, name: str, source: str, line_of: Callable[[int], int]
) -> tuple[np.ndarray, TimeAxis]:
    """A time column's cells -> times (R,), datetime64[us] or numbers, and what they mean.

    `line_of` gives the line of the file that a row is on. Raises DataError naming the first line that is empty or not
    a time.
    """
    if pd.api.types.is_numeric_dtype(column):
        _refuse_first(~np.isfinite(column.to_numpy(float)), column, name, source, line_of)
        values = column.to_numpy()
        return values, TimeAxis(name, "number", _epoch_unit(values))
    text = column.astype("str").str.strip()
    parsed = _parse(text)
    _refuse_first(parsed.isna().to_numpy(), column, name, source, line_of)
    offsets = {_spell_offset(offset) for offset in text.str.extract(OFFSET, expand=False).fillna("").unique()}
    times = parsed.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    offset = offsets.pop() if len(offsets) == 1 else "Z"
    return times, TimeAxis(name, "timestamp", None, offset, _resolution(times, text))


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
    )


def to_calendar(times: np.ndarray, axis: TimeAxis) -> np.ndarray:
    """Times as a chart shows them: datetime64 for epoch numbers too, local to the file's offset; else unchanged."""
    if axis.unit is None:
        return times + axis_offset(axis) if axis.kind == "timestamp" else times
    return (np.asarray(times, float) * axis.unit * 1e6).round().astype(np.int64).astype("datetime64[us]")


def axis_offset(axis: TimeAxis) -> np.timedelta64:
    """The local time's lead over UTC: "+01:00" is one hour."""
    if axis.offset in ("", "Z"):
        return np.timedelta64(0, "m")
    hours, minutes = axis.offset[1:].split(":")
    lead = np.timedelta64(60 * int(hours) + int(minutes), "m")
    return -lead if axis.offset[0] == "-" else lead


def _parse(text: pd.Series) -> pd.Series:
    """UTC times, NaT where a cell is not an ISO 8601 time stamp."""
    return pd.to_datetime(text.str.strip(), format="ISO8601", errors="coerce", utc=True)


def _spell_offset(offset: str) -> str:
    """ "+0100" and "+01" as "+01:00"."""
    if offset in ("", "Z", "z"):
        return offset.upper()
    return f"{offset[:3]}:{offset[3:].lstrip(':') or '00'}"


def _refuse_first(bad: np.ndarray, column: pd.Series, name: str, source: str, line_of: Callable[[int], int]) -> None:
    if not bad.any():
        return
    row = int(np.argmax(bad))
    cell = column.iloc[row]
    found = repr(str(cell))
    if pd.isna(cell):  # in a column of numbers, a cell that is none has become missing
        found = "an empty cell" if column.dtype == "str" else "an empty cell or one that is no number"
    raise DataError(
        f"{source}, line {line_of(row):,}: expected a time in column {name!r}, such as 2025-03-01T12:00:00 or "
        f"a number, found {found}. Mend it, or choose another time column."
    )


def _resolution(times: np.ndarray, text: pd.Series) -> Literal["D", "s", "ms", "us"]:
    if text.str.len().max() <= len("2025-03-01"):
        return "D"
    micros = times.astype(np.int64)
    if not (micros % 1_000_000).any():
        return "s"
    return "us" if (micros % 1000).any() else "ms"


def _epoch_unit(values: np.ndarray) -> float | None:
    low, high = float(values.min()), float(values.max())
    for unit, (first, last) in EPOCH_UNITS.items():
        if first <= low and high <= last:
            return unit
    return None


def format_times(times: np.ndarray, axis: TimeAxis) -> np.ndarray | pd.Series:
    """Times as the file gave them: numbers as they are, parsed time stamps as ISO 8601 text."""
    if axis.kind != "timestamp":
        return times
    local = (times + axis_offset(axis)).astype("datetime64[us]")
    text = np.datetime_as_string(local, unit=axis.resolution)
    return pd.Series(np.char.add(text, axis.offset) if axis.offset else text, dtype="str")


def seconds_of(duration: np.timedelta64 | float, axis: TimeAxis) -> float:
    """A difference of two times in seconds; NaN where the file does not tell what its unit is."""
    if axis.kind == "timestamp":
        return float(np.asarray(duration) / np.timedelta64(1, "us")) / 1e6
    return float(duration) * axis.unit if axis.unit is not None else float("nan")
