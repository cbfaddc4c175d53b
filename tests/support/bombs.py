"""Small files that would become large tables or take long, of every format."""

import gzip
import io
import json
import re
import struct
import zipfile
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as parquet
import pytest

from tests.support.workbooks import of_rows

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


MANIFEST = (
    b'<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry '
    b'manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>'
)


def repeated_text(row: bytes) -> bytes:
    """An OpenDocument sheet of one row of XML."""
    sheet = (
        b'<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        b'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        b'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:spreadsheet>'
        b'<table:table table:name="a">%s</table:table></office:spreadsheet></office:body></office:document-content>'
    ) % row
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    return packed({"mimetype": kind, "META-INF/manifest.xml": MANIFEST, "content.xml": sheet})


def shown_again(content: bytes, times: int) -> bytes:
    """A workbook of so many sheets, all of them one part of the file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    (sheet,) = re.findall(rb"<sheet [^>]*/>", book := files["xl/workbook.xml"])
    sheets = (re.sub(rb' name="[^"]*"', b' name="s%d"' % number, sheet) for number in range(times))
    return packed(files | {"xl/workbook.xml": book.replace(sheet, b"".join(sheets))})


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
    "sheets.xlsx": lambda: shown_again(of_rows([["t", "v"], [1, 2], [2, 3]]), 2_001),
    "again.xlsx": lambda: shown_again(of_rows([["t", "v"], *([row, row % 7] for row in range(10_000))]), 150),
    "first.feather.gz": lambda: gzip.compress(first_feather()),
    "spread.edf": spread_edf,
    "notes.edf.gz": lambda: gzip.compress(noted_edf(100, 100, b"+0\x14a\x14\0", 20_000)),
    "segments.zip": lambda: wfdb_record("rec/100000 1 100 1000000\n" + "seg 10\n" * 100_000),
    "beats.zip": lambda: wfdb_record(
        "rec 1 100 10\nseg.dat 16 200 16 0 0 0 0 a\n",
        rec_atr=np.full(3_000_000, 1 << 10, np.uint16).tobytes() + b"\0\0",
    ),
}


def npy(array: np.ndarray) -> bytes:
    np.save(buffer := io.BytesIO(), array)
    return buffer.getvalue()
