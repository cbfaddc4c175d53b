"""WFDB records and EDF files: values, units, annotations as labels, and nothing but one sentence for what is broken."""

import datetime
import io
import socket
import tempfile
import warnings
from pathlib import Path

import edfio
import numpy as np
import pytest
import wfdb
from hypothesis import given, settings
from hypothesis import strategies as st

import anomaly
from anomaly.exceptions import DataError
from anomaly.reading import read_files, read_table, waveforms
from anomaly.reading.table import Table

RATE, STEPS = 100, 1000
RNG = np.random.default_rng(0)
SIGNALS = np.stack([np.sin(np.arange(STEPS) / 10), 50 + 10 * np.cos(np.arange(STEPS) / 25)], 1)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a reader must not reach for the network")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def wfdb_parts(folder: Path, beats: bool = True) -> dict[str, bytes]:
    wfdb.wrsamp(
        "rec", fs=RATE, units=["mV", "mmHg"], sig_name=["ECG", "ABP"], p_signal=SIGNALS, fmt=["16", "16"],
        write_dir=str(folder),
    )  # fmt: skip
    if beats:
        samples = np.array([50, 150, 250, 400, 600])
        wfdb.wrann("rec", "atr", samples, ["N", "V", "N", "[", "]"], write_dir=str(folder))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return wfdb_parts(tmp_path_factory.mktemp("wfdb"))


def edf_file(annotated: bool = True) -> bytes:
    signals = [
        edfio.EdfSignal(SIGNALS[:, 0], RATE, label="EEG Fpz-Cz", physical_dimension="uV"),
        edfio.EdfSignal(SIGNALS[::10, 1], RATE / 10, label="Resp", physical_dimension="L"),
    ]
    notes = [edfio.EdfAnnotation(2.0, 1.5, "seizure"), edfio.EdfAnnotation(0, None, "Recording starts")]
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        edfio.Edf(signals, annotations=notes if annotated else [], starttime=datetime.time(10)).write(buffer)
    return buffer.getvalue()


EDF = edf_file()


def test_a_wfdb_record_has_its_signals_units_and_times(parts: dict[str, bytes]) -> None:
    table = waveforms.read_wfdb(parts, "rec.hea")
    assert list(table.frame.columns) == ["time", "ECG", "ABP", "label"]
    np.testing.assert_allclose(table.frame[["ECG", "ABP"]], SIGNALS, atol=1e-2)
    np.testing.assert_allclose(table.frame["time"], np.arange(STEPS) / RATE)
    assert dict(table.units) == {"time": "s", "ECG": "mV", "ABP": "mmHg"}


def test_beats_that_are_not_normal_and_flutters_are_known_anomalies(parts: dict[str, bytes]) -> None:
    labels = waveforms.read_wfdb(parts, "rec.hea").frame["label"].to_numpy()
    assert np.flatnonzero(np.diff(labels)).tolist() == [134, 165, 399, 600]
    (note,) = waveforms.read_wfdb(parts, "rec.hea").repairs
    assert "1 of 3 annotated beats are not normal" in str(note)


def test_a_record_without_annotations_has_no_labels(parts: dict[str, bytes]) -> None:
    bare = {name: content for name, content in parts.items() if not name.endswith(".atr")}
    assert "label" not in waveforms.read_wfdb(bare, "rec.hea").frame


def test_a_header_on_disk_finds_what_lies_beside_it_and_uploads_what_came_along(
    tmp_path: Path, parts: dict[str, bytes]
) -> None:
    for name, content in parts.items():
        (tmp_path / name).write_bytes(content)
    on_disk = anomaly.read(tmp_path / "rec.hea")
    uploaded = read_files([(content, name) for name, content in parts.items()])
    assert on_disk.monitored == ("ECG", "ABP") and on_disk.has_labels and dict(on_disk.units)["ECG"] == "mV"
    assert len(uploaded) == 1 and uploaded[0].frame.equals(waveforms.read_wfdb(parts, "rec.hea").frame)


HEADER = "rec 2 100 1000\n{file} 16 1000(0)/mV 16 0 0 0 0 ECG\nrec.dat 16 100(0)/mmHg 16 0 0 0 0 ABP\n"


@pytest.mark.parametrize(
    "file",
    ["../rec.dat", "/etc/passwd", "..\\rec.dat", "C:\\x.dat", "~/x.dat", "http://a.org/x.dat", "s3://b/x.dat", ".."],
)
def test_a_header_that_points_elsewhere_is_refused(parts: dict[str, bytes], file: str) -> None:
    with pytest.raises(DataError, match="expected a plain file name, beside the header"):
        waveforms.read_wfdb(parts | {"rec.hea": HEADER.format(file=file).encode()}, "rec.hea")


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("rec 2 100 1000\nother.dat 16 1000 16\nrec.dat 16 100 16\n", "needs other.dat beside it: open both together"),
        ("rec 2 100 999999999\nrec.dat 16 1000 16\nrec.dat 16 100 16\n", "more than can be opened"),
        ("rec 2 100 50000\nrec.dat 16 1000 16\nrec.dat 16 100 16\n", "is cut off: rec.hea promises 200,000 bytes"),
        ("rec 2 100 1000\nrec.dat 16 1000 16\n", "promises 2 signals and describes 1"),
        ("rec/3 2 100 1000\n", "a record of 3 segments"),
        ("boo 2 100 1000\nrec.dat 16\nrec.dat 16\n", "is the header of record 'boo'"),
        ("", "is no WFDB header"),
        ("time,flow\n1,2\n", "is no WFDB header"),
        ("rec 0 100 0\n", "rec"),
    ],
)
def test_a_header_that_lies_is_refused_in_one_sentence(parts: dict[str, bytes], header: str, said: str) -> None:
    with pytest.raises(DataError) as refused:
        waveforms.read_wfdb(parts | {"rec.hea": header.encode()}, "rec.hea")
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_nothing_is_left_in_the_temporary_folder(
    parts: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    waveforms.read_wfdb(parts, "rec.hea")
    with pytest.raises(DataError):
        waveforms.read_wfdb(parts | {"rec.atr": b"\xff" * 7, "rec.dat": b"1"}, "rec.hea")
    assert list(tmp_path.iterdir()) == []


def test_an_edf_file_has_its_signals_units_and_annotations() -> None:
    table = read_table(EDF, "night.edf")
    assert list(table.frame.columns) == ["time", "EEG Fpz-Cz", "Resp", "label"]
    np.testing.assert_allclose(table.frame["EEG Fpz-Cz"], SIGNALS[:, 0], atol=1e-3)
    np.testing.assert_allclose(table.frame["Resp"].to_numpy()[::10], SIGNALS[::10, 1], atol=1e-2)
    assert table.frame["Resp"].notna().sum() == STEPS / 10
    assert np.flatnonzero(table.frame["label"]).tolist() == list(range(200, 350))
    assert dict(table.units) == {"time": "s", "EEG Fpz-Cz": "uV", "Resp": "L"}
    assert len(table.repairs) == 2


def test_an_edf_file_without_annotations_has_no_labels() -> None:
    assert "label" not in read_table(edf_file(annotated=False), "night.edf").frame


def test_a_bdf_file_is_read() -> None:
    buffer = io.BytesIO()
    edfio.Bdf([edfio.BdfSignal(SIGNALS[:, 0], RATE, label="A1", physical_dimension="uV")]).write(buffer)
    np.testing.assert_allclose(read_table(buffer.getvalue(), "x.bdf").frame["A1"], SIGNALS[:, 0], atol=1e-3)


@pytest.mark.parametrize(("at", "size"), [(184, 8), (236, 8), (252, 4), (256 + 216 * 3, 8)])
@pytest.mark.parametrize("lie", ["-1", "0", "99999999", "x", ""])
def test_an_edf_header_that_lies_about_lengths_is_refused_or_read(at: int, size: int, lie: str) -> None:
    told = EDF[:at] + lie[:size].ljust(size).encode() + EDF[at + size :]
    read_or_refuse(told)


@pytest.mark.parametrize("stop", [9, 200, 256, 700, 1024, 1030, len(EDF) // 2, len(EDF) - 1])
def test_a_truncated_edf_file_is_refused(stop: int) -> None:
    with pytest.raises(DataError):
        read_table(EDF[:stop], "night.edf")


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


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["rec.hea", "rec.dat", "rec.atr"]),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=6),
    st.integers(0, 3),
)
def test_a_damaged_wfdb_record_is_a_table_or_one_sentence(
    parts: dict[str, bytes], which: str, flips: list[tuple[int, int]], cut: int
) -> None:
    damaged = bytearray(parts[which])
    for place, byte in flips:
        damaged[place % len(damaged)] = byte
    try:
        waveforms.read_wfdb(parts | {which: bytes(damaged[: len(damaged) - cut])}, "rec.hea")
    except DataError as error:
        assert "\n" not in str(error)
