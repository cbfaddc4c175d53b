"""Which of many steps to draw, so that a chart of millions looks as if all were drawn."""

import numpy as np
from tsdownsample import MinMaxLTTBDownsampler

DRAWN_STEPS = 1200
"""steps kept per curve: more than a screen has pixels to tell apart"""


def choose_steps(curves: list[np.ndarray], start: int, stop: int, forced: np.ndarray) -> np.ndarray:
    """Steps of [start, stop), rising, that keep the shape of every curve (T,) over it.

    One choice for all curves, so that they stay aligned. Decimated by MinMaxLTTB (Van Der Donckt et al. 2023) over the
    known values, the extremes always in; the first step of every hole is kept, so that holes stay holes; so are the
    `forced` steps.
    """
    if stop - start <= DRAWN_STEPS:
        return np.arange(start, stop)
    chosen = [np.array([start, stop - 1]), forced[(forced >= start) & (forced < stop)]]
    for curve in curves:
        part = curve[start:stop]
        known = np.flatnonzero(np.isfinite(part))
        chosen.append(start + _first_unknown(part))
        if len(known) <= DRAWN_STEPS:
            chosen.append(start + known)
        else:
            values = np.ascontiguousarray(part[known])
            kept = MinMaxLTTBDownsampler().downsample(values, n_out=DRAWN_STEPS)
            # It keeps one step of each bin: of a bin with the lowest and a high value, perhaps the high one.
            extremes = [np.argmin(values), np.argmax(values)]
            chosen.append(start + known[np.append(kept.astype(np.int64), extremes)])
    return np.unique(np.concatenate(chosen))


def _first_unknown(part: np.ndarray) -> np.ndarray:
    """The first step of each hole, the longest holes when there are too many to draw."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], ~np.isfinite(part), [False]]).astype(np.int8)))
    starts, stops = edges[::2], edges[1::2]
    if len(starts) <= DRAWN_STEPS:
        return starts
    return starts[np.argsort(starts - stops, kind="stable")[:DRAWN_STEPS]]


def bin_peaks(values: np.ndarray, start: int, stop: int, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """The largest value in each bin of steps: (bins,) first steps and (bins, C) of values (T, C), NaN where unknown."""
    edges = np.unique(np.linspace(start, stop, min(bins, stop - start) + 1).astype(np.int64))[:-1]
    return edges, np.fmax.reduceat(values[:stop], edges, axis=0)
