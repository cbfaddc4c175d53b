"""The run store: what was fitted, found and judged, in a database and a folder of files."""

import datetime
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from anomaly.domain import Dataset, Span
from anomaly.exceptions import RunError
from anomaly.fitting import Fitted
from anomaly.runs.archive import pack_dataset, pack_model, unpack_dataset, unpack_model
from anomaly.runs.artifacts import Artifacts
from anomaly.runs.schema import runs, verdicts
from anomaly.runs.unfinished import Workshop
from anomaly.runs.verdicts import Verdict
from anomaly.settings import DetectSettings

MIGRATIONS = Path(__file__).parent / "migrations"
UNDO_HOURS = 24
"""a deleted run can be taken back for so long; then its files go"""
SORTS = {"updated": runs.c.updated, "created": runs.c.created, "name": runs.c.name, "events": runs.c.events,
         "size": runs.c.bytes}  # fmt: skip
_upgrading = threading.Lock()


@dataclass(frozen=True)
class RunRow:
    """One line of the list of runs."""

    id: str
    name: str
    notes: str
    created: datetime.datetime
    """UTC, as `updated`"""
    updated: datetime.datetime
    dataset: str
    digest: str
    records: int
    steps: int
    cell: str
    events: int | None
    """None = nobody has looked yet"""
    bytes: int
    """of its files on the disk; files that several runs share count for each"""


class RunStore:
    """Raises RunError where the database or the folder cannot be used."""

    def __init__(self, url: str, folder: Path) -> None:
        self.artifacts = Artifacts(folder / "artifacts")
        self.workshop = Workshop(folder / "fits")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._engine = sa.create_engine(url)
            if self._engine.dialect.name == "sqlite":
                sa.event.listen(self._engine, "connect", _prepare_sqlite)
            self._upgrade()
        except (OSError, sa.exc.SQLAlchemyError, ModuleNotFoundError) as error:
            detail = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise RunError(f"Runs cannot be kept in {_without_password(url)}: {detail}.") from None

    def save(
        self,
        dataset: Dataset,
        fitted: Fitted,
        detect: DetectSettings,
        events: int | None,
        name: str | None = None,
        run: str | None = None,
    ) -> str:
        """Keep a run; its id, which is `run` where given. The files are written first, then the line that names
        them: a crash leaves nothing, or all."""
        files = {**pack_dataset(dataset), **pack_model(fitted)}
        artifacts = {file: self.artifacts.put(content) for file, content in files.items()}
        now = _now()
        line = {
            "id": run or uuid.uuid4().hex,
            "name": name or dataset.name,
            "notes": "",
            "created": now,
            "updated": now,
            "dataset": dataset.name,
            "digest": dataset.digest,
            "records": len(dataset.series),
            "steps": dataset.steps,
            "cell": fitted.settings.cell,
            "events": events,
            "settings": {"detect": detect.model_dump()},
            "artifacts": artifacts,
            "bytes": sum(map(len, files.values())),
        }
        with self._begin() as connection:
            connection.execute(runs.insert().values(line))
        return str(line["id"])

    def list(self, search: str = "", sort: str = "updated", most: int = 200) -> list[RunRow]:
        """Those whose name, file or notes hold every word of `search`; the newest, or largest, first."""
        wanted: sa.ColumnElement[bool] = runs.c.deleted.is_(None)
        for word in search.split():
            like = f"%{word.replace('/', '//').replace('%', '/%').replace('_', '/_')}%"
            columns = (runs.c.name, runs.c.dataset, runs.c.notes, runs.c.cell)
            wanted &= sa.or_(*(column.ilike(like, escape="/") for column in columns))
        order = SORTS[sort] if sort == "name" else SORTS[sort].desc()
        with self._begin() as connection:
            found = connection.execute(sa.select(runs).where(wanted).order_by(order, runs.c.id).limit(most))
            return [_as_row(line) for line in found.mappings()]

    def find(self, run: str) -> RunRow:
        """Raises RunError where there is no such run."""
        return _as_row(self._line(run))

    def open(self, run: str) -> tuple[Dataset, Fitted, DetectSettings]:
        """Raises RunError or ModelFileError where it cannot be."""
        line = self._line(run)
        files = {name: self.artifacts.get(digest) for name, digest in line["artifacts"].items()}
        return unpack_dataset(files), unpack_model(files), DetectSettings(**line["settings"]["detect"])

    def count(self) -> tuple[int, int]:
        """How many runs there are, and the bytes of their files."""
        with self._begin() as connection:
            wanted = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(runs.c.bytes), 0))
            number, size = connection.execute(wanted.where(runs.c.deleted.is_(None))).one()
        return int(number), int(size)

    def rename(self, run: str, name: str) -> None:
        if not name.strip():
            raise RunError("A run needs a name: expected some text, found none.")
        self._change(run, {"name": name.strip()})

    def write_notes(self, run: str, notes: str) -> None:
        self._change(run, {"notes": notes})

    def look_again(self, run: str, detect: DetectSettings, events: int) -> None:
        """Keep how it is looked at now, and what that finds."""
        self._change(run, {"settings": {"detect": detect.model_dump()}, "events": events})

    def delete(self, run: str) -> None:
        """For UNDO_HOURS it can be restored."""
        self._change(run, {"deleted": _now()})

    def restore(self, run: str) -> None:
        with self._begin() as connection:
            changed = connection.execute(runs.update().where(runs.c.id == run).values(deleted=None))
        if not changed.rowcount:
            raise RunError("This run cannot be taken back any more: its files are gone.")

    def sweep(self, keep_days: float | None = None) -> int:
        """Remove for good what was deleted long ago, what has not changed for `keep_days`, and every file that no run
        names; the number of runs removed."""
        now = _now()
        gone = runs.c.deleted < now - datetime.timedelta(hours=UNDO_HOURS)
        if keep_days is not None:
            gone |= runs.c.updated < now - datetime.timedelta(days=keep_days)
        with self._begin() as connection:
            removed = connection.execute(runs.delete().where(gone)).rowcount
            named = {
                digest for (files,) in connection.execute(sa.select(runs.c.artifacts)) for digest in files.values()
            }
        self.artifacts.sweep(named)
        self.workshop.sweep()
        return int(removed)

    def verdicts(self, run: str) -> tuple[Verdict, ...]:
        with self._begin() as connection:
            wanted = sa.select(verdicts).where(verdicts.c.run == run).order_by(verdicts.c.record, verdicts.c.start)
            return tuple(
                Verdict(line["record"], Span(line["start"], line["stop"]), line["verdict"], line["tag"], line["note"])
                for line in connection.execute(wanted).mappings()
            )

    def write_verdicts(self, run: str, judged: tuple[Verdict, ...]) -> None:
        """Replace all verdicts of a run, at once."""
        now = _now()
        lines = [
            {
                "run": run,
                "record": one.record,
                "start": one.span.start,
                "stop": one.span.stop,
                "verdict": one.verdict,
                "tag": one.tag,
                "note": one.note,
                "updated": now,
            }
            for one in judged
        ]
        with self._begin() as connection:
            changed = connection.execute(runs.update().where(_is_there(run)).values(updated=now))
            if not changed.rowcount:
                raise RunError(_missing(run))
            connection.execute(verdicts.delete().where(verdicts.c.run == run))
            if lines:
                connection.execute(verdicts.insert(), lines)

    def close(self) -> None:
        self._engine.dispose()

    def _line(self, run: str) -> RowMapping:
        with self._begin() as connection:
            line = connection.execute(sa.select(runs).where(_is_there(run))).mappings().one_or_none()
        if line is None:
            raise RunError(_missing(run))
        return line

    def _change(self, run: str, values: dict[str, Any]) -> None:
        with self._begin() as connection:
            changed = connection.execute(runs.update().where(_is_there(run)).values(**values, updated=_now()))
        if not changed.rowcount:
            raise RunError(_missing(run))

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            detail = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise RunError(f"The run store does not answer: {detail}. What is on the screen is not lost.") from None

    def _upgrade(self) -> None:
        """Bring the tables to this version's."""
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        # Alembic keeps its state in modules: one at a time in a process.
        with _upgrading, self._engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _prepare_sqlite(connection: Any, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=10000", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _is_there(run: str) -> sa.ColumnElement[bool]:
    return (runs.c.id == run) & runs.c.deleted.is_(None)


def _missing(run: str) -> str:
    return f"There is no run {run[:32]!r} here: it may have been deleted, or kept on another machine."


def _as_row(line: RowMapping) -> RunRow:
    return RunRow(**{name: line[name] for name in RunRow.__dataclass_fields__})


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


def _without_password(url: str) -> str:
    try:
        return sa.engine.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return "the database named"
