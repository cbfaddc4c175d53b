"""Two kept runs against each other: what was set differently, and what each flags that the other does not."""

import streamlit as st

from anomaly import pipeline
from anomaly.detecting import Detection
from anomaly.domain import Event, format_times
from anomaly.runs import RunRow, RunStore
from anomaly.showing import plot_detection
from anomaly.ui.plain import plain

MOST_LISTED = 50


def show_difference(kept: RunStore, one: RunRow, other: RunRow) -> None:
    if one.digest != other.digest:
        st.info("These runs are of different files: their events cannot be set against each other.")
        return
    with st.spinner("Opening both …"):
        (first, first_settings), (second, second_settings) = (_detect(kept, row.id) for row in (one, other))
    names = (f"1 · {one.name}", f"2 · {other.name}")
    rows = [
        {"Setting": key, names[0]: str(first_settings[key]), names[1]: str(second_settings[key])}
        for key in first_settings
        if first_settings[key] != second_settings.get(key)
    ]
    st.markdown("##### What was set differently")
    if rows:
        st.dataframe(rows, hide_index=True, key="difference-settings")
    else:
        st.caption("Nothing: they agree in every setting.")
    if [len(series) for series in first.dataset.series] != [len(series) for series in second.dataset.series]:
        st.info("Their files were read differently, so that their steps are not the same.")
        return
    left, right = st.columns(2)
    for place, name, own, others in ((left, names[0], first, second), (right, names[1], second, first)):
        with place:
            alone = only_in(own, others)
            st.markdown(f"##### Only in {plain(name)}: {len(alone):,}")
            if alone:
                st.dataframe([_line(own, event) for event in alone[:MOST_LISTED]], hide_index=True, key=f"only-{name}")
    record = (
        max((*first.events, *second.events), key=lambda event: event.peak_score).record
        if (first.events or second.events)
        else 0
    )
    for name, detection in zip(names, (first, second), strict=True):
        st.markdown(f"##### {plain(name)}")
        st.plotly_chart(
            plot_detection(detection, record, [detection.dataset.monitored[0]]),
            config={"displayModeBar": False},
            key=f"difference-{name}",
        )


def only_in(own: Detection, other: Detection) -> list[Event]:
    """The events of `own` that share no step with one of `other`."""
    return [
        event
        for event in own.events
        if not any(
            event.record == one.record and event.span.start < one.span.stop and one.span.start < event.span.stop
            for one in other.events
        )
    ]


def _detect(kept: RunStore, run: str) -> tuple[Detection, dict[str, object]]:
    dataset, fitted, detect = kept.open(run)
    settings = {**fitted.settings.model_dump(), **detect.model_dump()}
    return pipeline.detect(fitted, dataset, detect), settings


def _line(detection: Detection, event: Event) -> dict[str, object]:
    series = detection.dataset.series[event.record]
    start = next(iter(format_times(series.times[event.span.start : event.span.start + 1], detection.dataset.time_axis)))
    record = {"Record": series.name} if len(detection.dataset.series) > 1 else {}
    return {**record, "Start": str(start), "Steps": len(event.span), "Score": round(event.peak_score, 2)}
