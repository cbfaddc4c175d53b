"""Signals sampled evenly, each at its own rate -> a table: names apart, one time axis, real times where known."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from anomaly.domain import DataError, Repair
from anomaly.reading.formats.columnar import make_table
from anomaly.reading.formats.table import Table

TIME, LABEL, STATE = "time", "label", "state"
PLACEHOLDERS = {dt.date(1985, 1, 1), dt.date(1970, 1, 1), dt.date(1900, 1, 1)}
"""what is written for a date that is unknown or was taken out; the first is the one of EDF+"""
FINEST_STEP = 1e-5
"""seconds: time stamps are whole microseconds, and finer steps would no longer be even"""


@dataclass(frozen=True, eq=False)
class Signal:
    name: str
    unit: str
    samples: np.ndarray
    """(N,) evenly over the recording; not finite = missing"""


@dataclass(frozen=True, eq=False)
class Recording:
    """What a file of waveforms holds, before anything is said of its annotations."""

    name: str
    signals: tuple[Signal, ...]
    rate: float
    """samples per second of the fastest signal"""
    start: dt.datetime | None
    """None = not known, or taken out for privacy"""

    def __post_init__(self) -> None:
        if not len(self) or not 0 < self.rate < np.inf:
            raise DataError(
                f"{self.name} holds no signal: expected at least one, sampled at a known rate. Export it with one."
            )

    def __len__(self) -> int:
        return max((len(one.samples) for one in self.signals), default=0)


def tabulate(recording: Recording, content: bytes, told: Mapping[str, np.ndarray], notes: Sequence[Repair]) -> Table:
    """A table of the recording: time, its signals, and what its annotations tell, as columns.

    Times are time stamps where the start is known, else seconds since it. A signal sampled less often than the fastest
    is empty between its samples. Content: the bytes it was read from.
    """
    steps, names = len(recording), _apart([one.name for one in recording.signals])
    numbers = {name: spread(one.samples, steps) for name, one in zip(names, recording.signals, strict=True)}
    words = {name: cells for name, cells in told.items() if cells.dtype.kind == "O"}
    table = make_table(
        pd.DataFrame(numbers | {name: cells for name, cells in told.items() if name not in words}),
        content,
        recording.name,
    )
    # Text that is text already would be looked at word by word for numbers.
    frame = table.frame.assign(**{name: pd.array(pa.array(cells), dtype="str") for name, cells in words.items()})
    times, unit = _times(recording)
    frame.insert(0, TIME, times)
    slower = [name for name, one in zip(names, recording.signals, strict=True) if len(one.samples) < steps]
    if slower:
        notes = [Repair(f"Sampled less often than the rest, empty between: {', '.join(slower)}"), *notes]
    units = unit | {name: one.unit for name, one in zip(names, recording.signals, strict=True)}
    return replace(table, frame=frame, units=units, repairs=tuple(notes))


def known_start(date: dt.date | None, time: dt.time | None) -> dt.datetime | None:
    """When a recording began; None where its header has no date, or a placeholder."""
    return None if date is None or date in PLACEHOLDERS else dt.datetime.combine(date, time or dt.time())


def spread(samples: np.ndarray, steps: int) -> np.ndarray:
    """(T,) float64: the samples of one signal, evenly, at the steps nearest to them; NaN between."""
    values = np.full(steps, np.nan)
    places = (np.arange(len(samples)) * steps + len(samples) // 2) // max(len(samples), 1)
    values[places] = np.where(np.isfinite(samples), samples, np.nan)
    return values


def _times(recording: Recording) -> tuple[pd.Series, dict[str, str]]:
    seconds = np.arange(len(recording)) / recording.rate
    if recording.start is None or 1 / recording.rate < FINEST_STEP:
        return pd.Series(seconds), {TIME: "s"}
    stamps = np.datetime64(recording.start, "us") + np.round(seconds * 1e6).astype("timedelta64[us]")
    return pd.Series(pa.array(stamps).cast(pa.string()).to_pandas(), dtype="str"), {}


def _apart(names: Sequence[str]) -> list[str]:
    """Names that are all different, none of them one that the table needs itself."""
    taken = {TIME, LABEL, STATE}
    apart: list[str] = []
    for place, name in enumerate(names, 1):
        free, number = name or f"signal {place}", 2
        while free in taken:
            free, number = f"{name or f'signal {place}'} {number}", number + 1
        taken.add(free)
        apart.append(free)
    return apart
