"""The look at a file before anything is learnt from it."""

import streamlit as st

from anomaly.charts import plot_series
from anomaly.domain import Dataset
from anomaly.ui import session
from anomaly.ui.plain import plain
from anomaly.ui.wording import show_repairs, size_of


def show_preview(opened: session.Current) -> None:
    """What the file holds and what was assumed, and the button that starts."""
    dataset = opened.dataset
    st.title(plain(dataset.name), anchor=False)
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
    st.plotly_chart(plot_series(dataset, record), config={"displayModeBar": False}, key="preview")


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
    shown = [plain(column) for column in columns[:most]]
    return ", ".join(shown) + (f" and {len(columns) - most} more" if len(columns) > most else "")
