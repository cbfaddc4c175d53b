"""Annotations of a recording: known anomalies, a state, or nothing but marks of its making."""

import io

import edfio
import numpy as np
import pytest

import anomaly
from anomaly.reading.formats.files import read_table
from anomaly.reading.formats.waveforms.annotations import Annotation, tell_annotations
from tests.support.waveforms import edf_file

STEPS, RATE = 1000, 100
STAGES = ["Sleep stage W", "Sleep stage 1", "Sleep stage 2", "Sleep stage 2", "Sleep stage R"]


def hypnogram(*more: Annotation, seconds: float = 2.0) -> list[Annotation]:
    return [Annotation(seconds * place, seconds, text) for place, text in enumerate(STAGES)] + list(more)


def test_sleep_stages_are_a_state_and_no_anomalies() -> None:
    columns, (note,) = tell_annotations(hypnogram(), STEPS, RATE)
    assert list(columns) == ["state"]
    assert columns["state"].tolist() == [text for text in STAGES for _ in range(200)]
    assert str(note) == (
        "Annotations that follow each other are a state, no anomalies (column 'state'): 'Sleep stage 2', "
        "'Sleep stage W', 'Sleep stage 1', 'Sleep stage R'"
    )


def test_what_happens_within_the_stages_is_a_known_anomaly_still() -> None:
    apnea = Annotation(4.5, 1.0, "Obstructive apnea")
    columns, notes = tell_annotations(hypnogram(apnea, Annotation(7, 0, "Arousal")), STEPS, RATE)
    assert np.flatnonzero(columns["label"]).tolist() == [*range(450, 550), 700]
    assert columns["state"][450:550].tolist() == ["Sleep stage 2"] * 100
    assert str(notes[1]) == "2 annotations are known anomalies: 'Obstructive apnea', 'Arousal'"


def test_events_that_happen_to_begin_with_a_stage_are_no_state() -> None:
    apneas = [Annotation(onset, 0.7, "Obstructive apnea") for onset in (1.0, 4.0, 7.0)]
    columns, _ = tell_annotations(hypnogram(*apneas), STEPS, RATE)
    assert columns["label"].sum() == 210 and set(columns["state"]) == set(STAGES)


def test_a_state_need_not_be_known_at_the_ends() -> None:
    columns, _ = tell_annotations(hypnogram(seconds=1.5), STEPS, RATE)
    assert columns["state"][749] == STAGES[-1] and set(columns["state"][750:]) == {None} and "label" not in columns


def test_a_few_anomalies_in_a_row_are_no_state() -> None:
    columns, _ = tell_annotations([Annotation(2, 1, "tonic"), Annotation(3, 1, "clonic")], STEPS, RATE)
    assert list(columns) == ["label"] and np.flatnonzero(columns["label"]).tolist() == list(range(200, 400))


@pytest.mark.parametrize(
    "covering",
    [
        [Annotation(0, 10, "Normal EEG")],
        [Annotation(2.0 * place, 2, "epoch") for place in range(5)],
        [Annotation(0.5, 8, "artefact"), Annotation(3, 6.9, "sweat")],
    ],
)
def test_what_covers_the_recording_and_tells_no_states_apart_is_left_out(covering: list[Annotation]) -> None:
    columns, (note,) = tell_annotations(covering, STEPS, RATE)
    assert columns == {} and str(note).startswith("Annotations that cover the recording are left out: no anomalies: ")


@pytest.mark.parametrize(
    "text",
    ["Recording starts", "recording start", "Start of recording", "Recording ends", "Recording resumed", "Lights off",
     "LIGHTS ON", "Lights out", "Montage: Bipolar", "Biocals", "Impedance check"],
)  # fmt: skip
def test_marks_of_the_recording_are_no_anomalies_and_named(text: str) -> None:
    columns, (note,) = tell_annotations([Annotation(2, 1, text)], STEPS, RATE)
    assert columns == {} and str(note) == f"Annotations of the recording itself are no anomalies: {text!r}"


@pytest.mark.parametrize(
    ("onset", "duration", "text", "steps"),
    [
        (3.004, 0, "spike", [300]),
        (9.95, 100, "seizure", [995, 996, 997, 998, 999]),
        (900, 1, "after the end", []),
        (-5, 1, "before the start", []),
        (-1, 1.02, "into the start", [0, 1]),
        (2, 1, "  ", []),
        (np.nan, 1, "never", []),
        (2, np.inf, "for ever", []),
        (2, 0.02, "end of seizure", [200, 201]),
        (2, 0.02, "lights flicker", [200, 201]),
    ],
)
def test_an_annotation_labels_the_steps_it_lasts(onset: float, duration: float, text: str, steps: list[int]) -> None:
    columns, notes = tell_annotations([Annotation(onset, duration, text)], STEPS, RATE)
    assert np.flatnonzero(columns.get("label", np.zeros(1))).tolist() == steps
    assert len(notes) == bool(steps)


def test_the_stages_of_a_file_are_an_input_of_the_forecaster_and_no_labels() -> None:
    stages = [edfio.EdfAnnotation(one.onset, one.duration, one.text) for one in hypnogram()]
    dataset = anomaly.read(edf_file(annotations=stages), name="night.edf")
    assert not dataset.has_labels and dataset.monitored == ("EEG Fpz-Cz", "Resp")
    assert dataset.columns.context == tuple(f"state={text}" for text in sorted(set(STAGES)))
    assert dataset.series[0].context.sum(axis=0).tolist() == [200, 400, 200, 200]


def test_a_signal_called_like_the_state_is_numbered() -> None:
    buffer = io.BytesIO()
    stages = [edfio.EdfAnnotation(one.onset, one.duration, one.text) for one in hypnogram()]
    edfio.Edf([edfio.EdfSignal(np.sin(np.arange(STEPS)), RATE, label="state")], annotations=stages).write(buffer)
    assert list(read_table(buffer.getvalue(), "x.edf").frame) == ["time", "state 2", "state"]
