"""Which steps are drawn: never without the extremes, never across a hole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.reading.sampling import find_outages
from anomaly.showing.decimation import DRAWN_STEPS, bin_peaks, choose_steps

NONE = np.empty(0, np.int64)
NAN = np.nan


def noise(steps: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(steps)


def holes_of(curve: np.ndarray) -> np.ndarray:
    """The first step of each hole."""
    unknown = ~np.isfinite(curve)
    return np.flatnonzero(unknown & ~np.append(False, unknown[:-1]))


@pytest.mark.parametrize("steps", [1, 2, 7, DRAWN_STEPS])
def test_a_short_stretch_is_drawn_whole(steps: int) -> None:
    np.testing.assert_array_equal(choose_steps([noise(2000)], 5, 5 + steps, NONE), np.arange(5, 5 + steps))


def test_a_million_steps_are_few_when_drawn_and_keep_every_curves_extremes() -> None:
    curves = [noise(1_000_000, seed) for seed in range(3)]
    curves[0][777_777] = 50.0
    curves[1][123_456] = -50.0
    steps = choose_steps(curves, 0, 1_000_000, NONE)
    assert len(steps) < 10_000
    assert (np.diff(steps) > 0).all()
    assert {0, 999_999} <= set(steps)
    for curve in curves:
        assert {int(np.argmax(curve)), int(np.argmin(curve))} <= set(steps)


def test_the_chosen_steps_lie_in_the_window_and_keep_its_extremes() -> None:
    curve = noise(50_000)
    curve[10] = 99.0
    steps = choose_steps([curve], 20_000, 40_000, NONE)
    assert (steps[0], steps[-1]) == (20_000, 39_999)
    assert 20_000 + int(np.argmax(curve[20_000:40_000])) in steps


def test_forced_steps_are_in_where_they_lie_in_the_window() -> None:
    forced = np.array([3, 30_001, 30_002, 30_003, 49_999])
    steps = choose_steps([np.zeros(50_000)], 100, 40_000, forced)
    assert {30_001, 30_002, 30_003} <= set(steps)
    assert not {3, 49_999} & set(steps)


def test_holes_stay_holes() -> None:
    curve = noise(100_000)
    for start, length in ((0, 40), (5_000, 1), (50_000, 20_000), (99_990, 10)):
        curve[start : start + length] = NAN
    steps = choose_steps([curve], 0, 100_000, NONE)
    np.testing.assert_array_equal(steps[holes_of(curve[steps])], holes_of(curve))


def test_where_holes_are_too_many_to_draw_the_longest_are_kept() -> None:
    curve = noise(100_000)
    curve[::10] = NAN
    curve[70_001:70_100] = NAN
    steps = choose_steps([curve], 0, 100_000, NONE)
    assert len(steps) < 10_000
    assert 70_000 in steps


@pytest.mark.parametrize("value", [NAN, 0.0, np.inf])
def test_a_curve_that_says_nothing_is_drawn_all_the_same(value: float) -> None:
    steps = choose_steps([np.full(100_000, value)], 0, 100_000, NONE)
    assert {0, 99_999} <= set(steps)
    assert len(steps) < 10_000


@given(
    st.lists(st.sampled_from([0.0, 1.0, -1.0, 5.0, NAN]), min_size=40, max_size=60),
    st.integers(40, 80),
    st.lists(st.integers(0, 3000), max_size=5),
)
def test_whatever_the_curve_extremes_holes_and_forced_steps_are_drawn(
    pattern: list[float], repeats: int, forced: list[int]
) -> None:
    curve = np.tile(pattern, repeats)
    curve[len(curve) // 3] = 100.0
    curve[len(curve) // 2] = -100.0
    start, stop = 7, len(curve) - 3
    steps = choose_steps([curve], start, stop, np.array(forced, np.int64))
    assert (np.diff(steps) > 0).all()
    assert {start, stop - 1, len(curve) // 3, len(curve) // 2} <= set(steps)
    assert {step for step in forced if start <= step < stop} <= set(steps)
    assert len(steps) <= 2 * DRAWN_STEPS + 9


def test_an_outage_is_a_step_that_comes_much_later_than_usual() -> None:
    times = np.array([0, 1, 2, 3, 10, 11, 16, 17.0])
    np.testing.assert_array_equal(find_outages(times), [4])
    stamps = np.datetime64("2025-01-01", "us") + (times * 60e6).astype("timedelta64[us]")
    np.testing.assert_array_equal(find_outages(stamps), [4])


@pytest.mark.parametrize("times", [[], [5.0], [1.0, 900.0], [3.0, 3.0, 3.0, 9.0]])
def test_where_no_step_is_usual_there_is_no_outage(times: list[float]) -> None:
    assert len(find_outages(np.array(times))) == 0


@given(st.integers(1, 300), st.integers(1, 50), st.data())
def test_the_peaks_of_bins_are_those_that_a_plain_loop_finds(steps: int, bins: int, data: st.DataObject) -> None:
    values = noise(2 * steps).reshape(steps, 2)
    values[data.draw(st.lists(st.integers(0, steps - 1), max_size=20)), 0] = NAN
    start = data.draw(st.integers(0, steps - 1))
    stop = data.draw(st.integers(start + 1, steps))
    firsts, peaks = bin_peaks(values, start, stop, bins)
    assert firsts[0] == start and len(firsts) == min(bins, stop - start)
    for first, last, peak in zip(firsts, [*firsts[1:], stop], peaks, strict=True):
        for channel in range(2):
            known = [value for value in values[first:last, channel] if value == value]
            np.testing.assert_equal(peak[channel], max(known, default=NAN))
