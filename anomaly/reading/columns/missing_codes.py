"""Numbers that mean missing, such as -999: recognised by lying far from all that was measured."""

from collections.abc import Sequence

import numpy as np

_NINES = [float(f"{10**digits - 1}{part}") for digits in range(2, 8) for part in ("", ".9", ".99", ".999")]
_LIKELY = [*(-code for code in _NINES), *(code for code in _NINES if code >= 999)]
CODES = frozenset([*_LIKELY, *(float(np.float32(code)) for code in _LIKELY)])
"""nines alone, as loggers write them where nothing was measured: -99 and 999 to 9999999.999"""
FEWEST, FEWEST_OTHERS = 2, 10
FAR = 2.0
"""times the range of all other values: a code lies at least so far beyond them"""


def find_codes(parts: Sequence[np.ndarray]) -> list[float]:
    """The codes in the values of one channel, which may come in parts; none where they could be measurements."""
    ends = [end for part in parts if len(part) for end in (np.fmin.reduce(part), np.fmax.reduce(part))]
    # What lies far from all others is the least or the most of them: most columns need no second look.
    if not CODES & {float(end) for end in ends}:
        return []
    known = np.concatenate(parts)
    known = known[np.isfinite(known)]
    is_code = np.isin(known, list(CODES))
    others = known[~is_code]
    if len(others) < FEWEST_OTHERS:
        return []
    low, high = float(others.min()), float(others.max())
    codes, counts = np.unique(known[is_code], return_counts=True)
    return [
        float(code)
        for code, count in zip(codes, counts, strict=True)
        if count >= FEWEST and _is_far(float(code), low, high)
    ]


def _is_far(code: float, low: float, high: float) -> bool:
    if low == high and code > 0:
        return False  # but the other of two states
    return max(low - code, code - high) > FAR * (high - low or max(abs(low), 1.0))


def without_codes(parts: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The parts with NaN for every code."""
    codes = find_codes(parts)
    return [np.where(np.isin(part, codes), np.nan, part) for part in parts] if codes else list(parts)
