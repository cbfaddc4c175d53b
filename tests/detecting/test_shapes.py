"""Stretches against those learnt, pair by pair; what overlaps itself is no neighbour."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.detecting import shapes
from anomaly.detecting.shapes import LEAST_OBSERVED, MOST_STRETCHES, Shapes
from anomaly.detecting.smoothing import spread_distances
from anomaly.domain.forecasts import Profile
from tests.naive import shapes as naive

NAN = float("nan")
NO_OUTAGES = np.empty(0, np.int64)


def make_record(steps: int, seed: int = 0, holes: float = 0.0) -> np.ndarray:
    """(steps, 2) float32: a noisy sine and a random walk."""
    rng = np.random.default_rng(seed)
    sine = np.sin(np.arange(steps) / 3) + 0.1 * rng.standard_normal(steps)
    values = np.stack([sine, rng.standard_normal(steps).cumsum() / 5], 1).astype(np.float32)
    values[rng.random(values.shape) < holes] = NAN
    return values


def learn(*records: np.ndarray, width: int) -> Shapes:
    return Shapes.learn(list(records), [NO_OUTAGES] * len(records), width)


@pytest.mark.parametrize("holes", [0.0, 0.2, 0.6])
@pytest.mark.parametrize("asked", [0, 1, 2])
@pytest.mark.parametrize(("width", "stride"), [(12, 1), (23, 2)])
def test_distances_and_shares_agree_with_loops(holes: float, asked: int, width: int, stride: int) -> None:
    records = [make_record(60, 0, holes), make_record(9, 1, holes), make_record(45, 2, holes)]
    compared = records[asked] if asked < 2 else make_record(50, 3, holes)
    learnt = [(record, start) for record in records for start in range(0, len(record) - width + 1, stride)]
    profile = learn(*records, width=width).compare(compared, NO_OUTAGES)
    expected = naive.profile(compared, learnt, width, stride, LEAST_OBSERVED)
    assert profile.starts.tolist() == [start for start, _, _ in expected]
    np.testing.assert_allclose(profile.distances, [distance for _, distance, _ in expected], rtol=1e-4, atol=1e-4)
    # Two neighbours may be as near as each other, and differ in channels: almost all are told alike.
    alike = [np.allclose(row, shares, atol=1e-2) for row, (_, _, shares) in zip(profile.shares, expected, strict=True)]
    assert np.mean(alike or [True]) > 0.95


@given(steps=st.integers(4, 60), width=st.integers(4, 19), holes=st.floats(0, 1), seed=st.integers(0, 99))
def test_shares_add_up_to_one_where_a_distance_is_known_and_to_none_elsewhere(
    steps: int, width: int, holes: float, seed: int
) -> None:
    profile = learn(make_record(80, 0, 0.1), width=width).compare(make_record(steps, seed, holes), NO_OUTAGES)
    known = profile.distances > 0
    np.testing.assert_allclose(profile.shares[known].sum(1), 1)
    assert not profile.shares[~known].any() and not (profile.shares < 0).any()
    assert len(profile.starts) == len(profile.distances) == max(0, steps - width + 1)


@pytest.mark.parametrize(("observed", "known"), [(10, True), (9, False), (0, False)])
def test_a_stretch_is_compared_over_what_both_observed_where_that_is_half_of_it(observed: int, known: bool) -> None:
    asked = make_record(10, 1)
    asked.reshape(-1)[observed:] = NAN
    profile = learn(make_record(200), width=10).compare(asked, NO_OUTAGES)
    assert np.isfinite(profile.distances).tolist() == [known]


def test_a_channel_missing_throughout_is_left_out_and_has_no_share() -> None:
    record, asked = make_record(200), make_record(60, 1)
    alone = learn(record[:, 1:], width=20).compare(asked[:, 1:], NO_OUTAGES)
    asked[:, 0] = NAN
    profile = learn(record, width=20).compare(asked, NO_OUTAGES)
    np.testing.assert_allclose(profile.distances, alone.distances, atol=1e-5)
    assert (profile.shares == [0, 1]).all()


def test_what_was_learnt_is_a_neighbour_in_any_other_place_or_record_and_not_of_itself() -> None:
    record = make_record(200)
    learnt = learn(record, width=10)
    assert learnt.compare(record, NO_OUTAGES).distances.min() > 0.01
    later = learnt.compare(np.concatenate([make_record(7, 1), record]), NO_OUTAGES)
    np.testing.assert_allclose(later.distances[7:], 0, atol=1e-6)
    twin = record + 1e-3 * make_record(200, 1)
    assert learnt.compare(twin, NO_OUTAGES).distances.max() < 0.01
    assert learn(record, twin, width=10).compare(twin, NO_OUTAGES).distances.max() < 0.01


def test_a_stretch_that_ends_where_another_begins_is_its_neighbour() -> None:
    record = np.tile(make_record(15), (2, 1))
    distances = learn(record, width=15).compare(record, NO_OUTAGES).distances
    np.testing.assert_allclose(distances[[0, -1]], 0, atol=1e-6)
    assert np.isnan(distances[1:-1]).all(), "every stretch there is overlaps these"


def test_a_record_learnt_twice_is_no_neighbour_of_itself() -> None:
    record = make_record(100)
    once, twice = (learn(*[record] * times, width=10).compare(record, NO_OUTAGES) for times in (1, 2))
    np.testing.assert_allclose(twice.distances, once.distances, atol=1e-6)


def test_a_level_does_not_matter_and_the_order_of_the_channels_only_orders_the_shares() -> None:
    record, other = make_record(80), make_record(60, 1)
    before = learn(record, width=10).compare(other, NO_OUTAGES)
    lifted = learn(record, width=10).compare(other + np.float32([5, -3]), NO_OUTAGES)
    np.testing.assert_allclose(lifted.distances, before.distances, atol=1e-5)
    turned = learn(record[:, ::-1], width=10).compare(other[:, ::-1], NO_OUTAGES)
    np.testing.assert_allclose(turned.distances, before.distances, atol=1e-6)
    np.testing.assert_allclose(turned.shares[:, ::-1], before.shares, atol=1e-5)


def test_a_planted_odd_stretch_is_the_farthest_also_where_it_was_learnt() -> None:
    values = np.sin(np.arange(600) * 2 * np.pi / 30)[:, None].astype(np.float32)
    values[400:430] *= 0.2
    profile = learn(values, width=30).compare(values, NO_OUTAGES)
    assert abs(profile.starts[np.nanargmax(profile.distances)] - 400) <= 15
    assert np.nanmax(profile.distances) > 5 * np.nanmedian(profile.distances)


@given(seed=st.integers(0, 99), cut=st.integers(1, 119), change=st.sampled_from([7.0, NAN, 0.0]))
def test_later_values_do_not_change_the_stretches_that_ended_before(seed: int, cut: int, change: float) -> None:
    # Smooth: a stretch is most like the next, which overlaps it.
    record = make_record(120, seed).cumsum(0)
    learnt = learn(record, make_record(60, seed + 1), width=20)
    before = learnt.compare(record, NO_OUTAGES)
    changed = record.copy()
    changed[cut:] = changed[cut:] + 1 if change == 0 else change
    after = learnt.compare(changed, NO_OUTAGES)
    ended = before.starts + 20 <= cut
    np.testing.assert_array_equal(after.distances[ended], before.distances[ended])
    np.testing.assert_array_equal(after.shares[ended], before.shares[ended])
    shorter = learnt.compare(record[:cut], NO_OUTAGES)
    np.testing.assert_array_equal(shorter.distances, before.distances[: len(shorter.starts)])


def test_batches_do_not_change_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    record = make_record(500)
    learnt = learn(record, width=20)
    whole = learnt.compare(record, NO_OUTAGES)
    monkeypatch.setattr(shapes, "BATCH_VALUES", 1)
    np.testing.assert_array_equal(learnt.compare(record, NO_OUTAGES).distances, whole.distances)


def test_a_record_shorter_than_a_stretch_has_none_and_teaches_none() -> None:
    learnt = learn(make_record(9), width=10)
    assert len(learnt.stretches) == 0
    assert np.isnan(learnt.compare(make_record(30), NO_OUTAGES).distances).all()
    assert len(learn(make_record(50), width=10).compare(make_record(9), NO_OUTAGES).starts) == 0


def test_a_long_train_span_is_thinned_evenly() -> None:
    learnt = learn(make_record(5_000), width=20)
    assert len(learnt.starts) == MOST_STRETCHES
    gaps = np.diff(learnt.starts)
    assert learnt.starts[0] == 0 and learnt.starts[-1] >= 4_978 and gaps.max() - gaps.min() <= 2


def test_no_stretch_goes_across_an_outage_unless_outages_are_everywhere() -> None:
    record = make_record(200)
    learnt = Shapes.learn([record], [np.array([100])], 20)
    assert not ((learnt.starts < 100) & (learnt.starts + 20 > 100)).any()
    profile = learnt.compare(record, np.array([100]))
    across = (profile.starts < 100) & (profile.starts + 20 > 100)
    assert np.isnan(profile.distances[across]).all() and np.isfinite(profile.distances[~across]).all()
    assert not profile.shares[across].any()
    assert np.isfinite(learnt.compare(record, np.arange(5, 200, 9)).distances).all()


@given(steps=st.integers(12, 50), width=st.integers(2, 12), holes=st.floats(0, 0.8), stride=st.integers(1, 3))
def test_spreading_distances_over_steps_agrees_with_loops(steps: int, width: int, holes: float, stride: int) -> None:
    rng = np.random.default_rng(steps)
    starts = np.arange(0, steps - width + 1, stride)
    distances = np.where(rng.random(len(starts)) < holes, NAN, rng.random(len(starts)))
    profile = Profile(width, starts, distances, np.zeros((len(starts), 1)))
    if np.isnan(distances).all():
        assert np.isnan(spread_distances(profile, steps, "centred")).all()
        return
    for window, oracle in (("centred", naive.spread_centred), ("trailing", naive.spread_trailing)):
        found = spread_distances(profile, steps, window)
        np.testing.assert_allclose(found, oracle(starts, distances, width, steps), atol=1e-9)
