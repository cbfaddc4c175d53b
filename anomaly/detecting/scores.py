"""Residuals (T, C) and stretch profiles -> how anomalous each step is (T,), and why.

The score is a sum of two named parts. Prediction error: |residual| above its usual size, smoothed, and how far a
single step lies beyond the tail of the reference span: smoothing alone would hide a spike. Shape: how unlike every
learnt stretch the stretches around the step are, one part for each width. Each is measured against its own usual size
over the reference span, in spreads, and enters by its logarithm, so that neither drowns the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from anomaly.domain import Profile, Scores

SPREAD_FLOOR = 0.05
"""added to the spread of residuals and distances, in standard deviations of the channel: else the tiny
residuals of what is predicted, or repeats, almost perfectly would score high"""
NEAR, FAR, RARE = 0.05, 0.01, 1e-4
"""shares of the reference steps: the slope of the tail is told between the first two, what is beyond the last is odd"""
LEAST_SLOPE = 0.5
"""in spreads: a little less than that of a normal distribution"""


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
    """exceeded by a share RARE of the steps if the tail is exponential; at least the highest of a healthy span"""
    slope: np.ndarray
    """increase of surprise that makes it e times rarer"""

    @classmethod
    def fit(cls, surprises: Sequence[np.ndarray], is_healthy: bool) -> "Tail":
        """From the surprise (T, C) of the reference span of every record; NaN left out. Its quantiles hardly
        move with a few anomalies among the steps."""
        limits, slopes = [], []
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
            limits.append(max(limit, values.max()) if is_healthy else limit)
        return cls(np.array(limits), np.array(slopes))

    def excess(self, surprise: np.ndarray) -> np.ndarray:
        """Surprise (T, C) -> (T,) how far the farthest channel lies beyond its limit, in slopes; 0 where none does."""
        beyond = (surprise - self.limit) / self.slope
        return np.nan_to_num(np.maximum(np.fmax.reduce(beyond, axis=1), 0.0), nan=0.0)


@dataclass(frozen=True)
class Usual:
    """Mean and spread of one quantity over the reference span."""

    mean: float
    spread: float

    @classmethod
    def of(cls, values: np.ndarray, floor: float = 0.0) -> "Usual":
        """From values (N,), NaN left out."""
        known = values[np.isfinite(values)]
        if not len(known):
            return cls(0.0, 1.0)
        return cls(float(known.mean()), float(known.std()) + floor or 1.0)

    def excess(self, values: np.ndarray) -> np.ndarray:
        """How far values lie above the mean, in spreads; 0 where below or unknown."""
        return np.nan_to_num(np.maximum((values - self.mean) / self.spread, 0.0), nan=0.0)


@dataclass(frozen=True, eq=False)
class Scorer:
    """Scores records against what is usual over the reference span."""

    residuals: ResidualScale
    surprise: float
    """mean smoothed surprise of a reference step"""
    error: Usual
    """of the smoothed surprise"""
    tail: Tail
    """of the surprise of single steps"""
    distances: tuple[Usual, ...]
    """of the stretches around a step, for each width"""
    width: int
    """smoothing width in steps"""
    window: str

    @classmethod
    def fit(
        cls,
        residuals: Sequence[np.ndarray],
        profiles: Sequence[tuple[Profile, ...]],
        width: int,
        window: str,
        is_healthy: bool = False,
    ) -> "Scorer":
        """From the reference residuals (H, T, C), in standard deviations, and the profiles of every record; a span
        that `is_healthy` holds no anomaly."""
        scale = ResidualScale.fit(residuals)
        surprises = [scale.surprise(part) for part in residuals]
        raw = [mean_observed(part) for part in surprises]
        every = np.concatenate(raw)
        mean = Usual.of(every).mean
        # Peak hold lifts the mean: what a smoothed step usually has is known after a first round.
        mean = Usual.of(np.concatenate([smooth(part, width, window, mean) for part in raw])).mean
        error = Usual.of(np.concatenate([smooth(part, width, window, mean) for part in raw]))
        steps = [part.shape[1] for part in residuals]
        distances = tuple(
            Usual.of(
                np.concatenate(
                    [spread_distances(one, length, window) for one, length in zip(alike, steps, strict=True)]
                ),
                SPREAD_FLOOR,
            )
            for alike in zip(*profiles, strict=True)
        )
        return cls(scale, mean, error, Tail.fit(surprises, is_healthy), distances, width, window)

    def score(self, residuals: np.ndarray, profiles: tuple[Profile, ...]) -> Scores:
        """Scores of one record from its residuals (H, T, C), in standard deviations, and profiles.

        NaN where no channel is observed.
        """
        contributions = self.residuals.surprise(residuals)
        raw = mean_observed(contributions)
        unknown = np.where(np.isfinite(raw), 0.0, np.nan)
        smoothed = self.error.excess(smooth(raw, self.width, self.window, self.surprise))
        error = np.log1p(smoothed + self.tail.excess(contributions))
        shape, by_channel = np.zeros(len(raw)), np.zeros(contributions.shape)
        for usual, profile in zip(self.distances, profiles, strict=True):
            excess = usual.excess(spread_distances(profile, len(raw), self.window))
            shape += np.log1p(excess)
            by_channel += excess[:, None] * _spread_shares(profile, len(raw), self.window)
        return Scores(error + shape + unknown, contributions, error + unknown, shape + unknown, by_channel)


def mean_observed(values: np.ndarray) -> np.ndarray:
    """(T, C) -> (T,) mean over the observed channels, NaN where there is none."""
    observed = np.isfinite(values)
    count = observed.sum(1)
    total = np.where(observed, values, 0.0).sum(1)
    return np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)


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


def _spread_shares(profile: Profile, steps: int, window: str) -> np.ndarray:
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


def _last_ended(profile: Profile, steps: int, take: Callable[[np.ndarray], np.ndarray], before: float) -> np.ndarray:
    """What `take` gives for the last stretch that has ended at each step, `before` where none has."""
    last = np.searchsorted(profile.starts + profile.width - 1, np.arange(steps), side="right") - 1
    taken = take(np.maximum(last, 0))
    taken[last < 0] = before
    return taken
