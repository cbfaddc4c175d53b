"""A state is judged by its probability."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.domain.exceptions import DataError
from anomaly.forecasting.states import States
from tests.naive import states as naive

SEQUENCES = st.lists(st.sampled_from([0.0, 1.0, 2.0, np.nan]), min_size=4, max_size=60).filter(
    lambda values: any(not np.isnan(one) for one in values)
)
CERTAIN = np.ones((1, 10_000))


def rhythm(steps: int, stay: int = 20) -> np.ndarray:
    return ((np.arange(steps) // stay) % 2).astype(float)


def surprise(learnt: np.ndarray, observed: np.ndarray, foreseen: np.ndarray | None = None) -> np.ndarray:
    """Of a forecaster that was certain of all that came, unless told otherwise."""
    foreseen = CERTAIN[:, : len(observed)] if foreseen is None else foreseen
    return States.learn([learnt], "x").surprise(observed, foreseen)[0]


@given(learnt=SEQUENCES, observed=SEQUENCES)
def test_the_surprise_is_that_of_a_plain_loop(learnt: list[float], observed: list[float]) -> None:
    found = surprise(np.array(learnt), np.array(observed))
    known = [(step, one) for step, one in enumerate(observed) if not np.isnan(one)]
    assert np.isnan(found).sum() == len(observed) - len(known)
    last: float | None = None
    before: float | None = None
    lasted = 0
    inside = {one for one in learnt if not np.isnan(one)}
    for step, one in known:
        if one not in inside:
            # Is told apart by value alone: what it follows and how long it lasts go by the nearest state.
            assert found[step] >= naive.deviations(naive.rarity(learnt, one, None)) - 1e-9
            return
        if one != last:
            before, last, lasted = last, one, 0
        lasted += 1
        chance = min(naive.rarity(learnt, one, before), naive.tail(learnt, one, lasted))
        assert found[step] == pytest.approx(naive.deviations(chance), abs=1e-9)


def test_a_stuck_state_is_the_more_surprising_the_longer_it_lasts() -> None:
    learnt, observed = rhythm(2_000), rhythm(200)
    observed[100:] = 1.0
    found = surprise(learnt, observed)
    assert found[:120].max() < 1
    assert (np.diff(found[125:]) >= 0).all()
    assert found[-1] > 3


def test_a_fault_that_came_once_is_surprising_while_it_lasts_and_one_that_often_came_is_not() -> None:
    once, often = np.zeros(3_000), np.zeros(3_000)
    once[2_200:2_250] = 3.3
    often[np.arange(3_000) % 300 < 10] = 3.3
    found = surprise(once, once)
    assert found[2_200:2_250].min() > 2.5
    assert np.delete(found, np.s_[2_200:2_250]).max() < 1
    assert surprise(often, often).max() < 1


def test_a_change_that_was_foreseen_otherwise_is_surprising_where_chance_does_not_explain_it() -> None:
    learnt = rhythm(2_000)
    foreseen = CERTAIN[:, :100].copy()
    foreseen[0, 50] = 1e-4
    assert surprise(learnt, rhythm(100), foreseen)[50] > 2
    # The forecaster gives every change the share it has: nothing to hold against the change.
    foreseen[0, 20::20] = 1 / 20
    foreseen[0, 50] = 1
    assert surprise(learnt, rhythm(100), foreseen).max() < 1


def test_a_jump_over_the_states_between_is_surprising() -> None:
    learnt = (np.arange(3_000) // 30 % 4).astype(float)
    observed = learnt[:240].copy()
    observed[125:150] = 2.0  # from 0 at once to 2
    found = surprise(learnt, observed)
    assert found[125] > 2
    assert found[:120].max() < 1


def test_states_may_be_called_otherwise() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, 500)
    foreseen = rng.random((1, 500))
    names = np.array([900.0, -7.5, 0.25])
    one, other = (States.learn([values], "x") for values in (codes.astype(float), names[codes]))
    np.testing.assert_array_equal(one.indicate(codes.astype(float)), other.indicate(names[codes]))
    np.testing.assert_array_equal(
        surprise(codes.astype(float), codes.astype(float), foreseen), surprise(names[codes], names[codes], foreseen)
    )


def test_indicators_tell_the_state_and_their_forecast_its_probability() -> None:
    states = States.learn([np.array([1.0, 2.0, 4.0, 2.0])], "x")
    # The most frequent, 2, is where neither 1 nor 4 is.
    np.testing.assert_array_equal(states.indicate(np.array([1, 2, 4, np.nan])), [[1, 0], [0, 0], [0, 1], [np.nan] * 2])
    np.testing.assert_allclose(states.probabilities(np.array([[0.2, 0.3], [-1, 2.0]])), [[0.2, 0.5, 0.3], [0, 0, 1]])
    assert np.isnan(states.probabilities(np.full((1, 2), np.nan))).all()
    two = States.learn([np.array([0.0, 3.3])], "x")
    np.testing.assert_array_equal(two.indicate(np.array([3.3, 0.0])), [[1], [0]])
    one = States.learn([np.array([5.0, 5.0])], "x")
    assert one.indicate(np.array([5.0])).tolist() == [[1.0]]
    assert one.probabilities(np.array([[0.3]])).tolist() == [[1.0]]


def test_what_was_never_seen_is_most_surprising() -> None:
    learnt = np.zeros(1_000)
    assert surprise(learnt, np.array([0.0, 7.0]))[1] > 3


def test_too_many_states_are_refused_with_what_to_do() -> None:
    with pytest.raises(DataError, match=r"'x' has 13 different values: expected at most 12 .* x=value"):
        States.learn([np.arange(13.0)], "x")
