"""A file's cells, before anyone says what they mean."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from anomaly.domain import DataError, Repair

SHOWN = 5
UNIT_BEHIND = re.compile(r"(\s*[\[(][^\[\]()]*[\])])?\Z")


@dataclass(frozen=True)
class Told:
    """What a file says of its table beside the table itself."""

    start: str
    """when the first row was measured, as it is written; "" where that is not told"""
    step: float
    """seconds from row to row; 0 where that is not told"""
    unit: str = ""
    """of its values"""
    shown: str = ""
    """how the file says it"""
    order: Literal["day", "month"] | None = None
    """which comes first in its dates"""


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of numbers (float64 or int64, NaN = empty) or text (str), named by the file's header."""

    name: str
    """the file's name without its folder and ending"""
    frame: pd.DataFrame
    first_line: int
    """line of the file that holds the first row of `frame`"""
    repairs: tuple[Repair, ...]
    digest: str
    """sha256 of the file's bytes"""
    lines: np.ndarray | None = None
    """(R,) int64: the line each row starts on; None where every row is one line and none between is blank"""
    units: Mapping[str, str] = field(default_factory=dict)
    """of the columns whose unit the file tells"""
    told: Told | None = None
    """when it starts and how often it was measured, where the file says so beside it"""
    sheet: str = ""
    """name of the sheet, where the file is a workbook: only one sheet of it is used"""

    def has(self, column: str) -> bool:
        """Whether there is such a column, or it says where a column of text has some value: "mode=auto"."""
        return column in self.frame or self.split(column) is not None

    def numbers(self, column: str) -> np.ndarray:
        """(R,) float64, NaN = empty; of "mode=auto": 1 where the column "mode" is "auto", else 0."""
        split = None if column in self.frame else self.split(column)
        if split is None:
            return self.frame[column].to_numpy(np.float64, na_value=np.nan)
        cells = self.frame[split[0]]
        return np.where(cells.isna(), np.nan, (cells.astype("str") == split[1]).to_numpy(np.float64, na_value=np.nan))

    def split(self, column: str) -> tuple[str, str] | None:
        """The column of text and the value of "mode=auto"; None where there is no such column."""
        places = [place for place, sign in enumerate(column) if sign == "="]
        return next(((column[:at], column[at + 1 :]) for at in places if column[:at] in self.frame), None)

    def line(self, row: int) -> int:
        """The line of the file that holds a row of `frame`, the first line being 1."""
        return self.first_line + int(row) if self.lines is None else int(self.lines[row])


def load(source: str | Path | bytes, name: str | None) -> tuple[bytes, str]:
    """The bytes of a path, or the bytes themselves, and the name to call them by."""
    if isinstance(source, bytes):
        return source, _name(name or "data")
    path = Path(source)
    try:
        return path.read_bytes(), _name(str(name or path))
    except IsADirectoryError:
        raise DataError(
            f"{path} is a folder; expected a file, such as {path / 'sensors.csv'}. Name one in it."
        ) from None
    except FileNotFoundError:
        raise DataError(f"There is no file {path}. Check the spelling, and the folder you are in.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}. See whether you may read it.") from None
    except ValueError:  # a control code in the name
        raise DataError(f"{str(path)!r} cannot be read: expected the name of a file. Check its spelling.") from None


def _name(file: str) -> str:
    """What a file is called without its ending; a name that is no UTF-8 could not be written into any result."""
    return Path(file).stem.encode(errors="replace").decode()


def name_apart(names: Sequence[str], source: str) -> tuple[list[str], list[Repair]]:
    """Names of which none stands twice: "flow [l/min]", again, is "flow 2 [l/min]"; and a note that says so."""
    if len(set(names)) == len(names):
        return list(names), []
    apart: dict[str, str] = {}
    for name in names:
        number, new = 1, name
        end = len(name) - len(UNIT_BEHIND.search(name)[0])  # type: ignore[index]
        while new in apart or (number > 1 and new in names):
            number += 1
            new = f"{name[:end]} {number}{name[end:]}"
        apart[new] = name
    twice = [f"{old!r} as {new!r}" for new, old in apart.items() if old != new]
    shown = ", ".join(twice[:SHOWN]) + ", …" * (len(twice) > SHOWN)
    return list(apart), [Repair(f"{source}: columns called like one before them got a number: {shown}", len(twice))]


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
