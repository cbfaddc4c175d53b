"""One column of values that holds the numbers of some variables and the words of others: on/off, open/closed.

A variable of which at least half of the values are numbers is one of numbers, and its words (unavailable, I/O Timeout)
stand for no value. One of few words is a state. What is neither is text, and left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from anomaly.reading.columns.states import MOST_WORDS
from anomaly.reading.formats.delimited.numerals import plain_numbers

NO_VALUE = {
    "unavailable", "unknown", "none", "null", "nil", "nan", "no data", "nodata", "undefined", "invalid", "bad",
    "not available", "nicht verfügbar", "unbekannt", "offline", "i/o timeout", "comm fail", "pt created", "bad input",
    "scan off", "missing", "n/a", "na", "-", "?", "",
}  # fmt: skip
"""words of no state, in lower case"""
SAMPLE = 20_000


@dataclass(frozen=True)
class Values:
    """A column of values, read by variable."""

    numbers: np.ndarray
    """(R,) float64; NaN where there is none, or the variable is a state"""
    states: list[int]
    """the variables, by their place, that tell a state in words"""
    texts: list[int]
    """those of neither numbers nor few words"""
    lost: np.ndarray
    """(R,) whether a word stands where there is no value"""


def read_values(cells: pd.Series, variable: np.ndarray, count: int) -> Values:
    """`variable` is the place (R,) of each row's variable among `count`."""
    numbers = _numbers(cells)
    lower = cells.str.strip().str.lower()
    is_word = (cells.notna() & np.isnan(numbers)).to_numpy(bool)
    is_state = is_word & ~lower.isin(list(NO_VALUE)).to_numpy()
    of_numbers = np.bincount(variable[~np.isnan(numbers)], minlength=count)
    of_words = np.bincount(variable[is_state], minlength=count)
    wordy = of_words > of_numbers
    kinds = pd.DataFrame({"variable": variable[is_state], "word": lower[is_state].to_numpy()}).drop_duplicates()
    kinds_of = np.bincount(kinds["variable"], minlength=count)
    few = wordy & (kinds_of <= MOST_WORDS)
    lost = is_word & ~(wordy[variable] & is_state)
    # What is a number amid words is no number of a measurement.
    numbers = np.where(wordy[variable], np.nan, numbers)
    return Values(numbers, np.flatnonzero(few).tolist(), np.flatnonzero(wordy & ~few).tolist(), lost)


def are_values(cells: pd.Series, variable: pd.Series) -> bool:
    """Whether a column of text holds numbers of some variables and few words of each of the others: a glance."""
    rows = pd.DataFrame({"cell": cells.to_numpy(), "variable": variable.to_numpy()}).dropna()
    rows = rows.sample(min(len(rows), SAMPLE), random_state=0)
    if not len(rows):
        return False
    codes, names = pd.factorize(rows["variable"])
    read = read_values(rows["cell"].astype("str"), codes, len(names))
    sets = {frozenset(words) for words in _words_of(rows, codes, read)}
    # Words alone, the same of all: a state of several machines.
    return not read.texts and (bool(np.isfinite(read.numbers).any()) or len(sets) > 1)


def _words_of(rows: pd.DataFrame, codes: np.ndarray, read: Values) -> Iterator[set[str]]:
    for place in read.states:
        words = rows["cell"][(codes == place) & ~read.lost].str.strip().str.lower()
        yield set(words.unique())


def _numbers(cells: pd.Series) -> np.ndarray:
    """(R,) with whichever decimal sign reads more of them. Few words take many rows: each is read once."""
    codes, kinds = pd.factorize(cells)
    words = pd.Series(kinds, dtype="str")
    read = pd.to_numeric(words, errors="coerce").to_numpy(float, copy=True)
    if words.str.contains(",", regex=False).any():
        comma = pd.to_numeric(plain_numbers(words, ","), errors="coerce").to_numpy(float, copy=True)
        read = comma if np.isfinite(comma).sum() > np.isfinite(read).sum() else read
    read[np.isinf(read)] = np.nan
    return np.append(read, np.nan)[codes]
