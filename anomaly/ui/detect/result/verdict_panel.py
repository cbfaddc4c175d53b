"""What the person says of events: marks by button and key, and what follows from them."""

from dataclasses import replace

import numpy as np
import streamlit as st

from anomaly import pipeline
from anomaly.detecting import Detection
from anomaly.domain import Dataset, Event
from anomaly.runs import Verdict, Word, find_verdict, judge, precision_so_far, propose
from anomaly.ui import session
from anomaly.ui.detect.result.missed import MISSED
from anomaly.ui.detect.result.zoom import choose_event, position_of_chosen
from anomaly.ui.lasting import fits
from anomaly.ui.lasting.keeping import change_verdicts
from anomaly.ui.plain import plain
from anomaly.ui.wording import count_of, share

MARKS: dict[Word, tuple[str, str, str]] = {
    "anomaly": ("Anomaly", ":material/report:", "a"),
    "expected": ("Expected", ":material/check_circle:", "e"),
    "unsure": ("Unsure", ":material/help:", "u"),
}


def show_verdicts(run: session.Run, detection: Detection) -> None:
    """Next and previous, the marks of the event shown, and what all marks say together."""
    position = position_of_chosen(run, detection.events)
    row = st.container(horizontal=True, vertical_alignment="center")
    count = len(detection.events)
    for label, icon, key, step in (
        ("Previous", ":material/chevron_left:", "k", -1),
        ("Next", ":material/chevron_right:", "j", 1),
    ):
        target = (0 if step > 0 else count - 1) if position is None else position + step
        row.button(
            label,
            icon=icon,
            key=f"event-{label.lower()}",
            shortcut=key,
            disabled=not 0 <= target < count,
            on_click=lambda target=target: choose_event(run, detection.events[target]),
        )
    event = None if position is None else detection.events[position]
    verdict = None if event is None else find_verdict(event, run.verdicts)
    for word, (label, icon, key) in MARKS.items():
        is_set = verdict is not None and verdict.verdict == word
        row.button(
            label,
            icon=icon,
            key=f"mark-{word}",
            shortcut=key,
            type="primary" if is_set else "secondary",
            disabled=event is None or run.role == "viewer",
            on_click=_mark,
            args=(run, detection, position, word),
        )
    # Not by a second press of the mark's key: one press too many would undo it unseen.
    row.button(
        "No mark",
        icon=":material/undo:",
        key="mark-none",
        shortcut="x",
        disabled=event is None or verdict is None or run.role == "viewer",
        on_click=_mark,
        args=(run, detection, position, None),
    )
    if event is not None and position is not None:
        row.caption(f"Event {position + 1:,} of {count:,}", width="content")
        _show_note(run, event, verdict)
    elif run.role == "viewer":
        row.caption("This run is another's: you may look at it.", width="content")
    elif not count:
        row.caption("There is no event to say something of.", width="content")
    else:
        row.caption("Choose an event, by its row or with Next, to say what it is.", width="content")
    _show_summary(run, detection)


def _mark(run: session.Run, detection: Detection, position: int, word: Word | None) -> None:
    event, events = detection.events[position], detection.events

    def change(verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
        before = find_verdict(event, verdicts)
        tag, note = (before.tag, before.note) if before is not None else ("", "")
        return judge(verdicts, event, word, tag, note, events)

    if change_verdicts(run, change):
        # By key, the buttons may be out of sight.
        which = f"Event {position + 1:,} of {len(events):,}"
        st.toast(f"{which}: {word or 'no mark'}.", icon=MARKS[word][1] if word else ":material/undo:")


def _show_note(run: session.Run, event: Event, verdict: Verdict | None) -> None:
    if verdict is None:
        return
    left, right = st.columns([1, 3])
    for place, field, hint in ((left, "tag", "such as: sensor, operator, wear"), (right, "note", "")):
        text = getattr(verdict, field)
        # Another text in the store is another box: what somebody else wrote meanwhile is shown.
        key = f"{field}-{event.record}-{event.span.start}-{event.span.stop}-{hash(text)}"
        place.text_input(
            field.capitalize(),
            text,
            key=key,
            placeholder=hint,
            on_change=_write,
            args=(run, event, field, key),
            disabled=run.role == "viewer",
        )


def _write(run: session.Run, event: Event, field: str, key: str) -> None:
    """The tag or note alone: the rest of the verdict is as it is by now, perhaps another's."""
    text, found = st.session_state[key], list[Verdict | None]()
    if field == "tag" and text.strip() == MISSED:
        # It is how stretches added by hand are known, in the store too.
        del st.session_state[key]
        said = f"The tag {MISSED} is for stretches that you add where nothing was flagged: choose another word here."
        st.toast(said, icon=":material/warning:", duration="long")
        return

    def change(verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
        found[:] = [find_verdict(event, verdicts)]
        return tuple(replace(one, **{field: text}) if one == found[0] else one for one in verdicts)

    if change_verdicts(run, change) and found == [None]:
        st.toast(
            plain(f"The mark was taken off meanwhile, so its {field} has no place: mark the event again for {text!r}."),
            icon=":material/warning:",
            duration="long",
        )


def _show_summary(run: session.Run, detection: Detection) -> None:
    """Precision so far, a proposal, and another fit without what was marked."""
    if not run.verdicts:
        return
    right, judged = precision_so_far(detection.events, run.verdicts)
    missed = sum(one.tag == MISSED for one in run.verdicts)
    on_events = {find_verdict(event, run.verdicts) for event in detection.events}
    elsewhere = sum(one not in on_events and one.tag != MISSED for one in run.verdicts)
    said = f"{len(run.verdicts):,} marked."
    if judged:
        said += f" Judged as anomaly or expected: {judged:,}, of them anomalies: {right:,}, a precision of "
        said += f"{share(right / judged)}."
    if missed:
        said += f" {missed:,} missed anomal{'ies' if missed > 1 else 'y'} added."
    if elsewhere:
        said += f" {elsewhere:,} {'are' if elsewhere > 1 else 'is'} of no event as they are at this threshold."
    st.markdown(said)
    row = st.container(horizontal=True)
    settings, scored = detection.settings, next(iter(run.scored.values()))

    def find(level: float, length: int) -> tuple[Event, ...]:
        tried = {"threshold_rule": "value", "threshold": level, "min_length": length}
        return pipeline.flag(scored, settings.model_copy(update=tried)).events

    proposal = propose(detection.events, run.verdicts, detection.threshold.value, find, settings.min_length)
    if proposal is not None:
        row.button(
            f"Threshold {proposal.threshold:.3g}, at least {count_of(proposal.min_length, 'step')}",
            help=f"Keeps all {proposal.kept:,} anomalies marked and drops {proposal.dropped:,} of the expected events.",
            icon=":material/auto_fix_high:",
            key="take-proposal",
            on_click=_take,
            args=(proposal.threshold, proposal.min_length),
        )
    anomalies = [one for one in run.verdicts if one.verdict == "anomaly"]
    if anomalies and row.button(
        "Fit again without the anomalies",
        help="What was marked as anomaly is not learnt from; it is scored no more either.",
        icon=":material/model_training:",
        key="fit-without",
    ):
        opened = session.current()
        if opened is not None:
            opened.dataset = leave_out(run.dataset, anomalies)
            fits.start_job(opened)
            st.rerun()
    if anomalies and row.button(
        "Take the marks as known anomalies", icon=":material/fact_check:", key="marks-as-labels"
    ):
        session.label(run, label_with(run.dataset, anomalies))
        st.rerun()


def _take(threshold: float, min_length: int) -> None:
    st.session_state.update(
        {"threshold_rule": "value", "threshold_value": threshold, "threshold_value_dragged": threshold}
        | {"min_length": min_length}
    )


def leave_out(dataset: Dataset, verdicts: list[Verdict]) -> Dataset:
    """`dataset` with the steps of these verdicts ignored."""
    masks = _masks(dataset, verdicts)
    return replace(
        dataset,
        series=tuple(
            replace(series, ignored=mask if series.ignored is None else series.ignored | mask) if mask.any() else series
            for series, mask in zip(dataset.series, masks, strict=True)
        ),
    )


def label_with(dataset: Dataset, verdicts: list[Verdict]) -> Dataset:
    """`dataset` whose known anomalies are those of these verdicts and no others."""
    masks = _masks(dataset, verdicts)
    return replace(
        dataset,
        series=tuple(replace(series, labels=mask) for series, mask in zip(dataset.series, masks, strict=True)),
    )


def _masks(dataset: Dataset, verdicts: list[Verdict]) -> list[np.ndarray]:
    masks = [np.zeros(len(series), bool) for series in dataset.series]
    for one in verdicts:
        masks[one.record][one.span.start : one.span.stop] = True
    return masks
