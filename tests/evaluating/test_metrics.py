"""Scores and events against labels: VUS-PR and affiliation as published, precision, recall and delays as counted."""

import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly.detecting.agreement import Agreement, evaluate_events, evaluate_points
from anomaly.detecting.events import find_flags
from anomaly.domain.spans import find_runs
from anomaly.evaluating.metrics import affiliation, auc_pr, detection_delays, precision_recall_curve, vus_pr
from tests.naive import metrics as naive
from tests.support.strategies import flag_lists, labels_and_scores

NAN = float("nan")
NONE = np.empty(0, int)
labels_and_flags = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40)
"""(label, flag) step by step"""


def split(both: list[tuple[bool, bool]]) -> tuple[np.ndarray, np.ndarray]:
    labels, flags = np.array(both, bool).reshape(-1, 2).T
    return labels, flags


def spans(*edges: int) -> tuple[np.ndarray, np.ndarray]:
    """start, stop, start, stop, ..."""
    return np.array(edges[::2], int), np.array(edges[1::2], int)


def with_runs(steps: int, *edges: int) -> np.ndarray:
    labels = np.zeros(steps, bool)
    for start, stop in zip(*spans(*edges), strict=True):
        labels[start:stop] = True
    return labels


def seconds_of(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@settings(max_examples=40)
@given(labelled=labels_and_scores(), buffer=st.integers(0, 7))
def test_vus_pr_agrees_with_the_published_loops(labelled: tuple[list[bool], list[float]], buffer: int) -> None:
    labels, scores = labelled
    expected = naive.vus_pr(labels, scores, buffer)
    assert vus_pr(np.array(labels), np.array(scores), buffer) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    "runs",
    [
        [(0, 3), (57, 60)],
        [(10, 12), (13, 15), (16, 17)],
        [(10, 20), (22, 23), (29, 40)],
        [(0, 60)],
        [(0, 1), (2, 3), (59, 60)],
    ],
    ids=["at both ends", "side by side", "buffers that meet", "all known", "buffers past the ends"],
)
@pytest.mark.parametrize("unknown", [False, True])
def test_vus_pr_agrees_with_the_published_loops_where_runs_touch(runs: list[tuple[int, int]], unknown: bool) -> None:
    rng = np.random.default_rng(0)
    labels = np.zeros(60, bool)
    for start, stop in runs:
        labels[start:stop] = True
    scores = rng.random(60) + 0.3 * labels
    if unknown:
        scores[[0, 1, 11, 30, 59]] = NAN
    expected = naive.vus_pr(labels.tolist(), scores.tolist(), 12)
    assert vus_pr(labels, scores, 12) == pytest.approx(expected, abs=1e-9)


def test_vus_pr_agrees_with_the_published_loops_where_ranks_are_skipped() -> None:
    rng = np.random.default_rng(1)
    labels = np.zeros(700, bool)
    labels[100:120] = labels[300:301] = labels[650:] = True
    scores = rng.random(700) + 0.5 * labels
    expected = naive.vus_pr(labels.tolist(), scores.tolist(), 5)
    assert vus_pr(labels, scores, 5) == pytest.approx(expected, abs=1e-9)


def test_vus_pr_depends_on_the_order_of_the_scores_alone_and_rewards_a_better_one() -> None:
    rng = np.random.default_rng(2)
    labels = np.zeros(400, bool)
    labels[150:180] = True
    scores = rng.random(400)
    plain = vus_pr(labels, scores, 10)
    assert vus_pr(labels, np.exp(5 * scores), 10) == plain
    assert plain < vus_pr(labels, scores + labels, 10)
    assert vus_pr(labels, labels.astype(float), 0) == pytest.approx(1)


@given(both=st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40))
def test_points_are_counted_one_by_one(both: list[tuple[bool, bool]]) -> None:
    labels, flags = split(both)
    found = evaluate_points(labels, flags)
    assert (found.found, found.missed, found.false) == tuple(
        both.count(kind) for kind in ((True, True), (True, False), (False, True))
    )


@given(labels=flag_lists, flags=flag_lists)
def test_a_known_run_is_found_when_a_flagged_one_shares_a_step(labels: list[bool], flags: list[bool]) -> None:
    found = evaluate_events(np.array(labels, bool), *find_runs(np.array(flags, bool)))
    known, flagged = naive.find_runs(labels), naive.find_runs(flags)
    hits = sum(any(flags[start:stop]) for start, stop in known)
    false = sum(not any(labels[start:stop]) for start, stop in flagged)
    assert (found.found, found.missed, found.false) == (hits, len(known) - hits, false)


def test_precision_recall_and_their_mean_are_the_textbook_ratios() -> None:
    agreement = Agreement(found=3, missed=1, false=2)
    assert agreement.precision == 3 / 5
    assert agreement.recall == 3 / 4
    assert agreement.f1 == pytest.approx(2 * (3 / 5) * (3 / 4) / (3 / 5 + 3 / 4))
    assert agreement + Agreement(1, 2, 3) == Agreement(4, 3, 5)


def test_a_ratio_of_nothing_is_unknown() -> None:
    assert np.isnan(Agreement(0, 0, 0).precision) and np.isnan(Agreement(0, 3, 0).precision)
    assert np.isnan(Agreement(0, 0, 2).recall) and np.isnan(Agreement(0, 0, 2).f1)
    assert Agreement(0, 3, 0).f1 == 0


def test_vus_pr_is_unknown_where_nothing_is_known() -> None:
    assert np.isnan(vus_pr(np.zeros(50, bool), np.arange(50.0), 5))


@pytest.mark.parametrize("share", [0.001, 0.05, 0.5], ids=["few runs", "many runs", "runs everywhere"])
def test_vus_pr_of_a_hundred_thousand_steps_is_a_matter_of_a_moment(share: float) -> None:
    rng = np.random.default_rng(3)
    labels = rng.random(100_000) < share
    scores = rng.random(100_000) + 0.3 * labels
    assert seconds_of(lambda: vus_pr(labels, scores, 100)) < 3


@given(labelled=labels_and_scores())
def test_auc_pr_is_the_average_precision_of_the_textbook(labelled: tuple[list[bool], list[float]]) -> None:
    labels, scores = labelled
    assert auc_pr(np.array(labels), np.array(scores)) == pytest.approx(naive.average_precision(labels, scores))


def test_auc_pr_is_1_for_a_perfect_order_and_the_share_known_for_none() -> None:
    labels = with_runs(50, 10, 15)
    assert auc_pr(labels, labels + np.linspace(0, 0.5, 50)) == 1
    assert auc_pr(labels, np.full(50, 3.0)) == pytest.approx(0.1)
    assert np.isnan(auc_pr(np.zeros(50, bool), np.arange(50.0)))


def test_auc_pr_takes_infinite_scores_and_ranks_unknown_ones_lowest() -> None:
    labels = np.array([True, False, True, False])
    assert auc_pr(labels, np.array([np.inf, -1e308, 1e308, NAN])) == 1
    assert auc_pr(labels, np.array([NAN, -1e308, 1e308, 0.0])) == pytest.approx((1 + 2 / 4) / 2)


@given(labelled=labels_and_scores(), points=st.integers(1, 70))
def test_the_curve_is_what_flagging_above_each_threshold_gives(
    labelled: tuple[list[bool], list[float]], points: int
) -> None:
    labels, scores = labelled
    curve = precision_recall_curve(np.array(labels), np.array(scores), points)
    expected = np.array(naive.precision_recall_curve(labels, scores, points), float).reshape(-1, 3)
    np.testing.assert_allclose(np.stack(curve, 1), expected)
    assert len(curve[0]) <= points
    for threshold, precision, recall in zip(*curve, strict=True):
        agreement = evaluate_points(np.array(labels), find_flags(np.array(scores), threshold))
        np.testing.assert_equal([precision, recall], [agreement.precision, agreement.recall])


def test_the_curve_falls_from_the_highest_score_to_the_lowest_and_recall_rises() -> None:
    rng = np.random.default_rng(4)
    labels = with_runs(1000, 200, 260)
    scores = rng.random(1000) + 0.5 * labels
    thresholds, precision, recall = precision_recall_curve(labels, scores)
    assert len(thresholds) == 200
    assert (thresholds[0], thresholds[-1]) == (scores.max(), scores.min())
    assert (np.diff(recall) >= 0).all()
    assert np.isnan(precision[0]) and (precision[1:] <= 1).all()
    ranks = np.searchsorted(np.sort(scores), thresholds)
    assert set(-np.diff(ranks)) == {5, 6}


def test_the_curve_of_unknown_scores_is_empty_and_recall_of_nothing_known_is_unknown() -> None:
    assert [len(part) for part in precision_recall_curve(np.ones(5, bool), np.full(5, NAN))] == [0, 0, 0]
    _, precision, recall = precision_recall_curve(np.zeros(5, bool), np.arange(5.0))
    assert np.isnan(recall).all() and (precision[1:] == 0).all()


@given(both=labels_and_flags)
def test_delays_are_counted_from_the_first_step_of_each_run_found(both: list[tuple[bool, bool]]) -> None:
    labels, flags = split(both)
    delays = detection_delays(labels, *find_runs(flags))
    assert delays.tolist() == naive.detection_delays(labels.tolist(), flags.tolist())
    assert len(delays) == evaluate_events(labels, *find_runs(flags)).found


def test_a_run_flagged_from_before_has_no_delay_and_a_run_not_found_none_to_report() -> None:
    labels = with_runs(60, 10, 20, 30, 35, 40, 50)
    assert detection_delays(labels, *spans(8, 12, 43, 44, 46, 60)).tolist() == [0, 3]
    assert detection_delays(labels, *spans(14, 45)).tolist() == [4, 0, 0]
    assert detection_delays(labels, *spans(8, 10, 12, 14)).tolist() == [2]
    assert detection_delays(labels, *spans(0, 10, 20, 30)).tolist() == []
    assert detection_delays(labels, NONE, NONE).tolist() == []


@given(both=labels_and_flags.filter(lambda both: any(label for label, _ in both)))
def test_affiliation_agrees_with_the_published_definition(both: list[tuple[bool, bool]]) -> None:
    labels, flags = split(both)
    found = affiliation(labels, *find_runs(flags))
    expected = naive.affiliation(labels.tolist(), flags.tolist())
    assert (found.precision, found.recall) == pytest.approx(expected, nan_ok=True)
    assert 0 <= found.recall <= 1 and 0 <= found.f1 <= 1
    assert 0 < found.precision <= 1 or not flags.any()


@given(labels=flag_lists.filter(any))
def test_affiliation_of_a_perfect_detection_is_1(labels: list[bool]) -> None:
    found = affiliation(np.array(labels), *find_runs(np.array(labels)))
    assert (found.precision, found.recall, found.f1) == (1, 1, 1)


@given(labels=flag_lists.filter(any))
def test_affiliation_of_flagging_nothing_has_no_precision_and_no_recall(labels: list[bool]) -> None:
    found = affiliation(np.array(labels), NONE, NONE)
    assert np.isnan(found.precision) and found.recall == 0 and found.f1 == 0


def test_affiliation_is_unknown_where_nothing_is_known() -> None:
    for steps in (0, 20):
        found = affiliation(np.zeros(steps, bool), *spans(*[3, 5][:steps]))
        assert np.isnan([found.precision, found.recall, found.f1]).all()


@given(start=st.integers(40, 60), length=st.integers(1, 10), near=st.integers(1, 28), farther=st.integers(1, 10))
def test_affiliation_is_higher_for_a_step_near_the_run_than_for_one_far_away(
    start: int, length: int, near: int, farther: int
) -> None:
    labels = with_runs(100, start, start + length)
    close, far = (affiliation(labels, *spans(start - d, start - d + 1)) for d in (near, near + farther))
    assert close.precision > far.precision and close.recall > far.recall and close.f1 > far.f1


def test_affiliation_by_hand() -> None:
    # Zones [0, 7) and [7, 12): step 6 is as far from either run and goes to the earlier.
    labels = with_runs(12, 3, 5, 8, 10)
    found = affiliation(labels, *spans(6, 8))
    # Step 6, two after the run: steps 0, 1 and 6 of seven are no nearer. Step 7, one before: 7, 10 and 11 of five.
    assert found.precision == pytest.approx((3 / 7 + 3 / 5) / 2)
    # From step 3: 0 and 6 of seven are 3 away; from 4: 0, 1, 2 and 6 are 2. From 8: all but itself; from 9: 7 and 11.
    assert found.recall == pytest.approx(((2 + 4) / 7 / 2 + (4 + 2) / 5 / 2) / 2)
    assert found.f1 == pytest.approx(2 * found.precision * found.recall / (found.precision + found.recall))


@pytest.mark.parametrize("flagged", [8, 11])
def test_affiliation_counts_no_step_of_another_zone_however_near(flagged: int) -> None:
    labels = with_runs(20, 8, 9, 11, 12)
    found = affiliation(labels, *spans(flagged, flagged + 1))
    assert (found.precision, found.recall) == (1, 0.5)


def test_affiliation_of_ten_thousand_zones_is_a_matter_of_a_moment() -> None:
    labels = np.arange(1_000_000) % 100 < 5
    flags = np.random.default_rng(5).random(1_000_000) < 0.3
    assert seconds_of(lambda: affiliation(labels, *find_runs(flags))) < 3
