"""The database of the run store: SQLite or PostgreSQL, brought to this version's tables."""

import datetime
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection

import anomaly
from anomaly.domain import RunError, is_there, lacks, make_own_folder
from anomaly.runs.database.schema import pairing

MIGRATIONS = Path(__file__).parent / "migrations"
CONNECT_SECONDS = 10
LOCK = 0x756E666F
"""a number of this package's own, by which PostgreSQL lets one server after another bring the tables up to date"""
_upgrading = threading.Lock()
EXPECTED = "expected sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME in ANOMALY_DATABASE_URL"
NOT_LOST = "What is on the screen is not lost."
MEANT = {
    "file is not a database": "the file there is no SQLite database: name another file, or move this one away",
    "readonly database": "it can be read, but not written: see that file and folder may be written",
    "read-only transaction": "it can be read, but not written: see that its server may write",
    "disk image is malformed": "the file is damaged: put a copy in its place, or name another",
    "already exists": "another program's tables are in it: name another database",
}
"""what SQLite and PostgreSQL say, and what it means for who reads it"""


class Database:
    """The database at `url`, with this version's tables; `folder` is made where it is missing. Raises RunError where
    either cannot be used."""

    def __init__(self, url: str | URL, folder: Path) -> None:
        asked = _read_url(url)
        self.folder, self.file = folder, _file_of(asked)
        """the file is SQLite's; None for another database"""
        self.place = asked.render_as_string(hide_password=True)
        try:
            make_own_folder(folder)
            if self.file is not None and not self.file.exists():
                # Before SQLite makes it as the umask says; its -wal and -shm are as open as this one.
                os.close(os.open(self.file, os.O_CREAT | os.O_WRONLY, 0o600))
            self._engine = sa.create_engine(asked, pool_pre_ping=True, connect_args=_patience(asked))
            if self._engine.dialect.name == "sqlite":
                sa.event.listen(self._engine, "connect", _prepare_sqlite)
            self._upgrade()
            self._opened = None if self.file is None else _identity(self.file)
        # What is wrong in the address, such as a port or an option, the drivers say in errors of all these kinds.
        except (OSError, sa.exc.SQLAlchemyError, sqlite3.Error, ImportError, ValueError, TypeError) as error:
            raise RunError(f"Runs cannot be kept in {self.place}: {_say(error)}.") from None

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction: all of it, or nothing."""
        self.check_place()
        try:
            with self._engine.begin() as connection:
                yield connection
        except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
            raise RunError(f"The run store does not answer: {_say(error)}. {NOT_LOST}") from None

    def check_place(self) -> None:
        """Raises RunError where the folder, or SQLite's file, is not there any more: SQLite would go on with a file
        that nobody can find again."""
        if not is_there(self.folder):
            raise RunError(
                f"The data folder {self.folder} is gone, and what was kept in it: put it back, or start the program "
                f"again, which makes a new one. {NOT_LOST}"
            )
        if self.file is not None and _identity(self.file) != self._opened:
            what = "was replaced by another file" if is_there(self.file) else "is gone, or may not be read any more"
            raise RunError(f"The database {self.file} {what}: put it back, or start the program again. {NOT_LOST}")

    def close(self) -> None:
        self._engine.dispose()

    def _upgrade(self) -> None:
        from alembic import command
        from alembic.config import Config
        from alembic.migration import MigrationContext
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        # Alembic keeps its state in modules: one at a time in a process.
        with _upgrading, self._engine.begin() as connection:
            # And one of several servers that begin at the same time: the others wait until the tables are there.
            is_sqlite = self._engine.dialect.name == "sqlite"
            connection.exec_driver_sql("BEGIN IMMEDIATE" if is_sqlite else f"SELECT pg_advisory_xact_lock({LOCK})")
            config.attributes["connection"] = connection
            scripts = ScriptDirectory.from_config(config)
            known = {script.revision for script in scripts.walk_revisions()}
            unknown = set(MigrationContext.configure(connection).get_current_heads()) - known
            if unknown:
                raise RunError(
                    f"Runs cannot be kept in {self.place}: a newer version of this program made it, with tables of "
                    f"version {max(unknown)}; {anomaly.__version__} knows them up to {scripts.get_current_head()}. Use "
                    f"a version that knows {max(unknown)}, or name another database in ANOMALY_DATABASE_URL."
                )
            command.upgrade(config, "head")
            # One that can only be read says so now, not when something is to be kept.
            connection.execute(pairing.update().values(sweeps=pairing.c.sweeps))


def now() -> datetime.datetime:
    """UTC, as the database keeps it."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=10000", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    # A letter that is damaged must not hide the whole list.
    connection.text_factory = partial(str, encoding="utf-8", errors="replace")
    # SQLite's own knows the letters of ASCII alone.
    connection.create_function("lower", 1, lambda text: text.lower() if isinstance(text, str) else text)


def _read_url(url: str | URL) -> URL:
    """Raises RunError, which does not quote what may hold a password."""
    try:
        asked = sa.engine.make_url(url)
        asked.get_dialect()
        # A name that is no UTF-8 cannot be written down.
        asked.render_as_string()
    except (sa.exc.ArgumentError, ValueError):
        raise RunError(f"Runs cannot be kept in the database named: {EXPECTED}, found another address.") from None
    except ImportError as error:
        raise RunError(f"Runs cannot be kept in the database named: {EXPECTED}; {_say(error)}.") from None
    kind = asked.get_backend_name()
    if kind not in ("sqlite", "postgresql"):
        raise RunError(f"Runs cannot be kept in the database named: {EXPECTED}, found one of {kind}.")
    lacking = lacks("psycopg", "psycopg[binary]") if asked.get_driver_name() == "psycopg" else ""
    if lacking:
        raise RunError(f"Runs cannot be kept in {asked.render_as_string(hide_password=True)}: {lacking}.")
    return asked


def _file_of(url: URL) -> Path | None:
    """Where SQLite keeps it; None in memory, and for another database."""
    name = url.database or ""
    if url.get_backend_name() != "sqlite" or name in ("", ":memory:") or "memory" in (url.query.get("mode"), name[5:]):
        return None
    is_address = name.startswith("file:") and "uri" in url.query
    return Path(unquote(name.removeprefix("file:")) if is_address else name)


def _identity(path: Path) -> tuple[int, int] | None:
    """Of the file itself, whatever its name; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _say(error: Exception) -> str:
    """What went wrong, as part of a sentence."""
    lines = str(getattr(error, "orig", None) or getattr(error, "strerror", None) or error).splitlines()
    detail = lines[0].rstrip(".") if lines else type(error).__name__
    return next((meaning for sign, meaning in MEANT.items() if sign in detail), detail)


def _patience(url: URL) -> dict[str, int]:
    """A server that does not answer is said so soon: left alone, PostgreSQL's client waits for minutes."""
    is_left_open = url.get_backend_name() == "postgresql" and "connect_timeout" not in url.query
    return {"connect_timeout": CONNECT_SECONDS} if is_left_open else {}
