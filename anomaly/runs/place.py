"""Where runs are kept, a folder and a database of this machine or those that the environment names; and how long."""

import os
from pathlib import Path

from sqlalchemy.engine import URL

from anomaly.domain import SettingsError
from anomaly.runs.store import RunStore

MOST_DAYS = 100_000
FOLDER, DATABASE, KEEP = "ANOMALY_DATA", "ANOMALY_DATABASE_URL", "ANOMALY_KEEP"


def open_store() -> RunStore | None:
    """The store; None where ANOMALY_KEEP is "nothing". With a number of days, runs and fits broken off (with their
    checkpoints) that have not changed for so long are removed; with "all", the default, none is. Raises SettingsError
    for another word, RunError where the place cannot be used."""
    keep = os.environ.get(KEEP, "all").strip().lower()
    if keep == "nothing":
        return None
    days = None
    if keep != "all":
        try:
            days = float(keep)
        except ValueError:
            days = -1.0
        if not 0 < days <= MOST_DAYS:
            raise SettingsError(
                f"{KEEP}: expected all, nothing, or a number of days, at most {MOST_DAYS:,}; found {keep!r}."
            )
    folder = Path(os.environ.get(FOLDER) or _usual_folder()).absolute()
    # No address that is read: in one, a question mark in the folder's name would end the file's.
    own = URL.create("sqlite", database=str(folder / "runs.sqlite"))
    store = RunStore(os.environ.get(DATABASE) or own, folder)
    store.keep_days = days
    store.sweep()
    return store


def _usual_folder() -> Path:
    try:
        return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "unforeseen"
    except RuntimeError:
        raise SettingsError(f"{FOLDER}: expected a folder, since this account has no home; found nothing.") from None
