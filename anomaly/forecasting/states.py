"""A channel of few states: which it has, how long it stays in each, and how probable what is observed is.

A state is judged by probability, not by distance: state 4 is no farther from 1 than 2 is. Four things make a step
improbable, and the most improbable counts. The state is rare, and was entered a few times at most. It was hardly ever
entered from the one before. It has lasted longer than its stays do: beyond the second longest, so that one fault that
was learnt from does not make faults usual, an exponential tail is taken to go on. Or the forecaster foresaw another,
and so clearly that chance, of which changes always have some, does not explain it.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from anomaly.domain import DataError

MOST_STATES = 12
FEWEST_STAYS = 4
"""from so many on it is known how long a stay lasts"""
LEAST_SPREAD = 0.1
"""of the second longest stay: what lasts that much longer is not yet odd"""
FAMILIAR = 3
"""entries that make a rare state half as surprising, as the logarithm of its probability"""


@dataclass(frozen=True)
class States:
    """What is learnt of one channel over the train span. K states."""

    values: tuple[float, ...]
    """(K,) ascending"""
    counts: tuple[int, ...]
    """(K,) steps in each"""
    changes: tuple[tuple[int, ...], ...]
    """(K, K) steps from one to another, on the diagonal those that stayed"""
    longest: tuple[float, ...]
    """(K,) steps of the second longest stay in each"""
    spread: tuple[float, ...]
    """(K,) standard deviation of the stays but the longest, in steps; 0 where too few are known"""

    def __post_init__(self) -> None:
        size = len(self.values)
        told = (self.counts, self.changes, self.longest, self.spread, *self.changes)
        if not size or any(len(one) != size for one in told):
            raise ValueError("states: expected as many of each as there are values, one at least")
        if min(map(min, (self.counts, self.longest, self.spread, *self.changes))) < 0 or sum(self.counts) < 1:
            raise ValueError("states: expected counts and lengths from 0 up")
        if not np.isfinite([*self.values, *self.longest, *self.spread]).all() or (np.diff(self.values) <= 0).any():
            raise ValueError("states: expected finite numbers, the values in ascending order")

    @classmethod
    def learn(cls, records: list[np.ndarray], name: str) -> "States":
        """From the train span (T,) of every record, NaN = missing. Raises DataError where there are too many."""
        parts = [values[np.isfinite(values)] for values in records]
        values = np.unique(np.concatenate(parts))
        if len(values) > MOST_STATES:
            raise DataError(
                f"Channel {name!r} has {len(values):,} different values: expected at most {MOST_STATES} in a state. "
                f"Make it another kind, such as {name}=value."
            )
        size = len(values)
        counts, changes = np.zeros(size, np.int64), np.zeros((size, size), np.int64)
        stays: list[list[np.ndarray]] = [[] for _ in range(size)]
        for part in parts:
            places = np.searchsorted(values, part)
            counts += np.bincount(places, minlength=size)
            np.add.at(changes, (places[:-1], places[1:]), 1)
            starts = np.flatnonzero(np.diff(places, prepend=-1))
            lengths = np.diff(np.append(starts, len(places)))
            for state in range(size):
                stays[state].append(lengths[places[starts] == state])
        ends = [_end_of(np.sort(np.concatenate([np.empty(0), *one]))) for one in stays]
        return cls(
            tuple(values.tolist()),
            tuple(counts.tolist()),
            tuple(map(tuple, changes.tolist())),
            tuple(longest for longest, _ in ends),
            tuple(spread for _, spread in ends),
        )

    @property
    def parts(self) -> int:
        """How many indicators tell the state: the most frequent of several is where none of the others is."""
        return max(1, len(self.values) - 1)

    @property
    def _ranks(self) -> np.ndarray:
        """(K,) the place of each state by frequency, so that what states are called changes nothing."""
        return np.argsort(np.argsort(-np.array(self.counts), kind="stable"))

    def place(self, values: np.ndarray) -> np.ndarray:
        """(T,) observed values -> the place of the nearest state; 0 where missing."""
        middles = (np.array(self.values[1:]) + np.array(self.values[:-1])) / 2
        return np.searchsorted(middles, np.nan_to_num(values, nan=-np.inf))

    def indicate(self, values: np.ndarray) -> np.ndarray:
        """(T,) -> (T, parts) 1 in the part of the state, else 0; NaN where missing."""
        told = np.eye(len(self.values))[self._ranks[self.place(values)]]
        told = told if len(self.values) < 2 else told[:, 1:]
        return np.where(np.isnan(values)[:, None], np.nan, told)

    def probabilities(self, indicators: np.ndarray) -> np.ndarray:
        """Predicted indicators (..., parts) -> (..., K) probability of each state, NaN where not known."""
        others = np.clip(indicators, 0.0, 1.0)
        if len(self.values) < 2:
            return np.where(np.isnan(others), np.nan, 1.0)
        usual = np.clip(1 - others.sum(-1, keepdims=True), 0.0, 1.0)
        every = np.concatenate([usual, others], -1)[..., self._ranks]
        return every / np.maximum(every.sum(-1, keepdims=True), np.finfo(float).tiny)

    def surprise(self, values: np.ndarray, foreseen: np.ndarray) -> np.ndarray:
        """Observed (T,) and the forecaster's probability of it (H, T) -> (H, T) the number of standard deviations that
        a normal quantity strays from its mean as rarely as this happens; NaN where either is unknown."""
        known = np.flatnonzero(np.isfinite(values))
        surprise = np.full(foreseen.shape, np.nan)
        if len(known):
            observed = values[known]
            usual = np.minimum(self._rarity(observed), self._tail(observed))
            chance = np.minimum(self._against_chance(observed, foreseen[:, known]), usual)
            surprise[:, known] = np.where(np.isnan(foreseen[:, known]), np.nan, -ndtri(chance / 2))
        return surprise

    def _rarity(self, observed: np.ndarray) -> np.ndarray:
        """(T,) probability of the state itself, and of how it was entered, while it lasts."""
        steps, entered = np.array(self.counts), np.array(self.changes)
        np.fill_diagonal(entered, 0)
        # One stay is taken out: it may be the one that is judged.
        others = np.maximum(entered.sum(0) - 1, 0)
        share = np.clip((others + 0.5) / (others + 1) * steps / steps.sum(), 0.5 / steps.sum(), 1.0)
        rare = share ** (1 / (1 + others / FAMILIAR))
        places = self.place(observed)
        starts, stay = _stays(places)
        rare = np.where(self._is_known(observed), rare[places], 0.5 / steps.sum())
        ways = (entered + 0.5) / (entered.sum(1, keepdims=True) + 0.5)
        way = np.ones(len(starts))
        way[1:] = ways[places[starts[:-1]], places[starts[1:]]]
        return np.minimum(rare, way[stay])

    def _is_known(self, observed: np.ndarray) -> np.ndarray:
        return np.array(self.values)[self.place(observed)] == observed

    def _tail(self, observed: np.ndarray) -> np.ndarray:
        """(T,) probability that a stay lasts as long as this one has."""
        places = self.place(observed)
        starts, stay = _stays(places)
        lasted = np.arange(len(places)) - starts[stay] + 1
        longest, spread = np.array(self.longest)[places], np.array(self.spread)[places]
        beyond = np.divide(np.maximum(lasted - longest, 0.0), spread, out=np.zeros(len(places)), where=spread > 0)
        with np.errstate(under="ignore"):
            return np.exp(-beyond)

    def _against_chance(self, observed: np.ndarray, foreseen: np.ndarray) -> np.ndarray:
        """(H, T) how much less probable the forecaster held what is observed than its share among what follows the
        state before; 1 where it did not."""
        places, changes = self.place(observed), np.array(self.changes, float)
        floor = 0.5 / max(changes.sum(), 1.0)
        share = np.ones(len(places))
        usual = (changes + 0.5) / (changes.sum(1, keepdims=True) + 0.5)
        share[1:] = usual[places[:-1], places[1:]]
        with np.errstate(invalid="ignore"):
            return np.minimum(np.maximum(foreseen, floor) / share, 1.0)


def _stays(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places (T,) of states -> the first step of every stay, and (T,) the stay that each step is of."""
    is_first = np.diff(places, prepend=-1) != 0
    return np.flatnonzero(is_first), np.cumsum(is_first) - 1


def _end_of(lengths: np.ndarray) -> tuple[float, float]:
    """Of sorted stays (N,): the second longest, and the spread of all but the longest."""
    if len(lengths) < FEWEST_STAYS:
        return 0.0, 0.0
    others = lengths[:-1]
    return float(others[-1]), float(max(others.std(), LEAST_SPREAD * others[-1], 1.0))
