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
    monkeypatch.setattr(socket, "socket", refuse)


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
        edfio.Edf(signals, annotations=notes if annotated else None, starttime=datetime.time(10)).write(buffer)
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


def test_a_file_that_is_only_called_like_a_record_is_not_swallowed(parts: dict[str, bytes]) -> None:
    files = [(content, name) for name, content in parts.items()] + [(b"time,a\n0,1\n1,2\n", "rec.csv")]
    assert sorted(len(table.frame) for table in read_files(files)) == [2, STEPS]


HEADER = "rec 2 100 1000\n{file} 16 1000(0)/mV 16 0 0 0 0 ECG\nrec.dat 16 100(0)/mmHg 16 0 0 0 0 ABP\n"


@pytest.mark.parametrize(
    "file",
    [
        "../rec.dat",
        "/etc/passwd",
        "..\\rec.dat",
        "C:\\x.dat",
        "~/x.dat",
        "http://a.org/x.dat",
        "s3://b/x.dat",
        "..",
        "rec.hea",
    ],
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
        ("rec 1 100 1000\nrec.dat 16\nrec.dat 16\n", "promises 1 signals and describes 2"),
        ("rec \u00b2 100 1000\nrec.dat 16\nrec.dat 16\n", "promises 100 signals and describes 2"),
        ("rec 2 100 " + "9" * 5000 + "\nrec.dat 16\nrec.dat 16\n", "no sound WFDB record"),
        ("rec 1 100 1000\nrec.dat 16x" + "9" * 400 + "\n", "more than can be opened"),
        ("rec 2 100(5)99999999999\nrec.dat 16 200\nrec.dat 16 200\n", "more than can be opened"),
        ("rec 2 100 1000\nrec.dat 16:400000000 200\nrec.dat 16 200\n", "expected a skew of a few samples"),
        ("rec 1 100 1000\nrec.dat 516 200\n", "(rec.dat is not a FLAC file)"),
    ],
)
def test_a_header_that_lies_is_refused_in_one_sentence(parts: dict[str, bytes], header: str, said: str) -> None:
    with pytest.raises(DataError) as refused:
        waveforms.read_wfdb(parts | {"rec.hea": header.encode()}, "rec.hea")
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_a_header_that_is_not_there_is_missed_in_one_sentence(parts: dict[str, bytes]) -> None:
    with pytest.raises(DataError, match=r"rec\.hea is no WFDB header"):
        waveforms.read_wfdb({"rec.dat": parts["rec.dat"]}, "rec.hea")


def test_a_header_in_capitals_is_read_and_never_replaced_by_another(parts: dict[str, bytes]) -> None:
    loud = {name.replace(".hea", ".HEA"): content for name, content in parts.items()}
    assert len(waveforms.read_wfdb(loud, "rec.HEA").frame) == STEPS
    loud |= {"rec.HEA": HEADER.format(file="rec.hea").encode(), "rec.hea": b"rec/2 2 100 1000\n"}
    with pytest.raises(DataError, match="expected a plain file name"):
        waveforms.read_wfdb(loud, "rec.HEA")


def test_only_the_files_of_the_record_reach_the_disk(parts: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    write = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda path, content: written.append(path.name) or write(path, content))
    waveforms.read_wfdb(parts | {"../rec.txt": b"", "rec.csv": b"1", "other.dat": b"2"}, "rec.hea")
    assert sorted(written) == ["rec.atr", "rec.dat", "rec.hea"]


def labels_of(folder: Path, parts: dict[str, bytes], samples: list[int], symbols: list[str], **told: object) -> Table:
    wfdb.wrann("rec", "qrs", np.array(samples), symbols, write_dir=str(folder), **told)
    bare = {name: content for name, content in parts.items() if not name.endswith(".atr")}
    return waveforms.read_wfdb(bare | {"rec.qrs": (folder / "rec.qrs").read_bytes()}, "rec.hea")


def test_annotations_on_a_finer_clock_land_on_the_steps_of_the_signals(tmp_path: Path, parts: dict[str, bytes]) -> None:
    labels = labels_of(tmp_path, parts, [500, 5000], ["N", "V"], fs=1000).frame["label"]
    assert np.flatnonzero(labels).tolist() == list(range(485, 516))


def test_a_flutter_at_the_end_of_the_record_lasts_until_its_last_step(tmp_path: Path, parts: dict[str, bytes]) -> None:
    table = labels_of(tmp_path, parts, [900], ["["])
    assert np.flatnonzero(table.frame["label"]).tolist() == list(range(900, STEPS))
    assert "1 stretch of ventricular flutter" in str(table.repairs[0])


def test_annotations_of_no_beats_are_no_labels(tmp_path: Path, parts: dict[str, bytes]) -> None:
    table = labels_of(tmp_path, parts, [10, 20], ["+", "~"], aux_note=["(AFIB", ""])
    assert "label" not in table.frame and "tell of no beats" in str(table.repairs[0])


def test_every_beat_that_is_not_normal_counts_and_no_other_symbol_does(tmp_path: Path, parts: dict[str, bytes]) -> None:
    for symbol in "LRBAaJSVrFejnE/fQ?":
        assert labels_of(tmp_path, parts, [50, 500], ["N", symbol]).frame["label"].sum() == 31, symbol
    for symbol in [*"N+~|s*D=ptu'^x()@!", '"']:
        assert labels_of(tmp_path, parts, [50, 500], ["N", symbol]).frame["label"].sum() == 0, symbol


def test_signals_of_one_name_are_numbered(parts: dict[str, bytes]) -> None:
    header = "rec 2 100 1000\nrec.dat 16 1000(0)/mV 16 0 0 0 0 ECG\nrec.dat 16 100(0)/mmHg 16 0 0 0 0 ECG\n"
    table = waveforms.read_wfdb(parts | {"rec.hea": header.encode()}, "rec.hea")
    assert dict(table.units) == {"time": "s", "ECG": "mV", "ECG 2": "mmHg"}


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
    monkeypatch.setattr(waveforms, "MOST_CELLS", 2 * STEPS - 1)
    monkeypatch.setattr(edfio, "read_edf", lambda *_, **__: pytest.fail("read before it was counted"))
    with pytest.raises(DataError, match="holds 1,000 steps of 2 signals: more than can be opened"):
        read_table(EDF, "night.edf")


@pytest.mark.parametrize(
    ("onset", "duration", "text", "steps"),
    [
        (3.004, None, "spike", [300]),
        (9.95, 100, "seizure", [995, 996, 997, 998, 999]),
        (900, 1, "after the end", []),
        (-5, 1, "before the start", []),
        (-1, 1.02, "into the start", [0, 1]),
        (2, 1, "  ", []),
        (2, 1, "Recording ends", []),
        (2, 1, "recording start", []),
        (2, 1, "Start of recording", []),
        (2, 0.02, "end of seizure", [200, 201]),
    ],
)
def test_an_annotation_labels_the_steps_it_lasts(onset: float, duration: float, text: str, steps: list[int]) -> None:
    labels, count = waveforms._label_stretches([(onset, duration or 0, text)], STEPS, RATE)
    assert (np.flatnonzero(labels).tolist(), count) == (steps, int(bool(steps)))


def test_samples_of_any_slower_rate_stand_at_the_nearest_steps() -> None:
    spread = waveforms._spread(np.arange(30.0), 100)
    places = np.flatnonzero(np.isfinite(spread))
    assert np.abs(places - np.arange(30) * 100 / 30).max() <= 0.5
    np.testing.assert_array_equal(spread[places], np.arange(30.0))


@pytest.mark.parametrize("stop", [*range(9, 1400, 61), len(EDF) // 2, len(EDF) - 1])
def test_a_truncated_edf_file_is_refused(stop: int) -> None:
    with pytest.raises(DataError):
        read_table(EDF[:stop], "night.edf")


@pytest.mark.parametrize("stop", [0, 1, 2, 3, 100, 2000, 3900])
def test_truncated_signals_are_refused(parts: dict[str, bytes], stop: int) -> None:
    with pytest.raises(DataError, match=r"rec\.dat is cut off"):
        waveforms.read_wfdb(parts | {"rec.dat": parts["rec.dat"][:stop]}, "rec.hea")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(184, 1024), st.sampled_from("0123456789-+.e naif")), min_size=1, max_size=6))
def test_an_edf_header_of_other_numbers_is_a_table_or_one_sentence(written: list[tuple[int, str]]) -> None:
    damaged = bytearray(edf_file(annotated=False))
    for place, character in written:
        damaged[place % 1000] = ord(character)
    try:
        waveforms.read_edf(bytes(damaged), "night")
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
