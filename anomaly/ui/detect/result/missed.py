"""Anomalies that were not flagged: marked by a person in the chart, listed, taken off again."""

import streamlit as st

from anomaly.detecting import Detection
from anomaly.domain import Span, format_times
from anomaly.runs import Verdict
from anomaly.ui import session
from anomaly.ui.detect.result.zoom import look_at_event
from anomaly.ui.lasting.keeping import change_verdicts

MISSED = "missed"
"""the tag of a stretch that was marked and not flagged"""


def missed_spans(run: session.Run) -> list[tuple[int, Span]]:
    """The stretches that were added, by record."""
    return [(one.record, one.span) for one in run.verdicts if _is_missed(one)]


def still_missed(run: session.Run, detection: Detection) -> list[tuple[int, Span]]:
    """Those of them that no event touches."""
    found = {
        record: [event.span for event in detection.events if event.record == record] for record, _ in missed_spans(run)
    }
    return [
        (record, span)
        for record, span in missed_spans(run)
        if not any(one.start < span.stop and span.start < one.stop for one in found[record])
    ]


def mark_missed(run: session.Run, record: int, window: Span) -> None:
    new = Verdict(record, window, "anomaly", MISSED)

    def change(verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
        return (*(one for one in verdicts if (one.record, one.span) != (record, window)), new)

    change_verdicts(run, change)


def take_off(run: session.Run, record: int, span: Span) -> None:
    def change(verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
        return tuple(one for one in verdicts if (one.record, one.span) != (record, span) or not _is_missed(one))

    change_verdicts(run, change)


def _is_missed(one: Verdict) -> bool:
    return one.tag == MISSED and one.verdict == "anomaly"


def show_mark_window(run: session.Run, place: st.delta_generator.DeltaGenerator) -> None:
    """A stretch that was missed: zoom to it, and mark what is shown."""
    window = run.view.window
    if window is None or run.role == "viewer":
        return
    place.button(
        "Mark as missed anomaly",
        icon=":material/add_alert:",
        key="mark-window",
        type="tertiary",
        help="What is shown now is an anomaly that was not flagged.",
        on_click=mark_missed,
        args=(run, run.view.record, window),
    )


def show_missed(run: session.Run) -> None:
    """Those that were added, each to be looked at or taken off."""
    spans = missed_spans(run)
    if not spans:
        return
    st.markdown(f"##### Missed, and added by hand: {len(spans):,}")
    series, axis = run.dataset.series, run.dataset.time_axis
    table = {
        "Record": [series[record].name for record, _ in spans],
        "Start": [
            next(iter(format_times(series[record].times[span.start : span.start + 1], axis))) for record, span in spans
        ],
        "Steps": [len(span) for _, span in spans],
    }
    if len(series) == 1:
        del table["Record"]
    # Another list is another table: a choice by position would mean another stretch.
    key = f"missed-{hash(tuple(spans))}"
    chosen = st.dataframe(
        table,
        hide_index=True,
        key=key,
        on_select="rerun",
        selection_mode="single-row",
        height="content",
        column_config={"Steps": st.column_config.NumberColumn(format="localized")},
    ).selection.rows
    row = st.container(horizontal=True)
    if not chosen:
        row.caption("Choose one to look at it or take it off.")
        return
    place = spans[chosen[0]]
    row.button("Show it", key="missed-show", icon=":material/visibility:", on_click=look_at_event, args=(run, *place))
    row.button(
        "Take it off",
        key="missed-off",
        icon=":material/remove_circle:",
        on_click=take_off,
        args=(run, *place),
        disabled=run.role == "viewer",
    )
