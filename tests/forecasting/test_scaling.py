"""Standard deviations of numbers of every size, and of small movements on a large offset."""

import numpy as np
import pytest

from anomaly.domain.resolution import is_rounding
from anomaly.forecasting.scaling import MOST_DEVIATIONS, Scaler

BASE = np.sin(np.arange(300.0) / 7)[:, None]
"""between -1 and 1"""
ONE = Scaler.fit(BASE).transform(BASE)


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("size", [1e-315, 1e-300, 1e-200, 1e-160, 1e-20, 1e20, 1e99, 1e101, 1e155, 1e200, 1.79e308])
def test_a_channel_of_any_size_is_scaled_alike(size: float) -> None:
    values = BASE * size
    scaler = Scaler.fit(values)
    np.testing.assert_allclose(scaler.transform(values), ONE, atol=1e-7)
    np.testing.assert_allclose(scaler.inverse(scaler.transform(values)) / size, BASE, atol=1e-7)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_channels_of_unlike_sizes_stand_beside_each_other() -> None:
    values = np.concatenate([BASE * 1e-310, BASE, BASE * 1e308], 1)
    np.testing.assert_allclose(Scaler.fit(values).transform(values), np.tile(ONE, 3), atol=1e-3)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_what_is_farther_than_can_be_told_is_as_far_as_can() -> None:
    scaler = Scaler.fit(BASE * 1e-300)
    far = np.array([[1e308], [-1e308], [np.nan], [0.0]])
    np.testing.assert_array_equal(scaler.transform(far)[:3], [[MOST_DEVIATIONS], [-MOST_DEVIATIONS], [np.nan]])
    assert np.isfinite(Scaler.fit(BASE * 1.7e308).inverse(np.array([[9.0]]))).all()


@pytest.mark.parametrize("offset", [0, 10**6, 10**12, 10**15, 9 * 10**15, -(10**15)])
def test_whole_numbers_keep_their_differences_whatever_they_are_counted_from(offset: int) -> None:
    counts = (np.arange(400) % 7)[:, None]
    scaler = Scaler.fit((offset + counts).astype(float))
    np.testing.assert_allclose(scaler.scale, 2.0, rtol=1e-2)
    np.testing.assert_allclose(np.diff(scaler.transform((offset + counts).astype(float)), axis=0) * scaler.scale,
                               np.diff(counts, axis=0), atol=1e-6)  # fmt: skip


@pytest.mark.parametrize("constant", [0.0, 7.0, 1e15, 9e15])
def test_a_count_that_never_changed_departs_by_one(constant: float) -> None:
    scaler = Scaler.fit(np.full((777, 1), constant))
    np.testing.assert_array_equal(
        scaler.transform(np.array([[constant], [constant + 1], [constant - 1]])), [[0], [1], [-1]]
    )


def test_what_differs_by_rounding_alone_counts_as_constant_and_its_noise_departs_from_nothing() -> None:
    rounded = 0.1 + 1e-16 * (np.arange(300) % 3)[:, None]
    assert is_rounding(rounded[:, 0])
    scaler = Scaler.fit(rounded)
    assert np.isnan(scaler.scale).all()
    np.testing.assert_array_equal(scaler.transform(rounded), 0.0)


def test_the_smallest_numbers_have_a_spread() -> None:
    scaler = Scaler.fit(np.array([0.0, 5e-324] * 50)[:, None])
    assert scaler.scale[0] > 0
