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
from anomaly.reading.dialect import BLANKS, GROUPED, MISSING, Layout, decode, find_layout, is_number
from anomaly.reading.table import Table, digest_of

MOSTLY_NUMBERS = 0.9
MOST_COLUMNS = 2000
"""a file of more is refused before its cells are parsed: no one monitors that many channels by eye"""
SHOWN = 5


def read_csv(content: bytes, name: str) -> Table:
    """Parse the bytes of a CSV file. Raises DataError with the line at fault."""
    text = decode(content, name)
    if not text.strip():
        raise DataError(f"{name} is empty: expected a header line and at least two rows of numbers.")
    start, stop = _trim(text)
    try:
        layout = find_layout(text, start, stop)
    except csv.Error as error:
        raise DataError(f"{name} cannot be read as CSV ({error}): expected short cells between delimiters.") from None
    width = len(layout.rows[0]) if layout.names is None and layout.rows else len(layout.names or ())
    names = layout.names or [f"channel_{position}" for position in range(1, width + 1)]
    names = [column or f"column_{position}" for position, column in enumerate(names, 1)]
    _check_names(names, name)
    body = text[layout.start : stop]
    first_line = 1 + _count_line_ends(text[: layout.start])
    if layout.delimiter == BLANKS:
        body = re.sub(r"(?m)^ +| +$", "", re.sub(" {2,}", " ", body))
    table = _parse(body, name, names, layout, first_line)
    if table.num_rows == 0:
        raise DataError(f"{name} has a header but no rows: expected at least two rows of numbers under it.")
    same = _count_line_ends(body) + 1 == table.num_rows
    lines = None if same else _find_lines(body, layout.delimiter, table, first_line)
    units = {names[position]: unit for position, unit in layout.units.items() if position < len(names)}
    result = Table(name, pd.DataFrame(), first_line, (), digest_of(content), lines, units)
    frame, repairs = _convert(table, result, layout.decimal)
    return replace(result, frame=frame, repairs=(*_notes(layout), *repairs))


def _notes(layout: Layout) -> Iterator[Repair]:
    if layout.passed_over:
        count, shown = len(layout.passed_over), layout.passed_over[0][:60]
        yield Repair(f"{count:,} line{'s' * (count > 1)} above the table passed over, such as {shown!r}", count)
    if layout.has_unit_row:
        yield Repair("The line under the header holds units: not read as values", 1)
    if layout.decimal == ",":
        yield Repair("A comma is the decimal sign in this file")


def _trim(text: str) -> tuple[int, int]:
    """Where the first line that is not blank starts, and where the last one stops."""
    start = len(text) - len(text.lstrip(" \r\n"))
    return max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1, len(text.rstrip(" \r\n"))


def _count_line_ends(text: str) -> int:
    return text.count("\n") or text.count("\r")


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


def _parse(text: str, name: str, names: list[str], layout: Layout, first_line: int) -> pa.Table:
    ragged: list[arrow_csv.InvalidRow] = []

    def refuse(row: arrow_csv.InvalidRow) -> str:
        ragged.append(row)
        return "error"

    try:
        return arrow_csv.read_csv(
            pa.BufferReader(text.encode()),
            # On one thread, so that a bad row comes with its number.
            arrow_csv.ReadOptions(column_names=names, use_threads=False, block_size=1 << 24),
            arrow_csv.ParseOptions(
                delimiter=layout.delimiter,
                invalid_row_handler=refuse,
                newlines_in_values='"' in text,
                # A blank line is a missing value where there is but one column.
                ignore_empty_lines=len(names) > 1,
            ),
            arrow_csv.ConvertOptions(
                null_values=list(MISSING),
                strings_can_be_null=True,
                decimal_point=layout.decimal,
                # Text stays text: what a time stamp is, is for `columns` to say.
                column_types={
                    column: pa.string()
                    for position, column in enumerate(names)
                    if not all(is_number(row[position]) for row in layout.rows if position < len(row))
                },
            ),
        )
    except pa.ArrowInvalid as error:
        if ragged:
            line = (
                _find_ragged(text, layout.delimiter, len(names), first_line) or first_line + (ragged[0].number or 1) - 1
            )
            raise DataError(
                f"{name}, line {line:,}: expected {ragged[0].expected_columns} cells like the lines above, "
                f"found {ragged[0].actual_columns}. Mend or remove that line."
            ) from None
        if "Empty CSV" in str(error):
            return pa.table({column: pa.array([], pa.float64()) for column in names})
        raise DataError(f"{name} cannot be read as CSV: {str(error).splitlines()[0]}.") from None


def _rows(text: str, delimiter: str, width: int, first_line: int) -> Iterator[tuple[int, list[str]]]:
    """Each row and the line of the file it starts on: slow, so only where blank lines or line ends in cells ask it."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = first_line
    for row in reader:
        if row or width == 1:
            yield line, row
        line = first_line + reader.line_num


def _find_lines(text: str, delimiter: str, table: pa.Table, first_line: int) -> np.ndarray | None:
    try:
        lines = [line for line, _ in _rows(text, delimiter, table.num_columns, first_line)]
    except csv.Error:
        return None
    return np.array(lines) if len(lines) == table.num_rows else None


def _find_ragged(text: str, delimiter: str, width: int, first_line: int) -> int | None:
    try:
        return next(
            (line for line, row in _rows(text, delimiter, width, first_line) if row and len(row) != width), None
        )
    except csv.Error:
        return None


def _convert(table: pa.Table, source: Table, decimal: str) -> tuple[pd.DataFrame, list[Repair]]:
    columns: dict[str, pd.Series] = {}
    repairs: list[Repair] = []
    for column in table.column_names:
        cells = table[column]
        if pa.types.is_null(cells.type):
            columns[column] = pd.Series(np.full(len(cells), np.nan))
        elif pa.types.is_integer(cells.type) or pa.types.is_floating(cells.type) or pa.types.is_boolean(cells.type):
            columns[column] = _numbers(cells)
        else:
            columns[column], repair = _mostly_numbers(cells.cast(pa.string()), column, source, decimal)
            repairs += [repair] if repair else []
    return pd.DataFrame(columns), repairs


def _numbers(cells: pa.ChunkedArray) -> pd.Series:
    if pa.types.is_boolean(cells.type):
        cells = cells.cast(pa.int8())
    if cells.null_count == 0 and pa.types.is_integer(cells.type):
        return pd.Series(cells.to_numpy().astype(np.int64))
    # Unsafe only past 2 ** 53, where a double holds the nearest.
    return pd.Series(cells.cast(pa.float64(), safe=False).to_numpy())


def _mostly_numbers(
    cells: pa.ChunkedArray, column: str, source: Table, decimal: str
) -> tuple[pd.Series, Repair | None]:
    """Text, unless nearly all of its cells are numbers: then the others count as missing, and are reported."""
    text = cells.to_pandas().astype("str").str.strip()
    # Blanks round a missing marker hid it from the parser.
    text = text.mask(text.isin(MISSING))
    present = text.notna()
    numbers = pd.to_numeric(_plain_numbers(text, decimal), errors="coerce").astype(float)
    if numbers.notna().sum() < MOSTLY_NUMBERS * present.sum():
        return text, None
    odd = np.flatnonzero(present & numbers.isna())
    if not len(odd):
        return numbers, None
    return numbers, Repair(
        f"{len(odd):,} cell{'s' * (len(odd) > 1)} of {column!r} not a number, such as {text.iloc[odd[0]]!r}: "
        "taken as missing",
        len(odd),
        tuple(source.line(row) for row in odd[:SHOWN]),
    )


def _plain_numbers(text: pd.Series, decimal: str) -> pd.Series:
    """Numbers with thousands separators or a decimal comma, as Python writes them."""
    grouped = text.str.fullmatch(GROUPED[decimal].pattern).fillna(False).astype(bool)
    if grouped.any():
        parts = "[. '\u00a0\u202f]" if decimal == "," else "[, '\u00a0\u202f]"
        text = text.where(~grouped, text.str.replace(parts, "", regex=True))
    return text.str.replace(",", ".") if decimal == "," else text
