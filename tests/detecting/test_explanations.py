"""The sentence about an event names the right channel, numbers and rarity."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.detecting.detection import PARTS
from anomaly.detecting.events import find_events
from anomaly.detecting.explanations import Explanation, explain
from anomaly.domain.detections import Event, PartName, Scores
from anomaly.domain.forecasts import Forecast, Profile, Profiles
from anomaly.domain.spans import Span
from tests.support.strategies import make_scores, make_series, unbounded

NAN = float("nan")
BAND = 1.0
NEVER_REACHED = np.linspace(0, 1, 1000)
NO_PROFILES = Profiles()


def explain_stretch(
    values: np.ndarray,
    predicted: np.ndarray,
    start: int,
    stop: int,
    *,
    part: PartName = "error",
    by_channel: np.ndarray | None = None,
    reference: np.ndarray = NEVER_REACHED,
    profiles: Profiles = NO_PROFILES,
    ranges: np.ndarray | None = None,
) -> Explanation:
    """Of the one event [start, stop) of channels flow, level (T, 2), or the first of them; its score is 5."""
    channels = ("flow", "level")[: values.shape[1]]
    contributions = np.abs(values - predicted)
    score = np.zeros(len(values))
    score[start:stop] = 5.0
    scores = make_scores(score, contributions, part, by_channel)
    forecast = Forecast(make_series(values), predicted[None], profiles)
    (event,) = find_events(0, forecast, scores, 1.0, 0, 1, channels)
    assert event.span == Span(start, stop)
    ranges = unbounded(len(channels)) if ranges is None else ranges
    return explain(event, forecast, scores, reference, channels, np.full(len(channels), BAND), ranges)


def noise(steps: int = 200, channels: int = 1, spread: float = 0.1) -> np.ndarray:
    return 20 + spread * np.random.default_rng(0).standard_normal((steps, channels))


def expected(steps: int = 200, channels: int = 1) -> np.ndarray:
    return np.full((steps, channels), 20.0)


@pytest.mark.parametrize(("value", "verb"), [(29.5, "jumped"), (10.25, "dropped")])
def test_a_spike_jumps_or_drops_and_says_for_how_long(value: float, verb: str) -> None:
    values = noise()
    values[100:102] = value
    found = explain_stretch(values, expected(), 95, 110)
    assert (found.kind, found.part) == ("spike", "error")
    assert found.sentence == (
        f"flow {verb} to {value} for 2 steps where 20 was expected; "
        "its score is higher than any of the 1,000 steps of the train span."
    )


def test_an_event_of_one_step_is_a_spike_of_one_step() -> None:
    values = noise()
    values[100] = 30
    assert explain_stretch(values, expected(), 100, 101).sentence.startswith("flow jumped to 30 for 1 step where 20 ")


def test_a_flat_line_says_where_and_how_long_it_stayed() -> None:
    values = noise()
    values[100:140] = 21.5
    found = explain_stretch(values, expected(), 95, 145)
    assert found.kind == "flat line"
    assert found.sentence.startswith("flow stayed at 21.5 for 40 steps; ")


def test_a_channel_that_often_stands_still_is_not_stuck() -> None:
    values = np.repeat(noise(20), 10, axis=0)
    values[100:120] += np.repeat([[3.0], [4.0]], 10, axis=0)
    assert explain_stretch(values, expected(), 100, 120).kind != "flat line"


@pytest.mark.parametrize("shift", [6.0, -6.0])
def test_a_level_shift_says_from_where_to_where(shift: float) -> None:
    values = noise()
    values[100:150] += shift
    found = explain_stretch(values, expected(), 100, 150)
    assert found.kind == "level shift"
    assert found.sentence.startswith(f"flow moved from about {np.median(values[50:100]):.4g} to about ")
    assert f"to about {np.median(values[100:150]):.4g};" in found.sentence


@pytest.mark.parametrize(("slope", "word"), [(4.0, "up"), (-4.0, "down")])
def test_a_drift_says_which_way_and_how_far(slope: float, word: str) -> None:
    # As wide before as it goes: no step between two levels.
    values = noise(spread=2.0)
    values[100:150, 0] = 20 + np.linspace(0, slope, 50)
    found = explain_stretch(values, expected(), 100, 150)
    assert found.kind == "drift"
    assert found.sentence.startswith(f"flow drifted {word}, by 4.08 from what was expected; ")


def test_a_value_usual_by_itself_is_told_by_the_other_channels() -> None:
    values, foreseen = noise(channels=2, spread=2.0), expected(channels=2)
    values[:, 1] = 20
    values[100:120, 0], foreseen[100:120, 0] = 19 + 2 * (np.arange(20) % 2), 26
    found = explain_stretch(values, foreseen, 100, 120)
    assert found.kind == "relation"
    assert found.sentence.startswith("flow was 19, not unusual by itself, where the other channels led to expect 26")


def test_without_other_channels_a_usual_value_is_a_departure() -> None:
    values, foreseen = noise(spread=2.0), expected()
    values[100:120, 0], foreseen[100:120, 0] = 19 + 2 * (np.arange(20) % 2), 26
    found = explain_stretch(values, foreseen, 100, 120)
    assert found.kind == "departure"
    assert found.sentence.startswith("flow was 19 where 26 was expected; ")


def test_a_strange_course_names_the_channel_of_the_shape_the_width_and_the_others() -> None:
    values, foreseen = noise(channels=2), expected(channels=2)
    profile = Profile(48, np.array([0]), np.array([1.0]), np.array([[0.25, 0.75]]))
    narrow = Profile(12, np.array([0]), np.array([1.0]), np.array([[0.5, 0.5]]))
    values[110, 0] += 0.5
    found = explain_stretch(
        values,
        foreseen,
        100,
        120,
        part="shape",
        by_channel=np.tile([1.0, 3.0], (200, 1)),
        profiles=Profiles(shape=(narrow, profile)),
    )
    assert (found.kind, found.part) == ("shape", "shape")
    assert found.shares == (("level", 0.75), ("flow", 0.25))
    assert found.sentence.startswith(
        "the course of level over up to 48 steps is unlike any other that was learnt, together with flow (25 %); "
    )


def test_a_level_names_its_channel_and_the_levels_within_and_elsewhere() -> None:
    values = noise(channels=2)
    values[100:120, 1] += np.tile([0.5, -0.1], 10)
    found = explain_stretch(
        values, expected(channels=2), 100, 120, part="level", by_channel=np.tile([1.0, 3.0], (200, 1))
    )
    assert (found.kind, found.part) == ("level shift", "level")
    assert found.shares == (("level", 0.75), ("flow", 0.25))
    assert found.sentence.startswith(
        "level was about 20.21 for 20 steps where 20 is usual, together with flow (25 %); "
    )


@pytest.mark.parametrize("factor", [0.2, 3.0])
def test_a_changed_variance_says_how_far_it_varies_and_how_far_it_usually_does(factor: float) -> None:
    values = noise()
    values[100:140] = 20 + factor * (values[100:140] - 20)
    found = explain_stretch(values, expected(), 100, 140, part="level", by_channel=np.ones((200, 1)))
    inside, rest = values[100:140].std(), np.concatenate([values[:100], values[140:]]).std()
    assert found.kind == "variance"
    said = found.sentence.split(";")[0].split()
    assert said[:3] == ["flow", "varied", "by"] and said[4:] == ["for", "40", "steps", "where", said[8], "is", "usual"]
    assert (float(said[3]), float(said[8])) == pytest.approx((inside, rest), rel=0.06)


def test_a_relation_names_the_channel_that_did_not_go_with_the_others() -> None:
    values = noise(channels=2)
    found = explain_stretch(
        values, expected(channels=2), 100, 140, part="relation", by_channel=np.tile([1.0, 9.0], (200, 1))
    )
    assert (found.kind, found.part) == ("relation", "relation")
    assert found.sentence.startswith("level did not go with the other channels for 40 steps, together with flow (10 %)")


def test_other_channels_are_named_with_their_shares_and_small_ones_are_not() -> None:
    names = ("O2 %", "flow", "level", "valve", "pump")
    contributions = np.zeros((10, 5))
    contributions[4] = [20, 40, 15, 5, 20]
    forecast = Forecast(make_series(contributions), np.zeros((1, 10, 5)))
    scores = make_scores(contributions.sum(1), contributions)
    (event,) = find_events(0, forecast, scores, 1.0, 0, 1, names)
    found = explain(event, forecast, scores, NEVER_REACHED, names, np.ones(5), unbounded(5))
    assert [name for name, _ in found.shares] == ["flow", "O2 %", "pump", "level", "valve"]
    assert sum(share for _, share in found.shares) == pytest.approx(1)
    assert ", together with O2 % (20 %), pump (20 %); " in found.sentence


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        (np.r_[np.zeros(990), np.full(10, 9.0)], "a score that one in 100 steps of the train span reaches."),
        (np.r_[np.zeros(999), 5.0], "a score that one in 1,000 steps of the train span reaches."),
        (np.zeros(1000), "its score is higher than any of the 1,000 steps of the train span."),
        (np.empty(0), "nothing to compare."),
    ],
)
def test_the_rarity_is_counted_in_the_train_span(reference: np.ndarray, said: str) -> None:
    values = noise()
    values[100] = 30
    found = explain_stretch(values, expected(), 100, 101, reference=reference)
    assert found.sentence.endswith(f"; {said}")
    assert found.reference_steps == (reference >= 5).sum()


def test_a_flat_line_away_from_what_was_surprising_is_not_the_reason() -> None:
    values = noise()
    values[100:120], values[135:140] = 20.0, 27.0 + np.arange(5)[:, None]
    assert explain_stretch(values, expected(), 95, 145).kind == "departure"


@pytest.mark.parametrize(("value", "bound"), [(44.0, "reached 44"), (-3.0, "reached -3")])
def test_a_value_far_outside_the_train_span_is_told_before_a_course(value: float, bound: str) -> None:
    values = noise(channels=2)
    values[100:120:2, 1] = value
    ranges = np.array([[19.0, 15.0], [21.0, 25.0]])
    found = explain_stretch(
        values, expected(channels=2), 100, 120, part="shape", by_channel=np.tile([1.0, 3.0], (200, 1)), ranges=ranges
    )
    assert found.kind == "out of range"
    assert found.sentence.startswith(f"level {bound}, outside the 15 to 25 of the train span, together with flow")
    constant = np.array([[20.0, 20.0], [20.0, 20.0]])
    found = explain_stretch(
        values, expected(channels=2), 100, 120, part="shape", by_channel=np.tile([1.0, 3.0], (200, 1)), ranges=constant
    )
    assert f"level {bound}, where it was always 20 in the train span" in found.sentence


def test_the_unit_stands_behind_the_numbers() -> None:
    values = noise()
    values[100] = 30
    scores = np.zeros(200)
    scores[100] = 5
    forecast = Forecast(make_series(values), expected()[None])
    given = make_scores(scores, np.abs(values - 20))
    (event,) = find_events(0, forecast, given, 1.0, 0, 1, ("flow",))
    found = explain(event, forecast, given, NEVER_REACHED, ("flow",), np.ones(1), unbounded(1), {"flow": "l/min"})
    assert found.sentence.startswith("flow jumped to 30 l/min for 1 step where 20 l/min was expected")


def test_the_one_that_is_named_says_its_share_where_another_has_more() -> None:
    values = noise(channels=2)
    values[100, 0], values[100:103, 1] = 40, 35
    assert (
        ", together with level (69 %), itself 31 %; " in explain_stretch(values, expected(channels=2), 99, 104).sentence
    )


def test_holes_inside_an_event_change_nothing_of_what_is_said() -> None:
    values = noise()
    values[100:150] += 6
    values[110:113] = values[130] = NAN
    found = explain_stretch(values, expected(), 100, 150)
    assert found.kind == "level shift"
    assert f"to about {np.nanmedian(values[100:150]):.4g};" in found.sentence


def test_an_event_at_the_start_has_nothing_before_it_to_compare_with() -> None:
    values = noise()
    values[:50] += 6
    found = explain_stretch(values, expected(), 0, 50)
    assert found.kind == "departure"
    assert found.sentence.startswith(f"flow was {values[:50].max():.4g} where 20 was expected; ")


@st.composite
def records(draw: st.DrawFn) -> tuple[Forecast, Scores, np.ndarray]:
    """Small records with holes, ties and long steps, and bands of which some are unknown."""
    steps, channels = draw(st.integers(1, 60)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    observed, predicted = rng.standard_normal((2, steps, channels)).round(draw(st.integers(0, 3)))
    observed += np.where(np.arange(steps) > draw(st.integers(0, 60)), draw(st.sampled_from([0, 9, -1e9])), 0)[:, None]
    observed[rng.random(observed.shape) < draw(st.sampled_from([0, 0.2, 0.9]))] = NAN
    contributions = np.abs(observed - predicted)
    sizes = np.where(np.isfinite(contributions).any(1), rng.choice([0, 0.5, 2, 5], (len(PARTS), steps)), NAN)
    parts = dict(zip(PARTS, sizes, strict=True))
    band = rng.choice([NAN, 0.0, 1.0, 5.0], channels)
    shared = {name: rng.random((steps, channels)).round(1) for name in PARTS if name != "error"}
    scores = Scores(np.log1p(sizes.sum(0)), contributions, parts, shared)
    return Forecast(make_series(observed), predicted[None]), scores, band


@given(record=records(), gap=st.integers(0, 5), reference=st.lists(st.sampled_from([0.0, 2.0, 9.0]), max_size=5))
def test_every_event_has_a_sentence_that_ends_with_a_full_stop(
    record: tuple[Forecast, Scores, np.ndarray], gap: int, reference: list[float]
) -> None:
    forecast, scores, band = record
    channels = ("a", "b", "c")[: len(band)]
    ranges = np.array([[-1.0], [1.0]]).repeat(len(band), 1)
    events: list[Event] = find_events(0, forecast, scores, 1.0, gap, 1, channels)
    for event in events:
        found = explain(event, forecast, scores, np.array(reference), channels, band, ranges)
        assert found.sentence.endswith(".") and found.sentence.count("; ") == 1
        assert "nan" not in found.sentence
        assert not found.shares or sum(share for _, share in found.shares) == pytest.approx(1)
