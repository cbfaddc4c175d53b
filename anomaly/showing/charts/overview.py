"""A record before anything is learnt, how training went, how scores are spread, and how they agree with labels."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from anomaly.detecting import Detection
from anomaly.domain import Circle, Dataset, Epoch
from anomaly.evaluating import Curve
from anomaly.showing.charts.drawing import (
    FEW_STEPS,
    FLAGGED,
    OBSERVED,
    PREDICTED,
    QUIET,
    axis_title,
    break_lines,
    calendar,
    dot,
    dress,
    in_power,
    line,
    power_of,
    say_power,
    short,
)
from anomaly.showing.charts.stack import Stack
from anomaly.showing.decimation import choose_steps


def plot_series(dataset: Dataset, record: int, most_channels: int = 8) -> go.Figure:
    """One record's monitored channels, one above the other."""
    series = dataset.series[record]
    channels = dataset.monitored[:most_channels]
    figure = make_subplots(rows=len(channels), cols=1, shared_xaxes=True, vertical_spacing=0.03)
    for row, channel in enumerate(channels, 1):
        values = series.values[:, row - 1]
        steps = choose_steps([values], 0, len(series), np.empty(0, np.int64))
        times = calendar(series, dataset.time_axis)[steps]
        power = power_of(values)
        is_angle = dataset.columns.every_kind[row - 1] == "angle"
        circle = Circle.of([values], dataset.units.get(channel, "")) if is_angle else None
        times, (drawn,) = break_lines(times, steps, series.times, [values[steps]], circle)
        drawn = in_power(drawn, power)
        mode = "lines+markers" if len(steps) < FEW_STEPS else "lines"
        figure.add_scatter(
            x=times, y=drawn, mode=mode, line=line(OBSERVED), marker=dot(OBSERVED), name=short(channel),
            hovertemplate=f"%{{y}}{say_power(power)}" if power else None, row=row, col=1,
        )  # fmt: skip
        figure.update_yaxes(title_text=short(dataset.title(channel), 14) + say_power(power), row=row, col=1)
    figure.update_xaxes(title_text=axis_title(dataset.time_axis), row=len(channels), col=1)
    dress(figure, height=80 + 110 * len(channels))
    return figure.update_layout(showlegend=False)


def plot_losses(epochs: list[Epoch]) -> go.Figure:
    """Training and validation loss by epoch, the best epoch marked."""
    figure = go.Figure()
    numbers = [epoch.number for epoch in epochs]
    for name, losses, colour in (
        ("train", [epoch.train_loss for epoch in epochs], OBSERVED),
        ("validation", [epoch.validation_loss for epoch in epochs], PREDICTED),
    ):
        figure.add_scatter(x=numbers, y=losses, mode="lines+markers", name=name, line=line(colour), marker=dot(colour))
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
    return dress(figure, height=300)


def plot_score_histogram(detection: Detection, bins: int = 60) -> go.Figure:
    """How often each score occurs, in the reference span and in all, with the threshold."""
    every = np.concatenate([scores.values for scores in detection.scores])
    every = every[np.isfinite(every)]
    reference, threshold = detection.threshold.reference, detection.threshold.value
    top = max(float(every.max(initial=0)), threshold, float(reference.max(initial=0))) * 1.02 or 1.0
    edges = np.linspace(0, top, bins + 1)
    figure = Stack([1.0], spacing=0)
    for name, values, colour in (("all steps", every, QUIET), ("reference", reference, PREDICTED)):
        counts = np.histogram(values, edges)[0].astype(float)
        counts[counts == 0] = np.nan
        bars = {"offset": 0, "width": np.diff(edges), "marker": {"color": colour}}
        figure.add("bar", 1, x=edges[:-1], y=counts, name=name, **bars)
    across = {"x0": threshold, "x1": threshold, "yref": "paper", "y0": 0, "y1": 1}
    figure.shapes.append({"type": "line", "line": {"color": FLAGGED, "width": 2}, **across})
    value = {"x": threshold, "yref": "paper", "y": 1, "xanchor": "left", "yanchor": "top", "showarrow": False}
    figure.update_yaxis(1, type="log", title={"text": "steps"}, dtick=1)
    figure.name_x("score")
    return figure.figure(230, barmode="overlay", bargap=0, annotations=[{"text": f"{threshold:.3g}", **value}])


def plot_precision_recall(curve: Curve, threshold: float) -> go.Figure:
    """Precision against recall of the single steps, the present threshold marked."""
    figure = go.Figure()
    figure.add_scatter(
        x=curve.recall, y=curve.precision, customdata=curve.thresholds, mode="lines", line=line(OBSERVED),
        hovertemplate="threshold %{customdata:.3g}: precision %{y:.0%}, recall %{x:.0%}<extra></extra>",
    )  # fmt: skip
    if len(curve.thresholds):
        now = int(np.argmin(np.abs(curve.thresholds - threshold)))
        figure.add_scatter(
            x=curve.recall[now : now + 1], y=curve.precision[now : now + 1], mode="markers+text", text=["now"],
            textposition="top right", marker={"color": FLAGGED, "size": 11}, hoverinfo="skip",
        )  # fmt: skip
    figure.update_xaxes(title_text="recall (share of known anomalous steps found)", range=[0, 1.02], tickformat=".0%")
    figure.update_yaxes(title_text="precision", range=[0, 1.05], tickformat=".0%")
    return dress(figure, height=320).update_layout(showlegend=False)
