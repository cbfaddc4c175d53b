"""Flags against labels, by steps and by events; the threshold rule `best` maximises the agreement."""

from dataclasses import dataclass

import numpy as np

from anomaly.domain import find_runs, overlaps_any


@dataclass(frozen=True)
class Agreement:
    """How flags or events agree with labels at one threshold. NaN marks what cannot be told."""

    found: int
    """known points flagged, or known events that a flagged event overlaps"""
    missed: int
    false: int
    """flagged points that are not known, or flagged events that overlap no known event"""

    @property
    def precision(self) -> float:
        """Share of what was flagged that is known; NaN where nothing was flagged."""
        flagged = self.found + self.false
        return self.found / flagged if flagged else float("nan")

    @property
    def recall(self) -> float:
        """Share of what is known that was flagged; NaN where nothing is known."""
        known = self.found + self.missed
        return self.found / known if known else float("nan")

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; NaN where nothing is known."""
        known = self.found + self.missed
        return 2 * self.found / (2 * self.found + self.false + self.missed) if known else float("nan")

    def __add__(self, other: "Agreement") -> "Agreement":
        return Agreement(self.found + other.found, self.missed + other.missed, self.false + other.false)


def evaluate_points(labels: np.ndarray, flags: np.ndarray) -> Agreement:
    """Agreement step by step: labels (T,) and flags (T,), both bool."""
    return Agreement(int((labels & flags).sum()), int((labels & ~flags).sum()), int((~labels & flags).sum()))


def evaluate_events(labels: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> Agreement:
    """Agreement by runs: a run of labels (T,) is found when one of the flagged spans [starts[i], stops[i]) overlaps it.

    A flagged span that overlaps none is false.
    """
    known_starts, known_stops = find_runs(labels)
    found = int(overlaps_any(known_starts, known_stops, starts, stops).sum())
    false = len(starts) - int(overlaps_any(starts, stops, known_starts, known_stops).sum())
    return Agreement(found, len(known_starts) - found, false)
