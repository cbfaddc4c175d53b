"""The figures above the chart: how much was flagged, and how that agrees with what is known."""

import numpy as np
import streamlit as st

from anomaly.assessment import agree
from anomaly.detection import Detection
from anomaly.evaluation import Agreement
from anomaly.events import find_runs
from anomaly.pipeline import Fitted
from anomaly.ui.wording import alarm_rate, share, small_share


def show_figures(detection: Detection, fitted: Fitted) -> None:
    count = len(detection.events)
    flagged = sum(int(detection.flags(record).sum()) for record in range(len(detection.scores)))
    scored = sum(int(np.isfinite(scores.values).sum()) for scores in detection.scores)
    rate = f", {alarm_rate(count, detection.dataset)}" if count else ""
    st.markdown(
        f"**{count:,} event{'s' * (count != 1)}**, {small_share(flagged / max(scored, 1))} of time{rate}, "
        "at this threshold."
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
    if not count:
        return ""
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
