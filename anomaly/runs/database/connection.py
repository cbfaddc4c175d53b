"""The database of the run store: SQLite or PostgreSQL, brought to this version's tables."""

import datetime
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from anomaly.domain import RunError, lacks

MIGRATIONS = Path(__file__).parent / "migrations"
CONNECT_SECONDS = 10
LOCK = 0x756E666F
"""a number of this package's own, by which PostgreSQL lets one server after another bring the tables up to date"""
_upgrading = threading.Lock()


class Database:
    """The database at `url`, with this version's tables. Raises RunError where it cannot be used."""

    def __init__(self, url: str, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lacking = lacks("psycopg", "psycopg[binary]") if url.startswith("postgresql+psycopg:") else ""
            if lacking:
                raise RunError(f"Runs cannot be kept in {_without_password(url)}: {lacking}.")
            self._engine = sa.create_engine(url, pool_pre_ping=True, connect_args=_patience(url))
            if self._engine.dialect.name == "sqlite":
                sa.event.listen(self._engine, "connect", _prepare_sqlite)
            self._upgrade()
        except (OSError, sa.exc.SQLAlchemyError, ModuleNotFoundError) as error:
            detail = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise RunError(f"Runs cannot be kept in {_without_password(url)}: {detail}.") from None

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction: all of it, or nothing."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            detail = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise RunError(f"The run store does not answer: {detail}. What is on the screen is not lost.") from None

    def close(self) -> None:
        self._engine.dispose()

    def _upgrade(self) -> None:
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        # Alembic keeps its state in modules: one at a time in a process.
        with _upgrading, self._engine.begin() as connection:
            # And one of several servers that begin at the same time: the others wait until the tables are there.
            is_sqlite = self._engine.dialect.name == "sqlite"
            connection.exec_driver_sql("BEGIN IMMEDIATE" if is_sqlite else f"SELECT pg_advisory_xact_lock({LOCK})")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def now() -> datetime.datetime:
    """UTC, as the database keeps it."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=10000", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    # SQLite's own knows the letters of ASCII alone.
    connection.create_function("lower", 1, lambda text: text.lower() if isinstance(text, str) else text)


def _patience(url: str) -> dict[str, int]:
    """A server that does not answer is said so soon: left alone, PostgreSQL's client waits for minutes."""
    asked = sa.engine.make_url(url)
    is_left_open = asked.get_backend_name() == "postgresql" and "connect_timeout" not in asked.query
    return {"connect_timeout": CONNECT_SECONDS} if is_left_open else {}


def _without_password(url: str) -> str:
    try:
        return sa.engine.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return "the database named"
