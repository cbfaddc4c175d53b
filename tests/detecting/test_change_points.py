"""The part of a file that could be learnt from: before a change point, before the first known anomaly."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.detecting.change_points import FEWEST_STEPS, find_change, propose_train_span, split
from tests.support.strategies import make_dataset, with_kinds


def stepped(steps: int = 1000, at: int = 600, height: float = 3.0, seed: int = 0, noise: float = 0.3) -> np.ndarray:
    values = noise * np.random.default_rng(seed).standard_normal(steps)
    values[at:] += height
    return values


def split_slowly(values: np.ndarray) -> int:
    """The split of the steps themselves that leaves the least squares, each tried, a fifth on either side."""
    margin = len(values) // 5
    costs = [
        ((values[:at] - values[:at].mean()) ** 2).sum() + ((values[at:] - values[at:].mean()) ** 2).sum()
        for at in range(margin, len(values) - margin)
    ]
    return margin + int(np.argmin(costs))


@given(
    steps=st.integers(FEWEST_STEPS, 1500),
    share=st.floats(0.25, 0.75),
    height=st.sampled_from([-30.0, -3.0, 3.0, 30.0]),
    seed=st.integers(0, 50),
)
def test_a_step_that_stays_is_found_where_least_squares_would_split(
    steps: int, share: float, height: float, seed: int
) -> None:
    values = stepped(steps, int(share * steps), height, seed)
    found = split(values)
    assert found is not None and abs(found - split_slowly(values)) <= 1


@given(exponent=st.integers(-300, 290), offset=st.sampled_from([0.0, 5.0]), seed=st.integers(0, 20))
def test_a_change_of_units_changes_nothing(exponent: int, offset: float, seed: int) -> None:
    values = stepped(seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, other = split(values), split((values + offset) * 2.0 ** (exponent * 3.3 // 1))
    assert found is not None and other == found


def test_missing_values_are_left_out_and_an_outlier_moves_nothing() -> None:
    values = stepped()
    values[::3] = np.nan
    values[[50, 700]] = 1e6
    values[550:590] = np.nan
    found = split(values)
    assert found is not None and 590 <= found <= 601
    assert split(np.full(1000, np.nan)) is None


@pytest.mark.parametrize("steps", [600, 3000])
def test_what_wanders_swings_switches_or_returns_does_not_fall_into_two_parts(steps: int) -> None:
    rng = np.random.default_rng(1)
    time, noise = np.arange(steps), rng.standard_normal((40, steps))
    returns = stepped(steps, steps // 3)
    returns[2 * steps // 3 :] -= 3
    known = [
        *noise,
        *noise.cumsum(1),
        *(np.sin(2 * np.pi * time / steps * turns) + 0.1 * noise[0] for turns in (0.5, 1, 2, 7, 40)),
        *(np.repeat(rng.integers(0, 3, steps // 50), 50) + 0.1 * noise[0] for _ in range(20)),
        time / steps * 9 + noise[0],
        returns,
        np.zeros(steps),
        stepped(steps, steps // 10),
        stepped(steps, steps - steps // 10),
    ]
    told = [split(values) for values in known]
    assert sum(one is not None for one in told) <= 1, "of 40 random walks one may jump"


def test_a_file_of_two_levels_says_which_channel_and_when() -> None:
    other = np.random.default_rng(3).standard_normal(1000)
    dataset = make_dataset(np.stack([other, stepped(height=-40.0) + 100], 1))
    found = propose_train_span(dataset)
    assert found is not None and found.steps == 600 and found.until == "600.0"
    assert found.reason.startswith("b was about 99.9") and "before time 600.0 and about 59" in found.reason


def test_a_counter_changes_by_its_rises_and_of_angles_and_states_nothing_is_said() -> None:
    readings = np.cumsum(np.round(stepped(height=5.0) * 10 + 50))[:, None]
    found = find_change(with_kinds(make_dataset(readings), "counter"))
    assert found is not None and abs(found.step - 600) <= 1 and found.after - found.before == pytest.approx(50, abs=5)
    told = propose_train_span(with_kinds(make_dataset(readings), "counter"))
    assert told is not None and told.reason.startswith("The rise of a was")
    for kind in ("angle", "state"):
        assert find_change(with_kinds(make_dataset(stepped()[:, None]), kind)) is None


def test_known_anomalies_tell_the_healthy_part_before_a_change_does() -> None:
    labels = np.zeros(1000, bool)
    labels[700:720] = True
    found = propose_train_span(make_dataset(stepped()[:, None], labels=labels))
    assert found is not None and found.steps == 700 and "first known anomaly begins at time 700.0" in found.reason
    labels[100:110] = True
    assert propose_train_span(make_dataset(stepped()[:, None], labels=labels)) is None, "too little is left"
    found = propose_train_span(make_dataset(stepped()[:, None], labels=np.zeros(1000, bool)))
    assert found is not None and found.steps == 600


def test_of_short_files_and_several_records_nothing_is_proposed() -> None:
    assert propose_train_span(make_dataset(stepped(FEWEST_STEPS - 1, 150)[:, None])) is None
    assert propose_train_span(make_dataset(stepped()[:, None], stepped()[:, None])) is None


def test_of_two_channels_that_change_the_first_tells_so_that_the_part_before_is_free_of_both() -> None:
    dataset = make_dataset(np.stack([stepped(at=400), stepped(at=700, height=30.0, seed=1)], 1))
    found = find_change(dataset)
    assert found is not None and (found.step, found.channel) == (400, "a")
