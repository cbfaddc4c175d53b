"""What returns often is a habit, as high as it is reached again and again; what comes once is none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.detecting.habits import LEVELS_TRIED, count_visits, find_habit, visits_of_habit
from tests.naive import levels as naive
from tests.support.strategies import score_lists

NAN = float("nan")
ONE_LEVEL = 1e-9 + (9 / 2) ** (1 / (LEVELS_TRIED - 1))
"""ratio of two levels tried between 2 and 9"""


def visit(times: int, height: float, steps: int = 1_000, lasting: int = 3) -> np.ndarray:
    """(steps,) zeros with so many plateaus, evenly spaced."""
    values = np.zeros(steps)
    for start in np.linspace(5, steps - 10, times).astype(int):
        values[start : start + lasting] = height
    return values


@given(
    records=st.lists(score_lists, max_size=3),
    visits=st.integers(1, 6),
    least=st.sampled_from([0.3, 0.5, 1.0, 3.0, 9.0]),
)
def test_a_habit_agrees_with_trying_every_level_step_by_step(
    records: list[list[float]], visits: int, least: float
) -> None:
    found = find_habit([np.array(one) for one in records], visits, least)
    assert found == pytest.approx(naive.find_habit(records, visits, least))


@pytest.mark.parametrize("seed", range(20))
def test_a_habit_of_heights_that_all_differ_agrees_with_loops(seed: int) -> None:
    rng = np.random.default_rng(seed)
    records = [rng.exponential(2.0, steps) * (rng.random(steps) < 0.5) for steps in (300, 40, 1)]
    records[0][rng.random(300) < 0.1] = NAN
    for visits in (1, 2, 5, 20):
        assert find_habit(records, visits, 2.0) == pytest.approx(naive.find_habit(records, visits, 2.0))


@given(values=score_lists, level=st.sampled_from([0.4, 0.9, 1.0, 3.0, 8.0]))
def test_visits_are_counted_as_step_by_step(values: list[float], level: float) -> None:
    assert count_visits(np.nan_to_num(values), level) == naive.count_visits(values, level)


def test_the_teeth_of_a_plateau_are_one_visit_and_a_fall_to_half_ends_it() -> None:
    assert count_visits(np.array([0, 5, 4, 5, 4, 5, 0.0]), 4.5) == 1
    assert count_visits(np.array([0, 5, 2.25, 5, 0.0]), 4.5) == 2
    assert count_visits(np.array([3, 3, 0, 3.0]), 4.5) == 0, "above half of it and never above it"
    assert count_visits(np.array([]), 1.0) == 0


@pytest.mark.parametrize("height", [9.0, 900.0])
def test_what_is_visited_often_is_a_habit_and_what_is_not_is_none(height: float) -> None:
    often, seldom = visit(8, 9.0), visit(7, height)
    assert 9 / ONE_LEVEL <= find_habit([often], 8, 2.0) <= 9
    assert find_habit([seldom], 8, 2.0) == 0
    assert find_habit([np.full(1_000, 9.0)], 2, 2.0) == 0, "one long stay is one visit"


def test_visits_of_all_records_count_together() -> None:
    assert find_habit([visit(4, 9.0), visit(4, 9.0)], 8, 2.0) > 0
    assert find_habit([visit(4, 9.0), visit(3, 9.0)], 8, 2.0) == 0


def test_a_habit_is_as_high_as_is_reached_so_often_and_one_that_is_higher_makes_it_no_higher_than_that() -> None:
    values = visit(9, 9.0)
    values[500:503] = 30.0
    found = find_habit([values], 8, 2.0)
    assert 9 / (30 / 2) ** (1 / (LEVELS_TRIED - 1)) - 1e-9 <= found <= 9


@given(records=st.lists(score_lists, min_size=1, max_size=2), factor=st.sampled_from([0.25, 2.0, 1024.0]))
def test_a_habit_is_told_in_the_unit_of_the_values_and_the_order_in_time_is_all_the_same_backwards(
    records: list[list[float]], factor: float
) -> None:
    parts = [np.array(one) for one in records]
    found = find_habit(parts, 2, 0.4)
    assert find_habit([factor * one for one in parts], 2, factor * 0.4) == pytest.approx(factor * found)
    assert find_habit([one[::-1] for one in parts][::-1], 2, 0.4) == found


def test_nothing_known_nothing_at_all_and_little_are_no_habits() -> None:
    for records in ([], [np.array([])], [np.full(9, NAN)], [np.zeros(9)], [visit(50, 1.9)]):
        assert find_habit(records, 1, 2.0) == 0


@given(steps=st.integers(0, 10**6), width=st.integers(1, 10**4))
def test_the_visits_of_a_habit_agree_with_their_oracle_and_grow_with_the_file(steps: int, width: int) -> None:
    found = visits_of_habit(steps, width, 5)
    assert found == naive.visits_of_habit(steps, width, 5) >= 5
    assert visits_of_habit(2 * steps, width, 5) >= found >= visits_of_habit(steps, 2 * width, 5)
