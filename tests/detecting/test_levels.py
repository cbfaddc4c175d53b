"""Levels and relations of stretches against loops; what lasts is told, by the right part and the right channel."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.detecting.habits import visits_of_habit
from anomaly.detecting.levels import (
    FEWEST_RETURNS,
    LEAST_STRETCHES,
    MULTIPLES,
    PLACES,
    USUAL_DISTANCE,
    Levels,
    scan_channels,
)
from anomaly.detecting.smoothing import place_levels
from anomaly.domain.forecasts import Profile
from tests.naive import levels as naive
from tests.support.strategies import score_lists

NAN = float("nan")
WIDTH = 20
BEFORE = 600 - MULTIPLES[-1] * WIDTH // 2 - MULTIPLES[-1] * WIDTH // PLACES
"""steps in the middle of stretches of any width that end before step 600"""
by_relation = pytest.mark.parametrize("related", [False, True], ids=["level", "relation"])


def make_record(steps: int, channels: int = 3, seed: int = 0, holes: float = 0.0) -> np.ndarray:
    """(steps, channels) of variance 1 that follow one common walk, with holes."""
    rng = np.random.default_rng(seed)
    common = np.sin(np.arange(steps) / 17 + seed)[:, None]
    values = common + 0.4 * rng.standard_normal((steps, channels))
    values[rng.random(values.shape) < holes] = NAN
    return values.astype(np.float32)


def beyond(levels: Levels, values: np.ndarray) -> np.ndarray:
    """(T,) the largest of all widths."""
    return np.max([place_levels(one, len(values), "centred") for one in levels.compare(values)], axis=0)


def leading(levels: Levels, values: np.ndarray) -> int:
    """The channel with the largest share of the highest stretch."""
    profile = max(levels.compare(values), key=lambda one: one.distances.max(initial=0.0))
    return int(profile.shares[np.argmax(profile.distances)].argmax())


@by_relation
@pytest.mark.parametrize(
    ("lengths", "width", "holes"),
    [
        ((140,), 7, 0.0),
        ((150, 60), 5, 0.2),
        ((40, 9, 90), 12, 0.6),
        ((300, 3), 11, 0.05),
        ((30,), 30, 0.0),
        ((9,), 10, 0.0),
    ],
    ids=str,
)
@pytest.mark.parametrize("is_healthy", [True, False])
def test_what_is_learnt_and_compared_agrees_with_loops(
    lengths: tuple[int, ...], width: int, holes: float, related: bool, is_healthy: bool
) -> None:
    records = [make_record(steps, seed=seed, holes=holes) for seed, steps in enumerate(lengths)]
    records[0][len(records[0]) // 2 :: 3, 1] += 6  # a state that returns often, and cut at the end
    records[0][-1, 0] = 1e6
    for record in records:
        record[:, 2] = (record[:, 0] + record[:, 2]) / 2  # missing where either is: much is then untold of the first
    learnt = Levels.learn(records, width, related, is_healthy)
    expected = naive.learn(records, width, related, is_healthy)
    assert learnt.widths == expected["widths"]
    for name in ("weights", "usual", "spreads"):
        np.testing.assert_allclose(getattr(learnt, name), expected[name], rtol=1e-5, atol=1e-7, err_msg=name)
    for asked in (records[0], make_record(70, seed=9, holes=holes) + np.float32(1.5), make_record(width - 1)):
        profiles = learnt.compare(asked)
        assert [one.width for one in profiles] == list(learnt.widths)
        for one, usual, spreads in zip(profiles, learnt.usual, learnt.spreads, strict=True):
            rows = naive.compare(asked, one.width, learnt.weights, usual, spreads)
            assert one.starts.tolist() == [start for start, _, _ in rows]
            np.testing.assert_allclose(one.distances, [distance for _, distance, _ in rows], rtol=1e-6, atol=1e-7)
            shares = np.array([shares for _, _, shares in rows]).reshape(one.shares.shape)
            np.testing.assert_allclose(one.shares, shares, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("related", [True])
def test_constant_missing_and_lonely_channels_agree_with_loops_too(related: bool) -> None:
    record = make_record(120, 4)
    record[:, 1], record[:, 2] = NAN, 3.0
    learnt, expected = Levels.learn([record], 6, related), naive.learn([record], 6, related)
    np.testing.assert_allclose(learnt.weights, expected["weights"], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(learnt.spreads, expected["spreads"], rtol=1e-5, atol=1e-7)
    assert not learnt.weights[:, [1, 2]].any() and not learnt.weights[[1, 2]].any()
    assert np.isfinite(beyond(learnt, record)).all()


@pytest.mark.parametrize("moves", ["level", "spread"])
def test_what_a_healthy_span_moved_by_is_usual_of_it_and_no_more(moves: str) -> None:
    """Of the whole file the same change may be the fault."""
    train, values = make_record(4_000), make_record(1_000, seed=1)
    for one, shift in ((train[3_400:], 2.0), (values[300:400], 2.0), (values[700:800], 8.0)):
        one[:, 0] = one[:, 0] + shift if moves == "level" else one[:, 0] * (1 + shift)
    named, whole = (beyond(Levels.learn([train], WIDTH, False, healthy), values) for healthy in (True, False))
    assert whole[330:370].max() > 2 * named[330:370].max()
    assert named[730:770].max() > named[330:370].max() + 1


@given(distances=st.lists(st.lists(st.floats(0, 50), min_size=3, max_size=3), max_size=6))
def test_scanning_channels_agrees_with_trying_every_number_of_them(distances: list[list[float]]) -> None:
    found = scan_channels(np.array(distances).reshape(-1, 3))
    np.testing.assert_allclose(found, [naive.scan_channels(row) for row in distances], atol=1e-9)


def test_one_channel_strongly_and_all_a_little_both_count_and_chance_does_not_with_their_number() -> None:
    one, many = np.zeros((1, 30)), np.full((1, 30), 4.0)
    one[0, 7] = 10.0
    assert scan_channels(many) == pytest.approx(4.0)
    assert 7 < scan_channels(one) < 10
    rng = np.random.default_rng(0)
    by_number = [scan_channels(np.abs(rng.standard_normal((2_000, count)))).mean() for count in (1, 10, 100)]
    assert max(by_number) < USUAL_DISTANCE


@pytest.mark.parametrize("window", ["centred", "trailing"])
@given(heights=score_lists, stride=st.integers(1, 4), width=st.integers(1, 9), more=st.integers(0, 3))
def test_levels_are_placed_as_by_loops(window: str, heights: list[float], stride: int, width: int, more: int) -> None:
    heights = [0.0 if height != height else height for height in heights]
    starts = stride * np.arange(len(heights))
    profile = Profile(width, starts, np.array(heights), np.zeros((len(starts), 1)))
    steps = int(starts[-1]) + width + more
    found = place_levels(profile, steps, window)
    np.testing.assert_allclose(found, naive.place(profile, steps, window), atol=1e-12)
    assert place_levels(Profile(5, starts[:0], np.empty(0), np.empty((0, 1))), 4, window).tolist() == [0.0] * 4


@by_relation
def test_what_is_learnt_is_mostly_usual_itself(related: bool) -> None:
    records = [make_record(3_000), make_record(2_000, seed=1)]
    learnt = Levels.learn(records, WIDTH, related)
    assert len(learnt.widths) == 3
    every = np.concatenate([beyond(learnt, one) for one in records])
    assert (every > 0).mean() < 0.25 and (every > 2).mean() < 0.01


def test_widths_that_a_record_holds_too_seldom_are_left_out() -> None:
    steps = 4 * WIDTH * LEAST_STRETCHES
    assert Levels.learn([make_record(steps)], WIDTH).widths == (WIDTH, 4 * WIDTH)
    assert Levels.learn([make_record(steps - 1)], WIDTH).widths == (WIDTH,)
    assert Levels.learn([make_record(WIDTH), make_record(WIDTH)], WIDTH).widths == (WIDTH,)
    assert Levels.learn([make_record(WIDTH - 1)], WIDTH).widths == ()
    assert Levels.learn([make_record(WIDTH - 1)], WIDTH).compare(make_record(500)) == ()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_relation_is_asked_of_at_least_two_channels_that_move(channels: int) -> None:
    record = make_record(500, channels)
    record[:, 1:] = 2.0
    learnt = Levels.learn([record], WIDTH, related=True)
    assert learnt.widths == () and learnt.compare(record) == () and not learnt.weights.any()


def test_a_step_that_stays_is_a_level_of_its_channel_from_beginning_to_end() -> None:
    learnt, values = Levels.learn([make_record(4_000)], WIDTH), make_record(1_000, seed=1)
    values[600:, 1] -= 5
    found = beyond(learnt, values)
    assert found[620:].min() > 4 * found[:BEFORE].max() and leading(learnt, values) == 1


@pytest.mark.parametrize("factor", [0.05, 6.0])
def test_a_changed_variance_is_a_level_too(factor: float) -> None:
    rng = np.random.default_rng(0)
    train, values = rng.standard_normal((4_000, 2)), rng.standard_normal((1_000, 2))
    learnt = Levels.learn([train], WIDTH)
    values[600:, 0] *= factor
    found = beyond(learnt, values)
    assert found[620:].min() > 2 > 2 * found[:BEFORE].max() and leading(learnt, values) == 0


def test_one_of_thirty_channels_that_drifts_alone_breaks_its_relation_before_its_level() -> None:
    rng = np.random.default_rng(0)
    weights = rng.uniform(0.5, 1, 30)

    def make(steps: int, seed: int) -> np.ndarray:
        common = np.sin(2 * np.pi * np.arange(steps) / 90)[:, None] * np.sqrt(2)
        return common * weights + 0.2 * np.random.default_rng(seed).standard_normal((steps, 30))

    train, values = make(4_000, 1), make(1_000, 2)
    values[500:, 17] += np.linspace(0, 1.5, 500)
    level, relation = (Levels.learn([train], WIDTH, related) for related in (False, True))
    last = slice(900, None)
    assert beyond(relation, values)[last].min() > 4 * beyond(level, values)[last].max()
    assert leading(relation, values) == 17


def test_a_relation_that_breaks_is_told_though_either_channel_is_as_usual() -> None:
    def make(steps: int, seed: int) -> np.ndarray:
        one = np.sin(2 * np.pi * np.arange(steps) / 130) * np.sqrt(2)
        values = np.stack([one, one, np.cos(np.arange(steps) / 5)], 1)
        return values + 0.1 * np.random.default_rng(seed).standard_normal(values.shape)

    train, values = make(4_000, 1), make(1_200, 2)
    values[600:, 0] *= -1
    level, relation = (Levels.learn([train], WIDTH, related) for related in (False, True))
    assert beyond(level, values).max() < 1
    found = beyond(relation, values)
    assert found[620:].min() > 4 and found[:BEFORE].max() < 1
    profile = relation.compare(values)[0]
    assert profile.shares[profile.starts >= 600, 2].max() < 0.1, "the third channel has nothing to do with it"


@pytest.mark.parametrize("channels", [2, 30])
def test_a_channel_whose_partner_is_missing_is_not_said_to_have_left_it(channels: int) -> None:
    def make(steps: int, seed: int) -> np.ndarray:
        common = np.sin(2 * np.pi * np.arange(steps) / 400)[:, None] * np.sqrt(2)
        return common + 0.1 * np.random.default_rng(seed).standard_normal((steps, channels))

    learnt, values = Levels.learn([make(4_000, 1)], WIDTH, related=True), make(1_000, 2)
    values[300:700, 1] = NAN
    assert beyond(learnt, values).max() < 1
    values[400:600, 0] -= 1
    told = beyond(learnt, values).max() > 4
    assert told == (channels == 30), "twenty-nine others tell enough of it, none does not"


@by_relation
def test_a_state_that_returns_often_is_silent_and_one_that_comes_once_is_not(related: bool) -> None:
    steps, stay = 6_000, 2 * WIDTH
    often = visits_of_habit(steps, WIDTH, FEWEST_RETURNS) + 2
    train, values = make_record(steps), make_record(1_000, seed=1)
    values[500 : 500 + stay, 1] += 6
    seldom = train.copy()
    for start in np.linspace(100, steps - 200, often).astype(int):
        train[start : start + stay, 1] += 6
    seldom[100 : 100 + stay, 1] += 6
    silent, loud = (
        beyond(Levels.learn([one], WIDTH, related), values)[505 : 495 + stay].max() for one in (train, seldom)
    )
    assert silent < 1 and loud > 4 * max(silent, 0.5)


def test_a_habit_of_one_side_is_none_of_the_other() -> None:
    steps, stay = 6_000, 2 * WIDTH
    train, values = make_record(steps), make_record(1_000, seed=1)
    for start in np.linspace(100, steps - 200, visits_of_habit(steps, WIDTH, FEWEST_RETURNS) + 2).astype(int):
        train[start : start + stay, 1] += 6
    learnt, above, below = Levels.learn([train], WIDTH), values.copy(), values
    above[500 : 500 + stay, 1] += 6
    below[500 : 500 + stay, 1] -= 6
    assert beyond(learnt, below)[520] > 4 * beyond(learnt, above)[520]


@by_relation
def test_a_spike_of_any_size_is_no_level(related: bool) -> None:
    learnt, values = Levels.learn([make_record(4_000)], WIDTH, related), make_record(1_000, seed=1)
    found = []
    for size in (20.0, 1e3, 1e9):
        values[500, 0] = size
        found.append(beyond(learnt, values))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    assert found[0].max() < 0.2 * beyond(learnt, np.where(np.arange(1_000)[:, None] < 500, values, 9.0)).max()


@by_relation
def test_neither_the_unit_nor_the_order_of_channels_nor_of_records_changes_what_is_told(related: bool) -> None:
    records, asked = [make_record(700), make_record(300, seed=1, holes=0.1)], make_record(400, seed=2) * np.float32(2)
    before = Levels.learn(records, WIDTH, related).compare(asked)
    turned = [2, 0, 1]
    other = Levels.learn([one[:, turned] for one in records[::-1]], WIDTH, related).compare(asked[:, turned])
    assert len(before) == 2
    for one, again in zip(before, other, strict=True):
        np.testing.assert_allclose(again.distances, one.distances, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(again.shares, one.shares[:, turned], rtol=1e-4, atol=1e-5)


@by_relation
@given(cut=st.integers(1, 199), change=st.sampled_from([7.0, -1e9, NAN]))
def test_later_values_do_not_change_the_stretches_that_ended_before(related: bool, cut: int, change: float) -> None:
    learnt, values = Levels.learn([make_record(700)], WIDTH, related), make_record(200, seed=1)
    changed = values.copy()
    changed[cut:] = change
    for before, after in zip(learnt.compare(values), learnt.compare(changed), strict=True):
        ended = before.starts + before.width <= cut
        np.testing.assert_array_equal(after.distances[ended], before.distances[ended])
        np.testing.assert_array_equal(after.shares[ended], before.shares[ended])
        trailing = [place_levels(one, 200, "trailing")[:cut] for one in (before, after)]
        np.testing.assert_array_equal(*trailing)


@by_relation
def test_shares_add_up_to_one_wherever_something_is_told(related: bool) -> None:
    learnt = Levels.learn([make_record(700)], WIDTH, related)
    for profile in learnt.compare(make_record(400, seed=2, holes=0.1) * np.float32(4)):
        told = profile.distances > 0
        assert told.any() and not (profile.shares < 0).any()
        np.testing.assert_allclose(profile.shares[told].sum(1), 1)


@by_relation
def test_a_stretch_of_which_less_than_half_is_known_says_nothing(related: bool) -> None:
    learnt, values = Levels.learn([make_record(700)], WIDTH, related), make_record(200, seed=1) + np.float32(9)
    values[: WIDTH // 2 + 1] = NAN
    (first, *_), *_ = learnt.compare(values)[0].distances, 0
    assert first == 0 and learnt.compare(values)[0].distances[1] > 0
