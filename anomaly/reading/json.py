"""JSON: a list of records, an object of lists, or one record a line."""

import json
import re

import pandas as pd

from anomaly.exceptions import DataError
from anomaly.reading.columnar import make_table
from anomaly.reading.table import Table

START = re.compile(rb"(\xef\xbb\xbf)?\s*(\{\s*[\"}]|\[\s*[\[{\"\]\d-])")
"""not [Data], with which some instruments begin a CSV file"""


def looks_like_json(content: bytes) -> bool:
    return START.match(content[:200]) is not None


def read_json(content: bytes, name: str) -> Table:
    """Raises DataError naming the line at fault."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is no JSON: byte {error.start + 1:,} is not UTF-8.") from None
    try:
        data = json.loads(text)
    except RecursionError:
        raise DataError(f"{name} is nested too deeply: expected a list of records.") from None
    except json.JSONDecodeError as error:
        data = _read_lines(text, name, error)
    if isinstance(data, dict) and not any(isinstance(value, list) for value in data.values()):
        data = [data]
    if not isinstance(data, list | dict) or (isinstance(data, list) and not all(isinstance(row, dict) for row in data)):
        raise DataError(f'{name}: expected a list of records such as [{{"time": 0, "flow": 1.5}}], or lists by name.')
    try:
        frame = pd.DataFrame(data)
    except ValueError as error:
        raise DataError(f"{name}: expected lists of one length, found others ({error}).") from None
    nested = next((c for c in frame if frame[c].map(lambda cell: isinstance(cell, list | dict)).any()), None)
    if nested is not None:
        raise DataError(f"{name}: {str(nested)!r} holds lists or records: expected one number or text in each place.")
    return make_table(frame, content, name)


def _read_lines(text: str, name: str, error: json.JSONDecodeError) -> list[object]:
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            rows.append(json.loads(line))
        except (json.JSONDecodeError, RecursionError):
            # The first line no record either: the file is one value, broken where its own parser says.
            where = number if rows else error.lineno
            found = text.splitlines()[where - 1][:40]
            raise DataError(f"{name}, line {where:,}: expected JSON, found {found!r}.") from None
    return rows
