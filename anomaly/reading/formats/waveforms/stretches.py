"""Stretches of a recording laid over each other, in a time that does not grow with how much they overlap: of a small
file, many may last as long as all of it."""

import heapq
from collections.abc import Sequence
from itertools import pairwise

import numpy as np


def mark(stretches: Sequence[tuple[int, int]], steps: int) -> np.ndarray:
    """(T,) int64: 1 at the steps that any stretch (first step, end) holds, as far as it lies within."""
    ends = np.clip(np.array(stretches, np.int64).reshape(-1, 2), 0, steps)
    ends = ends[ends[:, 0] < ends[:, 1]]
    begun, over = (np.bincount(ends[:, side], minlength=steps + 1) for side in (0, 1))
    return (np.cumsum(begun - over)[:steps] > 0).astype(np.int64)


def lay_over(stretches: Sequence[tuple[int, int]], values: Sequence[int], steps: int) -> np.ndarray:
    """(T,) int64: at each step the value of the last of the stretches (first step, end) that hold it, -1 where none
    does; all of them lie within the steps."""
    laid = np.full(steps, -1)
    order = sorted(range(len(stretches)), key=lambda place: stretches[place][0])
    bounds = sorted({bound for stretch in stretches for bound in stretch})
    heap: list[int] = []  # of those that have begun, the last in front
    taken = 0
    for first, end in pairwise(bounds):
        while taken < len(order) and stretches[order[taken]][0] <= first:
            heapq.heappush(heap, -order[taken])
            taken += 1
        while heap and stretches[-heap[0]][1] <= first:
            heapq.heappop(heap)
        if heap:
            laid[first:end] = values[-heap[0]]
    return laid
