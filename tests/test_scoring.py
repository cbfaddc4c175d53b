"""Residuals to scores, against loops; what is unknown stays unknown, and the future stays out of the past."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.scoring import SPREAD_FLOOR, ResidualScale, score, smooth
from tests import naive
from tests.strategies import score_lists

NAN = float("nan")
NAIVE = {"centred": naive.smooth_centred, "trailing": naive.smooth_trailing}
windows = pytest.mark.parametrize("window", ["centred", "trailing"])


def make_residuals(steps: int = 60, seed: int = 0) -> np.ndarray:
    """(2, steps, 3) with holes, and one step where nothing is known."""
    rng = np.random.default_rng(seed)
    residuals = rng.standard_normal((2, steps, 3)) * [[[1.0, 0.1, 3.0]]]
    residuals[rng.random(residuals.shape) < 0.1] = NAN
    residuals[:, 20] = NAN
    return residuals


@windows
@given(values=score_lists, width=st.integers(1, 70))
def test_smoothing_agrees_with_loops(window: str, values: list[float], width: int) -> None:
    expected = NAIVE[window](values, width) if width > 1 else values
    np.testing.assert_allclose(smooth(np.array(values), width, window), expected, atol=1e-9)


@windows
@given(values=score_lists, width=st.integers(1, 70))
def test_unknown_scores_stay_unknown_and_known_ones_known_and_not_negative(
    window: str, values: list[float], width: int
) -> None:
    smoothed = smooth(np.array([*values, 1e12, *values]), width, window)
    np.testing.assert_array_equal(np.isnan(smoothed), np.isnan([*values, 0, *values]))
    assert not (smoothed < 0).any()


@given(values=score_lists, width=st.integers(1, 40), cut=st.integers(0, 59))
def test_a_trailing_window_knows_nothing_of_the_future(values: list[float], width: int, cut: int) -> None:
    changed = np.array(values)
    changed[cut:] = 1e6
    np.testing.assert_array_equal(
        smooth(changed, width, "trailing")[:cut], smooth(np.array(values), width, "trailing")[:cut]
    )


@given(values=score_lists, width=st.integers(2, 40), cut=st.integers(0, 59))
def test_a_centred_window_looks_at_most_three_quarters_of_its_width_ahead(
    values: list[float], width: int, cut: int
) -> None:
    changed = np.array(values)
    changed[cut:] = 1e6
    untouched = max(0, int(np.ceil(cut - 0.75 * width)))
    np.testing.assert_array_equal(smooth(changed, width)[:untouched], smooth(np.array(values), width)[:untouched])


def test_a_centred_peak_is_highest_where_the_peak_was() -> None:
    values = np.zeros(101)
    values[50] = 8.0
    for width in (2, 3, 10, 11):
        smoothed = smooth(values, width)
        plateau = np.flatnonzero(smoothed >= smoothed.max() * (1 - 1e-9))
        assert plateau[0] <= 50 <= plateau[-1]


def test_the_usual_size_of_residuals_is_measured_over_all_records_and_known_steps() -> None:
    parts = [make_residuals(60), make_residuals(21, seed=1)]
    scale = ResidualScale.fit(parts)
    for horizon in range(2):
        sizes = np.abs(np.concatenate([part[horizon] for part in parts]))
        mean, deviation = naive.scaler(sizes)
        np.testing.assert_allclose(scale.mean[horizon], mean)
        np.testing.assert_allclose(scale.spread[horizon], np.array(deviation) + SPREAD_FLOOR)


@windows
@pytest.mark.parametrize("width", [1, 8])
def test_scores_agree_with_loops(window: str, width: int) -> None:
    residuals = make_residuals()
    scale = ResidualScale.fit([make_residuals(200, seed=3)])

    found = score(residuals * 2, scale, width, window)

    raw, contributions = naive.surprise(residuals * 2, scale.mean, scale.spread)
    np.testing.assert_allclose(found.contributions, contributions)
    np.testing.assert_allclose(found.values, NAIVE[window](raw, width) if width > 1 else raw, atol=1e-12)
    assert np.isnan(found.values[20])


def test_the_sign_of_a_residual_does_not_matter_nor_the_order_of_the_channels() -> None:
    residuals = make_residuals()
    scale = ResidualScale.fit([residuals])
    turned = ResidualScale(scale.mean[:, ::-1], scale.spread[:, ::-1])
    expected = score(residuals, scale, 5).values
    np.testing.assert_array_equal(score(-residuals, scale, 5).values, expected)
    np.testing.assert_allclose(score(residuals[:, :, ::-1], turned, 5).values, expected)


def test_a_channel_predicted_perfectly_does_not_shout_at_the_tenth_decimal() -> None:
    scale = ResidualScale.fit([np.zeros((1, 50, 1))])
    assert score(np.full((1, 3, 1), 1e-10), scale, 1).values.max() < 1e-8
    assert score(np.full((1, 3, 1), 1.0), scale, 1).values.min() == pytest.approx(1 / SPREAD_FLOOR)


def test_a_channel_never_known_in_the_reference_does_not_make_the_scores_unknown() -> None:
    residuals = make_residuals()
    residuals[:, :, 1] = NAN
    scale = ResidualScale.fit([residuals])
    found = score(residuals, scale, 1)
    assert np.isfinite(np.delete(found.values, np.isnan(residuals).all((0, 2)).nonzero())).all()
