"""CSV and its kin: delimiter, header and encoding are found by looking."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as arrow_csv

from anomaly.domain import Repair
from anomaly.exceptions import DataError
from anomaly.reading.table import Table, digest_of

DELIMITERS = ",;\t|"
MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL", "None", "none", "-", "?", "#N/A", "#NA", "<NA>")
MOSTLY_NUMBERS = 0.9
MOST_COLUMNS = 2000
"""a file of more is refused before its cells are parsed: no one monitors that many channels by eye"""
SHOWN = 5
SAMPLE_CHARACTERS, SAMPLE_LINES = 1_000_000, 200
DATE = re.compile(r"\s*\d{4}-\d\d(-\d\d)?([T ]|$)")


def read_csv(content: bytes, name: str) -> Table:
    """Parse the bytes of a CSV file. Raises DataError with the line at fault."""
    text = _decode(content, name)
    if not text.strip():
        raise DataError(f"{name} is empty: expected a header line and at least two rows of numbers.")
    start, stop = _trim(text)
    sample = text[start : min(stop, start + SAMPLE_CHARACTERS)]
    delimiter = _find_delimiter(sample)
    try:
        rows, length = _read_sample(sample, delimiter)
    except csv.Error as error:
        raise DataError(f"{name} cannot be read as CSV ({error}): expected short cells between delimiters.") from None
    has_header = _has_header(rows)
    names = [cell.strip() for cell in rows[0]] if has_header else [f"channel_{n + 1}" for n in range(len(rows[0]))]
    names = [column or f"column_{position}" for position, column in enumerate(names, 1)]
    _check_names(names, name)
    start += length if has_header else 0
    body = text[start:stop]
    first_line = 1 + _count_line_ends(text[:start])
    table = _parse(body, name, names, rows[has_header:], delimiter, first_line)
    if table.num_rows == 0:
        raise DataError(f"{name} has a header but no rows: expected at least two rows of numbers under it.")
    lines = None if _count_line_ends(body) + 1 == table.num_rows else _find_lines(body, delimiter, table, first_line)
    result = Table(name, pd.DataFrame(), first_line, (), digest_of(content), lines)
    frame, repairs = _convert(table, result)
    return replace(result, frame=frame, repairs=tuple(repairs))


def _decode(content: bytes, name: str) -> str:
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    sample = content[:100_000]
    control = sum(sample.count(byte) for byte in range(32) if byte not in (9, 10, 12, 13))
    if b"\0" in sample or control > len(sample) / 100:
        raise DataError(
            f"{name} does not hold text (byte {_first_odd_byte(sample):,} is a control code): expected a CSV file. "
            "Open it with the program it came from and export it as CSV."
        )
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _first_odd_byte(sample: bytes) -> int:
    return next(n for n, byte in enumerate(sample, 1) if byte < 32 and byte not in (9, 10, 12, 13))


def _trim(text: str) -> tuple[int, int]:
    """Where the first line that is not blank starts, and where the last one stops."""
    start = len(text) - len(text.lstrip(" \r\n"))
    return max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1, len(text.rstrip(" \r\n"))


def _count_line_ends(text: str) -> int:
    return text.count("\n") or text.count("\r")


def _find_delimiter(sample: str) -> str:
    """The delimiter that splits most lines into the same number of fields, the more fields the better."""

    def merit(delimiter: str) -> tuple[float, int]:
        try:
            rows, _ = _read_sample(sample, delimiter)
        except csv.Error:
            return 0.0, 0
        width, count = Counter(map(len, rows)).most_common(1)[0]
        return (count / len(rows) if width > 1 else 0.0, width)

    return max(DELIMITERS, key=merit)


def _read_sample(sample: str, delimiter: str) -> tuple[list[list[str]], int]:
    """The first rows, and how many characters the very first takes: its cells may hold line ends, too."""
    stream = io.StringIO(sample, newline="")
    reader = csv.reader(stream, delimiter=delimiter)
    first = next(reader)
    length = stream.tell()
    others = [row for row in islice(reader, SAMPLE_LINES) if row]
    # The sample may end within a row.
    return [first, *(others[:-1] if len(sample) == SAMPLE_CHARACTERS else others)], length


def _has_header(rows: list[list[str]]) -> bool:
    """Whether the first row names the columns: it has words, and the rows below have figures in their place."""
    first = [cell.strip() for cell in rows[0]]
    words = [position for position, cell in enumerate(first) if not _is_figure(cell)]
    if not words:
        # pandas calls the columns of a bare array 0, 1, 2, ... and leaves the cell above the index empty.
        return len(first) > 1 and first == ["", *map(str, range(len(first) - 1))]
    below = [row[position] for row in rows[1:] for position in words if position < len(row)]
    return len(words) == sum(cell not in MISSING for cell in first) or any(
        _is_figure(cell) and cell.strip() not in MISSING for cell in below
    )


def _is_figure(cell: str) -> bool:
    return _is_number(cell) or DATE.match(cell) is not None


def _is_number(cell: str) -> bool:
    if cell.strip() in MISSING:
        return True
    try:
        float(cell)
    except ValueError:
        return False
    return True


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


def _parse(
    text: str, name: str, names: list[str], sample: list[list[str]], delimiter: str, first_line: int
) -> pa.Table:
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
                delimiter=delimiter,
                invalid_row_handler=refuse,
                newlines_in_values='"' in text,
                # A blank line is a missing value where there is but one column.
                ignore_empty_lines=len(names) > 1,
            ),
            arrow_csv.ConvertOptions(
                null_values=list(MISSING),
                strings_can_be_null=True,
                # Text stays text: what a time stamp is, is for `columns` to say.
                column_types={
                    column: pa.string()
                    for position, column in enumerate(names)
                    if not all(_is_number(row[position]) for row in sample if position < len(row))
                },
            ),
        )
    except pa.ArrowInvalid as error:
        if ragged:
            line = _find_ragged(text, delimiter, len(names), first_line) or first_line + (ragged[0].number or 1) - 1
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


def _convert(table: pa.Table, source: Table) -> tuple[pd.DataFrame, list[Repair]]:
    columns: dict[str, pd.Series] = {}
    repairs: list[Repair] = []
    for column in table.column_names:
        cells = table[column]
        if pa.types.is_null(cells.type):
            columns[column] = pd.Series(np.full(len(cells), np.nan))
        elif pa.types.is_integer(cells.type) or pa.types.is_floating(cells.type) or pa.types.is_boolean(cells.type):
            columns[column] = _numbers(cells)
        else:
            columns[column], repair = _mostly_numbers(cells.cast(pa.string()), column, source)
            repairs += [repair] if repair else []
    return pd.DataFrame(columns), repairs


def _numbers(cells: pa.ChunkedArray) -> pd.Series:
    if pa.types.is_boolean(cells.type):
        cells = cells.cast(pa.int8())
    if cells.null_count == 0 and pa.types.is_integer(cells.type):
        return pd.Series(cells.to_numpy().astype(np.int64))
    # Unsafe only past 2 ** 53, where a double holds the nearest.
    return pd.Series(cells.cast(pa.float64(), safe=False).to_numpy())


def _mostly_numbers(cells: pa.ChunkedArray, column: str, source: Table) -> tuple[pd.Series, Repair | None]:
    """Text, unless nearly all of its cells are numbers: then the others count as missing, and are reported."""
    text = cells.to_pandas().astype("str").str.strip()
    # Blanks round a missing marker hid it from the parser.
    text = text.mask(text.isin(MISSING))
    present = text.notna()
    numbers = pd.to_numeric(text, errors="coerce").astype(float)
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
