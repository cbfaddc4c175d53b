"""What one upload may become in memory: one budget of bytes, cells, members and layers for all its files and whatever
they hold. It is charged with what headers say, before anything is laid out."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

from anomaly.domain import DataError

MOST_BYTES, FEW_BYTES = 4 << 30, 256 << 20
"""unpacked, all layers added up: at most, and what the smallest upload may unpack to"""
MOST_CELLS, FEW_CELLS = 200_000_000, 20_000_000
"""rows times columns, likewise"""
GROWTH = 50
"""bytes, and cells, that each byte given may become beyond the least: real measurements are packed to a tenth"""
MOST_SHEET_CELLS, FEW_SHEET_CELLS = 50_000_000, 2_000_000
"""of workbooks, at most and at least, and one more for each byte given: each takes as long as ten of a typed file"""
CELLS_PER_ANNOTATION = 20
"""as many take the time and the memory of one annotation of a recording"""
MOST_MEMBERS, MOST_LAYERS = 2_000, 4
MOST_COLUMNS = 2_000
"""of any table: no one monitors that many channels by eye"""


Part = Literal["bytes", "cells", "sheet_cells", "members"]


@dataclass
class Budget:
    """What is left."""

    given: int
    """bytes of the upload"""
    bytes: int
    cells: int
    sheet_cells: int
    members: int
    layers: int

    @classmethod
    def of(cls, given: int) -> "Budget":
        return cls(
            given,
            min(MOST_BYTES, FEW_BYTES + GROWTH * given),
            min(MOST_CELLS, FEW_CELLS + GROWTH * given),
            min(MOST_SHEET_CELLS, FEW_SHEET_CELLS + given),
            MOST_MEMBERS,
            MOST_LAYERS,
        )


_budget: ContextVar[Budget | None] = ContextVar("budget", default=None)


def _current() -> Budget:
    """That of the upload; a reader that is called alone has one of its own."""
    return _budget.get() or Budget.of(0)


@contextmanager
def within_budget(given: int) -> Iterator[None]:
    """Read an upload of so many bytes; within another it is a part of that."""
    if _budget.get() is not None:
        yield
        return
    token = _budget.set(Budget.of(given))
    try:
        yield
    finally:
        _budget.reset(token)


def add_given(count: int) -> None:
    """That so many bytes more were given: of a file that lies beside the one that was named."""
    budget = _current()
    before, now = Budget.of(budget.given), Budget.of(budget.given + count)
    budget.given = now.given
    budget.bytes += now.bytes - before.bytes
    budget.cells += now.cells - before.cells
    budget.sheet_cells += now.sheet_cells - before.sheet_cells


def spend_bytes(count: int, name: str) -> None:
    """That so many bytes will be unpacked. Raises DataError where that is more than is left."""
    if short := _spend("bytes", count):
        most, where = short
        raise DataError(
            f"{name} unpacks to more than {_size(most)}, all that it holds added up: expected less in {where}. "
            "Keep the part you want, unpacked or saved as CSV."
        )


def spend_cells(rows: int, columns: int, name: str) -> None:
    """That a table of this size will be laid out. Raises DataError where that is more than is left."""
    check_columns(columns, name)
    if short := _spend("cells", rows * columns):
        most, where = short
        raise DataError(
            f"{name} would become {rows:,} rows of {columns:,} columns; expected at most {most:,} cells in {where}. "
            "Keep the rows and columns you want to monitor, or save them as CSV."
        )


def spend_sheet(rows: int, columns: int, name: str) -> None:
    """As `spend_cells`, of the rectangle that a sheet's filled cells span, all of which is laid out in memory."""
    if short := _spend("sheet_cells", rows * columns):
        most, where = short
        raise DataError(
            f"{name}: the cells of a sheet span {rows:,} rows and {columns:,} columns; expected at most {most:,} cells "
            f"in {where}. Clear what stands far from the table, or save the table as CSV."
        )


def check_sheets(cells: int, name: str) -> None:
    """That the sheets of a workbook, as they are laid out one after another, have so many cells: several may show one
    part of the file, which was spent once. Raises DataError where that is more than an upload may have."""
    most, where = _whole("sheet_cells")
    if cells > most:
        raise DataError(
            f"{name}: its sheets have {cells:,} cells or more; expected at most {most:,} in {where}. Keep the sheet "
            "you want, or save it as CSV."
        )


def spend_annotations(count: int, name: str) -> None:
    """As `spend_cells`, of what is noted in a recording."""
    if short := _spend("cells", count * CELLS_PER_ANNOTATION):
        most, where = short
        raise DataError(
            f"{name} holds up to {count:,} annotations; expected at most {most // CELLS_PER_ANNOTATION:,} in {where}, "
            "fewer beside long signals. Export it without them."
        )


def check_columns(columns: int, name: str) -> None:
    """Raises DataError where a table has more than anyone monitors."""
    if columns > MOST_COLUMNS:
        raise DataError(
            f"{name} has {columns:,} columns; expected at most {MOST_COLUMNS:,}, one row per time step. "
            "If its rows are channels, transpose it; else keep the columns you want to monitor."
        )


def spend_members(count: int, name: str, kind: str = "files") -> None:
    """That an archive holds so many files, or a workbook so many sheets."""
    if _spend("members", count):
        raise DataError(
            f"{name} holds {count:,} {kind}; expected at most {MOST_MEMBERS:,} in all. Keep those you want."
        )


@contextmanager
def one_layer_down(name: str) -> Iterator[None]:
    """Open an archive. Raises DataError where archives lie in archives deeper than anyone packs them."""
    budget = _current()
    if not budget.layers:
        raise DataError(
            f"{name} lies in archives within archives: expected at most {MOST_LAYERS} of them. Unpack the outer ones."
        )
    budget.layers -= 1
    try:
        yield
    finally:
        budget.layers += 1


@contextmanager
def in_one_sentence(name: str) -> Iterator[None]:
    """The last catch: what memory, depth or a library of foreign bytes breaks off with becomes a DataError."""
    import pyarrow as pa  # the first page, which asks for a reader, does not wait for it

    try:
        yield
    except MemoryError:
        raise DataError(
            f"There is not enough memory to open {name}: expected a smaller table. Keep the rows and columns you want, "
            "or give the process more memory."
        ) from None
    except RecursionError:
        raise DataError(f"{name} is nested too deeply: expected a table. Save its table alone, as CSV.") from None
    except pa.ArrowException as error:
        raise DataError(
            f"{name} cannot be read ({(str(error).splitlines() or ['damaged'])[0]}): expected "
            "a sound file. Copy or export it again."
        ) from None


def _spend(part: Part, count: int) -> tuple[int, str] | None:
    """Take so much of a part of the budget; where less is left, how much there was, and in what."""
    budget = _current()
    left = getattr(budget, part) - count
    setattr(budget, part, left)
    return _whole(part) if left < 0 else None


def _whole(part: Part) -> tuple[int, str]:
    """What an upload may have of a part, and whether any may or one of its size."""
    most = getattr(Budget.of(_current().given), part)
    return most, "a file of its size" if most < getattr(Budget.of(1 << 62), part) else "all"


def _size(count: int) -> str:
    return f"{count / (1 << 30):.3g} GB" if count >= 1 << 30 else f"{count >> 20:,} MB"
