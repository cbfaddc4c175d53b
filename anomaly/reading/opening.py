"""What is known of an upload once it is read: its dataset, its columns, and its cells, set aside on disk."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from anomaly.domain import DataError, Dataset, ReadSettings, open_own
from anomaly.reading.assembly import assemble, assemble_shaped, shape_tables, sheets_of
from anomaly.reading.columns.inspection import inspect_columns
from anomaly.reading.formats.files import Source, read_files, read_table
from anomaly.reading.formats.table import Table
from anomaly.reading.labelling import label_dataset

FEW_BYTES = 8_000_000
"""tables of fewer stay in memory"""


@dataclass(frozen=True, eq=False)
class Look:
    """What is known of the columns of the tables that are used."""

    names: list[str]
    numeric: list[str]
    sheets: list[str]
    sheet: str
    """the one that is used; empty where the file is no workbook"""
    columns: Any
    """one line for each (`anomaly.reading.columns.inspection`)"""


@dataclass(frozen=True, eq=False)
class Opening:
    dataset: Dataset
    look: Look
    tables: Sequence[Table]
    """all that were read; those that are set aside are without their columns"""


def open_upload(
    files: Sequence[tuple[Source, str | None]], known: tuple[bytes, str] | None, folder: Path | None
) -> Opening:
    """Read files (and what to call them); `known` is one of known anomalies, `folder` where cells are set aside, if
    anywhere. Raises DataError."""
    tables = read_files(files)
    opening = look_at(tables, ReadSettings())
    if known is not None:
        opening = replace(opening, dataset=label_dataset(opening.dataset, read_table(*known)))
    return opening if folder is None else replace(opening, tables=set_aside(tables, folder))


def look_at(tables: Sequence[Table], settings: ReadSettings) -> Opening:
    """What tables that were read are, by these settings. Raises DataError and SettingsError."""
    shaped = shape_tables(tables, settings)
    dataset = assemble_shaped(shaped, settings)
    frame = shaped[0].frame
    names = [str(name) for name in frame.columns]
    numeric = [name for name in names if frame[name].dtype.kind in "if"]
    look = Look(names, numeric, sheets_of(tables), shaped[0].sheet, inspect_columns(shaped, dataset))
    return Opening(dataset, look, tables)


def look_again(tables: Sequence[Table], folder: Path | None, settings: ReadSettings) -> Opening:
    """As `look_at`, of the tables of an `Opening`. Raises DataError where the folder has been cleared away."""
    return replace(look_at(take_up(tables, folder), settings), tables=tables)


def open_like(files: Sequence[tuple[Source, str | None]], settings: ReadSettings) -> Dataset:
    """Files as others were read. Raises DataError and SettingsError."""
    return assemble(read_files(files), settings)


def open_labels(files: Sequence[tuple[bytes, str]]) -> Table:
    """A file of known anomalies. Raises DataError."""
    return read_table(*files[0])


def set_aside(tables: Sequence[Table], folder: Path) -> list[Table]:
    """The tables without their cells, which lie in the folder; as they were where they are few, or it has no room."""
    if sum(int(table.frame.memory_usage().sum()) for table in tables) < FEW_BYTES:
        return list(tables)
    try:
        for number, table in enumerate(tables):
            with open_own(_place(folder, number)) as file:
                table.frame.to_feather(file, compression="lz4")
    except OSError:
        return list(tables)
    # Not an empty slice: that would keep all of its memory.
    return [replace(table, frame=pd.DataFrame()) for table in tables]


def take_up(tables: Sequence[Table], folder: Path | None) -> list[Table]:
    """The tables with the cells that were set aside. Raises DataError where they have been cleared away."""

    def load(number: int, table: Table) -> Table:
        if folder is None or len(table.frame.columns):
            return table
        return replace(table, frame=pd.read_feather(_place(folder, number)))

    try:
        return [load(number, table) for number, table in enumerate(tables)]
    except OSError:
        raise DataError(
            "The cells set aside when this file was opened are gone (temporary folders were cleared): open it again."
        ) from None


def _place(folder: Path, number: int) -> Path:
    return folder / f"{number}.feather"
