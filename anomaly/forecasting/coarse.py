"""A dataset at coarser steps: a second forecaster learns the means of blocks, and sees what is too slow for the first.

What drifts over hundreds of steps moves hardly at all from one step to the next: a forecaster of single steps follows
it. From one block to the next the same drift is large beside the noise, most of which their means leave out.
"""

from dataclasses import replace

import numpy as np

from anomaly.domain import Dataset, FitSettings, Kind, TimeSeries
from anomaly.forecasting.preparation import FEWEST_TRAIN_STEPS

COARSE = 8
"""steps in a block"""
FEWEST_COARSE = 150
"""blocks of the longest train span: from fewer a second forecaster learns next to nothing"""
AVERAGED: frozenset[Kind] = frozenset({"value", "count"})
"""the mean of two states or directions is neither; of a counter the last reading tells the rise of the block"""


def coarsen(dataset: Dataset) -> Dataset:
    """The dataset of blocks of COARSE steps; an incomplete block at a record's end is left out, and so is a record
    without a whole one. No labels: they are of single steps."""
    kinds = dataset.columns.every_kind
    return replace(dataset, series=tuple(_coarsen_record(one, kinds) for one in dataset.series if len(one) >= COARSE))


def _coarsen_record(series: TimeSeries, kinds: tuple[Kind, ...]) -> TimeSeries:
    """Means of what is observed in each block, or the last of it where a kind has no mean; NaN where nothing is. A
    block is as late as its first step, and ignored where one of its steps is."""
    count = len(series) // COARSE
    stop = count * COARSE
    ignored = None if series.ignored is None else series.ignored[:stop].reshape(count, COARSE)
    blocks = series.values[:stop].reshape(count, COARSE, len(kinds))
    averaged = np.array([kind in AVERAGED for kind in kinds])
    values = np.empty((count, len(kinds)))
    values[:, averaged] = _means(blocks[:, :, averaged])
    values[:, ~averaged] = _last(blocks[:, :, ~averaged])
    return replace(
        series,
        times=series.times[:stop:COARSE],
        values=values,
        context=_means(series.context[:stop].reshape(count, COARSE, series.context.shape[1])),
        labels=None,
        row_steps=np.arange(count),
        ignored=None if ignored is None else np.asarray(ignored.any(axis=1)),
    )


def _means(blocks: np.ndarray) -> np.ndarray:
    """(N, COARSE, C) -> (N, C), NaN left out."""
    known = np.isfinite(blocks)
    # Divided first, for the sum of great numbers may be none. And no mean lies beyond what it is of, by rounding
    # either: a constant channel stays one.
    sums = np.where(known, blocks / np.maximum(known.sum(1, keepdims=True), 1), 0.0).sum(1)
    return np.clip(sums, np.fmin.reduce(blocks, axis=1), np.fmax.reduce(blocks, axis=1))


def _last(blocks: np.ndarray) -> np.ndarray:
    """(N, COARSE, C) -> (N, C) the last that is observed."""
    place = COARSE - 1 - np.isfinite(blocks)[:, ::-1].argmax(1)
    return np.take_along_axis(blocks, place[:, None], 1)[:, 0]


def cut_coarse(dataset: Dataset, stops: list[int], settings: FitSettings) -> tuple[Dataset, FitSettings] | None:
    """The leading `stops[i]` steps of each record at coarser steps, and settings to learn from all of that; None where
    they are too few, or nothing is observed."""
    if max(stops) // COARSE < max(FEWEST_COARSE, FEWEST_TRAIN_STEPS + max(settings.horizons)):
        return None
    spans = tuple(one.until(stop) for one, stop in zip(dataset.series, stops, strict=True))
    coarse = coarsen(replace(dataset, series=spans))
    if not any(np.isfinite(one.counted).any() for one in coarse.series):
        return None
    # Cut already; and no more passes over it than over the steps themselves.
    whole = {"train_fraction": None, "train_rows": None, "train_until": None}
    return coarse, settings.model_copy(update=whole | {"most_steps": max(1, settings.most_steps // COARSE)})
