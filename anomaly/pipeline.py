"""read, fit (in `anomaly.forecasting.fitting`) and detect: the whole product on one page.

read:           files -> tables -> columns and their roles -> dataset
fit (slow):     dataset -> train span -> scaling -> forecaster trained by backpropagation through time -> Fitted
detect (fast):  Fitted, dataset -> forecast -> scores -> threshold -> events
Each step of detect is a function of its own, so that a page reruns only what a moved slider touches.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from anomaly.detecting import (
    Detection,
    Evidence,
    Scorer,
    Signals,
    calibrate,
    find_events,
    find_unusual,
    gather_signals,
    rank_events,
    spread_blocks,
)
from anomaly.domain import (
    DataError,
    Dataset,
    DetectSettings,
    Event,
    Forecast,
    Profiles,
    ReadSettings,
    Scores,
    SettingsError,
    Threshold,
    round_figures,
    seconds_of,
)
from anomaly.forecasting import COARSE, Fitted, coarsen, compare_stretches, predict_records, without_start
from anomaly.reading import Source, assemble, find_breaks, find_outages, read_files

BAND_COVERAGE = 0.99


@dataclass(frozen=True, eq=False)
class Scored:
    """A dataset forecast and scored; only the threshold is missing."""

    dataset: Dataset
    forecasts: tuple[Forecast, ...]
    scores: tuple[Scores, ...]
    reference: tuple[np.ndarray, ...]
    """per record of the train file, (T,): scores over the reference span"""
    healthy: bool
    """whether the user chose the train span, which is then taken to be free of anomalies"""
    half_band: np.ndarray
    """(C,) half width of the expected band, own units"""
    ranges: np.ndarray
    """(2, C) own units: lowest and highest value of the train span"""
    width: int
    """smoothing width in steps"""
    signals: tuple[Signals, ...] = ()
    """per record: what tells where an event begins and ends; () where only scores are known"""

    @cached_property
    def unusual(self) -> tuple[Event, ...]:
        """The most unusual stretches, whatever the threshold."""
        return tuple(find_unusual(self.forecasts, self.scores, self.width, self.dataset.monitored))


def read(
    source: Source | Sequence[Source], settings: ReadSettings | None = None, *, name: str | None = None
) -> Dataset:
    """Read one file, or several that share channels, into a dataset; several files are its records.

    `source` is a path, or the bytes of a file that `name` names. Raises DataError, with the line and column, where
    something cannot be used, and SettingsError for an unknown column.
    """
    sources = [source] if isinstance(source, str | Path | bytes) else list(source)
    if not sources:
        raise DataError("No file was given: expected at least one.")
    tables = read_files([(one, name) for one in sources])
    return assemble(tables, settings or ReadSettings())


def same_columns(fitted: Fitted) -> ReadSettings:
    """The settings that read another file as the one behind `fitted` was read."""
    columns = fitted.columns
    return ReadSettings(
        time=columns.time or "",
        record=columns.record or "",
        channels=columns.monitored,
        context=columns.context,
        ignore=columns.ignore,
        date_order=columns.date_order,
        sampling="keep" if columns.step is None else "resample",
        step=columns.step,
        kinds=dict(zip(columns.monitored, columns.every_kind, strict=True)),
        measured=columns.measured or None,
        variable=columns.variable,
        value=columns.value,
    )


def detect(fitted: Fitted, dataset: Dataset, settings: DetectSettings | None = None) -> Detection:
    """Find the anomalies of `dataset`: forecast, score, set the threshold, find the events.

    Raises DataError where the channels are not those trained on or there is nothing to set a threshold from,
    SettingsError where `settings` ask for what `dataset` does not have.
    """
    settings, dataset = settings or DetectSettings(), fitted.as_learnt(dataset)
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
    fine = _forecast(fitted, dataset)
    if fitted.coarse is None or max(map(len, dataset.series)) < COARSE:
        return fine
    coarse = iter(_forecast(fitted.coarse, coarsen(fitted.as_learnt(dataset))))
    return tuple(replace(one, coarse=next(coarse) if len(one.series) >= COARSE else None) for one in fine)


def _forecast(fitted: Fitted, dataset: Dataset) -> tuple[Forecast, ...]:
    """By one forecaster alone."""
    prepared = fitted.preparation
    inputs = [prepared.inputs(series, dataset.time_axis) for series in dataset.series]
    breaks = [find_breaks(series.times) for series in dataset.series]
    return tuple(
        prepared.make_forecast(
            series,
            outputs,
            compare_stretches(
                fitted.stretches,
                prepared,
                prepared.targets(series),
                find_outages(series.times),
                prepared.calendar.find_days_off(series, dataset.time_axis),
            ),
        )
        for series, outputs in zip(dataset.series, predict_records(fitted.forecaster, inputs, breaks), strict=True)
    )


def score(fitted: Fitted, forecasts: tuple[Forecast, ...], dataset: Dataset, settings: DetectSettings) -> Scored:
    """Scores of every record and of the reference span, smoothed as `settings` says."""
    width = fitted.width if settings.smoothing == "auto" else settings.smoothing
    is_healthy = fitted.settings.names_train_span
    scorer = Scorer.fit(fitted.reference, fitted.profiles, width, settings.smoothing_window, is_healthy)

    def score_record(residuals: np.ndarray, profiles: Profiles, coarse: np.ndarray) -> Scores:
        found = scorer.score(residuals, profiles, coarse)
        return replace(found, values=round_figures(found.values))

    of_scores, of_reference = _score_coarse(fitted, forecasts, dataset, settings)
    scores = tuple(
        score_record(_scored_residuals(fitted, one, dataset), one.profiles, coarse)
        for one, coarse in zip(forecasts, of_scores, strict=True)
    )
    reference = [
        score_record(residuals, profiles, coarse).values
        for residuals, profiles, coarse in zip(fitted.reference, fitted.profiles, of_reference, strict=True)
    ]
    return Scored(
        dataset,
        forecasts,
        scores,
        tuple(reference),
        is_healthy,
        _half_band(fitted),
        fitted.preparation.ranges,
        width,
        _gather(fitted, forecasts, scores),
    )


def _gather(fitted: Fitted, forecasts: tuple[Forecast, ...], scores: tuple[Scores, ...]) -> tuple[Signals, ...]:
    values = [fitted.preparation.targets(one.series) for one in forecasts]
    residuals = [fitted.preparation.residuals(one)[0].astype(np.float32) for one in forecasts]
    related = fitted.stretches.relation
    asked = related if related is not None and related.widths else None
    relation = [asked.look_at(one).astype(np.float32) for one in values] if asked else None
    return gather_signals(values, residuals, relation, [one.parts for one in scores])


def _scored_residuals(fitted: Fitted, one: Forecast, dataset: Dataset) -> np.ndarray:
    """(H, T, C) in standard deviations, NaN where the forecaster had seen too little."""
    turns = fitted.preparation.calendar.find_turns(one.series, dataset.time_axis)
    breaks = np.append(find_breaks(one.series.times), turns)
    return without_start(fitted.preparation.residuals(one), fitted.warm_up, breaks)


def _score_coarse(
    fitted: Fitted, forecasts: tuple[Forecast, ...], dataset: Dataset, settings: DetectSettings
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Of every record, and of its reference span, what the forecaster of coarser steps tells (T,) of its steps."""
    coarse, lengths = fitted.coarse, [part.shape[1] for part in fitted.reference]
    if coarse is None:
        return [np.zeros(len(one.series)) for one in forecasts], [np.zeros(steps) for steps in lengths]
    width = coarse.width if settings.smoothing == "auto" else max(1, settings.smoothing // COARSE)
    is_healthy, window = fitted.settings.names_train_span, settings.smoothing_window
    scorer = Scorer.fit(coarse.reference, coarse.profiles, width, window, is_healthy)

    def tell(residuals: np.ndarray | None, steps: int) -> np.ndarray:
        if residuals is None:
            return np.zeros(steps)
        return spread_blocks(scorer.tell_error(residuals), COARSE, steps, window)

    learnt: Iterator[np.ndarray] = iter(coarse.reference)
    return [
        tell(None if one.coarse is None else _scored_residuals(coarse, one.coarse, dataset), len(one.series))
        for one in forecasts
    ], [tell(next(learnt) if steps >= COARSE else None, steps) for steps in lengths]


def _half_band(fitted: Fitted) -> np.ndarray:
    """(C,) the |residual|, in own units, that BAND_COVERAGE of the reference steps stay within, at the shortest
    horizon; no more than a number can be."""
    sizes = np.abs(np.concatenate([part[0] for part in fitted.reference])).T
    known = [size[np.isfinite(size)] for size in sizes]
    deviations = np.array([np.quantile(size, BAND_COVERAGE) if len(size) else np.nan for size in known])
    with np.errstate(over="ignore"):
        half_band = deviations * fitted.preparation.own_units
    return np.minimum(half_band, np.finfo(float).max)


def set_threshold(scored: Scored, settings: DetectSettings) -> Threshold:
    """The threshold that `settings` ask for, rounded as the scores are."""
    evidence = Evidence(
        reference=scored.reference,
        scores=tuple(one.values for one in scored.scores),
        labels=tuple(series.labels for series in scored.dataset.series),
        merge_gap=_merge_gap(scored, settings),
        min_length=settings.min_length,
        unit_steps=_unit_steps(scored.dataset, settings.alarm_unit),
        unit=settings.alarm_unit,
        width=scored.width,
        healthy=scored.healthy,
    )
    threshold = calibrate(evidence, settings.threshold_rule, settings.threshold_parameter(scored.healthy))
    return replace(threshold, value=float(round_figures(np.array(threshold.value))))


def _merge_gap(scored: Scored, settings: DetectSettings) -> int:
    return scored.width if settings.merge_gap == "auto" else settings.merge_gap


def flag(scored: Scored, settings: DetectSettings) -> Detection:
    """Set the threshold and find the events. The only step that a moved threshold reruns."""
    check_settings(scored.dataset, settings)
    threshold, merge_gap = set_threshold(scored, settings), _merge_gap(scored, settings)
    channels = scored.dataset.monitored
    events = [
        event
        for record, (one, scores) in enumerate(zip(scored.forecasts, scored.scores, strict=True))
        for event in find_events(
            record,
            one,
            scores,
            threshold.value,
            merge_gap,
            settings.min_length,
            channels,
            settings.leave,
            settings.min_effect,
            scored.signals[record] if scored.signals else None,
            scored.width,
        )
    ]
    return Detection(
        dataset=scored.dataset,
        forecasts=scored.forecasts,
        scores=scored.scores,
        threshold=threshold,
        events=tuple(rank_events(events)),
        settings=settings.model_copy(
            update={"smoothing": scored.width, "merge_gap": merge_gap, "budget_per": settings.alarm_unit}
        ),
        half_band=scored.half_band,
        ranges=scored.ranges,
        unusual=() if events else scored.unusual,
    )


def check_settings(dataset: Dataset, settings: DetectSettings) -> None:
    """Raises SettingsError where `settings` ask for what `dataset` does not have; sooner than `flag` would."""
    unknown = sorted(set(settings.min_effect) - set(dataset.monitored))
    if unknown:
        raise SettingsError(
            f"min_effect: there is no monitored channel {unknown[0]!r}; there are {', '.join(dataset.monitored)}."
        )
    _unit_steps(dataset, settings.alarm_unit)


def _unit_steps(dataset: Dataset, unit: str) -> float:
    """Mean number of steps in one `unit`. Raises SettingsError where the file does not tell how long a step lasts."""
    if unit == "file":
        return max(dataset.steps, 1)
    if unit == "1000 steps":
        return 1_000
    axis = dataset.time_axis
    seconds = sum(float(seconds_of(one.times[-1] - one.times[0], axis)) for one in dataset.series if axis.is_calendar)
    if seconds <= 0:
        raise SettingsError(
            f"budget_per: alarms in a {unit} can only be counted where times are dates or seconds; {dataset.name} has "
            "none: use 'file' or '1000 steps'."
        )
    return dataset.steps * {"hour": 3_600, "day": 86_400, "week": 604_800}[unit] / seconds
