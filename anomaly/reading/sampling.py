"""How a dataset is sampled: evenly, unevenly and kept so, or brought onto even steps; and where a record breaks off."""

from dataclasses import replace

import numpy as np

from anomaly.domain import Circle, Dataset, ReadSettings, Repair, SettingsError, TimeSeries, seconds_of, units_of

SINCE = "time since the last step"
"""the context channel of a dataset whose uneven steps are kept"""
NEAR, EVEN = 0.1, 0.9
"""a gap is usual within this share of the median; steps are even where this share of the gaps is usual"""
FEWEST_GAPS = 20
"""gaps below which nothing is concluded from them"""
MOSTLY_EMPTY = 0.5
LONGEST_HOLE = 5
"""even steps without a row that are kept as missing; longer holes are left out and break the record"""
OUTAGE = 5
"""a time this many times the usual step is an outage: no line is drawn across it"""
LONG_UNITS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))
USUAL = 0.95
MOST_LOST, COST = 0.2, 50
"""largest share of a record left unscored after breaks; steps unscored after each, as the forecaster starts anew"""


def settle_sampling(dataset: Dataset, settings: ReadSettings) -> Dataset:
    """`dataset` as `settings.sampling` asks. auto: even steps stay; uneven ones get the time since the last step as an
    input, or are resampled to even steps where most cells are empty. Raises SettingsError for a bad step."""
    settled = _settle(dataset, settings)
    if settled.columns.step is not None or (settings.step is None and settings.sampling != "resample"):
        return settled
    asked = (
        "The even steps asked for are not made" if settings.step is None else f"A step of {settings.step:g} is not used"
    )
    why = "the rows are kept as they are; sampling resample brings them onto even steps"
    if dataset.time_axis.kind == "row":
        why = "there is no time column"
    elif settings.sampling == "resample":
        why = f"there are fewer than {FEWEST_GAPS} gaps between rows"
    return replace(settled, repairs=(*settled.repairs, Repair(f"{asked}: {why}")))


def _settle(dataset: Dataset, settings: ReadSettings) -> Dataset:
    asks_since = settings.context is not None and SINCE in settings.context
    gaps = _gaps(dataset)
    if dataset.time_axis.kind == "row" or len(gaps) < FEWEST_GAPS:
        return _add_since(dataset) if asks_since else dataset
    usual = float(np.median(gaps))
    near = float((np.abs(gaps - usual) <= NEAR * usual).mean()) if usual > 0 else 0.0
    even = near >= EVEN
    empty = float(np.mean([_share_empty(one.values) for one in dataset.series]))
    choice: str = settings.sampling
    if choice == "auto":
        choice = "keep" if asks_since else "as it is" if even else "resample" if empty > MOSTLY_EMPTY else "keep"
    if choice == "resample":
        step = settings.step / _unit(dataset) if settings.step else _propose_step(dataset, usual)
        why = (
            "that was asked for"
            if settings.sampling == "resample"
            else f"{empty:.0%} of the cells would else be empty".replace("%", " %")
        )
        return _resample(dataset, step, why)
    if choice == "keep" and (asks_since or settings.context is None):
        return _add_since(
            dataset,
            "The time since the last step is an input, as asked"
            if even
            else f"The steps are uneven ({1 - near:.0%} of the gaps are not about "
            f"{_say(usual, dataset)}): kept, and the time since the last step is an input".replace("%", " %"),
        )
    return dataset


def _share_empty(values: np.ndarray) -> float:
    """Of a record's cells, but those of channels that it does not have."""
    empty = np.isnan(values)
    has = ~empty.all(0)
    return float(empty[:, has].mean()) if has.any() else 1.0


def _gaps(dataset: Dataset) -> np.ndarray:
    """(N,) float64 times between the steps of all records; microseconds where times are time stamps."""
    return np.concatenate([np.diff(one.times).astype(np.float64) for one in dataset.series])


def _unit(dataset: Dataset) -> float:
    """Seconds in the unit that gaps are counted in; 1 where the file does not tell."""
    if dataset.time_axis.kind == "timestamp":
        return 1e-6
    return dataset.time_axis.unit or 1.0


def _say(gap: float, dataset: Dataset) -> str:
    seconds = seconds_of(
        np.timedelta64(int(gap), "us") if dataset.time_axis.kind == "timestamp" else gap, dataset.time_axis
    )
    if np.isnan(seconds):
        return f"{gap:.4g}"
    size, unit = next(((size, unit) for size, unit in LONG_UNITS if seconds >= size), (1.0, "s"))
    return f"{seconds / size:.3g} {unit}"


def _propose_step(dataset: Dataset, usual: float) -> float:
    """How often the channel that is measured most often is measured."""
    found = []
    for channel in range(len(dataset.monitored)):
        parts = [np.diff(one.times[np.isfinite(one.values[:, channel])]).astype(np.float64) for one in dataset.series]
        gaps = np.concatenate(parts)
        found += [float(np.median(gaps[gaps > 0]))] if (gaps > 0).any() else []
    return min(found, default=usual)


def _add_since(dataset: Dataset, note: str = "") -> Dataset:
    gaps = _gaps(dataset)
    usual = (float(np.median(gaps)) if len(gaps) else 0.0) or 1.0

    def extend(one: TimeSeries) -> TimeSeries:
        late = np.diff(one.times, prepend=one.times[:1]).astype(np.float64) / usual
        return replace(one, context=np.concatenate([one.context, np.log1p(np.maximum(late, 0.0))[:, None]], 1))

    columns = replace(dataset.columns, context=(*dataset.columns.context, SINCE))
    repairs = (*dataset.repairs, Repair(note)) if note else dataset.repairs
    return replace(dataset, series=tuple(map(extend, dataset.series)), columns=columns, repairs=repairs)


def _resample(dataset: Dataset, step: float, why: str) -> Dataset:
    if not step > 0:
        raise SettingsError("step: there is no usual time between the steps of this file; give one, in seconds.")
    spans = sum(float((one.times[-1] - one.times[0]).astype(np.float64)) for one in dataset.series)
    if spans / step > 100 * dataset.steps + 1e6:
        raise SettingsError(
            f"step: {spans / step:,.0f} even steps would be more than a hundred times those in the file; give a "
            "larger one."
        )
    series = tuple(_onto_grid(one, step, dataset) for one in dataset.series)
    lasts = [name for name in ("counter", "state") if name in dataset.columns.kinds]
    last = f" (of a {' or '.join(lasts)} the last)" if lasts else ""
    text = f"Brought onto even steps of {_say(step, dataset)}, the mean of what falls into each{last}, because {why}"
    columns = replace(dataset.columns, step=step * _unit(dataset))
    return replace(dataset, series=series, columns=columns, repairs=(*dataset.repairs, Repair(text, dataset.steps)))


def _onto_grid(one: TimeSeries, step: float, dataset: Dataset) -> TimeSeries:
    """The mean of each even step; a few empty ones are kept, so that what is missing shows."""
    place = np.floor((one.times - one.times[0]).astype(np.float64) / step + 1e-9).astype(np.int64)
    filled = np.unique(place)
    holes = np.diff(filled)
    short = np.flatnonzero((holes > 1) & (holes <= LONGEST_HOLE))
    empty = [np.arange(filled[at] + 1, filled[at + 1]) for at in short]
    kept = np.sort(np.concatenate([filled, *empty]))
    new = np.searchsorted(kept, place)
    labels = None if one.labels is None else np.bincount(new, one.labels, len(kept)) > 0
    values, ignored = _gather(one.counted, new, len(kept), dataset), None
    if one.ignored is not None:
        # A step is ignored where all of its rows are; else those rows have no part in its mean.
        ignored = (np.bincount(new, one.ignored, len(kept)) > 0) & (np.bincount(new, ~one.ignored, len(kept)) == 0)
        values = np.where(ignored[:, None], _gather(one.values, new, len(kept), dataset), values)
    width = kept * step
    times = one.times[0] + (width.astype("timedelta64[us]") if one.times.dtype.kind == "M" else width)
    return replace(
        one,
        times=times,
        values=values,
        context=_mean(one.context, new, len(kept)),
        labels=labels,
        row_steps=new[one.row_steps],
        ignored=ignored,
    )


def _gather(cells: np.ndarray, new: np.ndarray, steps: int, dataset: Dataset) -> np.ndarray:
    """Cells (R, C) that fall into the steps `new` (R,) -> (steps, C) their means; of angles the mean direction, of
    counters and states the last."""
    values = _mean(cells, new, steps)
    for channel, (name, kind) in enumerate(zip(dataset.monitored, dataset.columns.every_kind, strict=True)):
        own = cells[:, channel]
        if kind == "angle":
            circle = Circle.of([series.values[:, channel] for series in dataset.series], dataset.units.get(name, ""))
            values[:, channel] = circle.join(_mean(circle.split(own), new, steps))
        elif kind in ("counter", "state"):
            values[new[np.isfinite(own)], channel] = own[np.isfinite(own)]
    return values


def _mean(cells: np.ndarray, new: np.ndarray, steps: int) -> np.ndarray:
    known, units = np.isfinite(cells), units_of(cells)
    total = np.zeros((steps, cells.shape[1]))
    count = np.zeros_like(total)
    np.add.at(total, new, np.where(known, cells / units, 0.0))
    np.add.at(count, new, known)
    with np.errstate(invalid="ignore"):
        return total / count * units


def find_breaks(times: np.ndarray) -> np.ndarray:
    """Steps at which the forecaster starts anew, because the time before them is much longer than all but a few.

    The longest come first, and no more of them than leave most steps scored.
    """
    if len(times) < 3:
        return np.empty(0, np.int64)
    gaps = np.diff(times).astype(np.float64)
    usual = max(float(np.median(gaps)), float(np.quantile(gaps, USUAL)))
    late = np.flatnonzero(gaps > OUTAGE * usual) if usual > 0 else np.empty(0, np.int64)
    most = int(MOST_LOST * len(times) / COST)
    return np.sort(late[np.argsort(-gaps[late], kind="stable")[:most]]) + 1


def find_outages(times: np.ndarray) -> np.ndarray:
    """Steps that come much later than the usual time after the step before them."""
    if len(times) < 3:
        return np.empty(0, np.int64)
    gaps = np.diff(times).astype(np.float64)
    usual = np.median(gaps)
    return np.flatnonzero(gaps > OUTAGE * usual) + 1 if usual > 0 else np.empty(0, np.int64)
