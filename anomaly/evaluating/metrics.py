"""Scores and events against labels: arrays in, figures out."""

from dataclasses import dataclass

import numpy as np

from anomaly.domain import fill_runs, find_runs, overlaps_any

VUS_THRESHOLDS = 250


@dataclass(frozen=True)
class Affiliation:
    """How near what was flagged is to what is known; each in 0..1, NaN where nothing is known."""

    precision: float
    """NaN also where nothing was flagged"""
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 where nothing was flagged."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if self.recall else 0.0


def detection_delays(labels: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """(found runs,) int: steps from the start of each found run of labels to its first flagged step, in time order.

    0 where its first step is flagged; a known run that no flagged span [starts[i], stops[i]) overlaps is left out.
    labels (T,) bool.
    """
    known_starts, known_stops = find_runs(labels)
    known_starts = known_starts[overlaps_any(known_starts, known_stops, starts, stops)]
    first_flagged = starts[np.searchsorted(stops, known_starts, side="right")]
    return np.maximum(first_flagged - known_starts, 0)


def affiliation(labels: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> Affiliation:
    """How near the flagged spans [starts[i], stops[i]) are to the known runs, next to flagging one step at random.

    Huet, Navarro & Rossi, "Local evaluation of time series anomaly detection algorithms", KDD 2022, with sums over
    steps in place of integrals. Every step belongs to the zone of the nearest known run (of two, the earlier).
    Precision of a zone: over its flagged steps, the mean share of the zone that is no nearer to the run. Recall of a
    zone: over the known steps, the mean share of the zone that is no nearer to the step than the nearest flagged step.
    Both are means over zones, precision over those with flagged steps. labels (T,) bool.
    """
    if not labels.any():
        return Affiliation(float("nan"), float("nan"))
    known_starts, known_stops = find_runs(labels)
    edges = np.concatenate([[0], (known_stops[:-1] + known_starts[1:] + 1) // 2, [len(labels)]])
    flagged, known = np.flatnonzero(fill_runs(starts, stops, len(labels))), np.flatnonzero(labels)
    zone = np.searchsorted(edges, flagged, side="right") - 1
    shares = _precision_shares(flagged, known_starts[zone], known_stops[zone], edges[zone], edges[zone + 1])
    precision = _mean_of_zones(shares, zone)
    zone = np.repeat(np.arange(len(known_starts)), known_stops - known_starts)
    return Affiliation(precision, _mean_of_zones(_recall_shares(known, flagged, edges[zone], edges[zone + 1]), zone))


def _precision_shares(
    flagged: np.ndarray, starts: np.ndarray, stops: np.ndarray, lows: np.ndarray, highs: np.ndarray
) -> np.ndarray:
    """For each flagged step, the share of its zone [low, high) that is no nearer to the known run [start, stop)."""
    distance = np.maximum(starts - flagged, flagged - (stops - 1))
    before = np.maximum(starts - lows - distance + 1, 0)
    after = np.maximum(highs - stops - distance + 1, 0)
    return np.where(distance <= 0, 1.0, (before + after) / (highs - lows))


def _recall_shares(known: np.ndarray, flagged: np.ndarray, lows: np.ndarray, highs: np.ndarray) -> np.ndarray:
    """For each known step, the share of its zone [low, high) that is no nearer to it than the nearest flagged step."""
    position = np.searchsorted(flagged, known)
    nowhere = highs[-1]
    previous, following = np.append(-1, flagged)[position], np.append(flagged, nowhere)[position]
    distance = np.minimum(
        np.where(previous >= lows, known - previous, nowhere), np.where(following < highs, following - known, nowhere)
    )
    before = np.maximum(known - distance - lows + 1, 0)
    after = np.maximum(highs - known - distance, 0)
    # At no distance, the step itself is in both.
    return (before + after - (distance == 0)) / (highs - lows)


def _mean_of_zones(shares: np.ndarray, zone: np.ndarray) -> float:
    """The mean over the zones that have shares of their mean share; NaN where none has."""
    counts = np.bincount(zone)
    held = counts > 0
    return float(np.mean(np.bincount(zone, shares)[held] / counts[held])) if len(zone) else float("nan")


def auc_pr(labels: np.ndarray, scores: np.ndarray) -> float:
    """Area under the precision-recall curve of the single steps, as average precision (no interpolation).

    Unknown scores (NaN) count as the lowest. NaN where nothing is known. labels (T,) bool, scores (T,).
    """
    # Slow to import, and most callers never ask for it.
    from sklearn.metrics import average_precision_score

    if not labels.any():
        return float("nan")
    # Ranks, as scikit-learn takes no infinite scores.
    ranks = np.unique(np.where(np.isnan(scores), -np.inf, scores), return_inverse=True)[1]
    return float(average_precision_score(labels, ranks))


def precision_recall_curve(
    labels: np.ndarray, scores: np.ndarray, points: int = 200
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Thresholds, highest first, and the precision and recall of the steps that score strictly above each.

    The thresholds are the known scores at `points` evenly spaced ranks, each once: at most `points`. Precision is NaN
    where nothing is flagged, as at the highest threshold; recall is NaN where nothing is known. Unknown scores (NaN)
    are never flagged. labels (T,) bool, scores (T,).
    """
    known_scores = np.sort(scores[~np.isnan(scores)])
    ranks = np.linspace(0, len(known_scores) - 1, min(points, len(known_scores))).astype(int)
    thresholds = np.unique(known_scores[::-1][ranks])[::-1]
    flagged = len(known_scores) - np.searchsorted(known_scores, thresholds, side="right")
    labelled = np.sort(scores[labels & ~np.isnan(scores)])
    found = len(labelled) - np.searchsorted(labelled, thresholds, side="right")
    with np.errstate(invalid="ignore"):
        return thresholds, found / flagged, found / labels.sum()


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
    buffered, nearest, second = _find_buffer(labels, starts, stops, buffer // 2)
    first_buffered = first[buffered]
    areas = []
    for window in range(buffer + 1):
        # `nearest` ascends: the buffer of a shorter window comes first.
        near = slice(np.searchsorted(nearest, window // 2, side="right"))
        # At least sqrt(1/2) from each run: where two reach, the sum is past 1, the most a step weighs.
        weights = np.where(second[near] <= window // 2, 1.0, np.sqrt(1 - nearest[near] / max(window, 1)))
        around = np.cumsum(np.bincount(first_buffered[near], weights, minlength=VUS_THRESHOLDS))
        hits = inside + around
        recall = np.minimum(hits / (positives + around / 2), 1) * _share_touched(first, starts, stops, window)
        areas.append(np.sum(np.diff(recall, prepend=0.0) * hits / flagged))
    return float(np.mean(areas))


def _find_buffer(
    labels: np.ndarray, starts: np.ndarray, stops: np.ndarray, furthest: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The unlabelled steps at most `furthest` from a known run, nearest first, and how far the nearest two runs are."""
    steps = np.flatnonzero(~labels)
    before = np.searchsorted(starts, steps)
    nowhere = len(labels) + furthest
    ends = np.concatenate([[-nowhere, -nowhere], stops - 1])
    heads = np.concatenate([starts, [2 * nowhere, 2 * nowhere]])
    left, right = steps - ends[before + 1], heads[before] - steps
    nearest = np.minimum(left, right)
    beyond = np.minimum(steps - ends[before], heads[before + 1] - steps)
    second = np.minimum(np.maximum(left, right), beyond)
    order = np.argsort(nearest, kind="stable")
    order = order[: np.count_nonzero(nearest <= furthest)]
    return steps[order], nearest[order], second[order]


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
