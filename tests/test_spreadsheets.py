"""Workbooks: each sheet that holds a table gives what its CSV would."""

import datetime as dt
import io
import struct
import zipfile
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from anomaly.domain.exceptions import DataError
from anomaly.reading.formats.delimited.csv import read_csv
from anomaly.reading.formats.spreadsheets.workbook import OLE2, looks_like_workbook, read_workbook
from anomaly.reading.formats.table import Table, digest_of

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
CSV = FRAME.assign(running=FRAME["running"].astype(int)).to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%S").encode()
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


@pytest.mark.parametrize("engine", ["openpyxl", "odf"])
def test_a_workbook_gives_the_table_of_its_csv(engine: str) -> None:
    content = saved({"Raw": FRAME}, engine)
    expected, found = read_csv(CSV, "pump"), only(content)
    pd.testing.assert_frame_equal(found.frame, expected.frame)
    assert (found.name, found.sheet, found.digest) == ("pump", "Raw", digest_of(content))
    assert [found.line(row) for row in (0, 29)] == [2, 31]


@pytest.mark.parametrize("save", [as_xls, as_xlsb])
def test_a_workbook_of_binary_records_is_read_and_told_by_its_bytes(save: Callable[..., bytes]) -> None:
    content = save([["t", "v"], [1.0, 0.5], [2.0, 1.5]])
    assert looks_like_workbook(content) and only(content).sheet == "Raw"
    assert only(content).frame.to_dict("list") == {"t": [1, 2], "v": [0.5, 1.5]}


def test_every_visible_sheet_with_a_table_is_one_and_the_others_are_passed_over() -> None:
    def fill(sheet: Worksheet) -> None:
        book = sheet.parent
        sheet.append(["Read me first"])
        sheet.append(["Nothing here but words"])
        for title in ("Second", "Hidden", "Very hidden", "Empty", "First"):
            book.create_sheet(title)
        book.create_chartsheet("Chart")
        for title in ("Second", "Hidden", "Very hidden", "First"):
            for row in ROWS:
                book[title].append(row)
        book["Hidden"].sheet_state, book["Very hidden"].sheet_state = "hidden", "veryHidden"

    assert [table.sheet for table in read_workbook(workbook(fill), "pump")] == ["Second", "First"]


def test_a_sheet_that_cannot_be_read_hides_no_other_but_is_told_where_it_is_alone() -> None:
    wide = pd.DataFrame(np.ones((2, 2001)))
    assert [table.sheet for table in read_workbook(saved({"Sum": wide, "Raw": FRAME}), "pump")] == ["Raw"]
    with pytest.raises(DataError, match=r"pump, sheet 'Sum' has 2,001 columns"):
        read_workbook(saved({"Sum": wide}), "pump")


def test_no_table_at_all_names_the_sheets_looked_at() -> None:
    with pytest.raises(DataError, match=r"no sheet holds a table \(looked at 'Notes', 'Empty'\); expected"):
        read_workbook(saved({"Notes": pd.DataFrame({"a": ["b", "c"]}), "Empty": pd.DataFrame()}), "pump")
    with pytest.raises(DataError, match="no sheet holds a table"):
        read_workbook(of_rows([["v", "w"], [1, "x"], [None, "y"]]), "pump")


def test_kinds_of_cells_become_what_a_csv_would_hold() -> None:
    midnight = dt.datetime(2025, 3, 1)
    rows = [
        ["time", "day", "clock", "took", "on", "ratio", "text", "big"],
        [midnight, midnight, dt.time(12, 3, 4), dt.timedelta(hours=30), True, "#DIV/0!", "=1+1\nx", 1e300],
        [midnight + dt.timedelta(hours=1), dt.date(2025, 3, 2), dt.time(0), dt.timedelta(0), False, 0.1, "<b>", 3],
        [midnight + dt.timedelta(hours=2, milliseconds=5), dt.date(2025, 3, 3), dt.time(1), None, True, "#N/A", "", 4],
    ]

    def fill(sheet: Worksheet) -> None:
        for row in rows:
            sheet.append(row)
        sheet["G2"].data_type = "s"

    content = workbook(fill)
    frame = only(content).frame
    assert frame["time"].tolist() == ["2025-03-01T00:00:00", "2025-03-01T01:00:00", "2025-03-01T02:00:00.005000"]
    assert frame["day"].tolist() == ["2025-03-01", "2025-03-02", "2025-03-03"]
    assert frame["clock"].tolist() == ["12:03:04", "00:00:00", "01:00:00"]
    assert frame["took"].tolist()[:2] == [108_000, 0] and frame["on"].tolist() == [1, 0, 1]
    assert frame["ratio"].isna().tolist() == [True, False, True] and frame["big"].tolist() == [1e300, 3, 4]
    assert frame["text"].tolist()[:2] == ["=1+1 x", "<b>"]


def test_an_error_written_as_text_is_a_missing_value() -> None:
    rows = pd.DataFrame({"t": [1, 2, 3], "v": [0.5, "#DIV/0!", 2.5], "w": ["a", "#REF!", "b"]})
    frame = only(saved({"a": rows}, "odf")).frame
    assert frame["v"].isna().tolist() == [False, True, False] == frame["w"].isna().tolist()


def test_a_formula_gives_its_kept_value_and_is_never_computed() -> None:
    formulas = of_rows([["t", "v"], [1, "=40+2"], [2, "=1+1"], [3, 5]])
    kept = repacked(formulas, lambda _, part: part.replace(b"<f>40+2</f><v />", b"<f>40+2</f><v>7</v>"))
    assert kept != formulas
    np.testing.assert_array_equal(only(kept).frame["v"], [7, np.nan, 5])


@pytest.mark.parametrize("place", [1, 3])
def test_formulas_without_stored_results_are_said_to_have_none(place: int) -> None:
    rows = [["t", "flow", "level", "sum"], *([n, n % 3, n % 4, f"=B{n}+C{n}"] for n in range(1, 6))]

    def fill(sheet: Worksheet) -> None:
        for line, row in enumerate(rows, 2):
            for column, cell in enumerate(row, place):
                sheet.cell(line, column, cell)

    table = only(workbook(fill))
    assert table.frame["sum"].isna().all()
    assert str(table.repairs[0]).startswith("pump, sheet 'Sheet': read as empty: 'sum': its formulas hold no stored")
    assert not only(of_rows([["t", "v", "w"], [1, 2, None], [2, 3, None], [3, 4, None]])).repairs


@pytest.mark.parametrize("first", [1, "2025-03-01"])
def test_a_workbook_of_formulas_alone_says_that_they_hold_no_results(first: object) -> None:
    rows = [[first, "=1+1"] if isinstance(first, str) else [n, "=1+1"] for n in range(5)]
    with pytest.raises(
        DataError, match=r"^pump: its formulas hold no stored results.* Open it in a spreadsheet, save it"
    ):
        only(of_rows([["t", "v"], *rows]))


def test_numbers_typed_with_a_decimal_comma_do_not_shift_the_true_ones() -> None:
    frame = only(of_rows([["true", "typed", "other"], [1.234, "1,5", "1,234"], [2.345, "1,234", "2,000"]])).frame
    assert frame.to_dict("list") == {"true": [1.234, 2.345], "typed": [1.5, 1.234], "other": [1.234, 2]}


@pytest.mark.parametrize(
    ("typed", "other", "values", "is_said"),
    [
        (["20,069", "20,125"], ["a", "b"], [20069, 20125], True),
        (["20,069", "0,125"], ["a", "b"], [20.069, 0.125], False),
        (["20,069", "980"], ["a", "b"], [20069, 980], True),
        (["20,069", "20,125"], ["0,5", "0,25"], [20.069, 20.125], False),
        (["20,069", "20,125"], ["31.12.2025 10:00", "31.12.2025 10:05"], [20.069, 20.125], True),
        (["1.200", "980"], ["0,5", "0,25"], [1200, 980], False),
        (["1.200", "1.500"], ["0,5", "0,25"], [1200, 1500], True),
        (["<20,069", "−20,5"], ["a", "b"], [20.069, -20.5], False),
    ],
)
def test_a_typed_number_is_read_as_its_column_and_the_others_tell_and_doubt_is_said(
    typed: list[str], other: list[str], values: list[float], is_said: bool
) -> None:
    rows = zip(["n", 1, 2], ["v", *typed], ["w", *other], strict=True)
    table = only(of_rows([["Pump station 4"], [], *rows]))
    assert table.frame["v"].tolist() == values
    notes = [str(repair) for repair in table.repairs if "which may be" in str(repair)]
    assert bool(notes) == is_said and all(note.startswith("pump, sheet 'Sheet': 'v' holds '") for note in notes)


def test_lines_are_the_rows_of_the_sheet_wherever_the_table_is() -> None:
    def fill(sheet: Worksheet) -> None:
        for at, row in zip((5, 6, 7, 9, 10), [*ROWS, [4, "broken"]], strict=True):
            sheet.cell(at, 3, row[0])
            sheet.cell(at, 4, row[1])

    table = only(workbook(fill))
    assert list(table.frame) == ["t", "v"] and [table.line(row) for row in range(4)] == [6, 7, 9, 10]


def test_a_merged_title_in_the_corner_widens_no_table() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet["A1"] = "Pump station 4"
        sheet.merge_cells("A1:F1")
        for at, row in enumerate(ROWS, 3):
            sheet.cell(at, 3, row[0])
            sheet.cell(at, 4, row[1])

    table = only(workbook(fill))
    assert table.frame.to_dict("list") == {"t": [1, 2, 3], "v": [0.5, 1.5, 2.5]}
    assert [table.line(row) for row in range(3)] == [4, 5, 6]


def test_only_workbooks_look_like_workbooks() -> None:
    def zipped(**parts: str) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, text in parts.items():
                archive.writestr({"types": "[Content_Types].xml"}.get(name, name.replace("__", "/")), text)
        return buffer.getvalue()

    kind = "application/vnd.oasis.opendocument."
    assert looks_like_workbook(saved({"a": FRAME})) and looks_like_workbook(saved({"a": FRAME}, "odf"))
    for other in (
        zipped(types="", word__document="x"),
        zipped(types="", ppt__slide="x"),
        zipped(mimetype=kind + "text"),
        zipped(mimetype=kind + "spreadsheet-template"),
        zipped(xl__a="x"),
        b"PK\x03\x04",
        b"",
        CSV,
    ):
        assert not looks_like_workbook(other)
