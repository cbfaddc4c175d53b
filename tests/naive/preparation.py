"""Slow, plain oracles of what the network sees: scales, autocorrelation, period."""

import math

import numpy as np


def scaler(values: np.ndarray) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each column, NaN left out."""
    means, deviations = [], []
    for column in values.T:
        known = [x for x in column.tolist() if not math.isnan(x)]
        mean = sum(known) / len(known)
        means.append(mean)
        deviations.append(math.sqrt(sum((x - mean) ** 2 for x in known) / len(known)))
    return means, deviations


def autocorrelation(values: np.ndarray, lag: int) -> float:
    """Unbiased, of one column."""
    centred = values - values.mean()
    together = sum(centred[t] * centred[t + lag] for t in range(len(values) - lag)) / (len(values) - lag)
    return together / (sum(x * x for x in centred) / len(values))


def dominant_period(values: np.ndarray, longest_period: int, fallback: int) -> int:
    """The first local peak (lag 3 up, above 0.1) of the mean autocorrelation within 90 % of the highest."""
    longest = min(longest_period, len(values) // 3)
    alive = [column for column in values.T if column.std() > 0]
    means = [sum(autocorrelation(column, lag) for column in alive) / len(alive) for lag in range(longest + 1)]
    peaks = [
        lag
        for lag in range(3, longest)
        if means[lag] > 0.1 and means[lag] >= means[lag - 1] and means[lag] > means[lag + 1]
    ]
    highest = max((means[lag] for lag in peaks), default=0)
    return next((lag for lag in peaks if means[lag] >= 0.9 * highest), min(fallback, longest))
