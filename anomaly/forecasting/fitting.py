"""fit (slow): dataset -> train span -> scaling -> forecaster trained by backpropagation through time -> Fitted."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from anomaly.detecting import Stretches
from anomaly.domain import Columns, Dataset, Effort, Epoch, FitSettings, Profiles, Reach, SettingsError, TrainingError
from anomaly.forecasting import preparation
from anomaly.forecasting.coarse import cut_coarse
from anomaly.forecasting.drift import Drift, Inputs, describe_inputs, measure_drift
from anomaly.forecasting.preparation import Preparation
from anomaly.forecasting.rhythm import choose_calendar, find_possible
from anomaly.reading import find_breaks, find_outages

MEASURED_STEPS = 8_000
"""of the longest train span are used to measure how long the forecaster remembers and needs to warm up"""


class Predictor(Protocol):
    """What `forecasting/model/forecaster.py` and the classes of `forecasting/baselines.py` have in common."""

    def predict(self, records: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Records (T, D) -> predictions (H, T, C), NaN before the first."""
        ...


@dataclass(frozen=True, eq=False)
class Fitted:
    """A trained forecaster and all that scoring new data needs."""

    forecaster: Predictor
    preparation: Preparation
    columns: Columns
    reference: tuple[np.ndarray, ...]
    """per record (H, T, C) float32: residuals over the reference span, in standard deviations"""
    warm_up: int
    """steps at a record's start that are predicted but not scored: the forecaster has seen too little yet"""
    period: int
    """dominant period of the train span, in steps"""
    reach: Reach
    """how far back the gradient reaches, and so how far the forecaster looks back"""
    stretches: Stretches
    """what is learnt of the shapes and levels of stretches"""
    profiles: tuple[Profiles, ...]
    """per record: what they tell of the reference span's own stretches"""
    epochs: tuple[Epoch, ...]
    ended: str
    """one sentence: why training ended"""
    settings: FitSettings
    digest: str
    """sha256 of the file it was trained on"""
    inputs: tuple[Inputs, ...] = ()
    """distribution of each channel and context column over the train span; empty in models saved by old versions"""
    coarse: "Fitted | None" = None
    """the same of the means of blocks of steps (`anomaly.forecasting.coarse`); None where they are too few, of a
    baseline, and in models of before there was one"""

    @property
    def width(self) -> int:
        """Steps that scores are smoothed over unless the user chooses otherwise."""
        return preparation.propose_width(self.period)

    def drift(self, dataset: Dataset) -> list[Drift]:
        """Drift of `dataset` from the train span, the largest first; empty for the dataset that was fitted on."""
        return [] if dataset.digest == self.digest else measure_drift(self.inputs, self.as_learnt(dataset))

    def as_learnt(self, dataset: Dataset) -> Dataset:
        """The dataset with the kinds that were learnt, whatever was proposed for its own numbers."""
        if dataset.monitored != self.columns.monitored or dataset.columns.every_kind == self.columns.every_kind:
            return dataset
        return replace(dataset, columns=replace(dataset.columns, kinds=self.columns.every_kind))


@dataclass(frozen=True, eq=False)
class TrainSpans:
    """The train span of each record, as the network sees it."""

    preparation: Preparation
    stops: list[int]
    inputs: list[np.ndarray]
    """(T, D)"""
    targets: list[np.ndarray]
    """(T, C)"""
    breaks: list[np.ndarray]
    """steps where the network starts anew"""

    @property
    def period(self) -> int:
        """Dominant period in steps."""
        return preparation.find_dominant_period([preparation.last_observed(target) for target in self.targets])

    @property
    def longest(self) -> int:
        """Position of the record with the longest train span."""
        return max(range(len(self.inputs)), key=lambda record: len(self.inputs[record]))

    @property
    def sample(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs (N, D) and targets (N, C) of the longest train span, N <= MEASURED_STEPS."""
        return self.inputs[self.longest][:MEASURED_STEPS], self.targets[self.longest][:MEASURED_STEPS]


def cut_train_spans(dataset: Dataset, settings: FitSettings) -> TrainSpans:
    """The train spans. Raises SettingsError where they are too short, DataError where they hold no value."""
    stops = preparation.find_train_stops(dataset, settings)
    prepared = preparation.prepare(dataset, stops)
    prepared = replace(prepared, calendar=choose_calendar(dataset, stops, settings, prepared))
    spans = list(zip(dataset.series, stops, strict=True))
    return TrainSpans(
        prepared,
        stops,
        [prepared.inputs(series, dataset.time_axis)[:stop] for series, stop in spans],
        [prepared.targets(series)[:stop] for series, stop in spans],
        [find_breaks(series.times[:stop]) for series, stop in spans],
    )


def estimate(dataset: Dataset, settings: FitSettings) -> Effort:
    """What `fit`, and the forecast of the file after it, will take if every epoch runs, within a factor of two or so.
    Raises what `fit` does at its start."""
    effort = _estimate(dataset, settings)
    coarse = cut_coarse(dataset, preparation.find_train_stops(dataset, settings), settings)
    return effort if coarse is None else effort.with_rest(_estimate(*coarse).seconds)


def _estimate(dataset: Dataset, settings: FitSettings) -> Effort:
    """The same of one forecaster alone."""
    from anomaly.forecasting.model.estimating import Extent, estimate_effort
    from anomaly.forecasting.model.network import pick_device

    stops = preparation.find_train_stops(dataset, settings)
    learnt: list[int] = []
    held_out: list[int] = []
    forecast: list[int] = []
    for one, stop in zip(dataset.series, stops, strict=True):
        for start, length in _parts(one.times[:stop]):
            learnt.append(min(max(preparation.validation_start(stop) - start, 0), length))
            held_out.append(length - learnt[-1])
        forecast += [length for _, length in _parts(one.times)]
    longest = min(MEASURED_STEPS, max(stops))
    extent = Extent(tuple(learnt), tuple(held_out), tuple(forecast), longest)
    columns = dataset.columns
    inputs = len(columns.monitored) + len(columns.context) + find_possible(dataset, stops, settings).size
    return estimate_effort(settings, extent, inputs, len(columns.monitored), pick_device(settings.device))


def _parts(times: np.ndarray) -> list[tuple[int, int]]:
    """First step and length of every part of a record that no break interrupts."""
    bounds = [0, *find_breaks(times).tolist(), len(times)]
    return [(start, stop - start) for start, stop in itertools.pairwise(bounds)]


def fit(
    dataset: Dataset,
    settings: FitSettings | None = None,
    *,
    on_epoch: Callable[[Epoch], object] | None = None,
    should_stop: Callable[[], bool] | None = None,
    checkpoint: Path | None = None,
) -> Fitted:
    """Train a forecaster on the train span of every record; nothing after it, and no label, is looked at.

    `on_epoch` is called with each finished epoch. `should_stop` is asked before every update; once it says True,
    training ends and the best weights so far are kept. `checkpoint` is a file from which interrupted training
    resumes. Raises SettingsError where the train span is too short, DataError where it holds no value, TrainingError
    where the loss diverges.
    """
    settings = settings or FitSettings()
    spans = cut_train_spans(dataset, settings)
    fitted = _fit_one(dataset, settings, spans, on_epoch, should_stop, checkpoint)
    return replace(fitted, coarse=_fit_coarse(dataset, settings, spans.stops, should_stop))


def _fit_coarse(
    dataset: Dataset, settings: FitSettings, stops: list[int], should_stop: Callable[[], bool] | None
) -> Fitted | None:
    """The forecaster of coarser steps, with what scoring asks of it; None where there is nothing it could tell."""
    cut = cut_coarse(dataset, stops, settings)
    if cut is None:
        return None
    try:
        fitted = _fit_one(*cut, cut_train_spans(*cut), None, should_stop, None)
    except (SettingsError, TrainingError):  # nothing to learn there: the one of single steps, which has, stays
        return None
    if not fitted.epochs or not any(np.isfinite(part).any() for part in fitted.reference):
        return None
    return replace(fitted, stretches=Stretches(()), profiles=(Profiles(),) * len(fitted.reference), inputs=())


def _fit_one(
    dataset: Dataset,
    settings: FitSettings,
    spans: TrainSpans,
    on_epoch: Callable[[Epoch], object] | None,
    should_stop: Callable[[], bool] | None,
    checkpoint: Path | None,
) -> Fitted:
    """As `fit`, without the forecaster of coarser steps."""
    from anomaly.forecasting.model.gradients import measure_reach
    from anomaly.forecasting.model.network import pick_device
    from anomaly.forecasting.model.streams import TrainRecord
    from anomaly.forecasting.model.training import train

    inputs, targets, breaks = spans.inputs, spans.targets, spans.breaks
    # What comes after a break is a record of its own to the network; the end of the whole record is held out.
    records = [
        TrainRecord(part, target, min(max(preparation.validation_start(len(one)) - start, 0), len(part)))
        for one, wanted, at in zip(inputs, targets, breaks, strict=True)
        for start, part, target in zip([0, *at], np.split(one, at), np.split(wanted, at), strict=True)
    ]
    forecaster, epochs, ended = train(
        records, settings, pick_device(settings.device), on_epoch, should_stop, checkpoint
    )
    forecaster.burn_in = forecaster.measure_burn_in(spans.sample[0])
    return complete(
        dataset,
        settings,
        spans,
        forecaster,
        warm_up=forecaster.measure_warm_up(*spans.sample),
        reach=measure_reach(forecaster, settings, *spans.sample),
        epochs=tuple(epochs),
        ended=ended,
    )


def complete(
    dataset: Dataset,
    settings: FitSettings,
    spans: TrainSpans,
    forecaster: Predictor,
    warm_up: int,
    reach: Reach,
    epochs: tuple[Epoch, ...],
    ended: str,
) -> Fitted:
    """Everything that is learnt beside the forecaster: the usual residuals, the period, the shapes."""
    prepared, inputs, targets, breaks = spans.preparation, spans.inputs, spans.targets, spans.breaks
    reference = [
        prepared.residuals(prepared.make_forecast(series.until(stop), outputs))
        for series, stop, outputs in zip(
            dataset.series, spans.stops, predict_records(forecaster, inputs, breaks), strict=True
        )
    ]
    period = spans.period
    widths = preparation.propose_shape_widths(period, len(targets[spans.longest]))
    outages = [find_outages(series.times[:stop]) for series, stop in zip(dataset.series, spans.stops, strict=True)]
    days_off = [
        prepared.calendar.find_days_off(series.until(stop), dataset.time_axis)
        for series, stop in zip(dataset.series, spans.stops, strict=True)
    ]
    width = preparation.propose_width(period)
    stretches = Stretches.learn(targets, outages, days_off, widths, width, settings.names_train_span)
    return Fitted(
        forecaster=forecaster,
        preparation=prepared,
        columns=dataset.columns,
        reference=tuple(
            without_start(
                residuals, warm_up, np.append(at, prepared.calendar.find_turns(series, dataset.time_axis))
            ).astype(np.float32)
            for residuals, at, series in zip(reference, breaks, dataset.series, strict=True)
        ),
        warm_up=warm_up,
        period=period,
        reach=reach,
        stretches=stretches,
        profiles=tuple(
            compare_stretches(stretches, prepared, *one) for one in zip(targets, outages, days_off, strict=True)
        ),
        epochs=epochs,
        ended=ended,
        settings=settings,
        digest=dataset.digest,
        inputs=describe_inputs(dataset, spans.stops),
    )


def predict_records(
    forecaster: Predictor, inputs: list[np.ndarray], breaks: Sequence[np.ndarray]
) -> Iterator[np.ndarray]:
    """Predictions (H, T, C) of every record's inputs (T, D), the forecaster started anew at each of its breaks."""
    parts = [np.split(one, at) for one, at in zip(inputs, breaks, strict=True)]
    predicted = iter(forecaster.predict([part for record in parts for part in record]))
    for record in parts:
        yield np.concatenate([next(predicted) for _ in record], axis=1)


def compare_stretches(
    stretches: Stretches, prepared: Preparation, targets: np.ndarray, outages: np.ndarray, days_off: np.ndarray
) -> Profiles:
    """One record's profiles from its targets (T, M); the shares by channel, in the file's order."""
    found = stretches.compare(targets, outages, days_off)
    by_channel = [
        tuple(replace(profile, shares=prepared.share_by_channel(profile.shares)) for profile in profiles)
        for profiles in (found.shape, found.level, found.relation)
    ]
    return Profiles(*by_channel)


def without_start(residuals: np.ndarray, warm_up: int, breaks: np.ndarray) -> np.ndarray:
    """Residuals (H, T, C), NaN in the first `warm_up` steps of the record and after each of its breaks, which may be
    where a day off begins or ends as well."""
    for start in (0, *breaks):
        residuals[:, start : start + warm_up] = np.nan
    return residuals
