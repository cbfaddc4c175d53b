"""Residuals (T, C) and stretch profiles -> how anomalous each step is (T,), and why.

The score is a sum of four named parts. Error: |residual| above its usual size, smoothed, and how far a single step lies
beyond the tail of the reference span: smoothing alone would hide a spike; the same of a forecast at coarser steps is
added, where there is one. Shape: how unlike every learnt stretch the stretches around the step are, for each width.
Level: how far their mean and spread lie from the usual; relation: the same of what is left of each channel when the
others are known. Each is measured in what chance makes of it, and enters by `weigh`: what chance alone may have made
hardly counts, and what is far beyond it does not drown the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from anomaly.detecting.smoothing import place_levels, smooth, spread_distances, spread_shares
from anomaly.detecting.usual import SPREAD_FLOOR, ResidualScale, Tail, Usual, mean_observed
from anomaly.domain import PartName, Profile, Profiles, Scores

BY_CHANCE: Mapping[str, float] = MappingProxyType(
    {"error": 4.0, "tail": 1.5, "shape": 2.0, "level": 1.0, "relation": 0.5}
)
"""the spreads beyond the usual that about nine of ten made series without anomalies reach at most: the same families as
in `benchmarks.silence`, measured part by part when the parts were chosen (dev/LOG.md)"""
FARTHEST = 1e100
"""times chance: beyond, a square would be no number"""


@dataclass(frozen=True, eq=False)
class Scorer:
    """Scores records against what is usual over the reference span."""

    residuals: ResidualScale
    surprise: float
    """mean smoothed surprise of a reference step"""
    error: Usual
    """of the smoothed surprise"""
    tail: Tail
    """of the surprise of single steps"""
    distances: tuple[Usual, ...]
    """of the stretches around a step, for each width"""
    width: int
    """smoothing width in steps"""
    window: str
    is_healthy: bool
    """whether a part of the data was chosen to learn from"""

    @classmethod
    def fit(
        cls,
        residuals: Sequence[np.ndarray],
        profiles: Sequence[Profiles],
        width: int,
        window: str,
        is_healthy: bool = False,
    ) -> "Scorer":
        """From the reference residuals (H, T, C), in standard deviations, and the profiles of every record; a span
        that `is_healthy` holds no anomaly."""
        scale = ResidualScale.fit(residuals)
        surprises = [scale.surprise(part) for part in residuals]
        raw = [mean_observed(part) for part in surprises]
        every = np.concatenate(raw)
        mean = Usual.of(every).mean
        # Peak hold lifts the mean: what a smoothed step usually has is known after a first round.
        mean = Usual.of(np.concatenate([smooth(part, width, window, mean) for part in raw])).mean
        error = Usual.of(np.concatenate([smooth(part, width, window, mean) for part in raw]))
        steps = [part.shape[1] for part in residuals]
        # What was not chosen to be healthy may hold an anomaly that lasts: it must not make itself usual.
        usual_distance = Usual.of if is_healthy else Usual.of_most
        distances = tuple(
            usual_distance(
                np.concatenate(
                    [spread_distances(one, length, window) for one, length in zip(alike, steps, strict=True)]
                ),
                SPREAD_FLOOR,
            )
            for alike in zip(*(one.shape for one in profiles), strict=True)
        )
        return cls(scale, mean, error, Tail.fit(surprises, is_healthy, width), distances, width, window, is_healthy)

    def tell_error(self, residuals: np.ndarray) -> np.ndarray:
        """(T,) the error part of one record's residuals (H, T, C) in what chance makes of it, not yet weighed; 0 where
        no channel is observed."""
        contributions = self.residuals.surprise(residuals)
        return self._tell_error(contributions, mean_observed(contributions))

    def _tell_error(self, contributions: np.ndarray, raw: np.ndarray) -> np.ndarray:
        smoothed = self.error.excess(smooth(raw, self.width, self.window, self.surprise))
        return smoothed / BY_CHANCE["error"] + self.tail.excess(contributions) / BY_CHANCE["tail"]

    def score(self, residuals: np.ndarray, profiles: Profiles, coarse: np.ndarray | float = 0.0) -> Scores:
        """Scores of one record from its residuals (H, T, C), in standard deviations, and profiles; `coarse` (T,) is
        what `tell_error` said of it at coarser steps.

        NaN where no channel is observed.
        """
        contributions = self.residuals.surprise(residuals)
        raw = mean_observed(contributions)
        unknown = np.where(np.isfinite(raw), 0.0, np.nan)
        error = self._tell_error(contributions, raw) + coarse
        parts: dict[PartName, np.ndarray] = {"error": weigh(error)}
        by_channel: dict[PartName, np.ndarray] = {}
        parts["shape"], by_channel["shape"] = self._score_shape(profiles.shape, contributions.shape)
        stretches: tuple[tuple[PartName, tuple[Profile, ...]], ...] = (
            ("level", profiles.level),
            ("relation", profiles.relation),
        )
        for name, found in stretches:
            parts[name], by_channel[name] = self._score_level(found, name, contributions.shape)
        parts = {name: part + unknown for name, part in parts.items()}
        return Scores(sum(parts.values(), np.zeros(len(raw))), contributions, parts, by_channel)

    def _score_shape(self, profiles: tuple[Profile, ...], size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """The part (T,) and its channels (T, C): the sum over all widths."""
        part, by_channel = np.zeros(size[0]), np.zeros(size, np.float32)
        for usual, profile in zip(self.distances, profiles, strict=True):
            found = weigh(usual.excess(spread_distances(profile, size[0], self.window)) / BY_CHANCE["shape"])
            part += found
            by_channel += (found[:, None] * spread_shares(profile, size[0], self.window)).astype(np.float32)
        return part, by_channel

    def _score_level(
        self, profiles: tuple[Profile, ...], name: PartName, size: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """The part (T,) and its channels (T, C): the largest of all widths."""
        part, by_channel = np.zeros(size[0]), np.zeros(size, np.float32)
        for profile in profiles:
            beyond = place_levels(profile, size[0], self.window) / BY_CHANCE[name]
            # Of slow changes a part of a file has seen few.
            found = weigh_slow(beyond) if self.is_healthy else weigh(beyond)
            larger = found > part
            if larger.any():
                part[larger] = found[larger]
                by_channel[larger] = (found[:, None] * spread_shares(profile, size[0], self.window))[larger]
        return part, by_channel


def weigh(times_chance: np.ndarray) -> np.ndarray:
    """log(1 + x^2) of what was found in what chance makes of it: 0.7 at x = 1, 4.6 at 10. Never infinite."""
    return np.log1p(np.minimum(times_chance, FARTHEST) ** 2)


def weigh_slow(times_chance: np.ndarray) -> np.ndarray:
    """log(1 + x): 0.7 at x = 1 as well, and 2.4 at 10: what a short train span did not show is news, but seldom all."""
    return np.log1p(np.minimum(times_chance, FARTHEST))
