"""Files addressed by their content: written whole or not at all, never changed, checked when they are read."""

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

from anomaly.domain import RunError

DIGEST = re.compile(r"[0-9a-f]{64}")
UNFINISHED_SECONDS = 3_600
"""a file that no run names may belong to one that is being saved: it stays for so long"""


class Artifacts:
    """A folder of files, each named by the SHA-256 of what is in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, content: bytes) -> str:
        """Keep `content`; its digest. Written to a temporary name, flushed to the disk, then renamed."""
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        if path.exists():
            # Young again, so that no sweep takes it before the run that now names it is saved.
            os.utime(path)
            return digest
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".writing-", delete=False) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(path)
        except OSError as error:
            raise RunError(f"The run cannot be kept in {self.folder}: {error.strerror}.") from None
        return digest

    def get(self, digest: str) -> bytes:
        """Raises RunError where the file is missing or has changed."""
        try:
            content = self._path(digest).read_bytes()
        except OSError:
            raise RunError("A file of this run is gone from the data folder: it cannot be opened any more.") from None
        if hashlib.sha256(content).hexdigest() != digest:
            raise RunError("A file of this run has changed on the disk: it cannot be trusted and is not opened.")
        return content

    def sweep(self, named: Collection[str]) -> int:
        """Remove the files that no run names, unless they are young; how many."""
        removed, before = 0, time.time() - UNFINISHED_SECONDS
        for path in self.folder.glob("*/*") if self.folder.exists() else ():
            if path.name not in named and path.stat().st_mtime < before:
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def _path(self, digest: str) -> Path:
        if not DIGEST.fullmatch(digest):
            raise RunError("Expected the digest of a kept file.")
        return self.folder / digest[:2] / digest
