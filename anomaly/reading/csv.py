"""CSV and its kin: a table parsed as its first lines say it is laid out."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as arrow_csv

from anomaly.domain import Repair
from anomaly.exceptions import DataError
from anomaly.reading.cells import convert, keeps_zeros
from anomaly.reading.dialect import BLANKS, SAMPLE_CHARACTERS, Layout, find_layout, in_utf8
from anomaly.reading.numerals import MISSING, Custom, is_number, settle, signs_of
from anomaly.reading.table import Table, digest_of

MOST_COLUMNS = 2000
"""a file of more is refused before its cells are parsed: no one monitors that many channels by eye"""
BLANK = re.compile(rb"[ \r\n\t]*")


def read_csv(content: bytes, name: str) -> Table:
    """Parse the bytes of a CSV file. Raises DataError with the line at fault."""
    data = in_utf8(content, name)
    start, stop = _trim(data)
    if stop <= start:
        raise DataError(f"{name} is empty: expected a header line and at least two rows of numbers.")
    sample = data[start : min(stop, start + 4 * SAMPLE_CHARACTERS)].decode("utf-8", errors="ignore")
    try:
        layout = find_layout(sample)
    except csv.Error as error:
        raise DataError(f"{name} cannot be read as CSV ({error}): expected short cells between delimiters.") from None
    width = len(layout.rows[0]) if layout.names is None and layout.rows else len(layout.names or ())
    names = layout.names or [f"channel_{position}" for position in range(1, width + 1)]
    names = [column or f"column_{position}" for position, column in enumerate(names, 1)]
    _check_names(names, name)
    start += len(sample[: layout.start].encode())
    first_line = 1 + _count_line_ends(data[:start])
    # A view: a copy of a large file would cost as much again.
    body = memoryview(data)[start:stop]
    if layout.delimiter == BLANKS:
        body = memoryview(re.sub(rb"(?m)^ +| +$", b"", re.sub(b" {2,}", b" ", bytes(body))))
    quoted = data.find(b'"', start, stop) >= 0
    if quoted and data.count(b'"', start, stop) % 2:
        _refuse_open_quote(body, layout.delimiter, len(names), first_line, name)
    table = _parse(body, name, names, layout, first_line, quoted)
    if table.num_rows == 0:
        raise DataError(f"{name} has a header but no rows: expected at least two rows of numbers under it.")
    same = _count_line_ends(data) - first_line + 2 - _count_line_ends(data[stop:]) == table.num_rows
    lines = None if same else _find_lines(body, layout.delimiter, table, first_line)
    units = {names[position]: unit for position, unit in layout.units.items() if position < len(names)}
    result = Table(name, pd.DataFrame(), first_line, (), digest_of(content), lines, units)
    del data, body
    frame, repairs, marked = convert(table, result, layout.custom)
    return replace(result, frame=frame, repairs=(*_notes(layout), *repairs), units=marked | units)


def _notes(layout: Layout) -> Iterator[Repair]:
    if layout.passed_over:
        count, shown = len(layout.passed_over), layout.passed_over[0][:60]
        yield Repair(f"{count:,} line{'s' * (count > 1)} above the table passed over, such as {shown!r}", count)
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


def _check_names(names: list[str], name: str) -> None:
    if len(names) > MOST_COLUMNS:
        raise DataError(
            f"{name} has {len(names):,} columns; expected at most {MOST_COLUMNS:,}, one row per time step. "
            "If its rows are channels, transpose it; else keep the columns you want to monitor."
        )
    for column, count in Counter(names).items():
        if count > 1:
            places = [str(position) for position, other in enumerate(names, 1) if other == column]
            raise DataError(
                f"{name} has {count} columns called {column!r} (columns {', '.join(places)}): "
                "expected every column to have a name of its own. Rename all but one."
            )


def _parse(body: memoryview, name: str, names: list[str], layout: Layout, first_line: int, quoted: bool) -> pa.Table:
    """The cells, on all threads; on one where that fails, so that a bad row comes with its number."""
    ragged: list[arrow_csv.InvalidRow] = []

    def refuse(row: arrow_csv.InvalidRow) -> str:
        ragged.append(row)
        return "error"

    def parse(use_threads: bool) -> pa.Table:
        return arrow_csv.read_csv(
            pa.BufferReader(pa.py_buffer(body)),
            arrow_csv.ReadOptions(column_names=names, use_threads=use_threads, block_size=1 << 24),
            arrow_csv.ParseOptions(
                delimiter=layout.delimiter,
                invalid_row_handler=None if use_threads else refuse,
                newlines_in_values=quoted,
                # A blank line is a missing value where there is but one column.
                ignore_empty_lines=len(names) > 1,
            ),
            arrow_csv.ConvertOptions(
                null_values=list(MISSING),
                strings_can_be_null=True,
                decimal_point=layout.custom.decimal,
                # Text stays text: what a time stamp is, is for `columns` to say.
                column_types={
                    column: pa.string()
                    for position, column in enumerate(names)
                    if _is_text([row[position] for row in layout.rows if position < len(row)], column, layout.custom)
                },
            ),
        )

    try:
        return parse(use_threads=True)
    except pa.ArrowInvalid:
        pass
    try:
        return parse(use_threads=False)
    except pa.ArrowInvalid as error:
        if ragged:
            found = _find_ragged(body, layout.delimiter, len(names), first_line)
            line = found or first_line + (ragged[0].number or 1) - 1
            raise DataError(
                f"{name}, line {line:,}: expected {ragged[0].expected_columns} cells like the lines above, "
                f"found {ragged[0].actual_columns}. Mend or remove that line."
            ) from None
        if "Empty CSV" in str(error):
            return pa.table({column: pa.array([], pa.float64()) for column in names})
        raise DataError(f"{name} cannot be read as CSV: {str(error).splitlines()[0]}.") from None


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


def _find_lines(body: memoryview, delimiter: str, table: pa.Table, first_line: int) -> np.ndarray | None:
    try:
        lines = [line for line, _ in _rows(body, delimiter, table.num_columns, first_line)]
    except csv.Error:
        return None
    return np.array(lines) if len(lines) == table.num_rows else None


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


def _find_ragged(body: memoryview, delimiter: str, width: int, first_line: int) -> int | None:
    try:
        return next(
            (line for line, row in _rows(body, delimiter, width, first_line) if row and len(row) != width), None
        )
    except csv.Error:
        return None
