"""What is told of stretches and of steps, laid out over the steps around (centred) or after (trailing)."""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from anomaly.domain import Profile


def smooth(values: np.ndarray, width: int, window: str = "centred", usual: float = 0.0) -> np.ndarray:
    """Non-negative values (T,) spread over about `width` steps; width 1 returns them as they are. NaN stays NaN.

    "centred": peak hold over width / 2, then the mean over `width` steps, both around the present step, so a score
    depends on the next 3/4 `width` steps too. Where fewer steps are known, at a record's ends, their mean would vary
    more and be highest by chance: what it has beyond `usual` is shrunk by the square root of the known share, as the
    standard error of a mean asks. "trailing": each peak is held and fades by 1/e in `width` steps; a score depends on
    the past alone.
    """
    if width <= 1:
        return values
    known = np.isfinite(values)
    present = np.where(known, values, 0.0)
    if window == "trailing":
        return np.where(known, _fading_peaks(present, width), np.nan)
    held = np.where(known, maximum_filter1d(present, max(1, width // 2), mode="constant"), 0.0)
    share = np.maximum(uniform_filter1d(known.astype(np.float64), width, mode="constant"), 1 / width)
    # Running sums leave crumbs of rounding behind a huge peak; a score is never below 0.
    mean = np.maximum(uniform_filter1d(held, width, mode="constant"), 0.0) / share
    return np.where(known, np.maximum(usual + (mean - usual) * np.sqrt(share), 0.0), np.nan)


def _fading_peaks(values: np.ndarray, width: int) -> np.ndarray:
    """out[t] = max over k >= 0 of values[t - k] exp(-k / width), as a running maximum of logarithms."""
    age = np.arange(len(values)) / width
    with np.errstate(divide="ignore"):
        return np.exp(np.maximum.accumulate(np.log(values) + age) - age)


def spread_distances(profile: Profile, steps: int, window: str) -> np.ndarray:
    """(steps,) how unlike the stretches at each step are, NaN where there is none.

    "centred": the mean over all stretches that hold the step, those between two measured ones by interpolation.
    "trailing": the last measured stretch that has ended.
    """
    known = np.isfinite(profile.distances)
    if not known.any():
        return np.full(steps, np.nan)
    if window == "trailing":
        return _last_ended(profile, steps, lambda last: profile.distances[last], np.nan)
    every = np.interp(np.arange(steps - profile.width + 1), profile.starts[known], profile.distances[known])
    total = np.concatenate([[0.0], np.cumsum(every)])
    at = np.arange(steps)
    first, stop = np.maximum(at - profile.width + 1, 0), np.minimum(at + 1, len(every))
    return (total[stop] - total[first]) / (stop - first)


def spread_shares(profile: Profile, steps: int, window: str) -> np.ndarray:
    """(steps, C) the shares of the stretch that the step is in the middle of, or of the last that has ended."""
    if not len(profile.starts):
        return np.zeros((steps, profile.shares.shape[1]))
    if window == "trailing":
        return _last_ended(profile, steps, lambda last: profile.shares[last], 0.0)
    # Where nothing could be compared, the next stretch that could speaks, as its distance does.
    told = np.flatnonzero(np.isfinite(profile.distances))
    if not len(told):
        return np.zeros((steps, profile.shares.shape[1]))
    middle = np.searchsorted(profile.starts[told], np.arange(steps) - profile.width // 2)
    return profile.shares[told[np.minimum(middle, len(told) - 1)]]


def place_levels(profile: Profile, steps: int, window: str) -> np.ndarray:
    """(steps,) what is told of the stretch that each step is in the middle of, or of the last that has ended; those
    between two measured ones by interpolation."""
    if not len(profile.starts):
        return np.zeros(steps)
    if window == "trailing":
        return _last_ended(profile, steps, lambda last: profile.distances[last], 0.0)
    return np.interp(np.arange(steps), profile.starts + profile.width // 2, profile.distances)


def spread_blocks(values: np.ndarray, block: int, steps: int, window: str) -> np.ndarray:
    """(steps,) what is told (N,) of blocks of `block` steps each, N >= 1: of the block that the step is in, after the
    last one of that. "trailing": of the last block that has ended, 0 where none has."""
    at = np.arange(steps)
    if window == "trailing":
        last = (at + 1) // block - 1
        return np.where(last < 0, 0.0, values[np.clip(last, 0, len(values) - 1)])
    return values[np.minimum(at // block, len(values) - 1)]


def _last_ended(profile: Profile, steps: int, take: Callable[[np.ndarray], np.ndarray], before: float) -> np.ndarray:
    """What `take` gives for the last stretch that has ended at each step, `before` where none has."""
    last = np.searchsorted(profile.starts + profile.width - 1, np.arange(steps), side="right") - 1
    taken = take(np.maximum(last, 0))
    taken[last < 0] = before
    return taken
