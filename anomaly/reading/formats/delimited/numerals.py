"""How a file writes its numbers: decimal sign (1.5, or 1,5 as in German), thousands, bounds and per cents.

"1,234" may be either 1234 or 1.234. A column tells by its other cells ("0,5" and "12,34" have a decimal comma,
"1,234,567" and "1,234.5" have not), then the file by its other columns; what stays open is read the likelier way,
and a repair says so.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL", "None", "none", "-", "?", "#N/A", "#NA", "<NA>")
OTHER = {",": ".", ".": ","}
_SPACES = " '\u00a0\u202f"
_PARTS = {".": f"[,{_SPACES}]", ",": f"[.{_SPACES}]"}
"""what may part thousands, by decimal sign"""
GROUPED = {sign: re.compile(rf"[+-]?[1-9]\d{{0,2}}(?:{_PARTS[sign]}\d{{3}})+(?:\{sign}\d*)?") for sign in ".,"}
DECIMAL_COMMA = re.compile(rf"[+-]?(?:\d+|\d{{1,3}}(?:{_PARTS[',']}\d{{3}})+)?,\d+(?:[eE][+-]?\d+)?")
CLEARLY = {
    sign: re.compile(
        rf"[+-]?(?:\d*\{sign}(?:\d{{1,2}}|\d{{4,}})|\d*\{sign}\d+[eE][+-]?\d+|0+\{sign}\d+|\d{{4,}}\{sign}\d+|"
        rf"\d{{1,3}}(?:{_PARTS[sign]}\d{{3}})+\{sign}\d*|\d{{1,3}}(?:\{other}\d{{3}}){{2,}})"
    )
    for sign, other in OTHER.items()
}
"""by decimal sign: numbers that can have no other"""
EITHER = {sign: re.compile(rf"[+-]?[1-9]\d{{0,2}}\{sign}\d{{3}}") for sign in ".,"}
BARE = re.compile(r"[+-]?[1-9]\d{0,2}")
BOUND = re.compile(r"[<>≤≥]=?\s*")
MINUS = re.compile(r"^([<>≤≥]?=?\s*)[−–](?=[\d.,])")
"""a minus sign as typesetters have it"""
PER_CENT = re.compile(r"\s*%$")
_MARKS = "<>≤≥−–%"
MARKED = r"^[<>≤≥−–]|%$"


@dataclass
class Signs:
    """What cells tell of their decimal sign, a column's or a file's."""

    clear: set[str] = field(default_factory=set)
    """the signs that some cell can only have as its decimal sign"""
    either: dict[str, str] = field(default_factory=dict)
    """by sign: a cell in which it may be the decimal sign or part thousands"""
    bare: bool = False
    """whether there are numbers below 1000 without any sign: where the others have one, it parts thousands"""

    def add(self, cell: str) -> None:
        cell = strip_marks(cell.strip())
        self.bare |= BARE.fullmatch(cell) is not None
        if "," not in cell and "." not in cell:
            return
        self.clear |= {sign for sign, form in CLEARLY.items() if form.fullmatch(cell)}
        self.either |= {sign: cell for sign, form in EITHER.items() if form.fullmatch(cell) and sign not in self.either}


def signs_of(cells: Iterable[str]) -> Signs:
    """What the cells tell, up to the first that is clear."""
    signs = Signs()
    for cell in cells:
        signs.add(cell)
        if signs.clear:
            break
    return signs


def signs_of_column(text: pa.ChunkedArray) -> Signs:
    """As `signs_of`, of a column of any length."""

    def first(form: re.Pattern[str]) -> str | None:
        place = pc.index(pc.match_substring_regex(text, f"^(?:{form.pattern})$"), pa.scalar(True)).as_py()
        return None if place < 0 else text[place].as_py()

    clear = {sign for sign, form in CLEARLY.items() if first(form) is not None}
    either = {sign: cell for sign, form in EITHER.items() if (cell := first(form)) is not None}
    return Signs(clear, either, first(BARE) is not None)


@dataclass(frozen=True)
class Custom:
    """The decimal sign of a file, and how much is known of it."""

    decimal: str = "."
    is_sure: bool = True
    """whether some cell can have no other; else it is but the likelier"""
    likes_comma: bool = False
    """whether a decimal comma is likely although none was seen: semicolons between cells, days such as 31.12.2025"""


def settle(column: Signs, custom: Custom) -> tuple[str, bool]:
    """The decimal sign of a column, and whether it is open to doubt."""
    if len(column.clear) == 1:
        return next(iter(column.clear)), False
    if column.clear or not column.either:
        return custom.decimal, False
    if len(column.either) == 2:
        return custom.decimal, True
    sign = next(iter(column.either))
    if custom.is_sure:
        # Numbers below 1000 without a sign beside those with one agree with thousands, not with decimals.
        return custom.decimal, column.bare == (custom.decimal == sign)
    if sign == ".":
        return "," if column.bare and custom.likes_comma else ".", custom.likes_comma
    return "." if column.bare else custom.decimal, True


def tell_doubt(cell: str, decimal: str) -> str:
    """ "'1.200', which may be 1200 or 1.2: read as 1200"."""
    read, other = (f"{float(plain_number(cell, sign)):.6g}" for sign in (decimal, OTHER[decimal]))
    low, high = sorted((read, other), key=float, reverse=True)
    return f"{cell!r}, which may be {low} or {high}: read as {read}"


def plain_number(cell: str, decimal: str) -> str:
    """The text of a number with `decimal` as its decimal sign, as Python writes it."""
    if GROUPED[decimal].fullmatch(cell):
        cell = re.sub(_PARTS[decimal], "", cell)
    return cell.replace(",", ".") if decimal == "," else cell


def plain_numbers(text: pd.Series, decimal: str) -> pd.Series:
    """As `plain_number`, of a column without marks."""
    grouped = text.str.fullmatch(GROUPED[decimal].pattern).fillna(False).astype(bool)
    if grouped.any():
        text = text.where(~grouped, text.str.replace(_PARTS[decimal], "", regex=True))
    return text.str.replace(",", ".") if decimal == "," else text


def strip_marks(cell: str) -> str:
    """ "0.5" of "<0.5", "5" of "5 %", "-5" of "−5"."""
    if not cell or not (cell[0] in _MARKS or cell[-1] == "%"):
        return cell
    bare = PER_CENT.sub("", BOUND.sub("", MINUS.sub(r"\1-", cell), count=1))
    return cell if bare in MISSING else bare


def is_number(cell: str) -> bool:
    """Whether a cell is a number, with whatever decimal sign and marks, or missing."""
    cell = cell.strip()
    if cell in MISSING:
        return True
    cell = strip_marks(cell)
    try:
        float(cell)
    except ValueError:
        return any(form.fullmatch(cell) for form in (DECIMAL_COMMA, *GROUPED.values()))
    return "_" not in cell
