"""gzip and zip -> the files inside, as far as the budget of the upload goes."""

import io
import zipfile
import zlib
from pathlib import Path

from anomaly.domain import DataError
from anomaly.reading.formats.budget import spend_bytes, spend_members

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
CHUNK = 1 << 20
HEADER = ".hea"
"""of a waveform record, which names its other files"""


def unpack_gzip(content: bytes, name: str) -> bytes:
    """The file in a gzip archive. Raises DataError where it is cut off, damaged or too large."""
    parts, total, rest = [], 0, content
    while rest:
        member = zlib.decompressobj(wbits=31)
        try:
            while not member.eof:
                part = member.decompress(rest, CHUNK)
                rest = member.unconsumed_tail
                spend_bytes(len(part), name)
                total += len(part)
                parts.append(part)
                if not part and not rest and not member.eof:
                    raise DataError(
                        f"{name} is cut off: expected the end of the gzip archive after {total:,} unpacked bytes. "
                        "Copy or download it again."
                    )
        except zlib.error as error:
            if parts and not rest.startswith(GZIP):
                break  # padding behind the last member
            raise DataError(f"{name} is no sound gzip archive ({error}). Copy or download it again.") from None
        rest = member.unused_data
    return b"".join(parts)


def unpack_zip(content: bytes, name: str, *, in_order: bool = False) -> list[tuple[bytes, str]]:
    """(bytes, name) of every file in a zip archive, in the order of their names, or `in_order` of the archive.

    Folders and what an operating system adds for itself are passed over. Raises DataError where it is damaged,
    encrypted, empty or too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            # Python's own reader stumbles over one.
            if not all(one.filename for one in archive.infolist()):
                raise DataError(f"{name} holds a file without a name: expected a sound zip archive. Pack it again.")
            members = [one for one in archive.infolist() if not one.is_dir() and not _is_hidden(one.filename)]
            if not in_order:
                members.sort(key=lambda one: one.filename)
            if not members:
                raise DataError(
                    f"{name} is an empty zip archive: expected at least one file in it. Pack it again, or "
                    "open the file itself."
                )
            spend_members(len(members), name)
            locked = next((one.filename for one in members if one.flag_bits & 1), None)
            if locked is not None:
                raise DataError(f"{name} is encrypted ({locked!r} asks for a password). Unpack it and open the file.")
            spend_bytes(sum(one.file_size for one in members), name)
            names = _name_members([Path(one.filename) for one in members])
            return [(_read_member(archive, one), name) for one, name in zip(members, names, strict=True)]
    except (zipfile.BadZipFile, NotImplementedError, zlib.error, EOFError, OSError, ValueError) as error:
        raise DataError(f"{name} is no sound zip archive ({error}). Copy or download it again.") from None


def _name_members(paths: list[Path]) -> list[str]:
    """Their names; with the folders in front where two have the same: pump/data.csv and fan/data.csv. The parts of a
    waveform record know each other by name, and keep it."""
    names = [path.name for path in paths]
    if len(set(names)) == len(names) or any(path.suffix.lower() == HEADER for path in paths):
        return names
    shared = set.intersection(*({*path.parts[:-1]} for path in paths))
    return [" ".join(part for part in path.parts if part not in shared) for path in paths]


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    # Never more than the archive says a member holds, which has been added up; a lie fails the check of its sum.
    with archive.open(member) as file:
        return file.read()


def _is_hidden(member: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in Path(member).parts)
