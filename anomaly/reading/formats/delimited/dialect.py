"""How a text file lays out its table, told by its first lines: encoding, delimiter, header, units, decimal sign."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest

from anomaly.domain import DataError
from anomaly.reading.formats.delimited.figures import DATE, is_figure
from anomaly.reading.formats.delimited.header import COMMENTS, find_head
from anomaly.reading.formats.delimited.numerals import Custom, is_number, signs_of
from anomaly.reading.formats.delimited.preamble import read_first_rows, read_preamble
from anomaly.reading.formats.table import Told

DELIMITERS = ",;\t|"
BLANKS = " "
DECIMAL_COMMA = re.compile(r'"?[+-]?\d+,\d+(?:[eE][+-]?\d+)?"?')
SAMPLE_CHARACTERS, SAMPLE_LINES = 1_000_000, 400
MOST_ABOVE = 200
"""lines above a table that are read for what they say of it"""
NEARLY_ALL = 0.9
CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d([.,]\d+)?)?")
DOTTED_DAY = re.compile(r"\s*\d{1,2}\.\d{1,2}\.(\d{4}|\d\d)\b.*")
"""a date such as 31.12.2025: where it is written so, a decimal comma is likely"""


@dataclass(frozen=True)
class Layout:
    """Where the table is in the text, and how to take it apart."""

    delimiter: str
    custom: Custom
    """decimal sign of the file; a column may have another"""
    names: list[str] | None
    """of the columns; None where the file has no header"""
    units: Mapping[int, str]
    """by position of the column"""
    start: int
    """of the first row of figures, as a position in the text"""
    rows: list[list[str]]
    """the first rows of figures"""
    beside: list[list[str]]
    """those among them of another number of cells"""
    passed_over: tuple[str, ...]
    """lines above the header that are no part of the table"""
    has_unit_row: bool
    stamp: int | None = None
    """position of a column whose name covers a date and, after a blank, the time of day"""
    told: Told | None = None
    """what stands above the table, or in its first two rows, of its start and its rate"""


def in_utf8(content: bytes, name: str) -> bytes:
    """The text in UTF-8 without a byte order mark. Raises DataError where the bytes are no text."""
    encoding = _find_utf16(content)
    if encoding is not None:
        return content.decode(encoding, errors="replace").removeprefix("\ufeff").encode()
    content = content.removeprefix(codecs.BOM_UTF8)
    sample = content[:100_000]
    control = sum(sample.count(byte) for byte in range(32) if byte not in (9, 10, 12, 13))
    if b"\0" in sample or control > len(sample) / 100:
        raise DataError(
            f"{name} does not hold text (byte {_first_odd_byte(sample):,} is a control code): expected a CSV file. "
            "Open it with the program it came from and export it as CSV."
        )
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        # What is good UTF-8 up to there, beyond ASCII, is that; single bytes of another encoding are lost.
        mixed = not content[: error.start].isascii()
        return content.decode("utf-8" if mixed else "cp1252", errors="replace").encode()
    return content


def _find_utf16(content: bytes) -> str | None:
    """The byte order of text in UTF-16, told by its mark, or by the zero in every other byte of Latin text."""
    sample = content[:100_000]
    for mark, encoding, zeros, others in (
        (codecs.BOM_UTF16_LE, "utf-16-le", sample[1::2], sample[::2]),
        (codecs.BOM_UTF16_BE, "utf-16-be", sample[::2], sample[1::2]),
    ):
        looks = len(zeros) > 1 and zeros.count(0) > 0.8 * len(zeros) and others.count(0) == 0
        if content.startswith(mark) or looks:
            return encoding
    return None


def _first_odd_byte(sample: bytes) -> int:
    return next(n for n, byte in enumerate(sample, 1) if byte < 32 and byte not in (9, 10, 12, 13))


def find_layout(text: str) -> Layout:
    """The layout of a text by its beginning; its first line is not blank. Raises csv.Error where it is no table."""
    sample = text[:SAMPLE_CHARACTERS]
    delimiter = _find_delimiter(sample)
    rows, ends = _read_rows(sample, delimiter)
    width = _usual_width(rows)
    head = find_head(rows, width)
    body = [row for row in rows[head.body :] if len(row) == width]
    names = head.names
    if names and len(names) == width + 1 and not names[-1]:
        names = names[:-1]
    stamp = _find_stamp(body) if delimiter == BLANKS and names and len(names) == width - 1 else None
    if names and len(names) == width - 1 and stamp is None:
        last_empty = all(not row[-1].strip() for row in body)
        names = [*names, ""] if last_empty else ["", *names]
    first_rows = read_first_rows(body) if rows[head.body : head.body + 2] == body[:2] else None
    if first_rows is not None:
        body = body[2:]
    begin = head.body + 2 * (first_rows is not None)
    return Layout(
        delimiter,
        _find_custom(body, delimiter),
        names,
        head.units,
        ends[begin - 1] if begin else 0,
        body,
        [row for row in rows[head.body :] if len(row) != width],
        tuple(delimiter.join(row).strip() for row in rows[: head.above] if any(row)),
        head.has_unit_row,
        stamp,
        first_rows
        or (read_preamble(sample[: ends[head.above - 1]].splitlines()[-MOST_ABOVE:]) if head.above else None),
    )


def _find_stamp(rows: Sequence[list[str]]) -> int | None:
    """The first column of days that has one of times of day behind it."""
    columns = list(zip(*rows, strict=True))
    places = (place for place in range(len(columns) - 1) if all(map(DATE.fullmatch, columns[place])))
    return next((place for place in places if all(map(CLOCK.fullmatch, columns[place + 1]))), None)


def _find_delimiter(sample: str) -> str:
    """The delimiter that splits most lines into the same number of cells, the more of figures and the more the better.

    Blanks only where nothing else splits, and most columns are of figures: text is full of blanks.
    """

    def merit(delimiter: str) -> tuple[float, float, bool, int]:
        try:
            rows, _ = _read_rows(sample, delimiter)
        except csv.Error:
            return 0.0, 0.0, False, 0
        rows = [row for row in rows if row] or [[""]]
        width, count = Counter(map(len, rows)).most_common(1)[0]
        if width == 1:
            return 0.0, 0.0, False, 1
        below = [cell for row in rows[1:] for cell in row]
        # "1,5;2,5" has more commas than semicolons, but "5;2" is no figure.
        figures = sum(map(is_figure, below)) / max(len(below), 1)
        # A few lines of another length, such as totals below the table, speak against no delimiter; of two that are
        # as good, that which the header has as well is right.
        return min(round(count / len(rows), 1), 0.9), round(figures, 1), len(rows[0]) == width, width

    best = max(DELIMITERS, key=merit)
    if best == "," and merit(best)[-1] == 2 and _is_one_column(sample):
        return ";"
    if merit(best)[-1] > 1:
        return best
    rows = [row for row in _read_rows(sample, BLANKS)[0] if row and not row[0].startswith(COMMENTS)]
    usual = [row for row in rows if len(row) == _usual_width(rows)]
    columns = list(zip(*usual[1:], strict=True))
    numbers = [_are_mostly(column, is_number) for column in columns]
    words = [not _are_mostly(column, is_figure) and not _are_mostly(column, CLOCK.fullmatch) for column in columns]
    split = len(usual) >= NEARLY_ALL * len(rows) and any(numbers) and 2 * sum(words) < len(words)
    return BLANKS if split and len(columns) > 1 else best


def _is_one_column(sample: str) -> bool:
    """Whether what a comma parts in two are numbers with a decimal comma: each row is one, under one name or with
    figures behind the comma that no whole number begins with."""
    lines = [line.strip() for line in sample.splitlines()[:SAMPLE_LINES] if line.strip()]
    rows = [line for line in lines if DECIMAL_COMMA.fullmatch(line)]
    head = lines[: len(lines) - len(rows)]
    if len(rows) < 2 or lines[len(head) :] != rows:
        return False
    begins_with_zero = any(re.match(r"-0,|[+-]?\d+,0\d", row) for row in rows)
    return (bool(head) and "," not in head[-1]) or (not head and begins_with_zero)


def _are_mostly(cells: Sequence[str], form: Callable[[str], object]) -> bool:
    return sum(bool(form(cell)) for cell in cells) >= NEARLY_ALL * len(cells)


def _read_rows(sample: str, delimiter: str) -> tuple[list[list[str]], list[int]]:
    """The first rows, and where in the sample each ends: cells may hold line ends."""
    stream = io.StringIO(sample, newline="")
    rows: list[list[str]] = []
    ends: list[int] = []
    reader = csv.reader(stream, delimiter=delimiter, skipinitialspace=delimiter == BLANKS)
    for row in islice(reader, SAMPLE_LINES):
        rows.append(row[:-1] if delimiter == BLANKS and row and not row[-1] else row)
        ends.append(stream.tell())
    # The sample may end within a row.
    cut = len(sample) == SAMPLE_CHARACTERS and len(rows) > 1 and ends[-1] == len(sample)
    return (rows[:-1], ends[:-1]) if cut else (rows, ends)


def _usual_width(rows: Sequence[list[str]]) -> int:
    widths = Counter(len(row) for row in rows if row)
    # Of two lengths as frequent as each other, the later: a table comes after what is said of it.
    return (
        max(reversed(widths), key=lambda width: widths[width]) if widths and len(widths) > 1 else max(widths, default=1)
    )


def _find_custom(rows: Sequence[list[str]], delimiter: str) -> Custom:
    """The decimal sign of the whole file. "1,234" may be either: with semicolons it is no thousand."""
    columns = [signs_of(map(str.strip, column)) for column in zip_longest(*rows, fillvalue="")]
    clear = set().union(*(column.clear for column in columns))
    dotted = any(DOTTED_DAY.fullmatch(cell) for row in rows for cell in row)
    if clear:
        return Custom("," if "," in clear else ".", len(clear) == 1, delimiter == ";")
    comma = any("," in column.either for column in columns) and (delimiter != "," or dotted)
    return Custom("," if comma else ".", False, delimiter == ";" or (dotted and delimiter != ","))
