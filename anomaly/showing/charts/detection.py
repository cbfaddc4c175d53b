"""The large chart: values, score, events and channels on one time axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import plotly.graph_objects as go

from anomaly.detecting import Detection
from anomaly.domain import SIGNIFICANT_DIGITS, Circle, Event, PartName, Scores, Span, count_digits, find_runs
from anomaly.showing.charts.drawing import (
    BAND,
    FEW_STEPS,
    FLAGGED,
    IGNORED,
    KNOWN,
    MISSED,
    OBSERVED,
    PARTS,
    PREDICTED,
    SHADE,
    axis_title,
    break_lines,
    calendar,
    dot,
    in_power,
    line,
    outline,
    power_of,
    say_power,
    short,
    wrap_text,
)
from anomaly.showing.charts.stack import Stack
from anomaly.showing.decimation import bin_peaks, choose_steps

MOST_SHADED = 100
"""events shaded at once, the most severe first; the lane below the score shows all"""
HEAT_BINS = 400
MOST = float(np.finfo(float).max)
HOVER_POINTS = 12


def plot_detection(
    detection: Detection,
    record: int,
    channels: list[str],
    window: Span | None = None,
    selected: Span | None = None,
    missed: Sequence[Span] = (),
) -> go.Figure:
    """Observed and predicted values with the expected band, the score with its threshold, what is known and found,
    and which channel contributed, on one time axis. `window` limits the steps; `selected` is outlined; `missed` are
    stretches that a person added."""
    series = detection.dataset.series[record]
    window = window or Span(0, len(series))
    heat = len(detection.dataset.monitored) > 1
    strip = min(2.5, max(0.3, 0.09 * len(detection.dataset.monitored)))
    curves = _curves(detection, record, channels)
    heights = [1.0] * len(curves) + [0.8, 0.26] + [strip] * heat
    figure = Stack(heights, spacing=0.035)
    steps, times = _drawn_steps(detection, record, curves, window)
    for row, curve in enumerate(curves, 1):
        _add_curve(figure, row, detection, record, curve, steps, times)
    score_row = len(curves) + 1
    _add_score(figure, score_row, detection, record, steps, times)
    _add_reasons(figure, score_row, detection, record, window)
    _add_lanes(figure, score_row + 1, detection, record, window, missed)
    if heat:
        _add_contributions(figure, score_row + 2, detection, record, window)
    _shade_events(figure, detection, record, window, selected)
    shown = calendar(series, detection.dataset.time_axis)
    # Of an axis on which nothing is drawn, as where no event lies in the window, plotly would guess type and range.
    kind = "date" if shown.dtype.kind == "M" else "linear"
    figure.update_xaxes(range=[shown[window.start], shown[window.stop - 1]], type=kind, showgrid=False, zeroline=False)
    figure.name_x(axis_title(detection.dataset.time_axis))
    # Dragging marks a stretch: the page redraws it at full resolution.
    drag = {"dragmode": "select", "selectdirection": "h", "hovermode": "x unified"}
    return figure.figure(int(90 + 175 * sum(heights)), **drag)


@dataclass(frozen=True, eq=False)
class _Curve:
    """What one row shows of a channel."""

    title: str
    position: int
    observed: np.ndarray
    """(T,)"""
    predicted: np.ndarray
    """(T,)"""
    circle: Circle | None = None
    """of an angle"""
    floor: float = -MOST
    """that nothing can be below"""


def _curves(detection: Detection, record: int, channels: list[str]) -> list[_Curve]:
    """The channels' values; of a counter its rises too, which its forecast and its score are of."""
    curves, forecast = [], detection.forecasts[record]
    for channel in channels:
        position, title = detection.dataset.monitored.index(channel), detection.dataset.title(channel)
        values = detection.dataset.series[record].values[:, position]
        kind, predicted = forecast.kind_of(position), forecast.predicted[:, position]
        floor = 0.0 if kind == "count" and not (values < 0).any() else -MOST
        curves.append(_Curve(title, position, values, predicted, forecast.circles.get(position), floor))
        if kind == "counter":
            curves.append(_Curve(f"rise of {title}", position, *forecast.compared(position, slice(None))))
    return curves


def _drawn_steps(
    detection: Detection, record: int, curves: list[_Curve], window: Span
) -> tuple[np.ndarray, np.ndarray]:
    series = detection.dataset.series[record]
    drawn = [detection.scores[record].values]
    for curve in curves:
        drawn += [curve.observed, curve.predicted]
    forced = [step for event in detection.events if event.record == record for step in _corners(event.span, event.peak)]
    steps = choose_steps(drawn, window.start, window.stop, np.array(forced, np.int64))
    return steps, calendar(series, detection.dataset.time_axis)[steps]


def _corners(span: Span, peak: int) -> tuple[int, int, int]:
    return span.start, peak, span.stop - 1


def _add_curve(
    figure: Stack, row: int, detection: Detection, record: int, curve: _Curve, steps: np.ndarray, times: np.ndarray
) -> None:
    series, half = detection.dataset.series[record], detection.half_band[curve.position]
    lines = [curve.observed[steps], curve.predicted[steps]]
    times, (observed, predicted) = break_lines(times, steps, series.times, lines, curve.circle)
    first = row == 1
    with np.errstate(over="ignore"):
        low, high = (np.clip(one, curve.floor, MOST) for one in (predicted - half, predicted + half))
    power = power_of(curve.observed)
    observed, predicted, low, high = (in_power(one, power) for one in (observed, predicted, low, high))
    x, y = outline(times, low, high)
    figure.add(
        "scatter", row,
        x=x, y=y, mode="lines", line={"width": 0}, fill="toself", fillcolor=BAND, name="expected band (99 %)",
        showlegend=first, legendgroup="band", hoverinfo="skip",
    )  # fmt: skip
    mode = "lines+markers" if len(steps) < FEW_STEPS else "lines"
    hover = f"%{{y:.{count_digits(curve.observed)}g}}{say_power(power)}"
    for name, values, colour in (("predicted", predicted, PREDICTED), ("observed", observed, OBSERVED)):
        figure.add(
            "scatter", row,
            x=times, y=values, mode=mode, name=name, legendgroup=name, showlegend=first, line=line(colour),
            marker=dot(colour), hovertemplate=hover,
        )  # fmt: skip
    figure.update_yaxis(row, title={"text": short(curve.title) + say_power(power)})


def _add_score(
    figure: Stack, row: int, detection: Detection, record: int, steps: np.ndarray, times: np.ndarray
) -> None:
    series = detection.dataset.series[record]
    scores, flags = detection.scores[record].values[steps], detection.flags(record)[steps]
    bounds, told = _stack_parts(detection.scores[record], steps)
    # A flagged run is drawn from the step before it to the step after, so that a run of one step shows.
    grown = flags | np.append(flags[1:], False) | np.append(False, flags[:-1])
    lines = [scores, np.where(grown, scores, np.nan), *bounds]
    times, (scores, flagged, *bounds) = break_lines(times, steps, series.times, lines)
    below = 0 * bounds[0]
    for part, above in zip(told, bounds, strict=True):
        name, colour = PARTS[part]
        x, y = outline(times, below, above)
        figure.add(
            "scatter", row,
            x=x, y=y, mode="lines", line={"width": 0}, fill="toself", fillcolor=colour, name=name, hoverinfo="skip",
        )  # fmt: skip
        below = above
    figure.add(
        "scatter", row,
        x=times, y=scores, mode="lines", name="score", line=line(OBSERVED),
        hovertemplate=f"%{{y:.{SIGNIFICANT_DIGITS}g}}",
    )  # fmt: skip
    figure.add(
        "scatter",
        row,
        x=times,
        y=flagged,
        mode="lines",
        name="flagged",
        line=line(FLAGGED),
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_hline(row, detection.threshold.value, {"color": FLAGGED, "dash": "dash", "width": 1.5})
    figure.update_yaxis(row, title={"text": "score"}, rangemode="tozero")


def _stack_parts(scores: Scores, steps: np.ndarray) -> tuple[list[np.ndarray], list[PartName]]:
    """Heights (L,) up to which each part fills the score, one on top of the other, and which parts they are: the error,
    and those that are ever more than nothing."""
    told = [part for part, values in scores.parts.items() if part == "error" or np.nanmax(values, initial=0.0) > 0]
    return list(np.cumsum([scores.parts[part][steps] for part in told], axis=0)), told


def _add_lanes(
    figure: Stack, row: int, detection: Detection, record: int, window: Span, missed: Sequence[Span]
) -> None:
    """What was found, and what the file's labels know, as bars: thousands of runs cost no more than one."""
    series = detection.dataset.series[record]
    found = [event.span for event in detection.events if event.record == record]
    lanes = [("found", found, FLAGGED)]
    if series.labels is not None:
        starts, stops = find_runs(series.labels)
        lanes.append(("known", [Span(int(a), int(b)) for a, b in zip(starts, stops, strict=True)], KNOWN))
    if missed:
        lanes.append(("missed", list(missed), MISSED))
    times = calendar(series, detection.dataset.time_axis)
    for height, (name, spans, colour) in enumerate(lanes):
        inside = [span for span in spans if span.stop > window.start and span.start < window.stop]
        bounds = np.array([(span.start, span.stop - 1) for span in inside], np.int64).reshape(-1, 2)
        x, (y,) = _separate(times[bounds], height)
        figure.add(
            "scatter", row,
            x=x, y=y, mode="lines+markers", line={"color": colour, "width": 8}, name=name,
            marker={"color": colour, "size": 5, "symbol": "square"}, hoverinfo="skip",
        )  # fmt: skip
    figure.update_yaxis(
        row, tickvals=list(range(len(lanes))), ticktext=[lane[0] for lane in lanes], range=[len(lanes) - 0.4, -0.6],
        showgrid=False,
    )  # fmt: skip


def _events_inside(detection: Detection, record: int, window: Span) -> list[Event]:
    """The most severe events of the record that the window shows."""
    inside = (
        event
        for event in detection.events
        if event.record == record and event.span.stop > window.start and event.span.start < window.stop
    )
    return list(islice(inside, MOST_SHADED))


def _add_reasons(figure: Stack, row: int, detection: Detection, record: int, window: Span) -> None:
    """Points along the most severe events that are not seen and tell, on hover, why."""
    inside = _events_inside(detection, record, window)
    places = [np.linspace(event.span.start, event.span.stop - 1, HOVER_POINTS).astype(int) for event in inside]
    steps = np.concatenate([np.empty(0, int), *places])
    texts = [wrap_text(detection.explain(event).sentence) for event in inside]
    times = calendar(detection.dataset.series[record], detection.dataset.time_axis)
    figure.add(
        "scatter", row,
        x=times[steps], y=np.nan_to_num(detection.scores[record].values[steps]), mode="markers",
        text=np.repeat(np.array(texts, object), HOVER_POINTS), name="why", marker={"opacity": 0}, showlegend=False,
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def _separate(pairs: np.ndarray, height: float) -> tuple[np.ndarray, tuple[np.ndarray]]:
    """(N, 2) starts and stops -> one broken line at `height`."""
    x = np.concatenate([pairs, pairs[:, 1:]], 1).ravel()
    return x, (np.tile([height, height, np.nan], len(pairs)),)


def _add_contributions(figure: Stack, row: int, detection: Detection, record: int, window: Span) -> None:
    series = detection.dataset.series[record]
    scores = detection.scores[record]
    contributions = scores.contributions + sum(scores.by_channel.values())
    firsts, peaks = bin_peaks(contributions, window.start, window.stop, HEAT_BINS)
    names = [short(channel) for channel in detection.dataset.monitored]
    # Rows by position: shortened names can agree, and names such as "500" would be taken for places on a scale.
    rows = list(range(len(names)))
    figure.add(
        "heatmap",
        row,
        x=calendar(series, detection.dataset.time_axis)[firsts],
        y=rows,
        # Surprise spans decades; its logarithm shows the small beside the large.
        z=np.log1p(peaks).T,
        zmin=0,
        # The same darkness for the same surprise, whatever the window.
        zmax=float(np.log1p(np.nanmax(contributions, initial=0.0))) or 1.0,
        customdata=peaks.T,
        text=np.repeat(np.array(names, object)[:, None], len(firsts), 1),
        colorscale=[[0, "#ffffff"], [0.35, "#fde2c8"], [0.7, "#f08a5d"], [1, "#b91c1c"]],
        showscale=False,
        hovertemplate="%{text}: %{customdata:.3g}<extra></extra>",
    )
    figure.update_yaxis(row, autorange="reversed", tickvals=rows, ticktext=names, tickfont={"size": 10})


def _shade_events(figure: Stack, detection: Detection, record: int, window: Span, selected: Span | None) -> None:
    times = calendar(detection.dataset.series[record], detection.dataset.time_axis)
    shapes = [_shade(times, event.span, {"width": 0}) for event in _events_inside(detection, record, window)]
    shapes += [
        _shade(times, span, {"width": 0}) | {"fillcolor": IGNORED} for span in _ignored(detection, record, window)
    ]
    if selected is not None:
        outline = _shade(times, selected, {"width": 1.5, "color": FLAGGED})
        shapes.append(outline | {"layer": "above", "fillcolor": "rgba(0, 0, 0, 0)"})
    figure.shapes += shapes


def _ignored(detection: Detection, record: int, window: Span) -> list[Span]:
    """The longest stretches in the window that were neither learnt nor scored."""
    ignored = detection.dataset.series[record].ignored
    if ignored is None:
        return []
    starts, stops = find_runs(ignored[window.start : window.stop])
    longest = np.argsort(starts - stops, kind="stable")[:MOST_SHADED]
    return [Span(window.start + int(starts[run]), window.start + int(stops[run])) for run in longest]


def _shade(times: np.ndarray, span: Span, line: dict[str, object]) -> dict[str, object]:
    # Half a step to either side, so that an event of one step has a width.
    first, last = times[span.start], times[span.stop - 1]
    before = (first - times[max(span.start - 1, 0)]) / 2
    after = (times[min(span.stop, len(times) - 1)] - last) / 2
    return {
        "type": "rect", "xref": "x", "yref": "paper", "x0": first - before, "x1": last + after, "y0": 0, "y1": 1,
        "fillcolor": SHADE, "line": line, "layer": "below",
    }  # fmt: skip
