"""Flags, runs and events: inverse to each other, joined and pruned as said, and described truly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.detecting.events import find_alarms, find_events, find_flags, rank_events
from anomaly.detecting.scores import smooth
from anomaly.domain.detections import Event, Scores
from anomaly.domain.forecasts import Forecast
from anomaly.domain.spans import Span, find_runs, merge_runs
from tests.naive import spans as naive
from tests.support.strategies import make_scores, make_series, pairs, score_lists

NAN = float("nan")


def test_a_score_at_the_threshold_and_an_unknown_one_are_not_flagged() -> None:
    assert find_flags(np.array([1.0, 2.0, 2.5, NAN]), 2.0).tolist() == [False, False, True, False]


@given(
    values=score_lists,
    low=st.floats(0, 5),
    more=st.floats(0, 5),
    merge_gap=st.integers(0, 8),
    min_length=st.integers(1, 8),
)
def test_events_of_a_higher_threshold_lie_inside_those_of_a_lower_one(
    values: list[float], low: float, more: float, merge_gap: int, min_length: int
) -> None:
    lower, higher = (
        pairs(merge_runs(*find_runs(find_flags(np.array(values), threshold)), merge_gap, min_length))
        for threshold in (low, low + more)
    )
    for start, stop in higher:
        assert any(first <= start and stop <= last for first, last in lower)


@st.composite
def scored_records(draw: st.DrawFn) -> tuple[Forecast, Scores]:
    """A record of three channels with holes, its forecast, and scores with ties."""
    values = np.array(draw(score_lists))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    observed, predicted = rng.standard_normal((2, len(values), 3))
    observed[rng.random(observed.shape) < 0.2] = NAN
    contributions = np.abs(observed - predicted)
    values[np.isnan(contributions).all(1)] = NAN
    return Forecast(make_series(observed), predicted[None]), make_scores(values, contributions)


@given(
    record=scored_records(),
    threshold=st.sampled_from([0, 0.5, 1]),
    merge_gap=st.integers(0, 4),
    least=st.integers(1, 3),
)
def test_what_an_event_says_is_what_the_record_holds(
    record: tuple[Forecast, Scores], threshold: float, merge_gap: int, least: int
) -> None:
    forecast, scores = record
    events = find_events(7, forecast, scores, threshold, merge_gap, least, ("a", "b", "c"))

    spans = naive.merge_runs(naive.find_runs([x > threshold for x in scores.values]), merge_gap, least)
    assert [(event.span.start, event.span.stop) for event in events] == spans
    for event in events:
        inside = slice(event.span.start, event.span.stop)
        assert event.record == 7
        assert event.peak in event.span
        assert event.peak_score == np.nanmax(scores.values[inside]) > threshold
        surprise = [np.nanmean(row) if np.isfinite(row).any() else -1 for row in scores.contributions[inside]]
        assert event.peak == event.span.start + int(np.argmax(surprise))
        channel = "abc".index(event.channel)
        here = scores.contributions[event.peak]
        assert np.isnan(here).all() or here[channel] == np.nanmax(here)
        observed, expected = forecast.series.values[event.peak, channel], forecast.predicted[event.peak, channel]
        np.testing.assert_array_equal([event.observed, event.expected], [observed, expected])
        if not np.isnan(observed):
            assert event.direction == ("above" if observed >= expected else "below")


def test_the_peak_of_a_plateau_is_its_most_surprising_step() -> None:
    values = np.array([0, 3, 3, 3, 3, 0], float)
    contributions = np.array([[0], [1], [2], [9], [4], [0]], float)
    forecast = Forecast(make_series(contributions), np.zeros((1, 6, 1)))
    (event,) = find_events(0, forecast, make_scores(values, contributions), 1.0, 0, 1, ("a",))
    assert event.peak == 3


@pytest.mark.parametrize(("size", "direction"), [(9.0, "above"), (-9.0, "below")])
@pytest.mark.parametrize("window", ["centred", "trailing"])
def test_an_event_is_described_at_its_spike_wherever_smoothing_put_the_highest_score(
    window: str, size: float, direction: str
) -> None:
    # The steps after the spike err the other way, together by more: they pull the highest score to themselves.
    observed = np.zeros((60, 2))
    observed[31:46, 0] = -np.sign(size)
    observed[30, 1] = size
    contributions = np.abs(observed)
    scores = make_scores(smooth(contributions.mean(1), 12, window), contributions)
    (event,) = find_events(0, Forecast(make_series(observed), np.zeros((1, 60, 2))), scores, 0.6, 0, 1, ("a", "b"))
    assert (event.peak, event.channel, event.direction, event.observed) == (30, "b", direction, size)


def test_events_rank_by_peak_then_length_then_place() -> None:
    def event(score: float, record: int, start: int, stop: int) -> Event:
        return Event(record, Span(start, stop), start, score, "a", "above", 1.0, 0.0)

    expected = [event(9, 1, 5, 6), event(4, 1, 0, 8), event(4, 0, 3, 5), event(4, 0, 7, 9), event(4, 1, 3, 5)]
    for turned in (expected[::-1], expected[2:] + expected[:2]):
        assert rank_events(turned) == expected


def alarms_by_loop(scores: list[float], threshold: float, leave: float) -> list[tuple[int, int]]:
    """Step by step: whether a stretch above the lower level holds a step above the threshold."""
    found, start, entered = [], None, False
    for step, score in enumerate([*scores, NAN]):
        if score > min(leave, 1) * threshold:
            start = step if start is None else start
            entered = entered or score > threshold
        elif start is not None:
            found += [(start, step)] if entered else []
            start, entered = None, False
    return found


@given(scores=score_lists, threshold=st.sampled_from([0.0, 0.5, 1.0, 2.0, 5.0]), leave=st.floats(0.01, 1))
def test_alarms_with_a_leave_level_agree_with_a_loop(scores: list[float], threshold: float, leave: float) -> None:
    assert pairs(find_alarms(np.array(scores), threshold, leave)) == alarms_by_loop(scores, threshold, leave)


def test_an_alarm_begins_above_the_threshold_and_lasts_while_above_the_leave_level() -> None:
    scores = np.array([0.6, 0, 0.6, 2, 0.6, 0.5, 0.6, 0, 2, NAN, 0.9])
    assert pairs(find_alarms(scores, 1.0)) == [(3, 4), (8, 9)]
    assert pairs(find_alarms(scores, 1.0, 0.5)) == [(2, 5), (8, 9)]


@pytest.mark.parametrize(
    ("min_effect", "kept"),
    [
        (None, [2, 6]),
        ({}, [2, 6]),
        ({"a": 3.0}, [2, 6]),
        ({"a": 3.01}, [6]),
        ({"b": 4.01}, [2]),
        ({"a": 9.0, "b": 9.0}, []),
        ({"a": 0.0, "b": 3.99}, [2, 6]),
    ],
)
def test_an_event_led_by_a_channel_that_departs_too_little_is_dropped(
    min_effect: dict[str, float] | None, kept: list[int]
) -> None:
    # Leading: a by 3 at step 2, then b by 4 at step 7, below what was expected, after a step less far.
    observed, predicted = np.full((10, 2), 50.0), np.full((10, 2), 50.0)
    observed[2, 0], observed[2, 1], observed[6, 1], predicted[7, 1] = 53, 51, 49, 54
    contributions = np.abs(observed - predicted)
    scores = make_scores(contributions.mean(1), contributions)
    forecast = Forecast(make_series(observed), predicted[None])
    events = find_events(0, forecast, scores, 0.1, 0, 1, ("a", "b"), 1.0, min_effect)
    assert [event.span.start for event in events] == kept


def test_the_effect_of_an_event_is_that_of_its_observed_steps() -> None:
    observed = np.array([[0.0], [0], [NAN], [5], [0]])
    scores = make_scores(np.array([0, 2, NAN, 2, 0]), np.array([[0.0], [0], [NAN], [5], [0]]))
    forecast = Forecast(make_series(observed), np.zeros((1, 5, 1)))
    for effect, count in ((5.0, 1), (5.1, 0)):
        assert len(find_events(0, forecast, scores, 1.0, 1, 1, ("a",), 1.0, {"a": effect})) == count
