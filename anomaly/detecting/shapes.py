"""Stretches of values against those of the train span: what is odd only as a whole.

A forecaster follows its input: a few steps into a wrong rhythm or a flat line, each next step is easily foreseen again.
So each stretch of `width` steps is also compared with its nearest neighbour among learnt ones, level removed. A stretch
far from all others is a discord (Keogh, Lin & Fu 2005); the distances are the matrix profile (Yeh et al. 2016), here
of every few steps and to a sample of the learnt stretches.
"""

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from anomaly.domain import Profile

PLACES = 10
"""stretches begin every `width` / PLACES steps: a stretch and one a tenth of it later look alike"""
MOST_STRETCHES = 1_000
LEAST_OBSERVED = 0.5
"""of a stretch's cells; with less there is nothing to compare"""
BATCH_VALUES = 4_000_000


@dataclass(frozen=True, eq=False)
class Shapes:
    """Learnt stretches, all of one width."""

    width: int
    stretches: np.ndarray
    """(K, width, C) float32, each channel's own mean removed, NaN = missing"""
    starts: np.ndarray
    """(K,) the first step of each in its record"""
    firsts: np.ndarray
    """(K, C) float32 the values of that step"""

    @classmethod
    def learn(cls, records: list[np.ndarray], outages: list[np.ndarray], width: int) -> "Shapes":
        """Stretches all over the train spans (T, C) of every record, in standard deviations, NaN = missing.

        `outages` are, per record, the steps that come late after the step before: no stretch goes across one.
        """
        places = np.array(
            [
                (record, start)
                for record, (values, late) in enumerate(zip(records, outages, strict=True))
                for start in _unbroken(len(values), width, late)
            ],
            np.int64,
        ).reshape(-1, 2)
        if len(places) > MOST_STRETCHES:
            places = places[np.linspace(0, len(places) - 1, MOST_STRETCHES).round().astype(int)]
        stretches = [cut(records[record], np.array([start]), width) for record, start in places]
        channels = records[0].shape[1]
        firsts = [records[record][start] for record, start in places]
        return cls(
            width,
            np.concatenate([np.empty((0, width, channels), np.float32), *stretches]),
            places[:, 1],
            np.array(firsts, np.float32).reshape(-1, channels),
        )

    def compare(self, values: np.ndarray, outages: np.ndarray) -> Profile:
        """Profile of one record (T, C) in standard deviations; NaN for stretches across an outage.

        Where the record holds a learnt stretch itself, it is not a neighbour of the stretches that overlap it: what was
        learnt is compared with the rest of what was learnt.
        """
        starts = np.arange(0, len(values) - self.width + 1, _stride(self.width))
        distances, shares = np.full(len(starts), np.nan), np.zeros((len(starts), values.shape[1]))
        if len(starts) and len(self.stretches):
            own = self._find_own(values)
            cells = self.width * values.shape[1]
            size = max(16, BATCH_VALUES // max(cells, len(self.stretches)))
            for first in range(0, len(starts), size):
                part = slice(first, first + size)
                near = self._pairs_that_overlap(starts[part], own)
                distances[part], shares[part] = self._compare(cut(values, starts[part], self.width), near)
            broken = ~np.isin(starts, _unbroken(len(values), self.width, outages))
            distances[broken], shares[broken] = np.nan, 0.0
        return Profile(self.width, starts, distances, shares)

    def _find_own(self, values: np.ndarray) -> np.ndarray:
        """Learnt stretches that begin in this record as they did where they were learnt; in time order.

        Told by their first step alone: how a stretch goes on must not change what is said of the steps before.
        """
        order = np.argsort(self.starts, kind="stable")
        there = order[self.starts[order] < len(values)]
        held, learnt = values[self.starts[there]].astype(np.float32), self.firsts[there]
        return there[((held == learnt) | (np.isnan(held) & np.isnan(learnt))).all(1)]

    def _pairs_that_overlap(self, asked: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Positions in `asked` (B,) first steps, and of the learnt stretches, of every pair that shares a step."""
        first = np.searchsorted(self.starts[own], asked - self.width, side="right")
        count = np.searchsorted(self.starts[own], asked + self.width, side="left") - first
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        return np.repeat(np.arange(len(asked)), count), own[np.repeat(first, count) + within]

    @threadpool_limits.wrap(limits=1, user_api="blas")
    def _compare(self, asked: np.ndarray, near: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """(B,) distances and (B, C) shares of stretches (B, width, C); the pairs `near` are no neighbours."""
        squared = _mean_squares(asked, self.stretches)
        squared[near] = np.inf
        nearest = squared.argmin(1)
        # Once more and exactly: the products above round differently in batches of another size.
        difference = asked - self.stretches[nearest]
        observed = np.isfinite(difference)
        apart = np.square(np.where(observed, difference, 0)).sum(1, dtype=np.float64)
        total = apart.sum(1)
        found = np.isfinite(squared[np.arange(len(asked)), nearest])
        mean = np.divide(total, observed.sum((1, 2)), out=np.full(len(asked), np.nan), where=found)
        told = (found & (total > 0))[:, None]
        return np.sqrt(mean), np.divide(apart, total[:, None], out=np.zeros(apart.shape), where=told)


def cut(values: np.ndarray, starts: np.ndarray, width: int) -> np.ndarray:
    """(T, C) -> (G, width, C) float32: the stretches beginning at `starts`, each channel's mean removed."""
    stretches = np.lib.stride_tricks.sliding_window_view(values, width, axis=0)[starts].swapaxes(1, 2)
    known = np.isfinite(stretches)
    total = np.where(known, stretches, 0.0).sum(1, keepdims=True, dtype=np.float64)
    level = total / np.maximum(known.sum(1, keepdims=True), 1)
    return (stretches - level).astype(np.float32)


def _unbroken(steps: int, width: int, outages: np.ndarray) -> np.ndarray:
    """First steps of the stretches that no outage interrupts.

    Where most stretches would hold one, uneven times are how the record was taken, and interrupt nothing.
    """
    starts = np.arange(0, steps - width + 1, _stride(width))
    if len(outages) * width > steps:
        return starts
    return starts[np.searchsorted(outages, starts, side="right") == np.searchsorted(outages, starts + width)]


def _stride(width: int) -> int:
    return max(1, width // PLACES)


def _mean_squares(asked: np.ndarray, learnt: np.ndarray) -> np.ndarray:
    """(B, K) mean squared difference over the cells known in both; inf where those are too few."""
    q, r = asked.reshape(len(asked), -1), learnt.reshape(len(learnt), -1)
    q_known, r_known = np.isfinite(q), np.isfinite(r)
    if q_known.all() and r_known.all():
        squares = (q**2).sum(1)[:, None] + (r**2).sum(1) - 2 * q @ r.T
        return np.maximum(squares, 0) / q.shape[1]
    q, r = np.nan_to_num(q), np.nan_to_num(r)
    q_cells, r_cells = q_known.astype(np.float32), r_known.astype(np.float32)
    squares = q**2 @ r_cells.T + q_cells @ (r**2).T - 2 * q @ r.T
    cells = q_cells @ r_cells.T
    enough = cells >= LEAST_OBSERVED * q.shape[1]
    return np.where(enough, np.maximum(squares, 0) / np.maximum(cells, 1), np.inf)
