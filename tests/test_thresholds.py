"""Each rule says what its threshold means; `threshold` is strict."""

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.events import find_flags
from anomaly.exceptions import DataError
from anomaly.thresholds import NORMAL_MAD, calibrate
from tests.strategies import score_lists

NAN = float("nan")


@given(values=score_lists.filter(lambda values: np.isfinite(values).any()), share=st.floats(0, 1))
def test_no_more_than_the_share_left_over_lies_above_a_quantile(values: list[float], share: float) -> None:
    reference = np.array(values)
    threshold = calibrate(reference, "quantile", share)
    known = reference[np.isfinite(reference)]
    flagged = find_flags(reference, threshold.value).sum()
    assert flagged < (1 - share) * (len(known) - 1) + 1 + 1e-9, "the fraction of a step counts as one"
    np.testing.assert_array_equal(threshold.reference, known)


@given(score=st.floats(0, 1e9), steps=st.integers(1, 50), share=st.floats(0, 1))
def test_a_quantile_flags_nothing_of_a_constant_score(score: float, steps: int, share: float) -> None:
    scores = np.full(steps, score)
    assert not find_flags(scores, calibrate(scores, "quantile", share).value).any()


def test_sigma_is_the_median_and_robust_standard_deviations() -> None:
    reference = [3.0, 1.0, NAN, 4.0, 1.5, 900.0, 2.6]
    known = [x for x in reference if x == x]
    middle = statistics.median(known)
    deviation = NORMAL_MAD * statistics.median(abs(x - middle) for x in known)
    assert calibrate(np.array(reference), "sigma", 2.5).value == pytest.approx(middle + 2.5 * deviation)


def test_sigma_of_normal_scores_is_about_their_standard_deviation() -> None:
    reference = np.random.default_rng(0).normal(10, 2, 100_000)
    assert calibrate(reference, "sigma", 3).value == pytest.approx(16, abs=0.1)


def test_sigma_takes_the_plain_deviation_where_most_scores_are_equal() -> None:
    reference = np.array([0.0] * 9 + [10.0])
    assert calibrate(reference, "sigma", 2).value == pytest.approx(2 * 3.0)


def test_a_value_is_the_threshold_itself_even_without_a_reference() -> None:
    assert calibrate(np.array([NAN]), "value", 2.5).value == 2.5


@pytest.mark.parametrize("rule", ["quantile", "sigma"])
def test_a_rule_that_needs_a_reference_says_so_where_there_is_none(rule: str) -> None:
    with pytest.raises(DataError, match="use the rule 'value'"):
        calibrate(np.array([NAN, NAN]), rule, 0.5)
