"""What a file does again and again: how high something rises in many separate visits.

A machine's switch, a door, a pump's cycle surprise the forecaster each time. What happens often is no news, however far
it lies from the mean; only what goes beyond it is.
"""

from collections.abc import Sequence

import numpy as np

from anomaly.domain import find_runs

SHARE_OF_STRETCHES = 0.05
"""as many visits as this share of a file's stretches make a habit; what comes less often may be a fault that returns"""
LEVELS_TRIED = 24
HIGHEST = 1e100
"""that is told apart: ratios of larger numbers are none"""


def find_habit(records: Sequence[np.ndarray], visits: int, least: float) -> float:
    """The highest level above which values (T,) >= 0 rise in at least `visits` separate visits, over all records; 0
    where no level of at least `least` is visited so often.

    A visit ends where the values fall to half of the level: the teeth of one plateau are one visit. Levels are tried
    in equal ratios from `least` to the largest value.
    """
    known = [_keep_visits(values, least / 2) for values in records]
    highest = max((float(values.max(initial=0.0)) for values in known), default=0.0)
    if highest <= least:
        return 0.0
    for level in np.geomspace(least, highest, LEVELS_TRIED)[::-1]:
        if sum(count_visits(values, level) for values in known) >= visits:
            return float(level)
    return 0.0


def count_visits(values: np.ndarray, level: float) -> int:
    """Runs of values (T,) above half of `level` that somewhere rise above it."""
    starts, _ = find_runs(values > level / 2)
    if not len(starts):
        return 0
    # Between the runs lie values of no more than half the level: they lift no maximum above it.
    return int((np.maximum.reduceat(values, starts) > level).sum())


def visits_of_habit(steps: int, width: int, fewest: int) -> int:
    """Visits that make a habit, `fewest` at least, where a file of `steps` has stretches of `width`."""
    return max(fewest, int(np.ceil(SHARE_OF_STRETCHES * steps / width)))


def _keep_visits(values: np.ndarray, floor: float) -> np.ndarray:
    """Values (T,) without most of what lies at `floor` or below, NaN as 0: one such step is left between visits."""
    values = np.minimum(np.nan_to_num(values, nan=0.0), HIGHEST)
    high = values > floor
    return values[high | np.append(high[1:], False) | np.append(False, high[:-1])]
