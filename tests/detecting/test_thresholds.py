"""Each rule says what its threshold means; `threshold` is strict."""

import statistics
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import genpareto

from anomaly.detecting.events import find_flags
from anomaly.detecting.thresholds import MARGIN_QUANTILE, NORMAL_MAD, RULES, Evidence, calibrate
from anomaly.domain.detections import Threshold
from anomaly.domain.exceptions import DataError
from anomaly.domain.settings.detecting import RULES as SETTINGS_RULES
from tests.naive import thresholds as naive
from tests.support.strategies import score_lists

NAN = float("nan")
records = st.lists(score_lists, min_size=1, max_size=3).filter(lambda lists: np.isfinite(np.concatenate(lists)).any())


def evidence_of(
    *reference: list[float] | np.ndarray, labels: list[list[bool]] | None = None, gap: int = 0, least: int = 1
) -> Evidence:
    """The reference scores are also the scores looked at."""
    scores = tuple(np.array(part, float) for part in reference)
    known = (None,) * len(scores) if labels is None else tuple(np.array(one, bool) for one in labels)
    return Evidence(scores, scores, known, gap, least)


def set_by(rule: str, parameter: float, *reference: list[float] | np.ndarray) -> Threshold:
    return calibrate(evidence_of(*reference), rule, parameter)


def test_every_rule_has_its_setting() -> None:
    assert set(RULES) == set(SETTINGS_RULES)


@given(values=score_lists.filter(lambda values: np.isfinite(values).any()), share=st.floats(0, 1))
def test_no_more_than_the_share_left_over_lies_above_a_quantile(values: list[float], share: float) -> None:
    threshold = set_by("quantile", share, values)
    known = np.array(values)[np.isfinite(values)]
    flagged = find_flags(np.array(values), threshold.value).sum()
    assert flagged < (1 - share) * (len(known) - 1) + 1 + 1e-9, "the fraction of a step counts as one"
    np.testing.assert_array_equal(threshold.reference, known)


@pytest.mark.parametrize(("rule", "parameter"), [("quantile", 0.3), ("margin", 0.0), ("budget", 0.0), ("ndt", 0.1)])
@given(score=st.floats(0, 1e9), steps=st.integers(1, 50))
def test_nothing_of_a_constant_score_is_flagged(rule: str, parameter: float, score: float, steps: int) -> None:
    scores = np.full(steps, score)
    assert not find_flags(scores, set_by(rule, parameter, scores).value).any()


def test_a_margin_lies_above_the_99th_percentile() -> None:
    reference = np.random.default_rng(0).exponential(size=500)
    assert set_by("margin", 1.5, reference).value == pytest.approx(np.quantile(reference, MARGIN_QUANTILE) + 1.5)


def test_sigma_is_the_median_and_robust_standard_deviations() -> None:
    reference = [3.0, 1.0, NAN, 4.0, 1.5, 900.0, 2.6]
    known = [x for x in reference if x == x]
    middle = statistics.median(known)
    deviation = NORMAL_MAD * statistics.median(abs(x - middle) for x in known)
    assert set_by("sigma", 2.5, reference).value == pytest.approx(middle + 2.5 * deviation)


def test_sigma_of_normal_scores_is_about_their_standard_deviation() -> None:
    reference = np.random.default_rng(0).normal(10, 2, 100_000)
    assert set_by("sigma", 3, reference).value == pytest.approx(16, abs=0.1)


def test_sigma_takes_the_plain_deviation_where_most_scores_are_equal() -> None:
    assert set_by("sigma", 2, [0.0] * 9 + [10.0]).value == pytest.approx(2 * 3.0)


def test_a_value_is_the_threshold_itself_even_without_a_reference() -> None:
    assert set_by("value", 2.5, [NAN]).value == 2.5


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"value", "rate"}))
def test_a_rule_that_needs_a_reference_says_so_where_there_is_none(rule: str) -> None:
    with pytest.raises(DataError, match="use the rule 'value'"):
        set_by(rule, 0.5, [NAN, NAN])


@given(reference=records, gap=st.integers(0, 5), allowed=st.integers(0, 6))
def test_a_budget_agrees_with_counting_the_alarms_at_every_level(
    reference: list[list[float]], gap: int, allowed: int
) -> None:
    steps = sum(int(np.isfinite(part).sum()) for part in reference)
    evidence = evidence_of(*reference, gap=gap)
    found = calibrate(evidence, "budget", (allowed + 0.5) * evidence.unit_steps / steps).value
    assert found == naive.budget(reference, gap, allowed)


def test_a_budget_counts_in_the_unit_of_time() -> None:
    reference = np.zeros(1_000)
    reference[100::100] = np.arange(1, 10)
    evidence = Evidence((reference,), (reference,), (None,), 0, unit_steps=100)
    assert calibrate(evidence, "budget", 0.3).value == 6, "3 alarms in the 10 units: 7, 8 and 9"


@given(scores=records, gap=st.integers(0, 5), least_drop=st.sampled_from([0.0, 0.13, 0.5, 1.0]))
def test_the_dynamic_threshold_agrees_with_loops(scores: list[list[float]], gap: int, least_drop: float) -> None:
    known = np.nan_to_num(np.concatenate(scores))
    if known.std() < 1e-9:
        return
    found = calibrate(evidence_of(*scores, gap=gap), "ndt", least_drop).value
    assert found == pytest.approx(naive.dynamic(scores, gap, least_drop))


def test_the_dynamic_threshold_parts_two_bursts_from_noise_and_prunes_what_barely_differs() -> None:
    scores = np.random.default_rng(1).random(2_000)
    scores[500:510], scores[1_500:1_505] = 9.0, 8.9
    assert 1 < set_by("ndt", 0.13, scores).value < 8.9
    assert set_by("ndt", 0.95, scores).value == 9, "no drop is as large: nothing is kept"


def test_100_000_points_take_under_a_second() -> None:
    scores = np.random.default_rng(0).exponential(size=100_000)
    for rule, parameter in (("ndt", 0.13), ("pot", 1e-4), ("budget", 1.0)):
        began = time.perf_counter()
        set_by(rule, parameter, scores)
        assert time.perf_counter() - began < 3, "1 s is the goal; the machine may be busy"


@pytest.mark.parametrize("shape", [-0.2, 0.0, 0.3])
def test_peaks_over_threshold_finds_the_level_of_a_known_tail(shape: float) -> None:
    scores = genpareto.rvs(shape, scale=2.0, size=200_000, random_state=3)
    found = set_by("pot", 1e-4, scores)
    assert found.value == pytest.approx(genpareto.ppf(1 - 1e-4, shape, scale=2.0), rel=0.1)
    assert found.note.startswith("The tail fits")


def test_peaks_over_threshold_says_where_the_tail_is_no_tail() -> None:
    scores = np.concatenate([np.random.default_rng(0).random(5_000), np.full(90, 50.0), [60.0]])
    assert "does not fit" in set_by("pot", 1e-4, scores).note
    few = set_by("pot", 1e-4, np.arange(100.0))
    assert few.value == 99 and "too few to fit" in few.note


@given(data=st.data(), scores=records, gap=st.integers(0, 3), least=st.integers(1, 3))
def test_the_best_is_as_good_as_any_level_and_says_that_it_has_seen_the_labels(
    data: st.DataObject, scores: list[list[float]], gap: int, least: int
) -> None:
    labels = [data.draw(st.lists(st.booleans(), min_size=len(part), max_size=len(part))) for part in scores]
    if not any(map(any, labels)):
        return
    found = calibrate(evidence_of(*scores, labels=labels, gap=gap, least=least), "best", 0.0)
    levels = {x for part in scores for x in part if x == x}
    best = max(naive.agreement(scores, labels, level, gap, least) for level in levels)
    assert naive.agreement(scores, labels, found.value, gap, least) == pytest.approx(best)
    assert "labels in view" in found.note


def test_the_best_without_labels_is_refused() -> None:
    with pytest.raises(DataError, match="needs known anomalies"):
        set_by("best", 0.0, [1.0, 2.0])


@pytest.mark.parametrize("alarms", [1e20, 1e308])
def test_a_budget_of_more_alarms_than_steps_allows_one_a_step(alarms: float) -> None:
    assert calibrate(evidence_of([1.0, 0.0, 2.0]), "budget", alarms).note.startswith("At most 3 alarms in the 3 steps")
