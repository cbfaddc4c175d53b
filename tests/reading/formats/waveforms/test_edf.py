"""EDF and BDF files: values, units, times, annotations, and nothing but one sentence for what is broken."""

import datetime
import io

import edfio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import anomaly
from anomaly.domain.exceptions import DataError
from anomaly.reading.formats.files import read_table
from anomaly.reading.formats.table import Table
from anomaly.reading.formats.waveforms import edf, signals
from tests.support.waveforms import RATE, SIGNALS, STEPS, edf_file

EDF = edf_file()


def test_an_edf_file_has_its_signals_units_and_annotations() -> None:
    table = read_table(EDF, "night.edf")
    assert list(table.frame.columns) == ["time", "EEG Fpz-Cz", "Resp", "label"]
    np.testing.assert_allclose(table.frame["EEG Fpz-Cz"], SIGNALS[:, 0], atol=1e-3)
    np.testing.assert_allclose(table.frame["Resp"].to_numpy()[::10], SIGNALS[::10, 1], atol=1e-2)
    assert table.frame["Resp"].notna().sum() == STEPS / 10
    assert np.flatnonzero(table.frame["label"]).tolist() == list(range(200, 350))
    assert dict(table.units) == {"time": "s", "EEG Fpz-Cz": "uV", "Resp": "L"}
    assert [str(note) for note in table.repairs] == [
        "Sampled less often than the rest, empty between: Resp",
        "Annotations of the recording itself are no anomalies: 'Recording starts'",
        "1 annotation is a known anomaly: 'seizure'",
    ]


def test_an_edf_file_without_annotations_has_no_labels() -> None:
    assert "label" not in read_table(edf_file(annotated=False), "night.edf").frame


DATED = edfio.Recording(startdate=datetime.date(2025, 3, 1))


def test_a_recording_of_known_date_has_time_stamps() -> None:
    content = edf_file(recording=DATED, starttime=datetime.time(23, 59, 58, 250_000))
    dataset = anomaly.read(content, name="night.edf")
    assert dataset.time_axis.kind == "timestamp" and "time" not in read_table(content, "night.edf").units
    first = np.datetime64("2025-03-01T23:59:58.250", "us")
    np.testing.assert_array_equal(dataset.series[0].times, first + np.arange(STEPS) * np.timedelta64(10, "ms"))
    assert np.flatnonzero(dataset.series[0].labels).tolist() == list(range(200, 350))


def dated(date: bytes) -> bytes:
    """A file that tells its date in the field of plain EDF only."""
    plain = edf_file()
    return plain[:88] + b"ward 7".ljust(80) + date.ljust(8) + plain[176:]


@pytest.mark.parametrize("date", [b"01.01.85", b"", b"31.02.25", b"x"])
def test_a_date_that_is_none_or_a_placeholder_leaves_seconds_since_the_start(date: bytes) -> None:
    table = read_table(dated(date), "night.edf")
    np.testing.assert_allclose(table.frame["time"], np.arange(STEPS) / RATE)
    assert table.units["time"] == "s"


def test_the_date_of_plain_edf_is_known_too() -> None:
    assert read_table(dated(b"02.03.99"), "night.edf").frame["time"][1] == "1999-03-02 10:00:00.010000"


def test_a_date_taken_out_for_privacy_stays_out_though_the_old_field_has_one() -> None:
    hidden = edf_file(recording=edfio.Recording(startdate=None))
    table = read_table(hidden[:168] + b"01.03.25" + hidden[176:], "night.edf")
    assert b"Startdate X" in hidden and table.units["time"] == "s"


def test_steps_finer_than_time_stamps_stay_seconds() -> None:
    rate = 250_000
    fast = edfio.EdfSignal(np.sin(np.arange(rate // 10)), rate, label="A")
    buffer = io.BytesIO()
    edfio.Edf([fast], recording=DATED, data_record_duration=0.1).write(buffer)
    times = read_table(buffer.getvalue(), "x.edf").frame["time"]
    np.testing.assert_allclose(np.diff(times), 1 / rate)


def test_a_bdf_file_is_read() -> None:
    buffer = io.BytesIO()
    edfio.Bdf([edfio.BdfSignal(SIGNALS[:, 0], RATE, label="A1", physical_dimension="uV")]).write(buffer)
    np.testing.assert_allclose(read_table(buffer.getvalue(), "x.bdf").frame["A1"], SIGNALS[:, 0], atol=1e-3)


@pytest.mark.parametrize(("at", "size"), [(184, 8), (236, 8), (252, 4), (256 + 216 * 3, 8)])
@pytest.mark.parametrize("lie", ["-1", "0", "99999999", "x", ""])
def test_an_edf_header_that_lies_about_lengths_is_refused_or_read(at: int, size: int, lie: str) -> None:
    told = EDF[:at] + lie[:size].ljust(size).encode() + EDF[at + size :]
    read_or_refuse(told)


@pytest.mark.parametrize("duration", ["1e-308", "-1", "nan", "inf", "0", ""])
def test_a_recording_of_no_known_rate_is_refused(duration: str) -> None:
    bare = edf_file(annotated=False)
    with pytest.raises(DataError, match=r"night (holds no signal|is no sound EDF file)"):
        read_table(bare[:244] + duration.ljust(8).encode() + bare[252:], "night.edf")


def test_a_signal_without_samples_is_empty() -> None:
    bare = edf_file(annotated=False)
    at = 256 + 216 * int(bare[252:256]) + 8
    table = read_table(bare[:at] + b"0".ljust(8) + bare[at + 8 :], "night.edf")
    assert table.frame["Resp"].isna().all() and table.frame["EEG Fpz-Cz"].notna().all()


def test_a_range_beyond_numbers_leaves_no_infinity() -> None:
    at = 256 + 104 * 3
    told = EDF[:at] + b"-1e308".ljust(8) + EDF[at + 8 : at + 24] + b"1e308".ljust(8) + EDF[at + 32 :]
    assert not np.isinf(read_table(told, "night.edf").frame.to_numpy(float)).any()


def test_an_interrupted_recording_is_refused_and_a_whole_one_of_its_kind_read() -> None:
    whole = EDF.replace(b"EDF+C", b"EDF+D", 1)
    assert len(read_table(whole, "night.edf").frame) == STEPS
    gap = whole.replace(b"+9\x14\x14\x00", b"+99\x14\x14")
    assert len(gap) == len(whole) and gap != whole
    with pytest.raises(DataError, match="recorded with interruptions"):
        read_table(gap, "night.edf")


def test_more_cells_than_can_be_opened_are_refused_before_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anomaly.reading.formats.budget.MOST_CELLS", 2 * STEPS - 1)
    monkeypatch.setattr(edfio, "read_edf", lambda *_, **__: pytest.fail("read before it was counted"))
    with pytest.raises(DataError, match="would become 1,000 rows of 2 columns; expected at most 1,999 cells in all"):
        read_table(EDF, "night.edf")


def test_samples_of_any_slower_rate_stand_at_the_nearest_steps() -> None:
    spread = signals.spread(np.arange(30.0), 100)
    places = np.flatnonzero(np.isfinite(spread))
    assert np.abs(places - np.arange(30) * 100 / 30).max() <= 0.5
    np.testing.assert_array_equal(spread[places], np.arange(30.0))


@pytest.mark.parametrize("stop", [*range(9, 1400, 61), len(EDF) // 2, len(EDF) - 1])
def test_a_truncated_edf_file_is_refused(stop: int) -> None:
    with pytest.raises(DataError):
        read_table(EDF[:stop], "night.edf")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(184, 1024), st.sampled_from("0123456789-+.e naif")), min_size=1, max_size=6))
def test_an_edf_header_of_other_numbers_is_a_table_or_one_sentence(written: list[tuple[int, str]]) -> None:
    damaged = bytearray(edf_file(annotated=False))
    for place, character in written:
        damaged[place % 1000] = ord(character)
    try:
        edf.read_edf(bytes(damaged), "night")
    except DataError as error:
        assert "\n" not in str(error)


def read_or_refuse(content: bytes) -> Table | None:
    try:
        return read_table(content, "night.edf")
    except DataError as error:
        assert "\n" not in str(error)
        return None


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1400), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_damaged_edf_file_is_a_table_or_one_sentence(flips: list[tuple[int, int]]) -> None:
    damaged = bytearray(EDF)
    for place, byte in flips:
        damaged[place] = byte
    read_or_refuse(bytes(damaged))
