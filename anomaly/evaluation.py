"""Scores and events against labels. Labels are looked at here and nowhere before."""

from dataclasses import dataclass

import numpy as np

from anomaly.events import find_runs, overlaps_any

VUS_THRESHOLDS = 250


@dataclass(frozen=True)
class Agreement:
    """How what was flagged agrees with what is known, at one threshold."""

    found: int
    """known points flagged, or known events that a flagged event overlaps"""
    missed: int
    false: int
    """flagged points that are not known, or flagged events that overlap no known event"""

    @property
    def precision(self) -> float:
        """Share of what was flagged that is known; NaN where nothing was flagged."""
        flagged = self.found + self.false
        return self.found / flagged if flagged else float("nan")

    @property
    def recall(self) -> float:
        """Share of what is known that was flagged; NaN where nothing is known."""
        known = self.found + self.missed
        return self.found / known if known else float("nan")

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; NaN where nothing is known."""
        known = self.found + self.missed
        return 2 * self.found / (2 * self.found + self.false + self.missed) if known else float("nan")

    def __add__(self, other: "Agreement") -> "Agreement":
        return Agreement(self.found + other.found, self.missed + other.missed, self.false + other.false)


def evaluate_points(labels: np.ndarray, flags: np.ndarray) -> Agreement:
    """Step by step: labels (T,) and flags (T,), both bool."""
    return Agreement(int((labels & flags).sum()), int((labels & ~flags).sum()), int((~labels & flags).sum()))


def evaluate_events(labels: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> Agreement:
    """Run by run: a known run is found when one of the flagged spans [starts[i], stops[i]) overlaps it.

    A flagged span that overlaps none is false.
    """
    known_starts, known_stops = find_runs(labels)
    found = int(overlaps_any(known_starts, known_stops, starts, stops).sum())
    false = len(starts) - int(overlaps_any(starts, stops, known_starts, known_stops).sum())
    return Agreement(found, len(known_starts) - found, false)


def vus_pr(labels: np.ndarray, scores: np.ndarray, buffer: int) -> float:
    """Volume under the surface of range precision-recall curves, one for each buffer length 0..`buffer` (steps).

    Paparrizos et al., "Volume Under the Surface", VLDB 2022, as computed by TSB-AD: 250 thresholds at even ranks;
    labels reach `buffer` // 2 steps out of each known run with falling weight; recall is multiplied by the share of
    (extended) runs touched. Unknown scores (NaN) count as the lowest. NaN where nothing is known.
    labels (T,) bool, scores (T,).
    """
    if not labels.any():
        return float("nan")
    scores = np.where(np.isfinite(scores), scores, -np.inf)
    ranks = np.linspace(0, len(scores) - 1, VUS_THRESHOLDS).astype(int)
    thresholds = -np.sort(-scores)[ranks]
    # `first[t]`: the first threshold, from the highest down, at which step t is flagged.
    first = np.searchsorted(-thresholds, -scores, side="left")
    flagged = np.cumsum(np.bincount(first, minlength=VUS_THRESHOLDS))
    positives = labels.sum()
    inside = np.cumsum(np.bincount(first[labels], minlength=VUS_THRESHOLDS))
    starts, stops = find_runs(labels)
    areas = []
    for window in range(buffer + 1):
        steps, weights = _label_buffer(labels, starts, stops, window)
        around = np.cumsum(np.bincount(first[steps], weights, minlength=VUS_THRESHOLDS))
        hits = inside + around
        recall = np.minimum(hits / (positives + around / 2), 1) * _share_touched(first, starts, stops, window)
        areas.append(np.sum(np.diff(recall, prepend=0.0) * hits / flagged))
    return float(np.mean(areas))


def _label_buffer(
    labels: np.ndarray, starts: np.ndarray, stops: np.ndarray, window: int
) -> tuple[np.ndarray, np.ndarray]:
    """The steps around the known runs and their weights sqrt(1 - distance / window), at most 1 in sum."""
    half = window // 2
    if half == 0:
        return np.empty(0, int), np.empty(0)
    distance = np.arange(1, half + 1)
    weight = np.sqrt(1 - distance / window)
    steps = np.concatenate([(starts[:, None] - distance).ravel(), (stops[:, None] - 1 + distance).ravel()])
    weights = np.tile(weight, 2 * len(starts))
    kept = (steps >= 0) & (steps < len(labels))
    steps, weights = steps[kept], weights[kept]
    kept = ~labels[steps]
    unique, position = np.unique(steps[kept], return_inverse=True)
    return unique, np.minimum(np.bincount(position, weights[kept], minlength=len(unique)), 1.0)


def _share_touched(first: np.ndarray, starts: np.ndarray, stops: np.ndarray, window: int) -> np.ndarray:
    """(thresholds,) share of the runs, grown by window // 2 and joined where they meet, that hold a flagged step."""
    half = window // 2
    grown_starts, grown_stops = np.maximum(starts - half, 0), np.minimum(stops + half, len(first))
    apart = np.concatenate([[True], stops[:-1] - 1 + half < starts[1:] - half])
    grown_starts, grown_stops = grown_starts[apart], grown_stops[np.append(apart[1:], True)]
    # The smallest `first` of each run; odd entries of reduceat are the stretches between.
    edges = np.stack([grown_starts, grown_stops], 1).ravel()
    touched = np.minimum.reduceat(np.append(first, len(first)), edges)[::2]
    return np.cumsum(np.bincount(touched, minlength=VUS_THRESHOLDS))[:VUS_THRESHOLDS] / len(grown_starts)
