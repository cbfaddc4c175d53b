"""Whether a person's role is enough for what they do to a run: checked here alone; audited where there are accounts.

The least role for each action stands at its call of `Access.on` in `store.py` and `sharing.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from anomaly.domain import AccessError
from anomaly.runs.database.connection import Database, now
from anomaly.runs.database.schema import audit, members, runs
from anomaly.runs.people import RANK, Person, Role


class Access:
    """What one person may do to the runs of a database."""

    def __init__(self, database: Database, person: Person) -> None:
        self.database, self.person = database, person

    def seen(self, deleted: bool = False) -> sa.Select[tuple[object, ...]]:
        """The runs that this person may see, each with their `role`."""
        is_member = (members.c.run == runs.c.id) & (members.c.person == self.person.id)
        role = sa.case((runs.c.owner == self.person.id, "owner"), else_=members.c.role).label("role")
        return (
            sa.select(runs, role)
            .select_from(runs.outerjoin(members, is_member))
            .where((runs.c.owner == self.person.id) | members.c.role.is_not(None))
            .where(runs.c.deleted.is_not(None) if deleted else runs.c.deleted.is_(None))
        )

    @contextmanager
    def on(
        self, run: str, least: Role, action: str | None, deleted: bool = False
    ) -> Iterator[tuple[Connection, RowMapping]]:
        """A transaction on a run, and the run's line, for a person whose role is at least `least`. Raises AccessError
        for all others, with the same words as for a missing run where they may not even see it. `action` is written
        into the audit; None where nothing of the run's data is read."""
        with self.database.begin() as connection:
            line = connection.execute(self.seen(deleted).where(runs.c.id == run)).mappings().one_or_none()
            if line is not None and RANK.get(line["role"], 0) >= RANK[least]:
                if action is not None:
                    self.write(connection, run, action)
                yield connection, line
                return
            # Written in this transaction, which ends well; the refusal comes after it.
            if connection.execute(sa.select(runs.c.id).where(runs.c.id == run)).first() is not None:
                self.write(connection, run, f"was refused: {action or 'who may see it'}")
        if line is None:
            raise AccessError(missing(run))
        what = "change it: ask its owner for a link to edit" if least == "editor" else "do this: only its owner may"
        raise AccessError(f"You may {'edit' if line['role'] == 'editor' else 'look at'} this run, but not {what}.")

    def write(self, connection: Connection, run: str, action: str) -> None:
        """Into the audit table. The one person of a machine without accounts is not watched."""
        if self.person.has_account:
            connection.execute(
                audit.insert().values(run=run, person=self.person.id, name=self.person.name, action=action, at=now())
            )


def missing(run: str) -> str:
    return (
        f"There is no run {run[:32]!r} here: it may have been deleted, be shared with you no more, or be kept on "
        "another machine."
    )
