"""The run store: what was fitted, found and judged, in a database and a folder of files, each run its owner's."""

import datetime
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, RowMapping

from anomaly.domain import AccessError, Dataset, DetectSettings, RunError, SettingsError, Span
from anomaly.forecasting import Fitted
from anomaly.runs.access import Access
from anomaly.runs.archive import pack_dataset, pack_model, unpack_dataset, unpack_model
from anomaly.runs.artifacts import MOST_BYTES, Artifacts
from anomaly.runs.database.connection import Database, now
from anomaly.runs.database.schema import runs, verdicts
from anomaly.runs.pairing import Pairing, are_files
from anomaly.runs.people import LOCAL, RANK, Person, Role
from anomaly.runs.privacy import close_folder
from anomaly.runs.sharing import Sharing
from anomaly.runs.sign_outs import SignOuts
from anomaly.runs.sweeping import EPOCH, UNDO_HOURS, Sweeping
from anomaly.runs.unfinished import Workshop
from anomaly.runs.verdicts import WORDS, Verdict

SORTS = {"updated": runs.c.updated, "created": runs.c.created, "name": sa.func.lower(runs.c.name),
         "events": runs.c.events, "size": runs.c.bytes}  # fmt: skip
UNKNOWN = {"name": "", "notes": "", "created": EPOCH, "updated": EPOCH, "dataset": "", "digest": "", "records": 0,
           "steps": 0, "cell": "", "bytes": 0, "owner": ""}  # fmt: skip
"""what stands in a line of the list, by column, for what cannot be read"""


@dataclass(frozen=True)
class RunRow:
    """One line of the list of runs, whatever of it can be read."""

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
    owner: str
    """the name of the person it belongs to"""
    role: Role
    """what the one who asks may do"""
    unreadable: tuple[str, ...] = ()
    """the columns of its line in the database that cannot be read, which stand here as in `UNKNOWN`; it cannot be
    opened then"""


class RunStore:
    """The runs that one person may see; without accounts there is one person, and they are all. Every function raises
    RunError where the person may not do it, and where the database or the folder cannot be used.
    """

    keep_days: float | None = None
    """a run, or a fit broken off, that has not changed for so long is removed; None: none is"""

    def __init__(self, url: str | URL, folder: Path) -> None:
        self._database = Database(url, folder)
        self._artifacts = Artifacts(folder / "artifacts")
        self._everybodys_workshop = Workshop(folder / "fits")
        self._pairing = Pairing(folder, self._database, self._artifacts)
        self.sign_outs = SignOuts(self._database)
        self._sweeping = Sweeping(self._database, self._pairing, self._artifacts, self._everybodys_workshop)
        self.exposed = close_folder(folder, self._database.file)
        """why other accounts of the machine may read what is kept; empty where they may not"""
        self._become(LOCAL)

    def act_as(self, person: Person) -> "RunStore":
        """The same store for another person."""
        other = object.__new__(RunStore)
        other.__dict__.update(self.__dict__)
        other._become(person)
        return other

    def _become(self, person: Person) -> None:
        self.person = person
        self._access = Access(self._database, person)
        self.sharing = Sharing(self._access)
        self.workshop = self._everybodys_workshop.of(person.id)

    def save(
        self,
        dataset: Dataset,
        fitted: Fitted,
        detect: DetectSettings,
        events: int | None,
        name: str | None = None,
        run: str | None = None,
    ) -> str:
        """Keep a run, as this person's; its id, which is `run` where given. The files are written first, then the line
        that names them: a crash leaves nothing, or all."""
        files = {**pack_dataset(dataset), **pack_model(fitted)}
        self._database.check_place()
        self._pairing.claim()
        artifacts = {file: self._artifacts.put(content) for file, content in files.items()}
        at = now()
        line = {
            "id": run or uuid.uuid4().hex,
            "name": name or dataset.name,
            "notes": "",
            "created": at,
            "updated": at,
            "dataset": dataset.name,
            "digest": dataset.digest,
            "records": len(dataset.series),
            "steps": dataset.steps,
            "cell": fitted.settings.cell,
            "events": events,
            "settings": {"detect": detect.model_dump()},
            "artifacts": artifacts,
            "bytes": sum(map(len, files.values())),
            "owner": self.person.id,
            "owner_name": self.person.name,
        }
        with self._database.begin() as connection:
            connection.execute(runs.insert().values(line))
            self._access.write(connection, str(line["id"]), "kept it")
        return str(line["id"])

    def deleted(self, most: int = 500) -> list[RunRow]:
        """This person's deleted runs that can still be restored, the last deleted first."""
        wanted = self._access.seen(deleted=True).where(runs.c.owner == self.person.id)
        wanted = wanted.where(runs.c.deleted > now() - datetime.timedelta(hours=UNDO_HOURS))
        with self._database.begin() as connection:
            found = connection.execute(wanted.order_by(runs.c.deleted.desc(), runs.c.id).limit(most))
            return [_as_row(line) for line in found.mappings()]

    def list(self, search: str = "", sort: str = "updated", most: int = 200) -> list[RunRow]:
        """The runs whose name, file, notes or cell hold every word of `search`; the newest, or largest, first."""
        wanted = self._access.seen()
        for word in search.split():
            like = f"%{word.replace('/', '//').replace('%', '/%').replace('_', '/_')}%"
            columns = (runs.c.name, runs.c.dataset, runs.c.notes, runs.c.cell)
            wanted = wanted.where(sa.or_(*(column.ilike(like, escape="/") for column in columns)))
        order = SORTS[sort] if sort == "name" else SORTS[sort].desc()
        with self._database.begin() as connection:
            found = connection.execute(wanted.order_by(order, runs.c.id).limit(most))
            return [_as_row(line) for line in found.mappings()]

    def find(self, run: str) -> RunRow:
        """The line of a run. Raises RunError where there is none."""
        with self._access.on(run, "viewer", "looked it up") as (_, line):
            return _as_row(line)

    def standing(self, run: str) -> tuple[Role, tuple[Verdict, ...]]:
        """This person's role, and everybody's verdicts so far; asked at every look, so not
        audited. Raises AccessError where they may not see it."""
        with self._access.on(run, "viewer", None) as (connection, line):
            return cast(Role, line["role"]), _read_verdicts(connection, run)

    def note(self, run: str, action: str) -> None:
        """Write down what somebody who may see a run does with it. Raises AccessError where they may not."""
        with self._access.on(run, "viewer", action):
            pass

    def open(self, run: str, action: str = "opened it") -> tuple[Dataset, Fitted, DetectSettings]:
        """Dataset (by the run's present name), model and settings. Raises RunError or ModelFileError."""
        with self._access.on(run, "viewer", action) as (_, line):
            row, named = _as_row(line), line["artifacts"]
        if row.unreadable:
            raise RunError(
                f"The run {row.name!r} cannot be opened: its line in the database is damaged, or of another version "
                f"({', '.join(row.unreadable)})."
            )
        files = {name: self._artifacts.get(digest, row.bytes) for name, digest in named.items()}
        dataset = replace(unpack_dataset(files), name=row.name)
        return dataset, unpack_model(files), DetectSettings(**line["settings"]["detect"])

    def count(self) -> tuple[int, int]:
        """How many runs there are, and the bytes of their files."""
        seen = self._access.seen().subquery()
        with self._database.begin() as connection:
            # What is damaged in one line must not hide the others: nor can so much be added up.
            known = sa.case((seen.c.bytes.between(0, MOST_BYTES), seen.c.bytes), else_=0)
            wanted = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(known), 0))
            number, size = connection.execute(wanted).one()
        return int(number), int(size)

    def rename(self, run: str, name: str) -> None:
        if not name.strip():
            raise RunError("A run needs a name: expected some text, found none.")
        self._change(run, "renamed it", {"name": name.strip()})

    def write_notes(self, run: str, notes: str) -> None:
        self._change(run, "wrote notes", {"notes": notes})

    def look_again(self, run: str, detect: DetectSettings, events: int, is_first: bool = False) -> None:
        """Keep the present detection settings and the number of events that they find."""
        values = {"settings": {"detect": detect.model_dump()}, "events": events}
        self._change(run, "looked at it first" if is_first else "changed how it is looked at", values)

    def delete(self, run: str) -> None:
        """For UNDO_HOURS it can be restored."""
        self._change(run, "deleted it", {"deleted": now()}, least="owner")

    def restore(self, run: str) -> None:
        try:
            with self._access.on(run, "owner", "took it back", deleted=True) as (connection, _):
                connection.execute(runs.update().where(runs.c.id == run).values(deleted=None))
        except AccessError:
            raise RunError("This run cannot be taken back any more: its files are gone.") from None

    def sweep(self) -> int:
        """Remove what was deleted long ago, what has not changed for `keep_days`, and every file that no run names; the
        number of runs removed. Files lie in the trash for TRASH_DAYS before they are gone for good.

        Nothing is removed where folder and database do not match, nor, for DOUBT_DAYS, where the clock has jumped,
        where every run there is, more than a HANDFUL, is too old at once, or where no run names most of the files:
        `unswept` says so. Not for a page: it is the machine's, whosever the runs are."""
        return self._sweeping.sweep(now(), self.keep_days)

    @property
    def unswept(self) -> str:
        """Why `sweep` removes nothing at present, in a sentence; empty where all is well."""
        return self._sweeping.say_hindrance()

    def change_verdicts(
        self, run: str, change: Callable[[tuple[Verdict, ...]], Sequence[Verdict]]
    ) -> tuple[Verdict, ...]:
        """What `change` makes of the verdicts of a run as they are now, in one transaction: people who judge at the
        same time keep each other's."""
        at = now()
        with self._access.on(run, "editor", "judged events") as (connection, _):
            # Before they are read: another who judges waits here until this transaction has ended.
            connection.execute(runs.update().where(runs.c.id == run).values(updated=at))
            before = _read_verdicts(connection, run)
            after = change(before)
            for one in set(before) - set(after):
                connection.execute(verdicts.delete().where(*(verdicts.c[name] == it for name, it in _place(run, one))))
            new = [
                {**dict(_place(run, one)), "verdict": one.verdict, "tag": one.tag, "note": one.note, "updated": at}
                for one in set(after) - set(before)
            ]
            if new:
                connection.execute(verdicts.insert(), new)
            return _read_verdicts(connection, run)

    def close(self) -> None:
        self._database.close()

    def _change(self, run: str, action: str, values: dict[str, Any], least: Role = "editor") -> None:
        with self._access.on(run, least, action) as (connection, _):
            connection.execute(runs.update().where(runs.c.id == run).values(**values, updated=now()))


def _as_row(line: RowMapping) -> RunRow:
    found = {**line, "owner": line["owner_name"]}
    if isinstance(found["name"], bytes):
        found["name"] = found["name"].decode(errors="replace")
    wrong = [name for name, unknown in UNKNOWN.items() if not isinstance(found[name], type(unknown))]
    wrong += ["events"] * (not isinstance(line["events"], int | None)) + ["role"] * (line["role"] not in RANK)
    found |= {name: UNKNOWN.get(name, "viewer" if name == "role" else None) for name in wrong}
    wrong += ["settings"] * (_read_settings(line["settings"]) is None) + ["files"] * (not are_files(line["artifacts"]))
    own = {name: found[name] for name in RunRow.__dataclass_fields__ if name in found}
    return RunRow(**own, unreadable=tuple(wrong))


def _read_settings(found: Any) -> DetectSettings | None:
    """None where they are none."""
    try:
        return DetectSettings(**found["detect"])
    except (SettingsError, LookupError, TypeError):
        return None


def _place(run: str, one: Verdict) -> list[tuple[str, str | int]]:
    """The columns that no two verdicts share."""
    return [("run", run), ("record", one.record), ("start", one.span.start), ("stop", one.span.stop)]


def _read_verdicts(connection: Connection, run: str) -> tuple[Verdict, ...]:
    wanted = sa.select(verdicts).where(verdicts.c.run == run)
    found = connection.execute(wanted.order_by(verdicts.c.record, verdicts.c.start, verdicts.c.stop))
    # One that is damaged stays in the database, and is passed over.
    return tuple(
        Verdict(line["record"], Span(line["start"], line["stop"]), line["verdict"], line["tag"], line["note"])
        for line in found.mappings()
        if line["verdict"] in WORDS
        and all(isinstance(line[name], int) for name in ("record", "start", "stop"))
        and all(isinstance(line[name], str) for name in ("tag", "note"))
    )
