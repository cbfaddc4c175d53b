"""The figures above the chart: how much was flagged, and how that agrees with what is known."""

import streamlit as st

from anomaly.detecting import Agreement, Detection
from anomaly.domain import find_runs
from anomaly.evaluating import agree
from anomaly.forecasting import Fitted
from anomaly.ui.plain import plain
from anomaly.ui.wording import alarm_rate, share, small_share

TOO_MUCH = 0.3
"""of the time: more is no list of anomalies"""


def show_figures(detection: Detection, fitted: Fitted) -> None:
    if detection.no_score:
        st.error(plain(detection.no_score), icon=":material/visibility_off:")
        return
    if detection.no_difference:
        st.info(plain(detection.no_difference), icon=":material/equal:")
        return
    if detection.nothing:
        st.markdown(f"**{plain(detection.nothing)}**")
    count = len(detection.events)
    covered = sum(len(event.span) for event in detection.events)
    part = covered / max(detection.dataset.steps, 1)
    if count:
        st.markdown(
            f"**{count:,} event{'s' * (count != 1)}**, {small_share(part)} of time, "
            f"{alarm_rate(count, detection.dataset)}, at this threshold."
        )
    if part > TOO_MUCH:
        st.warning(
            "Events cover much of the time: the threshold may be too low, or this is unlike what was learnt from.",
            icon=":material/warning:",
        )
    if not detection.dataset.has_labels:
        return
    points, events = agree(detection)
    known = events.found + events.missed
    st.markdown(
        f"**{events.found:,} of {known:,}** known anomal{'ies' if known != 1 else 'y'} found"
        f"{_false(events.false, count)}.{_learnt(detection, fitted)}"
    )
    st.caption(f"By event: {_figures(events)}. By point: {_figures(points)}.")


def _false(false: int, count: int) -> str:
    if not false:
        return ", no false alarm" * (count > 0)
    verb, alarms = ("are", "false alarms") if false != 1 else ("is", "a false alarm")
    return f"; {false:,} of the {count:,} event{'s' * (count != 1)} {verb} {alarms}"


def _learnt(detection: Detection, fitted: Fitted) -> str:
    """A warning where known anomalies were in what the forecaster took for normal."""
    stops = [part.shape[1] for part in fitted.reference]
    learnt = sum(
        int((find_runs(series.labels)[0] < stop).sum())
        for series, stop in zip(detection.dataset.series, stops, strict=True)
        if series.labels is not None
    )
    if not learnt:
        return ""
    verb = "begin" if learnt != 1 else "begins"
    return (
        f" {learnt:,} of the known anomalies {verb} in the train span, which counts as normal: "
        "learn from a healthy stretch (Train span, at the left) to find more."
    )


def _figures(agreement: Agreement) -> str:
    return f"precision {share(agreement.precision)}, recall {share(agreement.recall)}, F1 {share(agreement.f1)}"
