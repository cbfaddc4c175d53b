"""Stretches laid over each other: as one after the other would be, and as quickly where all of them overlap."""

import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anomaly.reading.formats.waveforms.annotations import Annotation, tell_annotations
from anomaly.reading.formats.waveforms.beats import label_beats
from anomaly.reading.formats.waveforms.stretches import lay_over, mark

STEPS = 20
WITHIN = st.tuples(st.integers(0, STEPS - 1), st.integers(1, STEPS)).map(lambda pair: (pair[0], min(sum(pair), STEPS)))
ANYWHERE = st.tuples(st.integers(-30, 50), st.integers(-30, 50))


@given(st.lists(st.tuples(WITHIN, st.integers(0, 3)), max_size=12))
def test_the_last_of_several_stretches_is_seen(found: list[tuple[tuple[int, int], int]]) -> None:
    plain = np.full(STEPS, -1)
    for (first, end), value in found:
        plain[first:end] = value
    laid = lay_over([stretch for stretch, _ in found], [value for _, value in found], STEPS)
    assert laid.tolist() == plain.tolist()


@given(st.lists(ANYWHERE, max_size=12))
def test_what_any_stretch_holds_is_marked(stretches: list[tuple[int, int]]) -> None:
    plain = np.zeros(STEPS, int)
    for first, end in stretches:
        plain[max(first, 0) : max(end, 0)] = 1
    assert mark(stretches, STEPS).tolist() == plain.tolist()


def test_a_hundred_thousand_that_last_as_long_as_the_recording_take_seconds() -> None:
    steps, count = 3_000_000, 100_000  # one after the other, three minutes of a core
    began = time.process_time()
    labels, _ = label_beats(np.arange(count), ["V"] * count, steps, steps / 0.15)
    columns, _ = tell_annotations([Annotation(n / count, 0.8 * steps, "seizure") for n in range(count)], steps, 1)
    assert time.process_time() - began < 20
    assert labels is not None and labels.all() and columns["label"].sum() == 0.8 * steps + 1
