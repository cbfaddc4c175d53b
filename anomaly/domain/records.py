"""Records and datasets, as they come out of reading. T steps, C monitored channels, X context channels."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from anomaly.domain.settings.reading import Kind
from anomaly.domain.times import TimeAxis


@dataclass(frozen=True)
class Columns:
    """Which column of the file has which role."""

    time: str | None
    record: str | None
    monitored: tuple[str, ...]
    context: tuple[str, ...]
    labels: str | None
    ignore: str | None = None
    """rule for the steps to leave out, such as running=0"""
    date_order: Literal["day", "month"] | None = None
    """which comes first in dates such as 03/04/2025; None = told by the column"""
    step: float | None = None
    """width of the even steps the rows were resampled to, in seconds or the time column's unit; None = not resampled"""
    measured: tuple[str, ...] = ()
    """the channels in which no number is a code for missing"""
    variable: str | None = None
    """of a long table, the column that names what was measured, where the settings told it"""
    value: str | None = None
    """of a long table, the column of what was measured, where the settings told it"""
    kinds: tuple[Kind, ...] = ()
    """of the monitored channels, in their order; () = all are values"""

    @property
    def every_kind(self) -> tuple[Kind, ...]:
        """As `kinds`, one for each monitored channel."""
        plain: tuple[Kind, ...] = ("value",)
        return self.kinds or plain * len(self.monitored)

    def kind_of(self, channel: str) -> Kind:
        """Of a monitored channel."""
        return self.every_kind[self.monitored.index(channel)]


@dataclass(frozen=True)
class Repair:
    """Something done to the file, or found in it, that the user should know of."""

    text: str
    count: int = 0
    lines: tuple[int, ...] = ()
    """first few lines of the file concerned, the header being line 1"""

    def __str__(self) -> str:
        if not self.lines:
            return self.text
        shown = ", ".join(f"{line:,}" for line in self.lines)
        return f"{self.text} (line{'s' * (len(self.lines) > 1)} {shown}{', …' * (self.count > len(self.lines))})"


@dataclass(frozen=True, eq=False)
class TimeSeries:
    """One record, of any length T >= 1."""

    name: str
    times: np.ndarray
    """(T,) datetime64[us] or a number, never decreasing"""
    values: np.ndarray
    """(T, C) float64, own units, NaN = missing"""
    context: np.ndarray
    """(T, X) float64, NaN = missing"""
    labels: np.ndarray | None
    """(T,) bool, True = known anomaly"""
    row_steps: np.ndarray
    """(R,) int64: the step each row of the file became, in time order; R >= T since repeated rows share a step"""
    ignored: np.ndarray | None = None
    """(T,) bool, True = neither learnt nor scored, as while a machine is off"""

    @property
    def counted(self) -> np.ndarray:
        """(T, C) the values that are learnt and scored: NaN where the step is ignored."""
        return self.values if self.ignored is None else np.where(self.ignored[:, None], np.nan, self.values)

    def until(self, stop: int) -> "TimeSeries":
        """The first `stop` steps."""
        return replace(
            self,
            times=self.times[:stop],
            values=self.values[:stop],
            context=self.context[:stop],
            labels=None if self.labels is None else self.labels[:stop],
            ignored=None if self.ignored is None else self.ignored[:stop],
            row_steps=self.row_steps[: int(np.searchsorted(self.row_steps, stop))],
        )

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Records that share channels. One sensor file is a dataset of one record."""

    name: str
    series: tuple[TimeSeries, ...]
    columns: Columns
    time_axis: TimeAxis
    repairs: tuple[Repair, ...]
    digest: str
    """sha256 of the file's bytes"""
    units: Mapping[str, str] = field(default_factory=dict)
    """of the channels whose unit the file tells"""

    @property
    def monitored(self) -> tuple[str, ...]:
        return self.columns.monitored

    def title(self, channel: str) -> str:
        """The channel with its unit, where its name does not end with it anyway."""
        unit = self.units.get(channel, "")
        return channel if not unit or channel.rstrip(" ])").endswith(unit) else f"{channel} [{unit}]"

    @property
    def has_labels(self) -> bool:
        return any(series.labels is not None for series in self.series)

    @property
    def steps(self) -> int:
        return sum(len(series) for series in self.series)
