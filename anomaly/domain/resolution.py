"""What a double can tell apart: sizes whose squares it holds, exact whole numbers, mere rounding."""

import numpy as np

ORDINARY = (1e-100, 1e100)
"""sizes whose squares, and sums of many, neither overflow nor lose digits"""
CONSTANT = 1e-13
"""share of its size: a channel that varies less does so by rounding alone, but where it counts"""
EXACT = 2.0**53
"""whole numbers up to it are doubles, and so are their differences: none of those is rounding"""


def units_of(values: np.ndarray) -> np.ndarray:
    """(N, C) -> (C,) what to divide each column by before it is squared or summed: 1, or, where its largest known size
    is no ORDINARY one, the power of two next to that, by which a division is exact."""
    largest = np.fmax.reduce(np.abs(np.where(np.isfinite(values), values, 0.0)), axis=0, initial=0.0)
    low, high = ORDINARY
    is_extreme = (largest > 0) & ((largest < low) | (largest > high))
    return np.where(is_extreme, np.ldexp(1.0, np.frexp(largest)[1] - 1), 1.0)


def is_rounding(values: np.ndarray) -> bool:
    """Whether known values (N,) that are not all equal differ no more than by rounding, as sums of the same numbers in
    another order do. Whole numbers differ because what was counted did."""
    low, high = float(values.min()), float(values.max())
    largest = max(abs(low), abs(high))
    # Of N values the deviation is at least their range over the root of 2 N: most need no second look.
    if high / 2 - low / 2 > CONSTANT * largest * np.sqrt(len(values) / 2):
        return False
    if largest <= EXACT and bool((values == np.floor(values)).all()):
        return False
    (unit,) = units_of(values[:, None])
    return float((values / unit - low / unit).std()) <= CONSTANT * largest / unit
