"""How far the sheets of a workbook reach: told by its bytes, before a reader lays it out in memory."""

import io
import xml.parsers.expat as expat
import zipfile
from copy import copy
from functools import cache, reduce

from anomaly.domain import DataError
from anomaly.reading.formats.spreadsheets.rehearsal import rehearse

OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_column = cache(lambda letters: reduce(lambda number, letter: 26 * number + ord(letter.upper()) - 64, letters, 0) - 1)
""" "A" as 0, "XFD" as 16383"""
MOST_UNPACKED_BYTES = 1 << 30
MOST_CELLS = 50_000_000
"""in the rectangle that a sheet's filled cells span: all of it is laid out in memory"""
PROTECTED = "{} is protected by a password. Save it without one and open that."


def _check_area(height: int, width: int, name: str) -> None:
    if height * width > MOST_CELLS:
        raise DataError(
            f"{name}: the cells of a sheet span {height:,} rows and {width:,} columns; expected at most "
            f"{MOST_CELLS:,} cells. Clear what stands far from the table, or save the table as CSV."
        )


def check_extents(content: bytes, name: str) -> set[int]:
    """The columns of any sheet that hold formulas. Refuses what memory would not hold: the reader would end the whole
    process, and nothing could be caught."""
    if content.startswith(OLE2):
        if ENCRYPTED in content:
            raise DataError(PROTECTED.format(name))
        rehearse(content, name, len(content))
        return set()
    unpacked, formulas, has_binary = 0, set(), False
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            is_binary = member.filename.startswith("xl/worksheets/") and member.filename.endswith(".bin")
            has_binary = has_binary or is_binary
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
            formulas |= extent.formulas
    if has_binary:
        rehearse(content, name, unpacked)
    return formulas


class _Extent:
    """The rectangle round the filled cells of a sheet."""

    def __init__(self, name: str, part: str) -> None:
        self.name, self.part, self.row, self.column = name, part, -1, -1
        self.top, self.left, self.bottom, self.right = 1 << 40, 1 << 40, 0, 0
        self.formulas: set[int] = set()

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
        elif tag == "f":
            self.formulas.add(self.column)
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
