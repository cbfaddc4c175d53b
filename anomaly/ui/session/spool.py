"""Opened tables set aside on disk: they are wanted again only where a person chooses other columns."""

import ctypes
import gc
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pyarrow as pa

from anomaly.domain import DataError, open_own, temporary_folder
from anomaly.reading import Table

M_MMAP_THRESHOLD = -3
FEW_BYTES = 8_000_000
"""tables of fewer stay in memory"""


class SpooledTables:
    """Tables whose cells lie in a folder of their own, which goes with this object."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self._tables = list(tables)
        self._folder: TemporaryDirectory[str] | None = None
        if sum(int(table.frame.memory_usage().sum()) for table in tables) < FEW_BYTES:
            return
        try:
            self._folder = temporary_folder()
            for number, table in enumerate(tables):
                with open_own(self._path(number)) as file:
                    table.frame.to_feather(file, compression="lz4")
        except OSError:
            # No room on the disk: memory it is.
            self._folder = None
            return
        # Not an empty slice: that would keep all of its memory.
        self._tables = [replace(table, frame=pd.DataFrame()) for table in tables]

    def load(self) -> list[Table]:
        """The tables as they were. Raises DataError where the folder has been cleared away meanwhile."""
        if self._folder is None:
            return self._tables
        try:
            frames = [pd.read_feather(self._path(number)) for number in range(len(self._tables))]
        except OSError:
            raise DataError(
                "The cells set aside when this file was opened are gone (temporary folders were cleared): "
                "open it again."
            ) from None
        return [replace(table, frame=frame) for table, frame in zip(self._tables, frames, strict=True)]

    def _path(self, number: int) -> Path:
        assert self._folder is not None
        return Path(self._folder.name) / f"{number}.feather"


def return_large_blocks() -> None:
    """Have arrays of a megabyte and more go back to the system when they are freed, instead of being kept for later."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, 1 << 20)


def release_memory() -> None:
    """Give back what parsing took: allocators keep it for the next time, and a server has many visitors."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    # Only glibc knows it.
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
