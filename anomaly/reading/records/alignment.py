"""Files of one dataset whose columns differ: a column that one lacks is missing there."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from anomaly.domain import Columns, DataError, Repair
from anomaly.reading.formats.budget import spend_cells, within_budget
from anomaly.reading.formats.table import Table

SHOWN = 5


def align(tables: Sequence[Table]) -> list[Table]:
    """The tables with unique names and the same columns: those of any, in order of first appearance."""
    tables = _name_apart(tables)
    names = list(dict.fromkeys(str(column) for table in tables for column in table.frame))
    if all(len(table.frame.columns) == len(names) for table in tables):
        return tables
    # A long file beside one of many columns, or a thousand of a few each: far more cells than the files hold.
    with within_budget(sum(int(table.frame.memory_usage().sum()) for table in tables)):
        spend_cells(sum(len(table.frame) for table in tables), len(names), f"{tables[0].name} with the other files")
    notes = []
    for name in names:
        without = [table.name for table in tables if name not in table.frame]
        if without:
            shown = ", ".join(without[:SHOWN]) + ", …" * (len(without) > SHOWN)
            notes.append(Repair(f"Column {name!r} is not in {shown}: missing there", len(without)))
    texts = {str(name) for table in tables for name in table.frame if table.frame[name].dtype == "str"}
    aligned = [replace(table, frame=_extend(table.frame, names, texts)) for table in tables]
    return [replace(aligned[0], repairs=(*aligned[0].repairs, *notes)), *aligned[1:]]


def _name_apart(tables: Sequence[Table]) -> list[Table]:
    """Files of the same name in different folders (or bytes without one) get a number: their names name records."""
    shared = {name for name, count in Counter(table.name for table in tables).items() if count > 1}
    return [
        replace(table, name=f"{table.name} {number}") if table.name in shared else table
        for number, table in enumerate(tables, 1)
    ]


def _extend(frame: pd.DataFrame, names: Sequence[str], texts: set[str]) -> pd.DataFrame:
    new = {name: pd.Series(np.nan, frame.index, dtype="str" if name in texts else float) for name in names}
    return pd.DataFrame({name: frame[name] if name in frame else new[name] for name in names}, copy=False)


def check_shared(tables: Sequence[Table], columns: Columns) -> None:
    """Raises DataError where a file lacks the time or the record, or has no channel that any other one has."""
    if len(tables) == 1:
        return
    for part, name in (("time", columns.time), ("record", columns.record)):
        without = [table.name for table in tables if name is not None and table.frame[name].isna().all()]
        if without:
            raise DataError(
                f"{without[0]} has no column {name!r}, which is the {part} of the other files: expected it in all of "
                "them. Detect them one by one."
            )
    has = np.array([[bool(_cells(table, name).notna().any()) for name in columns.monitored] for table in tables])
    alone = ~(has & (has.sum(0) > 1)).any(1) & has.any(1)
    if alone.any():
        table = tables[int(np.argmax(alone))]
        names = [name for name, held in zip(columns.monitored, has[int(np.argmax(alone))], strict=True) if held]
        raise DataError(
            f"{table.name} shares no channel with the other files: expected at least one, found "
            f"{', '.join(map(repr, names[:SHOWN]))} in it alone. Detect them one by one."
        )


def _cells(table: Table, name: str) -> pd.Series:
    """Of a channel, or of the column of text that it is a word of."""
    split = None if name in table.frame else table.split(name)
    return table.frame[name if split is None else split[0]]
