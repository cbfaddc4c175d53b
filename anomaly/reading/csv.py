"""CSV and its kin: delimiter, header and encoding are found by looking."""

import codecs
import csv
from collections import Counter

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


def read_csv(content: bytes, name: str) -> Table:
    """Parse the bytes of a CSV file. Raises DataError with the line at fault."""
    text = _decode(content, name)
    body = text.lstrip("\r\n")
    sample = [line for line in body[:SAMPLE_CHARACTERS].splitlines()[:SAMPLE_LINES] if line.strip()]
    if not sample:
        raise DataError(f"{name} is empty: expected a header line and at least two rows of numbers.")
    delimiter = _find_delimiter(sample)
    rows = list(csv.reader(sample, delimiter=delimiter))
    has_header = not all(_is_number(cell) for cell in rows[0])
    names = [cell.strip() for cell in rows[0]] if has_header else [f"channel_{n + 1}" for n in range(len(rows[0]))]
    names = [column or f"column_{position}" for position, column in enumerate(names, 1)]
    _check_names(names, name)
    first_line = 1 + text[: len(text) - len(body)].count("\n") + has_header
    table = _parse(body, name, names, rows[has_header:], delimiter, int(has_header))
    if table.num_rows == 0:
        raise DataError(f"{name} has a header but no rows: expected at least two rows of numbers under it.")
    columns, repairs = _convert(table, first_line)
    return Table(name, columns, first_line, tuple(repairs), digest_of(content))


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


def _find_delimiter(lines: list[str]) -> str:
    """The delimiter that splits most lines into the same number of fields, the more fields the better."""

    def merit(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter))
        width, count = widths.most_common(1)[0]
        return (count / len(lines) if width > 1 else 0.0, width)

    return max(DELIMITERS, key=merit)


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
    text: str, name: str, names: list[str], sample: list[list[str]], delimiter: str, skipped: int
) -> pa.Table:
    ragged: list[arrow_csv.InvalidRow] = []

    def refuse(row: arrow_csv.InvalidRow) -> str:
        ragged.append(row)
        return "error"

    try:
        return arrow_csv.read_csv(
            pa.BufferReader(text.encode()),
            # On one thread, so that a bad row comes with its number.
            arrow_csv.ReadOptions(column_names=names, skip_rows=skipped, use_threads=False, block_size=1 << 24),
            arrow_csv.ParseOptions(delimiter=delimiter, invalid_row_handler=refuse, newlines_in_values='"' in text),
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
            row = ragged[0]
            raise DataError(
                f"{name}, line {row.number}: expected {row.expected_columns} cells like the lines above, "
                f"found {row.actual_columns}. Mend or remove that line."
            ) from None
        if "Empty CSV" in str(error):
            return pa.table({column: pa.array([], pa.float64()) for column in names})
        raise DataError(f"{name} cannot be read as CSV: {str(error).splitlines()[0]}.") from None


def _convert(table: pa.Table, first_line: int) -> tuple[pd.DataFrame, list[Repair]]:
    columns: dict[str, pd.Series] = {}
    repairs: list[Repair] = []
    for column in table.column_names:
        cells = table[column]
        if pa.types.is_null(cells.type):
            columns[column] = pd.Series(np.full(len(cells), np.nan))
        elif pa.types.is_integer(cells.type) or pa.types.is_floating(cells.type) or pa.types.is_boolean(cells.type):
            columns[column] = _numbers(cells)
        else:
            columns[column], repair = _mostly_numbers(cells.cast(pa.string()), column, first_line)
            repairs += [repair] if repair else []
    return pd.DataFrame(columns), repairs


def _numbers(cells: pa.ChunkedArray) -> pd.Series:
    if pa.types.is_boolean(cells.type):
        cells = cells.cast(pa.int8())
    if cells.null_count == 0 and pa.types.is_integer(cells.type):
        return pd.Series(cells.to_numpy().astype(np.int64))
    return pd.Series(cells.cast(pa.float64()).to_numpy())


def _mostly_numbers(cells: pa.ChunkedArray, column: str, first_line: int) -> tuple[pd.Series, Repair | None]:
    """Text, unless nearly all of its cells are numbers: then the others count as missing, and are reported."""
    text = cells.to_pandas().astype("str")
    present = text.notna()
    numbers = pd.to_numeric(text.str.strip(), errors="coerce")
    if not present.any() or numbers.notna().sum() < MOSTLY_NUMBERS * present.sum():
        return text, None
    odd = np.flatnonzero(present & numbers.isna())
    if not len(odd):
        return numbers.astype(float), None
    return numbers.astype(float), Repair(
        f"{len(odd):,} cell{'s' * (len(odd) > 1)} of {column!r} not a number, such as {text.iloc[odd[0]]!r}: "
        "taken as missing",
        len(odd),
        tuple(first_line + int(row) for row in odd[:SHOWN]),
    )

