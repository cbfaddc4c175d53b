"""Nobody but its owner reads a data folder: what is new in it is made so, what older versions left open is closed."""

from contextlib import suppress
from pathlib import Path

from anomaly.domain import close_to_others, is_open

KEPT = ("artifacts", "databases", "fits", "trash")
"""all that the store lays into its folder, but for the database"""
BESIDE = ("", "-wal", "-shm", "-journal")
"""the endings of SQLite's files"""


def close_folder(folder: Path, database: Path | None) -> str:
    """Close a data folder, and its `database` where that is a file, to everybody but the owner. Why that is not
    possible, in a sentence; empty where it is done.

    A folder that holds other things too, such as a home or the system's temporary folder, stays as it is: what is kept
    in it is closed.
    """
    tables = [] if database is None else [database.with_name(f"{database.name}{ending}") for ending in BESIDE]
    own = [folder / name for name in KEPT] + tables
    with suppress(OSError):
        if {path.name for path in folder.iterdir()} <= {path.name for path in own}:
            # Closed last: while it is open, the next start looks again.
            own.append(folder)
    # SQLite removes its own beside the database at any moment.
    if not any(is_open(path) for path in own):
        return ""
    still_open = close_to_others(own)
    if still_open is None:
        return ""
    return (
        f"Other accounts of this machine may read what is kept here: {still_open} could not be closed to them. Let who "
        f"runs the program own it, or name another folder in ANOMALY_DATA, on a disk that knows permissions."
    )
