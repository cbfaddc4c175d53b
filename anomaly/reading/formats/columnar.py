"""Parquet, Feather and NumPy files: their columns are typed already."""

import io
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as parquet

from anomaly.domain import DataError, Repair
from anomaly.reading.formats.table import SHOWN, Table, digest_of, name_apart

PARQUET, ARROW, FEATHER, NUMPY = b"PAR1", b"ARROW1", b"FEA1", b"\x93NUMPY"


def read_parquet(content: bytes, name: str) -> Table:
    return _from_arrow(content, name, "Parquet", lambda: parquet.read_table(pa.BufferReader(content)))


def read_feather(content: bytes, name: str) -> Table:
    return _from_arrow(content, name, "Feather", lambda: feather.read_table(pa.BufferReader(content)))


def _from_arrow(content: bytes, name: str, kind: str, read: Callable[[], pa.Table]) -> Table:
    try:
        table = read()
        # Text that is not UTF-8 would only be found out when it is looked at.
        table.validate(full=True)
        nested = [field.name for field in table.schema if pa.types.is_nested(field.type)]
        frame = _to_pandas(table.drop_columns(nested))
    except Exception as error:  # whatever a parser of foreign bytes stumbles over
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{name} is no sound {kind} file ({reason}). Copy or export it again.") from None
    notes = tell_nested(nested, len(table.schema), name)
    if isinstance(frame.columns, pd.MultiIndex):
        frame.columns = pd.Index([" ".join(str(part) for part in name if str(part)) for name in frame.columns])
    if not isinstance(frame.index, pd.RangeIndex):
        # What pandas kept as an index is a column like any other, most often the time.
        frame = frame.reset_index()
    return make_table(frame, content, name, notes)


def tell_nested(nested: Sequence[str], columns: int, name: str) -> list[Repair]:
    """That columns of lists or records are left out. Raises DataError where that leaves none."""
    if not nested:
        return []
    shown = ", ".join(map(repr, nested[:SHOWN])) + ", …" * (len(nested) > SHOWN)
    holds = "holds" if len(nested) == 1 else "hold"
    if len(nested) == columns:
        raise DataError(f"{name}: {shown} {holds} lists or records: expected one number or text in each cell.")
    return [Repair(f"{name}: {shown} {holds} lists or records, not one number in each cell: left out", len(nested))]


def _to_pandas(table: pa.Table) -> pd.DataFrame:
    """With the index that pandas kept in the file; without it where what pandas wrote of it is damaged."""
    try:
        return table.to_pandas()
    except (ValueError, LookupError, TypeError, AttributeError, pa.ArrowException):
        return table.replace_schema_metadata(None).to_pandas()


def read_numpy(content: bytes, name: str) -> Table:
    """`.npy`: (T,) or (T, C). `.npz`: arrays of one length side by side."""
    try:
        loaded = np.load(io.BytesIO(content), allow_pickle=False)
        arrays = dict(loaded) if hasattr(loaded, "files") else {"": loaded}
    except Exception as error:  # whatever a parser of foreign bytes stumbles over
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{name} is no sound NumPy file of numbers ({reason}).") from None
    columns: dict[str, np.ndarray] = {}
    for key, array in arrays.items():
        if array.ndim not in (1, 2) or array.dtype.kind not in "biufMUS":
            raise DataError(
                f"{name}: expected arrays of numbers (steps,) or (steps, channels), found "
                f"{array.shape} of {array.dtype}{f' called {key!r}' if key else ''}."
            )
        if array.ndim == 1:
            columns[key or "channel_1"] = array
        else:
            columns |= {f"{key or 'channel'}_{n}": array[:, n - 1] for n in range(1, array.shape[1] + 1)}
    lengths = {len(column) for column in columns.values()}
    if len(lengths) != 1:
        raise DataError(f"{name}: expected arrays of one length, found lengths {sorted(lengths)}.")
    return make_table(pd.DataFrame(columns), content, name)


def make_table(frame: pd.DataFrame, content: bytes, name: str, notes: Sequence[Repair] = ()) -> Table:
    """A table of typed columns: numbers stay, times become ISO 8601 text, everything else text."""
    if not len(frame) or not len(frame.columns):
        raise DataError(f"{name} has no rows: expected at least two rows of numbers.")
    names, renamed = name_apart([str(column) for column in frame.columns], name)
    columns = {column: _plain(frame.iloc[:, place]) for place, column in enumerate(names)}
    return Table(name, pd.DataFrame(columns), 1, (*notes, *renamed), digest_of(content))


def _plain(cells: pd.Series) -> pd.Series:
    cells = cells.reset_index(drop=True)
    if pd.api.types.is_bool_dtype(cells.dtype):
        return cells.astype(float) if cells.isna().any() else cells.astype(np.int64)
    if pd.api.types.is_integer_dtype(cells.dtype) and not cells.isna().any():
        return cells.astype(np.int64) if cells.dtype.kind != "u" or cells.max() < 2**63 else cells.astype(float)
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return cells.astype(float)
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return cells.map(lambda time: time.isoformat(), na_action="ignore").astype("str")
    text = cells.astype("str").where(cells.notna())
    numbers = pd.to_numeric(text, errors="coerce")
    return numbers.astype(float) if numbers.notna().sum() == text.notna().sum() > 0 else text
