"""Slow, plain oracles of the stretch comparison: every pair of stretches, cell by cell."""

import math

import numpy as np


def level_removed(values: np.ndarray, start: int, width: int) -> np.ndarray:
    """(width, C) with each channel's own mean over its observed cells taken away."""
    stretch = values[start : start + width].astype(float).copy()
    for channel in range(stretch.shape[1]):
        known = [x for x in stretch[:, channel] if not math.isnan(x)]
        stretch[:, channel] -= sum(known) / len(known) if known else 0.0
    return stretch


def apart(one: np.ndarray, other: np.ndarray, least_observed: float) -> tuple[float, np.ndarray]:
    """Mean squared difference over the cells observed in both (inf where too few), and its sum by channel."""
    total, count, by_channel = 0.0, 0, np.zeros(one.shape[1])
    for place in np.ndindex(one.shape):
        if not math.isnan(one[place]) and not math.isnan(other[place]):
            total, count = total + (one[place] - other[place]) ** 2, count + 1
            by_channel[place[1]] += (one[place] - other[place]) ** 2
    return (total / count if count >= least_observed * one.size else math.inf), by_channel


def profile(
    asked: np.ndarray, learnt: list[tuple[np.ndarray, int]], width: int, stride: int, least_observed: float
) -> list[tuple[int, float, np.ndarray]]:
    """(start, distance, shares) of every stretch of `asked`, against stretches given as (record, start)."""
    rows = []
    for start in range(0, len(asked) - width + 1, stride):
        here, best = level_removed(asked, start, width), (math.inf, np.zeros(asked.shape[1]))
        for record, other in learnt:
            there = level_removed(record, other, width)
            same = other < len(asked) and np.array_equal(asked[other], record[other], equal_nan=True)
            if same and abs(start - other) < width:
                continue
            best = min(best, apart(here, there, least_observed), key=lambda pair: pair[0])
        squared, by_channel = best
        total = by_channel.sum()
        shares = by_channel / total if math.isfinite(squared) and total > 0 else np.zeros(asked.shape[1])
        rows.append((start, math.sqrt(squared) if math.isfinite(squared) else math.nan, shares))
    return rows


def spread_centred(starts: np.ndarray, distances: np.ndarray, width: int, steps: int) -> list[float]:
    """The mean over every stretch that holds the step; between measured ones on a straight line."""
    known = [(s, d) for s, d in zip(starts, distances, strict=True) if not math.isnan(d)]

    def at(start: int) -> float:
        before = [pair for pair in known if pair[0] <= start]
        after = [pair for pair in known if pair[0] >= start]
        if not before or not after:
            return (before or after)[-1 if before else 0][1]
        (a, low), (b, high) = before[-1], after[0]
        return low if a == b else low + (high - low) * (start - a) / (b - a)

    spread = []
    for step in range(steps):
        holding = [at(start) for start in range(max(0, step - width + 1), min(step, steps - width) + 1)]
        spread.append(sum(holding) / len(holding))
    return spread


def spread_trailing(starts: np.ndarray, distances: np.ndarray, width: int, steps: int) -> list[float]:
    """The last measured stretch that has ended."""
    spread = []
    for step in range(steps):
        ended = [d for s, d in zip(starts, distances, strict=True) if s + width - 1 <= step]
        spread.append(ended[-1] if ended else math.nan)
    return spread
