"""Detection -> Plotly figures. The only module that knows plotly."""

from html import escape

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from anomaly.decimation import bin_peaks, choose_steps, find_outages
from anomaly.detection import Detection
from anomaly.domain import Dataset, Epoch, Span, TimeAxis, TimeSeries
from anomaly.events import find_runs
from anomaly.times import to_calendar

OBSERVED, PREDICTED, BAND = "#334155", "#0d9488", "rgba(13, 148, 136, 0.16)"
FLAGGED, SHADE, KNOWN, QUIET = "#dc2626", "rgba(220, 38, 38, 0.10)", "#f59e0b", "#94a3b8"
MOST_SHADED = 100
"""events shaded at once, the most severe first; the lane below the score shows all"""
FEW_STEPS = 150
"""below this many drawn steps, each gets a marker"""
HEAT_BINS = 400


def plot_detection(
    detection: Detection, record: int, channels: list[str], window: Span | None = None, selected: Span | None = None
) -> go.Figure:
    """Observed and predicted values with the expected band, the score with its threshold, what is known and found,
    and which channel contributed, on one time axis. `window` limits the steps; `selected` is outlined."""
    series = detection.dataset.series[record]
    window = window or Span(0, len(series))
    heat = len(detection.dataset.monitored) > 1
    strip = min(2.5, max(0.3, 0.09 * len(detection.dataset.monitored)))
    heights = [1.0] * len(channels) + [0.8, 0.26] + [strip] * heat
    figure = make_subplots(rows=len(heights), cols=1, shared_xaxes=True, vertical_spacing=0.035, row_heights=heights)
    positions = [detection.dataset.monitored.index(channel) for channel in channels]
    steps, times = _drawn_steps(detection, record, positions, window)
    for row, (channel, position) in enumerate(zip(channels, positions, strict=True), 1):
        _add_channel(figure, row, detection, record, channel, position, steps, times)
    score_row = len(channels) + 1
    _add_score(figure, score_row, detection, record, steps, times)
    _add_lanes(figure, score_row + 1, detection, record, window)
    if heat:
        _add_contributions(figure, score_row + 2, detection, record, window)
    _shade_events(figure, detection, record, window, selected)
    shown = _calendar(series, detection.dataset.time_axis)
    figure.update_xaxes(range=[shown[window.start], shown[window.stop - 1]], showgrid=False, zeroline=False)
    figure.update_xaxes(title_text=_axis_title(detection.dataset.time_axis), row=len(heights), col=1)
    _dress(figure, height=int(90 + 175 * sum(heights)))
    # Dragging marks a stretch: the page redraws it at full resolution.
    figure.update_layout(dragmode="select", selectdirection="h", hovermode="x unified")
    return figure


def plot_series(dataset: Dataset, record: int, most_channels: int = 8) -> go.Figure:
    """One record's monitored channels, one above the other."""
    series = dataset.series[record]
    channels = dataset.monitored[:most_channels]
    figure = make_subplots(rows=len(channels), cols=1, shared_xaxes=True, vertical_spacing=0.03)
    for row, channel in enumerate(channels, 1):
        values = series.values[:, row - 1]
        steps = choose_steps([values], 0, len(series), np.empty(0, np.int64))
        times = _calendar(series, dataset.time_axis)[steps]
        times, (drawn,) = _break_lines(times, steps, series.times, [values[steps]])
        mode = "lines+markers" if len(steps) < FEW_STEPS else "lines"
        figure.add_scatter(
            x=times, y=drawn, mode=mode, line=_line(OBSERVED), marker=_dot(OBSERVED), name=escape(channel),
            row=row, col=1,
        )  # fmt: skip
        figure.update_yaxes(title_text=_short(channel, 14), row=row, col=1)
    figure.update_xaxes(title_text=_axis_title(dataset.time_axis), row=len(channels), col=1)
    _dress(figure, height=80 + 110 * len(channels))
    return figure.update_layout(showlegend=False)


def plot_losses(epochs: list[Epoch]) -> go.Figure:
    """Training and validation loss by epoch, the best epoch marked."""
    figure = go.Figure()
    numbers = [epoch.number for epoch in epochs]
    for name, losses, colour in (
        ("train", [epoch.train_loss for epoch in epochs], OBSERVED),
        ("validation", [epoch.validation_loss for epoch in epochs], PREDICTED),
    ):
        figure.add_scatter(
            x=numbers, y=losses, mode="lines+markers", name=name, line=_line(colour), marker=_dot(colour)
        )
    best = [epoch for epoch in epochs if epoch.is_best]
    if best:
        right = best[-1].number < 0.8 * epochs[0].epochs
        figure.add_vline(
            x=best[-1].number,
            line={"color": QUIET, "dash": "dot"},
            annotation_text="best",
            annotation_position="top right" if right else "top left",
        )
    figure.update_yaxes(type="log", title_text="loss per value", dtick="D2", tickformat=".2g")
    figure.update_xaxes(title_text="epoch", range=[0.5, max(epochs[0].epochs if epochs else 1, 2) + 0.5])
    return _dress(figure, height=300)


def plot_score_histogram(detection: Detection, bins: int = 60) -> go.Figure:
    """How often each score occurs, in the reference span and in all, with the threshold."""
    every = np.concatenate([scores.values for scores in detection.scores])
    every = every[np.isfinite(every)]
    reference, threshold = detection.threshold.reference, detection.threshold.value
    top = max(float(every.max(initial=0)), threshold, float(reference.max(initial=0))) * 1.02 or 1.0
    edges = np.linspace(0, top, bins + 1)
    figure = go.Figure()
    for name, values, colour in (("all steps", every, QUIET), ("reference", reference, PREDICTED)):
        counts = np.histogram(values, edges)[0].astype(float)
        counts[counts == 0] = np.nan
        figure.add_bar(x=edges[:-1], y=counts, offset=0, width=np.diff(edges), name=name, marker_color=colour)
    figure.add_vline(x=threshold, line={"color": FLAGGED, "width": 2}, annotation_text=f"{threshold:.3g}")
    figure.update_yaxes(type="log", title_text="steps", dtick=1)
    figure.update_xaxes(title_text="score")
    return _dress(figure, height=230).update_layout(barmode="overlay", bargap=0)


def _drawn_steps(
    detection: Detection, record: int, positions: list[int], window: Span
) -> tuple[np.ndarray, np.ndarray]:
    series, forecast = detection.dataset.series[record], detection.forecasts[record]
    curves = [detection.scores[record].values]
    for position in positions:
        curves += [series.values[:, position], forecast.predicted[:, position]]
    forced = [step for event in detection.events if event.record == record for step in _corners(event.span, event.peak)]
    steps = choose_steps(curves, window.start, window.stop, np.array(forced, np.int64))
    return steps, _calendar(series, detection.dataset.time_axis)[steps]


def _corners(span: Span, peak: int) -> tuple[int, int, int]:
    return span.start, peak, span.stop - 1


def _add_channel(
    figure: go.Figure,
    row: int,
    detection: Detection,
    record: int,
    channel: str,
    position: int,
    steps: np.ndarray,
    times: np.ndarray,
) -> None:
    series = detection.dataset.series[record]
    predicted = detection.forecasts[record].predicted[steps, position]
    half = detection.half_band[position]
    times, (observed, predicted) = _break_lines(times, steps, series.times, [series.values[steps, position], predicted])
    place = {"row": row, "col": 1}
    first = row == 1
    x, y = _outline(times, predicted - half, predicted + half)
    figure.add_scatter(
        x=x, y=y, mode="lines", line={"width": 0}, fill="toself", fillcolor=BAND, name="expected band (99 %)",
        showlegend=first, legendgroup="band", hoverinfo="skip", **place,
    )  # fmt: skip
    mode = "lines+markers" if len(steps) < FEW_STEPS else "lines"
    for name, values, colour in (("predicted", predicted, PREDICTED), ("observed", observed, OBSERVED)):
        figure.add_scatter(
            x=times, y=values, mode=mode, name=name, legendgroup=name, showlegend=first, line=_line(colour),
            marker=_dot(colour), hovertemplate="%{y:.5g}", **place,
        )  # fmt: skip
    figure.update_yaxes(title_text=_short(channel), **place)


def _add_score(
    figure: go.Figure, row: int, detection: Detection, record: int, steps: np.ndarray, times: np.ndarray
) -> None:
    series = detection.dataset.series[record]
    scores, flags = detection.scores[record].values[steps], detection.flags(record)[steps]
    # A flagged run is drawn from the step before it to the step after, so that a run of one step shows.
    grown = flags | np.append(flags[1:], False) | np.append(False, flags[:-1])
    times, (scores, flagged) = _break_lines(times, steps, series.times, [scores, np.where(grown, scores, np.nan)])
    place = {"row": row, "col": 1}
    figure.add_scatter(x=times, y=scores, mode="lines", name="score", line=_line(OBSERVED), fill="tozeroy",
                       fillcolor="rgba(51, 65, 85, 0.08)", hovertemplate="%{y:.4g}", **place)  # fmt: skip
    figure.add_scatter(
        x=times,
        y=flagged,
        mode="lines",
        name="flagged",
        line=_line(FLAGGED),
        hoverinfo="skip",
        showlegend=False,
        **place,
    )
    figure.add_hline(y=detection.threshold.value, line={"color": FLAGGED, "dash": "dash", "width": 1.5}, **place)
    figure.update_yaxes(title_text="score", rangemode="tozero", **place)


def _add_lanes(figure: go.Figure, row: int, detection: Detection, record: int, window: Span) -> None:
    """What was found, and what the file's labels know, as bars: thousands of runs cost no more than one."""
    series = detection.dataset.series[record]
    found = [event.span for event in detection.events if event.record == record]
    lanes = [("found", found, FLAGGED)]
    if series.labels is not None:
        starts, stops = find_runs(series.labels)
        lanes.append(("known", [Span(int(a), int(b)) for a, b in zip(starts, stops, strict=True)], KNOWN))
    times = _calendar(series, detection.dataset.time_axis)
    for height, (name, spans, colour) in enumerate(lanes):
        inside = [span for span in spans if span.stop > window.start and span.start < window.stop]
        bounds = np.array([(span.start, span.stop - 1) for span in inside], np.int64).reshape(-1, 2)
        x, (y,) = _separate(times[bounds], height)
        figure.add_scatter(
            x=x, y=y, mode="lines+markers", line={"color": colour, "width": 8}, name=name,
            marker={"color": colour, "size": 5, "symbol": "square"}, hoverinfo="skip", row=row, col=1,
        )  # fmt: skip
    figure.update_yaxes(
        tickvals=list(range(len(lanes))), ticktext=[lane[0] for lane in lanes], range=[len(lanes) - 0.4, -0.6],
        showgrid=False, row=row, col=1,
    )  # fmt: skip


def _separate(pairs: np.ndarray, height: float) -> tuple[np.ndarray, tuple[np.ndarray]]:
    """(N, 2) starts and stops -> one broken line at `height`."""
    x = np.concatenate([pairs, pairs[:, 1:]], 1).ravel()
    return x, (np.tile([height, height, np.nan], len(pairs)),)


def _add_contributions(figure: go.Figure, row: int, detection: Detection, record: int, window: Span) -> None:
    series = detection.dataset.series[record]
    contributions = detection.scores[record].contributions
    firsts, peaks = bin_peaks(contributions, window.start, window.stop, HEAT_BINS)
    names = [_short(channel) for channel in detection.dataset.monitored]
    # Rows by position: shortened names can agree, and names such as "500" would be taken for places on a scale.
    rows = list(range(len(names)))
    figure.add_heatmap(
        x=_calendar(series, detection.dataset.time_axis)[firsts],
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
        row=row,
        col=1,
    )
    figure.update_yaxes(autorange="reversed", tickvals=rows, ticktext=names, tickfont={"size": 10}, row=row, col=1)


def _shade_events(figure: go.Figure, detection: Detection, record: int, window: Span, selected: Span | None) -> None:
    times = _calendar(detection.dataset.series[record], detection.dataset.time_axis)
    inside = [
        event.span
        for event in detection.events
        if event.record == record and event.span.stop > window.start and event.span.start < window.stop
    ]
    shapes = [_shade(times, span, {"width": 0}) for span in inside[:MOST_SHADED]]
    if selected is not None:
        outline = _shade(times, selected, {"width": 1.5, "color": FLAGGED})
        shapes.append(outline | {"layer": "above", "fillcolor": "rgba(0, 0, 0, 0)"})
    figure.update_layout(shapes=[*figure.layout.shapes, *shapes])


def _shade(times: np.ndarray, span: Span, line: dict[str, object]) -> dict[str, object]:
    # Half a step to either side, so that an event of one step has a width.
    first, last = times[span.start], times[span.stop - 1]
    before = (first - times[max(span.start - 1, 0)]) / 2
    after = (times[min(span.stop, len(times) - 1)] - last) / 2
    return {
        "type": "rect", "xref": "x", "yref": "paper", "x0": first - before, "x1": last + after, "y0": 0, "y1": 1,
        "fillcolor": SHADE, "line": line, "layer": "below",
    }  # fmt: skip


def _break_lines(
    times: np.ndarray, steps: np.ndarray, all_times: np.ndarray, curves: list[np.ndarray]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The curves with a NaN put in before each outage, so that no line is drawn across it."""
    outages = find_outages(all_times)
    places = np.unique(np.searchsorted(steps, outages))
    places = places[(places > 0) & (places < len(steps))]
    broken = [np.insert(np.asarray(curve, float), places, np.nan) for curve in curves]
    return np.insert(times, places, times[places - 1]), broken


def _outline(times: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The area between two curves as closed outlines, one for each unbroken stretch, NaN between them."""
    x, y = [times[:0]], [low[:0]]
    for start, stop in zip(*find_runs(np.isfinite(low)), strict=True):
        there, back = slice(start, stop), slice(stop - 1, start - 1 if start else None, -1)
        x += [times[there], times[back], times[stop - 1 : stop]]
        y += [high[there], low[back], np.array([np.nan])]
    return np.concatenate(x), np.concatenate(y)


def _calendar(series: TimeSeries, axis: TimeAxis) -> np.ndarray:
    return to_calendar(series.times, axis)


def _axis_title(axis: TimeAxis) -> str:
    return "row" if axis.kind == "row" else escape(axis.name)


def _short(name: str, most: int = 22) -> str:
    """A name that fits beside an axis; what a file says is text, never markup."""
    return escape(name if len(name) <= most else f"{name[: most - 1]}…")


def _line(colour: str) -> dict[str, object]:
    return {"color": colour, "width": 1.4}


def _dot(colour: str) -> dict[str, object]:
    return {"color": colour, "size": 4}


def _dress(figure: go.Figure, height: int) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 34, "b": 8},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "font": {"size": 12}},
        plot_bgcolor="#ffffff",
        paper_bgcolor="#ffffff",
        font={"size": 12, "color": "#16222c"},
    )
    figure.update_yaxes(gridcolor="#eef1f3", zeroline=False)
    return figure
