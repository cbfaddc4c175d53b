"""What goes on inside a recurrent network: states, losses, gradients."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from anomaly.domain import FADED, Circle, Dataset, Epoch, Span, Trace, find_rises
from anomaly.reading import find_outages
from anomaly.showing.charts.drawing import (
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
    literal,
    power_of,
    say_power,
    short,
)

COLOURS = ("#0f766e", "#d97706", "#4338ca", "#e11d48", "#64748b", "#a21caf", "#65a30d", "#0ea5e9")
LOWEST = 1e-12
"""share of the maximum below which nothing is drawn"""


def plot_trace(dataset: Dataset, record: int, channel: int, span: Span, trace: Trace, horizon: int) -> go.Figure:
    """A stretch unrolled: a channel observed and predicted, of a counter its rises; the hidden state, the loss of every
    step."""
    series, title, circle = dataset.series[record], dataset.title(dataset.monitored[channel]), None
    times = calendar(series, dataset.time_axis)[span.start : span.stop]
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.05, row_heights=[1.0, 1.2, 0.7])
    foreseen = np.full(len(times), np.nan)
    foreseen[horizon:] = trace.predicted[: len(times) - horizon, channel]
    whole, kind = series.values[:, channel], dataset.columns.every_kind[channel]
    observed = whole[span.start : span.stop]
    if kind == "counter":
        whole = find_rises(whole)
        whole[find_outages(series.times)] = np.nan
        title, risen = f"rise of {title}", whole[span.start : span.stop]
        observed, foreseen = risen, risen - (observed - foreseen)
    elif kind == "angle":
        circle = Circle.of([whole], dataset.units.get(dataset.monitored[channel], ""))
        foreseen = circle.place(foreseen)
    power = power_of(whole)
    steps, inside = np.arange(len(times)), series.times[span.start : span.stop]
    x, lines = break_lines(times, steps, inside, [observed, foreseen], circle)
    for values, name, colour in zip(lines, ("observed", "foreseen"), (OBSERVED, PREDICTED), strict=True):
        figure.add_scatter(
            x=x, y=in_power(values, power), name=name, mode="lines+markers", line=line(colour), marker=dot(colour),
            row=1, col=1,
        )  # fmt: skip
    # Units that move together stand together.
    order = np.argsort(np.argmax(np.abs(trace.hidden - trace.hidden.mean(0)), axis=0), kind="stable")
    states = trace.hidden[:, order].T
    most = float(np.abs(states).max()) or 1.0
    figure.add_heatmap(
        x=times, z=states, zmin=-most, zmax=most, colorscale="RdBu", reversescale=True, showscale=False, row=2, col=1,
        hovertemplate="%{x}<br>unit %{y}: %{z:.2f}<extra></extra>",
    )  # fmt: skip
    figure.add_bar(x=times, y=trace.losses, name="loss of the next step", marker_color=FLAGGED, row=3, col=1)
    figure.update_yaxes(title_text=short(title, 14) + say_power(power), row=1, col=1)
    figure.update_yaxes(title_text="state", showticklabels=False, row=2, col=1)
    figure.update_yaxes(title_text="loss", row=3, col=1)
    figure.update_xaxes(title_text=axis_title(dataset.time_axis), row=3, col=1)
    return dress(figure, height=560).update_layout(hovermode="x")


def plot_reach(
    curves: Mapping[str, np.ndarray], before: Mapping[str, np.ndarray] | None = None, truncation: int | None = None
) -> go.Figure:
    """By steps back, the norm of the gradient as a share of its maximum, on a log axis; `before` training is dotted."""
    figure = go.Figure()
    for (name, norms), colour in zip(curves.items(), COLOURS * len(curves), strict=False):
        for which, dash in ((norms, "solid"), ((before or {}).get(name), "dot")):
            if which is None or which.max() <= 0:
                continue
            share = which / which.max()
            share = np.where(share >= LOWEST, share, np.nan)
            figure.add_scatter(
                x=np.arange(len(share)), y=share, name=literal(name), legendgroup=name, showlegend=dash == "solid",
                mode="lines", line={"color": colour, "width": 2 if dash == "solid" else 1.2, "dash": dash},
                hovertemplate="%{x} steps back: %{y:.2g}<extra>" + literal(name) + "</extra>",
            )  # fmt: skip
    figure.add_hline(
        y=FADED, line={"color": QUIET, "dash": "dash"}, annotation_text="vanished", annotation_font_size=11
    )
    last = max((len(norms) for norms in curves.values()), default=1) - 1
    if truncation is not None and truncation < last:
        figure.add_vline(
            x=truncation, line={"color": FLAGGED, "dash": "dot"}, annotation_text="cut here", annotation_font_size=11
        )
    figure.update_xaxes(title_text="steps back, k")
    figure.update_yaxes(type="log", title_text="gradient, share of its most", exponentformat="power", dtick=2)
    return dress(figure, height=360)


def plot_gradient_norms(epochs: Sequence[Epoch], limit: float) -> go.Figure:
    """The mean norm of the gradient before it is clipped, by epoch, and where it is clipped."""
    numbers = [epoch.number for epoch in epochs]
    figure = go.Figure()
    figure.add_scatter(
        x=numbers, y=[epoch.gradient_norm for epoch in epochs], mode="lines+markers", name="gradient norm",
        line=line(OBSERVED), marker=dot(OBSERVED),
    )  # fmt: skip
    figure.add_hline(y=limit, line={"color": FLAGGED, "dash": "dot"}, annotation_text="clipped above")
    figure.update_xaxes(title_text="epoch")
    figure.update_yaxes(type="log", title_text="gradient norm", dtick="D2", tickformat=".2g")
    return dress(figure, height=260)


def plot_keep_times(steps: np.ndarray) -> go.Figure:
    """For how long each unit keeps what it holds, the longest first."""
    figure = go.Figure()
    figure.add_bar(x=np.arange(1, len(steps) + 1), y=steps, marker_color=PREDICTED)
    figure.update_xaxes(title_text="hidden units, the most lasting first")
    figure.update_yaxes(title_text="steps until 1/e is left")
    return dress(figure, height=260).update_layout(showlegend=False)


def plot_validation_losses(runs: Mapping[str, Sequence[Epoch]]) -> go.Figure:
    """Validation loss by epoch, a line for each."""
    figure = go.Figure()
    for (name, epochs), colour in zip(runs.items(), COLOURS * len(runs), strict=False):
        figure.add_scatter(
            x=[epoch.number for epoch in epochs], y=[epoch.validation_loss for epoch in epochs], name=literal(name),
            mode="lines", line={"color": colour, "width": 2},
        )  # fmt: skip
    figure.update_xaxes(title_text="epoch")
    figure.update_yaxes(type="log", title_text="validation loss", dtick="D2", tickformat=".2g")
    return dress(figure, height=360)
