"""Slow, plain oracles of levels, relations and habits: stretch by stretch, cell by cell, channel by channel."""

import math
import statistics
from collections.abc import Sequence

import numpy as np

from anomaly.detecting import habits, levels
from anomaly.domain.forecasts import Profile
from tests.naive.preparation import scaler

Figures = list[list[list[float]]]
"""[kind][stretch][channel], kind 0 the mean and 1 the logarithm of the standard deviation"""


def cut(value: float) -> float:
    return 0.0 if math.isnan(value) else min(max(float(value), -levels.FARTHEST), levels.FARTHEST)


def stride_of(width: int) -> int:
    return max(1, width // levels.PLACES)


def relations(records: Sequence[np.ndarray]) -> np.ndarray:
    """(M, M) what is left of each channel when the others are known, by regression, one after another."""
    rows = [[cut(x) for x in row] for record in records for row in record]
    channels = len(rows[0])
    means, spreads = scaler(np.array(rows))
    moving = [c for c in range(channels) if spreads[c] > 1e-9]
    weights = np.zeros((channels, channels))
    if len(moving) < 2:
        return weights
    centred = [[row[c] - means[c] for c in range(channels)] for row in rows]

    def covariance(one: int, other: int) -> float:
        return sum(row[one] * row[other] for row in centred) / len(rows) + (levels.RIDGE if one == other else 0.0)

    for channel in moving:
        others = [c for c in moving if c != channel]
        between = np.linalg.inv(np.array([[covariance(one, other) for other in others] for one in others]))
        slopes = [
            sum(between[place, k] * covariance(others[k], channel) for k in range(len(others)))
            for place in range(len(others))
        ]
        left = [row[channel] - sum(s * row[c] for s, c in zip(slopes, others, strict=True)) for row in centred]
        mean = sum(left) / len(left)
        deviation = math.sqrt(sum((x - mean) ** 2 for x in left) / len(left))
        if deviation > levels.MOST_LEFT * spreads[channel]:
            continue
        spread = deviation + levels.SPREAD_FLOOR
        weights[channel, channel] = 1 / spread
        for slope, other in zip(slopes, others, strict=True):
            weights[other, channel] = -slope / spread
    return weights


def apply(record: np.ndarray, weights: np.ndarray) -> list[list[float]]:
    """What is looked at, by step; NaN where the channel itself is missing, or others that tell much of it."""
    found = []
    for row in record:
        missing = [j for j, x in enumerate(row) if math.isnan(x)]
        found.append([math.nan] * len(row))
        for c in range(len(row)):
            untold = sum(weights[j, c] ** 2 for j in missing if j != c)
            if c not in missing and untold <= levels.MOST_UNTOLD:
                found[-1][c] = sum(cut(x) * weights[j, c] for j, x in enumerate(row))
    return found


def measure(part: list[list[float]], width: int) -> Figures:
    channels = len(part[0])
    means, spreads = [], []
    for start in range(0, len(part) - width + 1, stride_of(width)):
        stretch = part[start : start + width]
        means.append([math.nan] * channels)
        spreads.append([math.nan] * channels)
        for channel in range(channels):
            known = [row[channel] for row in stretch if not math.isnan(row[channel])]
            if not known or len(known) < levels.LEAST_OBSERVED * width:
                continue
            mean = sum(known) / len(known)
            variance = sum((x - mean) ** 2 for x in known) / len(known)
            means[-1][channel] = mean
            spreads[-1][channel] = math.log(math.sqrt(variance + levels.SPREAD_FLOOR**2))
    return [means, spreads]


def learn(records: Sequence[np.ndarray], width: int, related: bool, is_healthy: bool = False) -> dict[str, object]:
    """The fields of `Levels`."""
    channels = records[0].shape[1]
    weights = (
        relations(records) if related else np.array([[float(i == j) for j in range(channels)] for i in range(channels)])
    )
    longest = max(len(record) for record in records)
    widths = []
    for times in levels.MULTIPLES:
        fits = width * times * levels.LEAST_STRETCHES <= longest
        if (fits or (times == 1 and width <= longest)) and any(x != 0 for x in weights.ravel()):
            widths.append(width * times)
    parts = [apply(record, weights) for record in records]
    learnt = [(learn_halves if is_healthy else learn_width)(parts, one, channels) for one in widths]
    usual = np.array([usual for usual, _ in learnt]).reshape(len(widths), 2, channels)
    spreads = np.array([spreads for _, spreads in learnt]).reshape(len(widths), 2, 2, channels)
    return {"widths": tuple(widths), "weights": weights, "usual": usual, "spreads": spreads}


def learn_width(parts: list[list[list[float]]], width: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
    usual, spreads = np.zeros((2, channels)), np.full((2, 2, channels), levels.LEAST_SPREAD)
    measured = [measure(part, width) for part in parts]
    steps = sum(len(part) for part in parts)
    for kind in range(2):
        for channel in range(channels):
            columns = [[row[channel] for row in figures[kind]] for figures in measured]
            known = [x for column in columns for x in column if not math.isnan(x)]
            if not known:
                continue
            middle = statistics.median(known)
            spread = levels.LEAST_SPREAD + levels.NORMAL_MAD * statistics.median(abs(x - middle) for x in known)
            usual[kind, channel] = middle
            for side, sign in enumerate((-1, 1)):
                far = [[max(sign * (x - middle) / spread, 0.0) for x in column] for column in columns]
                habit = find_habit(far, visits_of_habit(steps, width, levels.FEWEST_RETURNS), levels.USUAL_DISTANCE)
                spreads[kind, side, channel] = spread * max(1.0, habit / levels.USUAL_DISTANCE)
    return usual, spreads


def learn_halves(parts: list[list[list[float]]], width: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """The second half begins at the middle, or one step after it."""
    usual, spreads = learn_width(parts, width, channels)
    halves = [
        [part[: len(part) - len(part) // 2] for part in parts],
        [part[len(part) - len(part) // 2 :] for part in parts],
    ]
    if any(all(len(part) < width for part in half) for half in halves):
        return usual, spreads
    for learnt, other in (halves, halves[::-1]):
        theirs = learn_width(learnt, width, channels)
        measured = [measure(part, width) for part in other]
        for kind in range(2):
            for channel in range(channels):
                far = []
                for row in (row for figures in measured for row in figures[kind]):
                    apart = 0.0 if math.isnan(row[channel]) else row[channel] - theirs[0][kind, channel]
                    far.append(apart / theirs[1][kind, int(apart >= 0), channel])
                for side, sign in enumerate((-1, 1)):
                    most = float(np.quantile([sign * x for x in far], levels.MOST))
                    spreads[kind, side, channel] *= max(1.0, most / levels.USUAL_DISTANCE)
    return usual, spreads


def compare(
    record: np.ndarray, width: int, weights: np.ndarray, usual: np.ndarray, spreads: np.ndarray
) -> list[tuple[int, float, list[float]]]:
    """(start, spreads beyond the usual, shares) of every stretch of one width: `usual` (2, M), `spreads` (2, 2, M)."""
    rows = []
    figures = measure(apply(record, weights), width)
    for place in range(len(figures[0])):
        far = []
        for kind in range(2):
            apart = [x - middle for x, middle in zip(figures[kind][place], usual[kind], strict=True)]
            apart = [0.0 if math.isnan(x) else x for x in apart]
            far.append([abs(x) / spreads[kind, int(x >= 0), channel] for channel, x in enumerate(apart)])
        beyond = max(scan_channels(one) for one in far) - levels.USUAL_DISTANCE
        by_channel = [max(*pair, levels.USUAL_DISTANCE) - levels.USUAL_DISTANCE for pair in zip(*far, strict=True)]
        total = sum(by_channel)
        shares = [x / total if total > 0 else 0.0 for x in by_channel]
        rows.append((place * stride_of(width), max(beyond, 0.0), shares))
    return rows


def scan_channels(distances: Sequence[float]) -> float:
    falling, best = sorted(distances, reverse=True), 0.0
    for k in range(1, len(falling) + 1):
        best = max(best, sum(falling[:k]) / k - math.sqrt(2 * math.log(len(falling) / k)))
    return best


def place(profile: Profile, steps: int, window: str) -> list[float]:
    """What is told at each step: by the last stretch that has ended, or on a straight line between the middles."""
    told = list(zip(profile.starts, profile.distances, strict=True))
    found = []
    for step in range(steps):
        if window == "trailing":
            ended = [height for start, height in told if start + profile.width - 1 <= step]
            found.append(ended[-1] if ended else 0.0)
            continue
        middles = [(start + profile.width // 2, height) for start, height in told]
        before = [pair for pair in middles if pair[0] <= step]
        after = [pair for pair in middles if pair[0] >= step]
        if not before or not after:
            found.append((before[-1] if before else after[0])[1] if told else 0.0)
            continue
        (a, low), (b, high) = before[-1], after[0]
        found.append(low if a == b else low + (high - low) * (step - a) / (b - a))
    return found


def visits_of_habit(steps: int, width: int, fewest: int) -> int:
    return max(fewest, math.ceil(habits.SHARE_OF_STRETCHES * steps / width))


def count_visits(values: Sequence[float], level: float) -> int:
    """Step by step: a visit begins above half the level, counts once it rises above all of it, and ends at half."""
    visits, has_risen = 0, False
    for value in values:
        if not value > level / 2:
            has_risen = False
        elif value > level and not has_risen:
            visits, has_risen = visits + 1, True
    return visits


def find_habit(records: Sequence[Sequence[float]], visits: int, least: float) -> float:
    known = [[0.0 if math.isnan(x) else x for x in values] for values in records]
    highest = max((x for values in known for x in values), default=0.0)
    if highest <= least:
        return 0.0
    tried = [least * (highest / least) ** (k / (habits.LEVELS_TRIED - 1)) for k in range(habits.LEVELS_TRIED)]
    tried[-1] = highest
    for level in reversed(tried):
        if sum(count_visits(values, level) for values in known) >= visits:
            return level
    return 0.0
