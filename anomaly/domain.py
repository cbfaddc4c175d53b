"""What flows through the stages, in order. T steps, C monitored channels, X context channels, H horizons."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

FADED = 0.01
"""a gradient that is a smaller share of its most has vanished"""


@dataclass(frozen=True)
class Columns:
    """Which column of the file plays which part."""

    time: str | None
    record: str | None
    monitored: tuple[str, ...]
    context: tuple[str, ...]
    labels: str | None
    ignore: str | None = None
    """the rule of the steps to leave out"""
    date_order: Literal["day", "month"] | None = None
    """which comes first in dates such as 03/04/2025; None = told by the column"""
    step: float | None = None
    """the even step that the rows were brought onto, in seconds or the unit of the time column; None = none was"""


@dataclass(frozen=True)
class PutBack:
    """A stretch of local time, as the file wrote it, in which the clock was behind."""

    start: np.datetime64
    """the first time that was written but once again: of an hour written twice the first is not behind"""
    stop: np.datetime64 | None
    """when it went forward again; None = not in the file"""
    shift: np.timedelta64
    """by which the dataset's times lie ahead of those written"""


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
    """where local time repeated an hour"""

    @property
    def is_calendar(self) -> bool:
        """Whether a duration in seconds is known."""
        return self.kind == "timestamp" or self.unit is not None


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


@dataclass(frozen=True)
class Epoch:
    """One pass over the train span. Losses are mean Huber losses per observed value, in standard deviations."""

    number: int
    epochs: int
    train_loss: float
    validation_loss: float
    """NaN where nothing could be held out"""
    seconds: float
    """since training began"""
    seconds_left: float
    """if every remaining epoch runs"""
    is_best: bool
    gradient_norm: float
    """mean over the updates, before clipping"""


@dataclass(frozen=True)
class Effort:
    """What training will take if every epoch runs, estimated before it starts."""

    epochs: int
    streams: int
    """stretches of the train span walked side by side"""
    updates: int
    """of the weights, in an epoch"""
    memory: float
    """bytes kept for backpropagation"""
    seconds: float
    is_checkpointed: bool
    """whether only some states are kept and what lies between is computed twice, since all would not fit"""


@dataclass(frozen=True, eq=False)
class Reach:
    """How far the gradient of one step's loss reaches back: mean |dL_t / ds_{t-k}| for k = 0 ... K."""

    before: np.ndarray
    """(K + 1,) of the untrained network"""
    after: np.ndarray
    """(K + 1,) of the trained one"""

    @property
    def memory(self) -> int:
        """Effective memory in steps: the last step back at which the gradient has a FADED share of its most."""
        near = np.flatnonzero(self.after >= FADED * self.after.max())
        return int(near[-1]) if self.after.max() > 0 else 0

    @property
    def is_cut(self) -> bool:
        """Whether the memory goes on beyond what was looked at."""
        return 0 < self.memory == len(self.after) - 1


@dataclass(frozen=True, eq=False)
class Trace:
    """What went on inside a network over L steps of one record, in standard deviations."""

    hidden: np.ndarray
    """(L, hidden_units) what the head reads"""
    predicted: np.ndarray
    """(L, C) the prediction made at each step, of the next"""
    losses: np.ndarray
    """(L,) the mean Huber loss of that prediction over the observed channels, NaN = nothing observed"""
    keeps: np.ndarray | None
    """(L, hidden_units) how much of its state each unit of the top layer kept, 0 to 1; None without gates"""


@dataclass(frozen=True, eq=False)
class Profile:
    """How far each stretch of one record is from its nearest neighbour among the learnt ones. G stretches."""

    width: int
    """steps in a stretch"""
    starts: np.ndarray
    """(G,) first steps, evenly spaced from 0"""
    distances: np.ndarray
    """(G,) root mean square over the cells observed in both, in standard deviations; NaN = nothing to compare"""
    shares: np.ndarray
    """(G, C) what each channel has in the squared distance, in all 1; 0 where the distance is 0 or unknown"""


@dataclass(frozen=True, eq=False)
class Forecast:
    """Next-step predictions of one record, aligned to the step they speak of."""

    series: TimeSeries
    predicted_by_horizon: np.ndarray
    """(H, T, C) in the channel's own units; NaN at the steps before a horizon's first prediction"""
    profiles: tuple[Profile, ...] = ()
    """how unlike the learnt stretches its own are, by width"""

    @property
    def predicted(self) -> np.ndarray:
        """(T, C) by the shortest horizon."""
        return self.predicted_by_horizon[0]

    @property
    def residuals(self) -> np.ndarray:
        """(H, T, C) observed - predicted, own units; NaN where either is unknown."""
        return self.series.values - self.predicted_by_horizon


@dataclass(frozen=True, eq=False)
class Scores:
    """How surprising each step of one record is."""

    values: np.ndarray
    """(T,) >= 0, unitless, high = anomalous, NaN = unknown; the sum of its parts"""
    contributions: np.ndarray
    """(T, C) how far each channel's residual lies above its usual size, in spreads, before smoothing"""
    error: np.ndarray
    """(T,) the part of the score that is prediction error"""
    shape: np.ndarray
    """(T,) the part that is a stretch unlike those learnt"""
    shape_contributions: np.ndarray
    """(T, C) how far the stretch around the step lies above the usual distance, in spreads, by channel"""


@dataclass(frozen=True, eq=False)
class Threshold:
    """A step is flagged when score > value."""

    value: float
    rule: str
    parameter: float
    reference: np.ndarray
    """(N,) the finite reference scores"""
    note: str = ""
    """what the person who reads the figure should know of how it was found"""


@dataclass(frozen=True)
class Span:
    """Steps start, start + 1, ..., stop - 1 of one record."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def __contains__(self, step: int) -> bool:
        return self.start <= step < self.stop


@dataclass(frozen=True)
class Event:
    """One stretch of one record that was flagged."""

    record: int
    """position of the record in the dataset"""
    span: Span
    peak: int
    """its most surprising step, before smoothing: what follows is said of this step"""
    peak_score: float
    """the highest score of the event, which smoothing may have put at another step"""
    channel: str
    """the channel that contributed most at the peak"""
    direction: Literal["above", "below"]
    """whether the channel was above or below what was expected"""
    observed: float
    """the channel's value at the peak, NaN = missing"""
    expected: float
