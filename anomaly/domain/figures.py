"""How many digits of a computed figure are kept.

Scores and thresholds are rounded before they are compared, not when they are written: what a file says is flagged is
what its own figures say, and a plateau of equal scores is not flagged for the sake of its fifteenth digit.
"""

import numpy as np

SIGNIFICANT_DIGITS = 6
"""beyond them, processors and thread counts disagree"""
EXACT_POWER = 22
"""10 ** 22 is the greatest power of ten that is a double"""


def round_figures(values: np.ndarray) -> np.ndarray:
    """float64 rounded to SIGNIFICANT_DIGITS, to the double nearest to the decimal figure; NaN stays NaN."""
    values = np.asarray(values, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        places = SIGNIFICANT_DIGITS - 1 - np.floor(np.log10(np.abs(values)))
    known = np.isfinite(places)  # neither 0 nor infinite nor NaN
    places, figures = np.where(known, places, 0), np.where(known, values, 0)
    up, down = 10.0 ** np.clip(places, 0, EXACT_POWER), 10.0 ** np.clip(-places, 0, EXACT_POWER)
    scaled = figures / down * up
    rounded = np.where(known, np.round(scaled) / up * down, values)
    # Scaling errs by an ulp, which matters next to a tie, and powers of ten past 1e22 are no doubles: text is exact.
    hard = known & ((np.abs(np.abs(scaled % 1) - 0.5) < 1e-6) | (np.abs(places) > EXACT_POWER))
    rounded[hard] = [float(f"{value:.{SIGNIFICANT_DIGITS}g}") for value in values[hard]]
    return rounded
