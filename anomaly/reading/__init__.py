"""Files, uploads and bytes -> tables; `read` goes all the way to a dataset."""

from collections.abc import Sequence
from pathlib import Path

from anomaly.cleaning import make_dataset
from anomaly.columns import propose_columns
from anomaly.domain import Dataset
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
    tables = [read_table(one, name) for one in sources]
    return make_dataset(tables, propose_columns(tables, settings or ReadSettings()))
