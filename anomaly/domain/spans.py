"""Runs of steps: found in flags, filled in again, joined, and looked up in each other."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Span:
    """Steps start, start + 1, ..., stop - 1 of one record."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def __contains__(self, step: int) -> bool:
        return self.start <= step < self.stop


def find_runs(flags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Starts and stops of the runs of True in flags (T,): run i is the steps [starts[i], stops[i])."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return edges[::2], edges[1::2]


def fill_runs(starts: np.ndarray, stops: np.ndarray, steps: int) -> np.ndarray:
    """The inverse of `find_runs`: (steps,) bool."""
    change = np.zeros(steps + 1, np.int64)
    np.add.at(change, starts, 1)
    np.add.at(change, stops, -1)
    return np.cumsum(change[:-1]) > 0


def merge_runs(starts: np.ndarray, stops: np.ndarray, merge_gap: int, min_length: int) -> tuple[np.ndarray, np.ndarray]:
    """Join runs with at most `merge_gap` steps between, then drop those of fewer than `min_length` steps."""
    if len(starts) == 0:
        return starts, stops
    apart = starts[1:] - stops[:-1] > merge_gap
    starts, stops = starts[np.concatenate([[True], apart])], stops[np.concatenate([apart, [True]])]
    long_enough = stops - starts >= min_length
    return starts[long_enough], stops[long_enough]


def overlaps_any(starts: np.ndarray, stops: np.ndarray, others: np.ndarray, other_stops: np.ndarray) -> np.ndarray:
    """(runs,) bool: whether each run [starts[i], stops[i]) shares a step with any of the others (sorted, disjoint)."""
    return np.searchsorted(others, stops, side="left") > np.searchsorted(other_stops, starts, side="right")
