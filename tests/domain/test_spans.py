"""Runs of steps: inverse to flags, joined, pruned and overlapping as loops have it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anomaly.domain.spans import fill_runs, find_runs, merge_runs, overlaps_any
from tests.naive import spans as naive
from tests.support.strategies import flag_lists, pairs


@given(flags=flag_lists)
def test_runs_and_flags_are_inverse(flags: list[bool]) -> None:
    runs = find_runs(np.array(flags, bool))
    assert pairs(runs) == naive.find_runs(flags)
    assert fill_runs(*runs, len(flags)).tolist() == flags


@given(flags=flag_lists, merge_gap=st.integers(0, 8), min_length=st.integers(1, 8))
def test_merging_and_pruning_agree_with_loops(flags: list[bool], merge_gap: int, min_length: int) -> None:
    found = merge_runs(*find_runs(np.array(flags, bool)), merge_gap, min_length)
    assert pairs(found) == naive.merge_runs(naive.find_runs(flags), merge_gap, min_length)


@given(one=flag_lists, other=flag_lists)
def test_runs_that_share_a_step_overlap(one: list[bool], other: list[bool]) -> None:
    found = overlaps_any(*find_runs(np.array(one, bool)), *find_runs(np.array(other, bool)))
    assert found.tolist() == [any(other[start:stop]) for start, stop in naive.find_runs(one)]
