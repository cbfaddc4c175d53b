"""Flags, runs and events: inverse to each other, joined and pruned as said, and described truly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.domain import Event, Forecast, Scores, Span
from anomaly.events import fill_runs, find_events, find_flags, find_runs, merge_runs, overlaps_any, rank_events
from anomaly.scoring import smooth
from tests import naive
from tests.strategies import flag_lists, make_scores, make_series, score_lists

NAN = float("nan")


def pairs(runs: tuple[np.ndarray, np.ndarray]) -> list[tuple[int, int]]:
    return [(int(start), int(stop)) for start, stop in zip(*runs, strict=True)]


def test_a_score_at_the_threshold_and_an_unknown_one_are_not_flagged() -> None:
    assert find_flags(np.array([1.0, 2.0, 2.5, NAN]), 2.0).tolist() == [False, False, True, False]


@given(flags=flag_lists)
def test_runs_and_flags_are_inverse(flags: list[bool]) -> None:
    runs = find_runs(np.array(flags, bool))
    assert pairs(runs) == naive.find_runs(flags)
    assert fill_runs(*runs, len(flags)).tolist() == flags


@given(flags=flag_lists, merge_gap=st.integers(0, 8), min_length=st.integers(1, 8))
def test_merging_and_pruning_agree_with_loops(flags: list[bool], merge_gap: int, min_length: int) -> None:
    found = merge_runs(*find_runs(np.array(flags, bool)), merge_gap, min_length)
    assert pairs(found) == naive.merge_runs(naive.find_runs(flags), merge_gap, min_length)


@given(one=flag_lists, other=flag_lists)
def test_runs_that_share_a_step_overlap(one: list[bool], other: list[bool]) -> None:
    found = overlaps_any(*find_runs(np.array(one, bool)), *find_runs(np.array(other, bool)))
    assert found.tolist() == [any(other[start:stop]) for start, stop in naive.find_runs(one)]


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
