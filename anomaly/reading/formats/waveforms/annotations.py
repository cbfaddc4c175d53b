"""Annotations of a recording -> known anomalies, a state the recording is in, or nothing but marks of its making."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anomaly.domain import Repair
from anomaly.reading.formats.waveforms.signals import LABEL, STATE
from anomaly.reading.formats.waveforms.stretches import lay_over

MARK = re.compile(
    r"\s*|rec(ord(ing)?)?\W+(start|stop|end|paus|resum)(s|e|es|ed|ped|ing)?\b.*"
    r"|(start|stop|end) (of )?(the )?record(ing)?\W*|lights?\W*(on|off|out)\W*|montage\b.*"
    r"|(bio|impedance )?(calibration|cals?|check)\W*",
    re.IGNORECASE | re.DOTALL,
)
"""what tells of the recording, not of what was recorded"""
LEAST_TILED, MOST_COVERED = 0.5, 0.9
"""shares of the recording: what follows without a gap for so long is a state; what covers so much is no anomaly"""
NEAR = 0.05
"""share of its length: an annotation that begins so near the end of another follows it"""
COVERING = "Annotations that cover the recording are left out: no anomalies"
MOST_NAMED = 6


@dataclass(frozen=True)
class Annotation:
    onset: float
    """seconds since the start"""
    duration: float
    """seconds; 0 = a moment"""
    text: str


def tell_annotations(
    annotations: Sequence[Annotation], steps: int, rate: float
) -> tuple[dict[str, np.ndarray], list[Repair]]:
    """Columns of the table, (T,), and what to say of them: "label" is 1 while an annotation lasts, "state" the text of
    those that follow each other through the recording, as sleep stages do."""
    heard = [one for one in annotations if one.text.strip() and _steps_of(one, steps, rate)]
    marks = [one for one in heard if MARK.fullmatch(one.text)]
    events = [one for one in heard if not MARK.fullmatch(one.text)]
    columns: dict[str, np.ndarray] = {}
    notes = [_note("Annotations of the recording itself are no anomalies", marks)] if marks else []
    kinds = _kinds_that_follow(events)
    tiles = [one for one in events if one.text in kinds]
    state = _lay_out(tiles, kinds, steps, rate)
    if np.mean(state >= 0) >= LEAST_TILED:
        events = [one for one in events if one.text not in kinds]
        if len(kinds) > 1:
            columns[STATE] = np.array([*kinds, None], object)[state]
            notes.append(
                _note(f"Annotations that follow each other are a state, no anomalies (column {STATE!r})", tiles)
            )
        else:
            notes.append(_note(COVERING, tiles))
    known = _lay_out(events, [one.text for one in events], steps, rate) >= 0
    if known.mean() >= MOST_COVERED:
        notes.append(_note(COVERING, events))
    elif events:
        columns[LABEL] = known.astype(np.int64)
        are = "s are known anomalies" if len(events) > 1 else " is a known anomaly"
        notes.append(_note(f"{len(events):,} annotation{are}", events))
    return columns, notes


def _steps_of(one: Annotation, steps: int, rate: float) -> tuple[int, int] | None:
    """The steps that it lasts, at least the one nearest to it; None where it lies outside."""
    start, stop = one.onset * rate, (one.onset + one.duration) * rate
    if not np.isfinite(start + stop) or stop < -0.5 or start > steps - 0.5:
        return None
    first = min(max(round(start), 0), steps - 1)
    return first, max(first + 1, min(round(stop), steps))


def _lay_out(annotations: Sequence[Annotation], kinds: Sequence[str], steps: int, rate: float) -> np.ndarray:
    """(T,) which of the kinds lasts at each step, -1 where none does."""
    number = {kind: place for place, kind in enumerate(kinds)}
    found = [(stretch, number[one.text]) for one in annotations if (stretch := _steps_of(one, steps, rate))]
    return lay_over([stretch for stretch, _ in found], [place for _, place in found], steps)


def _kinds_that_follow(annotations: Sequence[Annotation]) -> list[str]:
    """The texts of which most annotations begin where another ends, or the other way round."""
    lasting = sorted((one for one in annotations if one.duration > 0), key=lambda one: one.onset)
    onsets = np.array([one.onset for one in lasting])
    ends = np.sort([one.onset + one.duration for one in lasting])
    counts, following = Counter(one.text for one in annotations), Counter[str]()
    for one in lasting:
        near = NEAR * one.duration
        if _any_within(onsets, one.onset + one.duration, near) or _any_within(ends, one.onset, near):
            following[one.text] += 1
    return sorted(text for text, count in following.items() if 2 * count > counts[text])


def _any_within(ordered: np.ndarray, place: float, near: float) -> bool:
    first = int(np.searchsorted(ordered, place - near))
    return first < len(ordered) and bool(ordered[first] <= place + near)


def _note(what: str, annotations: Sequence[Annotation]) -> Repair:
    """Names the commonest of their texts."""
    counts = Counter(one.text for one in annotations)
    named = ", ".join(repr(text) for text, _ in counts.most_common(MOST_NAMED))
    return Repair(f"{what}: {named}{', …' * (len(counts) > MOST_NAMED)}", len(annotations))
