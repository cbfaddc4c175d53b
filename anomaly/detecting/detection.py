"""What a detection found, and the two tables made of it: one place for columns, units and order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import pandas as pd

from anomaly.detecting.events import describe_event, find_flags
from anomaly.detecting.explanations import Explanation, explain
from anomaly.domain import (
    SIGNIFICANT_DIGITS,
    Dataset,
    DetectSettings,
    Event,
    Forecast,
    PartName,
    Scores,
    Span,
    Threshold,
    TimeAxis,
    format_times,
    round_figures,
    tell_apart,
)

MOST_NAMED = 3
BAND_DIGITS = 2
"""of the expected band that a prediction shows"""
PARTS: tuple[PartName, ...] = get_args(PartName)


@dataclass(frozen=True, eq=False)
class Detection:
    """All that charts, export, evaluation and pages read."""

    dataset: Dataset
    forecasts: tuple[Forecast, ...]
    scores: tuple[Scores, ...]
    threshold: Threshold
    events: tuple[Event, ...]
    """most severe first"""
    settings: DetectSettings
    """as used: `smoothing` and `merge_gap` are numbers here, and `budget_per` is a unit"""
    half_band: np.ndarray
    """(C,) own units: 99 % of the reference steps lie within predicted +- half_band"""
    ranges: np.ndarray
    """(2, C) own units: lowest and highest value of the train span"""
    unusual: tuple[Event, ...] = ()
    """the most unusual stretches where nothing was flagged, highest score first: no events"""

    def flags(self, record: int) -> np.ndarray:
        """(T,) bool: score > threshold."""
        return find_flags(self.scores[record].values, self.threshold.value)

    @property
    def scored_steps(self) -> int:
        """Steps that have a score, of all records."""
        return sum(int(np.isfinite(scores.values).sum()) for scores in self.scores)

    @property
    def no_score(self) -> str:
        """The headline where no step could be scored, and "no events" would be a false all-clear; else empty."""
        if self.scored_steps:
            return ""
        return (
            f"No step of {self.dataset.name} could be scored, so nothing is known of it: expected records longer than "
            "the forecaster needs to warm up, with values that are neither missing nor ignored."
        )

    @property
    def no_difference(self) -> str:
        """The headline where all scores are 0, those of the train span too: that no event lies above 0 would say too
        little; else empty."""
        if self.no_score or self.threshold.reference.any() or any(np.nansum(one.values) for one in self.scores):
            return ""
        told = ", ".join(self._say_alike(place) for place in range(min(len(self.half_band), MOST_NAMED)))
        more = f", and likewise {len(self.half_band) - MOST_NAMED:,} more" if len(self.half_band) > MOST_NAMED else ""
        return (
            f"Nothing can stand out of {self.dataset.name}: every score is 0, in the train span too, because {told}"
            f"{more}. A step that departs from that has a score above 0."
        )

    @property
    def nothing(self) -> str:
        """The headline where there is no event; else empty."""
        if self.events or self.no_score or self.no_difference:
            return self.no_score or self.no_difference
        at = "at this rate" if self.threshold.rule == "rate" else f"above a score of {self.threshold.value:.6g}"
        told = f"; the {len(self.unusual)} most unusual stretches are listed apart" if self.unusual else ""
        if any(self.flags(record).any() for record in range(len(self.scores))):
            # A least length or effect was asked for.
            return f"What stands out of {self.dataset.name} {at} is too short or too little to be an event{told}."
        return f"Nothing stands out of {self.dataset.name} {at}{told}."

    def _say_alike(self, place: int) -> str:
        name, (low, high) = self.dataset.monitored[place], self.ranges[:, place]
        if np.isnan(low):
            return f"{name} has no value there"
        if low == high:
            return f"{name} reads {low:.9g} all along"
        lowest, highest = tell_apart(low, high)
        varied = f"{name} varied from {lowest} to {highest}"
        by_rounding = self.half_band[place] == 0 and self.dataset.columns.every_kind[place] != "state"
        return f"{varied}, no more than by rounding" if by_rounding else f"{varied}, as was foreseen"

    @property
    def digits(self) -> tuple[int, ...]:
        """(C,) significant digits of predictions: as many as computers agree on, and more where a channel's values are
        so large beside what they vary by that the expected band would not show."""
        return tuple(
            max(SIGNIFICANT_DIGITS, int(np.ceil(np.log10(size) - np.log10(band))) + BAND_DIGITS)
            if np.isfinite(size) and size > 0 and 0 < band < np.inf
            else SIGNIFICANT_DIGITS
            for size, band in zip(self._sizes(), self.half_band, strict=True)
        )

    def _sizes(self) -> np.ndarray:
        """(C,) the largest |value|: of a counter, of which the train span has rises, in what is scored."""
        sizes = np.abs(self.ranges).max(0)
        for channel in self.forecasts[0].rises if self.forecasts else ():
            sizes[channel] = max(
                np.nanmax(np.abs(one.series.values[:, channel]), initial=0.0) for one in self.forecasts
            )
        return sizes

    def points(self) -> pd.DataFrame:
        """One line per row of the file, in time order within a record; per step where rows were resampled.

        record, time, score, threshold, flagged, then NAME and NAME_predicted for each monitored channel, then the parts
        of the score. Unknown is NaN; `flagged` is 0 where the score is unknown.
        """
        return pd.concat([self._record_points(record) for record in range(len(self.scores))], ignore_index=True)

    def _record_points(self, record: int) -> pd.DataFrame:
        series, forecast = self.dataset.series[record], self.forecasts[record]
        steps = series.row_steps if self.dataset.columns.step is None else np.arange(len(series))
        table = {
            "record": pd.Series([series.name], dtype="str").repeat(len(steps)).reset_index(drop=True),
            "time": format_times(series.times[steps], self.dataset.time_axis),
            "score": round_figures(self.scores[record].values)[steps],
            "threshold": round_figures(np.array([self.threshold.value])).repeat(len(steps)),
            "flagged": self.flags(record)[steps].astype(np.int64),
        }
        names = _observed_names(self.dataset.monitored, {*table, *(f"score_{part}" for part in PARTS)})
        for position, (channel, digits) in enumerate(zip(self.dataset.monitored, self.digits, strict=True)):
            table[names[position]] = series.values[steps, position]
            table[f"{channel}_predicted"] = round_figures(forecast.predicted[:, position], digits)[steps]
        parts = self.scores[record].parts
        table |= {f"score_{part}": round_figures(parts[part])[steps] for part in PARTS}
        return pd.DataFrame(table)

    def explain(self, event: Event) -> Explanation:
        return explain(
            event,
            self.forecasts[event.record],
            self.scores[event.record],
            self.threshold.reference,
            self.dataset.monitored,
            self.half_band,
            self.ranges,
            self.dataset.units,
        )

    def with_missed(self, missed: Sequence[tuple[int, Span]]) -> "Detection":
        """The detection with stretches (record, span) that a person marked, as events after the flagged ones."""
        added = [
            describe_event(record, span, self.forecasts[record], self.scores[record], self.dataset.monitored)
            for record, span in missed
        ]
        return replace(self, events=(*self.events, *added))

    def events_table(self, most: int | None = None) -> pd.DataFrame:
        """One line per event, most severe first and at most `most`: where, how severe, which channel, and why."""
        return self._table(self.events[:most])

    def unusual_table(self) -> pd.DataFrame:
        """The same of the most unusual stretches."""
        return self._table(self.unusual)

    def _table(self, events: tuple[Event, ...]) -> pd.DataFrame:
        axis = self.dataset.time_axis
        why = [self.explain(event) for event in events]
        columns = {
            "record": pd.Series([self.dataset.series[event.record].name for event in events], dtype="str"),
            "start": self._times(axis, events, [event.span.start for event in events]),
            "end": self._times(axis, events, [event.span.stop - 1 for event in events]),
            "points": np.array([len(event.span) for event in events], np.int64),
            "peak_time": self._times(axis, events, [event.peak for event in events]),
            "peak_score": round_figures(np.array([event.peak_score for event in events], float)),
            "channel": pd.Series([event.channel for event in events], dtype="str"),
            "direction": pd.Series([event.direction for event in events], dtype="str"),
            "observed": np.array([event.observed for event in events], float),
            "expected": np.array([self._round(event) for event in events], float),
            "kind": pd.Series([one.kind for one in why], dtype="str"),
            "why": pd.Series([one.sentence for one in why], dtype="str"),
        }
        return pd.DataFrame(columns)

    def _round(self, event: Event) -> float:
        """What was expected, to the digits that its channel is predicted with."""
        return float(round_figures(np.array(event.expected), self.digits[self.dataset.monitored.index(event.channel)]))

    def _times(self, axis: TimeAxis, events: Sequence[Event], steps: list[int]) -> np.ndarray | pd.Series:
        times = [self.dataset.series[event.record].times[step] for event, step in zip(events, steps, strict=True)]
        # One file may count in whole numbers and the next in fractions.
        kind = np.result_type(*(series.times.dtype for series in self.dataset.series))
        return format_times(np.array(times, kind), axis)


def _observed_names(channels: Sequence[str], fixed: set[str]) -> list[str]:
    """The column of each channel's values: its name, or NAME_observed where another column of the table has that name.

    A file may itself have channels called "score" or "flow_predicted": none may overwrite another.
    """
    taken = fixed | {f"{channel}_predicted" for channel in channels}
    free = set(channels) - taken
    names = []
    for channel in channels:
        name = channel
        while name in taken or (name in free and name != channel):
            name += "_observed"
        taken.add(name)
        names.append(name)
    return names
