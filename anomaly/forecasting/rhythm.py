"""Whether the weekday and the hour say anything of a train span: only then are they inputs.

A forecaster learns something of any input, if only by heart. So what each half of the weeks, or days, tells of the
other is measured first, on the mean of each hour. The hour alone, without a weekday that matters, is no input: the day
before tells as much of it, and detection was a little worse for it (dev/LOG.md).
"""

from dataclasses import replace

import numpy as np

from anomaly.domain import Dataset, FitSettings
from anomaly.forecasting.calendar import DAY, NO_CALENDAR, THURSDAY, Calendar, Part, days_of_week, written_times
from anomaly.forecasting.preparation import Preparation

HOUR = DAY // 24
LONGEST_STEP = DAY // 4
"""with longer ones there is no course of the day to see"""
FEWEST_WEEKS = 2
LEAST_BY_HOUR, LEAST_BY_WEEKDAY = 0.1, 0.1
"""share of the variance within days, or of what the hour leaves of that within weeks, that has to be foreseen in a
channel"""
BLOCK = 3
"""hours that are taken together where each day of the week has its own mean: a few weeks have few of each hour"""


def choose_calendar(dataset: Dataset, train_stops: list[int], settings: FitSettings, prepared: Preparation) -> Calendar:
    """What of the calendar tells something of what is learnt of the leading `train_stops[i]` steps of each record: of
    a counter its rises, of an angle its sine and cosine."""
    possible = find_possible(dataset, train_stops, settings)
    if not possible.parts:
        return possible
    spans = [(one, stop) for one, stop in zip(dataset.series, train_stops, strict=True) if stop]
    hourly = [
        _hourly_means(written_times(one.times[:stop], dataset.time_axis), prepared.parts.split(one.until(stop)))
        for one, stop in spans
    ]
    hours, means = (np.concatenate(part) for part in zip(*hourly, strict=True))
    values = prepared.scaler.transform(means)
    if share_by_weekday(hours, values, settings.holidays).max() < LEAST_BY_WEEKDAY:
        return replace(possible, parts=())
    matters = "hour" in possible.parts and share_by_hour(hours, values).max() >= LEAST_BY_HOUR
    return possible if matters else replace(possible, parts=("weekday",))


def find_possible(dataset: Dataset, train_stops: list[int], settings: FitSettings) -> Calendar:
    """What of the calendar the times of the train spans are enough for, whatever the values."""
    axis = dataset.time_axis
    if settings.calendar == "off" or not axis.is_calendar:
        return NO_CALENDAR
    times = [written_times(one.times[:stop], axis) for one, stop in zip(dataset.series, train_stops, strict=True)]
    gaps = np.concatenate([np.diff(one) for one in times])
    step = float(np.median(gaps)) if len(gaps) else 0.0
    days = len(np.unique(np.concatenate([np.unique(one // DAY) for one in times])))
    if not 0 < step <= DAY or days < 7 * FEWEST_WEEKS:
        return replace(NO_CALENDAR, holidays=settings.holidays)
    parts: tuple[Part, ...] = ("hour", "weekday") if step <= LONGEST_STEP else ("weekday",)
    return Calendar(parts, settings.holidays)


def share_by_hour(hours: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(C,) share of the variance within days that the hour of day tells, at most 1; below 0 where it misleads.

    `hours` (N,) since 1970 and the mean `values` (N, C) of each, NaN = none known. The lesser of both halves': what
    wanders resembles by chance a rhythm in one of them, seldom in both.
    """
    days = hours // 24
    return _share_foreseen(hours % 24, values - _means(days, values), days % 2).min(0)


def share_by_weekday(hours: np.ndarray, values: np.ndarray, holidays: tuple[str, ...]) -> np.ndarray:
    """(C,) share of what the hour of day leaves of the variance within weeks that the day of the week tells, in the
    half that it tells less of."""
    days = hours // 24
    weeks = (days + THURSDAY) // 7
    within = values - _means(weeks, values)
    blocks = hours % 24 // BLOCK
    by_hour = np.maximum(_share_foreseen(blocks, within, weeks % 2), 0.0)
    by_both = _share_foreseen(blocks + 24 * days_of_week(days, holidays), within, weeks % 2)
    return np.divide(by_both - by_hour, 1 - by_hour, out=np.zeros(by_hour.shape), where=by_hour < 1).min(0)


def _hourly_means(times: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hours since 1970 (N,) of times (T,), and the means of values (T, C) in each; N = T where there are fewer."""
    hours = times // HOUR
    first = np.flatnonzero(np.diff(hours, prepend=hours[0] - 1))
    known = np.isfinite(values)
    # Divided before they are summed: the sum of the largest doubles is none.
    total = np.add.reduceat(np.where(known, values, 0.0) / len(values), first, axis=0)
    count = np.add.reduceat(known.astype(np.int64), first, axis=0)
    return hours[first], np.divide(total, count / len(values), out=np.full(total.shape, np.nan), where=count > 0)


def _means(groups: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(N, C) the mean of each value's group (N,), NaN left out."""
    place = np.unique(groups, return_inverse=True)[1]
    known = np.isfinite(values)
    total, count = np.zeros((2, place.max() + 1, values.shape[1]))
    np.add.at(total, place, np.where(known, values, 0.0))
    np.add.at(count, place, known)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)[place]


def _share_foreseen(groups: np.ndarray, values: np.ndarray, halves: np.ndarray) -> np.ndarray:
    """(2, C) share of the squares of values (N, C) in each half that the groups' means over the other foresee."""
    shares = []
    for half in (0, 1):
        learnt = _means(groups, np.where((halves == half)[:, None], np.nan, values))
        known = (halves == half)[:, None] & np.isfinite(learnt) & np.isfinite(values)
        total = np.square(values, where=known, out=np.zeros(values.shape)).sum(0)
        left = np.square(values - learnt, where=known, out=np.zeros(values.shape)).sum(0)
        shares.append(np.divide(total - left, total, out=np.full(len(total), -1.0), where=total > 0))
    return np.array(shares)
