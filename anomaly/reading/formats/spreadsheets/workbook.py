"""Excel and OpenDocument workbooks: each sheet becomes the CSV it would be saved as, and is read as such."""

import csv
import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from anomaly.domain import DataError, Repair
from anomaly.reading.formats.budget import check_sheets, spend_members
from anomaly.reading.formats.delimited.cells import tell_doubts
from anomaly.reading.formats.delimited.csv import read_csv
from anomaly.reading.formats.delimited.dialect import DOTTED_DAY
from anomaly.reading.formats.delimited.numerals import (
    Custom,
    Signs,
    is_number,
    plain_number,
    settle,
    strip_marks,
    tell_doubt,
)
from anomaly.reading.formats.spreadsheets.extents import OLE2, PROTECTED, check_extents
from anomaly.reading.formats.table import SHOWN, Table, digest_of

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

SPREADSHEET_ENDINGS = ("xlsx", "xlsm", "xlsb", "xls", "ods")
ZIP = b"PK\x03\x04"
OPEN_DOCUMENT = b"application/vnd.oasis.opendocument.spreadsheet"
NO_RESULTS = (
    "its formulas hold no stored results, as where a program wrote it that calculates none; expected values. "
    "Open it in a spreadsheet, save it there, and read it again"
)
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
    cells = 0
    with _in_one_sentence(name):
        formulas = check_extents(content, name)
        for sheet in _sheets(content, name):
            looked_at.append(repr(sheet.name))
            cells += sheet.height * sheet.width
            check_sheets(cells, name)
            try:
                tables += [replace(table, digest=digest_of(content)) for table in _read_sheet(sheet, name, formulas)]
            except DataError as error:
                reasons.append(error)
    if not tables and formulas:
        raise DataError(f"{name}: {NO_RESULTS}.")
    if not tables:
        raise next(iter(reasons), None) or DataError(
            f"{name}: no sheet holds a table (looked at {', '.join(looked_at) or 'none: all hidden'}); expected one "
            "with a header and at least two rows of numbers under it. Put the table on a sheet of its own."
        )
    return tables


@contextmanager
def _in_one_sentence(name: str) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        # The reader is written in Rust, whose panics pass by `Exception` and have no name to import.
        kind = type(error).__name__
        if isinstance(error, DataError | MemoryError) or not (isinstance(error, Exception) or kind == "PanicException"):
            raise
        if kind == "PasswordError" or (kind == "RuntimeError" and "encrypted" in str(error)):
            raise DataError(PROTECTED.format(name)) from None
        reason = "its reader broke off" if kind == "PanicException" else (str(error).splitlines() or [kind])[0]
        raise DataError(
            f"{name} is no sound workbook ({reason}): expected one that a spreadsheet opens. Open "
            "it there and save it as .xlsx."
        ) from None


def _sheets(content: bytes, name: str) -> Iterator["CalamineSheet"]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    spend_members(len(workbook.sheets_metadata), name, "sheets")
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


def _read_sheet(sheet: "CalamineSheet", name: str, formulas: Set[int]) -> list[Table]:
    """One table, or none where the sheet holds none. Raises DataError where it holds one that cannot be read."""
    found = _Columns()
    text = _to_csv(sheet, found, None)
    if not text.strip("\n"):
        return []
    if len(found.kept) < sheet.width or found.decimals or found.days - found.clocks:
        text = _to_csv(sheet, _Columns(), found)
    table = read_csv(text.encode(errors="replace"), f"{name}, sheet {sheet.name!r}")
    has_number = table.frame.select_dtypes("number").notna().any(axis=1)
    names = dict(enumerate(map(str, table.frame.columns), found.kept.start))
    left = sheet.start[1] if sheet.start else 0
    empty = [name for column, name in names.items() if column + left in formulas and table.frame[name].isna().all()]
    known = [name for name in table.frame.select_dtypes("number") if table.frame[name].notna().any()]
    if has_number.sum() < 2 or (empty and known == list(table.frame.columns[:1])):
        return []
    doubts = {
        names[column]: tell_doubt(next(iter(found.typed[column].either.values())), decimal)
        for column, (decimal, is_doubtful) in found.decimals.items()
        if is_doubtful and column in names
    }
    notes = [*tell_doubts(doubts, table.name)]
    if empty:
        shown = ", ".join(map(repr, empty[:SHOWN])) + ", …" * (len(empty) > SHOWN)
        notes.append(Repair(f"{table.name}: read as empty: {shown}: {NO_RESULTS}", len(empty)))
    return [replace(table, name=name, sheet=sheet.name, repairs=(*table.repairs, *notes))]


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
