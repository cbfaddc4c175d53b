"""How far new data have moved from what a model learnt from, channel by channel."""

from dataclasses import dataclass

import numpy as np

from anomaly.domain import Dataset
from anomaly.preparation import find_train_stops
from anomaly.settings import FitSettings

BINS = 10
SOME, LARGE = 0.1, 0.25
"""of the population stability index: the usual limits (Siddiqi 2006, Credit Risk Scorecards)"""
LEAST_SHARE = 1e-4
"""that an empty bin counts as"""


@dataclass(frozen=True)
class Drift:
    """One channel, monitored or context."""

    channel: str
    index: float
    """population stability index over the deciles of the train span; NaN where either holds no value"""
    before: float
    """median of the train span, own units; `after` that of the new data"""
    after: float
    spread: float
    """quartile range of the new data over that of the train span; NaN where that had none"""
    outside: float
    """share of the new values below the lowest or above the highest of the train span"""

    @property
    def word(self) -> str:
        if np.isnan(self.index):
            return "unknown"
        return "large" if self.index > LARGE else "some" if self.index > SOME else "none"


def measure_drift(learnt: Dataset, settings: FitSettings, new: Dataset) -> list[Drift]:
    """Of every channel of `new` against the train span of `learnt`, which `settings` were fitted on; the largest
    first."""
    stops = find_train_stops(learnt, settings)
    found = []
    for names, part in ((new.monitored, "values"), (new.columns.context, "context")):
        before = np.concatenate([getattr(one, part)[:stop] for one, stop in zip(learnt.series, stops, strict=True)])
        after = np.concatenate([getattr(one, part) for one in new.series])
        found += [_compare(name, before[:, column], after[:, column]) for column, name in enumerate(names)]
    return sorted(found, key=lambda one: -np.nan_to_num(one.index, nan=-1.0))


def _compare(name: str, before: np.ndarray, after: np.ndarray) -> Drift:
    before, after = before[np.isfinite(before)], after[np.isfinite(after)]
    if not len(before) or not len(after):
        return Drift(name, *[np.nan] * 5)
    quarters, new_quarters = (np.quantile(one, (0.25, 0.5, 0.75)) for one in (before, after))
    spread = quarters[2] - quarters[0]
    return Drift(
        name,
        _stability_index(before, after),
        float(quarters[1]),
        float(new_quarters[1]),
        float((new_quarters[2] - new_quarters[0]) / spread) if spread > 0 else np.nan,
        float(((after < before.min()) | (after > before.max())).mean()),
    )


def _stability_index(before: np.ndarray, after: np.ndarray) -> float:
    """Sum over the bins of (q - p) ln(q / p), p and q the shares of the train span and of the new values."""
    edges = np.unique(np.quantile(before, np.linspace(0, 1, BINS + 1)[1:-1]))
    shares = []
    for values in (before, after):
        # A value that many share is a bin of its own: below, at and above each edge.
        places = np.searchsorted(edges, values, "left") + np.searchsorted(edges, values, "right")
        counts = np.bincount(places, minlength=2 * len(edges) + 1)
        shares.append(np.maximum(counts / len(values), LEAST_SHARE))
    p, q = shares
    return float(((q - p) * np.log(q / p)).sum())
