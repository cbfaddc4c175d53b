"""JSON: a list of records, an object of lists, the other forms that pandas writes, or one record a line."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from anomaly.domain import DataError, Repair
from anomaly.reading.formats.budget import spend_cells
from anomaly.reading.formats.columnar import make_table, tell_nested
from anomaly.reading.formats.delimited.figures import is_figure
from anomaly.reading.formats.delimited.preamble import read_preamble
from anomaly.reading.formats.nested_json import LOOKED_AT, longest_list, spell_columns, unnest
from anomaly.reading.formats.table import SHOWN, Table, Told

START = re.compile(rb"(\xef\xbb\xbf)?\s*(\{\s*[\"}]|\[\s*[\[{\"\]\d-])")
"""not [Data], with which some instruments begin a CSV file"""


def looks_like_json(content: bytes) -> bool:
    return START.match(content[:200]) is not None


def read_json(content: bytes, name: str) -> Table:
    """Raises DataError naming the line at fault."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is no JSON: byte {error.start + 1:,} is not UTF-8. Save it in UTF-8.") from None
    try:
        data = json.loads(text)
    except RecursionError:
        raise DataError(f"{name} is nested too deeply: expected a list of records. Save that list alone.") from None
    except json.JSONDecodeError as error:
        data = _read_lines(text, name, error)
    except ValueError:
        raise _refuse_digits(text, name) from None
    table, notes = _unwrap(data, name)
    if _lies_deeper(table) and (found := unnest(data, name)) is not None:
        made = make_table(found.frame, content, name, found.notes)
        return replace(made, units=found.units, told=_told_beside(data))
    if isinstance(table, dict) and not _is_split(table) and 0 < _count_objects(table) < len(table):
        raise refuse_nested(table, name)
    if isinstance(table, dict) and not any(isinstance(value, list | dict) for value in table.values()):
        table = [table]
    spend_cells(*_extent(table), name)
    frame = _lay_out(table, name)
    nested = np.array([_is_nested(frame.iloc[:, place]) for place in range(len(frame.columns))], bool)
    notes += tell_nested([str(column) for column in frame.columns[nested]], len(nested), name)
    frame, units = spell_columns(frame.loc[:, ~nested], data) if table is not data else (frame.loc[:, ~nested], {})
    return replace(make_table(frame, content, name, notes), units=units, told=_told_beside(data))


def _told_beside(data: Any) -> Told | None:
    """What an object says of the start and the rate of the lists in it."""
    scalars = (
        {key: part for key, part in data.items() if isinstance(part, str | int | float)}
        if isinstance(data, dict)
        else {}
    )
    return read_preamble([json.dumps(scalars)]) if scalars else None


def _count_objects(data: dict[str, Any]) -> int:
    return sum(isinstance(part, dict) for part in data.values())


def _lies_deeper(data: Any) -> bool:
    """Whether data are no table as they are, or have lists and records for cells."""
    if _is_split(data) or (isinstance(data, dict) and _is_table_by_name(data)):
        return False
    if not isinstance(data, list):
        return True
    sample = [row for row in data[:LOOKED_AT] if isinstance(row, dict | list)]
    cells = [cell for row in sample for cell in (row.values() if isinstance(row, dict) else row)]
    return any(isinstance(cell, dict | list) for cell in cells)


def _is_table_by_name(data: dict[str, Any]) -> bool:
    """Lists by name, or records by name, as pandas writes them, or one record."""
    cells = [cell for part in data.values() for cell in _first_cells(part)]
    same = {type(part) for part in data.values() if isinstance(part, list | dict)}
    kinds = len(same) == 1 and all(isinstance(part, list | dict) for part in data.values())
    return not same or (kinds and not any(isinstance(cell, list | dict) for cell in cells))


def _first_cells(part: Any) -> list[Any]:
    cells = part.values() if isinstance(part, dict) else part if isinstance(part, list) else []
    return list(islice(cells, LOOKED_AT))


def _unwrap(data: Any, name: str) -> tuple[Any, list[Repair]]:
    """The table that an object holds under one of its keys, where the object itself is none."""
    is_table = not isinstance(data, dict) or _is_split(data) or _is_lists(data)
    items = [] if is_table else data.items()
    tables = [key for key, value in items if _is_records(value) or _is_lists(value) or _is_split(value)]
    # A table shorter than another list tells of that, as do the names of its columns, or the day.
    if len(tables) != 1 or longest_list(data)[1] > max(_extent(data[tables[0]])[0], longest_list(data[tables[0]])[1]):
        return data, []
    others = [repr(key) for key in data if key != tables[0]]
    shown = ", ".join(others[:SHOWN]) + ", …" * (len(others) > SHOWN)
    note = Repair(f"{name}: the table under {tables[0]!r} is read; passed over: {shown}")
    return data[tables[0]], [note] if others else []


def _refuse_digits(text: str, name: str) -> DataError:
    """Python reads no integer of so many digits."""
    digits = max(map(len, re.findall(r"[0-9]{4000,}", text)), default=0)
    return DataError(f"{name} holds a number of {digits:,} digits: expected one that a measurement can have. Mend it.")


def _is_nested(cells: pd.Series) -> bool:
    return cells.dtype == object and any(isinstance(cell, list | dict) for cell in cells)


def _extent(data: Any) -> tuple[int, int]:
    """Rows and columns of the table that the data become: a cell for every name that any row has."""
    if _is_split(data):
        return len(data["data"]), max(len(data["columns"]), *map(len, data["data"]), 0)
    if isinstance(data, dict) and data and all(isinstance(value, dict) for value in data.values()):
        names = _count_names(data.values())
        return (len(data), names) if _is_by_row(data) else (names, len(data))
    if isinstance(data, dict):
        return max((len(column) for column in data.values() if isinstance(column, list | dict)), default=1), len(data)
    if _is_records(data):
        return len(data), _count_names(data)
    return (len(data), max(map(_width, data), default=0)) if isinstance(data, list) else (1, 1)


def _width(row: Any) -> int:
    return len(row) if isinstance(row, list) else 1


def _count_names(rows: Iterable[dict[str, Any]]) -> int:
    names: set[str] = set()
    for row in rows:
        names.update(row)
    return len(names)


def _lay_out(data: Any, name: str) -> pd.DataFrame:
    """The table of any form that pandas writes; of records, each is a row."""
    try:
        if _is_split(data):
            # Two levels of names come as a list of both.
            names = [" ".join(map(str, name)) if isinstance(name, list) else str(name) for name in data["columns"]]
            frame = pd.DataFrame(data["data"], columns=names)
            return _with_index(frame, data.get("index", range(len(frame))))
        if isinstance(data, dict) and data and all(isinstance(value, dict) for value in data.values()):
            frame = pd.DataFrame(data)
            frame = frame.T.infer_objects() if _is_by_row(data) else frame
            return _with_index(frame, list(frame.index))
        if _is_records(data) or isinstance(data, dict):
            return pd.DataFrame(data)
        if isinstance(data, list) and data and all(isinstance(row, list) for row in data):
            has_names = all(isinstance(cell, str) for cell in data[0]) and len(data) > 1
            channels = [f"channel_{number}" for number in range(1, max(map(len, data)) + 1)]
            return pd.DataFrame(data[has_names:], columns=data[0] if has_names else channels)
    except (ValueError, TypeError, AssertionError) as error:
        raise DataError(
            f"{name}: expected lists of one length, found others ({error}). Save those of one length alone."
        ) from None
    raise refuse_nested(data, name)


def refuse_nested(data: Any, name: str) -> DataError:
    path, count = longest_list(data)
    where = f"its longest list is {path!r}, of {count:,}, which is no table either" if count else "it holds no list"
    return DataError(
        f'{name}: expected a list of records such as [{{"time": 0, "flow": 1.5}}], or lists by name; {where}. Save the '
        "list of what was measured as one of these, or as CSV."
    )


def _is_records(data: Any) -> bool:
    return isinstance(data, list) and len(data) > 0 and all(isinstance(row, dict) for row in data)


def _is_lists(data: Any) -> bool:
    if not isinstance(data, dict) or len(data) < 2 or not all(isinstance(column, list) for column in data.values()):
        return False
    return len({len(column) for column in data.values()}) == 1


def _is_split(data: Any) -> bool:
    """Whether names and rows stand apart."""
    if not isinstance(data, dict) or not {"columns", "data"} <= set(data) <= {"columns", "data", "index"}:
        return False
    return all(isinstance(part, list) for part in data.values()) and all(isinstance(row, list) for row in data["data"])


def _is_by_row(data: dict[str, dict[str, Any]]) -> bool:
    """Whether records of records are rows by index, not columns by name: their own keys name the columns."""
    inner = [key for column in data.values() for key in column]
    return all(map(is_figure, data)) and not all(map(is_figure, inner))


def _with_index(frame: pd.DataFrame, index: Sequence[object]) -> pd.DataFrame:
    """With the index as its first column, unless that but counts the rows."""
    if [str(row) for row in index] == [str(row) for row in range(len(frame))] or "index" in frame:
        return frame
    frame = frame.reset_index(drop=True)
    frame.insert(0, "index", pd.Series(list(index)))
    return frame


def _read_lines(text: str, name: str, error: json.JSONDecodeError) -> list[object]:
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            rows.append(json.loads(line))
        except (ValueError, RecursionError) as found_error:
            if type(found_error) is ValueError:
                raise _refuse_digits(line, f"{name}, line {number:,}") from None
            # The first line no record either: the file is one value, broken where its own parser says.
            where = number if rows else error.lineno
            found = text.splitlines()[where - 1][:40]
            raise DataError(
                f"{name}, line {where:,}: expected JSON, found {found!r}. Export it again, or mend that line."
            ) from None
    return rows
