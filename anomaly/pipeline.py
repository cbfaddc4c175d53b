"""read, fit and detect: the whole product on one page.

read:           files -> tables -> columns and their parts -> dataset
fit (slow):     dataset -> train span -> scaling -> forecaster trained by backpropagation through time -> Fitted
detect (fast):  Fitted, dataset -> forecast -> scores -> threshold -> events
Each step of detect is a function of its own, so that a page reruns only what a moved slider touches.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from anomaly import preparation, scoring
from anomaly.cleaning import make_dataset
from anomaly.columns import propose_columns
from anomaly.detection import Detection
from anomaly.domain import Columns, Dataset, Epoch, Forecast, Scores
from anomaly.events import find_events, rank_events
from anomaly.exceptions import DataError
from anomaly.preparation import Preparation
from anomaly.reading import Source, read_table
from anomaly.rounding import round_figures
from anomaly.settings import DetectSettings, FitSettings, ReadSettings
from anomaly.thresholds import calibrate

if TYPE_CHECKING:  # torch is imported when something is fitted, not before
    from anomaly.model.forecaster import Forecaster

MEASURED_STEPS = 8_000
"""of the longest train span are used to measure how long the forecaster remembers and needs to warm up"""
BAND_COVERAGE = 0.99


@dataclass(frozen=True, eq=False)
class Fitted:
    """A trained forecaster and all that scoring new data needs."""

    forecaster: "Forecaster"
    preparation: Preparation
    columns: Columns
    reference: tuple[np.ndarray, ...]
    """per record (H, T, C) float32: residuals over the reference span, in standard deviations"""
    warm_up: int
    """steps at a record's start that are predicted but not scored: the forecaster has seen too little yet"""
    period: int
    """dominant period of the train span, in steps"""
    epochs: tuple[Epoch, ...]
    ended: str
    """one sentence: why training ended"""
    settings: FitSettings
    digest: str
    """sha256 of the file it was trained on"""


@dataclass(frozen=True, eq=False)
class Scored:
    """A dataset forecast and scored; only the threshold is missing."""

    dataset: Dataset
    forecasts: tuple[Forecast, ...]
    scores: tuple[Scores, ...]
    reference: np.ndarray
    """(N,) scores over the reference span"""
    half_band: np.ndarray
    """(C,) own units"""
    width: int
    """smoothing width in steps"""


def read(
    source: Source | Sequence[Source], settings: ReadSettings | None = None, *, name: str | None = None
) -> Dataset:
    """Read one file, or several whose columns agree, into a dataset; several files are its records.

    `source` is a path, or the bytes of a file that `name` names. Raises DataError, with the line and column, where
    something cannot be used, and SettingsError for an unknown column.
    """
    sources = [source] if isinstance(source, str | Path | bytes) else list(source)
    if not sources:
        raise DataError("No file was given: expected at least one.")
    tables = [read_table(one, name) for one in sources]
    return make_dataset(tables, propose_columns(tables, settings or ReadSettings()))


def fit(
    dataset: Dataset,
    settings: FitSettings | None = None,
    *,
    on_epoch: Callable[[Epoch], object] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Fitted:
    """Train a forecaster on the train span of every record; nothing after it, and no label, is looked at.

    `on_epoch` is called with each finished epoch. `should_stop` is asked before every update; once it says True,
    training ends and the best weights so far are kept. Raises SettingsError where the train span is too short,
    DataError where it holds no value, TrainingError where the loss diverges.
    """
    from anomaly.model.network import pick_device
    from anomaly.model.training import TrainRecord, train

    settings = settings or FitSettings()
    stops = preparation.find_train_stops(dataset, settings)
    prepared = preparation.prepare(dataset, stops)
    inputs = [prepared.inputs(series)[:stop] for series, stop in zip(dataset.series, stops, strict=True)]
    targets = [prepared.targets(series)[:stop] for series, stop in zip(dataset.series, stops, strict=True)]
    records = [
        TrainRecord(one, target, preparation.validation_start(len(one)))
        for one, target in zip(inputs, targets, strict=True)
    ]
    forecaster, epochs, ended = train(records, settings, pick_device(settings.device), on_epoch, should_stop)
    forecaster.burn_in = forecaster.measure_burn_in(max(inputs, key=len)[:MEASURED_STEPS])
    longest = max(range(len(inputs)), key=lambda record: len(inputs[record]))
    warm_up = forecaster.measure_warm_up(inputs[longest][:MEASURED_STEPS], targets[longest][:MEASURED_STEPS])
    reference = [
        prepared.residuals(series.values[:stop], prepared.predicted(outputs))
        for series, stop, outputs in zip(dataset.series, stops, forecaster.predict(inputs), strict=True)
    ]
    return Fitted(
        forecaster=forecaster,
        preparation=prepared,
        columns=dataset.columns,
        reference=tuple(_without_start(residuals, warm_up).astype(np.float32) for residuals in reference),
        warm_up=warm_up,
        period=preparation.find_dominant_period([preparation.last_observed(target) for target in targets]),
        epochs=tuple(epochs),
        ended=ended,
        settings=settings,
        digest=dataset.digest,
    )


def detect(fitted: Fitted, dataset: Dataset, settings: DetectSettings | None = None) -> Detection:
    """The anomalies of `dataset`: forecast, score, set the threshold, find the events."""
    settings = settings or DetectSettings()
    return flag(score(fitted, forecast(fitted, dataset), dataset, settings), settings)


def forecast(fitted: Fitted, dataset: Dataset) -> tuple[Forecast, ...]:
    """Next-step predictions of every record. Raises DataError where the channels are not those trained on."""
    for part, wanted, found in (
        ("monitored", fitted.columns.monitored, dataset.columns.monitored),
        ("context", fitted.columns.context, dataset.columns.context),
    ):
        if wanted != found:
            raise DataError(
                f"The model expects the {part} channels {', '.join(wanted) or 'none'}, in this order; "
                f"{dataset.name} gives {', '.join(found) or 'none'}."
            )
    inputs = [fitted.preparation.inputs(series) for series in dataset.series]
    return tuple(
        Forecast(series, fitted.preparation.predicted(outputs))
        for series, outputs in zip(dataset.series, fitted.forecaster.predict(inputs), strict=True)
    )


def score(fitted: Fitted, forecasts: tuple[Forecast, ...], dataset: Dataset, settings: DetectSettings) -> Scored:
    """Scores of every record and of the reference span, smoothed as `settings` says."""
    width = fitted.period if settings.smoothing == "auto" else settings.smoothing
    usual = scoring.ResidualScale.fit(list(fitted.reference))

    def score_record(residuals: np.ndarray) -> Scores:
        found = scoring.score(residuals, usual, width, settings.smoothing_window)
        return Scores(round_figures(found.values), found.contributions)

    scores = tuple(
        score_record(
            _without_start(fitted.preparation.residuals(one.series.values, one.predicted_by_horizon), fitted.warm_up)
        )
        for one in forecasts
    )
    reference = [score_record(residuals).values for residuals in fitted.reference]
    return Scored(
        dataset,
        forecasts,
        scores,
        np.concatenate(reference),
        _half_band(fitted.reference) * np.nan_to_num(fitted.preparation.channels.scale, nan=0.0),
        width,
    )


def _without_start(residuals: np.ndarray, warm_up: int) -> np.ndarray:
    """(H, T, C) with the first `warm_up` steps unknown."""
    residuals[:, :warm_up] = np.nan
    return residuals


def _half_band(reference: tuple[np.ndarray, ...]) -> np.ndarray:
    """(C,) the |residual| that BAND_COVERAGE of the reference steps stay within, at the shortest horizon."""
    sizes = np.abs(np.concatenate([part[0] for part in reference])).T
    known = [size[np.isfinite(size)] for size in sizes]
    return np.array([np.quantile(size, BAND_COVERAGE) if len(size) else np.nan for size in known])


def flag(scored: Scored, settings: DetectSettings) -> Detection:
    """Set the threshold and find the events. The only step that a moved threshold reruns."""
    threshold = calibrate(scored.reference, settings.threshold_rule, settings.threshold_parameter)
    threshold = replace(threshold, value=float(round_figures(np.array(threshold.value))))
    events = [
        event
        for record, (one, scores) in enumerate(zip(scored.forecasts, scored.scores, strict=True))
        for event in find_events(
            record, one, scores, threshold.value, settings.merge_gap, settings.min_length, scored.dataset.monitored
        )
    ]
    return Detection(
        dataset=scored.dataset,
        forecasts=scored.forecasts,
        scores=scored.scores,
        threshold=threshold,
        events=tuple(rank_events(events)),
        settings=settings.model_copy(update={"smoothing": scored.width}),
        half_band=scored.half_band,
    )
