"""The demonstrations on the first page: a picture each, and one click to the finished result."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from anomaly.domain import FitSettings, find_runs
from anomaly.forecasting import last_observed
from anomaly.pipeline import read
from anomaly.reading import DEMOS, Demo, demo_csv
from anomaly.showing import choose_steps

WIDTH, HEIGHT, EDGE = 600, 120, 6


def show_demos(open_files: Callable[[list[tuple[bytes, str]], FitSettings], None]) -> None:
    for column, demo in zip(st.columns(len(DEMOS)), DEMOS.values(), strict=True):
        with column.container(border=True, height="stretch"):
            _show_demo(demo, open_files)


def _show_demo(demo: Demo, open_files: Callable[[list[tuple[bytes, str]], FitSettings], None]) -> None:
    st.markdown(f"##### {demo.title}")
    st.image(_picture(demo.name), width="stretch")
    st.caption(demo.description)
    if st.button("Find its anomalies", key=f"demo-{demo.name}", width="stretch"):
        open_files([(demo_csv(demo.name), f"{demo.name}.csv")], FitSettings(train_fraction=demo.train_fraction))


@st.cache_data(max_entries=len(DEMOS), show_spinner=False)
def _picture(name: str) -> str:
    """An SVG of the first channel of the most labelled record, the labelled steps in red.

    Drawn by hand: a chart here would make the browser load all of Plotly before the first page is complete.
    """
    dataset = read(demo_csv(name), name=name)
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
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">{"".join(lines)}</svg>'


def _line(x: np.ndarray, y: np.ndarray, colour: str, width: float) -> str:
    points = " ".join(f"{across:.1f},{down:.1f}" for across, down in zip(x, y, strict=True))
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
