"""Temporary folders that go with their process: at its end, or, where it was killed, when the next one looks."""

import atexit
import os
import shutil
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX, GONE = "unforeseen-", ".unforeseen-gone"
LOCK, UNLOCKED = ".unforeseen-in-use", ".unforeseen-made"
_own = threading.Lock()
_places: dict[Path, tuple[int, FileLock]] = {}
"""the folder of this process in each temporary folder of the system, by whom it was made, and its lock"""


def temporary_folder() -> "tempfile.TemporaryDirectory[str]":
    """A folder that its owner alone may enter, removed with the object that is returned. Raises OSError."""
    return tempfile.TemporaryDirectory(prefix=PREFIX, dir=_place())


def remove_left_behind() -> None:
    """Remove the temporary folders of processes that were killed.

    A process holds a lock on its folder as long as it lives. The system takes it away with the process, also with one
    in a container of its own, whose number means nothing here, and gives it to none that later has the same number.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        # Whatever cannot be looked at, or removed, is not this process's to remove.
        with suppress(OSError, Timeout):
            if folder.is_symlink() or not _is_mine(folder):
                continue
            if (folder / LOCK).is_file():
                with FileLock(folder / LOCK, timeout=0):
                    pass
                _clear(folder)
            elif folder.name.endswith(GONE):
                _clear(folder)


def _place() -> Path:
    """The folder of this process, made when it is first asked for, or when somebody has cleared it away."""
    above = Path(tempfile.gettempdir())
    with _own:
        for folder, (process, _) in _places.items():
            if process == os.getpid() and folder.parent == above and (folder / LOCK).exists():
                return folder
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        atexit.register(_remove, folder, os.getpid())
        lock = FileLock(folder / UNLOCKED, timeout=0, mode=0o600)
        lock.acquire()
        # Whoever looks for the lock finds it held.
        (folder / UNLOCKED).rename(folder / LOCK)
        _places[folder] = os.getpid(), lock
        return folder


def _remove(folder: Path, process: int) -> None:
    """At the end of the process that made it: one that was forked from it ends too."""
    if process == os.getpid():
        _clear(folder)


def _clear(folder: Path) -> None:
    """Under another name at once: a worker that is about to end would lay something into what is being removed."""
    gone = folder
    with suppress(OSError):
        gone = folder if folder.name.endswith(GONE) else folder.rename(folder.with_name(f"{folder.name}{GONE}"))
    shutil.rmtree(gone, ignore_errors=True)


def _is_mine(folder: Path) -> bool:
    return not hasattr(os, "getuid") or folder.lstat().st_uid == os.getuid()
