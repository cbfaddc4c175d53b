"""What is removed from a store, and when nothing is: where folder and database do not match, where the clock may be
wrong, and where all would go at once.
"""

import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from anomaly.runs.artifacts import Artifacts
from anomaly.runs.database.connection import Database
from anomaly.runs.database.schema import audit, pairing, runs
from anomaly.runs.pairing import Pairing, read_line, read_named
from anomaly.runs.unfinished import Workshop

UNDO_HOURS = 24
"""a deleted run can be taken back for so long; then its files go to the trash"""
SLACK_MINUTES = 10
"""by so much the clocks of two machines may differ"""
PAUSE_DAYS = 60
"""a server that was not swept for longer slept, or its clock is wrong"""
DOUBT_DAYS = 7
"""for so long nothing is removed where the clock, or the database, may be wrong"""
HANDFUL = 5
"""runs; so many may all be too old at once"""
EPOCH = datetime.datetime(1970, 1, 1)
"""no time is before this one"""
FEW_FILES = 6 * HANDFUL
"""as many runs have; more that no run names, and more than half of all, were not left there by a crash"""


class Sweeping:
    """Sweeps of a database and its folder."""

    def __init__(self, database: Database, paired: Pairing, artifacts: Artifacts, workshop: Workshop) -> None:
        self._database, self._pairing = database, paired
        self._artifacts, self._workshop = artifacts, workshop

    def sweep(self, at: datetime.datetime, keep_days: float | None) -> int:
        """As `RunStore.sweep`, at the time `at`."""
        with self._database.begin() as connection:
            # Before it is read: another sweep waits here until this one has ended.
            connection.execute(pairing.update().values(swept=pairing.c.swept))
            marks = self._pairing.read()
            line = read_line(connection)
            if line is None or self._pairing.say_mismatch(marks, line):
                return 0
            before = None if keep_days is None else at - datetime.timedelta(days=keep_days)
            are_known = self._artifacts.are_known(read_named(connection)[0], FEW_FILES)
            doubted = _doubt(line, at, not are_known or _are_all_old(connection, before))
            sweeps = line["sweeps"] + 1
            connection.execute(pairing.update().values(sweeps=sweeps, swept=at, doubted=doubted))
            removed = 0 if doubted else _remove_runs(connection, at, before)
            named, are_all = read_named(connection)
            kept = set(connection.execute(sa.select(runs.c.id)).scalars())
        self._pairing.note(sweeps)
        if doubted:
            return 0
        if are_all:
            self._artifacts.sweep(named, at)
        self._workshop.sweep(kept, keep_days)
        return removed

    def say_hindrance(self) -> str:
        """As `RunStore.unswept`."""
        # Read before the line: a sweep counts in the database first.
        marks = self._pairing.read()
        with self._database.begin() as connection:
            line = read_line(connection)
        mismatch = self._pairing.say_mismatch(marks, line)
        if mismatch or line is None or line["doubted"] is None:
            return mismatch
        until = line["doubted"] + datetime.timedelta(days=DOUBT_DAYS)
        return (
            f"Nothing is removed before {until:%Y-%m-%d %H:%M} UTC, because the server's clock jumped, or every run or "
            "most files would have gone at once: see to it that no run is missing and that the clock is right, which "
            f"said {line['swept']:%Y-%m-%d %H:%M} UTC at the last sweep."
        )


def _doubt(line: RowMapping, at: datetime.datetime, is_all: bool) -> datetime.datetime | None:
    """Since when it is doubted that what seems to be too old, or unknown, is; None where it is believed.

    Doubted is a clock (`at`) that went back or is further on than a server is likely to sleep, and whatever would take
    all at once (`is_all`), for which a wrong clock or an emptied database is the likelier reason. Only the time of the
    last sweep is compared: a monotonic clock begins anew with the server and halts, on many machines, while they sleep.
    So what was doubted is watched: when it has gone on for DOUBT_DAYS without a jump, in which somebody reads on the
    page Runs what is said of it, it is believed. A wrong clock that nobody sees for so long is believed too.
    """
    since_last = at - line["swept"]
    if not datetime.timedelta(minutes=-SLACK_MINUTES) <= since_last <= datetime.timedelta(days=PAUSE_DAYS):
        return at
    since: datetime.datetime | None = line["doubted"]
    if since is None:
        return at if is_all else None
    return since if at - since < datetime.timedelta(days=DOUBT_DAYS) else None


def _are_all_old(connection: Connection, before: datetime.datetime | None) -> bool:
    """Whether there are more than a handful of runs, and none has changed since `before`."""
    if before is None:
        return False
    there = sa.select(sa.func.count(), sa.func.max(runs.c.updated)).where(runs.c.deleted.is_(None))
    count, newest = connection.execute(there).one()
    return bool(count > HANDFUL and newest is not None and newest < before)


def _remove_runs(connection: Connection, at: datetime.datetime, before: datetime.datetime | None) -> int:
    """How many: those deleted long ago, and those that have not changed since `before`."""
    gone: sa.ColumnElement[bool] = runs.c.deleted.between(EPOCH, at - datetime.timedelta(hours=UNDO_HOURS))
    if before is not None:
        # A time that cannot be read is not an old one.
        gone |= runs.c.updated.between(EPOCH, before)
        # What was done to a run is kept as long as the run, and no shorter than it would have been.
        is_there = sa.exists().where(runs.c.id == audit.c.run)
        connection.execute(audit.delete().where(audit.c.at < before, ~is_there))
    return int(connection.execute(runs.delete().where(gone)).rowcount)
