"""How far sheets written in XML reach, and how much text their cells come to: told as the parts are unpacked."""

import xml.parsers.expat as expat
import zipfile
from collections.abc import Iterable, Sequence
from functools import cache, reduce

from anomaly.reading.formats.budget import spend_bytes
from anomaly.reading.formats.spreadsheets.rectangle import Extent

_column = cache(lambda letters: reduce(lambda number, letter: 26 * number + ord(letter.upper()) - 64, letters, 0) - 1)
""" "A" as 0, "XFD" as 16383"""
FORMULA = "table:formula"
"""is laid out by the reader even where it has no value"""
EXCEL_ROOT, STRINGS_ROOT, OPEN_DOCUMENT_ROOT = "worksheet", "sst", "document-content"


class XmlExtent(Extent):
    """Of an .xlsx sheet, or of the sheets of an .ods one by one; and the lengths of shared strings. Whatever else a
    part may be is left alone."""

    def __init__(self, name: str, member: zipfile.ZipInfo) -> None:
        self.strings: list[int] = []
        """characters of each shared string"""
        self.references = 0
        """cells that hold one"""
        self.cell, self.rows, self.columns, self.characters, self.is_xml = -1, 1, 1, 0, True
        super().__init__(name, member)
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._begin

    def feed(self, part: bytes) -> None:
        try:
            if self.is_xml:
                self.parser.Parse(part)
        except expat.ExpatError:
            self.is_xml = False  # but a picture, say
            if self.member.filename.endswith(".xml"):
                raise

    def end_sheet(self) -> None:
        self._end_cell()
        super().end_sheet()

    def _begin(self, root: str, _: dict[str, str]) -> None:
        handlers = {
            EXCEL_ROOT: self._begin_excel,
            STRINGS_ROOT: self._begin_string,
            OPEN_DOCUMENT_ROOT: self._begin_open_document,
        }
        self.parser.StartElementHandler = handlers.get(root.rpartition(":")[2])
        if root.rpartition(":")[2] == STRINGS_ROOT:
            self.parser.CharacterDataHandler = self._add_to_string

    def _begin_excel(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if tag == "c":
            place = attributes.get("r", "")
            letters = place.rstrip("0123456789")
            self.cell = int(place[len(letters) :]) - 1 if place else self.row
            self.column = _column(letters) if place else self.column + 1
            self.references += attributes.get("t") == "s"
        elif tag in ("v", "is"):  # a cell without either has but a format
            self.add(self.cell, self.column)
        elif tag == "f":
            self.formulas.add(self.column)
        elif tag == "row":
            self.row, self.column = int(attributes.get("r", self.row + 2)) - 1, -1

    def _begin_string(self, tag: str, _: dict[str, str]) -> None:
        if tag.rpartition(":")[2] == "si":
            self.strings.append(0)

    def _add_to_string(self, text: str) -> None:
        if self.strings:
            self.strings[-1] += len(text)

    def _begin_open_document(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if tag in ("table-cell", "covered-table-cell"):
            self._end_cell()
            self.column += self.columns
            self.columns = int(attributes.get("table:number-columns-repeated", 1))
            # The text of a cell that stands once is no longer than the part.
            self.parser.CharacterDataHandler = self._add_characters if self.rows * self.columns > 1 else None
        elif tag == "table-row":
            self._end_cell()
            self.row, self.column, self.columns = self.row + self.rows, -1, 1
            self.rows = int(attributes.get("table:number-rows-repeated", 1))
        elif tag == "table":
            self.end_sheet()
            self._begin_sheet()
            self.rows = self.columns = 1
        elif tag == "s":
            self.characters += int(attributes.get("text:c", 1))  # so many blanks
        if tag == "p" or any(key.startswith("office:") or key == FORMULA for key in attributes):
            # The reader fills a row up from the left.
            self.add(self.row, 0, self.rows, self.column + self.columns)

    def _add_characters(self, text: str) -> None:
        self.characters += len(text)

    def _end_cell(self) -> None:
        if self.characters:
            spend_bytes(self.characters * self.rows * self.columns, self.name)
            self.characters = 0


def count_text(parts: Iterable[bytes], lengths: Sequence[int]) -> int:
    """Characters of all shared strings in the cells of an .xlsx sheet, each as often as it stands there."""
    parser, total, figure, is_shared = expat.ParserCreate(), 0, "", False

    def begin(tag: str, attributes: dict[str, str]) -> None:
        nonlocal figure, is_shared
        figure = ""
        if tag.rpartition(":")[2] == "c":
            is_shared = attributes.get("t") == "s"

    def add(text: str) -> None:
        nonlocal figure
        figure += text

    def end(tag: str) -> None:
        nonlocal total
        place = figure.strip()
        if is_shared and tag.rpartition(":")[2] == "v" and place.isdecimal() and len(place) < 10:
            total += lengths[int(place)] if int(place) < len(lengths) else 0

    parser.StartElementHandler, parser.CharacterDataHandler, parser.EndElementHandler = begin, add, end
    for part in parts:
        parser.Parse(part)
    return total
