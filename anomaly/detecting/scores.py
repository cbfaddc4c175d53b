"""Residuals (T, C) and stretch profiles -> how anomalous each step is (T,), and why.

The score is the logarithm of 1 + the sum of four named parts. Error: |residual| above its usual size, smoothed, and how
far a single step lies beyond the tail of the reference span: smoothing alone would hide a spike. Shape: how unlike
every learnt stretch the stretches around the step are. Level: how far their mean and spread lie from the usual;
relation: the same of what is left of each channel when the others are known. Each part is measured against its own
usual size over the reference span, and 1 is about the most that chance makes of it in a record of some thousand steps.
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
"""the spreads beyond the usual that nine of ten series of every made family reach at most (`benchmarks.silence`)"""


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
        distances = tuple(
            Usual.of(
                np.concatenate(
                    [spread_distances(one, length, window) for one, length in zip(alike, steps, strict=True)]
                ),
                SPREAD_FLOOR,
            )
            for alike in zip(*(one.shape for one in profiles), strict=True)
        )
        return cls(scale, mean, error, Tail.fit(surprises, is_healthy, width), distances, width, window)

    def score(self, residuals: np.ndarray, profiles: Profiles) -> Scores:
        """Scores of one record from its residuals (H, T, C), in standard deviations, and profiles.

        NaN where no channel is observed.
        """
        contributions = self.residuals.surprise(residuals)
        raw = mean_observed(contributions)
        unknown = np.where(np.isfinite(raw), 0.0, np.nan)
        smoothed = self.error.excess(smooth(raw, self.width, self.window, self.surprise))
        error = smoothed / BY_CHANCE["error"] + self.tail.excess(contributions) / BY_CHANCE["tail"]
        parts: dict[PartName, np.ndarray] = {"error": error}
        by_channel: dict[PartName, np.ndarray] = {}
        parts["shape"], by_channel["shape"] = self._score_shape(profiles.shape, contributions.shape)
        parts["level"], by_channel["level"] = self._score_level(profiles.level, "level", contributions.shape)
        parts["relation"], by_channel["relation"] = self._score_level(
            profiles.relation, "relation", contributions.shape
        )
        parts = {name: part + unknown for name, part in parts.items()}
        return Scores(np.log1p(sum(parts.values())), contributions, parts, by_channel)

    def _score_shape(self, profiles: tuple[Profile, ...], size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """The part (T,) and its channels (T, C): the sum over all widths."""
        part, by_channel = np.zeros(size[0]), np.zeros(size, np.float32)
        for usual, profile in zip(self.distances, profiles, strict=True):
            excess = usual.excess(spread_distances(profile, size[0], self.window)) / BY_CHANCE["shape"]
            part += excess
            by_channel += (excess[:, None] * spread_shares(profile, size[0], self.window)).astype(np.float32)
        return part, by_channel

    def _score_level(
        self, profiles: tuple[Profile, ...], name: PartName, size: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """The part (T,) and its channels (T, C): the largest of all widths."""
        part, by_channel = np.zeros(size[0]), np.zeros(size, np.float32)
        for profile in profiles:
            found = place_levels(profile, size[0], self.window) / BY_CHANCE[name]
            larger = found > part
            if larger.any():
                part[larger] = found[larger]
                by_channel[larger] = (found[:, None] * spread_shares(profile, size[0], self.window))[larger]
        return part, by_channel
