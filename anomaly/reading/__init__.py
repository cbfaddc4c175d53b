"""Files, uploads and bytes -> tables."""

import zipfile
from io import BytesIO
from pathlib import Path

from anomaly.exceptions import DataError
from anomaly.reading import archives, columnar
from anomaly.reading.csv import read_csv
from anomaly.reading.json import looks_like_json, read_json
from anomaly.reading.table import Table, load
from anomaly.settings import FILE_ENDINGS

__all__ = ["Source", "Table", "read_table", "read_tables"]

Source = str | Path | bytes


def read_table(source: Source, name: str | None = None) -> Table:
    """The cells of a file (a path) or of its bytes (then `name` is what to call it), which hold one table."""
    tables = read_tables(source, name)
    if len(tables) > 1:
        raise DataError(f"{tables[0].name} and {len(tables) - 1} more tables came from one file: expected one.")
    return tables[0]


def read_tables(source: Source, name: str | None = None) -> list[Table]:
    """As `read_table`; a zip archive holds a table for each of its files."""
    content, name = load(source, name)
    if content.startswith(archives.GZIP):
        return _read(archives.unpack_gzip(content, name), _inner_name(name))
    return _read(content, name)


def _read(content: bytes, name: str) -> list[Table]:
    if content.startswith(archives.ZIP):
        if _is_npz(content):
            return [columnar.read_numpy(content, name)]
        tables = [_read(member, Path(inside).stem) for member, inside in archives.unpack_zip(content, name)]
        return [table for found in tables for table in found]
    for magic, read in (
        (columnar.PARQUET, columnar.read_parquet),
        (columnar.ARROW, columnar.read_feather),
        (columnar.FEATHER, columnar.read_feather),
        (columnar.NUMPY, columnar.read_numpy),
    ):
        if content.startswith(magic):
            return [read(content, name)]
    return [read_json(content, name) if looks_like_json(content) else read_csv(content, name)]


def _inner_name(name: str) -> str:
    """ "pump.csv", what is left of "pump.csv.gz", as "pump"."""
    return Path(name).stem if Path(name).suffix.lstrip(".").lower() in FILE_ENDINGS else name


def _is_npz(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        return False
    return bool(names) and all(name.endswith(".npy") for name in names)
