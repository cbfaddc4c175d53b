"""The cells of a parsed text -> columns of numbers or of text, and what had to be settled on the way."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from anomaly.domain import Repair
from anomaly.reading.formats.delimited.numerals import (
    MARKED,
    MISSING,
    Custom,
    plain_numbers,
    settle,
    signs_of_column,
    strip_marks,
    tell_doubt,
)
from anomaly.reading.formats.epoch_text import read_epochs
from anomaly.reading.formats.table import Table
from anomaly.reading.vocabulary.naming import VALUE_NAMES, names_records, words_of
from anomaly.reading.vocabulary.state_words import CONTRARIES
from anomaly.reading.vocabulary.units import UNIT

MOSTLY_NUMBERS = 0.9
WITH_UNIT = re.compile(
    r"[<>≤≥]?\s*(?P<number>[-+−]?[\d.,]*\d(?:[eE][-+]?\d+)?)(?P<blank>\s*)(?P<unit>[^\d\s,;.%+-][^\s]*)"
)
"""a number and what stands behind it; a per cent is told apart from others cell by cell"""
BRACKETS = r"\[\s*([-+]?[\d.]+)\s*\]"
CURRENCY = re.compile(r"[-+−]?([$€£¥])\s?[-+−]?[\d.,]*\d")
QUANTITIES = {
    "W": {"power", "leistung", "puissance", "potencia", "potenza", "load", "last", "watt", "watts"},
    "V": {"voltage", "volt", "volts", "spannung", "tension", "tensión", "voltaje", "battery", "batterie"},
    "A": {"current", "strom", "courant", "corriente", "corrente", "amps", "ampere"},
    **{unit: {"temp", "temperature", "temperatur", "température", "temperatura"} for unit in "CFK"},
    "m": {"level", "height", "depth", "altitude", "distance", "pegel", "höhe", "tiefe", "abstand"},
    "g": {"weight", "mass", "gewicht", "masse"},
    "s": {"duration", "latency", "dauer"},
}
"""by unit of one letter: words of what is measured in it"""
LEADING_ZERO = re.compile(r"0\d+")
SHOWN, LOOKED_AT = 5, 2_000
MOST_STATES = 100


def convert(table: pa.Table, source: Table, custom: Custom) -> tuple[pd.DataFrame, list[Repair], dict[str, str]]:
    """Columns, what to say of them, and the units that their cells tell."""
    columns: dict[str, pd.Series] = {}
    repairs: list[Repair] = []
    units: dict[str, str] = {}
    doubts: dict[str, str] = {}
    for column in table.column_names:
        cells = table[column]
        if pa.types.is_null(cells.type):
            columns[column] = pd.Series(np.full(len(cells), np.nan))
        elif pa.types.is_integer(cells.type) or pa.types.is_floating(cells.type) or pa.types.is_boolean(cells.type):
            columns[column] = _numbers(cells)
        else:
            read = _Text(cells.cast(pa.string()), column, source, custom)
            columns[column] = read.cells
            repairs += read.repairs
            units |= {column: read.unit} if read.unit else {}
            doubts |= {column: read.doubt} if read.doubt else {}
    return pd.DataFrame(columns, copy=False), [*repairs, *tell_doubts(doubts, source.name)], units


def tell_doubts(doubts: dict[str, str], name: str) -> list[Repair]:
    """One note for all columns: a file of many has many that are alike."""
    if not doubts:
        return []
    column, doubt = next(iter(doubts.items()))
    others = list(map(repr, doubts))[1:]
    shown = ", ".join(others[:SHOWN]) + ", …" * (len(others) > SHOWN)
    return [Repair(f"{name}: {column!r} holds {doubt}" + f"; likewise {shown}" * bool(others), len(doubts))]


def _numbers(cells: pa.ChunkedArray) -> pd.Series:
    if pa.types.is_boolean(cells.type):
        cells = cells.cast(pa.int8())
    if cells.null_count == 0 and pa.types.is_integer(cells.type):
        return pd.Series(cells.to_numpy().astype(np.int64))
    # Unsafe only past 2 ** 53, where a double holds the nearest.
    return pd.Series(cells.cast(pa.float64(), safe=False).to_numpy())


class _Text:
    """A column of text as it came, or as numbers where nearly all of its cells are: the others count as missing."""

    def __init__(self, cells: pa.ChunkedArray, column: str, source: Table, custom: Custom) -> None:
        self.repairs: list[Repair] = []
        self.doubt, self.unit = "", ""
        self._column, self._source = column, source
        text = pc.utf8_trim_whitespace(cells)
        # Blanks round a missing marker hid it from the parser.
        text = pc.if_else(pc.is_in(text, pa.array(MISSING)), pa.scalar(None, pa.string()), text)
        self.cells = text.to_pandas().astype("str")
        first = text.slice(0, LOOKED_AT).drop_null().to_pylist()
        if keeps_zeros(first, column):
            return
        epochs = read_epochs(self.cells)
        if epochs is not None:
            self.cells = epochs
            return
        bare = _without_brackets(text, first)
        unit = "" if names_records(column) else find_unit(first, column)
        if unit:
            bare = pc.replace_substring_regex(text, rf"[\s\x{{00a0}}\x{{202f}}]*{re.escape(unit)}$", "")
        elif sign := find_currency(first):
            bare, unit = pc.replace_substring_regex(text, rf"{re.escape(sign)}\s?", ""), sign
        if _may_be_numbers(bare):
            self._read_numbers(self.cells if bare is text else bare.to_pandas().astype("str"), bare, custom, unit)

    def _read_numbers(self, series: pd.Series, text: pa.ChunkedArray, custom: Custom, unit: str) -> None:
        """`series` and `text`: the cells without their unit, twice."""
        written = self.cells
        marked = series.str.contains(MARKED).fillna(False).to_numpy(bool)
        bare = series.where(~marked, series[marked].map(strip_marks)) if marked.any() else series
        signs = signs_of_column(pa.chunked_array([pa.array(bare, pa.string())]) if marked.any() else text)
        decimal, is_doubtful = settle(signs, custom)
        numbers = pd.to_numeric(plain_numbers(bare, decimal), errors="coerce").astype(float)
        present = series.notna()
        if numbers.notna().sum() < MOSTLY_NUMBERS * present.sum():
            return
        # Of a column of many variables' values some may be on or off.
        if set(words_of(self._column)) & set(VALUE_NAMES) and _tell_states(series[present & numbers.isna()]):
            return
        self.cells, self.unit = numbers, unit
        if unit:
            self._say(written, np.flatnonzero(numbers.notna()), f"with their unit {unit!r}", "read as numbers of it")
        elif series is not written:
            self._say(written, np.flatnonzero(numbers.notna()), "in brackets", "read as numbers")
        if is_doubtful:
            self.doubt = tell_doubt(next(iter(signs.either.values())), decimal)
        if marked.any():
            self._tell_marks(series, numbers.notna().to_numpy())
        self._say(series, np.flatnonzero(present & numbers.isna()), "not a number", "taken as missing")

    def _tell_marks(self, series: pd.Series, known: np.ndarray) -> None:
        bounded = series.str.match("[<>≤≥]").fillna(False).to_numpy(bool) & known
        self._say(series, np.flatnonzero(bounded), "only bounded", "the number is taken for the value")
        per_cent = series.str.endswith("%").fillna(False).to_numpy(bool) & known
        if per_cent.any() and per_cent.sum() == known.sum():
            self.unit = "%"
        else:
            self._say(series, np.flatnonzero(per_cent), "in per cent, unlike the others", "the number is taken")

    def _say(self, series: pd.Series, rows: Sequence[int] | np.ndarray, what: str, done: str) -> None:
        if not len(rows):
            return
        self.repairs.append(
            Repair(
                f"{self._source.name}: {len(rows):,} cell{'s' * (len(rows) > 1)} of {self._column!r} {what}, such as "
                f"{series.iloc[rows[0]]!r}: {done}",
                len(rows),
                tuple(self._source.line(row) for row in rows[:SHOWN]),
            )
        )


def _without_brackets(text: pa.ChunkedArray, first: Sequence[str]) -> pa.ChunkedArray:
    """Numbers that all stand in brackets, as [65], without them."""
    are_bracketed = bool(first) and all(re.fullmatch(BRACKETS, cell) for cell in first)
    return pc.replace_substring_regex(text, f"^{BRACKETS}$", r"\1") if are_bracketed else text


def _tell_states(words: pd.Series) -> bool:
    """Whether a word and its contrary are among them."""
    kinds = set(words.unique()[:MOST_STATES]) if len(words) else set()
    kinds = {str(kind).lower() for kind in kinds}
    return any(one in kinds and other in kinds for one, other in CONTRARIES)


def find_unit(cells: Sequence[str], column: str = "") -> str:
    """The unit that is written behind nearly all numbers of a column, as in "4.3mmol/L"; "" where there is none."""
    found = [match for cell in cells if (match := WITH_UNIT.fullmatch(cell))]
    unit, count = Counter(match["unit"] for match in found).most_common(1)[0] if found else ("", 0)
    if count < MOSTLY_NUMBERS * len(cells) or not UNIT.fullmatch(unit):
        return ""
    # "12A" may be a place or a version: a letter alone is a unit behind a fraction, after a blank, or of what is
    # called as a quantity that is measured in it.
    is_named = bool(set(words_of(column)) & QUANTITIES.get(unit, set()))
    is_clear = (
        len(unit) > 1
        or is_named
        or any(match["blank"] or "." in match["number"] or "," in match["number"] for match in found)
    )
    return unit if is_clear else ""


def find_currency(cells: Sequence[str]) -> str:
    """The sign that stands before all numbers of a column, as in "$0.12"; "" where there is none."""
    found = [match[1] for cell in cells if (match := CURRENCY.fullmatch(cell))]
    return found[0] if found and len(found) >= MOSTLY_NUMBERS * len(cells) and len({*found}) == 1 else ""


def keeps_zeros(cells: list[str], column: str) -> bool:
    """Whether a column names records by figures with zeros in front: patient 007 is no number."""
    return names_records(column) and any(LEADING_ZERO.fullmatch(cell.strip()) for cell in cells)


def _may_be_numbers(text: pa.ChunkedArray) -> bool:
    """Whether as many cells as all of them would have to be are numbers in a sample, taken from all over the column."""
    places = np.unique(np.linspace(0, len(text) - 1, LOOKED_AT).astype(np.int64))
    cells = [cell for place in places if (cell := text[int(place)].as_py()) is not None]
    sample = pd.Series([strip_marks(cell) for cell in cells], dtype="str")
    if not len(sample):
        return True
    shares = [pd.to_numeric(plain_numbers(sample, sign), errors="coerce").notna().mean() for sign in ".,"]
    return bool(max(shares) >= MOSTLY_NUMBERS / 2)
