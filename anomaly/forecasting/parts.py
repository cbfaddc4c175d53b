"""What of a channel is learnt, by its kind, and how a forecast of that becomes one of the channel.

A value is learnt as it is. An angle as its sine and cosine, so that 359 is next to 1; a counter as its rises; a count
as its square root, on which chance varies alike whether few or many are counted (Anscombe 1948); a state as an
indicator for each, whose forecast is a probability. C channels, M parts, S channels of states.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from anomaly.domain import Circle, Dataset, Forecast, Kind, TimeSeries, find_rises, reading_before
from anomaly.forecasting.scaling import Scaler
from anomaly.forecasting.states import States
from anomaly.reading import find_outages

ANSCOMBE = 3 / 8
INDICATOR_SCALE = 2.0
"""a residual of an indicator, at most 1, is then within the part of the Huber loss that is a square"""


@dataclass(frozen=True, eq=False)
class Parts:
    """The parts of every channel, as learnt from the train span."""

    kinds: tuple[Kind, ...]
    """(C,)"""
    circles: tuple[Circle | None, ...]
    """(C,) None for other kinds than angles"""
    states: tuple[States | None, ...]
    """(C,) None for other kinds than states, and where no state is known"""
    owners: np.ndarray = field(init=False)
    """(M,) the channel that each part is of"""

    def __post_init__(self) -> None:
        sizes = [
            states.parts if states is not None else 2 if kind == "angle" else 1
            for kind, states in zip(self.kinds, self.states, strict=True)
        ]
        object.__setattr__(self, "owners", np.repeat(np.arange(len(sizes)), sizes))

    @classmethod
    def learn(cls, dataset: Dataset, spans: Sequence[TimeSeries]) -> "Parts":
        """From the train span of each record. Raises DataError for a state of too many values."""
        kinds = dataset.columns.every_kind
        circles: list[Circle | None] = []
        states: list[States | None] = []
        for channel, (name, kind) in enumerate(zip(dataset.monitored, kinds, strict=True)):
            known = [one.counted[:, channel] for one in spans] if kind in ("angle", "state") else []
            circles.append(Circle.of(known, dataset.units.get(name, "")).facing(known) if kind == "angle" else None)
            is_told = kind == "state" and any(np.isfinite(values).any() for values in known)
            states.append(States.learn(known, name) if is_told else None)
        return cls(kinds, tuple(circles), tuple(states))

    @property
    def is_plain(self) -> bool:
        """Whether every channel is learnt as it is."""
        return all(kind == "value" for kind in self.kinds)

    def fit_scaler(self, learnt: np.ndarray) -> Scaler:
        """Of parts (N, M), NaN left out. Sine and cosine share a scale, that of their channel; indicators have one at
        which the loss is a square, and so least where the forecast is the probability."""
        scaler = Scaler.fit(learnt)
        scale = scaler.scale.copy()
        for channel, kind in enumerate(self.kinds):
            own = self.owners == channel
            if kind == "angle":
                scale[own] = np.sqrt(np.nanmean(scale[own] ** 2)) if np.isfinite(scale[own]).any() else np.nan
            elif kind == "state":
                scale[own] = INDICATOR_SCALE
        return Scaler(scaler.mean, scale)

    def fit_channels(self, told: np.ndarray) -> Scaler:
        """From what is compared (N, C), as `observed` has it; NaN left out."""
        told = told.copy()
        means = np.zeros(len(self.kinds))
        for channel, circle in enumerate(self.circles):
            if circle is not None:
                # To either side of the mean direction, on which nothing wraps.
                means[channel] = circle.join(np.nansum(circle.split(told[:, channel]), 0))
                told[:, channel] = circle.turn(told[:, channel], means[channel])
        scaler = Scaler.fit(told)
        return Scaler(scaler.mean + means, scaler.scale)

    def split(self, series: TimeSeries) -> np.ndarray:
        """What of a record is learnt: (T, M), NaN = missing."""
        if self.is_plain:
            return series.counted
        return np.concatenate([self._split(series, channel) for channel in range(len(self.kinds))], 1)

    def _split(self, series: TimeSeries, channel: int) -> np.ndarray:
        states, circle = self.states[channel], self.circles[channel]
        if states is not None:
            return states.indicate(series.counted[:, channel])
        if circle is not None:
            return circle.split(series.counted[:, channel])
        return self._told(series, channel)[:, None]

    def join(self, parts: np.ndarray, series: TimeSeries, first: int = 0) -> np.ndarray:
        """Predicted parts (H, L, M) of the steps of a record from `first` on -> predicted (H, L, C), own units."""
        if self.is_plain:
            return parts
        columns = [parts[..., self.owners == channel] for channel in range(len(self.kinds))]
        steps = slice(first, first + parts.shape[1])
        return np.stack([self._join(part, series, channel, steps) for channel, part in enumerate(columns)], -1)

    def _join(self, parts: np.ndarray, series: TimeSeries, channel: int, steps: slice) -> np.ndarray:
        kind, states, circle = self.kinds[channel], self.states[channel], self.circles[channel]
        if states is not None:
            likely = np.argmax(np.nan_to_num(states.probabilities(parts)), -1)
            return np.where(np.isnan(parts[..., 0]), np.nan, np.array(states.values)[likely])
        if circle is not None:
            return circle.join(parts)
        if kind == "counter":
            bases = _readings_but_rises(series, channel)
            return bases[np.minimum(np.arange(steps.start, steps.stop), len(series))] + parts[..., 0]
        return np.maximum(parts[..., 0], 0.0) ** 2 - ANSCOMBE if kind == "count" else parts[..., 0]

    def chances(self, parts: np.ndarray, series: TimeSeries) -> np.ndarray:
        """Predicted parts (H, T, M) -> (H, T, S) probability that each state had to be what was observed."""
        told = []
        for channel, states in enumerate(self.states):
            if states is not None:
                every = states.probabilities(parts[..., self.owners == channel])
                place = states.place(series.values[:, channel])
                told.append(np.take_along_axis(every, np.broadcast_to(place[:, None], (*every.shape[:-1], 1)), -1))
        return np.concatenate([np.empty((*parts.shape[:-1], 0)), *told], -1)

    def observed(self, series: TimeSeries) -> np.ndarray:
        """(T, C) a record's values such as they are compared: a counter's rises, a count's square root."""
        if self.is_plain:
            return series.counted
        return np.stack([self._told(series, channel) for channel in range(len(self.kinds))], 1)

    def _told(self, series: TimeSeries, channel: int) -> np.ndarray:
        values, kind = series.counted[:, channel], self.kinds[channel]
        if kind == "counter":
            return _rises(series, values)
        return _root(values) if kind == "count" else values

    def foreseen(self, forecast: Forecast) -> np.ndarray:
        """Predicted (H, T, C) as `observed` has it; an angle at most half a turn from what was observed."""
        series, predicted = forecast.series, forecast.predicted_by_horizon
        if self.is_plain:
            return predicted
        told = predicted.copy()
        for channel, kind in enumerate(self.kinds):
            if kind == "counter":
                told[..., channel] -= _readings_but_rises(series, channel)[:-1]
            elif kind == "count":
                told[..., channel] = _root(told[..., channel])
        for channel, circle in self.angles.items():
            values = series.values[:, channel]
            told[..., channel] = values - circle.turn(values, told[..., channel])
        return told

    def replace_surprises(self, residuals: np.ndarray, forecast: Forecast) -> None:
        """Put in residuals (H, T, C), in standard deviations, those of states: by their probability."""
        stated = [(channel, states) for channel, states in enumerate(self.states) if states is not None]
        for place, (channel, states) in enumerate(stated):
            assert forecast.chances is not None
            residuals[..., channel] = states.surprise(forecast.series.counted[:, channel], forecast.chances[..., place])

    @property
    def angles(self) -> dict[int, Circle]:
        """The circle of each angle, by its position."""
        return {channel: circle for channel, circle in enumerate(self.circles) if circle is not None}

    def rises(self, series: TimeSeries) -> dict[int, np.ndarray]:
        """(T,) of each counter, by its position."""
        counters = [channel for channel, kind in enumerate(self.kinds) if kind == "counter"]
        return {channel: _rises(series, series.counted[:, channel]) for channel in counters}


def _root(counts: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(counts + ANSCOMBE, 0.0))


def _rises(series: TimeSeries, readings: np.ndarray) -> np.ndarray:
    """(T,) the rises of a counter; NaN where the step comes late: more was counted than in a usual step."""
    rises = find_rises(readings)
    rises[find_outages(series.times)] = np.nan
    return rises


def _readings_but_rises(series: TimeSeries, channel: int) -> np.ndarray:
    """(T + 1,) what a predicted rise is added to: the last reading, and what a gap's share of its rise leaves; NaN at a
    reset. The last is for what is predicted beyond the record's end."""
    readings = np.append(series.counted[:, channel], np.nan)
    rises = np.append(_rises(series, readings[:-1]), np.nan)
    return np.where(np.isfinite(readings), readings - rises, reading_before(readings))
