"""From a dataset to what the network sees: train spans, scaling learnt from them alone, inputs without holes."""

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from anomaly.domain import (
    DataError,
    Dataset,
    FitSettings,
    Forecast,
    Profiles,
    SettingsError,
    TimeAxis,
    TimeSeries,
    axis_offset,
    format_times,
)
from anomaly.forecasting.calendar import NO_CALENDAR, Calendar
from anomaly.forecasting.parts import Parts
from anomaly.forecasting.scaling import Scaler

NO_PROFILES = Profiles()
VALIDATION_SHARE = 0.15
LARGEST = 1e9
"""standard deviations at which inputs and targets are clipped, so that their squares stay finite in float32"""
TIME_OF_DAY = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?")
DAY_OR_MONTH = re.compile(r"\d{1,2}\D\d{1,2}\D\d{2,4}\b")
NO_DATE = re.compile(r"\d{1,2}:\d{2}\D.*|\d{1,2}:\d{2}:\d{2}.*")
FEWEST_TRAIN_STEPS = 20
LEAST_WIDTH = 40
"""steps: a period of a few steps repeats within an anomaly and says nothing of how long one lasts"""
FEWEST_SHAPE_STEPS = 4
LONGEST_PERIOD = 300
FALLBACK_PERIOD = 125
"""steps; both as in TSB-AD's period search, the field's usual choice where nothing repeats"""


@dataclass(frozen=True, eq=False)
class Preparation:
    """How values become inputs: learnt once from the train span, applied to anything after. M parts are learnt of C
    channels (`anomaly.forecasting.parts`): one each, unless a channel's kind asks for more."""

    parts: Parts
    scaler: Scaler
    """of the M parts"""
    channels: Scaler
    """(C,) what a channel's residuals are measured in"""
    context: Scaler
    flagged: tuple[int, ...]
    """positions of the monitored channels that get a missing flag: those with holes in the train span"""
    order: tuple[int, ...]
    """the monitored channels as the network sees them: by name, so that their order in the file changes nothing"""
    context_order: tuple[int, ...]
    ranges: np.ndarray
    """(2, C) lowest and highest value of each monitored channel in the train span, own units, of a counter its rises;
    NaN = none observed"""
    calendar: Calendar = NO_CALENDAR
    """what of it the network sees; nothing in models of before"""

    @property
    def target_size(self) -> int:
        """M"""
        return len(self.parts.owners)

    @property
    def input_size(self) -> int:
        return self.target_size + len(self.context.mean) + len(self.flagged) + self.calendar.size

    @cached_property
    def part_order(self) -> np.ndarray:
        """(M,) the parts as the network sees them: channel by channel, in their `order`."""
        return np.concatenate([np.flatnonzero(self.parts.owners == channel) for channel in self.order])

    def inputs(self, series: TimeSeries, axis: TimeAxis) -> np.ndarray:
        """(T, D) float32, complete: the last observed values, context, missing flags (Lipton et al. 2016), calendar.

        Context and calendar come one step ahead: the state of a valve at t + 1 is an input to the prediction of the
        flow at t + 1.
        """
        values, context = (
            last_observed(np.where(np.isnan(scaler.scale), 0.0, scaler.transform(part)))
            for scaler, part in ((self.scaler, self.parts.split(series)), (self.context, series.context))
        )
        ahead = np.concatenate([context[1:], context[-1:]])[:, self.context_order]
        missing = np.isnan(series.counted[:, [channel for channel in self.order if channel in self.flagged]])
        every = np.concatenate([values[:, self.part_order], ahead, missing, self.calendar.inputs(series, axis)], 1)
        return np.clip(every, -LARGEST, LARGEST).astype(np.float32)

    def targets(self, series: TimeSeries) -> np.ndarray:
        """(T, M) float32 in standard deviations and in the network's order, NaN = not observed."""
        scaled = self.scaler.transform(self.parts.split(series))[:, self.part_order]
        return np.clip(scaled, -LARGEST, LARGEST).astype(np.float32)

    def make_forecast(self, series: TimeSeries, outputs: np.ndarray, profiles: Profiles = NO_PROFILES) -> Forecast:
        """Network outputs (H, T, M) of a record -> its forecast in the file's channel order and own units."""
        parts = self._own_parts(outputs)
        predicted = self.parts.join(parts, series)
        if self.parts.is_plain:
            return Forecast(series, predicted, profiles)
        return Forecast(
            series,
            predicted,
            profiles,
            self.parts.chances(parts, series),
            self.parts.kinds,
            self.parts.angles,
            self.parts.rises(series),
        )

    def predicted(self, outputs: np.ndarray, series: TimeSeries, first: int) -> np.ndarray:
        """Network outputs (H, L, M) of the steps of a record from `first` on -> (H, L, C) in own units."""
        return self.parts.join(self._own_parts(outputs), series, first)

    def _own_parts(self, outputs: np.ndarray) -> np.ndarray:
        return self.scaler.inverse(outputs[:, :, np.argsort(self.part_order)])

    def residuals(self, forecast: Forecast) -> np.ndarray:
        """Observed - predicted (H, T, C) in standard deviations; a state's by its probability."""
        foreseen = self.parts.foreseen(forecast)
        residuals = self.channels.transform(self.parts.observed(forecast.series)) - self.channels.transform(foreseen)
        self.parts.replace_surprises(residuals, forecast)
        return residuals

    @property
    def own_units(self) -> np.ndarray:
        """(C,) how many own units a standard deviation is: of a count at its mean, of a state none."""
        size = np.nan_to_num(self.channels.scale, nan=0.0)
        kinds = np.array(self.parts.kinds)
        size = np.where(kinds == "count", 2 * self.channels.mean * size, size)
        return np.where(kinds == "state", 0.0, size)

    def share_by_channel(self, shares: np.ndarray) -> np.ndarray:
        """(G, M) what each part has of something, in the network's order -> (G, C) each channel, in the file's."""
        own = shares[:, np.argsort(self.part_order)]
        if self.parts.is_plain:
            return own
        return np.stack([own[:, self.parts.owners == channel].sum(1) for channel in range(len(self.order))], 1)


def prepare(dataset: Dataset, train_stops: list[int]) -> Preparation:
    """Learn the scaling from the leading `train_stops[i]` steps of each record and nothing after."""
    spans = [series.until(stop) for series, stop in zip(dataset.series, train_stops, strict=True)]
    values = np.concatenate([series.counted for series in spans])
    context = np.concatenate([series.context for series in spans])
    if not np.isfinite(values).any():
        raise DataError(
            "The train span holds no observed value: every cell of "
            f"{', '.join(dataset.monitored)} is empty there. Choose a longer train span or other channels."
        )
    flagged = np.flatnonzero(np.isnan(values).any(0))
    parts = Parts.learn(dataset, spans)
    scaler = channels = Scaler.fit(values)
    told = values
    if not parts.is_plain:
        told = np.concatenate([parts.observed(series) for series in spans])
        learnt = np.concatenate([parts.split(series) for series in spans])
        scaler, channels = parts.fit_scaler(learnt), parts.fit_channels(told)
        told = np.where(np.array(parts.kinds) == "counter", told, values)
    return Preparation(
        parts,
        scaler,
        channels,
        Scaler.fit(context),
        tuple(int(channel) for channel in flagged),
        _order_by_name(dataset.columns.monitored),
        _order_by_name(dataset.columns.context),
        np.array([np.fmin.reduce(told), np.fmax.reduce(told)]),
    )


def _order_by_name(names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(names)), key=names.__getitem__))


def last_observed(values: np.ndarray) -> np.ndarray:
    """(T, C) with every NaN replaced by the last value before it, 0 where there is none."""
    if not np.isnan(values).any():
        return values
    return pd.DataFrame(values).ffill().fillna(0.0).to_numpy()


def find_train_stops(dataset: Dataset, settings: FitSettings) -> list[int]:
    """Where each record's train span [0, stop) ends. Raises SettingsError where they are too short to learn from."""
    lengths = [len(series) for series in dataset.series]
    if settings.train_rows is not None:
        if settings.train_rows > max(lengths):
            raise SettingsError(
                f"train_rows: expected at most {max(lengths):,}, the steps of the longest record, "
                f"found {settings.train_rows:,}."
            )
        stops = [min(settings.train_rows, length) for length in lengths]
    elif settings.train_until is not None:
        until = _parse_until(dataset, settings.train_until)
        stops = [int(np.searchsorted(series.times, until)) for series in dataset.series]
    else:
        stops = [int(length * (settings.train_fraction or 1)) for length in lengths]
    needed = FEWEST_TRAIN_STEPS + max(settings.horizons)
    if sum(stops) < needed:
        raise SettingsError(
            f"The train span is too short: expected at least {needed:,} steps to learn from with horizons "
            f"{', '.join(map(str, settings.horizons))}, found {sum(stops):,}. "
            "Choose a longer train span, or add records."
        )
    if max(stops) <= max(settings.horizons):
        raise SettingsError(
            f"horizons: no record has more than {max(settings.horizons)} train steps, so nothing that far ahead "
            f"can be learnt. Choose horizons below {max(stops)}."
        )
    return stops


def _parse_until(dataset: Dataset, text: str) -> np.datetime64 | float:
    """A time within the dataset, local to the file where it names no offset."""
    axis = dataset.time_axis
    first, last = min(one.times[0] for one in dataset.series), max(one.times[-1] for one in dataset.series)
    span = " to ".join(map(str, format_times(np.array([first, last]), axis)))
    until: np.datetime64 | float
    try:
        if axis.kind == "timestamp":
            until = _parse_stamp(text, (first + axis_offset(axis), last + axis_offset(axis)), axis, span)
        else:
            until = float(text)
    except ValueError:
        example = "2025-03-01T12:00:00" if axis.kind == "timestamp" else "1200"
        raise SettingsError(
            f"train_until: expected a time like those of column {axis.name!r}, such as {example}, found {text!r}."
        ) from None
    if not first < until <= last:
        raise SettingsError(f"train_until: expected a time within the file, which goes from {span}, found {text!r}.")
    return until


def _parse_stamp(text: str, local: tuple[np.datetime64, np.datetime64], axis: TimeAxis, span: str) -> np.datetime64:
    """In UTC where the axis is; a time of day alone is of the file's own day, which `local` times tell."""
    if TIME_OF_DAY.fullmatch(text.strip()):
        day, other = (time.astype("datetime64[D]") for time in local)
        if day != other:
            raise SettingsError(
                f"train_until: expected a date beside the time, for the file has several days, from {span}; found "
                f"{text!r}."
            )
        text = f"{day}T{text.strip():0>5}"
    if NO_DATE.fullmatch(text.strip()):  # as with an offset, or PM: it would be taken as today's
        raise ValueError(text)
    # Of any other form, ISO 8601 too, pandas would say that days do not come first, or read them so.
    days_first = axis.order == "day" and DAY_OR_MONTH.match(text.strip())
    stamp = pd.to_datetime(text, dayfirst=True) if days_first else pd.Timestamp(text)
    if not isinstance(stamp, pd.Timestamp):
        raise ValueError(text)
    if stamp.tzinfo:
        return stamp.tz_convert("UTC").tz_localize(None).to_datetime64()
    return stamp.to_datetime64() - axis_offset(axis)


def validation_start(train_stop: int) -> int:
    """Steps from here to the train span's end are held out for early stopping."""
    return train_stop - int(train_stop * VALIDATION_SHARE)


def find_dominant_period(records: list[np.ndarray]) -> int:
    """The period of complete records (T, C) in steps, or, where nothing repeats, one that is usual and fits."""
    longest = min(LONGEST_PERIOD, max(map(len, records)) // 3)
    fallback = min(FALLBACK_PERIOD, longest if longest >= 4 else max(1, max(map(len, records)) // 4))
    return find_period(records, LONGEST_PERIOD) or fallback


def find_period(records: list[np.ndarray], longest: int) -> int | None:
    """The lag of at most `longest` steps at which complete records (T, C) most resemble themselves; None where
    nothing repeats.

    The highest local peak of the autocorrelation (Wiener-Khinchin, by FFT), averaged over channels of the longest
    record.
    """
    values = max(records, key=len)[-50_000:]
    longest = min(longest, len(values) // 3)
    if longest < 4:
        return None
    mean = autocorrelate(values, longest)
    peaks = np.flatnonzero((mean[1:-1] >= mean[:-2]) & (mean[1:-1] > mean[2:])) + 1
    peaks = peaks[(peaks >= 3) & (mean[peaks] > 0.1)]
    if not len(peaks):
        return None
    # The first peak nearly as high as the highest: a multiple of the period resembles it as well as the period does.
    return int(peaks[mean[peaks] >= 0.9 * mean[peaks].max()][0])


def autocorrelate(values: np.ndarray, longest: int) -> np.ndarray:
    """(longest + 1,) autocorrelation of complete values (T, C) by lag, the mean over channels that move; 0 where none
    does."""
    centred = values - values.mean(0)
    spectrum = np.abs(np.fft.rfft(centred, 2 * len(values), axis=0)) ** 2
    correlation = np.fft.irfft(spectrum, axis=0)[: longest + 1]
    variance = correlation[0]
    alive = variance > 1e-12
    if not alive.any():
        return np.zeros(longest + 1)
    # Unbiased: a lag of k has T - k pairs.
    pairs = len(values) / (len(values) - np.arange(longest + 1))
    return (correlation[:, alive] / variance[alive]).mean(1) * pairs


def propose_width(period: int) -> int:
    """Steps to smooth over: the fewest whole periods that make LEAST_WIDTH."""
    return period * max(1, -(-LEAST_WIDTH // period))


def propose_shape_widths(period: int, train_steps: int) -> tuple[int, ...]:
    """Widths of the stretches to compare: one and two times what is smoothed over, where the train span has several."""
    longest = train_steps // 4
    widths = {min(times * propose_width(period), longest) for times in (1, 2)}
    return tuple(sorted(width for width in widths if width >= FEWEST_SHAPE_STEPS))
