"""Values in their own units <-> standard deviations, learnt from the train span alone, for all that a double holds."""

from dataclasses import dataclass

import numpy as np

from anomaly.domain import CONSTANT, EXACT, is_rounding, units_of

LEAST = float(np.finfo(float).smallest_subnormal)
MOST = float(np.finfo(float).max)
MOST_DEVIATIONS = 1e30
"""standard deviations from the mean that are told apart: their squares are doubles, and they themselves float32"""


@dataclass(frozen=True, eq=False)
class Scaler:
    """Mean and standard deviation of each channel over the train span.

    A channel that never changes there has no spread to measure in: its scale is NaN, the network sees 0, and any
    departure from its only value counts as one standard deviation, whatever the unit. So has one that varies by
    rounding alone.
    """

    mean: np.ndarray
    """(C,)"""
    scale: np.ndarray
    """(C,) NaN = constant"""

    @classmethod
    def fit(cls, values: np.ndarray) -> "Scaler":
        """From (N, C) values, NaN left out. A channel with no value at all has mean NaN: it is never scored."""
        observed = np.isfinite(values)
        count = np.maximum(observed.sum(0), 1)
        units = units_of(values)
        sized = values / units
        mean = np.where(observed, sized, 0.0).sum(0) / count
        scale = np.sqrt((np.where(observed, sized - mean, 0.0) ** 2).sum(0) / count)
        varies = scale > CONSTANT * np.maximum(np.abs(mean), np.finfo(float).tiny)
        mean = np.where(observed.any(0), mean, np.nan) * units
        scale = np.where(varies, np.maximum(scale * units, LEAST), np.nan)
        for channel in np.flatnonzero(~varies & observed.any(0)):
            mean[channel], scale[channel] = _measure_apart(values[observed[:, channel], channel])
        return cls(mean, scale)

    def transform(self, values: np.ndarray) -> np.ndarray:
        """(T, C) own units -> standard deviations, MOST_DEVIATIONS at most; departures of constant channels are -1, 0
        or 1."""
        units = self._units
        # What is that far off is as far as can be told.
        with np.errstate(over="ignore"):
            centred = values / units - self.mean / units
            size = np.abs(self.mean)
            # Whole numbers that differ do so by 1 or more.
            counts = (size <= EXACT) & (self.mean == np.floor(self.mean))
            tolerance = np.where(counts, np.minimum(CONSTANT * size, 0.5), CONSTANT * size) / units
            departed = np.where(np.abs(centred) <= tolerance, 0.0, np.sign(centred))
            scaled = centred / np.nan_to_num(self.scale / units, nan=1.0)
        return np.where(np.isnan(self.scale), departed, np.clip(scaled, -MOST_DEVIATIONS, MOST_DEVIATIONS))

    def inverse(self, scaled: np.ndarray) -> np.ndarray:
        """(..., C) standard deviations -> own units, the greatest double at most. A constant channel is predicted to
        stay as it was."""
        units = self._units
        scale = np.nan_to_num(self.scale / units, nan=0.0)
        with np.errstate(over="ignore"):
            return np.clip((self.mean / units + scaled * scale) * units, -MOST, MOST)

    @property
    def _units(self) -> np.ndarray:
        """(C,) what to divide by so that no step of the way overflows, or loses digits; 1 but for extreme channels."""
        return units_of(np.stack([self.mean, self.scale]))


def _measure_apart(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of known values (N,) of nearly one size, NaN where they are all alike, or differ by
    rounding alone."""
    lowest = float(values.min())
    above = values - lowest
    if not above.any():
        return lowest, np.nan
    return lowest + float(above.mean()), np.nan if is_rounding(values) else float(above.std())
