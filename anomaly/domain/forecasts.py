"""Epochs and effort of training, how far gradients reach, and forecasts. T steps, C monitored channels, H horizons."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from anomaly.domain.kinds import Circle
from anomaly.domain.records import TimeSeries
from anomaly.domain.settings.reading import Kind

FADED = 0.01
"""a gradient below this share of its maximum counts as vanished"""


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
class Pace:
    """How far training has come, update by update, and in what time."""

    updates: int
    seconds: float
    """since the first of them began"""
    epochs_before: int = 0
    """that ran before it was broken off, and went on"""


@dataclass(frozen=True)
class Effort:
    """What a fit will take if every epoch runs, with the forecast of its file: estimated before it starts."""

    epochs: int
    streams: int
    """B: stretches of the train span walked side by side"""
    updates: int
    """of the weights, per epoch"""
    memory: float
    """bytes kept for backpropagation"""
    is_checkpointed: bool
    """whether only some states are kept and the steps between computed twice, since all would not fit"""
    update_seconds: float
    held_out_seconds: float
    """of the forecast of what is held out, per epoch"""
    rest_seconds: float
    """of all before the first update and after the last epoch"""

    @property
    def seconds(self) -> float:
        return self.epochs * self._epoch_seconds + self.rest_seconds

    @property
    def _epoch_seconds(self) -> float:
        return self.updates * self.update_seconds + self.held_out_seconds

    def with_rest(self, seconds: float) -> "Effort":
        """With so much more to be done when the last epoch has run."""
        return replace(self, rest_seconds=self.rest_seconds + seconds)

    def left(self, pace: "Pace") -> float:
        """Seconds that are left at the pace seen so far, which the machine and what else it does set; at a standstill
        all that was announced."""
        done = pace.updates * self.update_seconds + pace.updates // self.updates * self.held_out_seconds
        whole = (self.epochs - pace.epochs_before) * self._epoch_seconds + self.rest_seconds
        slowness = pace.seconds / done if pace.updates and done > 0 else 1.0
        return max(0.0, whole - done) * slowness


@dataclass(frozen=True, eq=False)
class Reach:
    """How far the gradient of one step's loss reaches back: mean |dL_t / ds_{t-k}| for k = 0 ... K."""

    before: np.ndarray
    """(K + 1,) of the untrained network"""
    after: np.ndarray
    """(K + 1,) of the trained one"""

    @property
    def memory(self) -> int:
        """Effective memory in steps: the largest k at which the gradient is at least FADED of its maximum."""
        near = np.flatnonzero(self.after >= FADED * self.after.max())
        return int(near[-1]) if self.after.max() > 0 else 0

    @property
    def is_cut(self) -> bool:
        """Whether the memory may be longer than the K steps followed."""
        return 0 < self.memory == len(self.after) - 1


@dataclass(frozen=True, eq=False)
class Trace:
    """What went on inside a network over L steps of one record, in standard deviations."""

    hidden: np.ndarray
    """(L, hidden_units) what the head reads"""
    predicted: np.ndarray
    """(L, C) the prediction made at each step, at the shortest horizon"""
    losses: np.ndarray
    """(L,) the mean Huber loss of that prediction over the observed channels, NaN = nothing observed"""
    keeps: np.ndarray | None
    """(L, hidden_units) how much of its state each unit of the top layer kept, 0 to 1; None without gates"""


@dataclass(frozen=True, eq=False)
class Profile:
    """How far each stretch of one record is from its nearest neighbour among the learnt ones, or its level beyond what
    is usual. G stretches."""

    width: int
    """steps in a stretch"""
    starts: np.ndarray
    """(G,) first steps, evenly spaced from 0"""
    distances: np.ndarray
    """(G,) of shapes the root mean square over the cells observed in both, in standard deviations, NaN = nothing to
    compare; of levels the spreads beyond the usual"""
    shares: np.ndarray
    """(G, C) each channel's share of it, summing to 1; 0 where the distance is 0 or unknown"""


@dataclass(frozen=True, eq=False)
class Profiles:
    """What is told of the stretches of one record, each by width."""

    shape: tuple[Profile, ...] = ()
    """how unlike all learnt stretches they are"""
    level: tuple[Profile, ...] = ()
    """how far their mean and spread lie from the usual"""
    relation: tuple[Profile, ...] = ()
    """the same of what is left of each channel when the others are known; none of a single channel"""


@dataclass(frozen=True, eq=False)
class Forecast:
    """Predictions of one record at every horizon, aligned to the step they predict."""

    series: TimeSeries
    predicted_by_horizon: np.ndarray
    """(H, T, C) in the channel's own units; NaN at the steps before a horizon's first prediction"""
    profiles: Profiles = field(default_factory=Profiles)
    chances: np.ndarray | None = None
    """(H, T, S) the probability that was given to what each of the S channels of states was; None without such"""
    kinds: tuple[Kind, ...] = ()
    """(C,); () = all are values"""
    circles: Mapping[int, Circle] = field(default_factory=dict)
    """of each angle, by its position"""
    rises: Mapping[int, np.ndarray] = field(default_factory=dict)
    """(T,) of each counter, by its position"""
    coarse: "Forecast | None" = None
    """of the same record at coarser steps, by a forecaster of its own; None where there is none"""

    @property
    def predicted(self) -> np.ndarray:
        """(T, C) by the shortest horizon."""
        return self.predicted_by_horizon[0]

    @property
    def residuals(self) -> np.ndarray:
        """(H, T, C) observed - predicted, own units, of an angle the short way; NaN where either is unknown."""
        with np.errstate(over="ignore"):
            residuals = self.series.values - self.predicted_by_horizon
        for channel, circle in self.circles.items():
            residuals[..., channel] = circle.turn(
                self.series.values[:, channel], self.predicted_by_horizon[..., channel]
            )
        return residuals

    def kind_of(self, channel: int) -> Kind:
        return self.kinds[channel] if self.kinds else "value"

    def compared(self, channel: int, steps: slice) -> tuple[np.ndarray, np.ndarray]:
        """Observed and predicted (L,) of one channel such as they are compared: of a counter its rises; of an angle how
        it turned, on beyond the whole circle, and the prediction at most half a turn from there."""
        observed, predicted = self.series.values[steps, channel], self.predicted[steps, channel]
        if channel in self.rises:
            rises = self.rises[channel][steps]
            return rises, rises - (observed - predicted)
        if channel in self.circles:
            turned = self.circles[channel].unwind(observed)
            return turned, turned - self.circles[channel].turn(observed, predicted)
        return observed, predicted
