"""How a detection agrees with the known anomalies: every figure with its one-line meaning."""

from dataclasses import dataclass

import numpy as np

from anomaly.detecting import Agreement, Detection, evaluate_events, evaluate_points
from anomaly.domain import Event, Span, fill_runs, find_runs, overlaps_any
from anomaly.evaluating.metrics import affiliation, auc_pr, detection_delays, precision_recall_curve, vus_pr

MOST_BUFFER = 100
"""steps of tolerance in VUS-PR, at most; else the smoothing width"""


@dataclass(frozen=True)
class Figure:
    """One figure, between 0 and 1 unless it is a delay; NaN where it is undefined."""

    name: str
    value: float
    meaning: str


@dataclass(frozen=True, eq=False)
class Curve:
    """Precision against recall of the pooled steps, from the highest threshold down."""

    thresholds: np.ndarray
    precision: np.ndarray
    recall: np.ndarray


def assess_scores(detection: Detection) -> tuple[tuple[Figure, ...], Curve]:
    """The figures that do not depend on the threshold."""
    labels, scores = _pooled(detection)
    buffer = min(int(detection.settings.smoothing), MOST_BUFFER)
    volumes = [
        vus_pr(series.labels, one.values, buffer)
        for series, one in zip(detection.dataset.series, detection.scores, strict=True)
        if series.labels is not None and series.labels.any()
    ]
    figures = (
        Figure(
            "VUS-PR",
            float(np.mean(volumes)) if volumes else float("nan"),
            f"Area under precision and recall, averaged over tolerances of 0 to {buffer} steps around each anomaly; "
            "the mean over records that have one.",
        ),
        Figure("AUC-PR", auc_pr(labels, scores), "Area under precision and recall, step by step, with no tolerance."),
    )
    return figures, Curve(*precision_recall_curve(labels, scores))


def agree(detection: Detection) -> tuple[Agreement, Agreement]:
    """Step by step and event by event, over all records that have labels."""
    points = events = Agreement(0, 0, 0)
    for record, series in enumerate(detection.dataset.series):
        if series.labels is not None:
            spans = _spans(detection, record)
            points += evaluate_points(series.labels, fill_runs(*spans, len(series)))
            events += evaluate_events(series.labels, *spans)
    return points, events


def assess_events(detection: Detection) -> tuple[Figure, ...]:
    """The figures that depend on the threshold."""
    points, events = agree(detection)
    near, delays = [], []
    for record, series in enumerate(detection.dataset.series):
        if series.labels is None:
            continue
        starts, stops = _spans(detection, record)
        near.append(affiliation(series.labels, starts, stops))
        delays.append(detection_delays(series.labels, starts, stops))
    late = np.concatenate([np.empty(0), *delays])
    precision, recall = _mean([one.precision for one in near]), _mean([one.recall for one in near])
    return (
        Figure(
            "Event precision",
            events.precision,
            "Known anomalies found, as a share of these and of the events that touch none: several events that touch "
            "one count once.",
        ),
        Figure("Event recall", events.recall, "Share of the known anomalies that an event touches."),
        Figure("Event F1", events.f1, "The two in one: their harmonic mean."),
        Figure("Point precision", points.precision, "Share of the events' steps that are known anomalies."),
        Figure("Point recall", points.recall, "Share of the known anomalous steps that lie in an event."),
        Figure("Point F1", points.f1, "The two in one."),
        Figure("Affiliation precision", precision, "How near the events are to known anomalies, chance being 0.5."),
        Figure("Affiliation recall", recall, "How near the known anomalies are to events, chance being 0.5."),
        Figure(
            "Detection delay",
            float(np.median(late)) if len(late) else float("nan"),
            "Steps from the start of a known anomaly to the first flagged one, the median of those found.",
        ),
    )


def missed_anomalies(detection: Detection) -> list[tuple[int, Span]]:
    """(record, span) of the known anomalies that no event touches."""
    missed = []
    for record, series in enumerate(detection.dataset.series):
        if series.labels is None:
            continue
        starts, stops = find_runs(series.labels)
        found = overlaps_any(starts, stops, *_spans(detection, record))
        missed += [(record, Span(int(a), int(b))) for a, b in zip(starts[~found], stops[~found], strict=True)]
    return missed


def false_events(detection: Detection) -> list[Event]:
    """The events that touch no known anomaly, the most severe first."""
    false = []
    for event in detection.events:
        labels = detection.dataset.series[event.record].labels
        if labels is not None and not labels[event.span.start : event.span.stop].any():
            false.append(event)
    return false


def _spans(detection: Detection, record: int) -> tuple[np.ndarray, np.ndarray]:
    spans = sorted((event.span.start, event.span.stop) for event in detection.events if event.record == record)
    starts, stops = np.array(spans, np.int64).reshape(-1, 2).T
    return starts, stops


def _pooled(detection: Detection) -> tuple[np.ndarray, np.ndarray]:
    """(N,) labels and scores of all records that have labels."""
    pairs = [
        (series.labels, one.values)
        for series, one in zip(detection.dataset.series, detection.scores, strict=True)
        if series.labels is not None
    ]
    return np.concatenate([labels for labels, _ in pairs]), np.concatenate([scores for _, scores in pairs])


def _mean(values: list[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")
