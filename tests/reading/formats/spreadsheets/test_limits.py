"""Workbooks that are locked, too large, damaged or broken: one sentence, and never the end of the process."""

import io
import re
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from anomaly.domain.exceptions import DataError
from anomaly.reading.formats import budget
from anomaly.reading.formats.spreadsheets import rehearsal
from anomaly.reading.formats.spreadsheets import workbook as spreadsheets
from anomaly.reading.formats.spreadsheets.workbook import OLE2, looks_like_workbook, read_workbook
from tests.support.workbooks import FRAME, ROWS, as_xls, as_xlsb, of_rows, only, repacked, saved, workbook


def test_a_password_is_asked_to_be_taken_off() -> None:
    locked = OLE2 + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    sealed = bytearray(saved({"a": FRAME}))
    sealed[sealed.index(b"PK\x01\x02") + 8] |= 1
    sealed[6] |= 1
    for content in (locked, bytes(sealed)):
        assert looks_like_workbook(content)
        with pytest.raises(DataError, match=r"^pump is protected by a password\. Save it without one"):
            read_workbook(content, "pump")


def far_xlsx(place: str, value: object = 1) -> bytes:
    def fill(sheet: Worksheet) -> None:
        for row in ROWS:
            sheet.append(row)
        sheet[place].number_format = "0.00"
        sheet[place] = value

    return workbook(fill)


def repeated_ods(rows: int, columns: int) -> bytes:
    cell, row = b'<table:table-cell office:value-type="float"', b"<table:table-row>"
    return repacked(
        saved({"a": pd.DataFrame({"a": [1, 2], "b": [3, 4]})}, "odf"),
        lambda _, part: part.replace(cell, b'%s table:number-columns-repeated="%d"' % (cell, columns)).replace(
            row, b'<table:table-row table:number-rows-repeated="%d">' % rows
        ),
    )


def far_xlsb() -> bytes:
    """Two numbers in the first and the last row and column."""
    places = ((0, 0), (1_048_575, 16_383))
    cells = (b"\0\4" + struct.pack("<I", row) + b"\5\x10" + struct.pack("<IId", at, 0, 1.0) for row, at in places)
    return with_part("xl/worksheets/sheet2.bin", b"\x94\1\x10" + b"\x7f" * 16 + b"".join(cells))


def with_part(name: str, body: bytes) -> bytes:
    buffer = io.BytesIO(saved({"a": FRAME}))
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, body)
    return buffer.getvalue()


def without_places(content: bytes) -> bytes:
    """Neither rows nor cells say where they are: they follow each other."""
    return repacked(content, lambda _, part: re.sub(rb'(<(?:c|row)) r="\w+"', rb"\1", part))


@pytest.mark.parametrize(
    "content",
    [far_xlsx("XFD1048576"), far_xlsx("AAA100000"), repeated_ods(1_048_576, 16_384), far_xlsb()],
    ids=["corner.xlsx", "far.xlsx", "repeated.ods", "far.xlsb"],
)
def test_a_value_far_from_the_table_is_refused_before_its_rectangle_fills_memory(content: bytes) -> None:
    with pytest.raises(
        DataError, match=r"^pump(: the cells of a sheet span .* at most 2,000,000 cells| unpacks to more)"
    ):
        read_workbook(content, "pump")


def test_a_far_cell_with_but_a_format_and_cells_without_a_place_do_no_harm() -> None:
    assert only(far_xlsx("XFD1048576", None)).frame["v"].tolist() == [0.5, 1.5, 2.5]
    placeless = without_places(of_rows(ROWS))
    assert placeless != of_rows(ROWS) and only(placeless).frame["v"].tolist() == [0.5, 1.5, 2.5]
    wide = without_places(of_rows([[f"c{n}" for n in range(100)], range(100)]))
    with pytest.raises(DataError, match="span 1,048,576 rows and 100 columns"):
        read_workbook(repacked(wide, lambda _, part: part.replace(b"</row><row", b'</row><row r="1048576"')), "pump")


def test_what_unpacks_to_too_much_is_refused_whatever_size_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "FEW_BYTES", 1 << 22)
    bomb = with_part("xl/media/a.png", bytes(1 << 23))
    for content in (bomb, bomb.replace(struct.pack("<I", 1 << 23), struct.pack("<I", 10))):
        with pytest.raises(DataError, match="unpacks to more than"), budget.within_budget(0):
            read_workbook(content, "pump")


def test_a_wide_sheet_is_refused_with_its_name() -> None:
    with pytest.raises(DataError, match=r"sheet 'Sheet' has 2,001 columns; expected at most 2,000"):
        read_workbook(of_rows([[f"c{n}" for n in range(2001)], range(2001), range(2001)]), "pump")


def test_names_are_kept_as_they_are_and_fit_into_one_sentence() -> None:
    name = "=cmd|' /C calc'!A0 <script>alert(1)</script>"
    (table,) = read_workbook(saved({"<b>=1+1": FRAME}), name)
    assert (table.name, table.sheet) == (name, "<b>=1+1")


def test_a_panic_of_the_reader_is_a_sentence_and_an_interrupt_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        pass

    for raised, expected in (
        (PanicException("index out\nof bounds"), DataError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ):

        def broken(content: bytes, name: str, raised: BaseException = raised) -> None:
            raise raised

        monkeypatch.setattr(spreadsheets, "_sheets", broken)
        with pytest.raises(expected) as caught:
            read_workbook(saved({"a": FRAME}), "pump")
        assert "\n" not in str(caught.value)


def test_whoever_reads_no_workbook_pays_for_none() -> None:
    told = "import sys, anomaly.reading.formats.spreadsheets.workbook; assert 'python_calamine' not in sys.modules"
    subprocess.run([sys.executable, "-c", told], check=True)


LAST_CELL = struct.pack("<HHHHHd", 0x203, 14, 2, 1, 0, 1.5)
CELL_FAR_OFF = struct.pack("<HHHHHd", 0x203, 14, 65_535, 65_535, 0, 1.5)
DIMENSIONS = struct.pack("<HHIIHHH", 0x200, 14, 0, 0xFFFFFFF0, 0, 0xFFFF, 0)


def circular(content: bytes) -> bytes:
    """The directory of the OLE2 file goes on where it began."""
    return content[:516] + struct.pack("<I", 1) + content[520:]


@pytest.mark.parametrize(
    "forge",
    [
        lambda content: content.replace(LAST_CELL, CELL_FAR_OFF),
        lambda content: content.replace(LAST_CELL, DIMENSIONS),
        circular,
    ],
    ids=["far cell", "dimensions", "circle"],
)
def test_an_old_workbook_that_claims_more_than_memory_is_a_sentence_and_not_the_end(
    forge: Callable[[bytes], bytes],
) -> None:
    content = as_xls([["t", "v"], [1.0, 0.5], [2.0, 1.5]])
    forged = forge(content)
    assert forged != content
    with pytest.raises(DataError, match=r"^pump is no sound workbook \(its reader broke off, or ran out of memory"):
        read_workbook(forged, "pump")


def test_a_binary_workbook_that_claims_more_than_memory_is_a_sentence_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "FEW_SHEET_CELLS", 1_000_000_000)
    monkeypatch.setattr(budget, "MOST_SHEET_CELLS", 1_000_000_000)
    content = as_xlsb([["t", "v"], [1.0, 0.5], [2.0, 1.5]])
    last = struct.pack("<IId", 1, 0, 1.5)
    # Few enough cells for the check of their extent; the reader takes many times their size.
    forged = repacked(content, lambda _, part: part.replace(last, struct.pack("<I", 0x7F0001) + last[4:]))
    assert forged != content
    with pytest.raises(DataError, match="its reader broke off, or ran out of memory"):
        read_workbook(forged, "pump")


def test_where_no_process_can_be_had_an_old_workbook_is_read_without_a_rehearsal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert len(only(as_xls([["t", "v"], [1.0, 0.5], [2.0, 1.5]])).frame) == 2


def test_a_workbook_that_takes_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "SCRIPT", "while True: pass")
    monkeypatch.setattr(rehearsal, "SECONDS", 0.2)
    with pytest.raises(DataError, match="ran out of memory or time"):
        read_workbook(as_xls(ROWS), "pump")


def test_the_rehearsal_takes_no_module_from_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "python_calamine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    rehearsal.rehearse(as_xls(ROWS), "pump", 1)
    assert not (tmp_path / "ran").exists()


SMALL = {
    "xlsx": saved({"a": FRAME[:5]}),
    "ods": saved({"a": FRAME[:5]}, "odf"),
    "xls": as_xls([["t", "v"], [1.0, 0.5], [2.0, 1.5]]),
    "xlsb": as_xlsb([["t", "v"], [1.0, 0.5], [2.0, 1.5]]),
}


def survives(content: bytes) -> None:
    looks_like_workbook(content)
    try:
        read_workbook(content, "pump")
    except DataError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("kind", SMALL)
def test_a_workbook_cut_off_anywhere_is_one_sentence(kind: str) -> None:
    content = SMALL[kind]
    for stop in range(0, len(content), max(1, len(content) // 60)):
        survives(content[:stop])


@settings(max_examples=60, deadline=None)
@given(data=st.data(), kind=st.sampled_from(sorted(SMALL)))
def test_damaged_bytes_end_in_a_table_or_one_sentence(data: st.DataObject, kind: str) -> None:
    content = bytearray(SMALL[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    survives(bytes(content))


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    part=st.sampled_from(["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml", "content.xml"]),
)
def test_a_damaged_part_ends_in_a_table_or_one_sentence(data: st.DataObject, part: str) -> None:
    def damage(name: str, body: bytes) -> bytes:
        if name != part:
            return body
        changed = bytearray(body)
        for _ in range(data.draw(st.integers(1, 3))):
            changed[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(32, 126))
        return bytes(changed)

    survives(repacked(SMALL["ods" if part == "content.xml" else "xlsx"], damage))
