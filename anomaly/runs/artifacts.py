"""Files addressed by their content: written whole or not at all, never changed, checked when they are read; what no
run names lies in a trash for some days.
"""

import datetime
import hashlib
import os
import re
import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from anomaly.domain import RunError, is_there, make_own_folder, read_file, write_whole

DIGEST = re.compile(r"[0-9a-f]{64}")
UNFINISHED_SECONDS = 3_600
"""a file that no run names may belong to one that is being saved: it stays for so long"""
MOST_BYTES = 10**12
"""of the files of a run"""
TRASH_DAYS = 7
"""then it lies in the trash for so long, and comes back from there when it is wanted, before it is gone for good"""


class Artifacts:
    """A folder of files, each named by the SHA-256 of what is in it; beside it the trash, a folder for each day."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trash = folder.parent / "trash"

    def put(self, content: bytes) -> str:
        """Keep `content`; its digest. A file that was damaged is written anew."""
        digest = hashlib.sha256(content).hexdigest()
        try:
            if not self._is_whole(digest, len(content)):
                write_whole(self._path(digest), content)
        except OSError as error:
            raise RunError(f"The run cannot be kept in {self.folder}: {error.strerror}.") from None
        return digest

    def get(self, digest: str, most: int = MOST_BYTES) -> bytes:
        """A file of at most so many bytes. Raises RunError where it is missing or has changed."""
        path = self._path(digest)
        try:
            if not is_there(path):
                self._bring_back(digest)
            content = read_file(path, most)
        except OSError as error:
            if isinstance(error, FileNotFoundError):
                said = "is gone from the data folder: it cannot be opened any more"
            else:
                said = f"cannot be read from the data folder: {error.strerror}"
            raise RunError(f"A file of this run {said}.") from None
        if hashlib.sha256(content).hexdigest() != digest:
            raise RunError("A file of this run has changed on the disk: it cannot be trusted and is not opened.")
        return content

    def are_known(self, named: Collection[str], spared: int = 0) -> bool:
        """Whether at least half of the files, but for `spared` ones, are among the `named`, as all are where no run is
        being saved. One is not enough: who keeps the same demonstration in two places has the same files in both."""
        files = [path.name for path in self.folder.glob("*/*")]
        return 2 * sum(name in named for name in files) >= len(files) - spared

    def sweep(self, named: Collection[str], at: datetime.datetime) -> None:
        """Move the files that no run names to the trash, unless they are young; then empty the trash of what has lain
        there for TRASH_DAYS. `at` is now, in UTC."""
        before = at.replace(tzinfo=datetime.UTC).timestamp() - UNFINISHED_SECONDS
        today = self.trash / f"{at:%Y-%m-%d}"
        for path in self.folder.glob("*/*"):
            # One that cannot be moved, or that another sweep has moved, stays where it is.
            with suppress(OSError):
                if path.name not in named and path.stat().st_mtime < before:
                    make_own_folder(today)
                    path.replace(today / path.name)
        for day in self.trash.glob("????-??-??"):
            with suppress(OSError, ValueError):
                # A run may have named it in the moment in which it was moved.
                for name in {path.name for path in day.iterdir()} & set(named):
                    self._bring_back(name)
                if (at.date() - datetime.date.fromisoformat(day.name)).days > TRASH_DAYS:
                    shutil.rmtree(day, ignore_errors=True)

    def _is_whole(self, digest: str, size: int) -> bool:
        """Whether it is there, undamaged, and young again, so that no sweep takes it before the run that now names it
        is saved."""
        path = self._path(digest)
        # A sweep may move it in this moment; and one that cannot be read is to be written anew.
        with suppress(OSError):
            if not path.exists():
                self._bring_back(digest)
            os.utime(path)
            if path.stat().st_size == size:
                with path.open("rb") as file:
                    return hashlib.file_digest(file, "sha256").hexdigest() == digest
        return False

    def _bring_back(self, digest: str) -> None:
        """From the trash, where it is there."""
        path = self._path(digest)
        for found in self.trash.glob(f"*/{digest}"):
            make_own_folder(path.parent)
            os.utime(found)
            found.replace(path)

    def _path(self, digest: str) -> Path:
        if not DIGEST.fullmatch(digest):
            raise RunError("Expected the digest of a kept file.")
        return self.folder / digest[:2] / digest
