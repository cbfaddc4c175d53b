"""Slow, plain oracle of a whole score, part by part and one step after another."""

import math
import statistics
from collections.abc import Sequence

import numpy as np

from anomaly.detecting import scores as constants
from anomaly.detecting import usual as tails
from anomaly.domain.forecasts import Profile, Profiles
from tests.naive import levels, shapes
from tests.naive.preparation import scaler


def surprise(residuals: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> tuple[list[float], np.ndarray]:
    """(H, T, C) -> the score of each step before smoothing, and (T, C) contributions of the worst horizon."""
    horizons, steps, channels = residuals.shape
    contributions, scores = np.full((steps, channels), np.nan), []
    for t in range(steps):
        for c in range(channels):
            sizes = [(abs(residuals[h, t, c]) - mean[h, c]) / spread[h, c] for h in range(horizons)]
            known = [max(size, 0.0) for size in sizes if not math.isnan(size)]
            contributions[t, c] = max(known, default=math.nan)
        known = [x for x in contributions[t] if not math.isnan(x)]
        scores.append(sum(known) / len(known) if known else math.nan)
    return scores, contributions


def smooth_centred(values: list[float], width: int, usual: float = 0.0) -> list[float]:
    """Peak hold over width // 2 steps, then the mean over `width` steps, both around the step; NaN left out.

    A mean over a share s of the steps keeps sqrt(s) of what it has beyond the usual.
    """
    hold = max(1, width // 2)
    held = [max([x for x in _around(values, t, hold) if not math.isnan(x)], default=0.0) for t in range(len(values))]
    held = [math.nan if math.isnan(x) else high for x, high in zip(values, held, strict=True)]
    smoothed = []
    for t, value in enumerate(values):
        known = [x for x in _around(held, t, width) if not math.isnan(x)]
        if math.isnan(value):
            smoothed.append(math.nan)
        else:
            beyond = (sum(known) / len(known) - usual) * math.sqrt(len(known) / width)
            smoothed.append(max(usual + beyond, 0.0))
    return smoothed


def _around(values: list[float], t: int, width: int) -> list[float]:
    first = t - width // 2
    return values[max(first, 0) : max(first + width, 0)]


def smooth_trailing(values: list[float], width: int) -> list[float]:
    """Every peak held, fading by 1/e in `width` steps."""
    smoothed = []
    for t, value in enumerate(values):
        faded = [values[t - k] * math.exp(-k / width) for k in range(t + 1) if not math.isnan(values[t - k])]
        smoothed.append(math.nan if math.isnan(value) else max(faded))
    return smoothed


def residual_scale(parts: Sequence[np.ndarray], floor: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread (H, C) of |residual| over all parts (H, T, C)."""
    mean, spread = [], []
    for horizon in range(len(parts[0])):
        means, deviations = scaler(np.abs(np.concatenate([part[horizon] for part in parts])))
        mean.append(means)
        spread.append([deviation + floor for deviation in deviations])
    return np.array(mean), np.array(spread)


def usual(values: list[float], floor: float = 0.0) -> tuple[float, float]:
    """Mean and spread, NaN left out; a spread of nothing is 1."""
    known = [x for x in values if not math.isnan(x)]
    if not known:
        return 0.0, 1.0
    means, deviations = scaler(np.array(known)[:, None])
    return means[0], deviations[0] + floor or 1.0


def usual_of_most(values: list[float], floor: float) -> tuple[float, float]:
    """Median and spread by the median absolute deviation, NaN left out; a spread of nothing is 1."""
    known = [x for x in values if not math.isnan(x)]
    if not known:
        return 0.0, 1.0
    middle = statistics.median(known)
    return middle, tails.NORMAL_MAD * statistics.median(abs(x - middle) for x in known) + floor


def weigh(times_chance: float) -> float:
    return math.log(1 + times_chance**2)


def excess(value: float, mean: float, spread: float) -> float:
    return 0.0 if math.isnan(value) else max((value - mean) / spread, 0.0)


def smooth(values: list[float], width: int, window: str, usual: float = 0.0) -> list[float]:
    if width <= 1:
        return values
    return smooth_trailing(values, width) if window == "trailing" else smooth_centred(values, width, usual)


def spread_distances(profile: Profile, steps: int, window: str) -> list[float]:
    if not np.isfinite(profile.distances).any():
        return [math.nan] * steps
    spread = shapes.spread_trailing if window == "trailing" else shapes.spread_centred
    return spread(profile.starts, profile.distances, profile.width, steps)


def shares_at(profile: Profile, step: int, window: str) -> np.ndarray:
    """(C,) of the last stretch that has ended, or of the first that begins half a width before the step or later."""
    stretches = list(zip(profile.starts, profile.shares, strict=True))
    if window == "centred":
        stretches = [pair for pair, far in zip(stretches, profile.distances, strict=True) if not math.isnan(far)]
    if window == "trailing":
        stretches = [(start, share) for start, share in stretches if start + profile.width - 1 <= step]
    later = [share for start, share in stretches if start >= step - profile.width // 2]
    if not stretches:
        return np.zeros(profile.shares.shape[1])
    return later[0] if later and window == "centred" else stretches[-1][1]


def quantile(ordered: list[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    low = ordered[math.floor(place)]
    return low + (place - math.floor(place)) * (ordered[math.ceil(place)] - low)


def beyond_tail(reference: Sequence[np.ndarray], surprise: np.ndarray, is_healthy: bool, width: int) -> list[float]:
    """How far the farthest channel of each step (T, C) lies beyond the exponential tail of the reference, and beyond
    what it reaches again and again there."""
    found = [0.0] * len(surprise)
    visits = levels.visits_of_habit(sum(len(part) for part in reference), width, tails.FEWEST_SPIKES)
    for channel in range(surprise.shape[1]):
        known = sorted(x for part in reference for x in part[:, channel] if not math.isnan(x))
        near, far = quantile(known, 1 - tails.NEAR), quantile(known, 1 - tails.FAR)
        slope = max((far - near) / math.log(tails.NEAR / tails.FAR), tails.LEAST_SLOPE)
        limit = far + slope * math.log(tails.FAR / tails.RARE)
        beyond = [[max((x - limit) / slope, 0.0) for x in part[:, channel]] for part in reference]
        limit += tails.ABOVE_HABIT * slope * levels.find_habit(beyond, visits, tails.LEAST_HABIT)
        limit = max(limit, known[-1]) if is_healthy else limit
        for step, x in enumerate(surprise[:, channel]):
            if x > limit:
                found[step] = max(found[step], (x - limit) / slope)
    return found


def score(
    reference: Sequence[np.ndarray],
    reference_profiles: Sequence[Profiles],
    residuals: np.ndarray,
    profiles: Profiles,
    width: int,
    window: str,
    floor: float,
    is_healthy: bool,
) -> dict[str, np.ndarray]:
    """The values, the contributions and, by name, the parts of one record (H, T, C), against the reference records;
    `NAME by channel` is what the channels have of a part."""
    mean, spread = residual_scale(reference, floor)
    raw = [surprise(part, mean, spread)[0] for part in reference]
    level = usual([x for part in raw for x in part])[0]
    level = usual([x for part in raw for x in smooth(part, width, window, level)])[0]
    of_error = usual([x for part in raw for x in smooth(part, width, window, level)])
    present, contributions = surprise(residuals, mean, spread)
    steps, channels = contributions.shape
    alone = beyond_tail([surprise(part, mean, spread)[1] for part in reference], contributions, is_healthy, width)
    by_chance = constants.BY_CHANCE
    parts = {
        "error": [
            weigh(excess(x, *of_error) / by_chance["error"] + far / by_chance["tail"])
            for x, far in zip(smooth(present, width, window, level), alone, strict=True)
        ]
    }
    by_channel = {}
    parts["shape"], by_channel["shape"] = [0.0] * steps, np.zeros((steps, channels))
    for number, profile in enumerate(profiles.shape):
        of_distance = (usual if is_healthy else usual_of_most)(
            [
                x
                for part, alike in zip(reference, reference_profiles, strict=True)
                for x in spread_distances(alike.shape[number], part.shape[1], window)
            ],
            floor,
        )
        for step, distance in enumerate(spread_distances(profile, steps, window)):
            beyond = weigh(excess(distance, *of_distance) / by_chance["shape"])
            parts["shape"][step] += beyond
            by_channel["shape"][step] += beyond * shares_at(profile, step, window)
    for name, some in (("level", profiles.level), ("relation", profiles.relation)):
        parts[name], by_channel[name] = [0.0] * steps, np.zeros((steps, channels))
        for profile in some:
            for step, height in enumerate(levels.place(profile, steps, window)):
                beyond = height / by_chance[name]
                found = math.log(1 + beyond) if is_healthy else weigh(beyond)
                if found > parts[name][step]:
                    parts[name][step] = found
                    by_channel[name][step] = parts[name][step] * shares_at(profile, step, window)
    values = [sum(parts[name][step] for name in parts) for step in range(steps)]
    for step, x in enumerate(present):
        if math.isnan(x):
            values[step] = math.nan
            for name in parts:
                parts[name][step] = math.nan
    return {
        "values": np.array(values),
        "contributions": contributions,
        **{name: np.array(part) for name, part in parts.items()},
        **{f"{name} by channel": part for name, part in by_channel.items()},
    }
