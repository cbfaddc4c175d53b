"""Excel and OpenDocument workbooks: each sheet becomes the CSV it would be saved as, and is read as such."""

import csv
import datetime as dt
import io
import re
import xml.parsers.expat as expat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, reduce
from typing import TYPE_CHECKING

from anomaly.exceptions import DataError
from anomaly.reading.cells import tell_doubts
from anomaly.reading.csv import read_csv
from anomaly.reading.dialect import DOTTED_DAY
from anomaly.reading.numerals import Custom, Signs, is_number, plain_number, settle, strip_marks, tell_doubt
from anomaly.reading.table import Table, digest_of

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

SPREADSHEET_ENDINGS = ("xlsx", "xlsm", "xlsb", "xls", "ods")
OLE2, ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"
OPEN_DOCUMENT = b"application/vnd.oasis.opendocument.spreadsheet"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_column = cache(lambda letters: reduce(lambda number, letter: 26 * number + ord(letter.upper()) - 64, letters, 0) - 1)
""" "A" as 0, "XFD" as 16383"""
MOST_UNPACKED_BYTES = 1 << 30
MOST_CELLS = 50_000_000
"""in the rectangle that a sheet's filled cells span: all of it is laid out in memory"""
PROTECTED = "{} is protected by a password. Save it without one and open that."
ERRORS = {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#GETTING_DATA", "#SPILL!", "#CALC!"}
CONTROL = re.compile(r"\r\n|[\0-\x1f\x7f]")

Cell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta


def looks_like_workbook(content: bytes) -> bool:
    """Whether the bytes are a workbook, or an OLE2 file, as which old and encrypted ones are saved."""
    if not content.startswith(ZIP):
        return content.startswith(OLE2)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if "[Content_Types].xml" in names:
                return any(name.startswith("xl/") for name in names)
            with archive.open("mimetype") as file:
                return file.read(len(OPEN_DOCUMENT) + 1).strip() == OPEN_DOCUMENT
    except (KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError, zlib.error):
        return False


def read_workbook(content: bytes, name: str) -> list[Table]:
    """A table for each visible sheet that holds one: at least two rows with a number.

    The lines of a table are the rows of its sheet. Raises DataError where no sheet holds a table, or the workbook is
    damaged, protected by a password, or too large for memory.
    """
    tables: list[Table] = []
    looked_at: list[str] = []
    reasons: list[DataError] = []
    with _in_one_sentence(name):
        _check_extents(content, name)
        for sheet in _sheets(content):
            looked_at.append(repr(sheet.name))
            try:
                tables += [replace(table, digest=digest_of(content)) for table in _read_sheet(sheet, name)]
            except DataError as error:
                reasons.append(error)
    if not tables:
        raise next(iter(reasons), None) or DataError(
            f"{name}: no sheet holds a table (looked at {', '.join(looked_at) or 'none: all hidden'}); expected one "
            "with a header and at least two rows of numbers under it."
        )
    return tables


@contextmanager
def _in_one_sentence(name: str) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        # The reader is written in Rust, whose panics pass by `Exception` and have no name to import.
        kind = type(error).__name__
        if isinstance(error, DataError) or not (isinstance(error, Exception) or kind == "PanicException"):
            raise
        if kind == "PasswordError" or (kind == "RuntimeError" and "encrypted" in str(error)):
            raise DataError(PROTECTED.format(name)) from None
        reason = "its reader broke off" if kind == "PanicException" else (str(error).splitlines() or [kind])[0]
        raise DataError(f"{name} is no sound workbook ({reason}): expected one that a spreadsheet opens.") from None


def _sheets(content: bytes) -> Iterator["CalamineSheet"]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    for position, sheet in enumerate(workbook.sheets_metadata):
        if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet:
            yield workbook.get_sheet_by_index(position)


@dataclass
class _Columns:
    """What only all cells of the columns tell."""

    typed: dict[int, Signs] = field(default_factory=dict)
    """what text tells of decimal signs, by column: true numbers have none"""
    has_dotted_day: bool = False
    days: set[int] = field(default_factory=set)
    clocks: set[int] = field(default_factory=set)
    """with times of day beside the date, but for midnight: that comes as a date alone"""
    lone: set[int] = field(default_factory=set)
    shared: set[int] = field(default_factory=set)
    """filled in rows that have another filled cell"""

    @property
    def kept(self) -> range:
        """A title in a corner widens the sheet, not the table."""
        columns = self.shared or self.lone or {0}
        return range(min(columns), max(columns) + 1)

    @cached_property
    def decimals(self) -> dict[int, tuple[str, bool]]:
        """The decimal sign of the columns in which text may be numbers, and whether it is open to doubt."""
        clear = set().union(*(signs.clear for signs in self.typed.values()))
        comma = "," in clear or (self.has_dotted_day and not clear)
        custom = Custom("," if comma else ".", len(clear) == 1, self.has_dotted_day)
        told = {column: signs for column, signs in self.typed.items() if signs.clear or signs.either}
        return {column: settle(signs, custom) for column, signs in told.items()}


def _read_sheet(sheet: "CalamineSheet", name: str) -> list[Table]:
    """One table, or none where the sheet holds none. Raises DataError where it holds one that cannot be read."""
    found = _Columns()
    text = _to_csv(sheet, found, None)
    if not text.strip("\n"):
        return []
    if len(found.kept) < sheet.width or found.decimals or found.days - found.clocks:
        text = _to_csv(sheet, _Columns(), found)
    table = read_csv(text.encode(errors="replace"), f"{name}, sheet {sheet.name!r}")
    has_number = table.frame.select_dtypes("number").notna().any(axis=1)
    if has_number.sum() < 2:
        return []
    names = dict(enumerate(map(str, table.frame.columns), found.kept.start))
    doubts = {
        names[column]: tell_doubt(next(iter(found.typed[column].either.values())), decimal)
        for column, (decimal, is_doubtful) in found.decimals.items()
        if is_doubtful and column in names
    }
    return [replace(table, name=name, sheet=sheet.name, repairs=(*table.repairs, *tell_doubts(doubts, table.name)))]


def _to_csv(sheet: "CalamineSheet", found: _Columns, known: _Columns | None) -> str:
    """A line for each row of the sheet, whether filled or not: then line numbers are row numbers."""
    writer = csv.writer(stream := io.StringIO(), lineterminator="\n")
    for row in sheet.iter_rows():
        cells = [_spell(cell, column, found, known) for column, cell in enumerate(row)]
        filled = [column for column, cell in enumerate(cells) if cell]
        if not filled:
            stream.write("\n")
            continue
        (found.shared if len(filled) > 1 else found.lone).update(filled)
        if known is not None:
            title = cells[filled[0]] if len(filled) == 1 and filled[0] not in known.kept else ""
            cells = [cells[column] for column in known.kept]
            cells[0] = title or cells[0]
        writer.writerow(cells)
    return stream.getvalue()


def _spell(cell: Cell, column: int, found: _Columns, known: _Columns | None) -> str:
    match cell:
        case float():
            # Every number of a workbook is a double: 3 comes as 3.0.
            return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
        case str():
            text = CONTROL.sub(" ", cell).strip()
            if text in ERRORS:
                return ""
            if known is None:
                found.typed.setdefault(column, Signs()).add(text)
                found.has_dotted_day |= "." in text and DOTTED_DAY.fullmatch(text) is not None
            elif column in known.decimals and is_number(bare := strip_marks(text)):
                return text.replace("−", "-").replace(bare, plain_number(bare, known.decimals[column][0]))
            return text
        case bool() | int():
            return str(int(cell))
        case dt.timedelta():
            return _spell(cell.total_seconds(), column, found, known)
        case dt.datetime():
            found.clocks.add(column)
        case dt.date():
            found.days.add(column)
            return cell.isoformat() + ("T00:00:00" if known is None or column in known.clocks else "")
    return cell.isoformat()


def _check_area(height: int, width: int, name: str) -> None:
    if height * width > MOST_CELLS:
        raise DataError(
            f"{name}: the cells of a sheet span {height:,} rows and {width:,} columns; expected at most "
            f"{MOST_CELLS:,} cells. Clear what stands far from the table, or save the table as CSV."
        )


def _check_extents(content: bytes, name: str) -> None:
    """Refuse what memory would not hold: the reader would end the whole process, and nothing could be caught."""
    if content.startswith(OLE2):
        if ENCRYPTED in content:
            raise DataError(PROTECTED.format(name))
        return  # at most 65,536 rows and 256 columns
    unpacked = 0
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            is_binary = member.filename.startswith("xl/worksheets/") and member.filename.endswith(".bin")
            extent = (_BinaryExtent if is_binary else _XmlExtent)(name, member.filename)
            # What the archive says of a member's size may be a lie.
            member = copy(member)
            member.file_size = MOST_UNPACKED_BYTES + 1
            with archive.open(member) as file:
                while chunk := file.read(1 << 20):
                    unpacked += len(chunk)
                    if unpacked > MOST_UNPACKED_BYTES:
                        raise DataError(f"{name} unpacks to more than 1 GB: expected less. Save the table as CSV.")
                    extent.feed(chunk)


class _Extent:
    """The rectangle round the filled cells of a sheet."""

    def __init__(self, name: str, part: str) -> None:
        self.name, self.part, self.row, self.column = name, part, -1, -1
        self.top, self.left, self.bottom, self.right = 1 << 40, 1 << 40, 0, 0

    def add(self, row: int, column: int, rows: int = 1, columns: int = 1) -> None:
        if row >= self.top and column >= self.left and row + rows <= self.bottom and column + columns <= self.right:
            return
        self.top, self.left = min(self.top, row), min(self.left, column)
        self.bottom, self.right = max(self.bottom, row + rows), max(self.right, column + columns)
        _check_area(self.bottom - self.top, self.right - self.left, self.name)


class _XmlExtent(_Extent):
    """Of an .xlsx sheet, or of the sheets of an .ods one by one; whatever else a part may be is left alone."""

    def __init__(self, name: str, part: str) -> None:
        super().__init__(name, part)
        self.cell, self.rows, self.columns, self.is_xml = -1, 1, 1, True
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._begin

    def feed(self, chunk: bytes) -> None:
        try:
            if self.is_xml:
                self.parser.Parse(chunk)
        except expat.ExpatError:
            self.is_xml = False  # but a picture, say
            if self.part.endswith(".xml"):
                raise

    def _begin(self, root: str, _: dict[str, str]) -> None:
        handlers = {"worksheet": self._begin_excel, "document-content": self._begin_open_document}
        self.parser.StartElementHandler = handlers.get(root.rpartition(":")[2])

    def _begin_excel(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if tag == "c":
            place = attributes.get("r", "")
            letters = place.rstrip("0123456789")
            self.cell = int(place[len(letters) :]) - 1 if place else self.row
            self.column = _column(letters) if place else self.column + 1
        elif tag in ("v", "is"):  # a cell without either has but a format
            self.add(self.cell, self.column)
        elif tag == "row":
            self.row, self.column = int(attributes.get("r", self.row + 2)) - 1, -1

    def _begin_open_document(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if tag in ("table-cell", "covered-table-cell"):
            self.column += self.columns
            self.columns = int(attributes.get("table:number-columns-repeated", 1))
        elif tag == "table-row":
            self.row, self.column, self.columns = self.row + self.rows, -1, 1
            self.rows = int(attributes.get("table:number-rows-repeated", 1))
        elif tag == "table":
            _Extent.__init__(self, self.name, self.part)
        if tag == "p" or any(key.startswith("office:") for key in attributes):
            # The reader fills a row up from the left.
            self.add(self.row, 0, self.rows, self.column + self.columns)


class _BinaryExtent(_Extent):
    """Of an .xlsb sheet: records of a kind, a size (both in sevens of bits) and a body."""

    rest = b""

    def feed(self, chunk: bytes) -> None:
        data, at = self.rest + chunk, 0
        while True:
            kind, size, begin = int.from_bytes(data[at : at + 1]), 0, at + 1
            begin += kind >= 128  # of which no cell is
            for shift in range(0, 28, 7):
                byte = int.from_bytes(data[begin : begin + 1])
                size, begin = size | (byte & 127) << shift, begin + 1
                if byte < 128:
                    break
            if begin + size > len(data):
                break
            figure = int.from_bytes(data[begin : begin + 4], "little")
            if kind == 0:
                self.row = figure
            elif 2 <= kind <= 11:  # 1 is a cell with but a format
                self.add(self.row, figure)
            at = begin + size
        self.rest = data[at:]
