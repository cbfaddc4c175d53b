"""Moving about in a long record: a dragged box, an event chosen in the table, and back."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from anomaly.domain import Event, Span, to_calendar
from anomaly.ui import session
from anomaly.ui.wording import count_of

CHART, DRAG = "chart", "drag"
ZOOMS, MARKS_MISSED = "Drag to zoom", "Drag to mark as missed"
DRAGS = (ZOOMS, MARKS_MISSED)
MOST_CHANNELS_DRAWN = 6
FEWEST_STEPS = 8
AROUND_EVENT = 3
"""an event is shown with this many times its length on either side"""
FEWEST_AROUND = 60


def look_at(run: session.Run, record: int, window: Span | None, selected: Span | None = None) -> None:
    run.view = session.View(record, window, selected)
    run.has_looked = True


def choose_event(run: session.Run, event: Event) -> None:
    """Show it in the chart, with the channel that leads it; table, sentence, marks and address follow."""
    look_at_event(run, event.record, event.span)
    if event.channel not in run.channels:
        run.channels = [event.channel, *run.channels][:MOST_CHANNELS_DRAWN]
        run.channel_lists += 1


def position_of_chosen(run: session.Run, events: Sequence[Event]) -> int | None:
    """The place among `events` of the one that is boxed in the chart."""
    chosen = (run.view.record, run.view.selected)
    return next((place for place, event in enumerate(events) if (event.record, event.span) == chosen), None)


def look_at_event(run: session.Run, record: int, span: Span) -> None:
    around = max(AROUND_EVENT * len(span), FEWEST_AROUND)
    look_at(run, record, _clip(run, record, span.start - around, span.stop + around), span)


def zoom_to_selection(run: session.Run, key: str) -> None:
    """The box dragged across the chart becomes the window, redrawn at full resolution."""
    span = dragged(run, key)
    if span is not None:
        look_at(run, run.view.record, _clip(run, run.view.record, span.start, span.stop), run.view.selected)


def dragged(run: session.Run, key: str) -> Span | None:
    """The steps of the box dragged across the chart; None where there are fewer than two."""
    boxes = st.session_state[key].selection.get("box", [])
    if not boxes:
        return None
    series = run.dataset.series[run.view.record]
    times = to_calendar(series.times, run.dataset.time_axis)
    kind = times.dtype if times.dtype.kind == "M" else np.float64
    first, last = sorted(np.array(boxes[-1]["x"], dtype=kind))
    start, stop = np.searchsorted(times, first), np.searchsorted(times, last, side="right")
    return Span(int(start), int(stop)) if stop - start >= 2 else None


def show_zoom_buttons(run: session.Run) -> st.delta_generator.DeltaGenerator:
    """The buttons, and the row of the page that they stand in."""
    view = run.view
    steps = len(run.dataset.series[view.record])
    window = view.window or Span(0, steps)
    row = st.container(horizontal=True, vertical_alignment="center")
    shown = "all" if view.window is None else f"{len(window):,} of"
    row.caption(f"Showing {shown} {count_of(steps, 'step')}.", width="content")
    if run.role != "viewer":
        st.session_state.setdefault(DRAG, ZOOMS)
        row.segmented_control("Drag across the chart to", DRAGS, required=True, key=DRAG, label_visibility="collapsed")
    if view.window is None:
        return row
    row.button(
        "Whole record",
        icon=":material/zoom_out_map:",
        key="whole",
        type="tertiary",
        on_click=look_at,
        args=(run, view.record, None),
    )
    for label, icon, shift, grow in (
        ("Earlier", ":material/chevron_left:", -0.5, 0.0),
        ("Later", ":material/chevron_right:", 0.5, 0.0),
        ("Wider", ":material/zoom_out:", 0.0, 0.5),
    ):
        length = len(window)
        moved = _clip(
            run, view.record, window.start + int((shift - grow) * length), window.stop + int((shift + grow) * length)
        )
        row.button(
            label,
            icon=icon,
            key=label.lower(),
            type="tertiary",
            on_click=look_at,
            args=(run, view.record, moved, view.selected),
        )
    return row


def _clip(run: session.Run, record: int, start: int, stop: int) -> Span | None:
    """A window of at least FEWEST_STEPS inside the record; None where that is all of it."""
    steps = len(run.dataset.series[record])
    start = max(0, min(start, steps - FEWEST_STEPS))
    stop = min(steps, max(stop, start + FEWEST_STEPS))
    return None if (start, stop) == (0, steps) else Span(start, stop)
