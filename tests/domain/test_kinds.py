"""Directions go round, counters rise."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.domain.kinds import Circle, find_rises, reading_before

CIRCLES = [Circle(360.0, 0.0), Circle(360.0, -180.0), Circle(2 * math.pi, 0.0), Circle(2 * math.pi, -math.pi)]
DIRECTIONS = st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=20).map(np.array)


@pytest.mark.parametrize("circle", CIRCLES, ids=str)
@given(directions=DIRECTIONS)
def test_a_direction_comes_back_from_its_sine_and_cosine(circle: Circle, directions: np.ndarray) -> None:
    joined = circle.join(circle.split(directions))
    assert ((joined >= circle.first) & (joined <= circle.first + circle.whole)).all()
    np.testing.assert_allclose(circle.turn(joined, directions), 0, atol=1e-7)
    np.testing.assert_allclose(circle.turn(circle.place(directions), directions), 0, atol=1e-7)


@pytest.mark.parametrize("circle", CIRCLES, ids=str)
@given(first=DIRECTIONS, by=st.floats(-1, 1))
def test_one_turns_the_short_way(circle: Circle, first: np.ndarray, by: float) -> None:
    turned = circle.turn(first + by, first)
    assert (np.abs(turned) <= circle.whole / 2 * (1 + 1e-12)).all()
    np.testing.assert_allclose(turned, by, atol=1e-7)


def test_the_short_way_from_359_to_1_is_2() -> None:
    assert Circle(360.0, 0.0).turn(np.array([1.0, 359.0]), np.array([359.0, 1.0])).tolist() == [2.0, -2.0]


@pytest.mark.parametrize("circle", CIRCLES, ids=str)
@given(turn=st.floats(0, 7))
def test_what_faces_the_mean_direction_is_the_same_however_it_is_mounted(circle: Circle, turn: float) -> None:
    directions = np.array([0.1, 0.4, np.nan, 0.5, 6.2])
    turned = circle.place(directions + turn)
    faced = circle.facing([turned[:2], turned[2:]])
    np.testing.assert_allclose(faced.split(turned), circle.facing([directions]).split(directions), atol=1e-9)
    np.testing.assert_allclose(np.nan_to_num(circle.turn(faced.join(faced.split(turned)), turned)), 0, atol=1e-9)
    assert circle.facing([np.array([np.nan])]) == circle
    assert circle.facing([np.array([0.0, circle.whole / 2])]) == circle


def test_directions_are_unwound_across_what_is_missing() -> None:
    turned = Circle(360.0, 0.0).unwind(np.array([350.0, np.nan, 10.0, 30.0, 350.0]))
    np.testing.assert_array_equal(turned, [350, np.nan, 370, 390, 350])


@pytest.mark.parametrize(
    ("directions", "unit", "circle"),
    [
        ([0.0, 359.0], "", Circle(360.0, 0.0)),
        ([0.0, 359.0], "deg", Circle(360.0, 0.0)),
        ([np.nan, -20.0], "°", Circle(360.0, -180.0)),
        ([0.0, 6.0], "rad", Circle(2 * math.pi, 0.0)),
        ([-3.0, 3.0], "Rad", Circle(2 * math.pi, -math.pi)),
        ([np.nan, np.nan], "", Circle(360.0, 0.0)),
    ],
)
def test_the_circle_is_told_by_unit_and_sign(directions: list[float], unit: str, circle: Circle) -> None:
    assert Circle.of([np.array(directions)], unit) == circle


@given(st.lists(st.one_of(st.just(math.nan), st.integers(0, 50).map(float)), max_size=30))
def test_rises_are_those_of_a_plain_loop(readings: list[float]) -> None:
    rises, before = [], []
    last, since = math.nan, 0
    for reading in readings:
        before.append(last)
        since += 1
        known = not math.isnan(reading) and not math.isnan(last) and reading >= last
        rises.append((reading - last) / since if known else math.nan)
        if not math.isnan(reading):
            last, since = reading, 0
    np.testing.assert_array_equal(find_rises(np.array(readings, float)), rises)
    np.testing.assert_array_equal(reading_before(np.array(readings, float)), before)
