"""Workbooks of every format, some written byte by byte."""

import io
import struct
import zipfile
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from anomaly.reading.formats.spreadsheets.workbook import OLE2, read_workbook
from anomaly.reading.formats.table import Table

FRAME = pd.DataFrame(
    {
        "time": pd.date_range("2025-03-01", periods=30, freq="10min"),
        "flow": np.round(np.sin(np.arange(30)), 6),
        "running": np.arange(30) % 2 == 0,
        "count": np.arange(30),
        "state": ["on; =1+1", 'a "b", c', "déjà"] * 10,
    }
)
FRAME.loc[4, "flow"] = np.nan
ROWS = [["t", "v"], [1, 0.5], [2, 1.5], [3, 2.5]]


def saved(frames: dict[str, pd.DataFrame], engine: str = "openpyxl") -> bytes:
    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer, engine=engine) as writer:
        for sheet, frame in frames.items():
            frame.to_excel(writer, sheet_name=sheet, index=False)
    return buffer.getvalue()


def workbook(fill: Callable[[Worksheet], object]) -> bytes:
    book, buffer = Workbook(), io.BytesIO()
    assert book.active is not None
    fill(book.active)
    book.save(buffer)
    return buffer.getvalue()


def of_rows(rows: Iterable[Iterable[object]]) -> bytes:
    return workbook(lambda sheet: [sheet.append(list(row)) for row in rows])


def repacked(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, change(part, old.read(part)))
    return buffer.getvalue()


def only(content: bytes) -> Table:
    (table,) = read_workbook(content, "pump")
    return table


def record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def as_xls(rows: list[list[str | float]], sheet: bytes = b"Raw") -> bytes:
    """BIFF8 in an OLE2 file, the least of both: one stream, one sector of its table, one of its directory."""
    begin, end = struct.pack("<HHHHII", 0x600, 5, 0, 1997, 0, 6), record(0x0A, b"")
    cells = b""
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            place = struct.pack("<HHH", row, column, 0)
            if isinstance(value, str):
                cells += record(0x204, place + struct.pack("<HB", len(value), 0) + value.encode("latin-1"))
            else:
                cells += record(0x203, place + struct.pack("<d", value))
    bound = struct.pack("<IBBBB", 0, 0, 0, len(sheet), 0) + sheet
    start = 4 + len(begin) + 4 + len(bound) + len(end)
    book = record(0x809, begin) + record(0x85, struct.pack("<I", start) + bound[4:]) + end
    book += record(0x809, begin[:2] + b"\x10\0" + begin[4:]) + cells + end
    book = book.ljust(max(4096, -(-len(book) // 512) * 512), b"\0")
    sectors = len(book) // 512
    fat = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, sectors + 2), 0xFFFFFFFE]
    fat += [0xFFFFFFFF] * (128 - len(fat))

    def entry(name: str, kind: int, first: int, size: int, child: int) -> bytes:
        text = name.encode("utf-16-le")
        return (
            text.ljust(64, b"\0")
            + struct.pack("<HBBIII", len(text) + 2, kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
            + bytes(36)
            + struct.pack("<IQ", first, size)
        )

    header = OLE2 + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
    directory = entry("Root Entry", 5, 0xFFFFFFFE, 0, 1) + entry("Workbook", 2, 2, len(book), 0xFFFFFFFF)
    return header + struct.pack("<128I", *fat) + directory.ljust(512, b"\0") + book


def as_xlsb(rows: list[list[str | float]]) -> bytes:
    """BIFF12 in a zip archive, the least of both: one sheet, neither styles nor shared text."""

    def binary(kind: int, body: bytes = b"") -> bytes:
        return (bytes([kind]) if kind < 128 else bytes([kind & 127 | 128, kind >> 7])) + bytes([len(body)]) + body

    def wide(text: str) -> bytes:
        return struct.pack("<I", len(text)) + text.encode("utf-16-le")

    cells = b""
    for row, values in enumerate(rows):
        cells += binary(0, struct.pack("<I", row) + bytes(13))
        for column, value in enumerate(values):
            place = struct.pack("<II", column, 0)
            body = wide(value) if isinstance(value, str) else struct.pack("<d", value)
            cells += binary(6 if isinstance(value, str) else 5, place + body)
    extent = struct.pack("<4I", 0, len(rows) - 1, 0, len(rows[0]) - 1)
    bound = binary(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("Raw"))
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    related = f'<Relationship Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.bin"/>'
    parts = {
        "[Content_Types].xml": b"<Types/>",
        "xl/workbook.bin": binary(131) + binary(143) + bound + binary(144) + binary(132),
        "xl/_rels/workbook.bin.rels": f"<Relationships>{related}</Relationships>".encode(),
        "xl/worksheets/sheet1.bin": binary(129) + binary(148, extent) + binary(145) + cells + binary(146) + binary(130),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()
