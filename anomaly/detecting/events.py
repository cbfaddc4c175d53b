"""scores > threshold -> runs -> joined and pruned -> ranked events."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from anomaly.detecting.bounds import Signals, find_spans
from anomaly.domain import Event, Forecast, Scores, Span, find_runs, merge_runs, overlaps_any

RISE_DIGITS = 9
"""of the difference of two readings: what lies behind is of their rounding"""
MOST_UNUSUAL = 3


def find_flags(scores: np.ndarray, threshold: float) -> np.ndarray:
    """Scores (T,) -> (T,) bool. Strictly above, only here: with >=, a quantile would flag all of a constant score."""
    with np.errstate(invalid="ignore"):
        return scores > threshold


def find_alarms(scores: np.ndarray, threshold: float, leave: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Runs of scores (T,) that rise above `threshold`, each lasting while the score is above `leave` * `threshold`."""
    starts, stops = find_runs(find_flags(scores, threshold))
    if leave >= 1:
        return starts, stops
    wide_starts, wide_stops = find_runs(find_flags(scores, leave * threshold))
    entered = overlaps_any(wide_starts, wide_stops, starts, stops)
    return wide_starts[entered], wide_stops[entered]


def find_events(
    record: int,
    forecast: Forecast,
    scores: Scores,
    threshold: float,
    merge_gap: int,
    min_length: int,
    channels: tuple[str, ...],
    leave: float = 1.0,
    min_effect: Mapping[str, float] | None = None,
    signals: Signals | None = None,
    width: int = 1,
) -> list[Event]:
    """Events of one record, in time order; `merge_gap`, `min_length`, `leave`, `min_effect` as in `DetectSettings`.

    With `signals` each begins and ends where its evidence does, not where the score, smoothed over `width`, crosses the
    threshold; unless a level to leave at was chosen.
    """
    starts, stops = merge_runs(*find_alarms(scores.values, threshold, leave), merge_gap, 1)
    spans = list(zip(starts.tolist(), stops.tolist(), strict=True))
    reach = 0
    if signals is not None and leave >= 1:
        found = np.array(find_spans(scores.values, starts, stops, threshold, signals, width), np.int64).reshape(-1, 2)
        # One run may hold several findings: what was to be joined is, by the steps between them.
        joined = merge_runs(found[:, 0], found[:, 1], merge_gap, 1)
        spans, reach = list(zip(*(one.tolist() for one in joined), strict=True)), width // 2
    events = [
        describe_event(record, Span(start, stop), forecast, scores, channels, reach)
        for start, stop in spans
        if stop - start >= min_length
    ]
    return [event for event in events if _effect(event, forecast, channels) >= (min_effect or {}).get(event.channel, 0)]


def _effect(event: Event, forecast: Forecast, channels: tuple[str, ...]) -> float:
    """The largest |residual| of the leading channel within the event, in its own units."""
    observed, predicted = forecast.compared(channels.index(event.channel), slice(event.span.start, event.span.stop))
    with np.errstate(over="ignore"):  # farther than a number can be is far enough
        apart = np.abs(observed - predicted)
    return float(np.nanmax(apart, initial=0.0))


def rank_events(events: list[Event]) -> list[Event]:
    """Most severe first: by peak score, then the longer, then the earlier."""
    return sorted(events, key=lambda event: (-event.peak_score, -len(event.span), event.record, event.span.start))


def find_unusual(
    forecasts: Sequence[Forecast], scores: Sequence[Scores], width: int, channels: tuple[str, ...]
) -> list[Event]:
    """The MOST_UNUSUAL stretches of all records around the highest scores, `width` steps apart, each lasting while the
    score is above half of its highest."""
    left = [np.nan_to_num(one.values, nan=0.0) for one in scores]
    found: list[Event] = []
    while len(found) < MOST_UNUSUAL:
        record = max(range(len(left)), key=lambda place: left[place].max(initial=0.0))
        highest = left[record].max(initial=0.0)
        if highest <= 0:
            break
        peak = int(left[record].argmax())
        starts, stops = find_runs(left[record] > highest / 2)
        run = int(np.searchsorted(stops, peak, "right"))
        span = Span(int(starts[run]), int(stops[run]))
        found.append(describe_event(record, span, forecasts[record], scores[record], channels))
        left[record][max(0, span.start - width) : span.stop + width] = 0.0
    return found


def describe_event(
    record: int, span: Span, forecast: Forecast, scores: Scores, channels: tuple[str, ...], reach: int = 0
) -> Event:
    """`span` as an event, flagged or not; its peak score is NaN where nothing is scored. Smoothing may have put the
    highest score up to `reach` steps beside it."""
    peak, leading = _find_peak(span, scores)
    values = scores.values[max(0, span.start - reach) : span.stop + reach]
    observed, expected = (float(one[0]) for one in forecast.compared(leading, slice(peak, peak + 1)))
    direction: Literal["above", "below"] = "below" if observed < expected else "above"
    if forecast.kind_of(leading) == "angle":
        expected = float(forecast.predicted[peak, leading])
    if forecast.kind_of(leading) == "counter":
        observed = float(f"{observed:.{RISE_DIGITS}g}")
    return Event(
        record=record,
        span=span,
        peak=peak,
        peak_score=float(np.nanmax(values)) if np.isfinite(values).any() else np.nan,
        channel=channels[leading],
        direction=direction,
        observed=observed,
        expected=expected,
    )


def _find_peak(span: Span, scores: Scores) -> tuple[int, int]:
    """The most surprising step of the event, and its most surprising channel.

    Not the step of the highest score: smoothing moves that away from what was surprising, to a step where observed and
    expected may agree, or differ the other way. Where another part than the error leads, the channel is the one that
    has most of that part.
    """
    inside = slice(span.start, span.stop)
    contributions = scores.contributions[inside]
    known = np.where(np.isfinite(contributions), contributions, 0.0)
    values = scores.values[inside]
    part = scores.leading_part(span.start + int(np.nanargmax(values))) if np.isfinite(values).any() else "error"
    by_channel = scores.shared_out(part)[inside].sum(0) if part != "error" else np.zeros(1)
    if by_channel.any():
        channel = int(np.argmax(by_channel))
        return span.start + int(np.argmax(known[:, channel])), channel
    # As the score weighs a step: by the mean over the channels observed there.
    observed = np.isfinite(contributions)
    surprise = np.where(observed.any(1), known.sum(1) / np.maximum(observed.sum(1), 1), -1.0)
    step = int(np.argmax(surprise))
    return span.start + step, int(np.argmax(np.where(observed[step], contributions[step], -1.0)))
