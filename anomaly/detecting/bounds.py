"""A run of high scores -> where the evidence itself begins and ends.

Smoothing makes every score as wide as its width. So the score only tells where to look: the steps around its peak where
it stays above half its height, and half a width more on both sides. Within them an event is the segment that differs
most from what is usual: for a segment of n steps with mean m and variance v, in usual spreads, a normal distribution of
its own is n (m^2 + v - 1 - log v) / 2 more likely than the usual one (a scan statistic, Kulldorff 1997, for mean and
variance together). A spike, a step, a louder or quieter stretch and a flat line all raise it, each at its own steps. It
counts where it stands alone: where others beside it differ too, as each heart beat does, or where it goes on to the
edge of where was looked, the half height stays.
"""

from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import heapify, heappop, heappush

import numpy as np

from anomaly.domain import PartName, find_runs

HALF = 0.5
"""share of the height of the peak; of a score that is a logarithm"""
REACH = 0.75
"""of a width: how far smoothing carries a step, by peak hold (a quarter) and mean (a half)"""
MARGIN = 0.5
"""of a width: how far beyond the half height to look"""
RIVAL = 0.1
"""share of the gain of the best segment; with more beside it, it does not stand alone"""
LEADING = 3
"""channels that are asked: those that differ most"""
FLAT = 0.05
"""in spreads: the least deviation of a segment, else two equal values would be certain of everything"""
OUTER = 0.01
"""share of the values at either end that do not count for the usual spread beyond their quantile"""
NEAR = 1024
"""steps at which the end of the half height is looked for first"""
GRID, COARSE_GRID = 200, 66
"""places at which a segment may begin or end, before both ends are refined"""

Gain = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""first steps and stops (N,) -> how much likelier each segment is by itself than as usual, in nats"""


@dataclass(frozen=True, eq=False)
class Signal:
    """One quantity of one record, about the median and in usual spreads of each channel."""

    values: np.ndarray
    """(T, C) as it is; NaN = unknown"""
    centre: np.ndarray
    """(C,)"""
    spread: np.ndarray
    """(C,)"""

    def between(self, first: int, stop: int) -> np.ndarray:
        """(stop - first, C) in spreads: only where it is looked at, for records are long."""
        return (self.values[first:stop].astype(np.float64) - self.centre) / self.spread


@dataclass(frozen=True, eq=False)
class Signals:
    """What one record shows, step by step and not smoothed."""

    values: Signal
    residuals: Signal
    """signed, of the next step"""
    relation: Signal | None
    """each channel less what the others let expect; None with one channel"""
    parts: Mapping[PartName, np.ndarray]
    """(T,) of the score by name; "relation" where there is one"""
    known: dict[tuple[int, int, int], tuple[int, int]] = field(default_factory=dict)
    """bounds by their peak and what was free around it: a moved threshold finds most of them here"""

    def at(self, step: int) -> tuple[Signal, ...]:
        """The signals that tell the bounds of an event with its peak at `step`.

        Where channels no longer agree, each may look as usual.
        """
        leading = max(self.parts, key=lambda name: np.nan_to_num(self.parts[name][step]), default="")
        if leading == "relation" and self.relation is not None:
            return (self.relation,)
        return self.values, self.residuals


def standardise(records: Sequence[np.ndarray]) -> list[Signal]:
    """(T, C) of every record -> the same as signals.

    The spread is that of all but the outermost values: a few anomalies hardly move it, and what is usual has one of
    about 1 even where most of its values are alike, as between heart beats.
    """
    every = np.concatenate(records)
    centre, spread = np.zeros(every.shape[1]), np.ones(every.shape[1])
    for channel in range(every.shape[1]):
        known = every[np.isfinite(every[:, channel]), channel].astype(np.float64)
        if len(known):
            low, middle, high = np.quantile(known, (OUTER, 0.5, 1 - OUTER))
            centre[channel] = middle
            spread[channel] = np.clip(known, low, high).std() or 1.0
    return [Signal(values, centre, spread) for values in records]


def gather_signals(
    values: Sequence[np.ndarray],
    residuals: Sequence[np.ndarray],
    relation: Sequence[np.ndarray] | None,
    parts: Sequence[Mapping[PartName, np.ndarray]],
) -> tuple[Signals, ...]:
    """Of each record, from (T, C) of all of them in standard deviations and the parts of their scores."""
    told = [standardise(one) for one in (values, residuals)]
    last: Sequence[Signal | None] = standardise(relation) if relation is not None else [None] * len(values)
    return tuple(Signals(*one) for one in zip(*told, last, parts, strict=True))


def find_spans(
    scores: np.ndarray, starts: np.ndarray, stops: np.ndarray, threshold: float, signals: Signals, width: int
) -> list[tuple[int, int]]:
    """First steps and stops of the events in the runs (N,), (N,) of `scores` (T,) above `threshold`, in time order.

    The highest first. What smoothing may have carried there from an event is part of it, and so is the rest of its peak
    down to half of the height, and what has no bounds of its own but those of the event; all else that remains of the
    runs is a finding of its own. No two share a step.
    Scores and width as for `find_bounds`, and the same whenever it is asked for these `signals`.
    """
    reach = int(REACH * width)
    taken = np.zeros(len(scores), bool)
    found: list[tuple[int, int]] = []
    waiting = [_waiting(scores, int(start), int(stop)) for start, stop in zip(starts, stops, strict=True)]
    heapify(waiting)
    while waiting:
        _, start, stop = heappop(waiting)
        if taken[start:stop].any():
            for rest in zip(*find_runs(~taken[start:stop]), strict=True):
                one = _waiting(scores, start + int(rest[0]), start + int(rest[1]))
                if -one[0] > threshold:
                    heappush(waiting, one)
            continue
        place = bisect(found, (start, stop))
        free = found[place - 1][1] if place else 0, found[place][0] if place < len(found) else len(scores)
        peak = start + int(np.nanargmax(scores[start:stop]))
        if (peak, *free) not in signals.known:
            signals.known[peak, *free] = find_bounds(scores, (start, stop), signals, width, free)
        first, last = signals.known[peak, *free]
        taken[max(0, min(first, peak) - reach) : max(last, peak + 1) + reach] = True
        taken[slice(*find_half_height(scores, peak))] = True
        heappush(waiting, _waiting(scores, start, stop))
        ends_at_another = (place > 0 and first == free[0]) or (place < len(found) and last == free[1])
        if not ends_at_another:
            found.insert(place, (first, last))
    return found


def _waiting(scores: np.ndarray, start: int, stop: int) -> tuple[float, int, int]:
    """For the heap, highest first."""
    return -float(np.nan_to_num(scores[start:stop], nan=-np.inf).max()), start, stop


def find_bounds(
    scores: np.ndarray, run: tuple[int, int], signals: Signals, width: int, free: tuple[int, int] | None = None
) -> tuple[int, int]:
    """First step and stop of the event at the highest of `scores` (T,) within `run` (first step, stop).

    It lies within `free`, all of the record by default. `width` is that of the smoothing, in steps. Scores are
    logarithms, never negative, NaN = unknown; at least one of the run is known.
    """
    free = free or (0, len(scores))
    peak = run[0] + int(np.nanargmax(scores[slice(*run)]))
    half = find_half_height(scores, peak)
    start, stop = max(half[0], free[0]), min(half[1], free[1])
    margin = int(MARGIN * width)
    low, high = max(free[0], start - margin), min(free[1], stop + margin)
    inside = (start - low, stop - low)
    best, bounds = 0.0, (start, stop)
    for signal in signals.at(peak):
        gain = _gain_of(signal.between(low, high), inside)
        first, last, most = _find_best((0, high - low), gain, GRID)
        goes_on = (first < 2 and low > 0) or (high - low - last < 2 and high < len(scores))
        if most <= best or goes_on:
            continue
        rival = max(_find_best(part, gain, COARSE_GRID)[2] for part in ((0, first), (last, high - low)))
        if rival <= RIVAL * most:
            best, bounds = most, (low + first, low + last)
    return bounds


def find_half_height(scores: np.ndarray, peak: int) -> tuple[int, int]:
    """First step and stop of the steps around `peak` where `scores` (T,) stay above half of what they are there."""
    least = HALF * scores[peak]
    return peak + 1 - _count_above(scores[: peak + 1][::-1], least), peak + _count_above(scores[peak:], least)


def _count_above(scores: np.ndarray, least: float) -> int:
    """How many of the first scores are above `least`; 1 at least. Looks no farther than it must: records are long."""
    seen = NEAR
    while True:
        low = np.flatnonzero(~(scores[:seen] > least))
        if len(low) or seen >= len(scores):
            return max(1, int(low[0]) if len(low) else len(scores))
        seen *= 8


def _gain_of(signal: np.ndarray, inside: tuple[int, int]) -> Gain:
    """Of signal (T, C): the sum over the channels that gain most by the steps `inside`."""
    known = np.isfinite(signal)
    present = np.where(known, signal, 0.0).astype(np.float64)
    count, total, squares = (
        np.concatenate([np.zeros((1, signal.shape[1])), np.cumsum(one, axis=0)])
        for one in (known, present, np.square(present))
    )

    def gain_by_channel(first: np.ndarray, last: np.ndarray, which: np.ndarray | slice) -> np.ndarray:
        n = count[last][:, which] - count[first][:, which]
        steps = np.maximum(n, 1)
        mean = (total[last][:, which] - total[first][:, which]) / steps
        # Running sums leave crumbs of rounding: a variance is never below 0.
        variance = np.maximum((squares[last][:, which] - squares[first][:, which]) / steps - mean**2, 0.0) + FLAT**2
        return n * (mean**2 + variance - 1 - np.log(variance)) / 2

    alone = gain_by_channel(np.array([inside[0]]), np.array([inside[1]]), slice(None))[0]
    leading = np.argsort(-alone, kind="stable")[:LEADING]
    return lambda first, last: gain_by_channel(first, last, leading).sum(1)


def _find_best(within: tuple[int, int], gain: Gain, places: int) -> tuple[int, int, float]:
    """First step, stop and gain of the segment `within` that gains most."""
    low, high = within
    if high <= low:
        return low, low, 0.0
    stride = -(-(high - low) // places)
    place = np.append(np.arange(low, high, stride), high)
    firsts, lasts = (place[one] for one in _pairs(len(place)))
    gains = gain(firsts, lasts)
    best = int(gains.argmax())
    first, last = int(firsts[best]), int(lasts[best])
    for _ in range(3 if stride > 1 else 0):
        firsts = np.arange(max(low, first - stride), min(last - 1, first + stride) + 1)
        first = int(firsts[gain(firsts, np.full(len(firsts), last)).argmax()])
        lasts = np.arange(max(first + 1, last - stride), min(high, last + stride) + 1)
        last = int(lasts[gain(np.full(len(lasts), first), lasts).argmax()])
    return first, last, float(gain(np.array([first]), np.array([last]))[0])


@lru_cache(maxsize=256)
def _pairs(places: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the first and the last place of every segment."""
    return np.triu_indices(places, 1)
