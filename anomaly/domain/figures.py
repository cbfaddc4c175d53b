"""How many digits of a computed figure are kept, and how many are shown where figures stand side by side.

Scores and thresholds are rounded before they are compared, not when they are written: what a file says is flagged is
what its own figures say, and a plateau of equal scores is not flagged for the sake of its fifteenth digit.
"""

import numpy as np

SIGNIFICANT_DIGITS = 6
"""beyond them, processors and thread counts disagree"""
EXACT_POWER = 22
"""10 ** 22 is the greatest power of ten that is a double"""
MOST_ROUNDED = 15
"""significant digits that every double has: with more it is itself"""
WRITTEN_OUT = 1e19
SHOWN_DIGITS, DRAWN_DIGITS, ALL_DIGITS = 4, 5, 17
"""significant digits of a figure in a sentence, and of a value beside a chart; with 17 no two doubles are written
alike"""


def tell_apart(*values: float, digits: int = SHOWN_DIGITS) -> list[str]:
    """Figures that one sentence compares: with `digits` significant digits, or as many more as it takes that those
    which differ are written differently."""
    # Adding 0 makes -0 and 0 the same text.
    values = tuple(float(value) + 0.0 for value in values)
    kinds = len({str(value) for value in values})
    apart = 0
    for count in range(digits, ALL_DIGITS):
        texts = [_write(value, count, count > digits) for value in values]
        apart = apart + 1 if len(set(texts)) == kinds else 0
        # The first digit that differs is a rounded one: the next tells by how much.
        if apart == 2 or (apart and count == digits):
            return texts
    return [_write(value, ALL_DIGITS, in_full=True) for value in values]


def _write(value: float, digits: int, in_full: bool) -> str:
    """A figure with so many significant digits; `in_full`: without a power of ten where that is not too long to
    compare."""
    text = f"{value:.{digits}g}"
    return f"{float(text):.0f}" if in_full and "e+" in text and abs(value) < WRITTEN_OUT else text


def count_digits(values: np.ndarray) -> int:
    """Significant digits with which a hundredth of the range of `values` shows beside their size; DRAWN_DIGITS or
    more."""
    known = values[np.isfinite(values)]
    if not len(known):
        return DRAWN_DIGITS
    low, high = float(known.min()), float(known.max())
    # Halved: the range of all doubles is none.
    spread, size = high / 2 - low / 2, max(-low, high)
    if not spread or not size / spread < np.inf:
        return DRAWN_DIGITS
    return min(max(DRAWN_DIGITS, int(np.ceil(np.log10(size / spread) - np.log10(2))) + 3), ALL_DIGITS)


def round_figures(values: np.ndarray, digits: int = SIGNIFICANT_DIGITS) -> np.ndarray:
    """float64 rounded to `digits` significant digits, to the double nearest to the decimal figure; NaN stays NaN."""
    values = np.asarray(values, np.float64)
    if digits > MOST_ROUNDED:
        return values.copy()
    with np.errstate(divide="ignore", invalid="ignore"):
        places = digits - 1 - np.floor(np.log10(np.abs(values)))
    known = np.isfinite(places)  # neither 0 nor infinite nor NaN
    places, figures = np.where(known, places, 0), np.where(known, values, 0)
    up, down = 10.0 ** np.clip(places, 0, EXACT_POWER), 10.0 ** np.clip(-places, 0, EXACT_POWER)
    scaled = figures / down * up
    rounded = np.where(known, np.round(scaled) / up * down, values)
    # Scaling errs by an ulp, which matters next to a tie, and powers of ten past 1e22 are no doubles: text is exact.
    hard = known & ((np.abs(np.abs(scaled % 1) - 0.5) < 1e-6) | (np.abs(places) > EXACT_POWER))
    rounded[hard] = [float(f"{value:.{digits}g}") for value in values[hard]]
    return rounded
