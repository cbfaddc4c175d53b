"""A run for others too: links that its owner makes, who came by them, and what everybody did."""

import datetime
import hashlib
import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from anomaly.domain import RunError
from anomaly.runs.access import Access
from anomaly.runs.database.connection import now
from anomaly.runs.database.schema import audit, links, members, runs
from anomaly.runs.people import RANK, Role

LINK_DAYS = 30
"""a link nobody withdraws stops working after so long; who came by it keeps what it gave"""
MOST_NOTED = 200


@dataclass(frozen=True)
class Member:
    person: str
    name: str
    role: Role
    since: datetime.datetime | None
    """UTC; None where it cannot be read, as below"""


@dataclass(frozen=True)
class Link:
    """What is kept of a link: not the secret in it."""

    id: int
    role: Role
    created: datetime.datetime | None


@dataclass(frozen=True)
class Noted:
    at: datetime.datetime | None
    name: str
    action: str


class Sharing:
    """Links to runs, and who came by them. Every function raises RunError for a person who may not."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def make_link(self, run: str, role: Role) -> str:
        """The secret of a new link, told once: what is kept only recognises it."""
        if not self._access.person.has_account:
            raise RunError("Sharing needs accounts: without them whoever reaches this app sees all runs.")
        if role not in ("editor", "viewer"):
            raise RunError(f"Expected a link to edit or to view, found {role!r}.")
        secret = secrets.token_urlsafe(32)
        with self._access.on(run, "owner", f"made a link ({role})") as (connection, _):
            values = {"run": run, "digest": _digest(secret), "role": role, "created": now()}
            connection.execute(links.insert().values(values))
        return secret

    def accept(self, run: str, secret: str) -> Role:
        """Accept a link to a run; the person's role from now on. Raises RunError where the link does not hold."""
        person, database = self._access.person, self._access.database
        young = links.c.created > now() - datetime.timedelta(days=LINK_DAYS)
        wanted = (
            sa.select(links.c.role, runs.c.owner)
            .join(runs, runs.c.id == links.c.run)
            .where(links.c.run == run, links.c.digest == _digest(secret), young, runs.c.deleted.is_(None))
        )
        with database.begin() as connection:
            link = connection.execute(wanted).mappings().one_or_none() if person.has_account else None
            if link is not None and link["owner"] == person.id:
                return "owner"
            if link is not None and link["role"] in RANK:
                mine = (members.c.run == run) & (members.c.person == person.id)
                before = connection.execute(sa.select(members.c.role).where(mine)).scalar()
                role: Role = max(before or "viewer", link["role"], key=lambda one: RANK.get(one, 0))
                connection.execute(members.delete().where(mine))
                values = {"run": run, "person": person.id, "name": person.name, "role": role, "since": now()}
                connection.execute(members.insert().values(values))
                self._access.write(connection, run, f"came by a link ({role})")
                return role
        raise RunError("This link does not work: it was withdrawn, is older than 30 days, or its run was deleted.")

    def people(self, run: str) -> list[Member]:
        """Who may see it besides its owner."""
        with self._access.on(run, "owner", None) as (connection, _):
            # Whose role cannot be read may do nothing.
            wanted = sa.select(members).where(members.c.run == run, members.c.role.in_(RANK))
            wanted = wanted.order_by(members.c.since)
            return [
                Member(line["person"], line["name"], line["role"], line["since"])
                for line in connection.execute(wanted).mappings()
            ]

    def links(self, run: str) -> list[Link]:
        with self._access.on(run, "owner", None) as (connection, _):
            wanted = sa.select(links).where(links.c.run == run, links.c.role.in_(RANK)).order_by(links.c.created)
            return [Link(line["id"], line["role"], line["created"]) for line in connection.execute(wanted).mappings()]

    def noted(self, run: str) -> list[Noted]:
        """What was read and changed, and by whom; the newest first."""
        with self._access.on(run, "owner", None) as (connection, _):
            wanted = sa.select(audit).where(audit.c.run == run).order_by(audit.c.id.desc()).limit(MOST_NOTED)
            return [Noted(line["at"], line["name"], line["action"]) for line in connection.execute(wanted).mappings()]

    def withdraw(self, run: str, link: int) -> None:
        with self._access.on(run, "owner", "withdrew a link") as (connection, _):
            connection.execute(links.delete().where(links.c.run == run, links.c.id == link))

    def remove(self, run: str, person: str) -> None:
        """Take away what a person may do; one's own, by anybody who has it. Where the owner does, all links go with it:
        one of them would lead straight back."""
        is_own = person == self._access.person.id
        with self._access.on(run, "viewer" if is_own else "owner", "took away access") as (connection, _):
            connection.execute(members.delete().where(members.c.run == run, members.c.person == person))
            if not is_own:
                connection.execute(links.delete().where(links.c.run == run))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
