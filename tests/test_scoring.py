"""Residuals and profiles to scores, against loops; what is unknown stays so, and the future stays out of the past."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.domain import Profile
from anomaly.scoring import SPREAD_FLOOR, ResidualScale, Scorer, Usual, mean_observed, smooth
from tests import naive, naive_shapes
from tests.strategies import score_lists

NAN = float("nan")
windows = pytest.mark.parametrize("window", ["centred", "trailing"])


def make_residuals(steps: int = 60, seed: int = 0) -> np.ndarray:
    """(2, steps, 3) with holes, and one step where nothing is known."""
    rng = np.random.default_rng(seed)
    residuals = rng.standard_normal((2, steps, 3)) * [[[1.0, 0.1, 3.0]]]
    residuals[rng.random(residuals.shape) < 0.1] = NAN
    residuals[:, 20] = NAN
    return residuals


def make_profile(steps: int = 60, width: int = 9, seed: int = 0) -> Profile:
    """Distances of stretches of three channels, one of them unknown."""
    rng = np.random.default_rng(seed)
    starts = np.arange(0, steps - width + 1)
    distances = rng.random(len(starts))
    distances[3] = NAN
    return Profile(width, starts, distances, rng.dirichlet(np.ones(3), len(starts)))


def naive_smooth(window: str, values: list[float], width: int, usual: float = 0.0) -> list[float]:
    if width == 1:
        return values
    return naive.smooth_centred(values, width, usual) if window == "centred" else naive.smooth_trailing(values, width)


@windows
@given(values=score_lists, width=st.integers(1, 70), usual=st.sampled_from([0.0, 0.7]))
def test_smoothing_agrees_with_loops(window: str, values: list[float], width: int, usual: float) -> None:
    found = smooth(np.array(values), width, window, usual)
    np.testing.assert_allclose(found, naive_smooth(window, values, width, usual), atol=1e-9)


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
    reference = [make_residuals(200, seed=3), make_residuals(90, seed=4)]
    learnt = [(make_profile(200, seed=5),), (make_profile(90, seed=6),)]
    residuals, profile = make_residuals() * 2, make_profile(seed=7)
    scorer = Scorer.fit(reference, learnt, width, window)

    found = scorer.score(residuals, (profile,))

    scale = ResidualScale.fit(reference)
    raw = [naive.surprise(part, scale.mean, scale.spread)[0] for part in reference]
    usual = float(np.nanmean(np.concatenate(raw)))
    usual = float(np.nanmean(np.concatenate([naive_smooth(window, part, width, usual) for part in raw])))
    smoothed = np.concatenate([naive_smooth(window, part, width, usual) for part in raw])
    here, contributions = naive.surprise(residuals, scale.mean, scale.spread)
    error = (np.array(naive_smooth(window, here, width, usual)) - np.nanmean(smoothed)) / np.nanstd(smoothed)
    spread = naive_shapes.spread_centred if window == "centred" else naive_shapes.spread_trailing
    distances = [spread(one.starts, one.distances, 9, steps) for (one,), steps in zip(learnt, (200, 90), strict=True)]
    far = np.concatenate(distances)
    shape = np.array(spread(profile.starts, profile.distances, 9, 60)) - np.nanmean(far)
    shape = np.nan_to_num(shape / (np.nanstd(far) + SPREAD_FLOOR))
    np.testing.assert_allclose(found.contributions, contributions)
    np.testing.assert_allclose(found.error, np.log1p(np.maximum(error, 0)), atol=1e-9)
    unknown = np.isnan(here)
    np.testing.assert_allclose(found.shape[~unknown], np.log1p(np.maximum(shape, 0))[~unknown], atol=1e-9)
    np.testing.assert_allclose(found.values, found.error + found.shape)
    np.testing.assert_array_equal(np.isnan(found.values), unknown)
    assert np.isnan(found.values[20])


@windows
def test_what_the_channels_put_into_the_shape_adds_up_to_it(window: str) -> None:
    profile = make_profile()
    scorer = Scorer.fit([make_residuals()], [(make_profile(seed=2),)], 5, window)
    found = scorer.score(make_residuals(), (profile,))
    known = np.isfinite(found.shape)
    told = found.shape_contributions.sum(1)[known]
    # A step before the first stretch has ended, or beside an unknown one, may have no shares.
    apart = ~np.isclose(told, np.expm1(found.shape[known]))
    assert (told[apart] == 0).all() and apart.mean() < 0.2


def test_the_sign_of_a_residual_does_not_matter_nor_the_order_of_the_channels() -> None:
    residuals = make_residuals()
    expected = Scorer.fit([residuals], [()], 5, "centred").score(residuals, ()).values
    np.testing.assert_array_equal(Scorer.fit([-residuals], [()], 5, "centred").score(-residuals, ()).values, expected)
    turned = residuals[:, :, ::-1]
    np.testing.assert_allclose(Scorer.fit([turned], [()], 5, "centred").score(turned, ()).values, expected)


def test_a_channel_predicted_perfectly_does_not_shout_at_the_tenth_decimal() -> None:
    scale = ResidualScale.fit([np.zeros((1, 50, 1))])
    assert scale.surprise(np.full((1, 3, 1), 1e-10)).max() < 1e-8
    assert scale.surprise(np.full((1, 3, 1), 1.0)).min() == pytest.approx(1 / SPREAD_FLOOR)


def test_a_channel_never_known_in_the_reference_does_not_make_the_scores_unknown() -> None:
    residuals = make_residuals()
    residuals[:, :, 1] = NAN
    found = mean_observed(ResidualScale.fit([residuals]).surprise(residuals))
    assert np.isfinite(np.delete(found, np.isnan(residuals).all((0, 2)).nonzero())).all()


def test_a_reference_without_any_known_value_still_gives_finite_scores() -> None:
    usual = Usual.of(np.array([NAN, NAN]))
    np.testing.assert_array_equal(usual.excess(np.array([NAN, -1.0, 2.0])), [0, 0, 2])
    assert Usual.of(np.full(5, 3.0)).excess(np.array([4.0])) == 1


def test_the_ends_of_a_record_are_no_more_often_the_highest_than_chance_has_it() -> None:
    steps, width, outer = 400, 40, 8
    rng = np.random.default_rng(0)
    at_the_ends = []
    for _ in range(400):
        raw = np.maximum(np.abs(rng.standard_normal(steps)) - 0.8, 0) / 0.6
        usual = Scorer.fit([raw[None, :, None]], [()], width, "centred").surprise
        highest = int(np.argmax(smooth(raw, width, "centred", usual)))
        at_the_ends.append(highest < outer or highest >= steps - outer)
    assert np.mean(at_the_ends) < 0.085, "2 % at either end hold 4 % of the steps; a plain mean gives 12 %"
