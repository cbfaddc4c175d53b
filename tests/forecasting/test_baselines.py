"""What a network has to beat: repeated values, and a bag without order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.forecasting.baselines import Bag, Repeat, WindowMean, describe_bags


@given(
    steps=st.integers(1, 40),
    period=st.integers(1, 12),
    horizons=st.lists(st.integers(1, 30), min_size=1, max_size=3, unique=True).map(sorted).map(tuple),
)
def test_a_repeat_foresees_the_last_known_value_a_whole_number_of_periods_before(
    steps: int, period: int, horizons: tuple[int, ...]
) -> None:
    inputs = np.random.default_rng(0).standard_normal((steps, 3)).astype(np.float32)
    (found,) = Repeat(period, horizons, 2).predict([inputs])
    assert found.shape == (len(horizons), steps, 2)
    for row, horizon in zip(found, horizons, strict=True):
        for t in range(steps):
            known = [t - n * period for n in range(1, steps + 1) if t - n * period <= t - horizon]
            at = max(known, default=-1)
            expected = inputs[at, :2] if at >= 0 else [np.nan, np.nan]
            np.testing.assert_array_equal(row[t], expected)


@pytest.mark.parametrize("steps", [3, 5, 6, 7, 30])
def test_a_window_mean_foresees_the_mean_of_what_is_known(steps: int) -> None:
    inputs = np.random.default_rng(0).standard_normal((steps, 3)).astype(np.float32)
    (found,) = WindowMean(5, (1, 3), 2).predict([inputs])
    for row, horizon in zip(found, (1, 3), strict=True):
        for t in range(steps):
            part = inputs[max(t - horizon - 4, 0) : max(t - horizon + 1, 0), :2]
            expected = part.mean(0) if len(part) == 5 else [np.nan, np.nan]
            np.testing.assert_allclose(row[t], expected, atol=1e-6)


def test_a_bag_is_the_same_in_every_order() -> None:
    rng = np.random.default_rng(1)
    window = rng.standard_normal((8, 2))
    (bag,), (shuffled,) = (describe_bags(one, 8) for one in (window, rng.permutation(window)))
    assert bag.shape == (2 * (8 + 4),)
    np.testing.assert_allclose(bag, shuffled)
    first = bag[:12]
    np.testing.assert_allclose(first[:8], np.sort(window[:, 0]))
    np.testing.assert_allclose(first[8:10], [window[:, 0].mean(), window[:, 0].std()])


def test_a_bag_finds_odd_values_and_not_an_odd_order() -> None:
    wave = np.sin(np.arange(3000) / 5)[:, None] + 0.05 * np.random.default_rng(0).standard_normal((3000, 1))
    bag = Bag.learn([wave], 63, 0)
    assert bag is not None
    usual = bag.score(wave)
    assert np.isnan(usual[:62]).all() and np.isfinite(usual[62:]).all()
    odd_values, odd_order = wave.copy(), wave.copy()
    odd_values[1500:1530] += 3
    odd_order[1500:1563] = np.random.default_rng(2).permutation(wave[1500:1563])
    highest = np.nanmax(usual)
    assert np.nanmax(bag.score(odd_values)) > highest + 0.05
    assert bag.score(odd_order)[1562] == pytest.approx(usual[1562], abs=1e-9)


def test_many_channels_are_scored_in_parts_as_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(size=(400, 3)).astype(np.float32)
    bag = Bag.learn([values], 20, 0)
    assert bag is not None
    whole = bag.score(values)
    monkeypatch.setattr("anomaly.forecasting.baselines.MOST_VALUES", 3 * 24 * 7)
    np.testing.assert_array_equal(bag.score(values), whole)
    few = Bag.learn([values], 20, 0)
    assert few is not None and few.forest.n_features_in_ == 72 and few.forest.max_samples_ <= 7


def test_windows_longer_than_every_record_are_no_bag() -> None:
    assert Bag.learn([np.zeros((5, 1))], 6, 0) is None
