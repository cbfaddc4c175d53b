"""What a recurrent cell gains: networks and untrained baselines side by side on the same data."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from anomaly import pipeline
from anomaly.detecting import Detection, Scorer
from anomaly.domain import (
    Dataset,
    DetectSettings,
    Epoch,
    Event,
    FitSettings,
    Profiles,
    Reach,
    Scores,
    SettingsError,
    Span,
)
from anomaly.evaluating.assessment import assess_events, assess_scores
from anomaly.forecasting import (
    Bag,
    Fitted,
    Predictor,
    Repeat,
    WindowMean,
    complete,
    cut_train_spans,
    find_train_stops,
    fit,
    predict_records,
    validation_start,
)
from anomaly.pipeline import Scored
from anomaly.reading import find_breaks

Kind = Literal["lstm", "gru", "rnn", "relu", "feedforward", "bag", "last value", "seasonal last value"]
KINDS: tuple[Kind, ...] = get_args(Kind)
CELLS: tuple[Kind, ...] = KINDS[:5]
"""those that are trained"""
BASELINES: tuple[Kind, ...] = KINDS[6:]
STOPPED = "Stopped on request"
FEWEST_JUDGED = 20
"""steps after the train spans that are enough to judge forecasts by"""


@dataclass(frozen=True, eq=False)
class Contender:
    """One forecaster: what fitting it cost, how well it forecasts and detects."""

    name: str
    kind: Kind
    fitted: Fitted
    seconds: float
    """to fit, forecast and score"""
    parameters: int
    error: float
    """mean |residual| over the judged steps, in standard deviations"""
    skill: float
    """1 - error / error of repeating the last value; below 0 = worse"""
    seasonal_skill: float
    """the same against repeating the value one period before"""
    figures: dict[str, float]
    """agreement with the known anomalies, by name; empty without any"""
    events: tuple[Event, ...]
    threshold: float
    was_stopped: bool = False
    """on request, before training ended by itself: it could be better, and its `seconds` say nothing"""

    @property
    def validation_loss(self) -> float:
        """The lowest of all epochs, NaN where nothing was trained."""
        return min((epoch.validation_loss for epoch in self.fitted.epochs), default=float("nan"))

    @property
    def is_trained(self) -> bool:
        return self.kind in CELLS

    @property
    def is_begun(self) -> bool:
        """False for a network that was stopped before it had learnt anything."""
        return not self.is_trained or bool(self.fitted.epochs)


def contend(
    dataset: Dataset,
    settings: FitSettings,
    *,
    kind: Kind,
    name: str,
    detect_settings: DetectSettings,
    on_epoch: Callable[[Epoch], object] | None = None,
    should_stop: Callable[[], bool] | None = None,
    checkpoint: Path | None = None,
) -> Contender:
    """Fit one contender and judge it. Raises what `fit` does."""
    began = time.perf_counter()
    if kind in CELLS:
        settings = settings.model_copy(update={"cell": kind})
        fitted = fit(dataset, settings, on_epoch=on_epoch, should_stop=should_stop, checkpoint=checkpoint)
    else:
        fitted = fit_baseline(dataset, settings, kind)
    forecasts = pipeline.forecast(fitted, dataset)
    scored = pipeline.score(fitted, forecasts, dataset, detect_settings)
    if kind == "bag":
        scored = score_bag(scored, fitted, dataset, settings)
    seconds = time.perf_counter() - began
    detection = pipeline.flag(scored, detect_settings)
    return Contender(
        name,
        kind,
        fitted,
        seconds,
        getattr(fitted.forecaster, "parameters", 0),
        *judge_forecasts(fitted, dataset, settings),
        assess(detection),
        detection.events,
        detection.threshold.value,
        # Asked of what it says, not of the flag, which may come after training has ended.
        was_stopped=fitted.ended.startswith(STOPPED),
    )


def fit_baseline(dataset: Dataset, settings: FitSettings, kind: Kind) -> Fitted:
    """A `Fitted` with a baseline in place of a network. Raises what `fit` does."""
    spans = cut_train_spans(dataset, settings)
    longest = max(spans.stops)
    if kind == "bag" and longest <= settings.window_steps:
        raise SettingsError(
            f"The bag looks at {settings.window_steps:,} steps at once: expected a record with more than that in its "
            f"train span, found {longest:,} at most. Set fewer window steps, or a longer train span."
        )
    forecaster = _baseline(kind, spans.period, settings, spans.preparation.target_size)
    return complete(dataset, settings, spans, forecaster, 0, Reach(np.zeros(1), np.zeros(1)), (), "Nothing to train.")


def _baseline(kind: Kind, period: int, settings: FitSettings, channels: int) -> Predictor:
    if kind == "bag":
        return WindowMean(settings.window_steps, settings.horizons, channels)
    return Repeat(period if kind == "seasonal last value" else 1, settings.horizons, channels)


def score_bag(scored: Scored, fitted: Fitted, dataset: Dataset, settings: FitSettings) -> Scored:
    """`scored` with the scores that an isolation forest gives to each window's values, their order thrown away."""
    prepared = fitted.preparation
    values = [prepared.inputs(series, dataset.time_axis)[:, : prepared.target_size] for series in dataset.series]
    stops = find_train_stops(dataset, settings)
    bag = Bag.learn([one[:stop] for one, stop in zip(values, stops, strict=True)], settings.window_steps, settings.seed)
    if bag is None:
        return scored
    unlike = [bag.score(one)[None, :, None] for one in values]
    for one, series in zip(unlike, dataset.series, strict=True):
        if series.ignored is not None:
            one[:, series.ignored] = np.nan
    reference = [one[:, :stop] for one, stop in zip(unlike, stops, strict=True)]
    # The forest's score in its own spread, as a residual of one channel: smoothed and scaled like any other.
    spread = float(np.nanstd(np.concatenate(reference, 1))) or 1.0
    scorer = Scorer.fit([one / spread for one in reference], [Profiles()] * len(values), scored.width, "centred")

    def rescore(one: np.ndarray, before: Scores) -> Scores:
        found = scorer.score(one / spread, Profiles())
        none = {name: np.zeros_like(part) for name, part in before.by_channel.items()}
        return replace(found, contributions=before.contributions, by_channel=none)

    scores = tuple(rescore(one, before) for one, before in zip(unlike, scored.scores, strict=True))
    return replace(
        scored, scores=scores, reference=tuple(scorer.score(one / spread, Profiles()).values for one in reference)
    )


def judged_spans(dataset: Dataset, settings: FitSettings) -> list[Span]:
    """By record, the steps that forecasts are judged by: those after the train span, or where there are few, its
    held-out end."""
    stops = find_train_stops(dataset, settings)
    lengths = [len(series) for series in dataset.series]
    if sum(lengths) - sum(stops) >= FEWEST_JUDGED:
        return [Span(stop, length) for stop, length in zip(stops, lengths, strict=True)]
    return [Span(validation_start(stop), stop) for stop in stops]


def judge_forecasts(fitted: Fitted, dataset: Dataset, settings: FitSettings) -> tuple[float, float, float]:
    """Error, skill and seasonal skill as in `Contender`: the mean over channels, at the shortest horizon, over the
    judged steps that the forecaster and both baselines predict."""
    prepared, spans = fitted.preparation, judged_spans(dataset, settings)
    inputs = [prepared.inputs(series, dataset.time_axis) for series in dataset.series]
    breaks = [find_breaks(series.times) for series in dataset.series]
    rivals = [_baseline(kind, fitted.period, settings, prepared.target_size) for kind in BASELINES]
    sizes = []
    for predictor in (fitted.forecaster, *rivals):
        outputs = predict_records(predictor, inputs, breaks)
        parts = [
            np.abs(prepared.targets(series) - made[0])[span.start : span.stop]
            for series, made, span in zip(dataset.series, outputs, spans, strict=True)
        ]
        sizes.append(np.concatenate(parts))
    known = np.isfinite(sizes).all(0)
    judged = known.any(0)
    if not judged.any():
        return float("nan"), float("nan"), float("nan")
    means = [np.where(known, size, 0.0).sum(0)[judged] / known.sum(0)[judged] for size in sizes]
    own, last, seasonal = (float(mean.mean()) for mean in means)
    return own, _smaller(own, last), _smaller(own, seasonal)


def _smaller(error: float, other: float) -> float:
    return 1 - error / other if other > 0 else float("nan")


def assess(detection: Detection) -> dict[str, float]:
    """Figures against the known anomalies, by name."""
    if not detection.dataset.has_labels:
        return {}
    return {figure.name: figure.value for figure in (*assess_scores(detection)[0], *assess_events(detection))}
