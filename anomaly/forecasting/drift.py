"""How far new data have moved from what a model learnt from, channel by channel."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from anomaly.domain import Circle, Dataset, find_rises, tell_apart, units_of
from anomaly.reading import find_outages

BINS = 10
SOME, LARGE = 0.1, 0.25
"""of the population stability index: the usual limits (Siddiqi 2006, Credit Risk Scorecards)"""
LEAST_SHARE = 1e-4
"""the share that an empty bin counts as"""
MOST_NAMED = 3
QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Inputs:
    """Distribution of one channel, monitored or context, over the train span."""

    channel: str
    quartiles: tuple[float, ...]
    """three, own units; empty where it held no value, as then are edges and shares"""
    lowest: float
    highest: float
    edges: tuple[float, ...]
    """its deciles, each once"""
    shares: tuple[float, ...]
    """of its values below, at and above each edge"""


@dataclass(frozen=True)
class Drift:
    """How far one channel, monitored or context, has moved."""

    channel: str
    index: float
    """population stability index over the deciles of the train span; NaN where either holds no value"""
    before: float
    """median of the train span, own units; `after` that of the new data"""
    after: float
    spread: float
    """quartile range of the new data over that of the train span; NaN where that had none"""
    outside: float
    """share of the new values below the lowest or above the highest of the train span"""

    @property
    def word(self) -> str:
        if np.isnan(self.index):
            return "unknown"
        return "large" if self.index > LARGE else "some" if self.index > SOME else "none"


def describe_inputs(dataset: Dataset, stops: Sequence[int]) -> tuple[Inputs, ...]:
    """Distribution of every channel and context column over the first `stops[i]` steps of each record."""
    return tuple(
        _describe(name, values if circle is None else _turned(values, circle, circle.facing([values]).north))
        for name, values, circle in _columns(dataset, stops)
    )


def measure_drift(learnt: Sequence[Inputs], new: Dataset) -> list[Drift]:
    """Drift of every channel of `new` that is among the `learnt`; the largest first."""
    known = {one.channel: one for one in learnt}
    columns = _columns(new, [len(one) for one in new.series])
    found = [_compare(known[name], values, circle) for name, values, circle in columns if name in known]
    return sorted(found, key=lambda one: -np.nan_to_num(one.index, nan=-1.0))


def say_drift(found: Sequence[Drift]) -> str | None:
    """What moved far, and what that means for the events; None where nothing did."""
    moved = [one for one in found if one.word == "large"]
    if not moved:
        return None
    named = [
        f"{one.channel} (median {before} then, {after} now; {100 * one.outside:.0f} % outside what was seen)"
        for one, (before, after) in ((one, tell_apart(one.before, one.after)) for one in moved[:MOST_NAMED])
    ]
    more = f" and {len(moved) - MOST_NAMED:,} more" if len(moved) > MOST_NAMED else ""
    return (
        f"Not like what was learnt from: {', '.join(named)}{more}. Events may tell of that change alone; where it is "
        "the new normal, fit again on newer data."
    )


def _columns(dataset: Dataset, stops: Sequence[int]) -> Iterator[tuple[str, np.ndarray, Circle | None]]:
    """Each channel's and context column's known values, of a counter its rises, over the first `stops` steps of all
    records, one after another; and the circle of an angle. A column at a time: a copy of all would be as large as the
    file."""
    for names, part in ((dataset.monitored, "values"), (dataset.columns.context, "context")):
        for column, name in enumerate(names):
            spans = [(one, stop) for one, stop in zip(dataset.series, stops, strict=True)]
            values = [getattr(one, part)[:stop, column] for one, stop in spans]
            kind = dataset.columns.every_kind[column] if part == "values" else "value"
            if kind == "counter":
                # Readings of a counter are new every time; how fast it rises is not.
                late = [find_outages(one.times[:stop]) for one, stop in spans]
                values = [_rises(readings, at) for readings, at in zip(values, late, strict=True)]
            circle = Circle.of(values, dataset.units.get(name, "")) if kind == "angle" else None
            known = np.concatenate(values)
            yield name, known[np.isfinite(known)], circle


def _rises(readings: np.ndarray, late: np.ndarray) -> np.ndarray:
    """(T,) the rises of a counter; NaN at `late` steps, which tell of more than a usual step."""
    rises = find_rises(readings)
    rises[late] = np.nan
    return rises


def _turned(directions: np.ndarray, circle: Circle, middle: float) -> np.ndarray:
    """Directions (N,) as numbers at most half a turn to either side of the middle."""
    return middle + circle.turn(directions, np.array(middle))


def _describe(name: str, values: np.ndarray) -> Inputs:
    if not len(values):
        return Inputs(name, (), 0.0, 0.0, (), ())
    edges = np.unique(_quantiles(values, np.linspace(0, 1, BINS + 1)[1:-1]))
    quartiles = _quantiles(values, QUARTILES)
    shares = _shares(values, edges)
    return Inputs(
        name,
        tuple(quartiles.tolist()),
        float(values.min()),
        float(values.max()),
        tuple(edges.tolist()),
        tuple(shares.tolist()),
    )


def _compare(before: Inputs, after: np.ndarray, circle: Circle | None = None) -> Drift:
    if not before.quartiles or not len(after):
        return Drift(before.channel, *[np.nan] * 5)
    if circle is not None:
        after = _turned(after, circle, (before.lowest + before.highest) / 2)
    low, median, high = before.quartiles
    new_low, new_median, new_high = _quantiles(after, QUARTILES).tolist()
    # Halved: the distance of two numbers may be none.
    spread, new_spread = high / 2 - low / 2, new_high / 2 - new_low / 2
    return Drift(
        before.channel,
        _stability_index(before, after),
        median if circle is None else float(circle.place(np.array(median))),
        new_median if circle is None else float(circle.place(np.array(new_median))),
        new_spread / spread if spread > 0 else np.nan,
        float(((after < before.lowest) | (after > before.highest)).mean()),
    )


def _quantiles(values: np.ndarray, shares: Sequence[float] | np.ndarray) -> np.ndarray:
    """Quantiles of values (N,), between two of which there may be more than a number can hold."""
    (unit,) = units_of(values[:, None])
    return np.quantile(values / unit, shares) * unit


def _stability_index(before: Inputs, after: np.ndarray) -> float:
    """Sum over the bins of (q - p) ln(q / p), p and q the shares of the train span and of the new values."""
    p, q = np.array(before.shares), _shares(after, np.array(before.edges))
    p, q = (np.maximum(one, LEAST_SHARE) for one in (p, q))
    return float(((q - p) * np.log(q / p)).sum())


def _shares(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """A value that many share is a bin of its own: below, at and above each edge."""
    places = np.searchsorted(edges, values, "left") + np.searchsorted(edges, values, "right")
    return np.bincount(places, minlength=2 * len(edges) + 1) / len(values)
