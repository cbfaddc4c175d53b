"""Residuals (T, C) -> how surprising each step is (T,), and what each channel puts in (T, C)."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from anomaly.domain import Scores

SPREAD_FLOOR = 0.05
"""added to the residuals' spread, in standard deviations of the channel: a channel predicted almost perfectly should
not shout at the tenth decimal"""


@dataclass(frozen=True, eq=False)
class ResidualScale:
    """How large |residual| is over the reference span, per horizon and channel."""

    mean: np.ndarray
    """(H, C)"""
    spread: np.ndarray
    """(H, C)"""

    @classmethod
    def fit(cls, residuals: list[np.ndarray]) -> "ResidualScale":
        """From the reference residuals (H, T, C) of every record, in standard deviations; NaN left out."""
        size = np.abs(np.concatenate(residuals, axis=1)).astype(np.float64)
        observed = np.isfinite(size)
        count = np.maximum(observed.sum(1), 1)
        mean = np.where(observed, size, 0.0).sum(1) / count
        variance = np.where(observed, (size - mean[:, None]) ** 2, 0.0).sum(1) / count
        return cls(mean, np.sqrt(variance) + SPREAD_FLOOR)


def score(residuals: np.ndarray, scale: ResidualScale, width: int, window: str = "centred") -> Scores:
    """Scores of one record from its residuals (H, T, C) in standard deviations.

    Per channel how far |residual| lies above its usual size, in spreads, the worst horizon counting; the mean over the
    observed channels; then smoothed over `width` steps. NaN where no channel is observed.
    """
    surprise = np.maximum((np.abs(residuals) - scale.mean[:, None]) / scale.spread[:, None], 0.0)
    contributions = np.fmax.reduce(surprise, axis=0)
    observed = np.isfinite(contributions)
    count = observed.sum(1)
    total = np.where(observed, contributions, 0.0).sum(1)
    raw = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
    return Scores(smooth(raw, width, window), contributions)


def smooth(values: np.ndarray, width: int, window: str = "centred") -> np.ndarray:
    """Non-negative values (T,) spread over about `width` steps; width 1 returns them as they are. NaN stays NaN.

    "centred": peak hold over width / 2, then the mean over `width` steps, both around the present step, so a score
    depends on the next 3/4 `width` steps too. "trailing": each peak is held and fades by 1/e in `width` steps; a score
    depends on the past alone.
    """
    if width <= 1:
        return values
    known = np.isfinite(values)
    present = np.where(known, values, 0.0)
    if window == "trailing":
        return np.where(known, _fading_peaks(present, width), np.nan)
    held = np.where(known, maximum_filter1d(present, max(1, width // 2), mode="constant"), 0.0)
    share = uniform_filter1d(known.astype(np.float64), width, mode="constant")
    mean = uniform_filter1d(held, width, mode="constant")
    # Running sums leave crumbs of rounding behind a huge peak; a score is never below 0.
    return np.where(known, np.maximum(mean, 0.0) / np.maximum(share, 1 / width), np.nan)


def _fading_peaks(values: np.ndarray, width: int) -> np.ndarray:
    """out[t] = max over k >= 0 of values[t - k] exp(-k / width), as a running maximum of logarithms."""
    age = np.arange(len(values)) / width
    with np.errstate(divide="ignore"):
        return np.exp(np.maximum.accumulate(np.log(values) + age) - age)
