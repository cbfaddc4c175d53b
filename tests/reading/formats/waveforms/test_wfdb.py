"""WFDB records: values, units, times, annotated beats, and nothing but one sentence for what is broken."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import given, settings
from hypothesis import strategies as st

import anomaly
from anomaly.domain.exceptions import DataError
from anomaly.reading.formats.files import read_files
from anomaly.reading.formats.table import Table
from anomaly.reading.formats.waveforms import wfdb as records
from tests.support.waveforms import RATE, SIGNALS, STEPS

RNG = np.random.default_rng(0)


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


def test_a_wfdb_record_has_its_signals_units_and_times(parts: dict[str, bytes]) -> None:
    table = records.read_wfdb(parts, "rec.hea")
    assert list(table.frame.columns) == ["time", "ECG", "ABP", "label"]
    np.testing.assert_allclose(table.frame[["ECG", "ABP"]], SIGNALS, atol=1e-2)
    np.testing.assert_allclose(table.frame["time"], np.arange(STEPS) / RATE)
    assert dict(table.units) == {"time": "s", "ECG": "mV", "ABP": "mmHg"}


def test_beats_that_are_not_normal_and_flutters_are_known_anomalies(parts: dict[str, bytes]) -> None:
    labels = records.read_wfdb(parts, "rec.hea").frame["label"].to_numpy()
    assert np.flatnonzero(np.diff(labels)).tolist() == [134, 165, 399, 600]
    (note,) = records.read_wfdb(parts, "rec.hea").repairs
    assert "1 of 3 annotated beats are not normal" in str(note)


def test_a_record_without_annotations_has_no_labels(parts: dict[str, bytes]) -> None:
    bare = {name: content for name, content in parts.items() if not name.endswith(".atr")}
    assert "label" not in records.read_wfdb(bare, "rec.hea").frame


def test_a_header_on_disk_finds_what_lies_beside_it_and_uploads_what_came_along(
    tmp_path: Path, parts: dict[str, bytes]
) -> None:
    for name, content in parts.items():
        (tmp_path / name).write_bytes(content)
    on_disk = anomaly.read(tmp_path / "rec.hea")
    uploaded = read_files([(content, name) for name, content in parts.items()])
    assert on_disk.monitored == ("ECG", "ABP") and on_disk.has_labels and dict(on_disk.units)["ECG"] == "mV"
    assert len(uploaded) == 1 and uploaded[0].frame.equals(records.read_wfdb(parts, "rec.hea").frame)


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
        records.read_wfdb(parts | {"rec.hea": HEADER.format(file=file).encode()}, "rec.hea")


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("rec 2 100 1000\nother.dat 16 1000 16\nrec.dat 16 100 16\n", "needs other.dat beside it: open both together"),
        ("rec 2 100 999999999\nrec.dat 16 1000 16\nrec.dat 16 100 16\n", "expected at most 20,000,000 cells"),
        ("rec 2 100 50000\nrec.dat 16 1000 16\nrec.dat 16 100 16\n", "is cut off: rec.hea promises 200,000 bytes"),
        ("rec 2 100 1000\nrec.dat 16 1000 16\n", "promises 2 signals and describes 1"),
        ("rec/3 2 100 1000\n", "promises 3 segments and describes 0"),
        ("boo 2 100 1000\nrec.dat 16\nrec.dat 16\n", "is the header of record 'boo'"),
        ("", "is no WFDB header"),
        ("time,flow\n1,2\n", "is no WFDB header"),
        ("rec 0 100 0\n", "rec"),
        ("rec 1 100 1000\nrec.dat 16\nrec.dat 16\n", "promises 1 signals and describes 2"),
        ("rec \u00b2 100 1000\nrec.dat 16\nrec.dat 16\n", "promises 100 signals and describes 2"),
        ("rec 2 100 " + "9" * 5000 + "\nrec.dat 16\nrec.dat 16\n", "no sound WFDB record"),
        ("rec 1 100 1000\nrec.dat 16x" + "9" * 400 + "\n", "expected at most 20,000,000 cells"),
        ("rec 2 100(5)99999999999\nrec.dat 16 200\nrec.dat 16 200\n", "expected at most 20,000,000 cells"),
        ("rec 2 100 1000\nrec.dat 16:400000000 200\nrec.dat 16 200\n", "expected a skew of a few samples"),
        ("rec 1 100 1000\nrec.dat 516 200\n", "(rec.dat is not a FLAC file)"),
    ],
)
def test_a_header_that_lies_is_refused_in_one_sentence(parts: dict[str, bytes], header: str, said: str) -> None:
    with pytest.raises(DataError) as refused:
        records.read_wfdb(parts | {"rec.hea": header.encode()}, "rec.hea")
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_a_header_that_is_not_there_is_missed_in_one_sentence(parts: dict[str, bytes]) -> None:
    with pytest.raises(DataError, match=r"rec\.hea is no WFDB header"):
        records.read_wfdb({"rec.dat": parts["rec.dat"]}, "rec.hea")


def test_a_header_in_capitals_is_read_and_never_replaced_by_another(parts: dict[str, bytes]) -> None:
    loud = {name.replace(".hea", ".HEA"): content for name, content in parts.items()}
    assert len(records.read_wfdb(loud, "rec.HEA").frame) == STEPS
    loud |= {"rec.HEA": HEADER.format(file="rec.hea").encode(), "rec.hea": b"rec/2 2 100 1000\n"}
    with pytest.raises(DataError, match="expected a plain file name"):
        records.read_wfdb(loud, "rec.HEA")


def test_only_the_files_of_the_record_reach_the_disk(parts: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    write = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda path, content: written.append(path.name) or write(path, content))
    records.read_wfdb(parts | {"../rec.txt": b"", "rec.csv": b"1", "other.dat": b"2"}, "rec.hea")
    assert sorted(written) == ["rec.atr", "rec.dat", "rec.hea"]


def labels_of(folder: Path, parts: dict[str, bytes], samples: list[int], symbols: list[str], **told: object) -> Table:
    wfdb.wrann("rec", "qrs", np.array(samples), symbols, write_dir=str(folder), **told)
    bare = {name: content for name, content in parts.items() if not name.endswith(".atr")}
    return records.read_wfdb(bare | {"rec.qrs": (folder / "rec.qrs").read_bytes()}, "rec.hea")


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
    table = records.read_wfdb(parts | {"rec.hea": header.encode()}, "rec.hea")
    assert dict(table.units) == {"time": "s", "ECG": "mV", "ECG 2": "mmHg"}


def test_nothing_is_left_in_the_temporary_folder(
    parts: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    records.read_wfdb(parts, "rec.hea")
    with pytest.raises(DataError):
        records.read_wfdb(parts | {"rec.atr": b"\xff" * 7, "rec.dat": b"1"}, "rec.hea")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stop", [0, 1, 2, 3, 100, 2000, 3900])
def test_truncated_signals_are_refused(parts: dict[str, bytes], stop: int) -> None:
    with pytest.raises(DataError, match=r"rec\.dat is cut off"):
        records.read_wfdb(parts | {"rec.dat": parts["rec.dat"][:stop]}, "rec.hea")


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
        records.read_wfdb(parts | {which: bytes(damaged[: len(damaged) - cut])}, "rec.hea")
    except DataError as error:
        assert "\n" not in str(error)
