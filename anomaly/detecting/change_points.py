"""Dataset -> a healthy part that could be learnt from, where the file itself tells of one.

Told nothing, all of a file counts as normal. Where known anomalies, or a machine's own status, begin late, the steps
before them are healthy; where one channel lies at one level up to some step and at another from there on, the file
falls into a before and an after, and either may be what was wanted to be normal.
"""

from dataclasses import dataclass

import numpy as np

from anomaly.detecting.usual import NORMAL_MAD
from anomaly.domain import Dataset, find_rises, format_times, tell_apart, units_of

FEWEST_STEPS = 300
"""of a record that falls into two parts, and of what known anomalies leave to learn from"""
BLOCKS = 60
"""of a record whose medians are compared"""
LEAST_PART = 0.2
"""of the steps on either side"""
CLEAR = 4.0
"""spreads, as a normal distribution has, of the blocks within both parts: their medians lie at least so far apart"""
ABRUPT = 0.75
"""of that step is there from one few blocks to the next; a drift, a season or a random walk takes longer"""
NEAR = 4
"""blocks on either side in which a step that is abrupt is looked for"""
ON_ITS_SIDE = 0.95
"""share of the blocks of either part that lie on its side of the middle"""


@dataclass(frozen=True)
class ChangePoint:
    """Where one channel's level changes once and stays."""

    step: int
    """the first of the part after"""
    channel: str
    before: float
    """median, own units"""
    after: float


@dataclass(frozen=True)
class HealthySpan:
    """Leading steps that could be learnt from instead of the whole file, and why."""

    steps: int
    until: str
    """the time of the first step after them, as the file writes it"""
    reason: str
    """one sentence"""


def propose_train_span(dataset: Dataset) -> HealthySpan | None:
    """The healthy part that known anomalies leave, or else that before a change point; None where there is neither, or
    there are several records, which begin anew each."""
    if len(dataset.series) > 1:
        return None
    series = dataset.series[0]
    if series.labels is not None and series.labels.any():
        first = int(np.argmax(series.labels))
        if max(FEWEST_STEPS, LEAST_PART * len(series)) > first:
            return None
        until = _time_of(dataset, first)
        begins = f"The first known anomaly begins at {_place(dataset, until)}"
        return HealthySpan(first, until, f"{begins}: what comes before it is healthy.")
    found = find_change(dataset)
    if found is None:
        return None
    until, unit = _time_of(dataset, found.step), dataset.units.get(found.channel, "")
    was, became = (f"{one}{f' {unit}' if unit else ''}" for one in tell_apart(found.before, found.after))
    name = f"The rise of {found.channel}" if dataset.columns.kind_of(found.channel) == "counter" else found.channel
    return HealthySpan(
        found.step,
        until,
        f"{name} was about {was} before {_place(dataset, until)} and about {became} from then on. Learnt from the "
        "whole file, either may count as normal; learnt from the part before, what comes after it does not.",
    )


def find_change(dataset: Dataset) -> ChangePoint | None:
    """The first change point of a dataset of one record, so that the part before has none; None where no channel falls
    into a before and an after."""
    series, found = dataset.series[0], None
    for place, (name, kind) in enumerate(zip(dataset.monitored, dataset.columns.every_kind, strict=True)):
        if kind in ("angle", "state"):
            continue
        values = series.counted[:, place]
        if kind == "counter":
            values = find_rises(values)
        step = split(values)
        if step is not None and (found is None or step < found.step):
            found = ChangePoint(step, name, float(np.nanmedian(values[:step])), float(np.nanmedian(values[step:])))
    return found


def split(values: np.ndarray) -> int | None:
    """The first step after the change point of values (T,), NaN = missing; None where they do not fall into two
    parts."""
    if len(values) < FEWEST_STEPS or not np.isfinite(values).any():
        return None
    (unit,) = units_of(values[:, None])
    values = values / unit
    width = len(values) // BLOCKS
    count = len(values) // width
    blocks = values[: count * width].reshape(count, width)
    enough = np.isfinite(blocks).sum(1) * 2 >= width
    if enough.sum() < BLOCKS // 2:
        return None
    places = np.flatnonzero(enough)
    medians = np.nanmedian(blocks[places], axis=1)
    at = _split_blocks(medians)
    if at is None or not _height(medians, at) >= CLEAR or not _is_abrupt(medians, at):
        return None
    first, last = places[max(at - 1, 0)] * width, (places[min(at, len(places) - 1)] + 1) * width
    before, after = float(np.median(medians[:at])), float(np.median(medians[at:]))
    return int(first) + _split_steps(values[first:last], before, after)


def _split_blocks(medians: np.ndarray) -> int | None:
    """The first block of the second part: the split that leaves the least squares within (Hinkley 1970)."""
    count = len(medians)
    margin = int(np.ceil(LEAST_PART * count))
    at = np.arange(margin, count - margin + 1)
    if not len(at):
        return None
    centred = medians - medians.mean()
    before = np.cumsum(centred)[at - 1]
    # Between the parts: the sums of all are 0.
    between = before**2 * (1 / at + 1 / (count - at))
    return int(at[np.argmax(between)])


def _height(medians: np.ndarray, at: int) -> float:
    """How many spreads the two parts lie apart; 0 where they overlap."""
    low, high = float(np.median(medians[:at])), float(np.median(medians[at:]))
    middle = (low + high) / 2
    # A block in which the change lies has something of both.
    for part, level in ((medians[: at - 1], low), (medians[at + 1 :], high)):
        if np.mean(np.sign(part - middle) == np.sign(level - middle)) < ON_ITS_SIDE:
            return 0.0
    within = np.abs(np.concatenate([medians[:at] - low, medians[at:] - high]))
    spread = NORMAL_MAD * float(np.median(within))
    return abs(high - low) / spread if spread > 0 else np.inf if high != low else 0.0


def _is_abrupt(medians: np.ndarray, at: int) -> bool:
    near = abs(float(np.median(medians[at : at + NEAR]) - np.median(medians[max(at - NEAR, 0) : at])))
    return near >= ABRUPT * abs(float(np.median(medians[at:]) - np.median(medians[:at])))


def _split_steps(values: np.ndarray, before: float, after: float) -> int:
    """The first step of the second part of values (T,) of which both levels are known."""
    closer = np.nan_to_num((values - before) ** 2 - (values - after) ** 2, nan=0.0)
    # Steps of the first part are closer to its level: the sum falls up to the change and rises from there.
    return int(np.argmin(np.append(0.0, np.cumsum(closer))))


def _place(dataset: Dataset, time: str) -> str:
    """A number alone would not say what it counts."""
    axis = dataset.time_axis
    return time if axis.kind == "timestamp" else f"{axis.name if axis.kind == 'number' else 'row'} {time}"


def _time_of(dataset: Dataset, step: int) -> str:
    return str(np.asarray(format_times(dataset.series[0].times[step : step + 1], dataset.time_axis))[0])
