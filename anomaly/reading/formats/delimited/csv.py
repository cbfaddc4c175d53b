"""CSV and its kin: a table parsed as its first lines say it is laid out."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from anomaly.domain import DataError, Repair
from anomaly.reading.formats.budget import check_columns, spend_cells
from anomaly.reading.formats.delimited.cells import convert, keeps_zeros
from anomaly.reading.formats.delimited.dialect import (
    BLANKS,
    SAMPLE_CHARACTERS,
    SAMPLE_LINES,
    Layout,
    find_layout,
    in_utf8,
)
from anomaly.reading.formats.delimited.numerals import MISSING, Custom, is_number, settle, signs_of
from anomaly.reading.formats.delimited.remarks import REMARK, fill_up, has_remarks
from anomaly.reading.formats.table import Table, digest_of, name_apart

FEW_RAGGED, SHARE_RAGGED = 3, 0.01
"""rows of another number of cells that are skipped, amid good ones; of more, the layout itself is in doubt"""
MOST_FOOTERS = 10
SHOWN = 5
BLANK = re.compile(rb"[ \r\n\t]*")


def read_csv(content: bytes, name: str) -> Table:
    """Parse the bytes of a CSV file. Raises DataError with the line at fault."""
    data = in_utf8(content, name)
    start, stop = _trim(data)
    if stop <= start:
        raise DataError(f"{name} is empty: expected a header line and at least two rows of numbers. Export it again.")
    sample = data[start : min(stop, start + 4 * SAMPLE_CHARACTERS)].decode("utf-8", errors="ignore")
    try:
        layout = find_layout(sample)
    except csv.Error as error:
        raise DataError(
            f"{name} cannot be read as CSV ({error}): expected short cells between delimiters. "
            "Save it again as CSV, with commas."
        ) from None
    width = len(layout.rows[0]) if layout.names is None and layout.rows else len(layout.names or ())
    names = layout.names or [f"channel_{position}" for position in range(1, width + 1)]
    names = [column or f"column_{position}" for position, column in enumerate(names, 1)]
    check_columns(len(names), name)
    names, renamed = name_apart(names, name)
    start += len(sample[: layout.start].encode())
    first_line = 1 + _count_line_ends(data[:start])
    line_ends = _count_line_ends(data)
    spend_cells(line_ends - first_line + 2, len(names), name)
    # A view: a copy of a large file would cost as much again.
    body = memoryview(data)[start:stop]
    if layout.delimiter == BLANKS:
        body = memoryview(re.sub(rb"(?m)^ +| +$", b"", re.sub(b" {2,}", b" ", bytes(body))))
    quoted = data.find(b'"', start, stop) >= 0
    if quoted and data.count(b'"', start, stop) % 2:
        _refuse_open_quote(body, layout.delimiter, len(names), first_line, name)
    table, ragged = _parse(body, name, _part_stamp(names, layout.stamp), layout, quoted)
    if ragged and has_remarks(ragged, layout.beside, layout.delimiter):
        names = names if ragged[0].actual_columns < len(names) else name_apart([*names, REMARK], name)[0]
        body = memoryview(fill_up(bytes(body), layout.delimiter, len(names)))
        table, ragged = _parse(body, name, _part_stamp(names, layout.stamp), layout, True)
    same = line_ends - first_line + 2 - _count_line_ends(data[stop:]) == table.num_rows
    lines, odd_lines = (None, ()) if same else _find_lines(body, layout.delimiter, table, first_line)
    if ragged and _are_many(len(ragged), table.num_rows):
        line = odd_lines[0] if odd_lines else first_line + (ragged[0].number or 1) - 1
        _refuse_ragged(ragged, line, layout.delimiter, name)
    if table.num_rows == 0:
        raise DataError(
            f"{name} has a header but no rows: expected at least two rows of numbers under it. Export it "
            "again, with its rows."
        )
    units = {names[position]: unit for position, unit in layout.units.items() if position < len(names)}
    result = Table(name, pd.DataFrame(), first_line, (), digest_of(content), lines, units)
    del data, body
    table, footers = _cut_footers(table if layout.stamp is None else _join_stamp(table, layout.stamp), result)
    frame, repairs, marked = convert(table, result, layout.custom)
    notes = (*_notes(layout), *renamed, *_tell_ragged(ragged, odd_lines, name), *footers)
    numeric = [str(column) for column in frame if frame[column].dtype.kind in "if"]
    if layout.told is not None and layout.told.unit and len(numeric) == 1:
        units = {numeric[0]: layout.told.unit} | units
    return replace(result, frame=frame, repairs=(*notes, *repairs), units=marked | units, told=layout.told)


def _notes(layout: Layout) -> Iterator[Repair]:
    if layout.passed_over:
        lines, shown = len(layout.passed_over), layout.passed_over[0][:60]
        yield Repair(f"{lines:,} line{'s' * (lines > 1)} above the table passed over, such as {shown!r}", lines)
    if layout.has_unit_row:
        yield Repair("The line under the header holds units: not read as values", 1)
    if layout.custom.decimal == ",":
        yield Repair("A comma is the decimal sign in this file")


def _trim(data: bytes) -> tuple[int, int]:
    """Where the first line that is not blank starts, and where the last one stops; both 0 where all is blank."""
    first = BLANK.match(data)
    start = first.end() if first else 0
    stop = len(data)
    if start == stop:
        return 0, 0
    while stop > start and data[stop - 1] in b" \t\r\n":
        stop -= 1
    # A delimiter may be a tab: only the line ends and blanks behind the last cell go.
    while stop < len(data) and data[stop] == 9:
        stop += 1
    return max(data.rfind(b"\n", 0, start), data.rfind(b"\r", 0, start)) + 1, stop


def _count_line_ends(data: bytes) -> int:
    return data.count(b"\n") or data.count(b"\r")


def _parse(
    body: memoryview, name: str, names: list[str], layout: Layout, quoted: bool
) -> tuple[pa.Table, list[arrow_csv.InvalidRow]]:
    """The cells, on all threads; on one where that fails, to learn of the rows of another number of cells."""
    ragged: list[arrow_csv.InvalidRow] = []

    def skip(row: arrow_csv.InvalidRow) -> str:
        ragged.append(row)
        return "skip"

    def parse(use_threads: bool) -> pa.Table:
        return arrow_csv.read_csv(
            pa.BufferReader(pa.py_buffer(body)),
            arrow_csv.ReadOptions(column_names=names, use_threads=use_threads, block_size=1 << 24),
            arrow_csv.ParseOptions(
                delimiter=layout.delimiter,
                invalid_row_handler=None if use_threads else skip,
                newlines_in_values=quoted,
                # A blank line is a missing value where there is but one column.
                ignore_empty_lines=len(names) > 1,
            ),
            arrow_csv.ConvertOptions(
                null_values=list(MISSING),
                strings_can_be_null=True,
                decimal_point=layout.custom.decimal,
                # Text stays text: `reading/times` tells what is a time stamp.
                column_types={
                    column: pa.string()
                    for position, column in enumerate(names)
                    if _is_text([row[position] for row in layout.rows if position < len(row)], column, layout.custom)
                },
            ),
        )

    try:
        return parse(use_threads=True), ragged
    except pa.ArrowInvalid:
        pass
    try:
        return parse(use_threads=False), ragged
    except pa.ArrowInvalid as error:
        if ragged or "Empty CSV" in str(error):
            return pa.table({column: pa.array([], pa.float64()) for column in names}), ragged
        raise DataError(
            f"{name} cannot be read as CSV: {str(error).splitlines()[0]}. Save it again as CSV, with commas."
        ) from None


def _are_many(ragged: int, good: int) -> bool:
    return ragged > max(FEW_RAGGED, SHARE_RAGGED * good) or 2 * ragged >= good


def _refuse_ragged(ragged: list[arrow_csv.InvalidRow], line: int, delimiter: str, name: str) -> NoReturn:
    found = f"{name}, line {line:,}: expected {ragged[0].expected_columns} cells like the lines above, "
    found += f"found {ragged[0].actual_columns}."
    if len(ragged) == 1:
        raise DataError(f"{found} Mend or remove that line.")
    parted = "blanks" if delimiter == BLANKS else repr(delimiter)
    raise DataError(
        f"{found} So do {len(ragged):,} lines in all, parted by {parted}: save the file with the names of its columns "
        "in the first line and as many cells in every line below."
    )


def _tell_ragged(ragged: list[arrow_csv.InvalidRow], lines: Sequence[int], name: str) -> Iterator[Repair]:
    if ragged:
        rows, one = len(ragged), ragged[0]
        yield Repair(
            f"{name}: {rows:,} row{'s' * (rows > 1)} of another number of cells than {one.expected_columns}, such as "
            f"{one.text.strip()[:60]!r}: skipped",
            rows,
            tuple(lines[:SHOWN]),
        )


def _cut_footers(table: pa.Table, source: Table) -> tuple[pa.Table, list[Repair]]:
    """Without the last rows that begin with a word, such as "Total", where all others begin with a figure."""
    first = table.column(0)
    if not pa.types.is_string(first.type):
        return table, []
    end = len(first)
    while end > 2 and end > len(first) - MOST_FOOTERS and _is_word(first[end - 1].as_py()):
        end -= 1
    if end == len(first) or any(map(_is_word, first.slice(0, min(end, SAMPLE_LINES)).to_pylist())):
        return table, []
    rows = len(first) - end
    text = f"{source.name}: {rows:,} row{'s' * (rows > 1)} below the table, not beginning with a figure but with "
    shown = tuple(source.line(row) for row in range(end, len(first)))[:SHOWN]
    return table.slice(0, end), [Repair(f"{text}{first[end].as_py()!r}: skipped", rows, shown)]


def _is_word(cell: str | None) -> bool:
    """Whether a cell is neither missing nor begins like a number or a time."""
    return cell is not None and not cell.strip()[:1].isdigit() and not is_number(cell)


def _part_stamp(names: list[str], stamp: int | None) -> list[str]:
    """With a name for the time of day, which shares that of its day."""
    if stamp is None:
        return names
    clock = next(f"clock {number}" for number in count() if f"clock {number}" not in names)
    return [*names[: stamp + 1], clock, *names[stamp + 1 :]]


def _join_stamp(table: pa.Table, stamp: int) -> pa.Table:
    day, clock = table.column(stamp), table.column(stamp + 1)
    joined = pc.binary_join_element_wise(day, clock, " ")
    return table.set_column(stamp, table.column_names[stamp], joined).remove_column(stamp + 1)


def _is_text(cells: list[str], column: str, custom: Custom) -> bool:
    """Whether a column is not to be parsed as numbers: it holds others, or its own decimal sign, or a doubtful one."""
    if keeps_zeros(cells, column) or not all(map(is_number, cells)):
        return True
    return settle(signs_of(cells), custom) != (custom.decimal, False)


def _rows(body: memoryview, delimiter: str, width: int, first_line: int) -> Iterator[tuple[int, list[str]]]:
    """Each row and the line of the file it starts on: slow, so only where blank lines or line ends in cells ask it."""
    reader = csv.reader(io.StringIO(bytes(body).decode("utf-8", errors="replace"), newline=""), delimiter=delimiter)
    line = first_line
    for row in reader:
        if row or width == 1:
            yield line, row
        line = first_line + reader.line_num


def _find_lines(
    body: memoryview, delimiter: str, table: pa.Table, first_line: int
) -> tuple[np.ndarray | None, list[int]]:
    """The lines of the table's rows, None where they cannot be told, and those of rows of another number of cells."""
    width = table.num_columns
    try:
        rows = [(line, len(row)) for line, row in _rows(body, delimiter, width, first_line)]
    except csv.Error:
        return None, []
    good = [line for line, cells in rows if cells == width or width == cells + 1 == 1]
    odd = [line for line, cells in rows if cells and cells != width]
    return np.array(good) if len(good) == table.num_rows else None, odd


def _refuse_open_quote(body: memoryview, delimiter: str, width: int, first_line: int, name: str) -> None:
    """A quotation mark that is never closed takes what follows into its cell: the first row of several lines."""
    line = first_line
    try:
        for start, row in _rows(body, delimiter, width, first_line):
            line = start
            if any("\n" in cell for cell in row):
                break
        else:
            return
    except csv.Error:
        line += 1
    raise DataError(
        f'{name}, line {line:,}: expected the quotation mark (") that is opened there to be closed, found the line '
        "to go on. Close or remove it."
    )
