"""Scores -> the threshold, by a rule. A step is flagged when its score lies above it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import grey_closing

from anomaly.detecting.agreement import Agreement, evaluate_events, evaluate_points
from anomaly.detecting.events import find_flags
from anomaly.detecting.rates import BASE_RATE, GROWTH, find_level, rarity, say_rate
from anomaly.detecting.usual import NORMAL_MAD
from anomaly.domain import DataError, Threshold, fill_runs, find_runs, merge_runs

MARGIN_QUANTILE = 0.99
KEPT = 0.01
"""share of the scores of a file learnt whole that is kept at the rate BASE_RATE, the highest; more at a higher rate"""
SURE = 8.0
"""a score that is an event in any case at that rate: some fifty times what chance makes of one part, or several"""
TAIL_QUANTILE, FEWEST_EXCESSES, POOR_FIT = 0.98, 30, 0.1
DEVIATIONS = np.arange(2.0, 10.5, 0.5)
"""how many standard deviations above the mean the dynamic threshold tries (Hundman et al. 2018: between 2 and 10)"""
BEST_TRIED = 200


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a threshold can be set from. Per record, NaN = unknown."""

    reference: tuple[np.ndarray, ...]
    """(T_train,) scores over the reference span"""
    scores: tuple[np.ndarray, ...]
    """(T,) scores of the records to be flagged"""
    labels: tuple[np.ndarray | None, ...]
    """(T,) bool; only the rule `best` uses them"""
    merge_gap: int
    """alarms at most this many steps apart are one"""
    min_length: int = 1
    """alarms of fewer steps do not count; only the rule `best` uses it"""
    unit_steps: float = 1_000
    """steps in the unit that alarms are counted in"""
    unit: str = "1000 steps"
    """what it is called"""
    width: int = 1
    """steps that scores are smoothed over; only the rule `rate` uses it"""
    healthy: bool = True
    """whether the reference span was chosen to be free of anomalies; only the rule `rate` uses it"""


def calibrate(evidence: Evidence, rule: str, parameter: float) -> Threshold:
    """The threshold that `rule` sets; the meaning of `parameter` depends on the rule.

    rate: `parameter` false alarms are expected in the unit. margin: the 99 % quantile of the reference scores +
    `parameter`. budget: the lowest with at most `parameter` alarms in the unit on the reference span. quantile: that
    quantile of the reference scores. sigma: their median + `parameter` robust standard deviations. pot: exceeded by a
    share `parameter` of the steps, by the reference scores' tail. ndt: the dynamic threshold of the scores looked at,
    `parameter` being the least drop that keeps a sequence. best: the highest F1 on the labels, event by event and step
    by step together. value: `parameter` itself. Raises DataError where there is nothing to set it from.
    """
    reference = known(np.concatenate(evidence.reference))
    if len(reference) == 0 and rule not in ("value", "rate"):
        raise DataError(
            "No step of the train span could be scored, so there is nothing to set a threshold from: "
            "use the rule 'value', or a longer train span."
        )
    value, note = RULES[rule](evidence, reference, parameter)
    return Threshold(float(value), rule, parameter, reference, note)


def known(scores: np.ndarray) -> np.ndarray:
    """The finite ones of scores (T,)."""
    return scores[np.isfinite(scores)]


def _rate(evidence: Evidence, reference: np.ndarray, alarms: float) -> tuple[float, str]:
    """As measured on series without anomalies; of what was learnt from, anomalies too, the highest share KEPT and what
    is SURE."""
    scores = known(np.concatenate(evidence.scores))
    steps = len(scores)
    if alarms <= 0:
        # A finite level: neither JSON nor a chart has a place for one that no score reaches.
        highest = max(reference.max(initial=0.0), scores.max(initial=0.0))
        return float(highest), f"{say_rate(alarms, evidence.unit)}: the threshold is the highest score."
    level = find_level(alarms * steps / evidence.unit_steps, steps, evidence.width)
    said = f"{say_rate(alarms, evidence.unit)}, by what chance makes of series without anomalies."
    most, share = 0.0, min(KEPT * alarms / BASE_RATE, 1.0)
    sure = max(SURE + GROWTH * rarity(alarms), 0.0)
    if len(reference) and not evidence.healthy:
        most = min(float(np.quantile(reference, 1 - share)), sure)
    if most > level:
        kept = f"{100 * share:.3g} %"
        return most, f"{said} More than {kept} lie above: kept are the highest {kept}, and all above {sure:.3g}."
    return level, said


def _margin(_: Evidence, reference: np.ndarray, margin: float) -> tuple[float, str]:
    return float(np.quantile(reference, MARGIN_QUANTILE)) + margin, ""


def _quantile(_: Evidence, reference: np.ndarray, share: float) -> tuple[float, str]:
    return float(np.quantile(reference, share)), ""


def _sigma(_: Evidence, reference: np.ndarray, count: float) -> tuple[float, str]:
    median = np.median(reference)
    deviation = NORMAL_MAD * np.median(np.abs(reference - median))
    # More than half of the reference scores can be equal (often 0), and then say nothing of the spread.
    return float(median + count * (deviation if deviation > 0 else reference.std())), ""


def _value(_: Evidence, reference: np.ndarray, value: float) -> tuple[float, str]:
    return value, ""


def _budget(evidence: Evidence, reference: np.ndarray, alarms: float) -> tuple[float, str]:
    """The lowest level from which on up no level has more alarms than allowed.

    Joining alarms with short gaps between is, for all levels at once, the closing of mathematical morphology; and the
    alarms above a level are the steps on which the closed scores rise through it.
    """
    # More than one a step there cannot be; what is beyond all numbers would be no whole one.
    allowed = int(min(alarms * len(reference) / evidence.unit_steps, len(reference)))
    low, high = [], []
    for scores in evidence.reference:
        filled = np.where(np.isfinite(scores), scores, -1.0)
        # The ends must not be joined to what is not there.
        padded = np.pad(filled, evidence.merge_gap + 1, constant_values=-1.0)
        closed = grey_closing(padded, evidence.merge_gap + 1) if evidence.merge_gap else padded
        rises = np.diff(closed) > 0
        low.append(closed[:-1][rises])
        high.append(closed[1:][rises])
    ends = np.concatenate([*low, *high])
    levels, place = np.unique(ends, return_inverse=True)
    if not len(levels):
        return float(reference.max()), "All scores are alike: nothing stands out."
    change = np.repeat([1, -1], len(ends) // 2)
    count = np.cumsum(np.bincount(place, change, len(levels)))
    too_many = np.flatnonzero(count > allowed)
    level = levels[too_many[-1] + 1] if len(too_many) else levels[0]
    return float(max(level, 0.0)), f"At most {allowed:,} alarms in the {len(reference):,} steps of the train span."


def _pot(_: Evidence, reference: np.ndarray, rate: float) -> tuple[float, str]:
    """Peaks over threshold (Siffer et al. 2017); the generalised Pareto tail by probability-weighted moments (Hosking &
    Wallis 1987), which need no search."""
    start = float(np.quantile(reference, TAIL_QUANTILE))
    excess = np.sort(reference[reference > start] - start)
    count = len(excess)
    if count < FEWEST_EXCESSES:
        return float(reference.max()), (
            f"Only {count} reference scores lie in the upper tail, too few to fit it (expected {FEWEST_EXCESSES}): "
            "the threshold is the highest of them."
        )
    mean, weighted = excess.mean(), (excess * (count - np.arange(1, count + 1)) / (count - 1)).mean()
    shape = 2 - mean / (mean - 2 * weighted)
    scale = 2 * mean * weighted / (mean - 2 * weighted)
    beyond = len(reference) * rate / count
    value = start + (scale * -np.log(beyond) if abs(shape) < 1e-6 else scale / shape * (beyond**-shape - 1))
    tail = (
        np.maximum(1 + shape * excess / scale, 0.0) ** (-1 / shape) if abs(shape) >= 1e-6 else np.exp(-excess / scale)
    )
    misfit = float(np.abs(1 - tail - (np.arange(count) + 0.5) / count).max())
    if misfit > POOR_FIT:
        return max(value, start), (
            f"The tail of the reference scores does not fit a generalised Pareto distribution (it is off by up to "
            f"{misfit:.0%}): take the false-alarm rate as a guess."
        ).replace("%", " %")
    return max(value, start), f"The tail fits to within {misfit:.0%}.".replace("%", " %")


def _ndt(evidence: Evidence, reference: np.ndarray, least_drop: float) -> tuple[float, str]:
    """Nonparametric dynamic threshold with pruning (Hundman et al. 2018), of the scores looked at."""
    parts = [np.where(np.isfinite(scores), scores, 0.0) for scores in evidence.scores]
    every = np.concatenate(parts)
    mean, deviation = every.mean(), every.std()
    best, value = -np.inf, float(every.max())
    if mean <= 0 or deviation <= 0:
        return value, "All scores are alike: nothing stands out."
    for level in mean + DEVIATIONS * deviation:
        above = every > level
        if not above.any():
            break
        below = every[~above]
        sequences = sum(len(_sequences(part, level, evidence.merge_gap)[0]) for part in parts)
        gain = (mean - below.mean()) / mean + (deviation - below.std()) / deviation
        merit = gain / (above.sum() + sequences**2)
        if merit > best:
            best, value = merit, float(level)
    return _prune(
        parts, value, evidence.merge_gap, least_drop
    ), "Found in the scores of the whole file, not on the train span alone."


def _sequences(scores: np.ndarray, level: float, gap: int) -> tuple[np.ndarray, np.ndarray]:
    return merge_runs(*find_runs(scores > level), gap, 1)


def _prune(parts: list[np.ndarray], level: float, gap: int, least_drop: float) -> float:
    """The level raised so that only sequences before the last drop of more than `least_drop` are kept.

    The sequences' maxima in falling order, the highest score of the rest last: a drop is what one falls to the next.
    The rest begins `gap` steps from a sequence: its own slopes are as high as the level.
    """
    tops, rest = [], 0.0
    for part in parts:
        starts, stops = _sequences(part, level, gap)
        tops += [part[start:stop].max() for start, stop in zip(starts, stops, strict=True)]
        near = fill_runs(np.maximum(starts - gap, 0), np.minimum(stops + gap, len(part)), len(part))
        rest = max(rest, part[~near].max(initial=0.0))
    falling = np.array([*sorted(tops, reverse=True), rest])
    drops = (falling[:-1] - falling[1:]) / falling[:-1]
    large = np.flatnonzero(drops > least_drop)
    if not len(large):
        return float(falling[0])
    return max(level, float(falling[large[-1] + 1]))


def _best(evidence: Evidence, reference: np.ndarray, _: float) -> tuple[float, str]:
    if not any(labels is not None and labels.any() for labels in evidence.labels):
        raise DataError(
            "The rule 'best' needs known anomalies to compare with, and this file has none: choose another rule."
        )
    falling = np.unique(known(np.concatenate(evidence.scores)))[::-1]
    # Close together at the top, where one more or less is an alarm more or less.
    ranks = np.unique(np.geomspace(1, len(falling), BEST_TRIED).astype(int)) - 1
    tried = falling[ranks] if len(falling) > BEST_TRIED else falling
    figures = [_agreement(evidence, level) for level in tried]
    # The highest of equals: fewer steps flagged for the same events.
    return float(tried[int(np.argmax(figures))]), "Set with the labels in view: not a figure to expect of new data."


def _agreement(evidence: Evidence, level: float) -> float:
    """Event-wise and point-wise F1 together: by events alone, one that covers the whole record would be the best."""
    events = points = Agreement(0, 0, 0)
    for scores, labels in zip(evidence.scores, evidence.labels, strict=True):
        if labels is None:
            continue
        runs = merge_runs(*find_runs(find_flags(scores, level)), evidence.merge_gap, evidence.min_length)
        events += evaluate_events(labels, *runs)
        points += evaluate_points(labels, fill_runs(*runs, len(labels)))
    return events.f1 + points.f1


RULES: dict[str, Callable[[Evidence, np.ndarray, float], tuple[float, str]]] = {
    "rate": _rate,
    "margin": _margin,
    "budget": _budget,
    "quantile": _quantile,
    "sigma": _sigma,
    "pot": _pot,
    "ndt": _ndt,
    "best": _best,
    "value": _value,
}
