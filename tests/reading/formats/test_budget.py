"""Small files that would become large tables: refused by what their headers say, in little memory."""

import gzip
import io
import json
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly.domain import DataError, ReadSettings
from anomaly.reading.assembly import shape_tables
from anomaly.reading.formats import budget
from anomaly.reading.formats.arrow_sizes import tell_size
from anomaly.reading.formats.files import read_files, read_table, read_tables
from tests.support.checkout import ROOT
from tests.support.waveforms import edf_file
from tests.support.workbooks import of_rows, saved

MEMORY = 1_500 << 20
"""bytes of address space in which all of them are refused"""
TEXT = "x" * 1_000_000


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def arrow(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    with pa.ipc.new_file(buffer, table.schema) as file:
        file.write(table)
    return buffer.getvalue()


def as_feather(table: pa.Table) -> bytes:
    feather.write_feather(table, buffer := io.BytesIO(), compression="zstd")
    return buffer.getvalue()


def as_parquet(table: pa.Table) -> bytes:
    parquet.write_table(table, buffer := io.BytesIO())
    return buffer.getvalue()


def folded(rows: int) -> pa.Table:
    """One text in every row, kept once."""
    return pa.table({"t": np.arange(rows), "s": pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), [TEXT])})


def viewed() -> bytes:
    """The first view of two stands in every row: as long as the text, which is there once."""
    one = pa.array([TEXT, TEXT]).cast(pa.string_view())
    views = pa.py_buffer(bytes(one.buffers()[1])[:16] * 5_000)
    array = pa.Array.from_buffers(pa.string_view(), 5_000, [None, views, one.buffers()[2]])
    return arrow(pa.table({"v": array}))


def nested(layers: int) -> bytes:
    content = b"t,v\n1,2\n2,3\n"
    for layer in range(layers):
        content = packed({"a.zip" if layer else "a.csv": content})
    return content


def overlapping() -> bytes:
    """A hundred names for the bytes of one member."""
    content = packed({"000.csv": b"0\n" * 10_000_000})
    start, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    entries = [content[start:end].replace(b"000.csv", b"%03d.csv" % number) for number in range(100)]
    counts = struct.pack("<HHII", 100, 100, sum(map(len, entries)), start)
    return content[:start] + b"".join(entries) + content[end : end + 8] + counts + content[end + 20 :]


def shared_string(rows: int) -> bytes:
    """A workbook whose cells all name one string."""
    return of_rows([["t", "v"], *([TEXT[:30_000]] * 2 for _ in range(rows))])


def repeated_text(row: bytes) -> bytes:
    """An OpenDocument sheet of one row of XML."""
    sheet = (
        b'<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        b'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        b'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:spreadsheet>'
        b'<table:table table:name="a">%s</table:table></office:spreadsheet></office:body></office:document-content>'
    ) % row
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    return packed({"mimetype": kind, "content.xml": sheet})


def first_feather() -> bytes:
    """A bit for each cell: pandas has a byte, and a table eight."""
    with pytest.warns(DeprecationWarning):
        feather.write_feather(pa.table({"v": pa.array(np.zeros(100_000_000, bool))}), buffer := io.BytesIO(), version=1)
    return buffer.getvalue()


def wfdb_record(header: str, **more: bytes) -> bytes:
    """With one segment of ten steps, called seg."""
    segment = b"seg 1 100 10\nseg.dat 16 200 16 0 0 0 0 a\n"
    files = {"rec.hea": header.encode(), "seg.hea": segment, "seg.dat": bytes(20)}
    return packed(files | {name.replace("_", "."): content for name, content in more.items()})


def noted_edf(seconds: int, steps: int, note: bytes, times: int) -> bytes:
    """Steps each second, and a note so many times."""
    room = 2 * (len(note) * times + 50)
    fields = ((0, 8), ("X", 80), ("X", 80), ("01.01.25", 8), ("00.00.00", 8), (768, 8), ("EDF+C", 44), (seconds, 8),
              (1, 8), (2, 4), ("EEG", 16), ("EDF Annotations", 16))  # fmt: skip
    head = b"".join(str(value).encode().ljust(width) for value, width in fields)
    for width, value in ((80, ""), (8, "mV"), (8, -1), (8, 1), (8, -32768), (8, 32767), (80, "")):
        head += str(value).encode().ljust(width) * 2
    head += str(steps).encode().ljust(8) + str(room // 2).encode().ljust(8) + b" " * 64
    second = (bytes(2 * steps) + (b"+%d\x14\x14\0" % at + note * times).ljust(room, b"\0") for at in range(seconds))
    return head + b"".join(second)


CELL = b'<table:table-cell office:value-type="string"%s><text:p>%s</text:p></table:table-cell>'


def spread_edf() -> bytes:
    """One signal with many samples a second beside hundreds with one."""
    fast, slow, seconds = 30_000, 400, 10
    each = [fast, *[1] * slow]
    signals = len(each)

    def field(value: object, width: int) -> bytes:
        return str(value).encode().ljust(width)

    head = b"".join([
        field(0, 8), field("X", 80), field("X", 80), field("01.01.25", 8), field("00.00.00", 8),
        field(256 * (signals + 1), 8), field("", 44), field(seconds, 8), field(1, 8), field(signals, 4),
    ])  # fmt: skip
    for width, value in ((16, "s"), (80, ""), (8, "mV"), (8, -1), (8, 1), (8, -100), (8, 100), (80, "")):
        head += field(value, width) * signals
    return head + b"".join(field(count, 8) for count in each) + field("", 32) * signals + bytes(2 * sum(each) * seconds)


BOMBS: dict[str, Callable[[], bytes]] = {
    "gzip.csv.gz": lambda: gzip.compress(b"t,v\n") + gzip.compress(b"0,0\n" * 2_500_000) * 40,
    "rows.csv.gz": lambda: gzip.compress(b"v\n") + gzip.compress(b"0\n" * 3_000_000) * 10,
    "nested.zip": lambda: nested(1_200),
    "added.zip": lambda: packed({f"{n}.zip": packed({"a.csv": b"t,v\n" + b"0,0\n" * 1_000_000}) for n in range(30)}),
    "overlapping.zip": overlapping,
    "wide.npz": lambda: packed({"a.npy": npy(np.zeros((3, 1_000_000), np.int8))}),
    "bomb.npz": lambda: packed({"a.npy": npy(np.zeros(300_000_000, np.int8))}),
    "wide.npy": lambda: npy(np.zeros((3, 1_000_000), np.int8)),
    "promise.npy": lambda: npy(np.zeros(10)).replace(b"(10,), }" + b" " * 9, b"(9999999999,), }  "),
    "dictionary.parquet": lambda: as_parquet(folded(100_000)),
    "zeros.parquet": lambda: as_parquet(pa.table({"v": np.zeros(30_000_000)})),
    "lists.parquet": lambda: as_parquet(pa.table({"t": [1, 2], "v": [np.zeros(30_000_000), [1.0]]})),
    "zeros.feather": lambda: as_feather(pa.table({"v": np.zeros(30_000_000)})),
    "dictionary.feather": lambda: as_feather(folded(100_000)),
    "text.feather": lambda: as_feather(pa.table({"t": [1], "v": pa.array([TEXT * 300])})),
    "nulls.arrow": lambda: arrow(pa.table({"v": pa.nulls(1_000_000_000)})),
    "runs.arrow": lambda: arrow(
        pa.table({"v": pa.RunEndEncodedArray.from_arrays(pa.array([10**9], pa.int32()), [1.0])})
    ),
    "words.arrow": lambda: arrow(
        pa.table({"v": pa.RunEndEncodedArray.from_arrays(pa.array([10**5], pa.int32()), pa.array([TEXT]))})
    ),
    "views.arrow": viewed,
    "ragged.json": lambda: json.dumps([[1] * 1_900, *[[1]] * 100_000]).encode(),
    "spread.json": lambda: json.dumps([{f"k{n % 1_990}": 1} for n in range(30_000)]).encode(),
    "columns.json": lambda: json.dumps({f"k{n}": [1, 2, 3] for n in range(200_000)}).encode(),
    "records.json": lambda: json.dumps([{f"k{n}": 1 for n in range(200_000)}]).encode(),
    "keys.json": lambda: json.dumps({f"c{c}": {f"r{c * 20 + r}": 1 for r in range(20)} for c in range(1_900)}).encode(),
    "split.json": lambda: json.dumps({"columns": list(range(3_000)), "data": [list(range(3_000))] * 2}).encode(),
    "digits.json": lambda: b'[{"a": ' + b"9" * 5_000 + b'}, {"a": 1}]',
    "digits.jsonl": lambda: b'{"a": 1}\n{"a": ' + b"9" * 5_000 + b"}\n",
    "shared.xlsx": lambda: shared_string(6_000),
    "text.ods": lambda: repeated_text(
        b'<table:table-row table:number-rows-repeated="9000">'
        + CELL % (b' table:number-columns-repeated="200"', TEXT[:1_000].encode())
        + b"</table:table-row>"
    ),
    "blanks.ods": lambda: repeated_text(
        b"<table:table-row>" + CELL % (b"", b'a<text:s text:c="999999999"/>') + b"</table:table-row>"
    ),
    "sparse.ods": lambda: repeated_text(
        b'<table:table-row table:number-rows-repeated="900000">'
        + CELL % (b' table:number-columns-repeated="50"', b"1")
        + b"</table:table-row>"
    ),
    "formulas.ods": lambda: repeated_text(
        b'<table:table-row table:number-rows-repeated="9000000">'
        b'<table:table-cell table:number-columns-repeated="90" table:formula="of:=1"/></table:table-row>'
    ),
    "sheets.xlsx": lambda: saved({str(number): pd.DataFrame({"v": [1]}) for number in range(2_001)}),
    "first.feather.gz": lambda: gzip.compress(first_feather()),
    "spread.edf": spread_edf,
    "notes.edf.gz": lambda: gzip.compress(noted_edf(100, 100, b"+0\x14a\x14\0", 20_000)),
    "segments.zip": lambda: wfdb_record("rec/100000 1 100 1000000\n" + "seg 10\n" * 100_000),
    "beats.zip": lambda: wfdb_record(
        "rec 1 100 10\nseg.dat 16 200 16 0 0 0 0 a\n", rec_atr=np.full(3_000_000, 1 << 10, np.uint16).tobytes()
    ),
}


def npy(array: np.ndarray) -> bytes:
    np.save(buffer := io.BytesIO(), array)
    return buffer.getvalue()


REFUSE = f"""
import resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
from anomaly.domain import DataError
from anomaly.reading.formats.files import read_files
for path in sys.argv[1:]:
    began = time.process_time()
    try:
        read_files([(path, None)])
    except DataError as error:
        told = str(error)
        assert "not enough memory" not in str(error), (path, str(error))
        print(path, error)
    else:
        raise AssertionError(path)
    assert time.process_time() - began < 20, path
"""


def test_what_grows_is_refused_by_its_headers_in_little_memory(tmp_path: Path) -> None:
    for name, make in BOMBS.items():
        (tmp_path / name).write_bytes(make())
    ended = subprocess.run(
        [sys.executable, "-c", REFUSE, *(str(tmp_path / name) for name in BOMBS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert len(ended.stdout.splitlines()) == len(BOMBS)


def test_the_files_of_one_upload_share_one_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "FEW_CELLS", 30)
    monkeypatch.setattr(budget, "GROWTH", 0)
    one = b"t,v\n" + b"".join(b"%d,%d\n" % (row, row % 3) for row in range(9))
    assert len(read_files([(one, "a.csv")])) == 1
    for files in (
        [(one, "a.csv"), (one, "b.csv")],
        [(packed({"a.csv": one, "b.zip": packed({"c.csv": one})}), "d.zip")],
    ):
        with pytest.raises(DataError, match="expected at most 30 cells"):
            read_files(files)
    # Each upload has its own.
    assert len(read_files([(one, "a.csv")])) == 1


def test_what_archives_hold_is_counted_in_all_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MOST_MEMBERS", 3)
    two = packed({"a.csv": b"t,v\n1,2\n2,3\n", "b.csv": b"t,v\n1,2\n2,3\n"})
    assert len(read_tables(two, "x.zip")) == 2
    with pytest.raises(DataError, match="holds 2 files; expected at most 3 in all"):
        read_tables(packed({"x.zip": two, "y.zip": two}), "z.zip")


def test_files_of_other_columns_are_counted_as_they_are_laid_side_by_side() -> None:
    long = b"t,v\n" + b"1,2\n" * 300_000
    wide = ("t,v," + ",".join(f"c{n}" for n in range(1_900)) + "\n" + ("1,2," + "1," * 1_899 + "1\n") * 4).encode()
    with pytest.raises(DataError, match="would become 300,004 rows of 1,902 columns"):
        shape_tables(read_tables(packed({"a.csv": long, "b.csv": wide}), "x.zip"), ReadSettings())
    many = {
        f"{n}.csv": "".join(f"{c}{n}," for c in "abcde").encode() + b"t\n" + b"1,2,3,4,5,6\n" * 4 for n in range(401)
    }
    with pytest.raises(DataError, match=r"2,006 columns; expected at most 2,000"):
        shape_tables(read_tables(packed(many), "x.zip"), ReadSettings())


@pytest.mark.parametrize(
    "library", ["edfio.read_edf", "wfdb.rdheader", "python_calamine.CalamineWorkbook.from_filelike"]
)
def test_want_of_memory_is_not_told_as_damage(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise MemoryError

    if library.startswith("python_calamine"):
        monkeypatch.setattr("python_calamine.CalamineWorkbook", SimpleNamespace(from_filelike=broken))
    else:
        monkeypatch.setattr(library, broken)
    content = {
        "e": lambda: edf_file(),
        "w": lambda: wfdb_record("rec 1 100 10\nseg.dat 16 200 16 0 0 0 0 a\n"),
        "p": lambda: of_rows([["t", "v"], [1, 2], [2, 3]]),
    }[library[0]]()
    with pytest.raises(DataError, match="There is not enough memory to open"):
        read_table(content, "pump")


@pytest.mark.parametrize("layers", [budget.MOST_LAYERS, budget.MOST_LAYERS + 1])
def test_archives_in_archives_are_opened_so_deep_and_no_deeper(layers: int) -> None:
    content = nested(layers)
    if layers == budget.MOST_LAYERS:
        assert len(read_table(content, "a.zip").frame) == 2
        return
    with pytest.raises(DataError, match="lies in archives within archives"):
        read_table(content, "a.zip")


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (MemoryError(), "There is not enough memory to open pump"),
        (pa.ArrowMemoryError("malloc of size 9 failed"), "There is not enough memory to open pump"),
        (RecursionError(), "pump is nested too deeply"),
        (pa.ArrowInvalid("two\nlines"), r"pump cannot be read \(two\)\."),
    ],
)
def test_what_memory_depth_and_libraries_break_off_with_is_one_sentence(
    raised: BaseException, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise raised

    for reader in ("read_csv", "read_json"):
        monkeypatch.setattr(f"anomaly.reading.formats.files.{reader}", broken)
    for content in (b"t,v\n1,2\n", b'[{"a": 1}]'):
        with pytest.raises(DataError, match=said):
            read_table(content, "pump")


FRAME = pd.DataFrame({
    "t": pd.date_range("2025-01-01", periods=300, freq="s"), "v": np.arange(300) / 7, "n": np.arange(300) % 5,
    "word": ["on", "off", None] * 100, "kind": pd.Categorical(["a", "b", "c"] * 100), "is": [True, False] * 150,
})  # fmt: skip


@pytest.mark.parametrize("compression", ["lz4", "zstd", "uncompressed"])
@pytest.mark.parametrize("chunk", [7, 300])
def test_the_size_that_headers_tell_is_the_one_that_is_read(compression: str, chunk: int) -> None:
    FRAME.to_feather(buffer := io.BytesIO(), compression=compression, chunksize=chunk)
    table = feather.read_table(pa.BufferReader(buffer.getvalue()))
    told = tell_size(buffer.getvalue())
    assert told.rows == len(FRAME)
    # Each buffer may end on a boundary of 64 bytes.
    assert table.get_total_buffer_size() * 0.5 <= told.bytes <= table.get_total_buffer_size() + 64 * 40 * len(FRAME)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_headers_are_told_in_one_sentence(data: st.DataObject) -> None:
    FRAME.to_feather(buffer := io.BytesIO(), compression="lz4")
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(max(0, len(content) - 1_500), len(content) - 11))
        content[place] = data.draw(st.integers(0, 255))
    try:
        read_table(bytes(content), "pump.feather")
    except DataError as error:
        assert "\n" not in str(error)


def test_folded_columns_are_read_as_if_each_cell_stood_by_itself() -> None:
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([2, 5, 6], pa.int32()), pa.array(["a", None, "b"]))
    table = pa.table({
        "v": pa.RunEndEncodedArray.from_arrays(pa.array([4, 6], pa.int32()), pa.array([1.5, 2.5])), "word": runs,
        "kind": pa.array(list("xyxyxy")).dictionary_encode(), "view": pa.array(list("uvuvuv")).cast(pa.string_view()),
        "code": pa.DictionaryArray.from_arrays([0, 1, 0, 1, 0, None], [7, 8]),
    })  # fmt: skip
    frame = read_table(arrow(table), "pump.arrow").frame
    assert frame["v"].tolist() == [1.5] * 4 + [2.5] * 2
    assert frame["word"].fillna("").tolist() == ["a", "a", "", "", "", "b"]
    assert (frame["kind"] + frame["view"]).tolist() == ["xu", "yv"] * 3
    assert frame["code"].tolist()[:5] == [7, 8, 7, 8, 7] and np.isnan(frame["code"][5])
