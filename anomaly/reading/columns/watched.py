"""Two-valued columns that change so rarely that they are watched, not taken for context: a fault, a door, a relay."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from anomaly.reading.columns.states import in_words, spell_out
from anomaly.reading.formats.table import Table
from anomaly.reading.vocabulary.kind_words import ON_OFF, names_alarm, names_command

MOST_CHANGES = 4
"""in all records together: what changes in each of many is foreseen"""
FEWEST_ROWS, SHORTEST_STAY = 100, 10
"""rows; what is no alarm by its name and lasts shorter is a command, a pulse, a mark"""


def is_watched(tables: Sequence[Table], column: str, record: str | None) -> bool:
    """Whether what a channel of two values tells ("0 or 1", "door=open") changes, but a few times in the file."""
    name = column.partition("=")[0] if column not in tables[0].frame else column
    if names_command(name):
        return False
    parts = [part for table in tables for part in _parts(table, column, record)]
    known = np.unique(np.concatenate(parts)) if parts else np.empty(0)
    if len(known) != 2 or sum(map(len, parts)) < FEWEST_ROWS:
        return False
    # Two levels, neither of them none, are more often set than found.
    is_switch = known.min() == 0 or known.max() == 0 or known.sum() == 0
    turns = [np.flatnonzero(np.diff(part) != 0) + 1 for part in parts]
    if not 1 <= sum(map(len, turns)) <= MOST_CHANGES:
        return False
    if names_alarm(name):
        return True
    stays = [np.diff([0, *at, len(part)]).min() for at, part in zip(turns, parts, strict=True) if len(at)]
    return is_switch and bool(min(stays) >= SHORTEST_STAY)


def watched_words(tables: Sequence[Table], channels: Sequence[str], record: str | None) -> list[str]:
    """Of channels that tell a word of a column, those of contacts and relays that change but a few times."""
    contacts = [column for column in in_words(tables) if _tells_on_off(tables, column)]
    found = [name for column in contacts for name in spell_out(tables, column) if name in channels]
    return [name for name in found if is_watched(tables, name, record)]


def _tells_on_off(tables: Sequence[Table], column: str) -> bool:
    words = {str(word).strip().lower() for table in tables for word in table.frame[column].dropna().unique()}
    return len(words) == 2 and words <= ON_OFF


def _parts(table: Table, column: str, record: str | None) -> list[np.ndarray]:
    """The known values of each record."""
    values = pd.Series(table.numbers(column))
    groups = [values] if record is None else [part for _, part in values.groupby(table.frame[record].to_numpy())]
    return [part.dropna().to_numpy() for part in groups]
