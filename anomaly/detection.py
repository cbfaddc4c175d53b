"""What a detection found, and the two tables made of it: one place for columns, units and order."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from anomaly.domain import Dataset, Event, Forecast, Scores, Threshold, TimeAxis
from anomaly.events import find_flags
from anomaly.settings import DetectSettings
from anomaly.times import format_times

SIGNIFICANT_DIGITS = 6
"""of every computed figure in a table: beyond them, processors and thread counts disagree"""


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
    """as used: `smoothing` is a number here"""
    half_band: np.ndarray
    """(C,) own units: 99 % of the reference steps lie within predicted +- half_band"""

    def flags(self, record: int) -> np.ndarray:
        """(T,) bool: score > threshold."""
        return find_flags(self.scores[record].values, self.threshold.value)

    def points(self) -> pd.DataFrame:
        """One line per row of the file, in time order within a record.

        record, time, score, threshold, flagged, then NAME and NAME_predicted for each monitored channel. Unknown is
        NaN; `flagged` is 0 where the score is unknown.
        """
        return pd.concat([self._record_points(record) for record in range(len(self.scores))], ignore_index=True)

    def _record_points(self, record: int) -> pd.DataFrame:
        series, forecast = self.dataset.series[record], self.forecasts[record]
        steps = series.row_steps
        table = {
            "record": pd.Series([series.name], dtype="str").repeat(len(steps)).reset_index(drop=True),
            "time": format_times(series.times[steps], self.dataset.time_axis),
            "score": round_figures(self.scores[record].values)[steps],
            "threshold": round_figures(np.array([self.threshold.value])).repeat(len(steps)),
            "flagged": self.flags(record)[steps].astype(np.int64),
        }
        for position, channel in enumerate(self.dataset.monitored):
            # A channel of the file may itself be called "score": both columns are kept.
            table[channel if channel not in table else f"{channel}_observed"] = series.values[steps, position]
            table[f"{channel}_predicted"] = round_figures(forecast.predicted[:, position])[steps]
        return pd.DataFrame(table)

    def events_table(self) -> pd.DataFrame:
        """One line per event, most severe first: record, start, end (last step), points, peak, channel, figures."""
        axis = self.dataset.time_axis
        series = [self.dataset.series[event.record] for event in self.events]
        columns = {
            "record": pd.Series([one.name for one in series], dtype="str"),
            "start": self._times(axis, [event.span.start for event in self.events]),
            "end": self._times(axis, [event.span.stop - 1 for event in self.events]),
            "points": np.array([len(event.span) for event in self.events], np.int64),
            "peak_time": self._times(axis, [event.peak for event in self.events]),
            "peak_score": round_figures(np.array([event.peak_score for event in self.events], float)),
            "channel": pd.Series([event.channel for event in self.events], dtype="str"),
            "direction": pd.Series([event.direction for event in self.events], dtype="str"),
            "observed": np.array([event.observed for event in self.events], float),
            "expected": round_figures(np.array([event.expected for event in self.events], float)),
        }
        return pd.DataFrame(columns)

    def _times(self, axis: TimeAxis, steps: list[int]) -> np.ndarray | pd.Series:
        times = [self.dataset.series[event.record].times[step] for event, step in zip(self.events, steps, strict=True)]
        return format_times(np.array(times, self.dataset.series[0].times.dtype), axis)


def round_figures(values: np.ndarray) -> np.ndarray:
    """float64 rounded to SIGNIFICANT_DIGITS; NaN stays NaN."""
    values = np.asarray(values, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        places = SIGNIFICANT_DIGITS - 1 - np.floor(np.log10(np.abs(values)))
    # Scaling by a whole power of ten, up or down, gives the double nearest to the decimal figure.
    up = 10.0 ** np.clip(np.nan_to_num(places, posinf=0), 0, 300)
    down = 10.0 ** np.clip(np.nan_to_num(-places, posinf=0, neginf=0), 0, 300)
    return np.where(np.isfinite(places), np.round(values / down * up) / up * down, values)
