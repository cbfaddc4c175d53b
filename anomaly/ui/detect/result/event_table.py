"""The events, most severe first; choosing one shows it in the chart."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from anomaly.detecting import Detection
from anomaly.domain import Event, say_duration, seconds_of
from anomaly.runs import find_verdict
from anomaly.ui import session
from anomaly.ui.detect.result.zoom import choose_event, position_of_chosen
from anomaly.ui.plain import plain

MOST_LISTED = 200
NO_UNITS = ("time", "t", "timestamp", "ts", "index", "step", "zeit")
"""names of a time column of numbers that do not tell what is counted"""
HEADINGS: dict[str, Any] = {
    "verdict": st.column_config.TextColumn("Verdict", width="small"),
    "record": "Record",
    "start": "Start",
    "duration": "Duration",
    "kind": "What",
    "peak_score": st.column_config.NumberColumn("Score", format="%.4g", width="small"),
    # Last: it is the longest, and of a chosen row it is said in full below the table.
    "why": st.column_config.TextColumn("Why", width=700),
}


def show_event_table(run: session.Run, detection: Detection) -> None:
    if not detection.events:
        if detection.unusual:
            st.markdown("The most unusual stretches, which are no events:")
            _show_list(run, detection, detection.unusual_table(), detection.unusual)
        return
    events = detection.events[:MOST_LISTED]
    table = detection.events_table(MOST_LISTED)
    if run.verdicts:
        found = [find_verdict(event, run.verdicts) for event in events]
        table.insert(0, "verdict", ["" if one is None else one.verdict for one in found])
    _show_list(run, detection, table, events)
    if len(detection.events) > MOST_LISTED:
        st.caption(f"Listed are the {MOST_LISTED} most severe; events.csv holds all.")


def _show_list(run: session.Run, detection: Detection, table: pd.DataFrame, events: tuple[Event, ...]) -> None:
    table.insert(list(table.columns).index("end"), "duration", _durations(detection, events))
    hidden = ["record"] if len(run.dataset.series) == 1 else []
    table = table[[name for name in HEADINGS if name in table and name not in hidden]]
    chosen = position_of_chosen(run, events)
    rows = [] if chosen is None else [chosen]
    key = _key_of(run, events)
    if key in st.session_state and st.session_state[key].selection.rows != rows:
        # Chosen by another way than its row: Streamlit takes what is chosen from a new list alone.
        run.event_lists += 1
        key = _key_of(run, events)
    st.dataframe(
        table,
        hide_index=True,
        key=key,
        on_select=lambda: _choose(run, events, key),
        selection_mode="single-row",
        selection_default={"selection": {"rows": rows}},
        column_config=HEADINGS,
    )
    if chosen is not None:
        st.markdown(f"**{plain(table['kind'].iloc[chosen]).capitalize()}:** {plain(table['why'].iloc[chosen])}")
    st.caption("Choose a row to see it in the chart.")


def _key_of(run: session.Run, events: tuple[Event, ...]) -> str:
    """Other events are another list, by whatever setting: its selection must not point into the old one."""
    return f"events-{hash(tuple((event.record, event.span) for event in events))}-{run.event_lists}"


def _choose(run: session.Run, events: tuple[Event, ...], key: str) -> None:
    rows = st.session_state[key].selection.rows
    if rows:
        choose_event(run, events[rows[0]])
    else:
        run.view.selected = None


def _durations(detection: Detection, events: Sequence[Event]) -> list[str]:
    """From the first step to the last, as people say it; in steps, or the time column's unit, without a calendar."""
    axis = detection.dataset.time_axis
    durations = []
    for event in events:
        times = detection.dataset.series[event.record].times
        length = times[event.span.stop - 1] - times[event.span.start]
        if axis.is_calendar:
            durations.append(say_duration(seconds_of(length, axis)))
        elif axis.kind == "row" or (axis.name or "").lower() in NO_UNITS:
            word = "row" if axis.kind == "row" else "step"
            durations.append(f"{len(event.span):,} {word}{'s' * (len(event.span) != 1)}")
        else:
            durations.append(f"{float(length):.6g} {axis.name}")
    return durations
