"""Parquet, Feather and NumPy files: their columns are typed already."""

import io
import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.feather as feather
import pyarrow.parquet as parquet

from anomaly.domain import DataError, Repair
from anomaly.reading.formats.archives import unpack_zip
from anomaly.reading.formats.arrow_sizes import is_folded, is_nested, is_text, tell_size, unfolded_bytes
from anomaly.reading.formats.budget import spend_bytes, spend_cells
from anomaly.reading.formats.epoch_text import read_epochs
from anomaly.reading.formats.table import SHOWN, Table, digest_of, name_apart

NPY = ".npy"
PARQUET, ARROW, FEATHER, NUMPY = b"PAR1", b"ARROW1", b"FEA1", b"\x93NUMPY"


def read_parquet(content: bytes, name: str) -> Table:
    return _from_arrow(content, name, "Parquet", _open_parquet)


def read_feather(content: bytes, name: str) -> Table:
    return _from_arrow(content, name, "Feather", _open_feather)


def _open_parquet(content: bytes, name: str) -> tuple[pa.Table, list[str]]:
    """The columns of numbers and text; and the names of the others."""
    told = parquet.read_metadata(pa.BufferReader(content))
    schema = parquet.read_schema(pa.BufferReader(content))
    groups = [told.row_group(place) for place in range(told.num_row_groups)]
    spend_cells(told.num_rows, told.num_columns, name)
    # A list has many values in each row.
    values = sum(group.column(place).num_values for group in groups for place in range(told.num_columns))
    spend_cells(max(values - told.num_rows * told.num_columns, 0), 1, name)
    wide = sum(field.type.byte_width for field in schema if pa.types.is_fixed_size_binary(field.type))
    spend_bytes(sum(group.total_byte_size for group in groups) + told.num_rows * wide, name)
    nested = [field.name for field in schema if is_nested(field.type)]
    kept = [field for field in schema if field.name not in nested] if nested else list(schema)
    # A text that stands in every row is kept once in the file, and at first here.
    texts = [field.name for field in kept if is_text(field.type)]
    columns = [field.name for field in kept] if nested else None
    return parquet.read_table(pa.BufferReader(content), columns=columns, read_dictionary=texts), nested


def _open_feather(content: bytes, name: str) -> tuple[pa.Table, list[str]]:
    if content.startswith(ARROW):
        told = tell_size(content)
        spend_bytes(told.bytes, name)
        spend_cells(told.rows, len(pa.ipc.open_file(pa.BufferReader(content)).schema), name)
    table = feather.read_table(pa.BufferReader(content))
    if not content.startswith(ARROW):  # of the first version, which is not laid out yet
        spend_cells(table.num_rows, table.num_columns, name)
    nested = [field.name for field in table.schema if is_nested(field.type)]
    return table.drop_columns(nested), nested


def _unfold(table: pa.Table, name: str) -> pa.Table:
    """With each cell by itself, where the budget holds them all."""
    for place, field in enumerate(table.schema):
        if not is_folded(field.type):
            continue
        column = table.column(place)
        spend_bytes(unfolded_bytes(column), name)
        if pa.types.is_run_end_encoded(field.type):
            column = pc.run_end_decode(column)
        elif pa.types.is_dictionary(field.type):
            column = column.cast(field.type.value_type)
        table = table.set_column(place, field.name, column)
    return table


def _from_arrow(
    content: bytes, name: str, kind: str, read: Callable[[bytes, str], tuple[pa.Table, list[str]]]
) -> Table:
    try:
        table, nested = read(content, name)
        # Text that is not UTF-8 would only be found out when it is looked at.
        table.validate(full=True)
        frame = _to_pandas(_unfold(table, name))
    except (DataError, MemoryError):
        raise
    except Exception as error:  # whatever a parser of foreign bytes stumbles over
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{name} is no sound {kind} file ({reason}). Copy or export it again.") from None
    notes = tell_nested(nested, len(table.schema) + len(nested), name)
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
        raise DataError(
            f"{name}: {shown} {holds} lists or records: expected one number or text in each "
            "cell. Save each part as a column of its own."
        )
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
        arrays = dict(_load_arrays(content, name))
    except (DataError, MemoryError):
        raise
    except Exception as error:  # whatever a parser of foreign bytes stumbles over
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{name} is no sound NumPy file of numbers ({reason}). Save it again with numpy.save."
        ) from None
    columns: list[tuple[str, np.ndarray]] = []
    for key, array in arrays.items():
        if array.ndim not in (1, 2) or array.dtype.kind not in "biufMUS":
            raise DataError(
                f"{name}: expected arrays of numbers (steps,) or (steps, channels), found "
                f"{array.shape} of {array.dtype}{f' called {key!r}' if key else ''}. Save it in one of these shapes."
            )
        spend_cells(len(array), 1 if array.ndim == 1 else array.shape[1], name)
        if array.ndim == 1:
            columns.append((key or "channel_1", array))
        else:
            columns += [(f"{key or 'channel'}_{n}", array[:, n - 1]) for n in range(1, array.shape[1] + 1)]
    lengths = {len(column) for _, column in columns}
    if len(lengths) != 1:
        raise DataError(
            f"{name}: expected arrays of one length, found lengths {sorted(lengths)}. Save those of one length alone."
        )
    # The second column of "a" and an array "a_2" have one name.
    names, renamed = name_apart([column for column, _ in columns], name)
    frame = pd.DataFrame({column: cells for column, (_, cells) in zip(names, columns, strict=True)})
    return make_table(frame, content, name, renamed)


def _load_arrays(content: bytes, name: str) -> Iterator[tuple[str, np.ndarray]]:
    """The array of a file, or those of an archive by their names."""
    if content.startswith(NUMPY):
        yield "", _load_array(content)
        return
    for member, file in unpack_zip(content, name, in_order=True):
        yield file.removesuffix(NPY), _load_array(member)


def _load_array(content: bytes) -> np.ndarray:
    """Raises ValueError where it promises more than there is: so much would be allocated first."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    read_header = np.lib.format.read_array_header_1_0 if version[0] == 1 else np.lib.format.read_array_header_2_0
    shape, _, kind = read_header(stream)
    promised, found = math.prod(shape) * kind.itemsize, len(content) - stream.tell()
    if promised > found:
        raise ValueError(f"its header promises {promised:,} bytes, found {found:,}")
    return np.load(io.BytesIO(content), allow_pickle=False)


def make_table(frame: pd.DataFrame, content: bytes, name: str, notes: Sequence[Repair] = ()) -> Table:
    """A table of typed columns: numbers stay, times become ISO 8601 text, everything else text."""
    if not len(frame) or not len(frame.columns):
        raise DataError(f"{name} has no rows: expected at least two rows of numbers. Save the table with them.")
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
    epochs = read_epochs(text)
    if epochs is not None:
        return epochs
    numbers = pd.to_numeric(text, errors="coerce")
    if not numbers.notna().sum() == text.notna().sum() > 0:
        return text
    # Whole numbers stay whole: they may be names.
    return numbers if numbers.dtype == np.int64 else numbers.astype(float)
