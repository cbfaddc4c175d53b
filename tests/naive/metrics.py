"""Slow, plain oracles of scores and spans against labels: one equation of a paper after another."""

import math
from collections.abc import Iterable

import numpy as np

from tests.naive.spans import find_runs


def vus_pr(labels: list[bool], scores: list[float], buffer: int, thresholds: int = 250) -> float:
    """Paparrizos et al. 2022, section 4, as TSB-AD's RangeAUC_volume_opt computes it; NaN counts as the lowest."""
    scores = [-math.inf if math.isnan(x) else x for x in scores]
    descending = sorted(scores, reverse=True)
    ranks = np.linspace(0, len(scores) - 1, thresholds).astype(int)
    areas = []
    for window in range(buffer + 1):
        before, area = 0.0, 0.0
        for rank in ranks:
            flags = [x >= descending[rank] for x in scores]
            recall, precision = _range_recall_precision(labels, flags, window)
            area += (recall - before) * precision
            before = recall
        areas.append(area)
    return sum(areas) / len(areas)


def _range_recall_precision(labels: list[bool], flags: list[bool], window: int) -> tuple[float, float]:
    half, steps = window // 2, len(labels)
    weights = [float(label) for label in labels]
    segments: list[tuple[int, int]] = []
    for start, stop in find_runs(labels):
        if segments and start - half < segments[-1][1]:
            segments[-1] = (segments[-1][0], stop + half)
        else:
            segments.append((max(start - half, 0), stop + half))
        for step in range(max(start - half, 0), min(stop + half, steps)):
            distance = max(start - step, step - (stop - 1))
            if distance > 0:
                weights[step] += math.sqrt(1 - distance / window)
    hits = sum(min(weight, 1.0) for weight, flag in zip(weights, flags, strict=True) if flag)
    # A known step counts whether flagged or not; a step of the buffer only when flagged.
    existing = sum(
        min(weight, 1.0) for weight, flag, label in zip(weights, flags, labels, strict=True) if flag or label
    )
    touched = sum(any(flags[start:stop]) for start, stop in segments)
    recall = min(hits / ((sum(labels) + existing) / 2), 1.0)
    return recall * touched / len(segments), hits / sum(flags)


def average_precision(labels: list[bool], scores: list[float]) -> float:
    """Sum over the distinct scores, highest first, of the rise in recall times the precision; NaN as the lowest."""
    scores = [-math.inf if math.isnan(x) else x for x in scores]
    before, area = 0.0, 0.0
    for threshold in sorted(set(scores), reverse=True):
        flagged = [label for label, score in zip(labels, scores, strict=True) if score >= threshold]
        recall = sum(flagged) / sum(labels)
        area += (recall - before) * sum(flagged) / len(flagged)
        before = recall
    return area


def precision_recall_curve(
    labels: list[bool], scores: list[float], points: int
) -> list[tuple[float, float | None, float | None]]:
    """(threshold, precision, recall) at evenly spaced ranks of the known scores; None for a ratio of nothing."""
    descending = sorted([x for x in scores if not math.isnan(x)], reverse=True)
    ranks = np.linspace(0, len(descending) - 1, min(points, len(descending))).astype(int)
    curve = []
    for threshold in sorted({descending[rank] for rank in ranks}, reverse=True):
        flagged = [label for label, score in zip(labels, scores, strict=True) if score > threshold]
        precision = sum(flagged) / len(flagged) if flagged else None
        curve.append((threshold, precision, sum(flagged) / sum(labels) if any(labels) else None))
    return curve


def detection_delays(labels: list[bool], flags: list[bool]) -> list[int]:
    return [flags[start:stop].index(True) for start, stop in find_runs(labels) if any(flags[start:stop])]


def affiliation(labels: list[bool], flags: list[bool]) -> tuple[float, float]:
    """Precision and recall of Huet et al. 2022, section 4, distance by distance; sums over steps for integrals."""
    runs = [range(*run) for run in find_runs(labels)]
    zones: list[list[int]] = [[] for _ in runs]
    for step in range(len(labels)):
        # The first of the least: a step at equal distance goes to the earlier run.
        zones[min(range(len(runs)), key=lambda i: _distance(step, runs[i]))].append(step)
    precisions, recalls = [], []
    for run, zone in zip(runs, zones, strict=True):
        flagged = [step for step in zone if flags[step]]
        shares = [_share(_distance(u, run) >= _distance(x, run) for u in zone) for x in flagged]
        precisions += [sum(shares) / len(shares)] if shares else []
        recalls.append(sum(_share(abs(y - u) >= _distance(y, flagged) for u in zone) for y in run) / len(run))
    return sum(precisions) / len(precisions) if precisions else math.nan, sum(recalls) / len(recalls)


def _distance(step: int, others: Iterable[int]) -> float:
    return min((abs(step - other) for other in others), default=math.inf)


def _share(are: Iterable[bool]) -> float:
    counted = list(are)
    return sum(counted) / len(counted)
