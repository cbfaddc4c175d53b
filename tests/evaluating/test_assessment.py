"""Figures are those of `anomaly.evaluation`, over the records that have labels."""

from dataclasses import replace

import numpy as np
import pytest

from anomaly.detecting.agreement import evaluate_events, evaluate_points
from anomaly.detecting.detection import Detection
from anomaly.detecting.events import find_events, find_flags, rank_events
from anomaly.domain.detections import Threshold
from anomaly.domain.forecasts import Forecast
from anomaly.domain.settings.detecting import DetectSettings
from anomaly.domain.spans import Span, fill_runs, find_runs
from anomaly.evaluating.assessment import Figure, agree, assess_events, assess_scores, false_events, missed_anomalies
from anomaly.evaluating.metrics import affiliation, auc_pr, detection_delays, precision_recall_curve, vus_pr
from tests.support.strategies import make_dataset, make_scores, unbounded

Runs = list[tuple[int, int]]
STEPS, THRESHOLD, SMOOTHING = 200, 1.0, 9
KNOWN: list[Runs | None] = [[(20, 30), (60, 64), (150, 170)], None, [(5, 8), (100, 140)]]
FLAGGED: list[Runs] = [[(18, 25), (90, 95), (155, 160)], [(10, 20)], [(50, 55), (120, 150)]]


def mark(runs: Runs) -> np.ndarray:
    starts, stops = np.array(runs, int).reshape(-1, 2).T
    return fill_runs(starts, stops, STEPS)


def make_detection(known: list[Runs | None], flagged: list[Runs], smoothing: int = SMOOTHING) -> Detection:
    """Records whose scores lie above the threshold where they are `flagged`; None: a record without labels."""
    rng = np.random.default_rng(0)
    dataset = make_dataset(*np.zeros((len(known), STEPS, 1)))
    labels = [None if runs is None else mark(runs) for runs in known]
    dataset = replace(
        dataset, series=tuple(replace(one, labels=own) for one, own in zip(dataset.series, labels, strict=True))
    )
    values = [rng.random(STEPS) + 2 * rng.random() * mark(runs) + mark(runs) for runs in flagged]
    scores = tuple(make_scores(one, one[:, None]) for one in values)
    forecasts = tuple(Forecast(one, np.zeros((1, STEPS, 1))) for one in dataset.series)
    events = [
        event
        for record, (forecast, one) in enumerate(zip(forecasts, scores, strict=True))
        for event in find_events(record, forecast, one, THRESHOLD, 0, 1, ("a",))
    ]
    settings = DetectSettings(threshold_rule="value", threshold=THRESHOLD, smoothing=smoothing, merge_gap=0)
    threshold = Threshold(THRESHOLD, "value", THRESHOLD, np.zeros(10))
    return Detection(
        dataset, forecasts, scores, threshold, tuple(rank_events(events)), settings, np.ones(1), unbounded(1)
    )


def by_name(figures: tuple[Figure, ...]) -> dict[str, float]:
    assert all(figure.meaning.endswith(".") for figure in figures)
    return {figure.name: figure.value for figure in figures}


@pytest.fixture(scope="module")
def detection() -> Detection:
    return make_detection(KNOWN, FLAGGED)


LABELLED = [0, 2]


def labels_of(detection: Detection, record: int) -> np.ndarray:
    labels = detection.dataset.series[record].labels
    assert labels is not None
    return labels


def test_agreement_is_the_sum_over_the_records_that_have_labels(detection: Detection) -> None:
    points, events = agree(detection)
    first, second = (
        evaluate_points(labels_of(detection, one), find_flags(detection.scores[one].values, 1.0)) for one in LABELLED
    )
    assert points == first + second
    first, second = (evaluate_events(labels_of(detection, one), *np.array(FLAGGED[one]).T) for one in LABELLED)
    assert events == first + second
    assert (events.found, events.missed, events.false) == (3, 2, 2)


def test_the_figures_at_the_threshold_are_those_of_the_evaluation(detection: Detection) -> None:
    figures = by_name(assess_events(detection))
    points, events = agree(detection)
    near = [affiliation(labels_of(detection, one), *np.array(FLAGGED[one]).T) for one in LABELLED]
    delays = [detection_delays(labels_of(detection, one), *np.array(FLAGGED[one]).T) for one in LABELLED]
    assert figures == pytest.approx(
        {
            "Event precision": events.precision,
            "Event recall": events.recall,
            "Event F1": events.f1,
            "Point precision": points.precision,
            "Point recall": points.recall,
            "Point F1": points.f1,
            "Affiliation precision": (near[0].precision + near[1].precision) / 2,
            "Affiliation recall": (near[0].recall + near[1].recall) / 2,
            "Detection delay": np.median(np.concatenate(delays)),
        }
    )
    # 0 where the event begins before the anomaly, then 5 and 20 steps late.
    assert figures["Detection delay"] == 5


def test_the_figures_at_every_threshold_are_those_of_the_evaluation(detection: Detection) -> None:
    figures, curve = assess_scores(detection)
    labels = np.concatenate([labels_of(detection, one) for one in LABELLED])
    scores = np.concatenate([detection.scores[one].values for one in LABELLED])
    volumes = [vus_pr(labels_of(detection, one), detection.scores[one].values, SMOOTHING) for one in LABELLED]
    assert by_name(figures) == pytest.approx({"VUS-PR": np.mean(volumes), "AUC-PR": auc_pr(labels, scores)})
    for found, wanted in zip(
        (curve.thresholds, curve.precision, curve.recall), precision_recall_curve(labels, scores), strict=True
    ):
        np.testing.assert_array_equal(found, wanted)


def test_no_threshold_moves_the_fixed_figures(detection: Detection) -> None:
    moved = replace(detection, threshold=replace(detection.threshold, value=2.5), events=detection.events[:1])
    assert assess_scores(moved)[0] == assess_scores(detection)[0]
    assert assess_events(moved) != assess_events(detection)


def test_the_tolerance_is_the_smoothing_width_and_at_most_a_hundred_steps() -> None:
    for smoothing, buffer in ((7, 7), (5000, 100)):
        volume = assess_scores(make_detection([KNOWN[0]], [FLAGGED[0]], smoothing))[0][0]
        assert f" 0 to {buffer} steps " in volume.meaning


def test_missed_anomalies_are_those_that_no_event_of_their_record_touches(detection: Detection) -> None:
    assert missed_anomalies(detection) == [(0, Span(60, 64)), (2, Span(5, 8))]


def test_false_events_touch_no_anomaly_of_a_record_with_labels_the_most_severe_first(detection: Detection) -> None:
    false = false_events(detection)
    assert {(event.record, event.span) for event in false} == {(0, Span(90, 95)), (2, Span(50, 55))}
    assert [event.peak_score for event in false] == sorted((event.peak_score for event in false), reverse=True)


def test_an_event_that_only_touches_the_edge_of_an_anomaly_is_false() -> None:
    beside = make_detection([[(50, 60)]], [[(40, 50), (60, 70)]])
    assert missed_anomalies(beside) == [(0, Span(50, 60))]
    assert len(false_events(beside)) == 2
    overlapping = make_detection([[(50, 60)]], [[(40, 51), (61, 70)]])
    assert missed_anomalies(overlapping) == []
    assert [event.span for event in false_events(overlapping)] == [Span(61, 70)]


@pytest.mark.parametrize("flagged", [FLAGGED[0], []])
def test_where_no_anomaly_is_known_figures_are_unknown(flagged: Runs) -> None:
    nothing = make_detection([[], None], [flagged, FLAGGED[1]])
    figures = by_name(assess_events(nothing)) | by_name(assess_scores(nothing)[0])
    told = {name for name, value in figures.items() if not np.isnan(value)}
    # That every alarm is false is known.
    assert told == ({"Event precision", "Point precision"} if flagged else set())
    assert all(figures[name] == 0 for name in told)
    assert missed_anomalies(nothing) == []
    assert len(false_events(nothing)) == len(flagged)


def test_where_nothing_is_flagged_recall_is_none_and_precision_unknown() -> None:
    quiet = make_detection([KNOWN[0]], [[]])
    figures = by_name(assess_events(quiet))
    assert [figures[f"{kind} recall"] for kind in ("Event", "Point", "Affiliation")] == [0, 0, 0]
    assert all(np.isnan(figures[f"{kind} precision"]) for kind in ("Event", "Point", "Affiliation"))
    assert np.isnan(figures["Detection delay"])
    assert len(missed_anomalies(quiet)) == len(find_runs(labels_of(quiet, 0))[0])
