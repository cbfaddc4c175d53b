"""How far the sheets of a workbook reach: told by its bytes, before a reader lays it out in memory."""

import io
import zipfile
from collections.abc import Iterator
from copy import copy
from itertools import zip_longest

from anomaly.domain import DataError
from anomaly.reading.formats.budget import spend_bytes
from anomaly.reading.formats.spreadsheets.rectangle import BinaryExtent
from anomaly.reading.formats.spreadsheets.rehearsal import rehearse
from anomaly.reading.formats.spreadsheets.xml_parts import XmlExtent, count_text

OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
PART = 1 << 20
FEW_BYTES = 1 << 26
"""of text that a sheet's shared strings may come to: counted one by one only where it could be more"""
PROTECTED = "{} is protected by a password. Save it without one and open that."


def check_extents(content: bytes, name: str) -> set[int]:
    """The columns of any sheet that hold formulas. Refuses what memory would not hold: the reader would end the whole
    process, and nothing could be caught."""
    if content.startswith(OLE2):
        if ENCRYPTED in content:
            raise DataError(PROTECTED.format(name))
        rehearse(content, name, len(content))
        return set()
    unpacked, extents = 0, []
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            is_binary = member.filename.startswith("xl/worksheets/") and member.filename.endswith(".bin")
            extent = (BinaryExtent if is_binary else XmlExtent)(name, member)
            for part in _parts(archive, member):
                unpacked += len(part)
                spend_bytes(len(part), name)
                extent.feed(part)
            extent.end_sheet()
            extents.append(extent)
        sheets = [one for one in extents if isinstance(one, XmlExtent)]
        lengths = [max(each) for each in zip_longest(*(one.strings for one in sheets if one.strings), fillvalue=0)]
        for one in sheets:
            # Each cell has a copy of its string.
            if one.references * max(lengths, default=0) > FEW_BYTES:
                spend_bytes(count_text(_parts(archive, one.member), lengths), name)
    if any(isinstance(one, BinaryExtent) for one in extents):
        rehearse(content, name, unpacked)
    return set().union(*(one.formulas for one in extents))


def _parts(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    # What the archive says of a member's size may be a lie.
    member = copy(member)
    member.file_size = 1 << 62
    with archive.open(member) as file:
        while part := file.read(PART):
            yield part
