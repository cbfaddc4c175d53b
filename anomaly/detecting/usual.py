"""What is usual over the reference span: of residuals, of their tail, of any one quantity. NaN = unknown."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anomaly.detecting.habits import find_habit, visits_of_habit

SPREAD_FLOOR = 0.05
"""added to the spread of residuals and distances, in standard deviations of the channel: else the tiny
residuals of what is predicted, or repeats, almost perfectly would score high"""
NORMAL_MAD = 1.4826
"""standard deviation of a normal distribution in units of its median absolute deviation"""
NEAR, FAR, RARE = 0.05, 0.01, 1e-4
"""shares of the reference steps: the slope of the tail is told between the first two, what is beyond the last is odd"""
LEAST_SLOPE = 0.5
"""in spreads: a little less than that of a normal distribution"""
FEWEST_SPIKES = 6
"""that surprise alike before they are a habit"""
LEAST_HABIT = 0.5
"""slopes beyond the limit"""
ABOVE_HABIT = 1.15
"""a step has to lie so much farther beyond the limit than those that are a habit: no two switches surprise alike"""


@dataclass(frozen=True, eq=False)
class ResidualScale:
    """How large |residual| is over the reference span, per horizon and channel."""

    mean: np.ndarray
    """(H, C)"""
    spread: np.ndarray
    """(H, C)"""

    @classmethod
    def fit(cls, residuals: Sequence[np.ndarray]) -> "ResidualScale":
        """From the reference residuals (H, T, C) of every record, in standard deviations; NaN left out."""
        size = np.abs(np.concatenate(residuals, axis=1)).astype(np.float64)
        observed = np.isfinite(size)
        count = np.maximum(observed.sum(1), 1)
        mean = np.where(observed, size, 0.0).sum(1) / count
        variance = np.where(observed, (size - mean[:, None]) ** 2, 0.0).sum(1) / count
        return cls(mean, np.sqrt(variance) + SPREAD_FLOOR)

    def surprise(self, residuals: np.ndarray) -> np.ndarray:
        """Residuals (H, T, C) -> (T, C) how far |residual| lies above its usual size, in spreads, at the worst horizon.

        Never below 0; NaN where unknown at every horizon.
        """
        above = np.maximum((np.abs(residuals) - self.mean[:, None]) / self.spread[:, None], 0.0)
        return np.fmax.reduce(above, axis=0)


@dataclass(frozen=True, eq=False)
class Tail:
    """Upper tail of the surprise of single steps over the reference span, per channel (C,)."""

    limit: np.ndarray
    """exceeded by a share RARE of the steps if the tail is exponential; above what is a habit, and at least the highest
    of a healthy span"""
    slope: np.ndarray
    """increase of surprise that makes it e times rarer"""

    @classmethod
    def fit(cls, surprises: Sequence[np.ndarray], is_healthy: bool, width: int) -> "Tail":
        """From the surprise (T, C) of the reference span of every record, smoothed over `width`; NaN left out. Its
        quantiles hardly move with a few anomalies among the steps."""
        limits, slopes = [], []
        visits = visits_of_habit(sum(map(len, surprises)), width, FEWEST_SPIKES)
        for channel in range(surprises[0].shape[1]):
            values = np.concatenate([part[:, channel] for part in surprises])
            values = values[np.isfinite(values)]
            if not len(values):
                limits.append(np.inf)
                slopes.append(1.0)
                continue
            near, far = np.quantile(values, (1 - NEAR, 1 - FAR))
            slopes.append(max((far - near) / np.log(NEAR / FAR), LEAST_SLOPE))
            limit = far + slopes[-1] * np.log(FAR / RARE)
            beyond = [np.maximum((part[:, channel] - limit) / slopes[-1], 0.0) for part in surprises]
            limit += ABOVE_HABIT * slopes[-1] * find_habit(beyond, visits, LEAST_HABIT)
            limits.append(max(limit, values.max()) if is_healthy else limit)
        return cls(np.array(limits), np.array(slopes))

    def excess(self, surprise: np.ndarray) -> np.ndarray:
        """Surprise (T, C) -> (T,) how far the farthest channel lies beyond its limit, in slopes; 0 where none does."""
        beyond = (surprise - self.limit) / self.slope
        return np.nan_to_num(np.maximum(np.fmax.reduce(beyond, axis=1), 0.0), nan=0.0)


@dataclass(frozen=True)
class Usual:
    """Middle and spread of one quantity over the reference span."""

    mean: float
    spread: float

    @classmethod
    def of(cls, values: np.ndarray, floor: float = 0.0) -> "Usual":
        """From values (N,), NaN left out."""
        known = values[np.isfinite(values)]
        if not len(known):
            return cls(0.0, 1.0)
        return cls(float(known.mean()), float(known.std()) + floor or 1.0)

    @classmethod
    def of_most(cls, values: np.ndarray, floor: float) -> "Usual":
        """The median and what of a normal distribution would be its standard deviation: a quarter of the values can be
        of an anomaly without moving them far."""
        known = values[np.isfinite(values)]
        if not len(known):
            return cls(0.0, 1.0)
        middle = float(np.median(known))
        return cls(middle, NORMAL_MAD * float(np.median(np.abs(known - middle))) + floor)

    def excess(self, values: np.ndarray) -> np.ndarray:
        """How far values lie above the mean, in spreads; 0 where below or unknown."""
        return np.nan_to_num(np.maximum((values - self.mean) / self.spread, 0.0), nan=0.0)


def mean_observed(values: np.ndarray) -> np.ndarray:
    """(T, C) -> (T,) mean over the observed channels, NaN where there is none."""
    observed = np.isfinite(values)
    count = observed.sum(1)
    total = np.where(observed, values, 0.0).sum(1)
    return np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
