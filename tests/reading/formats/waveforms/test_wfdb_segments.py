"""WFDB records of several files: segments, signal files of other names, frames of several samples; and files alone."""

import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly.domain.exceptions import DataError
from anomaly.domain.settings.reading import ReadSettings
from anomaly.reading.assembly import assemble
from anomaly.reading.formats.files import read_files, read_table
from anomaly.reading.formats.waveforms.wfdb import read_wfdb

COUNTS = np.stack([np.arange(1000) % 37, 500 + np.arange(1000) % 11], 1).astype("<i2")
"""(T, 2) of an ECG of 100 a mV, and a pressure of 10 a mmHg"""
ECG, ABP = "{} 16 100(0)/mV 16 0 0 0 0 ECG", "{} 16 10(0)/mmHg 16 0 0 0 0 ABP"
LAYOUT = "layout 2 100 0\n" + ECG.format("~").replace("16", "0", 1) + "\n" + ABP.format("~").replace("16", "0", 1)


def segment(name: str, counts: np.ndarray, signals: tuple[str, ...] = (ECG, ABP), file: str = "") -> dict[str, bytes]:
    file = file or f"{name}.dat"
    lines = [f"{name} {len(signals)} 100 {len(counts)}", *(line.format(file) for line in signals)]
    return {f"{name}.hea": "\n".join(lines).encode(), file: np.ascontiguousarray(counts).tobytes()}


FIXED = {
    "rec.hea": b"rec/2 2 100 1000\none 400\ntwo 600\n",
    **segment("one", COUNTS[:400]),
    **segment("two", COUNTS[400:]),
}
VARIABLE = {
    "rec.hea": b"rec/4 2 100 1000 22:00:00 01/03/2025\nlayout 0\none 400\n~ 100\ntwo 500\n",
    "layout.hea": LAYOUT.encode(),
    **segment("one", COUNTS[:400]),
    **segment("two", COUNTS[500:, 1], (ABP,)),
}


def zipped(parts: dict[str, bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(f"folder/{name}", content)
    return buffer.getvalue()


def test_segments_of_one_kind_follow_each_other() -> None:
    frame = read_wfdb(FIXED, "rec.hea").frame
    np.testing.assert_allclose(frame[["ECG", "ABP"]], COUNTS / [100, 10])
    np.testing.assert_allclose(frame["time"], np.arange(1000) / 100)


def test_a_signal_is_empty_in_the_segments_without_it() -> None:
    frame = read_wfdb(VARIABLE, "rec.hea").frame
    expected = COUNTS / [100, 10]
    expected[400:500], expected[500:, 0] = np.nan, np.nan
    np.testing.assert_allclose(frame[["ECG", "ABP"]], expected)
    assert frame["time"][999] == "2025-03-01 22:00:09.990000"


@pytest.mark.parametrize("parts", [FIXED, VARIABLE, segment("rec", COUNTS, file="signals_7.dat")])
def test_a_record_of_many_files_is_one_table_wherever_they_lie(tmp_path: Path, parts: dict[str, bytes]) -> None:
    (tmp_path / "folder").mkdir()
    for name, content in parts.items():
        (tmp_path / "folder" / name).write_bytes(content)
    expected = read_wfdb(parts, "rec.hea")
    in_folder = read_table(tmp_path / "folder" / "rec.hea")
    named = read_files([(path, None) for path in sorted((tmp_path / "folder").iterdir())])
    uploaded = read_files([(content, name) for name, content in reversed(parts.items())])
    for tables in ([in_folder], named, uploaded, [read_table(zipped(parts), "rec.zip")]):
        assert len(tables) == 1 and tables[0].frame.equals(expected.frame) and tables[0].digest == expected.digest


def test_a_folder_of_records_gives_a_table_for_each() -> None:
    parts = FIXED | segment("alone", COUNTS, file="a.dat")
    tables = read_files([(content, name) for name, content in parts.items()])
    assert [table.name for table in tables] == ["rec", "alone"]


@pytest.mark.parametrize("missing", ["one.hea", "two.hea", "one.dat", "two.dat"])
def test_a_missing_segment_is_named(missing: str) -> None:
    with pytest.raises(DataError, match=rf"^rec\.hea needs {missing} beside it: open both together\.$"):
        read_wfdb({name: content for name, content in FIXED.items() if name != missing}, "rec.hea")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rec.hea": b"rec/2 2 100 1000\n../one 400\ntwo 600\n"}, "expected a plain file name, beside the header"),
        ({"rec.hea": b"rec/2 2 100 1000\nhttp://a.org/one 400\ntwo 600\n"}, "expected a plain file name"),
        ({"one.hea": segment("one", COUNTS, file="../x.dat")["one.hea"]}, "expected a plain file name"),
        ({"one.hea": segment("one", COUNTS, file="~")["one.hea"]}, "expected a plain file name"),
        ({"rec.hea": b"rec/2 2 100 1000\nrec 400\ntwo 600\n"}, "segment rec.hea, a record of segments"),
        ({"one.hea": b"one/1 2 100 400\ntwo 400\n"}, "segment one.hea, a record of segments"),
        ({"rec.hea": b"rec/2 2 100 1000\n~ 400\n~ 600\n"}, "no sound WFDB header"),
        ({"rec.hea": b"rec/2 2 100 999999999999\none 400\n~ 999999999599\n"}, "expected at most 20,000,000 cells"),
        (
            {"rec.hea": b"rec/2 2 100 1000\none 400\ntwo 999999999999\n"},
            "promises 1,000 steps, its segments 1,000,000,000,399",
        ),
        ({"rec.hea": b"rec/2 2 100 900\none 400\ntwo 600\n"}, "promises 900 steps, its segments 1,000"),
        ({"rec.hea": b"rec/2 2 100\none 400\ntwo 600\n"}, "promises 0 steps, its segments 1,000"),
        ({"two.dat": b"1"}, "two.dat is cut off: two.hea promises 2,400 bytes"),
        (segment("two", COUNTS[400:], (ECG, ECG)), "segments of other signals"),
        (segment("two", COUNTS[400:], (ECG.replace("mV", "uV"), ABP)), "segments in different units"),
    ],
)
def test_a_record_of_segments_that_do_not_fit_is_one_sentence(changed: dict[str, bytes], said: str) -> None:
    with pytest.raises(DataError) as refused:
        read_wfdb(FIXED | changed, "rec.hea")
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_signals_of_several_samples_in_a_frame_are_read_at_their_full_rate(tmp_path: Path) -> None:
    frames = np.concatenate([COUNTS[0::2], COUNTS[1::2]], 1)[:, [0, 2, 1, 3]]
    parts = segment("rec", frames, (ECG.replace("16", "16x2", 1), ABP.replace("16", "16x2", 1)))
    wfdb.wrann("rec", "atr", np.array([50, 300]), ["N", "V"], fs=100, write_dir=str(tmp_path))
    table = read_wfdb(parts | {"rec.atr": (tmp_path / "rec.atr").read_bytes()}, "rec.hea")
    np.testing.assert_allclose(table.frame[["ECG", "ABP"]], COUNTS / [100, 10])
    np.testing.assert_allclose(table.frame["time"], np.arange(1000) / 200)
    assert np.flatnonzero(table.frame["label"]).tolist() == list(range(570, 631))


def test_a_slower_signal_of_a_frame_is_empty_between_its_samples_and_that_is_said() -> None:
    frames = np.concatenate([COUNTS[0::2, :1], COUNTS[1::2, :1], COUNTS[0::2, 1:]], 1)
    table = read_wfdb(segment("rec", frames, (ECG.replace("16", "16x2", 1), ABP)), "rec.hea")
    np.testing.assert_allclose(table.frame["ECG"], COUNTS[:, 0] / 100)
    np.testing.assert_allclose(table.frame["ABP"][::2], COUNTS[::2, 1] / 10)
    assert table.frame["ABP"][1::2].isna().all()
    assert str(table.repairs[0]) == "Sampled less often than the rest, empty between: ABP"


@pytest.mark.parametrize(
    ("start", "first"),
    [
        ("10:00:00.5 01/03/2025", "2025-03-01T10:00:00.500"),
        ("23:59:59 28/02/2184", "2184-02-28T23:59:59"),
        ("10:00:00", None),
        ("10:00:00 01/01/1970", None),
        ("", None),
    ],
)
def test_a_record_of_known_date_has_time_stamps(start: str, first: str | None) -> None:
    parts = segment("rec", COUNTS)
    parts["rec.hea"] = parts["rec.hea"].replace(b"100 1000", f"100 1000 {start}".encode(), 1)
    dataset = assemble([read_wfdb(parts, "rec.hea")], ReadSettings())
    times = dataset.series[0].times
    if first is None:
        assert dataset.time_axis.kind == "number" and times[-1] == 9.99
    else:
        np.testing.assert_array_equal(times, np.datetime64(first, "us") + np.arange(1000) * np.timedelta64(10, "ms"))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([FIXED, VARIABLE]),
    st.sampled_from(["rec.hea", "one.hea", "two.hea", "layout.hea", "one.dat"]),
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from(list(b"0123456789/~. \nxelayotw-(:"))), max_size=4),
    st.integers(0, 3),
)
def test_a_damaged_record_of_segments_is_a_table_or_one_sentence(
    parts: dict[str, bytes], which: str, written: list[tuple[int, int]], cut: int
) -> None:
    damaged = bytearray(parts.get(which, b"?"))
    for place, byte in written:
        damaged[place % len(damaged)] = byte
    try:
        read_wfdb(parts | {which: bytes(damaged[: len(damaged) - cut])}, "rec.hea")
    except DataError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("name", ["rec.dat", "rec.atr", "REC.DAT", "rec.qrs"])
def test_signals_or_annotations_alone_say_that_their_header_is_missing(tmp_path: Path, name: str) -> None:
    content = COUNTS.tobytes()
    (tmp_path / name).write_bytes(content)
    stem = name.partition(".")[0]
    for source, called in ((content, name), (tmp_path / name, None)):
        with pytest.raises(DataError, match=rf"^{name} holds no text; .* expected {stem}\.hea beside it"):
            read_table(source, called)


def test_a_table_of_text_may_be_called_dat() -> None:
    for text in (b"time,flow\n0,1.5\n1,2.5\n", "time\tflow\n0\t1\n1\t2\n".encode("utf-16")):
        assert list(read_table(text, "pump.dat").frame) == ["time", "flow"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\n1 0 obj", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a picture"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "a picture"),
        (b"GIF89a\1\0\1\0", "a picture"),
        (b"II*\0\x08\0\0\0", "a picture"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "a picture"),
    ],
)
def test_a_document_or_picture_is_told_as_such(content: bytes, kind: str) -> None:
    with pytest.raises(DataError, match=f"^report is {kind}: expected a table of numbers"):
        read_table(content + bytes(100), "report.csv")
