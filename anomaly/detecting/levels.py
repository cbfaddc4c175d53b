"""Levels and spreads of stretches against what is usual: what lasts, and is foreseen step by step again.

A forecaster follows its input: soon after a step that stays, each next value is easily foreseen, and many stretches
of a long fault resemble each other. So the mean and the logarithm of the standard deviation of stretches of several
widths are compared with their median over the train span. Of several channels the same is asked of what is left of
each when the others are known (its relation to them): two channels that drift apart, each normal by itself, and one
of many that drifts alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from anomaly.detecting.habits import find_habit, visits_of_habit
from anomaly.detecting.usual import NORMAL_MAD
from anomaly.domain import Profile

MULTIPLES = (1, 4, 16)
"""of the smoothing width: the widths of stretches"""
LEAST_STRETCHES = 6
"""that a record holds of a width longer than what is smoothed over"""
PLACES = 10
"""stretches begin every `width` / PLACES steps"""
USUAL_DISTANCE = 2.0
"""spreads from the median within which all is usual"""
FEWEST_RETURNS = 5
"""of a level before it is one of the states that a machine has"""
LEAST_SPREAD = 0.1
"""added to the spread of means, in standard deviations, and of the logarithms"""
SPREAD_FLOOR = 0.05
"""standard deviations added to those of stretches and of relations: of a constant the logarithm would be none"""
LEAST_OBSERVED = 0.5
"""of a stretch's steps"""
FARTHEST = 10.0
"""standard deviations at which values are cut: one spike is no level"""
MOST_UNTOLD = 0.25
"""of the variance of what is left of a channel: more of it unknown for want of others, and nothing is told"""
MOST_LEFT = 0.8
"""of a channel's standard deviation when the others are known: with more of it there is no relation"""
MOST = 0.95
"""of the stretches of one half of a healthy train span"""
RIDGE = 0.05
"""added to the variances that relations are learnt from: no channel is told exactly by the others"""


@dataclass(frozen=True, eq=False)
class Levels:
    """What is usual of M quantities, for W widths: channels by themselves, or each beside all others."""

    widths: tuple[int, ...]
    weights: np.ndarray
    """(M, M): what is looked at are values times these; the identity for channels by themselves"""
    usual: np.ndarray
    """(W, 2, M) medians of the stretches' means and of the logarithms of their standard deviations"""
    spreads: np.ndarray
    """(W, 2, 2, M) what lies below and what lies above is divided by; larger where it is a habit"""

    @classmethod
    def learn(
        cls, records: Sequence[np.ndarray], width: int, related: bool = False, is_healthy: bool = False
    ) -> "Levels":
        """From the train spans (T, M) of every record, in standard deviations, NaN = missing. `related` asks what is
        left of each channel when the others are known; with fewer than two that move there is nothing to ask. In a span
        that `is_healthy`, what moved from one half to the other is no anomaly."""
        channels = records[0].shape[1]
        weights = _learn_relations(records) if related else np.eye(channels)
        longest = max(map(len, records))
        widths = [width * times for times in MULTIPLES]
        widths = [one for one in widths if one <= longest // LEAST_STRETCHES or (one == width and one <= longest)]
        if not weights.any():
            widths = []
        parts = [_apply(record, weights) for record in records]
        learnt = [(_learn_halves if is_healthy else _learn_width)(parts, one) for one in widths]
        shape = (len(widths), 2, channels)
        return cls(
            tuple(widths),
            weights,
            np.array([usual for usual, _ in learnt]).reshape(shape),
            np.array([spread for _, spread in learnt]).reshape(len(widths), 2, 2, channels),
        )

    def compare(self, values: np.ndarray) -> tuple[Profile, ...]:
        """Profiles of one record (T, M), one for each width: how many spreads the stretches lie beyond the usual."""
        part = self.look_at(values)
        return tuple(
            self._compare(part, width, usual, spreads)
            for width, usual, spreads in zip(self.widths, self.usual, self.spreads, strict=True)
        )

    def look_at(self, values: np.ndarray) -> np.ndarray:
        """(T, M) what stretches are measured of: the values, or what is left of each when the others are known."""
        return _apply(values, self.weights)

    def _compare(self, part: np.ndarray, width: int, usual: np.ndarray, spreads: np.ndarray) -> Profile:
        starts = _starts(part, width)
        far = np.abs(_apart(_measure(part, width, starts), usual, spreads))
        beyond = np.maximum([scan_channels(one) for one in far], USUAL_DISTANCE) - USUAL_DISTANCE
        by_channel = np.maximum(far - USUAL_DISTANCE, 0.0).max(0)
        total = by_channel.sum(1, keepdims=True)
        return Profile(
            width, starts, beyond.max(0), np.divide(by_channel, total, out=np.zeros_like(by_channel), where=total > 0)
        )


def scan_channels(distances: np.ndarray) -> np.ndarray:
    """Distances (G, M) in spreads -> (G,) of the most telling channels together.

    The largest over k of the mean of the k largest, less what the largest k of M reach by chance, which is about
    sqrt(2 ln(M / k)) of normal ones: one channel strongly and many a little both count.
    """
    channels = distances.shape[1]
    count = np.arange(1, channels + 1)
    means = np.cumsum(-np.sort(-distances, axis=1), axis=1) / count
    return (means - np.sqrt(2 * np.log(channels / count))).max(1, initial=0.0)


def _learn_width(parts: list[np.ndarray], width: int) -> tuple[np.ndarray, np.ndarray]:
    """Medians (2, M) and spreads (2, 2, M) of the stretches of all records."""
    measured = [_measure(part, width, _starts(part, width)) for part in parts]
    every = np.concatenate(measured, axis=1)
    known = np.isfinite(every).any(1)
    usual, spread = np.zeros(known.shape), np.full(known.shape, LEAST_SPREAD)
    for kind, channel in np.argwhere(known):
        figures = every[kind, :, channel]
        figures = figures[np.isfinite(figures)]
        usual[kind, channel] = np.median(figures)
        spread[kind, channel] += NORMAL_MAD * np.median(np.abs(figures - usual[kind, channel]))
    visits = visits_of_habit(sum(map(len, parts)), width, FEWEST_RETURNS)
    spreads = np.repeat(spread[:, None], 2, axis=1)
    for kind, channel in np.argwhere(known):
        for side, sign in enumerate((-1, 1)):
            scale = sign * spread[kind, channel]
            far = [np.maximum((one[kind, :, channel] - usual[kind, channel]) / scale, 0.0) for one in measured]
            # A state that returns often is one of the machine's own.
            habit = find_habit(far, visits, USUAL_DISTANCE)
            spreads[kind, side, channel] *= max(1.0, habit / USUAL_DISTANCE)
    return usual, spreads


def _learn_halves(parts: list[np.ndarray], width: int) -> tuple[np.ndarray, np.ndarray]:
    """As `_learn_width`, with the spreads as much larger as most of each half lies beyond what the other has."""
    usual, spreads = _learn_width(parts, width)
    first, second = ([half[place] for half in (np.array_split(part, 2) for part in parts)] for place in (0, 1))
    if min(max(map(len, half)) for half in (first, second)) < width:
        return usual, spreads
    for learnt, other in ((first, second), (second, first)):
        theirs = _learn_width(learnt, width)
        far = np.concatenate([_apart(_measure(part, width, _starts(part, width)), *theirs) for part in other], axis=1)
        for side, sign in enumerate((-1, 1)):
            spreads[:, side] *= np.maximum(np.quantile(sign * far, MOST, axis=1) / USUAL_DISTANCE, 1.0)
    return usual, spreads


def _apart(measured: np.ndarray, usual: np.ndarray, spreads: np.ndarray) -> np.ndarray:
    """(2, G, M) how many spreads stretches lie above (below: < 0) the usual; 0 where unknown."""
    apart = np.nan_to_num(measured - usual[:, None], nan=0.0)
    return apart / np.where(apart < 0, spreads[:, 0, None], spreads[:, 1, None])


def _starts(part: np.ndarray, width: int) -> np.ndarray:
    return np.arange(0, len(part) - width + 1, max(1, width // PLACES))


def _measure(part: np.ndarray, width: int, starts: np.ndarray) -> np.ndarray:
    """(T, M) -> (2, G, M) mean and logarithm of the standard deviation of each stretch, NaN where too little is
    known."""
    known = np.isfinite(part)
    filled = np.where(known, part, 0.0)
    count = _sums(known.astype(float), width, starts)
    enough = np.maximum(count, 1)
    mean = _sums(filled, width, starts) / enough
    variance = np.maximum(_sums(filled**2, width, starts) / enough - mean**2, 0.0)
    told = np.stack([mean, 0.5 * np.log(variance + SPREAD_FLOOR**2)])
    return np.where(count >= LEAST_OBSERVED * width, told, np.nan)


def _sums(values: np.ndarray, width: int, starts: np.ndarray) -> np.ndarray:
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    return total[starts + width] - total[starts]


@threadpool_limits.wrap(limits=1, user_api="blas")
def _learn_relations(records: Sequence[np.ndarray]) -> np.ndarray:
    """(M, M) weights that leave of each channel what the others do not tell of it, in its own spread.

    A regression of each channel on all others, by the inverse of their covariance P: what is left of channel i is
    (P x)_i / P_ii (Lauritzen 1996, section 5.1.3). Channels that never move tell nothing and are not told; nor is one
    of which nearly all is left: its relation would be its own level told twice.
    """
    values = np.concatenate([_cut(record) for record in records]).astype(float)
    values -= values.mean(0)
    moving = np.flatnonzero(values.std(0) > 1e-9)
    weights = np.zeros((values.shape[1], values.shape[1]))
    if len(moving) < 2:
        return weights
    values = values[:, moving]
    inverse = np.linalg.inv(values.T @ values / len(values) + RIDGE * np.eye(len(moving)))
    own = inverse / np.diag(inverse)
    left = (values @ own).std(0)
    weights[np.ix_(moving, moving)] = np.where(left <= MOST_LEFT * values.std(0), own / (left + SPREAD_FLOOR), 0.0)
    return weights


@threadpool_limits.wrap(limits=1, user_api="blas")
def _apply(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Values (T, M) cut and times the weights (M, M), NaN where missing, or where those are that tell much of it."""
    found = _cut(values) @ weights
    known = np.isfinite(values)
    if known.all():
        return found
    # Beside a partner that is missing, all that the two share would be left over.
    untold = (~known).astype(float) @ weights**2
    return np.where(known & (untold <= MOST_UNTOLD), found, np.nan)


def _cut(values: np.ndarray) -> np.ndarray:
    return np.clip(np.nan_to_num(values, nan=0.0), -FARTHEST, FARTHEST)
