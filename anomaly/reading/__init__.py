"""Files, uploads and bytes -> tables."""

from pathlib import Path

from anomaly.reading.csv import read_csv
from anomaly.reading.table import Table, load

__all__ = ["Source", "Table", "read_table"]

Source = str | Path | bytes


def read_table(source: Source, name: str | None = None) -> Table:
    """The cells of a file (a path) or of its bytes (then `name` is what to call it)."""
    content, name = load(source, name)
    return read_csv(content, name)
