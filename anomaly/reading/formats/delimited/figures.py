"""What a cell of a first row holds: a figure (a number, a date, nothing), or words."""

import re
from collections.abc import Sequence

from anomaly.reading.formats.delimited.numerals import MISSING, is_number

DATE = re.compile(r"\s*(\d{4}-\d\d(-\d\d)?|\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d\d))([T ][\d:., +apmzAPMZ-]*)?")
MOMENT = re.compile(
    r"\s*(\d{1,2}[:.h]\d\d([:.]\d\d([.,:]\d+)?)?\s?([AaPp]\.?[Mm]\.?)?,?[ T_-]\s*"
    r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d\d))|"
    r"(19|20)\d\d([-/._: ]?\d{1,3}){1,2}[T ._:-]\d\d([-:._h]?\d\d){1,2}([.,:-]\d+)?Z?|"
    r"\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d\d)[ T_-]\d{1,2}[-.h]\d\d([-.]\d\d)?)"
)
"""a day behind its time of day, or with one parted otherwise than by colons"""

Row = Sequence[str]


def is_worded(row: Row) -> bool:
    return any(cell.strip() for cell in row) and not any(map(is_known_figure, row))


def share_of_figures(cells: Row) -> float:
    present = [cell for cell in cells if cell.strip() not in MISSING]
    return sum(map(is_figure, present)) / len(present) if present else 0.0


def is_known_figure(cell: str) -> bool:
    return is_figure(cell) and cell.strip() not in MISSING


def is_figure(cell: str) -> bool:
    """A number, a date, or a cell that is missing."""
    return is_number(cell) or DATE.fullmatch(cell) is not None or MOMENT.fullmatch(cell) is not None
