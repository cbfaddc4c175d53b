"""The lesson on sequence modelling, computed from the fitted model and the loaded series: what the Learn page shows."""

from dataclasses import replace
from typing import Any

import numpy as np

from anomaly.domain import Dataset, Effort, FitSettings, Span, Trace
from anomaly.forecasting import Fitted, cut_train_spans, estimate, find_train_stops

LAGS = 200
TRUNCATIONS = (64, 256, 1024)


def trace_span(fitted: Fitted, dataset: Dataset, record: int, span: Span) -> Trace:
    """What goes on inside the network over `span` of one record; `predicted` in own units."""
    from anomaly.forecasting import Forecaster, trace_steps

    series, prepared = dataset.series[record], fitted.preparation
    assert isinstance(fitted.forecaster, Forecaster), "a baseline has no inside"
    trace = trace_steps(
        fitted.forecaster,
        fitted.settings,
        prepared.inputs(series, dataset.time_axis),
        prepared.targets(series),
        span.start,
        span.stop,
    )
    ahead = span.start + min(fitted.settings.horizons)
    return replace(trace, predicted=prepared.predicted(trace.predicted[None], series, ahead)[0])


def compare_starts(dataset: Dataset, settings: FitSettings) -> dict[str, np.ndarray]:
    """How far the gradient reaches before anything is learnt, by cell and initialisation: (lags + 1,) each."""
    from anomaly.forecasting import reach_at_start

    inputs, targets = cut_train_spans(dataset, settings).sample
    lags = min(LAGS, len(inputs) // 2)
    ways: dict[str, dict[str, Any]] = {
        "rnn, small weights": {"cell": "rnn", "recurrent_init": "uniform"},
        "rnn, orthogonal": {"cell": "rnn", "recurrent_init": "orthogonal"},
        "relu, identity": {"cell": "relu", "recurrent_init": "identity"},
        "gru": {"cell": "gru"},
        "lstm": {"cell": "lstm"},
        "lstm, forget bias 2": {"cell": "lstm", "forget_bias": 2.0},
        "lstm, chrono": {"cell": "lstm", "forget_bias": "chrono"},
    }
    plain = settings.model_copy(update={"forget_bias": 0.0, "recurrent_init": "auto"})
    return {name: reach_at_start(plain.model_copy(update=way), inputs, targets, lags) for name, way in ways.items()}


def compare_truncations(dataset: Dataset, settings: FitSettings) -> dict[int, Effort]:
    """Effort of training by `bptt_steps`: some usual values, the one set, and the whole longest train span."""
    whole = max(find_train_stops(dataset, settings))
    lengths = sorted({*(one for one in TRUNCATIONS if one < whole), min(settings.bptt_steps, whole), whole})
    return {length: estimate(dataset, settings.model_copy(update={"bptt_steps": length})) for length in lengths}


def keep_times(trace: Trace) -> np.ndarray | None:
    """(hidden_units,) steps after which each unit has kept 1/e of its state at its mean gate, the longest first; None
    without gates."""
    if trace.keeps is None:
        return None
    mean = np.clip(trace.keeps.mean(0), 1e-6, 1 - 1e-6)
    return np.sort(-1 / np.log(mean))[::-1]
