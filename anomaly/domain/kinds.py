"""What the numbers of a channel mean, and how two of them are compared."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

RADIANS = ("rad", "radian", "radians")
DEGREES = 360.0
BALANCED = 1e-9
"""of their number: a shorter sum of directions points nowhere"""


@dataclass(frozen=True)
class Circle:
    """The directions that an angle may have, in its own units."""

    whole: float
    """a whole turn"""
    first: float
    """the lowest direction: 0, or half a turn before it"""
    north: float = 0.0
    """the direction whose sine is 0: with the usual one here, what a vane is mounted by changes nothing"""

    @classmethod
    def of(cls, records: Sequence[np.ndarray], unit: str) -> "Circle":
        """From the directions (T,) of every record, NaN = missing; in degrees unless `unit` says radians."""
        whole = 2 * np.pi if unit.lower() in RADIANS else DEGREES
        return cls(whole, -whole / 2 if any((directions < 0).any() for directions in records) else 0.0)

    def facing(self, records: Sequence[np.ndarray]) -> "Circle":
        """The same with north at the mean of directions (T,), NaN left out; as it is where they point nowhere."""
        sums = sum((np.nansum(self.split(directions), 0) for directions in records), np.zeros(2))
        count = sum(int(np.isfinite(directions).sum()) for directions in records)
        return replace(self, north=float(self.join(sums))) if np.hypot(*sums) > BALANCED * count else self

    def split(self, directions: np.ndarray) -> np.ndarray:
        """(T,) -> (T, 2) sine and cosine."""
        turned = (directions - self.north) * (2 * np.pi / self.whole)
        return np.stack([np.sin(turned), np.cos(turned)], 1)

    def join(self, sines_cosines: np.ndarray) -> np.ndarray:
        """(..., 2) sine and cosine, of any common length -> (...) directions."""
        sine, cosine = np.moveaxis(sines_cosines, -1, 0)
        return self.place(self.north + np.arctan2(sine, cosine) * (self.whole / (2 * np.pi)))

    def place(self, directions: np.ndarray) -> np.ndarray:
        """Directions on any turn -> the same on the first."""
        return (directions - self.first) % self.whole + self.first

    def turn(self, observed: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        """How far to turn from the predicted direction to the observed: the short way, at most half the whole."""
        return (observed - predicted + self.whole / 2) % self.whole - self.whole / 2

    def unwind(self, directions: np.ndarray) -> np.ndarray:
        """Directions (T,), NaN = missing -> (T,) without jumps: each the short way from the one before."""
        known = np.isfinite(directions)
        unwound = directions.copy()
        unwound[known] = np.unwrap(directions[known], period=self.whole)
        return unwound


def find_rises(readings: np.ndarray) -> np.ndarray:
    """Readings (T,) of a counter -> (T,) how much it rose in each step, NaN = not known.

    Where readings are missing, the rise since the last known one is shared out evenly, and told of the step that ends
    the gap. What was counted across a reset, where the reading falls, nobody knows.
    """
    steps = np.flatnonzero(np.isfinite(readings))
    rises = np.full(len(readings), np.nan)
    apart = np.diff(readings[steps]) / np.diff(steps)
    rises[steps[1:]] = np.where(apart < 0, np.nan, apart)
    return rises


def reading_before(readings: np.ndarray) -> np.ndarray:
    """Readings (T,) -> (T,) the last known one before each step; NaN where there is none."""
    return pd.Series(readings).ffill().shift().to_numpy()
