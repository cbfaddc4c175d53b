"""Sign-ins that have ended, by the digest of what the identity provider said of each: one that was signed out stays so
when a server starts again, and on every server with the same database."""

import datetime

import sqlalchemy as sa

from anomaly.runs.database.connection import Database, now
from anomaly.runs.database.schema import sign_outs


class SignOuts:
    """Those of a database. Every function raises RunError where it does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, digest: str, days: int) -> None:
        """Keep that the sign-in with this digest (64 characters) has ended. Those that ended more than `days` ago are
        forgotten: nobody could come by one of them any more."""
        with self._database.begin() as connection:
            connection.execute(sign_outs.delete().where(sign_outs.c.at < now() - datetime.timedelta(days=days)))
            connection.execute(sign_outs.insert().values(digest=digest, at=now()))

    def has(self, digest: str) -> bool:
        with self._database.begin() as connection:
            wanted = sa.select(sign_outs.c.id).where(sign_outs.c.digest == digest).limit(1)
            return connection.execute(wanted).first() is not None
