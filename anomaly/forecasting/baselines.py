"""What a network has to beat: forecasts without learning, and a bag of values without order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # slow to import
    from sklearn.ensemble import IsolationForest

MOST_BAGS = 20_000
"""windows that the forest grows from"""
TREES = 100
MOMENTS = 4
BAGS_AT_ONCE = 50_000
MOST_VALUES = 4_000_000
"""held in bags at once: the more channels or steps a window has, the fewer windows"""


@dataclass(frozen=True)
class Repeat:
    """Predicts the value one period before; with a period of 1, the last value (Hyndman & Athanasopoulos 2021)."""

    period: int
    horizons: tuple[int, ...]
    channels: int

    def predict(self, records: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Records (T, D), the channels first -> (H, T, C) aligned to the step they speak of, NaN before."""
        return [self._predict(inputs[:, : self.channels]) for inputs in records]

    def _predict(self, values: np.ndarray) -> np.ndarray:
        predicted = np.full((len(self.horizons), *values.shape), np.nan, np.float32)
        for position, horizon in enumerate(self.horizons):
            # The last whole number of periods that lies before what is known.
            lag = self.period * -(-horizon // self.period)
            predicted[position, lag:] = values[: max(len(values) - lag, 0)]
        return predicted


@dataclass(frozen=True)
class WindowMean:
    """Predicts the mean of the last `steps` values, whatever their order."""

    steps: int
    horizons: tuple[int, ...]
    channels: int

    def predict(self, records: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Records (T, D), the channels first -> (H, T, C) aligned to the step they speak of, NaN before."""
        return [self._predict(inputs[:, : self.channels]) for inputs in records]

    def _predict(self, values: np.ndarray) -> np.ndarray:
        predicted = np.full((len(self.horizons), *values.shape), np.nan, np.float32)
        totals = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, 0, dtype=np.float64)])
        means = (totals[self.steps :] - totals[: -self.steps]) / self.steps
        for position, horizon in enumerate(self.horizons):
            first = self.steps - 1 + horizon
            predicted[position, first:] = means[: max(len(values) - first, 0)]
        return predicted


@dataclass(frozen=True, eq=False)
class Bag:
    """How easily the last `steps` values, in any order, are told from those learnt (Liu et al. 2008)."""

    forest: "IsolationForest"
    steps: int

    @classmethod
    def learn(cls, records: Sequence[np.ndarray], steps: int, seed: int) -> "Bag | None":
        """From complete records (T, C); None where none of them has `steps` steps."""
        from sklearn.ensemble import IsolationForest

        long_enough = [values for values in records if len(values) >= steps]
        if not long_enough:
            return None
        most = min(MOST_BAGS, _most_bags(long_enough[0].shape[1], steps))
        every = -(-sum(map(len, long_enough)) // most)
        bags = np.concatenate([describe_bags(values, steps, every) for values in long_enough])
        return cls(IsolationForest(n_estimators=TREES, random_state=seed).fit(bags), steps)

    def score(self, values: np.ndarray) -> np.ndarray:
        """(T, C) -> (T,) score of the window that ends at each step, 0 to 1, high = unlike those learnt; NaN before."""
        scores = np.full(len(values), np.nan)
        at_once = min(BAGS_AT_ONCE, _most_bags(values.shape[1], self.steps))
        for first in range(0, len(values) - self.steps + 1, at_once):
            part = values[first : first + at_once + self.steps - 1]
            start = first + self.steps - 1
            scores[start : start + len(part) - self.steps + 1] = -self.forest.score_samples(
                describe_bags(part, self.steps)
            )
        return scores


def _most_bags(channels: int, steps: int) -> int:
    return max(1, MOST_VALUES // (channels * (steps + MOMENTS)))


def describe_bags(values: np.ndarray, steps: int, every: int = 1) -> np.ndarray:
    """(T, C) -> (N, C * (steps + 4)): sorted values, mean, spread, skew and kurtosis of each window, or of one in
    `every`."""
    windows = np.lib.stride_tricks.sliding_window_view(values, steps, axis=0)[::every]
    mean = windows.mean(-1, keepdims=True)
    spread = windows.std(-1, keepdims=True)
    scaled = np.divide(windows - mean, spread, out=np.zeros(windows.shape), where=spread > 0)
    moments = [mean, spread, *((scaled**power).mean(-1, keepdims=True) for power in (3, 4))]
    return np.concatenate([np.sort(windows, -1), *moments], -1).reshape(len(windows), -1)
