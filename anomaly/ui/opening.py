"""The first page, and the look at a file before anything is learnt from it."""

import numpy as np
import streamlit as st

from anomaly.charts import plot_series, plot_sparkline
from anomaly.domain import Dataset
from anomaly.exceptions import AnomalyError
from anomaly.preparation import last_observed
from anomaly.reading import read, read_table
from anomaly.synthetic import DEMOS, Demo, demo_csv
from anomaly.ui import session
from anomaly.ui.wording import show_repairs, size_of

QUIET = {"displayModeBar": False}


def show_opening() -> None:
    """Upload a file, or see a demonstration."""
    st.title("Unforeseen")
    st.markdown(
        "Open a file of sensor or medical-record time series. A recurrent network learns what usually comes next; "
        "where the next value could not be foreseen, that stretch is an **anomaly**. Nothing leaves this computer."
    )
    uploaded = st.file_uploader(
        "CSV files: one row per time step, one column per channel. Several files are the records of one dataset.",
        type=["csv", "txt", "tsv"],
        accept_multiple_files=True,
    )
    if uploaded:
        _open([(file.getvalue(), file.name) for file in uploaded])
    st.subheader("Or see it at work", anchor=False)
    for column, demo in zip(st.columns(len(DEMOS)), DEMOS.values(), strict=True):
        with column.container(border=True, height="stretch"):
            _show_demo(demo)


def _show_demo(demo: Demo) -> None:
    st.markdown(f"##### {demo.title}")
    values, flagged = _demo_picture(demo.name)
    st.plotly_chart(plot_sparkline(values, flagged), config={"staticPlot": True}, key=f"picture-{demo.name}")
    st.caption(demo.description)
    if st.button("Find its anomalies", key=f"demo-{demo.name}", width="stretch"):
        _open([(demo_csv(demo.name), f"{demo.name}.csv")], start=True)


@st.cache_data(max_entries=len(DEMOS), show_spinner=False)
def _demo_picture(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Values (T,) of the demonstration's first channel in its most labelled record, and the labels (T,)."""
    dataset = read(demo_csv(name), name=name)
    series = max(dataset.series, key=lambda one: 0 if one.labels is None else one.labels.sum())
    labels = np.zeros(len(series), bool) if series.labels is None else series.labels
    return last_observed(series.values)[:, 0], labels


def _open(files: list[tuple[bytes, str]], start: bool = False) -> None:
    try:
        session.open_tables([read_table(content, name) for content, name in files], start)
    except AnomalyError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.rerun()


def show_preview(opened: session.Current) -> None:
    """What the file holds and what was assumed, and the button that starts."""
    dataset = opened.dataset
    st.title(dataset.name, anchor=False)
    left, right = st.columns([3, 1], vertical_alignment="center")
    left.markdown(describe(dataset))
    if right.button("Find anomalies", type="primary", width="stretch", icon=":material/search:"):
        session.start_job(opened)
        st.rerun()
    show_repairs(dataset.repairs)
    record = 0
    if len(dataset.series) > 1:
        names = [series.name for series in dataset.series]
        record = st.selectbox(
            "Record",
            range(len(names)),
            format_func=lambda position: f"{names[position]} · {len(dataset.series[position]):,} steps",
        )
    st.plotly_chart(plot_series(dataset, record), config=QUIET, key="preview")


def describe(dataset: Dataset) -> str:
    """One sentence on size and columns, for Markdown."""
    columns = dataset.columns
    parts = [f"**{size_of(dataset)}**", "monitoring " + _names(columns.monitored)]
    if columns.context:
        parts.append("with " + _names(columns.context) + " as context")
    parts.append(f"ordered by {_names((columns.time,))}" if columns.time else "in the order of the rows")
    if columns.record:
        parts.append(f"records named by {_names((columns.record,))}")
    if columns.labels:
        parts.append(f"known anomalies in {_names((columns.labels,))} (for comparison only, never learnt from)")
    return ", ".join(parts) + ". Columns, train span and forecaster can be changed at the left."


def _names(columns: tuple[str | None, ...], most: int = 6) -> str:
    """Column names as code: what a file says is never markup."""
    shown = [f"`{str(column).replace('`', '')}`" for column in columns[:most]]
    return ", ".join(shown) + (f" and {len(columns) - most} more" if len(columns) > most else "")
