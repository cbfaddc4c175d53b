"""Scores, threshold and events. T steps, C monitored channels."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from anomaly.domain.spans import Span


@dataclass(frozen=True, eq=False)
class Scores:
    """How surprising each step of one record is."""

    values: np.ndarray
    """(T,) >= 0, unitless, high = anomalous, NaN = unknown; error + shape"""
    contributions: np.ndarray
    """(T, C) how far each channel's residual lies above its usual size, in spreads, before smoothing"""
    error: np.ndarray
    """(T,) the part of the score that is prediction error"""
    shape: np.ndarray
    """(T,) the part of the score that comes from stretches unlike the learnt ones"""
    shape_contributions: np.ndarray
    """(T, C) how far the stretch around the step lies above the usual distance, in spreads, by channel"""


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
