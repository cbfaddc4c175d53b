"""The first rows of a table: what stands above it, what names its columns, and what tells their units."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from anomaly.reading.formats.delimited.figures import (
    DATE,
    Row,
    is_figure,
    is_known_figure,
    is_worded,
    share_of_figures,
)
from anomaly.reading.formats.delimited.numerals import MISSING, is_number
from anomaly.reading.formats.delimited.preamble import is_pair, is_told
from anomaly.reading.vocabulary.units import clean_unit, is_unit, looks_like_unit

COMMENTS = ("#", "%", "//")
MOSTLY = 0.5
CLOCK = re.compile(r"\s*\d{1,2}:\d\d(:\d\d([.,]\d+)?)?\s*")
BRACKETED = re.compile(r"\[[^\[\]]*\]|\([^()]*\)")
KINDS = {
    "smp", "sample", "inst", "avg", "average", "mean", "min", "minimum", "max", "maximum", "tot", "total", "sum", "std",
    "stdev", "stddev", "sd", "med", "median", "mom", "rms", "cov", "wvc", "tmn", "tmx", "count", "last", "first",
}  # fmt: skip
"""what loggers write under a name: how the values of the time between two rows became one"""
LONGEST_UNIT = 12
"""letters"""
WIDE = 50
"""columns of a table whose rows may be channels"""
FAR = 30
"""rows, as far as a title may stand above its table"""
RULE = re.compile(r"[\s+:=-]*(--|==)[\s+:=-]*")
"""what screens draw below the names"""
CELL_FORM = re.compile(r"\d+[sdn]")
"""how wide a column is, and whether it is of text, dates or numbers, as hydrologists write it below the names"""


@dataclass(frozen=True)
class Head:
    """What the first rows are."""

    above: int = 0
    """how many rows stand above the table"""
    body: int = 0
    """the first row of figures"""
    names: list[str] | None = None
    """of the columns; None where nothing names them"""
    units: Mapping[int, str] = field(default_factory=dict)
    """by position of the column"""
    has_unit_row: bool = False


def find_head(rows: Sequence[list[str]], width: int) -> Head:
    """The head of a table of mostly `width` columns."""
    # A row of bare delimiters is a blank line, and so is one that but draws a line.
    rows = [row if not all(not cell.strip() or RULE.fullmatch(cell) for cell in row) else [] for row in rows]
    first = next((place for place, row in enumerate(rows) if not _is_above(row, rows[place + 1 :], width)), 0)
    first -= _has_commented_units(rows, first)
    first = _below_pairs(rows, first, width)
    table = [row for row in rows[first:] if row]
    figures = [
        place
        for place in range(width)
        if share_of_figures([row[place] for row in table[1:] if len(row) == width]) > MOSTLY
    ]
    filled = [place for place in range(first, min(first + FAR, len(rows))) if rows[place]]
    for place, below in pairwise(filled):
        if not _is_remark(rows[place], rows[below], figures, width):
            break
        first = below
    worded = _find_worded(rows, first, figures)
    if not worded:
        named = bool(table) and (_names_columns(table) or _names_moments(table))
        return Head(first, first + named, _clean([cell.strip() for cell in rows[first]], width) if named else None)
    return _read_worded(rows, worded, len(figures) > 1, width)


def _below_pairs(rows: Sequence[list[str]], first: int, width: int) -> int:
    """The first row below those that say when the table starts and how often it was measured."""
    if width > 2:
        return first
    told = [place for place in range(first, min(FAR, len(rows))) if rows[place] and is_told(rows[place])]
    if not told and not (first and any(is_told(row) for row in rows[:first] if row)):
        return first
    below = [place for place in range(max(told, default=first - 1) + 1, len(rows)) if rows[place]]
    while width == 1 and len(below) > 1 and is_pair(rows[below[0]]):
        below.pop(0)
    return below[0] if len(below) > 1 else first


def _read_worded(rows: Sequence[list[str]], worded: list[int], has_figures: bool, width: int) -> Head:
    """The head, of which all rows that hold words alone are known."""
    names = {place: [cell.strip() for cell in rows[place]] for place in worded}
    last, units = worded[-1], None
    if len(worded) > 1 and all(map(CELL_FORM.fullmatch, names[last])):
        worded.pop()
    if len(worded) > 1:
        names[last][0] = names[last][0].lstrip("#%/ ")
    if len(worded) > 1 and _names_index(names[last], names[worded[-2]]):
        # pandas writes the name of the index on a row of its own.
        worded.pop()
        names[worded[-1]] = [cell or below for cell, below in zip(names[worded[-1]], names[last], strict=True)]
    if len(worded) > 1 and _are_kinds(names[worded[-1]]) and _is_distinct(names[worded[-3:-1][0]]):
        worded.pop()
        units = worded.pop() if len(worded) > 1 else None
    elif len(worded) > 1 and _are_units(names[worded[-1]], names[worded[-2]]):
        units = worded.pop()
    joined = _join_levels(names[worded[-2]], names[worded[-1]]) if len(worded) > 1 else None
    if joined is None and worded[-1] == last:
        # With one column of figures alone, a second word may as well be an odd cell; so may one that stands twice.
        named = [place for place in worded if _is_distinct(names[place])] if has_figures else []
        last = (named or worded[:1])[-1]
        worded = [last]
    known = {} if units is None else {at: unit for at, cell in enumerate(names[units]) if (unit := clean_unit(cell))}
    above = worded[-2] if joined else worded[-1]
    return Head(above, last + 1, _clean(joined or names[worded[-1]], width), known, units is not None)


def _are_units(cells: Row, above: Row) -> bool:
    """Whether a row tells the units of the names above it: all, or much of it, as there are units nobody lists."""
    known = sum(map(looks_like_unit, cells))
    # Whatever stands in brackets under every name is its unit.
    filled = [cell for cell in cells if cell]
    if known == len(cells) or (
        len(filled) > 1 and all(map(BRACKETED.fullmatch, filled)) and not any(map(BRACKETED.fullmatch, above))
    ):
        return True
    are_names = len(cells) == len(above) and all(above) and _is_distinct(above) and not any(map(is_unit, above))
    return are_names and MOSTLY * len(cells) <= known and all(len(cell) <= LONGEST_UNIT for cell in cells)


def _has_commented_units(rows: Sequence[list[str]], first: int) -> bool:
    """Whether the comment that would name the columns tells the units of those that the comment above it names."""
    above = rows[first - 1] if first else []
    if not above or not all(row and row[0].lstrip().startswith(COMMENTS) for row in (above, rows[first])):
        return False
    (names, units) = ([row[0].lstrip("#%/ "), *row[1:]] for row in (above, rows[first]))
    return len(names) == len(units) and _is_distinct(names) and all(map(looks_like_unit, units))


def _clean(names: list[str], width: int) -> list[str]:
    """Without the sign of a comment before the first, unless that is all its name."""
    if not names[0].startswith(COMMENTS):
        return names
    bare = names[0].lstrip("#%/ ")
    # "# time flow": the sign may stand apart from the first name.
    return names[1:] if len(names) == width + 1 and not bare else [bare or names[0], *names[1:]]


def _is_above(row: list[str], below: Sequence[list[str]], width: int) -> bool:
    """Whether a row is no part of the table that begins below it."""
    if not row:
        return True
    following = next((other for other in below if other), None)
    if following is None:
        return False
    if row[0].lstrip().startswith(COMMENTS):
        return not _is_header_comment(row, following, width)
    words = any(cell.strip() and not is_number(cell) for cell in row)
    if width == 1 and words and len(row) > 1:
        return True
    if width > 2 and len(row) != width and _is_of_another_table(row, following, below, width):
        return True
    if width > 1 and words and len(row) < width:
        # Where the first or the last column has no name, the header is one cell short.
        is_header = len(row) == width - 1 and len(row) > 1 and len(following) == width and not is_worded(following)
        return not is_header
    return width > 1 and words and len(row) == width and _is_title(row, below)


def _is_header_comment(row: list[str], following: list[str], width: int) -> bool:
    """The last comment may be the header: as many names as there are columns, and figures right below."""
    apart = row[0].strip() in COMMENTS
    # A logger calls the column of row numbers "#".
    is_first = following[0].strip().isdigit() or all(map(looks_like_unit, row[1:]))
    fits = len(row) - apart == width or (apart and len(row) == width and is_first)
    filled = [cell for cell in following[1:] if cell.strip() not in MISSING]
    is_comment = following[0].lstrip().startswith(COMMENTS) and not is_known_figure(following[0])
    if is_comment:
        return False
    figures = sum(is_figure(cell) or CLOCK.fullmatch(cell) is not None for cell in following[1:])
    return fits and figures > MOSTLY * len(following[1:]) and (bool(filled) or width < 3)


def _is_title(row: list[str], below: Sequence[list[str]]) -> bool:
    """Whether a row is one of few words that a spreadsheet filled up with empty cells, above the names."""
    count = _count_filled(row)
    if count == len(row) or any(cell.strip() for cell in row[count:]):
        return False
    others = [other for other in below[:FAR] if other]
    if count == 1 and others and is_worded(others[0]):
        return True
    fuller = next((other for other in others if _count_filled(other) > count), None)
    return fuller is not None and is_worded(fuller) and not all(map(looks_like_unit, fuller))


def _is_of_another_table(row: Row, following: Row, below: Sequence[list[str]], width: int) -> bool:
    """Whether a row of another length stands above the names: a summary of a table, figures too, or its place."""
    if len(following) == width and (len(row) == width - 1 or (len(row) == width + 1 and not row[-1].strip())):
        return False
    whole = next((other for other in below[:FAR] if len(other) == width), None)
    return whole is not None and is_worded(whole) and _is_distinct([cell.strip() for cell in whole])


def _count_filled(row: Row) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _is_remark(row: list[str], below: list[str], figures: Sequence[int], width: int) -> bool:
    """Whether a row is but a line of what a logger says of itself, figures too: the names stand right below it."""
    cells = [row[place] for place in figures if place < len(row)]
    is_mixed = any(map(is_known_figure, row)) and any(not is_figure(cell) for cell in cells)
    filled = [cell.strip() for cell in below]
    return is_mixed and len(below) == width and is_worded(below) and all(filled) and _is_distinct(filled)


def _find_worded(rows: Sequence[list[str]], first: int, figures: Sequence[int]) -> list[int]:
    """The rows up to the first of figures, where they are to be."""
    worded = []
    for place in range(first, len(rows)):
        row = rows[place]
        if not row:
            continue
        cells = [row[at] for at in figures if at < len(row)]
        if any(map(is_known_figure, cells)) or not any(cell.strip() not in MISSING for cell in cells):
            break
        worded.append(place)
    return worded


def _names_index(lower: Row, upper: Row) -> bool:
    """Whether a row names only what the row above it has left open."""
    filled = [place for place, cell in enumerate(lower) if cell]
    return len(lower) == len(upper) and 0 < len(filled) < len(lower) and not any(upper[place] for place in filled)


def _are_kinds(cells: Row) -> bool:
    filled = [cell.lower() for cell in cells if cell]
    return len(filled) >= MOSTLY * len(cells) and set(filled) <= KINDS


def _is_distinct(cells: Row) -> bool:
    return len({*cells}) == len(cells)


def _join_levels(upper: Row, lower: Row) -> list[str] | None:
    """ "group name" of each column where the upper of two rows names groups, as merged cells do; else None.

    Merged cells leave all but their first empty.
    """
    if len(upper) != len(lower) or (all(upper) and _is_distinct(upper)):
        return None
    known = [cell for cell in lower if cell]
    is_open = not _is_distinct(known) or any(cell and not name for cell, name in zip(upper, lower, strict=True))
    if not is_open and (upper[0] or sum(map(bool, upper)) < 2):
        return None
    group, joined = "", []
    for cell, name in zip(upper, lower, strict=True):
        group = cell or group
        joined.append(f"{group} {name}".strip())
    return joined if _is_distinct(joined) else None


def _names_columns(rows: Sequence[list[str]]) -> bool:
    """Whether the first row names the columns: it has words, and the rows below have figures in their place."""
    first = [cell.strip() for cell in rows[0]]
    words = [position for position, cell in enumerate(first) if not is_figure(cell)]
    if not words:
        return _counts_columns(first, rows[1:])
    below = [row[position] for row in rows[1:] for position in words if position < len(row)]
    return len(words) == sum(cell not in MISSING for cell in first) or any(map(is_known_figure, below))


def _names_moments(rows: Sequence[Row]) -> bool:
    """Whether the first of a few long rows, each of a channel, tells the moment of each column."""
    first, *below = rows
    if not below or len(first) < max(WIDE, WIDE // 10 * len(rows)) or any(map(is_figure, (row[0] for row in rows))):
        return False
    cells = [cell.strip() for cell in first[1:]]
    if all(map(DATE.fullmatch, cells)):
        return True
    try:
        numbers = list(map(float, cells))
    except ValueError:
        return False
    return all(one < other for one, other in pairwise(numbers))


def _counts_columns(first: Row, below: Sequence[list[str]]) -> bool:
    """Whether a first row is what pandas calls the columns of a bare array: 0, 1, 2, ..., empty above an index."""
    if len(first) < 2 or first == ["", *map(str, range(len(first) - 1))]:
        return len(first) > 1
    if first != [*map(str, range(len(first)))]:
        return False
    rows = [row for row in below if len(row) == len(first)]
    if len(first) == 2:
        # A first row of 0 and 1 may well be data, unless all below is written with a decimal sign.
        return len(rows) > 1 and all("." in cell or cell.strip() in MISSING for row in rows for cell in row)
    # Data could go on from 0, 1, 2 by the same steps.
    return len(rows) < 2 or not _is_even([first, *rows[:2]])


def _is_even(rows: Sequence[Row]) -> bool:
    try:
        one, two, three = ([float(cell) for cell in row] for row in rows)
    except ValueError:
        return False
    return all(b - a == c - b for a, b, c in zip(one, two, three, strict=True))
