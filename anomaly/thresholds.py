"""Reference scores -> the threshold."""

from collections.abc import Callable

import numpy as np

from anomaly.domain import Threshold
from anomaly.exceptions import DataError

NORMAL_MAD = 1.4826
"""standard deviation of a normal distribution in units of its median absolute deviation"""


def calibrate(reference: np.ndarray, rule: str, parameter: float) -> Threshold:
    """The threshold that `rule` sets from the reference scores (N,), NaN left out.

    quantile: that quantile of the reference scores, interpolated. sigma: median + `parameter` robust standard
    deviations. value: `parameter` itself.
    """
    known = reference[np.isfinite(reference)]
    if len(known) == 0 and rule != "value":
        raise DataError(
            "No step of the train span could be scored, so there is nothing to set a threshold from: "
            "use the rule 'value', or a longer train span."
        )
    return Threshold(float(RULES[rule](known, parameter)), rule, parameter, known)


def _quantile(reference: np.ndarray, share: float) -> float:
    return float(np.quantile(reference, share))


def _sigma(reference: np.ndarray, count: float) -> float:
    median = np.median(reference)
    deviation = NORMAL_MAD * np.median(np.abs(reference - median))
    # More than half of the reference scores can be equal (often 0), and then say nothing of the spread.
    return float(median + count * (deviation if deviation > 0 else reference.std()))


def _value(reference: np.ndarray, value: float) -> float:
    return value


RULES: dict[str, Callable[[np.ndarray, float], float]] = {"quantile": _quantile, "sigma": _sigma, "value": _value}
