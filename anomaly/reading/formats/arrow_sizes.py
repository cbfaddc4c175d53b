"""How large the tables of Arrow files become, told by their headers: pyarrow itself only says so once it has them.

The layout is that of Arrow's `File.fbs` and `Message.fbs`; their tables are those of FlatBuffers.
"""

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from anomaly.domain import DataError

DICTIONARIES, BATCHES = 2, 3
"""fields of a footer"""
HEADER_TYPE, HEADER = 1, 2
"""fields of a message"""
DICTIONARY_BATCH, DICTIONARY_DATA = 2, 1
"""the type of such a message, and the field of its data"""
LENGTH, BUFFERS, COMPRESSION = 0, 2, 3
"""fields of a record batch"""
BLOCK, BUFFER = struct.Struct("<qixxxxq"), struct.Struct("<qq")
FOOTER_END = 10
"""bytes: the footer's length, and the magic behind it"""
CELL = 8
"""bytes of a number"""


@dataclass(frozen=True)
class Size:
    rows: int
    bytes: int


def tell_size(content: bytes) -> Size:
    """Of an Arrow IPC file, all its record batches and dictionaries, unpacked. Raises struct.error or ValueError where
    it is damaged."""
    (length,) = struct.unpack_from("<i", content, len(content) - FOOTER_END)
    start = len(content) - FOOTER_END - length
    if not 0 < start <= len(content) - FOOTER_END:
        raise ValueError("its footer lies outside the file")
    footer = _Table(content, start + _unsigned(content, start))
    blocks = Counter(block for field in (DICTIONARIES, BATCHES) for block in footer.structs(field, BLOCK))
    rows, size, left = 0, 0, len(content) // 8
    for (offset, head, _), times in blocks.items():
        # Behind a mark of four bytes, which old files lack, and the length of the message.
        begin = offset + (8 if _unsigned(content, offset) == 0xFFFFFFFF else 4)
        message = _Table(content, begin + _unsigned(content, begin))
        batch = message.table(HEADER)
        is_dictionary = message.byte(HEADER_TYPE) == DICTIONARY_BATCH
        batch = batch.table(DICTIONARY_DATA) if is_dictionary else batch
        rows += 0 if is_dictionary else times * batch.long(LENGTH)
        is_packed = batch.place(COMPRESSION) is not None
        for at, stored in batch.structs(BUFFERS, BUFFER):
            left -= 1
            if left < 0 or stored < 0 or at < 0:
                raise ValueError("its buffers overlap")
            unpacked = struct.unpack_from("<q", content, offset + head + at)[0] if is_packed and stored >= CELL else -1
            size += times * (stored if unpacked < 0 else unpacked)
    return Size(rows, size)


class _Table:
    """A table of FlatBuffers: its fields lie where its vtable says."""

    def __init__(self, content: bytes, at: int) -> None:
        (back,) = struct.unpack_from("<i", content, at)
        self._content, self._at, self._fields = content, at, at - back
        if self._fields < 0:
            raise ValueError("its header points outside the file")
        (self._size,) = struct.unpack_from("<H", content, self._fields)

    def place(self, field: int) -> int | None:
        """Where a field lies; None where it has its default."""
        if 4 + 2 * field >= self._size:
            return None
        (offset,) = struct.unpack_from("<H", self._content, self._fields + 4 + 2 * field)
        return self._at + offset if offset else None

    def byte(self, field: int) -> int:
        place = self.place(field)
        return 0 if place is None else self._content[place]

    def long(self, field: int) -> int:
        place = self.place(field)
        return 0 if place is None else struct.unpack_from("<q", self._content, place)[0]

    def table(self, field: int) -> "_Table":
        place = self.place(field)
        if place is None:
            raise ValueError("its header lacks a part")
        return _Table(self._content, place + _unsigned(self._content, place))

    def structs(self, field: int, form: struct.Struct) -> Iterator[tuple[int, ...]]:
        place = self.place(field)
        if place is None:
            return iter(())
        start = place + _unsigned(self._content, place)
        count = _unsigned(self._content, start)
        if start + 4 + count * form.size > len(self._content):
            raise ValueError("its header promises more than the file holds")
        return form.iter_unpack(memoryview(self._content)[start + 4 : start + 4 + count * form.size])


def _unsigned(content: bytes, at: int) -> int:
    if at < 0:
        raise ValueError("its header points outside the file")
    return struct.unpack_from("<I", content, at)[0]


def is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or _is_bytes(kind)


def _is_bytes(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def is_nested(kind: pa.DataType) -> bool:
    """Whether a cell holds several values."""
    return pa.types.is_nested(kind) and not pa.types.is_run_end_encoded(kind)


def is_folded(kind: pa.DataType) -> bool:
    """Whether cells that are the same may be stored once."""
    return (
        pa.types.is_dictionary(kind)
        or pa.types.is_run_end_encoded(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_binary_view(kind)
    )


def unfolded_bytes(column: pa.ChunkedArray) -> int:
    """That a folded column has when each cell stands by itself."""
    return sum(_unfolded_bytes(chunk) for chunk in column.chunks)


def _unfolded_bytes(chunk: pa.Array) -> int:
    kind = chunk.type
    if pa.types.is_dictionary(kind):
        return pc.sum(_lengths(chunk.dictionary).take(chunk.indices)).as_py() or 0
    if pa.types.is_run_end_encoded(kind):
        runs = np.diff(np.asarray(chunk.run_ends, np.int64), prepend=0)
        return int(np.sum(runs * _lengths(chunk.values).fill_null(0).to_numpy(), dtype=float))
    return pc.sum(_lengths(chunk)).as_py() or 0


def _lengths(values: pa.Array) -> pa.Array:
    """Bytes of each value."""
    kind = values.type
    if is_text(kind):
        return pc.binary_length(values).cast(pa.int64())
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        # A view is 16 bytes, of which the first four are the length.
        views = np.frombuffer(values.buffers()[1], np.int32).reshape(-1, 4)[values.offset :][: len(values)]
        return pa.array(views[:, 0].astype(np.int64), mask=np.asarray(values.is_null()))
    if is_folded(kind) or pa.types.is_nested(kind):
        raise DataError(
            f"a column of {kind}, folded twice: expected numbers or text in each cell. Save it with plain columns"
        )
    return pa.array(np.full(len(values), CELL, np.int64))
