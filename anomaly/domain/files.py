"""Files that are there whole or not at all, whatever ends the process that writes them; and who may read them."""

import errno
import os
import stat
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]  # Windows

BESIDE = ".new"
"""ending of a file that is whole and not yet in its place"""
WRITING, LEFT_SECONDS = ".writing-", 3_600
"""beginning of a file that is being written; one that has not changed for so long was left by a process that ended"""
OWN_FOLDER, OWN_FILE, OTHERS = 0o700, 0o600, 0o077
"""what nobody but its owner may enter, or read; and the bits of all others"""


def write_whole(path: Path, content: bytes) -> None:
    """Replace one file, which its owner alone may read, as the folders that are made for it. Raises OSError."""
    make_own_folder(path.parent)
    _write(path.parent, content, OWN_FILE).replace(path)
    # Who is told that it is kept may lose the power in the next moment.
    flush_folder(path.parent)


def read_file(path: Path, most: int) -> bytes:
    """What a file of at most so many bytes holds. Raises OSError also for what is none: a pipe would be waited for, and
    a device be read without end."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "expected a regular file", str(path))
    if found.st_size > most:
        raise OSError(errno.EFBIG, f"expected at most {most:,} bytes, found {found.st_size:,}", str(path))
    return path.read_bytes()


def make_own_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, which their owner alone may enter. Raises OSError."""
    if not folder.is_dir():
        if folder.parent != folder:
            make_own_folder(folder.parent)
        folder.mkdir(OWN_FOLDER, exist_ok=True)
        flush_folder(folder.parent)


def open_own(path: Path) -> BinaryIO:
    """A new file to write, which its owner alone may read from the first moment. Raises OSError."""
    return os.fdopen(_create(path, OWN_FILE), "wb")


def flush_folder(folder: Path) -> None:
    """Bring to the disk which files a folder holds, where the system knows how to."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def close_to_others(paths: Iterable[Path]) -> Path | None:
    """Let nobody but the owner read these files and folders, and all that lies in them; the first of which somebody
    else still may, None where there is none. Those below are closed first: when that is broken off, those above still
    tell. Nothing is done on Windows, where who may read is told otherwise."""
    if os.name != "posix":
        return None
    still_open = None
    for top in paths:
        # A link inside leads to what is not ours.
        inside = [Path(at, name) for at, folders, files in os.walk(top, topdown=False) for name in (*files, *folders)]
        for path in (*(path for path in inside if not _is_link(path)), top):
            if is_open(path):
                with suppress(OSError):
                    path.chmod(OWN_FOLDER if path.is_dir() else OWN_FILE)
                if still_open is None and is_open(path):
                    still_open = path
    return still_open


def is_there(path: Path) -> bool:
    """Whether this process can reach something of that name; `Path.exists` raises where it may not look."""
    try:
        path.stat()
    except OSError:
        return False
    return True


def _is_link(path: Path) -> bool:
    try:
        return stat.S_ISLNK(path.lstat().st_mode)
    except OSError:
        return False


def is_open(path: Path) -> bool:
    """Whether others than its owner may do something with a file or folder."""
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & OTHERS)
    except OSError:
        # It has gone meanwhile.
        return False


def write_together(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Replace files that belong together, the one that tells of the others last. Who may read them, and a folder that
    is made for them, the process's umask says. Raises OSError.

    All are written under names of their own and brought to the disk, then laid beside those they replace, then put in
    their places, each time in this order. Where the last lies beside, all of them are whole: who reads finds the newer
    set, part of it still beside; where it does not, the older one is untouched. A change that was broken off in between
    is brought to its end before the next begins.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in contents:
        if (folder / name).is_dir():
            raise IsADirectoryError(21, "a folder has that name", str(folder / name))
    written: list[Path] = []
    try:
        # One by one: what was written when the disk is full has to go again.
        written.extend(_write(folder, content) for content in contents.values())
    except OSError:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    with _alone_in(folder):
        _end_broken_off(folder, list(contents))
        for path, name in zip(written, contents, strict=True):
            path.replace(folder / f"{name}{BESIDE}")
        # The system may bring names to the disk in another order.
        flush_folder(folder)
        for name in contents:
            (folder / f"{name}{BESIDE}").replace(folder / name)
        flush_folder(folder)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """While nobody else puts files in their places there, in this process or another: the sets would be mixed. The lock
    is the folder's own, leaves no file, and ends with its process; where the system knows none, there is none."""
    if fcntl is None:
        yield
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _end_broken_off(folder: Path, names: list[str]) -> None:
    beside = [folder / f"{name}{BESIDE}" for name in names]
    is_whole = beside[-1].is_file()
    for path, name in zip(beside, names, strict=True):
        # Another process may do the same in this moment.
        with suppress(FileNotFoundError):
            if is_whole:
                path.replace(folder / name)
            else:
                path.unlink()
    for path in folder.glob(f"{WRITING}*"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < time.time() - LEFT_SECONDS:
                path.unlink()


def _write(folder: Path, content: bytes, mode: int = 0o666) -> Path:
    """A file with this content, on the disk, under a name that no other process has; its `mode` as the umask allows."""
    path = folder / f"{WRITING}{uuid.uuid4().hex}"
    opened = _create(path, mode)
    try:
        with os.fdopen(opened, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path


def _create(path: Path, mode: int) -> int:
    """A descriptor of a file that was not there before."""
    return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), mode)
