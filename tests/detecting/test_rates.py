"""A threshold that is a rate of false alarms: more looks need more, a higher rate less; never above what was learnt."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from anomaly.detecting.rates import BASE, BASE_RATE, FEWEST_LOOKS, GROWTH, find_level, find_rate, say_rate
from anomaly.detecting.thresholds import MARGIN_QUANTILE, SURE, Evidence, calibrate
from anomaly.domain.detections import Threshold

NAN = float("nan")
rates = st.floats(1e-6, 1e3)
lengths = st.integers(1, 10**8)
widths = st.integers(1, 10**4)


@given(rate=rates, steps=lengths, width=widths)
def test_level_and_rate_are_each_other_s_inverse(rate: float, steps: int, width: int) -> None:
    level = find_level(rate, steps, width)
    assert find_rate(level, steps, width) == pytest.approx(rate) if level > 0 else find_rate(0, steps, width) <= rate
    assert find_level(find_rate(2.5, steps, width), steps, width) == pytest.approx(2.5)


@given(rate=rates, steps=lengths, width=widths)
def test_a_level_grows_with_the_steps_and_falls_with_the_rate_and_the_width(
    rate: float, steps: int, width: int
) -> None:
    level = find_level(rate, steps, width)
    assume(level > 0)
    assert find_level(rate, 2 * steps, width) >= level >= find_level(rate, steps, 2 * width)
    assert find_level(rate / 2, steps, width) > level > find_level(2 * rate, steps, width)
    assert find_rate(level + 0.1, steps, width) < find_rate(level, steps, width)


def test_so_many_more_looks_or_so_many_fewer_alarms_are_worth_the_same() -> None:
    steps, width = 100_000, 50
    assert find_level(0.1, 10 * steps, width) == pytest.approx(find_level(0.01, steps, width))
    assert find_level(0.1, steps, width) + GROWTH == pytest.approx(find_level(0.1 / np.e, steps, width))
    assert find_level(BASE_RATE, FEWEST_LOOKS * width, width) == pytest.approx(BASE)


def test_a_short_record_has_no_lower_level_than_one_of_the_fewest_looks() -> None:
    levels = [find_level(0.1, steps, 40) for steps in (0, 1, 40, 40 * FEWEST_LOOKS)]
    assert levels == [levels[0]] * 4 and find_level(0.1, 80 * FEWEST_LOOKS, 40) > levels[0]


def test_no_alarm_allowed_is_a_level_that_no_score_reaches_and_a_level_is_never_below_nothing() -> None:
    assert find_level(0.0, 1_000, 10) == np.inf == find_level(-1.0, 1_000, 10)
    assert find_level(1e300, 1_000, 10) == 0.0


@pytest.mark.parametrize(
    ("alarms", "unit", "said"),
    [
        (0.1, "file", "About one false alarm in 10 such files"),
        (0.3, "file", "About one false alarm in 3.33 such files"),
        (1.0, "file", "About 1 false alarm in such a file"),
        (2.5, "file", "About 2.5 false alarms in such a file"),
        (0.5, "week", "About one false alarm in 2 weeks"),
        (0.001, "hour", "About one false alarm in 1,000 hours"),
        (20_000.0, "file", "About 20,000 false alarms in such a file"),
        (1.0, "day", "About 1 false alarm in a day"),
        (12.0, "week", "About 12 false alarms in a week"),
        (0.1, "1000 steps", "About one false alarm in 10,000 steps"),
        (3.0, "1000 steps", "About one false alarm in 333 steps"),
        (2_000.0, "1000 steps", "An alarm at any step"),
        (0.0, "week", "No false alarm is allowed"),
    ],
)
def test_a_rate_is_said_in_words(alarms: float, unit: str, said: str) -> None:
    assert say_rate(alarms, unit) == said


def set_by_rate(alarms: float, scores: np.ndarray, reference: np.ndarray | None = None, **changes: object) -> Threshold:
    given: dict = {"width": 20, "unit_steps": len(scores), "unit": "file"} | changes
    evidence = Evidence((scores if reference is None else reference,), (scores,), (None,), 0, **given)
    return calibrate(evidence, "rate", alarms)


def test_the_rule_takes_the_level_of_the_steps_that_are_scored() -> None:
    scores = np.random.default_rng(0).exponential(0.1, 5_000)
    found = set_by_rate(0.1, scores)
    assert found.value == pytest.approx(find_level(0.1, 5_000, 20))
    assert found.note.startswith("About one false alarm in 10 such files, ")
    np.testing.assert_array_equal(found.reference, scores)
    scores[2_000:] = NAN
    assert set_by_rate(0.1, scores, unit_steps=2_000).value == pytest.approx(find_level(0.1, 2_000, 20))


def test_alarms_are_counted_in_the_unit_whatever_the_length_of_the_file() -> None:
    scores = np.zeros(50_000)
    by_week = set_by_rate(0.1, scores, unit_steps=10_000, unit="week")
    assert by_week.value == pytest.approx(find_level(0.5, 50_000, 20))
    assert by_week.note.startswith("About one false alarm in 10 weeks, ")
    twice = set_by_rate(0.1, np.zeros(100_000), unit_steps=10_000, unit="week")
    assert twice.value == pytest.approx(by_week.value), "twice the looks and twice the alarms"


@pytest.mark.parametrize(("mean", "healthy"), [(1.2, True), (1.2, False), (3.0, True), (3.0, False)])
def test_of_a_file_learnt_whole_the_highest_hundredth_is_kept_and_what_is_sure(mean: float, healthy: bool) -> None:
    scores = np.random.default_rng(0).exponential(mean, 5_000)
    level, most = find_level(0.1, 5_000, 20), min(np.quantile(scores, MARGIN_QUANTILE), SURE)
    assert most > level
    found = set_by_rate(0.1, scores, healthy=healthy)
    assert found.value == pytest.approx(level if healthy else most)
    assert ("More than 1 % lie above: kept are the highest 1 %, and all above" in found.note) == (not healthy)
    often = set_by_rate(1.0, scores, healthy=healthy)
    assert often.value < found.value, "the rate moves it there, too"
    calm = set_by_rate(0.1, scores / 100, healthy=False)
    assert calm.value == pytest.approx(level) and "kept" not in calm.note, "it never lowers the level"


def test_the_least_number_there_is_sets_a_level_that_is_a_number() -> None:
    assert 100 < set_by_rate(5e-324, np.zeros(5_000), healthy=False).value < 1_000


def test_no_false_alarm_allowed_flags_nothing_at_a_level_that_can_be_written_down() -> None:
    scores = np.array([NAN, 9.0, 1.0])
    found = set_by_rate(0.0, scores, np.array([2.0, NAN]), healthy=False)
    assert found.value == 9.0 and found.note.startswith("No false alarm is allowed: ")
    assert set_by_rate(0.0, scores, np.array([30.0])).value == 30.0
    assert set_by_rate(0.0, scores[:1], np.array([NAN])).value == 0.0


def test_the_rule_needs_no_reference() -> None:
    found = set_by_rate(0.1, np.zeros(3_000), np.full(50, NAN), healthy=False)
    assert found.value == pytest.approx(find_level(0.1, 3_000, 20)) and len(found.reference) == 0
