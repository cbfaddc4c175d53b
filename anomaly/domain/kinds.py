"""What the numbers of a channel mean, and how two of them are compared."""

from typing import Literal, get_args

import numpy as np
import pandas as pd

Kind = Literal["value", "angle", "counter", "state", "count"]
"""what the numbers of a channel are: a quantity; a direction, where 359 is next to 1; a meter that only rises, but for
resets; one of few states; how many of something happened"""
KINDS: tuple[Kind, ...] = get_args(Kind)


def turn_between(first: np.ndarray, second: np.ndarray | float, circle: float) -> np.ndarray:
    """How far to turn from the second direction to the first: the short way, at most half a `circle`."""
    return (first - second + circle / 2) % circle - circle / 2


def unwind(directions: np.ndarray, circle: float) -> np.ndarray:
    """Directions (T,), NaN = missing -> (T,) without jumps: each the short way from the one before."""
    known = np.isfinite(directions)
    unwound = directions.copy()
    unwound[known] = np.unwrap(directions[known], period=circle)
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
