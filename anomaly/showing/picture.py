"""A record as a small SVG, drawn by hand: a chart on the first page would make the browser load all of Plotly first."""

import numpy as np

from anomaly.domain import Dataset, find_runs
from anomaly.forecasting import last_observed
from anomaly.showing.decimation import choose_steps

WIDTH, HEIGHT, EDGE = 600, 120, 6


def draw_picture(dataset: Dataset) -> str:
    """The first channel of the record with most labelled steps, these in red."""
    series = max(dataset.series, key=lambda one: 0 if one.labels is None else one.labels.sum())
    labels = np.zeros(len(series), bool) if series.labels is None else series.labels
    values = last_observed(series.values)[:, 0]
    steps = choose_steps([values], 0, len(values), np.flatnonzero(np.diff(labels)))
    x = steps / max(len(values) - 1, 1) * WIDTH
    low, high = values.min(), values.max()
    y = HEIGHT - EDGE - (values[steps] - low) / (high - low or 1.0) * (HEIGHT - 2 * EDGE)
    lines = [_line(x, y, "#334155", 1.0)]
    lines += [
        _line(x[start:stop], y[start:stop], "#dc2626", 2.0)
        for start, stop in zip(*find_runs(labels[steps]), strict=True)
    ]
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">{"".join(lines)}</svg>\n'


def _line(x: np.ndarray, y: np.ndarray, colour: str, width: float) -> str:
    points = " ".join(f"{across:.1f},{down:.1f}" for across, down in zip(x, y, strict=True))
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
