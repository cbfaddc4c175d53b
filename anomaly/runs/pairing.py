"""Which database the files of a data folder belong to. An id in both must match before anything is removed: another
database on the folder, an emptied or an older one does not know what it would remove.

Folders that several machines have, each its own, for one database bear the same id: what lies in any of them that the
database does not name, no run needs.
"""

import math
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from anomaly.domain import RunError, is_there, read_file, write_whole
from anomaly.runs.artifacts import DIGEST, Artifacts
from anomaly.runs.database.connection import Database
from anomaly.runs.database.schema import pairing, runs

UNKNOWN = "unknown"
"""stands for the database of files that the one which found them does not know"""
MOST_BYTES = 100
"""of a mark"""


class Pairing:
    """The folder `databases` in a data folder: a file for each database that keeps files there, named by its id; in it
    stands how many sweeps there had been. Servers that begin at the same time need not wait for each other: those of
    one database write the same file, those of two databases leave two, and then neither sweeps."""

    def __init__(self, folder: Path, database: Database, artifacts: Artifacts) -> None:
        """Claim the folder for the database, where it is nobody's; for `UNKNOWN`, where it holds files that are for the
        most part of no run in the database."""
        self.folder, self._marks = folder, folder / "databases"
        with database.begin() as connection:
            line = read_line(connection)
            self.id = UNKNOWN if line is None else str(line["id"])
            if self.read():
                return
            named, _ = read_named(connection)
        is_own = line is not None and artifacts.are_known(named)
        # Where nothing can be written nothing is swept either. Another server may have claimed it meanwhile.
        with suppress(OSError):
            if not self.read():
                self._write(self.id if is_own else UNKNOWN, line["sweeps"] if is_own and line else 0)

    def claim(self) -> None:
        """Before files are put there: from then on no other database removes what it does not know."""
        try:
            if not (self._marks / self.id).exists():
                self._write(self.id, 0)
        except OSError as error:
            raise RunError(f"The run cannot be kept in {self.folder}: {error.strerror}.") from None

    def note(self, sweeps: int) -> None:
        """Write down the number of sweeps, after the transaction that counted the last: the database never has fewer
        than stand here, unless it was put back."""
        with suppress(OSError):
            self._write(self.id, sweeps)

    def read(self) -> dict[str, float]:
        """The number of sweeps by the id of each database that keeps files here."""
        found = {}
        # One being written begins with a dot.
        for path in self._marks.glob("[!.]*") if is_there(self._marks) else ():
            try:
                found[path.name] = float(int(read_file(path, MOST_BYTES)))
            except (OSError, ValueError):
                found[path.name] = math.inf
        return found

    def say_mismatch(self, marks: dict[str, float], line: RowMapping | None) -> str:
        """Why a database with this line of `pairing` must not sweep the folder in which these marks were `read`, no
        later than the line; empty where it may."""
        if line is None or set(marks) != {line["id"]} or self.id != line["id"]:
            return (
                f"Nothing is ever removed from {self.folder}, because files of another database lie there, or this one "
                "was emptied or is an older one: open the folder with the database that it belongs to, or, where that "
                f"is gone for good, remove its file from {self._marks} and start again."
            )
        if line["sweeps"] < marks[line["id"]]:
            return (
                f"Nothing is removed from {self.folder}, because its files are newer than the database, which may have "
                f"been put back from a copy: where it is meant to stay, remove {self._marks / self.id} and start again."
            )
        return ""

    def _write(self, name: str, sweeps: int) -> None:
        write_whole(self._marks / name, str(sweeps).encode())


def read_line(connection: Connection) -> RowMapping | None:
    """The line of `pairing`; None where there is none that can be read."""
    line = connection.execute(sa.select(pairing)).mappings().first()
    is_readable = line is not None and line["swept"] is not None and isinstance(line["sweeps"], int)
    return line if is_readable else None


def read_named(connection: Connection) -> tuple[set[str], bool]:
    """The digests of all files that a run names, and whether those are all: where a line cannot be read, a run may name
    files that nobody knows of."""
    every = list(connection.execute(sa.select(runs.c.artifacts)).scalars())
    whole = [files for files in every if are_files(files)]
    return {digest for files in whole for digest in files.values()}, len(whole) == len(every)


def are_files(found: object) -> bool:
    """Whether this is what a run's column `artifacts` holds: digests by name."""
    return isinstance(found, dict) and all(isinstance(one, str) and DIGEST.fullmatch(one) for one in found.values())
