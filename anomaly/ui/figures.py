"""The figures above the chart: how much was flagged, and how that agrees with what is known."""

import numpy as np
import streamlit as st

from anomaly.detection import Detection
from anomaly.evaluation import Agreement, evaluate_events, evaluate_points
from anomaly.ui.wording import alarm_rate, share


def show_figures(detection: Detection) -> None:
    count = len(detection.events)
    flagged = sum(int(detection.flags(record).sum()) for record in range(len(detection.scores)))
    scored = sum(int(np.isfinite(scores.values).sum()) for scores in detection.scores)
    st.markdown(
        f"**{count:,} event{'s' * (count != 1)}**, {100 * flagged / max(scored, 1):.2g} % of time, "
        f"{alarm_rate(count, detection.dataset)} at this threshold."
    )
    if not detection.dataset.has_labels:
        return
    points, events = _agreement(detection)
    st.markdown(
        f"Of the {events.found + events.missed:,} known anomalies **{events.found:,}** found, "
        f"{events.false:,} false alarm{'s' * (events.false != 1)}."
    )
    st.caption(f"By event: {_figures(events)}. By point: {_figures(points)}.")


def _figures(agreement: Agreement) -> str:
    return f"precision {share(agreement.precision)}, recall {share(agreement.recall)}, F1 {share(agreement.f1)}"


def _agreement(detection: Detection) -> tuple[Agreement, Agreement]:
    points = events = Agreement(0, 0, 0)
    for record, series in enumerate(detection.dataset.series):
        if series.labels is None:
            continue
        spans = sorted((event.span.start, event.span.stop) for event in detection.events if event.record == record)
        starts, stops = np.array(spans, np.int64).reshape(-1, 2).T
        points += evaluate_points(series.labels, detection.flags(record))
        events += evaluate_events(series.labels, starts, stops)
    return points, events
