"""Bounds of events: where the evidence itself begins and ends, however wide the score was smoothed."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.detecting.bounds import Signals, find_bounds, find_half_height, find_spans, standardise
from anomaly.detecting.scores import smooth
from anomaly.domain.spans import find_runs

STEPS, WIDTH, THRESHOLD = 4000, 100, 0.7
NAN = float("nan")


def quiet(channels: int = 1, steps: int = STEPS) -> tuple[np.ndarray, np.ndarray]:
    """Values (T, C), each a wave with noise, and residuals (T, C): the noise."""
    noise = np.random.default_rng(3).normal(0, 0.1, (steps, channels))
    wave = np.sin(2 * np.pi * np.arange(steps) / WIDTH)[:, None] + np.zeros(channels)
    return wave + noise, noise


def score(odd: np.ndarray, width: int = WIDTH) -> np.ndarray:
    """(T,) how odd each step is, as it is felt: smoothed, by its logarithm."""
    return np.log1p(np.nan_to_num(smooth(odd, width)) + np.where(np.isfinite(odd), 0, NAN))


def bounds(values: np.ndarray, residuals: np.ndarray, odd: np.ndarray, part: str = "error") -> tuple[int, int]:
    scores = score(odd)
    relation = standardise([values - values.mean(1, keepdims=True)])[0] if values.shape[1] > 1 else None
    signals = Signals(standardise([values])[0], standardise([residuals])[0], relation, {part: scores})
    starts, stops = find_runs(scores > THRESHOLD)
    assert len(starts), "the example must be found at all"
    highest = int(np.argmax([np.nanmax(scores[one:two]) for one, two in zip(starts, stops, strict=True)]))
    return find_bounds(scores, (int(starts[highest]), int(stops[highest])), signals, WIDTH)


def mark(start: int, stop: int, height: float, steps: int = STEPS) -> np.ndarray:
    odd = np.zeros(steps)
    odd[start:stop] = height
    return odd


def test_a_spike_of_one_step_is_no_wider_than_three() -> None:
    values, residuals = quiet()
    values[2000] += 3
    residuals[2000] += 3
    residuals[2001] -= 0.5  # what the forecaster makes of it
    start, stop = bounds(values, residuals, mark(2000, 2001, 300))
    assert start <= 2000 < stop <= start + 3


@pytest.mark.parametrize("length", [60, 400])
def test_a_flat_line_is_as_long_as_it_lasts(length: int) -> None:
    values, residuals = quiet()
    stop = 1510 + length
    values[1510:stop], residuals[1510:stop] = values[1510], 0.0
    found = bounds(values, residuals, mark(1510, stop, 20), "level")
    assert np.abs(np.subtract(found, (1510, stop))).max() <= 0.05 * length


@pytest.mark.parametrize("length", [150, 900])
def test_a_sustained_level_has_its_length(length: int) -> None:
    values, residuals = quiet()
    values[1500 : 1500 + length] += 3
    residuals[[1500, 1500 + length]] += 3
    found = bounds(values, residuals, mark(1500, 1500 + length, 20), "level")
    assert np.abs(np.subtract(found, (1500, 1500 + length))).max() <= 0.05 * length


def test_a_step_that_stays_begins_at_the_step_and_lasts_to_the_end_of_the_record() -> None:
    values, residuals = quiet()
    values[3200:] += 3
    start, stop = bounds(values, residuals, mark(3200, STEPS, 20), "level")
    assert abs(start - 3200) <= 10
    assert stop == STEPS


@pytest.mark.parametrize("factor", [4.0, 0.05])
def test_a_louder_or_quieter_stretch_is_bounded_by_its_noise(factor: float) -> None:
    values, residuals = quiet()
    noise = residuals[1700:1950].copy()
    residuals[1700:1950] *= factor
    values[1700:1950] += residuals[1700:1950] - noise
    start, stop = bounds(values, residuals, mark(1700, 1950, 20))
    assert abs(start - 1700) <= 12
    assert abs(stop - 1950) <= 12


def test_the_channel_that_differs_tells_the_bounds_among_many() -> None:
    values, residuals = quiet(30)
    values[2000:2040, 17] += 4
    residuals[2000:2040, 17] += 4
    start, stop = bounds(values, residuals, mark(2000, 2040, 20))
    assert abs(start - 2000) <= 2
    assert abs(stop - 2040) <= 2


def test_channels_that_no_longer_agree_are_bounded_by_their_relation() -> None:
    values, residuals = quiet(2)
    values[1500:1750, 1] *= -1
    start, stop = bounds(values, residuals, mark(1500, 1750, 20), "relation")
    assert abs(start - 1500) <= 12
    assert abs(stop - 1750) <= 12


def test_where_other_stretches_differ_too_the_half_height_stays() -> None:
    values, residuals = quiet()
    for step in range(1000, 3000, 40):  # as heart beats are
        residuals[step : step + 4] += 3
    odd = mark(1990, 2010, 20)
    scores = score(odd)
    assert bounds(values, residuals, odd) == find_half_height(scores, int(np.argmax(scores)))


def test_what_goes_on_beyond_where_was_looked_keeps_its_half_height() -> None:
    values, residuals = quiet()
    residuals[1500:2500] *= 4
    odd = mark(1990, 2010, 20)
    scores = score(odd)
    assert bounds(values, residuals, odd) == find_half_height(scores, int(np.argmax(scores)))


def test_an_odd_shape_of_usual_values_keeps_its_half_height() -> None:
    values, residuals = quiet()
    values[2000:2100] = values[2099:1999:-1].copy()
    odd = mark(2000, 2100, 20)
    scores = score(odd)
    half = find_half_height(scores, int(np.argmax(scores)))
    assert bounds(values, residuals, odd, "shape") == half


@pytest.mark.parametrize(("start", "stop"), [(0, 30), (STEPS - 30, STEPS)])
def test_an_event_may_begin_or_end_a_record(start: int, stop: int) -> None:
    values, residuals = quiet()
    residuals[start:stop] += 3
    assert bounds(values, residuals, mark(start, stop, 20)) == (start, stop)


def test_unknown_steps_are_no_flat_line() -> None:
    values, residuals = quiet()
    residuals[1960:1990] = values[1960:1990] = NAN
    residuals[2000:2020] += 2
    odd = mark(2000, 2020, 40)
    odd[1960:1990] = NAN
    start, stop = bounds(values, residuals, odd)
    assert abs(start - 2000) <= 2
    assert abs(stop - 2020) <= 2


def test_all_that_is_unknown_leaves_the_half_height() -> None:
    values, residuals = np.full((500, 2), NAN), np.full((500, 2), NAN)
    scores = score(mark(200, 220, 20, 500))
    signals = Signals(standardise([values])[0], standardise([residuals])[0], None, {"level": scores})
    assert find_bounds(scores, (200, 220), signals, WIDTH) == find_half_height(scores, int(np.argmax(scores)))


def test_what_lies_far_apart_in_one_run_is_two_events_and_none_shares_a_step() -> None:
    _, residuals = quiet()
    odd = mark(1000, 1001, 400) + mark(1600, 1601, 300)
    residuals[[1000, 1600]] += 4
    scores = np.maximum(score(odd), THRESHOLD + np.where((np.arange(STEPS) > 900) & (np.arange(STEPS) < 1700), 0.1, 0))
    still = standardise([residuals])[0]
    starts, stops = find_runs(scores > THRESHOLD)
    assert len(starts) == 1
    spans = find_spans(scores, starts, stops, THRESHOLD, Signals(still, still, None, {"error": scores}), WIDTH)
    assert {(1000, 1001), (1600, 1601)} <= set(spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_runs_that_one_event_explains_are_one_event() -> None:
    values, residuals = quiet()
    values[1500:1900] += 3
    scores = score(mark(1500, 1900, 20))
    still = standardise([values])[0]
    signals = Signals(still, standardise([residuals])[0], None, {"level": scores})
    runs = np.array([1550, 1700, 1800]), np.array([1600, 1750, 1850])
    spans = find_spans(scores, *runs, THRESHOLD, signals, WIDTH)
    assert len(spans) == 1
    assert abs(spans[0][0] - 1500) <= 20
    assert abs(spans[0][1] - 1900) <= 20


def test_a_joined_run_that_goes_on_with_unknown_steps_is_one_event() -> None:
    _, residuals = quiet()
    residuals[1000:1010] += 4
    odd = mark(1000, 1010, 60)
    odd[1050:1400], residuals[1050:1400] = NAN, NAN
    still = standardise([residuals])[0]
    signals = Signals(still, still, None, {})
    assert find_spans(score(odd), np.array([960]), np.array([1400]), THRESHOLD, signals, WIDTH) == [(1000, 1010)]


def test_the_shoulder_of_an_event_is_no_event_beside_it() -> None:
    values, residuals = quiet()
    values[1500:1600] += 3
    scores = score(mark(1500, 1600, 20))
    scores[1600:1900] = 1.0  # as a window of many widths holds it
    still = standardise([values])[0]
    signals = Signals(still, standardise([residuals])[0], None, {"level": scores})
    spans = find_spans(scores, *find_runs(scores > THRESHOLD), THRESHOLD, signals, WIDTH)
    assert all(before[1] < after[0] for before, after in pairwise(spans))
    assert np.abs(np.subtract(spans[0], (1500, 1600))).max() <= 10


def test_no_run_is_no_event() -> None:
    values, residuals = quiet()
    none = np.empty(0, np.int64)
    assert find_spans(np.zeros(STEPS), none, none, 1.0, Signals(values, residuals, None, {}), WIDTH) == []


def test_scores_that_were_not_smoothed_keep_their_run() -> None:
    values, residuals = quiet()
    residuals[2000:2003] += 4
    still = standardise([residuals])[0]
    signals = Signals(standardise([values])[0], still, None, {})
    assert find_bounds(score(mark(2000, 2003, 20), 1), (2000, 2003), signals, 1) == (2000, 2003)


def test_usual_is_about_one_spread_wide_with_outliers_constants_and_gaps() -> None:
    _, noise = quiet(3)
    noise[::500, 0], noise[:, 1], noise[:, 2] = 1e6, 7.0, NAN
    steady, constant, unknown = standardise([noise[:1000], noise[1000:]])[1].between(0, len(noise) - 1000).T
    assert 0.8 < np.median(np.abs(steady)) / 0.6745 < 1.2
    assert not constant.any()
    assert np.isnan(unknown).all()


@given(seed=st.integers(0, 20), thresholds=st.permutations([0.3, 0.8, 2.0]))
def test_a_moved_threshold_finds_what_it_would_find_anew(seed: int, thresholds: list[float]) -> None:
    rng = np.random.default_rng(seed)
    values, residuals = quiet()
    odd = np.zeros(STEPS)
    for start in rng.integers(100, STEPS - 200, 40):
        odd[start : start + 40] += rng.uniform(5, 40)
        residuals[start : start + 40] += 3
    scores = score(odd)

    class Forgotten(dict):
        def __contains__(self, key: object) -> bool:
            return False

    told = standardise([values])[0], standardise([residuals])[0], None, {"error": scores}
    moved, anew = Signals(*told), Signals(*told, known=Forgotten())
    for threshold in thresholds:
        runs = find_runs(scores > threshold)
        kept = find_spans(scores, *runs, threshold, moved, WIDTH)
        assert kept == find_spans(scores, *runs, threshold, anew, WIDTH)
