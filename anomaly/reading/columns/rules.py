"""A simple rule on one column, such as running=0: the rows for which it holds."""

import difflib
import operator
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from anomaly.domain import SettingsError
from anomaly.reading.formats.table import Table

RULE = re.compile(r"\s*(.+?)\s*(<=|>=|!=|==|=|<|>)\s*(.+?)\s*")
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "==": operator.eq, "!=": operator.ne,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def find_rows(table: Table, rule: str) -> np.ndarray:
    """(R,) bool: where `rule` holds; never where the cell is empty. Raises SettingsError for what is no such rule."""
    parts = RULE.fullmatch(rule)
    if parts is None:
        raise SettingsError(f"ignore: expected a rule such as running=0 or speed<5, found {rule!r}. Write it so.")
    column, sign, wanted = parts.groups()
    if column not in table.frame:
        near = difflib.get_close_matches(column, [str(name) for name in table.frame], 1, 0.0)
        raise SettingsError(
            f"ignore: {table.name} has no column {column!r}; the nearest is {near[0]!r}. Name one that it has."
        )
    cells = table.frame[column]
    if pd.api.types.is_numeric_dtype(cells):
        try:
            number = float(wanted)
        except ValueError:
            raise SettingsError(
                f"ignore: column {column!r} of {table.name} holds numbers; expected one after {sign!r}, "
                f"found {wanted!r}. Write a number there."
            ) from None
        values = cells.to_numpy(np.float64, na_value=np.nan)
        return np.asarray(COMPARE[sign](values, number)) & ~np.isnan(values)
    if sign not in ("=", "==", "!="):
        raise SettingsError(
            f"ignore: column {column!r} of {table.name} holds text, which is not more or less: expected = or !=. "
            "Write one of these."
        )
    same = (cells.astype("str").str.strip().str.lower() == wanted.lower()).fillna(False).to_numpy(bool)
    return (same if sign != "!=" else ~same) & cells.notna().to_numpy()
