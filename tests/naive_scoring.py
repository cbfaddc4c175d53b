"""Slow, plain oracle of a whole score: prediction error and shape, one step after another."""

import math
from collections.abc import Sequence

import numpy as np

from anomaly.domain.forecasts import Profile
from tests import naive, naive_shapes


def residual_scale(parts: Sequence[np.ndarray], floor: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread (H, C) of |residual| over all parts (H, T, C)."""
    mean, spread = [], []
    for horizon in range(len(parts[0])):
        means, deviations = naive.scaler(np.abs(np.concatenate([part[horizon] for part in parts])))
        mean.append(means)
        spread.append([deviation + floor for deviation in deviations])
    return np.array(mean), np.array(spread)


def usual(values: list[float], floor: float = 0.0) -> tuple[float, float]:
    """Mean and spread, NaN left out; a spread of nothing is 1."""
    known = [x for x in values if not math.isnan(x)]
    if not known:
        return 0.0, 1.0
    means, deviations = naive.scaler(np.array(known)[:, None])
    return means[0], deviations[0] + floor or 1.0


def excess(value: float, mean: float, spread: float) -> float:
    return 0.0 if math.isnan(value) else max((value - mean) / spread, 0.0)


def smooth(values: list[float], width: int, window: str, usual: float = 0.0) -> list[float]:
    if width <= 1:
        return values
    return naive.smooth_trailing(values, width) if window == "trailing" else naive.smooth_centred(values, width, usual)


def spread_distances(profile: Profile, steps: int, window: str) -> list[float]:
    if not np.isfinite(profile.distances).any():
        return [math.nan] * steps
    spread = naive_shapes.spread_trailing if window == "trailing" else naive_shapes.spread_centred
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


def beyond_tail(reference: Sequence[np.ndarray], surprise: np.ndarray, is_healthy: bool) -> list[float]:
    """How far the farthest channel of each step (T, C) lies beyond the exponential tail of the reference."""
    found = [0.0] * len(surprise)
    for channel in range(surprise.shape[1]):
        known = sorted(x for part in reference for x in part[:, channel] if not math.isnan(x))
        near, far = quantile(known, 0.95), quantile(known, 0.99)
        slope = max((far - near) / math.log(5), 0.5)
        limit = far + slope * math.log(100)
        limit = max(limit, known[-1]) if is_healthy else limit
        for step, x in enumerate(surprise[:, channel]):
            if x > limit:
                found[step] = max(found[step], (x - limit) / slope)
    return found


def score(
    reference: Sequence[np.ndarray],
    reference_profiles: Sequence[tuple[Profile, ...]],
    residuals: np.ndarray,
    profiles: tuple[Profile, ...],
    width: int,
    window: str,
    floor: float,
    is_healthy: bool,
) -> dict[str, np.ndarray]:
    """The fields of `Scores` of one record (H, T, C), against the reference records."""
    mean, spread = residual_scale(reference, floor)
    raw = [naive.surprise(part, mean, spread)[0] for part in reference]
    level = usual([x for part in raw for x in part])[0]
    level = usual([x for part in raw for x in smooth(part, width, window, level)])[0]
    of_error = usual([x for part in raw for x in smooth(part, width, window, level)])
    present, contributions = naive.surprise(residuals, mean, spread)
    steps, channels = contributions.shape
    alone = beyond_tail([naive.surprise(part, mean, spread)[1] for part in reference], contributions, is_healthy)
    error = [
        math.log(1 + excess(x, *of_error) + far)
        for x, far in zip(smooth(present, width, window, level), alone, strict=True)
    ]
    shape, by_channel = [0.0] * steps, np.zeros((steps, channels))
    for number, profile in enumerate(profiles):
        of_distance = usual(
            [
                x
                for part, alike in zip(reference, reference_profiles, strict=True)
                for x in spread_distances(alike[number], part.shape[1], window)
            ],
            floor,
        )
        for step, distance in enumerate(spread_distances(profile, steps, window)):
            beyond = excess(distance, *of_distance)
            shape[step] += math.log(1 + beyond)
            by_channel[step] += beyond * shares_at(profile, step, window)
    for step, x in enumerate(present):
        if math.isnan(x):
            error[step] = shape[step] = math.nan
    return {
        "values": np.add(error, shape),
        "contributions": contributions,
        "error": np.array(error),
        "shape": np.array(shape),
        "shape_contributions": by_channel,
    }
