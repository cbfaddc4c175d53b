"""Files that are there whole or not at all, whatever ends the process that writes them."""

import os
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

BESIDE = ".new"
"""ending of a file that is whole and not yet in its place"""
WRITING, LEFT_SECONDS = ".writing-", 3_600
"""beginning of a file that is being written; one that has not changed for so long was left by a process that ended"""


def write_whole(path: Path, content: bytes) -> None:
    """Replace one file, which its owner alone may read. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path.parent, content, 0o600).replace(path)


def write_together(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Replace files that belong together, the one that tells of the others last. Raises OSError.

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
    _end_broken_off(folder, list(contents))
    for path, name in zip(written, contents, strict=True):
        path.replace(folder / f"{name}{BESIDE}")
    for name in contents:
        (folder / f"{name}{BESIDE}").replace(folder / name)


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
    opened = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), mode)
    try:
        with os.fdopen(opened, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path
