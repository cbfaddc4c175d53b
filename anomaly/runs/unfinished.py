"""Fits under way, each in a folder with all it can be resumed from if the server or worker is killed: dataset,
settings, checkpoint. The folder goes when the fit has ended, or with `Workshop.sweep`.
"""

import hashlib
import json
import math
import shutil
import time
import uuid
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from anomaly.domain import (
    OWN_FILE,
    OWN_FOLDER,
    AnomalyError,
    Dataset,
    FitSettings,
    flush_folder,
    is_there,
    read_file,
    write_whole,
)
from anomaly.runs.archive import pack_dataset, unpack_dataset

DATA, UNFINISHED, ABOUT, LOCK = "data", ".data", "fit.json", "lock"
MOST_ABOUT, MOST_BYTES = 10**7, 10**11
"""of `ABOUT`, and of each file of the data"""


@dataclass(frozen=True)
class Unfinished:
    """A fit whose server, or process, has gone."""

    id: str
    name: str
    cell: str
    folder: Path
    reason: str
    """why it was given up for now; empty where the server was ended"""


class Workshop:
    """The folder of the fits under way, each its owner's (`Person.id`)."""

    def __init__(self, folder: Path, owner: str = "", locks: dict[str, FileLock] | None = None) -> None:
        self.folder, self.owner = folder, owner
        self._locks = {} if locks is None else locks

    def of(self, owner: str) -> "Workshop":
        return Workshop(self.folder, owner, self._locks)

    def begin(self, dataset: Dataset, settings: FitSettings) -> Path:
        """A folder for a new fit, locked while this process lives, with all that it takes to begin anew if the process
        is killed in the next moment. Raises OSError where it cannot be written."""
        folder = self.folder / uuid.uuid4().hex
        # Not the data folder, which may have been taken away.
        self.folder.mkdir(OWN_FOLDER, exist_ok=True)
        folder.mkdir(OWN_FOLDER)
        self._take(folder)
        try:
            files = pack_dataset(dataset)
            about = {"name": dataset.name, "settings": settings.model_dump(), "owner": self.owner}
            self._write(folder, about | {"files": {name: _digest(content) for name, content in files.items()}})
            for name, content in files.items():
                write_whole(folder / UNFINISHED / name, content)
            flush_folder(folder / UNFINISHED)
            # It tells that all is there: who looks for fits broken off passes over a folder without it.
            (folder / UNFINISHED).rename(folder / DATA)
            flush_folder(folder)
            flush_folder(self.folder)
        except OSError:
            self._release(folder.name)
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return folder

    def broken_off(self) -> list[Unfinished]:
        """The owner's fits that no living process holds and that can be resumed."""
        found = []
        for folder in sorted(self.folder.glob("*")) if is_there(self.folder) else ():
            if folder.name in self._locks or not is_there(folder / DATA):
                continue
            try:
                with _lock(folder):
                    about = self._read(folder)
                if about is not None:
                    name, cell, reason = about.get("name", ""), about["settings"].get("cell"), about.get("reason", "")
                    found.append(Unfinished(folder.name, name, str(cell), folder, reason))
            except (Timeout, OSError, ValueError):
                continue
        return found

    def take_up(self, one: Unfinished) -> tuple[Dataset, FitSettings]:
        """Dataset and settings of a fit broken off, which this process holds from now on. Raises AnomalyError where
        they cannot be read."""
        try:
            about = self._read(one.folder)
            files = {path.name: read_file(path, MOST_BYTES) for path in (one.folder / DATA).iterdir()}
        except (OSError, ValueError):
            about = None
        if about is None:
            raise AnomalyError("There is no such fit here: it may have ended.")
        # One of before digests were kept has none.
        if any(_digest(files.get(name, b"")) != said for name, said in about.get("files", {}).items()):
            raise AnomalyError("The data of this fit have changed on the disk: give it up, and begin anew.")
        dataset, settings = unpack_dataset(files), FitSettings(**about["settings"])
        self._take(one.folder)
        self._write(one.folder, about | {"reason": ""})
        return dataset, settings

    def leave(self, run: str, reason: str) -> None:
        """Let go of a fit of this process, so that it can be taken up again; `reason` says why, where there is room for
        it, and where its folder is still there."""
        with suppress(OSError, ValueError):
            about = self._read(self.folder / run)
            if about is None:
                return
            self._write(self.folder / run, about | {"reason": reason})
        self._release(run)

    def remove(self, run: str) -> None:
        """Remove a fit with its checkpoint; another owner's stays."""
        with suppress(OSError, ValueError):
            if self._read(self.folder / run) is None:
                return
        self._release(run)
        shutil.rmtree(self.folder / run, ignore_errors=True)

    def sweep(self, kept: Collection[str] = (), keep_days: float | None = None) -> None:
        """Remove fits with their checkpoints that no living process holds: those without their dataset, those whose run
        is already `kept`, and those in which nothing has changed for `keep_days` (None: for ever)."""
        oldest = -math.inf if keep_days is None else time.time() - keep_days * 86_400
        for folder in self.folder.glob("*") if is_there(self.folder) else ():
            if folder.name in self._locks:
                continue
            try:
                if folder.name in kept or not (folder / DATA).exists() or _last_change(folder) < oldest:
                    with _lock(folder):
                        shutil.rmtree(folder, ignore_errors=True)
            except (Timeout, OSError):
                continue

    def _read(self, folder: Path) -> dict[str, Any] | None:
        """What is written about a fit; None where it is another owner's. Fits from before there were accounts belong
        to no account. Raises OSError, or ValueError where it is damaged."""
        try:
            about: Any = json.loads(read_file(folder / ABOUT, MOST_ABOUT))
        except RecursionError as error:
            raise ValueError(str(error)) from None
        texts = [about.get(name, "") for name in ("name", "reason", "owner")] if isinstance(about, dict) else [None]
        parts = [about.get("settings"), about.get("files", {})] if isinstance(about, dict) else []
        if not all(isinstance(one, str) for one in texts) or not all(isinstance(one, dict) for one in parts):
            raise ValueError("expected name, settings, owner and reason of a fit")
        return about if about.get("owner", "") == self.owner else None

    def _write(self, folder: Path, about: dict[str, Any]) -> None:
        """Whole or not at all: a crash must not leave a fit that nobody can read."""
        write_whole(folder / ABOUT, json.dumps(about).encode())

    def _release(self, run: str) -> None:
        lock = self._locks.pop(run, None)
        if lock is not None:
            lock.release()

    def _take(self, folder: Path) -> None:
        lock = _lock(folder)
        try:
            lock.acquire()
        except Timeout:
            raise AnomalyError("This fit goes on in another process.") from None
        self._locks[folder.name] = lock


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _lock(folder: Path) -> FileLock:
    return FileLock(folder / LOCK, timeout=0, mode=OWN_FILE)


def _last_change(folder: Path) -> float:
    """Seconds since 1970."""
    return max((path.stat().st_mtime for path in folder.iterdir()), default=0.0)
