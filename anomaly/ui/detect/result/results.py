"""What was found: the chart, the live threshold, the events, the files to take away.

One fragment: a moved slider reruns this alone, and of the pipeline only the part that depends on it.
"""

import streamlit as st

from anomaly import pipeline
from anomaly.detecting import Detection
from anomaly.domain import AnomalyError, DetectSettings, Span, say_duration
from anomaly.forecasting import describe_calendar, describe_memory, say_steps
from anomaly.runs import find_verdict
from anomaly.showing import export, plot_detection, plot_losses, plot_reach, plot_score_histogram
from anomaly.ui import session
from anomaly.ui.detect.healthy import show_healthy_span
from anomaly.ui.detect.preview import describe, show_columns
from anomaly.ui.detect.result import threshold_panel
from anomaly.ui.detect.result.drift import show_drift
from anomaly.ui.detect.result.evaluate import show_evaluate
from anomaly.ui.detect.result.event_table import show_event_table
from anomaly.ui.detect.result.figures import show_figures
from anomaly.ui.detect.result.missed import mark_missed, missed_spans, show_mark_window, show_missed, still_missed
from anomaly.ui.detect.result.verdict_panel import show_verdicts
from anomaly.ui.detect.result.zoom import (
    CHART,
    DRAG,
    MARKS_MISSED,
    MOST_CHANNELS_DRAWN,
    dragged,
    look_at,
    show_zoom_buttons,
    zoom_to_selection,
)
from anomaly.ui.lasting.keeping import guard, keep, refresh
from anomaly.ui.panels.layout import dress
from anomaly.ui.plain import plain, show_error
from anomaly.ui.wording import count_of, show_repairs

SECTIONS = ("Events", "Evaluate", "Training", "Data")


@st.fragment
def show_results(run: session.Run) -> None:
    dress()
    session.keep_choices()
    if refresh(run):
        # Taken away meanwhile: the whole page says so.
        st.rerun()
    st.title(plain(run.dataset.name), anchor=False)
    figures = st.container()
    main, side = st.columns([4, 1], gap="medium")
    with side:
        try:
            settings = threshold_panel.show_event_settings(run)
            scored = _score(run, settings)
            settings = threshold_panel.show_threshold(scored, settings)
            detection = pipeline.flag(scored, settings)
            opened = session.current()
            if opened is not None:
                opened.detect = settings
            _settle_view(run, detection)
            keep(run, detection, settings)
            if detection.threshold.note:
                st.caption(plain(detection.threshold.note))
        except AnomalyError as error:
            show_error(error)
            return
        st.plotly_chart(plot_score_histogram(detection), config={"displayModeBar": False}, key="histogram")
        _show_downloads(run, detection)
    with figures:
        show_figures(detection, run.fitted)
    with main:
        if run.drift is None:
            run.drift = run.fitted.drift(run.dataset)
        show_drift(run.drift)
        if opened is not None:
            show_healthy_span(opened)
        _show_chart(run, detection)
    # One section at a time: a moved threshold computes only what is looked at.
    st.session_state.setdefault("section", SECTIONS[0])
    section = st.segmented_control("Section", SECTIONS, label_visibility="collapsed", key="section")
    if section == "Evaluate":
        show_evaluate(run, detection)
    elif section == "Training":
        _show_training(run)
    elif section == "Data":
        opened = session.current()
        st.markdown(describe(run.dataset, opened is not None and opened.look is not None))
        show_repairs(run.dataset.repairs)
        if opened is not None:
            show_columns(opened)
    else:
        show_verdicts(run, detection)
        show_event_table(run, detection)
        show_missed(run)


def _score(run: session.Run, settings: DetectSettings) -> pipeline.Scored:
    """The scores for this smoothing: computed once, found again while only the threshold moves."""
    key = (settings.smoothing, settings.smoothing_window)
    if key not in run.scored:
        known = next(iter(run.scored.values()), None)
        forecasts = known.forecasts if known else pipeline.forecast(run.fitted, run.dataset)
        # One at a time: for millions of steps, scores of every width tried would fill the memory.
        run.scored = {key: pipeline.score(run.fitted, forecasts, run.dataset, settings)}
    return run.scored[key]


def _settle_view(run: session.Run, detection: Detection) -> None:
    """What all of the page, and its address, shows: until the person looks somewhere, the oddest record."""
    oddest = detection.events or detection.unusual
    if not run.has_looked and oddest:
        run.view.record = oddest[0].record
    run.view.selected = _follow(detection, run.view.record, run.view.selected)


def _show_chart(run: session.Run, detection: Detection) -> None:
    view, dataset = run.view, run.dataset
    left, right = st.columns([1, 2]) if len(dataset.series) > 1 else (None, st.container())
    if left is not None:
        _show_record_choice(left, run, detection)
    channels = [dataset.monitored[0]]
    if len(dataset.monitored) > 1:
        chosen = right.multiselect(
            "Channels",
            dataset.monitored,
            default=run.channels or _leading_channels(detection),
            max_selections=MOST_CHANNELS_DRAWN,
            # Another list from the page is another widget: an event chosen in the table brings its channel along.
            key=f"channels-{dataset.digest[:8]}-{len(dataset.monitored)}-{run.channel_lists}",
        )
        channels = run.channels = chosen or channels
    show_mark_window(run, show_zoom_buttons(run))
    window = view.window or Span(0, len(dataset.series[view.record]))
    missed = [span for record, span in missed_spans(run) if record == view.record]
    # Another chart after each drag, or its box would stay.
    key = f"{CHART}-{view.record}-{window.start}-{window.stop}-{len(missed)}"
    st.plotly_chart(
        plot_detection(detection, view.record, list(channels), view.window, view.selected, missed),
        key=key,
        on_select=lambda: _on_drag(run, key),
        selection_mode="box",
        config={"displayModeBar": False, "doubleClick": False},
    )
    if len(dataset.monitored) > 1:
        st.caption("The lowest strip shows which channels were surprising: the darker, the more.")


def _on_drag(run: session.Run, key: str) -> None:
    if st.session_state.get(DRAG) != MARKS_MISSED or run.role == "viewer":
        zoom_to_selection(run, key)
    elif (span := dragged(run, key)) is not None:
        mark_missed(run, run.view.record, span)


def _follow(detection: Detection, record: int, span: Span | None) -> Span | None:
    """What to box: a known anomaly stays, an event grows and shrinks with the threshold, one that is gone is not."""
    labels = detection.dataset.series[record].labels
    if span is None or (labels is not None and labels[span.start : span.stop].all()):
        return span
    events = [event.span for event in (*detection.events, *detection.unusual) if event.record == record]
    return next((one for one in events if one.start < span.stop and span.start < one.stop), None)


def _show_record_choice(place: st.delta_generator.DeltaGenerator, run: session.Run, detection: Detection) -> None:
    """Records, the oddest first."""
    peaks = dict.fromkeys(range(len(run.dataset.series)), (0.0, 0))
    for event in detection.events or detection.unusual:
        worst, count = peaks[event.record]
        # A stretch that is no event has its place in the order, and is not counted.
        peaks[event.record] = (max(worst, event.peak_score), count + bool(detection.events))
    order = sorted(peaks, key=lambda record: (-peaks[record][0], record))

    def label(record: int) -> str:
        name, count = run.dataset.series[record].name, peaks[record][1]
        return f"{name} · {count} event{'s' * (count != 1)}" if count else f"{name} · quiet"

    # Another record shown, by whatever way, is another widget; so are other texts, by which Streamlit knows a choice.
    key = f"record-{run.view.record}-{detection.threshold.value:.6g}-{len(detection.events)}"
    place.selectbox(
        "Record, oddest first",
        order,
        index=order.index(run.view.record),
        format_func=label,
        key=key,
        on_change=lambda: look_at(run, st.session_state[key], None),
    )


def _leading_channels(detection: Detection) -> list[str]:
    """The channels that lead events, or the most unusual stretches, the most severe first; at most two."""
    leading = list(dict.fromkeys(event.channel for event in detection.events or detection.unusual))
    return (leading + [name for name in detection.dataset.monitored if name not in leading])[:2]


def judged(run: session.Run, detection: Detection) -> list[tuple[str, str, str]] | None:
    """Verdict, tag and note of each event, for its line in the list; None where nothing is marked."""
    if not run.verdicts:
        return None
    found = [find_verdict(event, run.verdicts) for event in detection.events]
    return [("", "", "") if one is None else (one.verdict, one.tag, one.note) for one in found]


def _list_events(run: session.Run, detection: Detection) -> bytes:
    """What was flagged, and after it what a person added."""
    with_missed = detection.with_missed(still_missed(run, detection))
    return export.events_csv(with_missed, judged(run, with_missed))


def _describe_run(run: session.Run, detection: Detection) -> bytes:
    """With the digests of the tables that are offered beside it."""
    tables = {"events.csv": _list_events(run, detection), "points.csv": export.points_csv(detection)}
    return export.run_json(detection, run.fitted, tables)


def _report(run: session.Run, detection: Detection) -> bytes:
    """With what was compared on the same data, if anything."""
    from anomaly.showing import report_html

    opened = session.current()
    comparison = opened.comparison if opened is not None else None
    fits = comparison is not None and comparison.dataset is run.dataset and not comparison.is_running
    with_missed = detection.with_missed(still_missed(run, detection))
    contenders = comparison.contenders if comparison is not None and fits else ()
    return report_html(with_missed, run.fitted, judged(run, with_missed), contenders)


def _show_downloads(run: session.Run, detection: Detection) -> None:
    for name, mime, build in (
        ("events.csv", "text/csv", lambda: _list_events(run, detection)),
        ("points.csv", "text/csv", lambda: export.points_csv(detection)),
        ("run.json", "application/json", lambda: _describe_run(run, detection)),
        ("report.html", "text/html", lambda: _report(run, detection)),
    ):
        st.download_button(
            name,
            guard(run, name, build),
            name,
            mime,
            key=f"take-{name}",
            on_click="ignore",
            width="stretch",
            icon=":material/download:",
        )


def _show_training(run: session.Run) -> None:
    fitted = run.fitted
    settings = fitted.settings
    if fitted.epochs:
        st.plotly_chart(plot_losses(list(fitted.epochs)), config={"displayModeBar": False}, key="training-losses")
    took = say_duration(fitted.epochs[-1].seconds) if fitted.epochs else "no time"
    st.markdown(
        f"{plain(fitted.ended)} {count_of(len(fitted.epochs), 'epoch')} took {took}. A `{settings.cell}` of "
        f"{count_of(settings.layers, 'layer')} and {count_of(settings.hidden_units, 'hidden unit')}, the gradient cut "
        f"every {count_of(settings.bptt_steps, 'step')}. {describe_memory(fitted, run.dataset)} Dominant "
        f"period: {say_steps(fitted.period, run.dataset)}. "
        f"{describe_calendar(fitted.preparation.calendar, settings, run.dataset)}"
    )
    st.markdown("How far back the gradient of one step's loss reaches; dotted, before training:")
    st.plotly_chart(
        plot_reach({"this model": fitted.reach.after}, {"this model": fitted.reach.before}, settings.bptt_steps),
        config={"displayModeBar": False},
        key="training-reach",
    )
