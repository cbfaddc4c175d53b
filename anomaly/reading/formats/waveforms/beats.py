"""Annotated beats -> known anomalies."""

import numpy as np

from anomaly.domain import Repair
from anomaly.reading.formats.waveforms.stretches import mark

NORMAL_BEATS, ODD_BEATS = {*"N."}, {*"LRBAaJSVrFejnE/fQ?"}
"""the symbols of beats among the annotation codes of WFDB"""
FLUTTER_STARTS, FLUTTER_STOPS = "[", "]"
AROUND_BEAT = 0.15
"""seconds on either side of a beat that belong to it"""


def label_beats(samples: np.ndarray, symbols: list[str], steps: int, rate: float) -> tuple[np.ndarray | None, Repair]:
    """(T,) 1 around beats that are not normal and all through a flutter, None where no beat is annotated at all; and
    how many of them there are."""
    # So that 0.15 s of 140 a second are 21 samples, not 20.999...
    reach = min(int(AROUND_BEAT * rate + 1e-9), steps)
    flutters, since, stretches = 0, None, list[tuple[int, int]]()
    for sample, symbol in zip(samples.tolist(), symbols, strict=True):
        if symbol in ODD_BEATS:
            stretches.append((sample - reach, sample + reach + 1))
        elif symbol == FLUTTER_STARTS and since is None:
            flutters, since = flutters + 1, sample
        elif symbol == FLUTTER_STOPS and since is not None:
            stretches.append((since, sample + 1))
            since = None
    if since is not None:  # the recording ended first
        stretches.append((since, steps))
    odd = sum(symbol in ODD_BEATS for symbol in symbols)
    beats = odd + sum(symbol in NORMAL_BEATS for symbol in symbols)
    if not beats + flutters:
        return None, Repair("The annotations tell of no beats: no anomaly is known")
    more = f", and {flutters:,} stretch{'es' * (flutters > 1)} of ventricular flutter" if flutters else ""
    return mark(stretches, steps), Repair(
        f"{odd:,} of {beats:,} annotated beats are not normal{more}: known anomalies", odd + flutters
    )
