"""Small datasets, and hypothesis strategies for what flows through the stages."""

from dataclasses import replace
from typing import get_args

import numpy as np
from hypothesis import strategies as st

from anomaly.domain.detections import PartName, Scores
from anomaly.domain.records import Columns, Dataset, TimeSeries
from anomaly.domain.settings.fitting import FitSettings
from anomaly.domain.settings.reading import Kind
from anomaly.domain.times import TimeAxis


def quick_settings(**changes: object) -> FitSettings:
    """Trains in a moment, on the first 70 % of each record."""
    quick = {"train_fraction": 0.7, "hidden_units": 6, "bptt_steps": 16, "epochs": 3, "device": "cpu"}
    return FitSettings(**(quick | changes))


QUICK = quick_settings()

flag_lists = st.lists(st.booleans(), max_size=60)
score_lists = st.lists(st.sampled_from([0.0, 0.0, 0.5, 1.0, 2.0, 7.5, float("nan")]), min_size=1, max_size=60)
"""many ties, as real scores have"""


@st.composite
def labels_and_scores(draw: st.DrawFn) -> tuple[list[bool], list[float]]:
    """Of one length, with at least one known step."""
    scores = draw(score_lists)
    labels = draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores)).filter(any))
    return labels, scores


def make_series(values: np.ndarray, name: str = "", labels: np.ndarray | None = None) -> TimeSeries:
    """A record of (T, C) values, one step an hour."""
    steps = len(values)
    return TimeSeries(
        name=name,
        times=np.arange(steps, dtype=float),
        values=np.asarray(values, float),
        context=np.empty((steps, 0)),
        labels=labels,
        row_steps=np.arange(steps),
    )


def make_dataset(*records: np.ndarray, labels: np.ndarray | None = None, names: str = "abcdefgh") -> Dataset:
    """Records (T, C) with channels a, b, ..."""
    series = tuple(make_series(values, f"record {i}", labels) for i, values in enumerate(records))
    columns = Columns("time", None, tuple(names[: records[0].shape[1]]), (), None if labels is None else "label")
    return Dataset("made", series, columns, TimeAxis("time", "number"), (), "0" * 64)


def with_kinds(dataset: Dataset, *kinds: Kind) -> Dataset:
    return replace(dataset, columns=replace(dataset.columns, kinds=kinds))


def sine_values(steps: int, period: float = 25.0, noise: float = 0.05, seed: int = 0) -> np.ndarray:
    """(T, 2): a noisy sine around 20 and a noisy cosine, five times as tall, around -3."""
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * np.arange(steps) / period
    clean = np.stack([np.sin(angle), np.cos(angle)], 1)
    return (clean + noise * rng.standard_normal(clean.shape)) * [1.0, 5.0] + [20.0, -3.0]


def related_values(steps: int, seed: int = 0) -> np.ndarray:
    """(T, 2) of which each tells much of the other."""
    values = sine_values(steps, seed=seed)
    values[:, 1] = 3 * values[:, 0] + 0.3 * np.random.default_rng(seed).standard_normal(steps)
    return values


def make_scores(
    values: np.ndarray,
    contributions: np.ndarray,
    part: PartName = "error",
    by_channel: np.ndarray | None = None,
) -> Scores:
    """Scores that are one part alone, (T, C) `by_channel`; unknown where they are."""
    nothing = 0 * values
    names: tuple[PartName, ...] = get_args(PartName)
    parts = {name: np.expm1(values) if name == part else nothing for name in names}
    shared = {name: np.zeros(contributions.shape) for name in names if name != "error"}
    if by_channel is not None:
        shared[part] = by_channel
    return Scores(values, contributions, parts, shared)


def unbounded(channels: int) -> np.ndarray:
    """(2, C) the range of a train span that holds every value."""
    return np.tile([[-np.inf], [np.inf]], channels)


def pairs(runs: tuple[np.ndarray, np.ndarray]) -> list[tuple[int, int]]:
    return [(int(start), int(stop)) for start, stop in zip(*runs, strict=True)]
