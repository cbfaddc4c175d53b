"""Scores, threshold and events. T steps, C monitored channels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from anomaly.domain.spans import Span

PartName = Literal["error", "shape", "level", "relation"]
"""of the score: what the forecaster did not foresee; stretches unlike the learnt ones; means and spreads of stretches;
what is left of a channel when the others are known"""


@dataclass(frozen=True, eq=False)
class Scores:
    """How surprising each step of one record is."""

    values: np.ndarray
    """(T,) >= 0, unitless, high = anomalous, NaN = unknown: the sum of the parts"""
    contributions: np.ndarray
    """(T, C) how far each channel's residual lies above its usual size, in spreads, before smoothing"""
    parts: Mapping[PartName, np.ndarray]
    """(T,) >= 0 each"""
    by_channel: Mapping[PartName, np.ndarray]
    """(T, C) float32: the parts shared out among the channels; of the error there are the contributions"""

    def leading_part(self, step: int) -> PartName:
        """The largest part of the score at one step."""
        return max(self.parts, key=lambda name: float(np.nan_to_num(self.parts[name][step])))

    def shared_out(self, part: PartName) -> np.ndarray:
        """(T, C) what each channel has of a part."""
        return self.contributions if part == "error" else self.by_channel[part]


@dataclass(frozen=True, eq=False)
class Threshold:
    """A step is flagged when score > value."""

    value: float
    rule: str
    parameter: float
    reference: np.ndarray
    """(N,) the finite reference scores"""
    note: str = ""
    """a remark for the reader on how the value was found; may be empty"""


@dataclass(frozen=True)
class Event:
    """One stretch of one record that was flagged."""

    record: int
    """position of the record in the dataset"""
    span: Span
    peak: int
    """its most surprising step, before smoothing; channel, direction, observed and expected are of this step"""
    peak_score: float
    """the highest score of the event, which smoothing may have put at another step"""
    channel: str
    """the channel that contributed most at the peak"""
    direction: Literal["above", "below"]
    """whether observed lay above or below expected"""
    observed: float
    """the channel's value at the peak, NaN = missing"""
    expected: float
