"""How what was found agrees with what is known."""

import math

import pandas as pd
import streamlit as st

from anomaly.detecting import Detection
from anomaly.domain import AnomalyError, Span, format_times
from anomaly.evaluating import Curve, Figure, assess_events, assess_scores, false_events, missed_anomalies
from anomaly.reading import label_dataset, open_labels
from anomaly.showing import plot_precision_recall
from anomaly.ui import session
from anomaly.ui.detect.result.zoom import look_at_event
from anomaly.ui.plain import show_error
from anomaly.ui.wording import count_of, share

MOST_LISTED = 100


def show_evaluate(run: session.Run, detection: Detection) -> None:
    if not detection.dataset.has_labels:
        st.markdown(
            "With known anomalies, this page says how well they are found. They are compared with, never learnt from."
        )
        _show_label_upload(run)
        return
    left, right = st.columns([3, 2], gap="large")
    fixed, curve = _assess_scores(run, detection)
    with left:
        _show_figures("At this threshold", assess_events(detection))
        _show_figures("At every threshold: these do not move", fixed)
    with right:
        st.plotly_chart(
            plot_precision_recall(curve, detection.threshold.value), config={"displayModeBar": False}, key="curve"
        )
        missed = missed_anomalies(detection)
        _show_list(run, f"Missed known anomalies: {len(missed):,}", missed, "missed")
        false = [(event.record, event.span) for event in false_events(detection)]
        _show_list(run, f"Events that are no known anomaly: {len(false):,}", false, "false")
    with st.expander("Compare with other known anomalies", icon=":material/upload_file:"):
        _show_label_upload(run)


def _assess_scores(run: session.Run, detection: Detection) -> tuple[tuple[Figure, ...], Curve]:
    """Computed once for these scores and labels; a moved threshold does not change it."""
    key = (detection.settings.smoothing, detection.settings.smoothing_window, detection.dataset)
    if run.assessed is None or run.assessed[0] != key:
        with st.spinner("Comparing with the known anomalies …"):
            run.assessed = (key, assess_scores(detection))
    return run.assessed[1]


def _show_figures(title: str, figures: tuple[Figure, ...]) -> None:
    rows = [
        {
            "Figure": figure.name,
            "Value": _value(figure),
            "Meaning": figure.meaning,
        }
        for figure in figures
    ]
    st.markdown(f"##### {title}")
    st.table(pd.DataFrame(rows).set_index("Figure"), border="horizontal")


def _value(figure: Figure) -> str:
    counts_steps = "delay" in figure.name and not math.isnan(figure.value)
    return count_of(round(figure.value), "step") if counts_steps else share(figure.value)


def _show_list(run: session.Run, title: str, spans: list[tuple[int, Span]], key: str) -> None:
    st.markdown(f"##### {title}")
    if not spans:
        return
    listed, series = spans[:MOST_LISTED], run.dataset.series

    def choose() -> None:
        rows = st.session_state[key].selection.rows
        if rows:
            look_at_event(run, *listed[rows[0]])

    table = {
        "Record": [series[record].name for record, _ in listed],
        "Start": [_start(run, record, span) for record, span in listed],
        "Steps": [len(span) for _, span in listed],
    }
    if len(series) == 1:
        del table["Record"]
    st.dataframe(table, hide_index=True, key=key, on_select=choose, selection_mode="single-row", height="content")


def _start(run: session.Run, record: int, span: Span) -> str:
    times = run.dataset.series[record].times[span.start : span.start + 1]
    return str(next(iter(format_times(times, run.dataset.time_axis))))


def _show_label_upload(run: session.Run) -> None:
    uploaded = st.file_uploader(
        "A CSV file with one line per known anomaly: its start, its end, perhaps its record; or labels from TRAINSET.",
        type=["csv", "txt", "tsv"],
        key=f"labels-{run.label_files}",
    )
    if run.label_error:
        show_error(run.label_error)
    if uploaded is None:
        return
    try:
        table = session.read_here(open_labels, [(uploaded.getvalue(), uploaded.name)])
        session.label(run, label_dataset(run.dataset, table))
        run.label_error = None
    except AnomalyError as error:
        run.label_error = str(error)
    # Only now: where something else was asked for meanwhile, the file is still there to be read.
    session.forget_uploads([uploaded])
    run.label_files += 1
    st.rerun()
