"""Scores and events against labels: VUS-PR as published, precision and recall as counted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly.evaluation import Agreement, evaluate_events, evaluate_points, vus_pr
from anomaly.events import find_runs
from tests import naive
from tests.strategies import flag_lists, labels_and_scores

NAN = float("nan")


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
    labels, flags = np.array(both, bool).reshape(-1, 2).T
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
