"""Residuals and profiles to scores, against loops; what is unknown stays so, and the future stays out of the past."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter

from anomaly.detecting.habits import visits_of_habit
from anomaly.detecting.scores import BY_CHANCE, Scorer
from anomaly.detecting.smoothing import smooth
from anomaly.detecting.usual import FEWEST_SPIKES, SPREAD_FLOOR, ResidualScale, Tail, Usual, mean_observed
from anomaly.domain.forecasts import Profile, Profiles
from anomaly.domain.settings.fitting import FitSettings
from anomaly.forecasting.fitting import fit
from anomaly.pipeline import detect
from tests.naive import scores as naive
from tests.support.strategies import make_dataset, score_lists

NAN = float("nan")
NONE = Profiles()
windows = pytest.mark.parametrize("window", ["centred", "trailing"])
usual_sizes = st.sampled_from([0.0, 0.5, 1.7, 20.0])


def make_residuals(steps: int = 60, seed: int = 0) -> np.ndarray:
    """(2, steps, 3) with holes, and one step where nothing is known."""
    rng = np.random.default_rng(seed)
    residuals = rng.standard_normal((2, steps, 3)) * [[[1.0, 0.1, 3.0]]]
    residuals[rng.random(residuals.shape) < 0.1] = NAN
    residuals[:, 20] = NAN
    return residuals


def make_profile(steps: int, width: int, seed: int = 0, unknown: float = 0.2) -> Profile:
    """Of a record of three channels; every third stretch, some with nothing to compare."""
    rng = np.random.default_rng(seed)
    starts = np.arange(0, steps - width + 1, 3)
    shares = rng.dirichlet(np.ones(3), len(starts))
    lost = rng.random(len(starts)) < unknown
    shares[lost] = 0.0
    return Profile(width, starts, np.where(lost, NAN, rng.exponential(1.0, len(starts))), shares)


def fit_and_score(residuals: np.ndarray, width: int = 1, window: str = "centred") -> np.ndarray:
    """The score of each step against what itself is usual, by prediction error alone."""
    return Scorer.fit([residuals], [NONE], width, window).score(residuals, NONE).values


@windows
@given(values=score_lists, width=st.integers(1, 70), usual=usual_sizes)
def test_smoothing_agrees_with_loops(window: str, values: list[float], width: int, usual: float) -> None:
    found = smooth(np.array(values), width, window, usual)
    np.testing.assert_allclose(found, naive.smooth(values, width, window, usual), atol=1e-9)


@windows
@given(values=score_lists, width=st.integers(1, 70), usual=usual_sizes)
def test_unknown_scores_stay_unknown_and_known_ones_known_and_not_negative(
    window: str, values: list[float], width: int, usual: float
) -> None:
    smoothed = smooth(np.array([*values, 1e12, *values]), width, window, usual)
    np.testing.assert_array_equal(np.isnan(smoothed), np.isnan([*values, 0, *values]))
    assert not (smoothed < 0).any()


@given(values=score_lists, width=st.integers(1, 40), cut=st.integers(0, 59))
def test_a_trailing_window_knows_nothing_of_the_future(values: list[float], width: int, cut: int) -> None:
    changed = np.array(values)
    changed[cut:] = 1e6
    np.testing.assert_array_equal(
        smooth(changed, width, "trailing")[:cut], smooth(np.array(values), width, "trailing")[:cut]
    )


@given(values=score_lists, width=st.integers(2, 40), usual=usual_sizes, cut=st.integers(0, 59))
def test_a_centred_window_looks_at_most_three_quarters_of_its_width_ahead(
    values: list[float], width: int, usual: float, cut: int
) -> None:
    changed = np.where(np.isnan(values), NAN, np.where(np.arange(len(values)) < cut, values, 1e6))
    untouched = max(0, int(np.ceil(cut - 0.75 * width)))
    before, after = (smooth(np.array(one), width, usual=usual)[:untouched] for one in (values, changed))
    np.testing.assert_array_equal(after, before)


def test_a_centred_peak_is_highest_where_the_peak_was() -> None:
    values = np.zeros(101)
    values[50] = 8.0
    for width in (2, 3, 10, 11):
        smoothed = smooth(values, width)
        plateau = np.flatnonzero(smoothed >= smoothed.max() * (1 - 1e-9))
        assert plateau[0] <= 50 <= plateau[-1]


@given(steps=st.integers(1, 90), width=st.integers(2, 40), usual=usual_sizes)
def test_what_is_usual_throughout_stays_usual_up_to_the_ends(steps: int, width: int, usual: float) -> None:
    np.testing.assert_allclose(smooth(np.full(steps, usual), width, usual=usual), usual)


def test_the_ends_of_a_record_keep_the_square_root_of_the_known_share_of_what_is_beyond_the_usual() -> None:
    smoothed = smooth(np.full(100, 5.0), 20, usual=1.0)
    # Of the window [t - 10, t + 10), 10 steps are known at the first step and 11 at the last.
    assert smoothed[0] == pytest.approx(1 + 4 * math.sqrt(10 / 20))
    assert smoothed[-1] == pytest.approx(1 + 4 * math.sqrt(11 / 20))
    np.testing.assert_allclose(smoothed[10:91], 5.0)


def test_the_ends_of_a_record_are_no_more_often_the_highest_than_chance_has_it() -> None:
    steps, width, outer = 400, 40, 8
    rng = np.random.default_rng(0)
    at_the_ends = []
    for _ in range(400):
        raw = np.maximum(np.abs(rng.standard_normal(steps)) - 0.8, 0) / 0.6
        usual = Scorer.fit([raw[None, :, None]], [NONE], width, "centred").surprise
        highest = int(np.argmax(smooth(raw, width, "centred", usual)))
        at_the_ends.append(highest < outer or highest >= steps - outer)
    assert np.mean(at_the_ends) < 0.085, "2 % at either end hold 4 % of the steps; a plain mean gives 12 %"


def test_the_usual_size_of_residuals_is_measured_over_all_records_and_known_steps() -> None:
    parts = [make_residuals(60), make_residuals(21, seed=1)]
    scale = ResidualScale.fit(parts)
    mean, spread = naive.residual_scale(parts, SPREAD_FLOOR)
    np.testing.assert_allclose(scale.mean, mean)
    np.testing.assert_allclose(scale.spread, spread)


@pytest.mark.parametrize("seed", range(4))
def test_surprise_agrees_with_loops(seed: int) -> None:
    scale = ResidualScale.fit([make_residuals(200, seed=9)])
    residuals = 2 * make_residuals(seed=seed)
    found = scale.surprise(residuals)
    raw, contributions = naive.surprise(residuals, scale.mean, scale.spread)
    np.testing.assert_allclose(found, contributions)
    np.testing.assert_allclose(mean_observed(found), raw)
    assert np.isnan(found[20]).all()


@given(values=score_lists, floor=st.sampled_from([0.0, 0.05]), asked=score_lists)
def test_what_is_usual_agrees_with_loops(values: list[float], floor: float, asked: list[float]) -> None:
    mean, spread = naive.usual(values, floor)
    usual = Usual.of(np.array(values), floor)
    assert (usual.mean, usual.spread) == pytest.approx((mean, spread))
    expected = [naive.excess(x, usual.mean, usual.spread) for x in asked]
    np.testing.assert_allclose(usual.excess(np.array(asked)), expected)


@windows
@pytest.mark.parametrize("width", [1, 8])
@pytest.mark.parametrize("is_healthy", [True, False])
@pytest.mark.parametrize("lengths", [(), (6,), (6, 12), (50, 80)], ids=str)
def test_a_whole_score_agrees_with_loops(window: str, width: int, lengths: tuple[int, ...], is_healthy: bool) -> None:
    reference = [make_residuals(120, seed=3), make_residuals(45, seed=4)]
    usual = [Profiles(shape=tuple(make_profile(part.shape[1], one, one) for one in lengths)) for part in reference]
    residuals = make_residuals() * 2
    residuals[0, 30, 1] = 9.0
    shape, level, relation = (
        tuple(make_profile(60, one, one + seed, unknown=0.2 * (seed == 1)) for one in lengths) for seed in (1, 2, 3)
    )
    profiles = Profiles(shape, level, relation)

    scorer = Scorer.fit(reference, usual, width, window, is_healthy)
    found = scorer.score(residuals, profiles)

    expected = naive.score(reference, usual, residuals, profiles, width, window, SPREAD_FLOOR, is_healthy)
    told = {
        "values": found.values,
        "contributions": found.contributions,
        **found.parts,
        **{f"{name} by channel": part for name, part in found.by_channel.items()},
    }
    assert told.keys() == expected.keys()
    for name, values in expected.items():
        rounding = 1e-6 if "by" in name else 1e-7  # the shares are kept in half the digits
        np.testing.assert_allclose(told[name], values, rtol=rounding, atol=1e-9, err_msg=name)
    assert np.isnan(found.values[20]) and np.isfinite(np.delete(found.values, 20)).all()
    assert (scorer.width, scorer.window, len(scorer.distances)) == (width, window, len(lengths))


def with_switches(times: int, seed: int = 0) -> np.ndarray:
    """(1, 2000, 1) residuals with so many steps of about 30 standard deviations, less than the highest hundredth."""
    rng = np.random.default_rng(seed)
    residuals = rng.standard_normal((1, 2000, 1))
    residuals[0, 20 : 20 + 130 * times : 130] = 30.0 + rng.random((times, 1))
    return residuals


@pytest.mark.parametrize("times", [2, 14])
def test_what_surprises_often_is_no_news_and_what_lies_beyond_it_is(times: int) -> None:
    """Two switches in the train span may be faults; fourteen are the machine's own."""
    assert (times >= visits_of_habit(2000, 10, FEWEST_SPIKES)) == (times == 14)
    residuals = np.random.default_rng(1).standard_normal((1, 2000, 1))
    residuals[0, [500, 1000], 0] = 30.0, 90.0
    found = Scorer.fit([with_switches(times)], [NONE], 10, "centred").score(residuals, NONE)
    often, beyond = np.sqrt(np.expm1(found.parts["error"][[500, 1000]])) * BY_CHANCE["tail"]
    assert beyond > 15 and (often < 3) == (times == 14)


@pytest.mark.parametrize("is_healthy", [True, False])
def test_the_tail_and_its_habits_agree_with_loops(is_healthy: bool) -> None:
    parts = [np.abs(with_switches(times, seed)[0]) for seed, times in enumerate((3, 10))]
    parts[0][50:60] = NAN
    asked = np.linspace(0, 80, 200)[:, None]
    found = Tail.fit(parts, is_healthy, 20).excess(asked)
    np.testing.assert_allclose(found, naive.beyond_tail(parts, asked, is_healthy, 20))
    without = Tail.fit(parts, is_healthy, 1).excess(asked)
    assert is_healthy or without[100] > 2 * found[100], "so few visits beside so many steps are no habit"


@windows
def test_what_the_channels_put_into_a_part_adds_up_to_it_and_the_parts_to_the_score(window: str) -> None:
    profiles = Profiles(*((make_profile(60, 9, seed, unknown=0.0),) for seed in range(3)))
    scorer = Scorer.fit([make_residuals()], [Profiles(shape=(make_profile(60, 9, 2),))], 5, window)
    found = scorer.score(make_residuals(), profiles)
    known = np.isfinite(found.values)
    for name, part in found.parts.items():
        assert name == "error" or part[known].any()
        if name != "error":
            np.testing.assert_allclose(found.by_channel[name].sum(1)[known], part[known], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found.values[known], sum(found.parts.values())[known])


@windows
def test_without_profiles_the_score_is_prediction_error_alone(window: str) -> None:
    residuals = make_residuals()
    found = Scorer.fit([residuals], [NONE], 5, window).score(residuals, NONE)
    np.testing.assert_array_equal(found.values, found.parts["error"])
    for name, by_channel in found.by_channel.items():
        assert not np.nan_to_num(found.parts[name]).any() and not by_channel.any()


@windows
def test_a_record_too_short_for_any_stretch_is_scored_by_prediction_error(window: str) -> None:
    reference = make_residuals(90)
    scorer = Scorer.fit([reference], [Profiles(shape=(make_profile(90, 30),))], 5, window)
    short = (make_profile(25, 30),)
    found = scorer.score(make_residuals(25), Profiles(short, short, short))
    np.testing.assert_array_equal(found.values, found.parts["error"])


def test_a_trailing_score_knows_nothing_of_later_residuals_nor_of_stretches_yet_to_end() -> None:
    residuals, profile = make_residuals(90), make_profile(90, 12, unknown=0.0)
    scorer = Scorer.fit([residuals], [Profiles(shape=(profile,))], 10, "trailing")
    before = scorer.score(residuals, Profiles((profile,), (profile,), (profile,)))
    for cut in (1, 12, 40, 89):
        changed = residuals.copy()
        changed[:, cut:] = 50.0
        late = profile.starts + profile.width > cut
        other = Profile(12, profile.starts, np.where(late, 9.0, profile.distances), np.where(late[:, None], 1 / 3, 0.5))
        after = scorer.score(changed, Profiles((other,), (other,), (other,)))
        np.testing.assert_array_equal(after.values[:cut], before.values[:cut])
        for name, part in after.parts.items():
            np.testing.assert_array_equal(part[:cut], before.parts[name][:cut], err_msg=name)
        assert after.values[cut:].max() > before.values[~np.isnan(before.values)].max()


def test_a_stretch_unlike_any_learnt_raises_the_shape_part_alone_and_names_its_channel() -> None:
    residuals = np.random.default_rng(0).standard_normal((1, 200, 3))
    starts = np.arange(0, 181, 2)
    shares = np.full((len(starts), 3), 1 / 3)
    calm = Profile(20, starts, np.ones(len(starts)), shares)
    odd = (starts >= 90) & (starts < 100)
    planted = Profile(20, starts, np.where(odd, 9.0, 1.0), np.where(odd[:, None], [0.0, 1.0, 0.0], shares))
    scorer = Scorer.fit([residuals], [Profiles(shape=(calm,))], 10, "centred")
    before, after = (scorer.score(residuals, Profiles(shape=(one,))) for one in (calm, planted))
    np.testing.assert_array_equal(after.parts["error"], before.parts["error"])
    np.testing.assert_allclose(before.parts["shape"], 0.0, atol=1e-9)
    assert 95 <= np.argmax(after.parts["shape"]) < 115
    np.testing.assert_allclose(after.parts["shape"][:80], 0.0, atol=1e-9)
    assert after.by_channel["shape"][100:106].argmax(1).tolist() == [1] * 6
    assert after.leading_part(102) == "shape"


@windows
def test_the_sign_of_a_residual_does_not_matter_nor_the_order_of_the_channels(window: str) -> None:
    residuals = make_residuals()
    expected = fit_and_score(residuals, 5, window)
    np.testing.assert_array_equal(fit_and_score(-residuals, 5, window), expected)
    np.testing.assert_allclose(fit_and_score(residuals[:, :, ::-1], 5, window), expected, atol=1e-12)


@windows
@given(factor=st.floats(1, 10))
def test_larger_residuals_never_score_lower(window: str, factor: float) -> None:
    residuals = make_residuals()
    scorer = Scorer.fit([make_residuals(seed=1)], [NONE], 6, window)
    lower, higher = (scorer.score(one, NONE).values for one in (residuals, factor * residuals))
    assert not (higher < lower - 1e-9).any()


def test_a_channel_predicted_perfectly_does_not_shout_at_the_tenth_decimal() -> None:
    scorer = Scorer.fit([np.zeros((1, 50, 1))], [NONE], 1, "centred")
    assert scorer.score(np.full((1, 3, 1), 1e-10), NONE).values.max() < 1e-8
    assert scorer.score(np.full((1, 3, 1), 1.0), NONE).contributions.min() == pytest.approx(1 / SPREAD_FLOOR)


def test_a_record_that_repeats_exactly_does_not_shout_at_the_tenth_decimal() -> None:
    starts = np.arange(0, 41, 2)
    profile = Profile(10, starts, np.zeros(21), np.zeros((21, 1)))
    scorer = Scorer.fit([np.zeros((1, 50, 1))], [Profiles(shape=(profile,))], 1, "centred")
    alike = Profile(10, starts, np.full(21, 1e-10), np.ones((21, 1)))
    found = scorer.score(np.zeros((1, 50, 1)), Profiles(shape=(alike,)))
    assert found.values.max() < 1e-8


def test_a_channel_never_known_in_the_reference_does_not_make_the_scores_unknown() -> None:
    residuals = make_residuals()
    residuals[:, :, 1] = NAN
    found = fit_and_score(residuals)
    assert np.isfinite(np.delete(found, np.isnan(residuals).all((0, 2)).nonzero())).all()


def test_a_reference_in_which_nothing_is_known_still_gives_scores() -> None:
    nothing = np.full((2, 30, 3), NAN)
    scorer = Scorer.fit([nothing], [Profiles(shape=(make_profile(30, 40),))], 8, "centred")
    found = scorer.score(make_residuals(), Profiles(shape=(make_profile(60, 40),)))
    assert np.isfinite(np.delete(found.values, 20)).all()


@pytest.mark.parametrize("is_named", [True, False], ids=["healthy span", "whole file"])
@pytest.mark.parametrize("kind", ["noise", "walk", "sine"])
def test_spikes_of_one_step_are_found_and_next_to_nothing_else(kind: str, is_named: bool) -> None:
    """Twelve times the noise, five times in 4,000 steps: smoothing alone drowned them, and where they were learnt from,
    their surroundings set the threshold."""
    rng, steps = np.random.default_rng(1), 4000
    noise = rng.normal(size=steps)
    values = noise + (5 * np.sin(2 * np.pi * np.arange(steps) / 48) if kind == "sine" else 0)
    if kind == "walk":
        values = lfilter([1.0], [1.0, -0.9], noise)
    spikes = np.arange(2200, 3900, 400)
    values[spikes] += 12 * rng.choice([-1, 1], len(spikes))
    dataset = make_dataset(values[:, None])
    fitted = fit(dataset, FitSettings(epochs=10, train_rows=2000 if is_named else None))
    spans = [event.span for event in detect(fitted, dataset).events]
    found = [any(span.start <= spike < span.stop for span in spans) for spike in spikes]
    false = [span for span in spans if not any(span.start - 3 <= spike < span.stop + 3 for spike in spikes)]
    assert sum(found) >= (4 if is_named else 3) and len(false) <= 1
