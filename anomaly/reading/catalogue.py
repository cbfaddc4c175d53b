"""Public data sets with known anomalies, had on request: nothing here is downloaded unless `get` is called."""

import csv
import hashlib
import io
import json
import lzma
import re
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from difflib import get_close_matches
from fnmatch import fnmatchcase
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from anomaly.domain import DataError, shipped

LIST = shipped("datasets/catalogue.json")
LIST_COMMAND = "python -m anomaly datasets list"
TIMEOUT = 20.0
"""seconds without a byte"""
MOST_BYTES = 4 << 30
"""of a file whose size is not known, and of all that is unpacked from one archive"""
CHUNK = 1 << 18
LONGEST_NAME = 120
LOCAL = ("localhost", "127.0.0.1")
WINDOWS = "combined_windows.json"
"""file in which NAB keeps the known anomalies of all its series"""

Progress = Callable[[int, int | None], object]
"""called with the bytes of a file so far and those of the whole, None where no one says how many they are"""


@dataclass(frozen=True)
class File:
    """One file of a data set."""

    address: str
    size: int | None
    """bytes, None where not known"""
    sha256: str | None
    """hexadecimal, None where not known: what comes is then not checked"""

    @property
    def name(self) -> str:
        """What to call the file on disk: the last part of its address, never one that leaves a folder."""
        return _safe_name(unquote(urlsplit(self.address).path))


@dataclass(frozen=True)
class Entry:
    """One data set."""

    name: str
    title: str
    licence: str
    labelled: str
    """what is labelled, a sentence"""
    files: tuple[File, ...]
    members: str | None
    """pattern of the files to unpack from an archive, such as "data/test/*.npy"; None to unpack nothing"""


def entries() -> tuple[Entry, ...]:
    """All data sets, in the order of the list. Raises DataError where the list is missing or damaged."""
    try:
        listed = json.loads(LIST.read_text(encoding="utf-8"))
        return tuple(_read_entry(one) for one in listed)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DataError(f"The catalogue {LIST} is missing or damaged ({error}): install the program again.") from None


def find(name: str) -> Entry:
    """The data set of that name, whatever its case. Raises DataError, which names the nearest, where there is none."""
    known = {entry.name: entry for entry in entries()}
    wanted = name.strip().lower()
    if wanted in known:
        return known[wanted]
    nearest = "".join(get_close_matches(wanted, known, n=1, cutoff=0.0))
    raise DataError(f"There is no data set {name!r}: the nearest is {nearest!r}, and `{LIST_COMMAND}` lists them all.")


def get(entry: Entry, folder: Path, on_progress: Progress | None = None) -> list[Path]:
    """Download a data set into `folder`, which is made where it is missing.

    Returns its files, then what was made of them: what was unpacked, into a folder of the entry's name, and
    NAME-known.csv (columns start and end) of NAB's windows. A file that is there already is kept. Raises DataError
    where a file cannot be had or is not the one expected, and leaves no part of it behind; a file of the same name
    that is another is left as it is.
    """
    folder = Path(folder)
    made: list[Path] = []
    with _using(folder):
        folder.mkdir(parents=True, exist_ok=True)
        paths = [_have(file, folder / file.name, on_progress) for file in entry.files]
        for path in paths:
            if entry.members is not None and path.suffix.lower() == ".zip":
                made += _unpack(path, entry.members, folder / _safe_name(entry.name))
            if path.name == WINDOWS:
                made.append(_write_known(entry, path, folder / f"{_safe_name(entry.name)}-known.csv"))
    return paths + made


def parts_of(entry: Entry, paths: list[Path]) -> tuple[list[Path], Path | None]:
    """Of what `get` returned: the files that hold series, and the one with their known anomalies where there is one."""
    known = next((path for path in paths if path.name == f"{entry.name}-known.csv"), None)
    if entry.members is not None:
        return [path for path in paths if path.parent.name == entry.name], known
    return [path for path in paths if path != known and path.name != WINDOWS], known


def unchecked(entry: Entry, folder: Path) -> list[str]:
    """A sentence for each file got into `folder` whose digest is not known: that it was not checked, and its own."""
    names = [file.name for file in entry.files if file.sha256 is None]
    text = "{} could not be checked, as no digest of it is known: the SHA-256 found is {}."
    with _using(folder):
        return [text.format(name, _digest(Path(folder) / name)) for name in names]


def _read_entry(one: dict[str, Any]) -> Entry:
    if set(one) != {field.name for field in fields(Entry)}:
        raise ValueError(f"fields {', '.join(map(repr, one))}")
    return Entry(**{**one, "files": tuple(File(**file) for file in one["files"])})


def _safe_name(path: str) -> str:
    """The last part of a path of any system, without what some system would not take in a name."""
    last = path.replace("\\", "/").rsplit("/", 1)[-1]
    return re.sub(r"[^A-Za-z0-9._-]", "_", last)[-LONGEST_NAME:].strip(".") or "download"


def _reason(error: BaseException) -> str:
    inner = getattr(error, "reason", None)  # what urllib wraps
    if isinstance(inner, BaseException):
        return _reason(inner)
    text = str(getattr(error, "strerror", None) or inner or error)
    # A server may have written it.
    clean = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(clean.split())[:LONGEST_NAME] or type(error).__name__


@contextmanager
def _using(folder: Path) -> Iterator[None]:
    """Says in a sentence what is wrong with the disk."""
    try:
        yield
    except (OSError, ValueError) as error:  # a control code in the name
        place = getattr(error, "filename", None) or folder
        raise DataError(
            f"{str(place)!r} cannot be used ({_reason(error)}): expected a folder to write to, with room for the files."
        ) from None


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _have(file: File, path: Path, on_progress: Progress | None) -> Path:
    """The path of a file that is there, downloaded if need be."""
    if not path.exists():
        _write(path, _download(file, on_progress))
    elif file.size not in (None, path.stat().st_size) or file.sha256 not in (None, _digest(path)):
        raise DataError(
            f"{path} is there already, but is not the file of {file.address}: move it away or choose another folder."
        )
    return path


def _write(path: Path, chunks: Iterator[bytes]) -> None:
    """Write all of a file or nothing."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as out:
            for chunk in chunks:
                out.write(chunk)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _download(file: File, on_progress: Progress | None) -> Iterator[bytes]:
    """The bytes of a file; raises DataError before the last one is taken where they are not the ones expected."""
    digest, count = hashlib.sha256(), 0
    most = MOST_BYTES if file.size is None else file.size
    with _open(file.address) as response:
        declared = response.headers.get("Content-Length", "")
        whole = file.size if file.size is not None else int(declared) if re.fullmatch(r"\d{1,18}", declared) else None
        while chunk := _read(response, file.address):
            count += len(chunk)
            if count > most or (whole or 0) > most:
                raise DataError(f"{file.name} is too large: expected at most {most:,} bytes, {file.address} has more.")
            digest.update(chunk)
            if on_progress is not None:
                on_progress(count, whole)
            yield chunk
    if whole is not None and count < whole:
        raise DataError(f"{file.name} is cut off: expected {whole:,} bytes, found {count:,}: download it again.")
    if file.sha256 is not None and digest.hexdigest() != file.sha256:
        raise DataError(
            f"{file.name} is another file than the catalogue knows: expected the SHA-256 {file.sha256}, found "
            f"{digest.hexdigest()} at {file.address}; it was not kept."
        )


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme != "https":
            fp.close()
            raise DataError(f"{req.full_url} leads to {newurl!r}, which is no secure address: nothing was downloaded.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _open(address: str) -> HTTPResponse:
    parts = urlsplit(address)
    is_local = parts.hostname in LOCAL
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
        raise DataError(f"{address!r} is not a secure address: expected one that starts with https://.")
    # What runs on this machine is not to be asked for through another.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({} if is_local else None), _Redirects)
    with _reaching(address):
        request = urllib.request.Request(address, headers={"User-Agent": "unforeseen"})
        response: HTTPResponse = opener.open(request, timeout=TIMEOUT)
        return response


@contextmanager
def _reaching(address: str) -> Iterator[None]:
    """Says in a sentence why an address gave nothing."""
    host = urlsplit(address).hostname
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        raise DataError(
            f"{host} does not give the file {address}: it answered {error.code} ({_reason(error)}); "
            "it may have moved, so look for it where it is published."
        ) from None
    except (OSError, HTTPException, ValueError) as error:
        advice = f"check the connection, or download {address} by hand and open it"
        raise DataError(f"{host} could not be reached ({_reason(error)}): {advice}.") from None


def _read(response: HTTPResponse, address: str) -> bytes:
    with _reaching(address):
        return response.read(CHUNK)


def _unpack(archive: Path, members: str, folder: Path) -> list[Path]:
    """The paths of an archive's files that fit the pattern `members`, by name, each written into `folder`."""
    try:
        with zipfile.ZipFile(archive) as opened:
            wanted = {
                _safe_name(one.filename): one
                for one in opened.infolist()
                if fnmatchcase(one.filename, members) and not Path(one.filename).name.startswith(".")
            }
            if not wanted:
                raise DataError(f"{archive} holds no file {members}: unpack by hand what you want.")
            if sum(one.file_size for one in wanted.values()) > MOST_BYTES:
                raise DataError(f"{archive} unpacks to more than {MOST_BYTES >> 30} GB: unpack by hand what you want.")
            folder.mkdir(exist_ok=True)
            for name, one in sorted(wanted.items()):
                _write(folder / name, _unpack_one(opened, one))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise DataError(f"{archive} is no sound zip archive ({error}): remove it and download it again.") from None
    return [folder / name for name in sorted(wanted)]


def _unpack_one(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    # zipfile stops at the size the archive states, which was counted above.
    try:
        with archive.open(member) as stream:
            while chunk := stream.read(CHUNK):
                yield chunk
    except (OSError, zlib.error, lzma.LZMAError) as error:
        raise zipfile.BadZipFile(str(error)) from None


def _write_known(entry: Entry, windows: Path, path: Path) -> Path:
    """NAB's windows of the one series in `entry` as known anomalies: columns start and end."""
    addresses = [urlsplit(file.address).path for file in entry.files if file.name != WINDOWS]
    keys = ["/".join(address.split("/")[-2:]) for address in addresses]
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["start", "end"])
    try:
        listed = json.loads(windows.read_bytes())
        for start, end in sorted(span for key in keys for span in listed[key]):
            table.writerow([datetime.fromisoformat(time).isoformat(sep=" ") for time in (start, end)])
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise DataError(
            f"{windows} holds no windows of {', '.join(keys)} ({error}): expected pairs of start and end."
        ) from None
    _write(path, iter([out.getvalue().encode()]))
    return path
