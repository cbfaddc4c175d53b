"""Columns that tell a state: known anomalies, what was normal and what broken, on and off, a mode in few words."""

from collections.abc import Sequence, Set

import pandas as pd

from anomaly.reading.formats.table import Table
from anomaly.reading.vocabulary.naming import LABEL_NAMES, words_of

STATES_OF_HEALTH = {
    **dict.fromkeys(
        ["abnormal", "anomalous", "anomaly", "outlier", "fault", "faulty", "failure", "failed", "broken", "recovering",
         "alarm", "attack", "a ttack"], 1.0,
    ),
    **dict.fromkeys(["normal", "healthy", "ok"], 0.0),
}  # fmt: skip
"""words of a column that knows what is to be found: the forecaster must not see it"""
LABEL_WORDS = {
    **dict.fromkeys(["1", "true", "yes"], 1.0),
    **dict.fromkeys(["0", "false", "no"], 0.0),
    **STATES_OF_HEALTH,
}
"""how a label column of text says whether a row is an anomaly, in lower case"""
REMARKS = {
    "comment", "comments", "remark", "remarks", "note", "notes", "annotation", "annotations", "memo",
    "bemerkung", "bemerkungen", "kommentar", "anmerkung", "notiz", "hinweis", "commentaire", "commentaires",
    "remarque", "comentario", "comentarios", "observaciones", "commento", "opmerking", "kommentti",
}  # fmt: skip
"""words of columns in which people write"""
FEW_FILLED = 0.1
MOST_WORDS, FEWEST_ROWS = 12, 20
"""a column of text of at most so many different words, in at least so many rows, tells a state: on/off, a mode"""


def find_labels(frame: pd.DataFrame, taken: Set[str | None]) -> str | None:
    for column in frame.columns:
        if column in taken or not is_called_labels(column):
            continue
        cells = frame[column].dropna()
        known = cells.isin([0, 1]) if is_number_column(cells) else cells.str.strip().str.lower().isin(list(LABEL_WORDS))
        if known.all():
            return str(column)
    return next((str(column) for column in frame.columns if column not in taken and _tells_health(frame[column])), None)


def _tells_health(cells: pd.Series) -> bool:
    """Whether a column says in words when things were normal and when not, as a machine's status does."""
    if is_number_column(cells) or count_kinds(cells, MOST_WORDS + 1) > MOST_WORDS:
        return False
    words = {word.strip().lower() for word in cells.dropna().astype("str").unique()}
    states = {STATES_OF_HEALTH[word] for word in words if word in STATES_OF_HEALTH}
    return words <= set(LABEL_WORDS) and states == {0.0, 1.0}


def is_called_labels(column: str) -> bool:
    """Whether a column says by its name that it knows the anomalies: such a column is never proposed as an input."""
    return column.strip().lower() in LABEL_NAMES


def is_remark(tables: Sequence[Table], column: str) -> bool:
    """Whether text is what someone noted beside the measurements: called so, or in a few of the rows alone."""
    filled = sum(int(table.frame[column].notna().sum()) for table in tables)
    return bool(set(words_of(column)) & REMARKS) or filled < FEW_FILLED * sum(len(table.frame) for table in tables)


def in_words(tables: Sequence[Table]) -> list[str]:
    """The columns of text that tell a state by few words."""
    columns = []
    for column in tables[0].frame.columns:
        parts = [table.frame[column] for table in tables]
        if all(is_number_column(part) for part in parts):
            continue
        if max(count_kinds(part, MOST_WORDS + 1) for part in parts) > MOST_WORDS:
            continue
        words = {word for part in parts for word in part.dropna().astype("str").unique()[: MOST_WORDS + 1]}
        if 2 <= len(words) <= MOST_WORDS and sum(map(len, parts)) >= FEWEST_ROWS:
            columns.append(str(column))
    return columns


def spell_out(tables: Sequence[Table], column: str) -> list[str]:
    """A column of text as one context channel for each of its words, but the first of only two; others as they are."""
    if column not in tables[0].frame or all(is_number_column(table.frame[column]) for table in tables):
        return [column]
    words = sorted({word for table in tables for word in table.frame[column].dropna().astype("str").unique()})
    return [f"{column}={word}" for word in (words[1:] if len(words) == 2 else words)]


def tells(channel: str, column: str) -> bool:
    """Whether a channel is the column, or tells where it has a word: "mode=auto" of "mode"."""
    return channel == column or channel.startswith(f"{column}=")


def count_kinds(values: pd.Series, most: int) -> int:
    """How many different values there are; a number from `most` up may count the first rows alone."""
    few = values.iloc[:1_000].nunique()
    return few if few >= most else values.nunique()


def is_number_column(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values)
