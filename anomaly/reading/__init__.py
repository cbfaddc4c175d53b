"""Files, uploads and bytes -> tables; `read` goes all the way to a dataset."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from anomaly.cleaning import make_dataset
from anomaly.columns import propose_columns
from anomaly.domain import Dataset
from anomaly.exceptions import DataError
from anomaly.reading.csv import read_csv
from anomaly.reading.table import Table, load
from anomaly.settings import ReadSettings

__all__ = ["Table", "read", "read_table"]

Source = str | Path | bytes


def read_table(source: Source, name: str | None = None) -> Table:
    """The cells of a file (a path) or of its bytes (then `name` is what to call it)."""
    content, name = load(source, name)
    return read_csv(content, name)


def read(
    source: Source | Sequence[Source], settings: ReadSettings | None = None, *, name: str | None = None
) -> Dataset:
    """Read one file, or several whose columns agree, into a dataset; several files are its records.

    Raises DataError, with the line and column, where something cannot be used, and SettingsError for an unknown column.
    """
    sources = [source] if isinstance(source, str | Path | bytes) else list(source)
    if not sources:
        raise DataError("No file was given: expected at least one.")
    tables = _name_apart([read_table(one, name) for one in sources])
    return make_dataset(tables, propose_columns(tables, settings or ReadSettings()))


def _name_apart(tables: list[Table]) -> list[Table]:
    """Files of the same name in different folders (or bytes without one) get a number: their names name records."""
    shared = {name for name, count in Counter(table.name for table in tables).items() if count > 1}
    return [
        replace(table, name=f"{table.name} {number}") if table.name in shared else table
        for number, table in enumerate(tables, 1)
    ]
