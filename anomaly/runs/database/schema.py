"""The tables of the run store."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class Readable(TypeDecorator[Any]):
    """What cannot be read in one line, as after a damage to the file, is None there: it must not hide all others."""

    impl: Any = Text
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        read = super().result_processor(dialect, coltype)

        def read_or_none(value: Any) -> Any:
            try:
                return value if read is None else read(value)
            except (ValueError, TypeError, RecursionError):
                return None

        return read_or_none


class ReadableTime(Readable):
    impl = DateTime
    cache_ok = True


class ReadableJSON(Readable):
    impl = JSON
    cache_ok = True


metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("created", ReadableTime, nullable=False),
    Column("updated", ReadableTime, nullable=False),
    # Set where it is deleted; for a while that can be taken back.
    Column("deleted", ReadableTime),
    Column("dataset", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("records", Integer, nullable=False),
    Column("steps", BigInteger, nullable=False),
    Column("cell", Text, nullable=False),
    # None until somebody has looked.
    Column("events", Integer),
    # The settings of reading and detection, by kind; those of the fit are in the model.
    Column("settings", ReadableJSON, nullable=False),
    # File name -> SHA-256 of its content.
    Column("artifacts", ReadableJSON, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    # As `Person.id`; empty where there are no accounts.
    Column("owner", Text, nullable=False),
    Column("owner_name", Text, nullable=False),
    Index("runs_by_time", "deleted", "updated"),
    Index("runs_by_owner", "owner", "deleted", "updated"),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", String(32), ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("record", Integer, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("stop", BigInteger, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("tag", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("updated", ReadableTime, nullable=False),
    UniqueConstraint("run", "record", "start", "stop"),
)

members = Table(
    "members",
    metadata,
    Column("run", String(32), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("person", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("since", ReadableTime, nullable=False),
    Index("members_by_person", "person"),
)

links = Table(
    "links",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", String(32), ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    # SHA-256 of the secret in it.
    Column("digest", String(64), nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("created", ReadableTime, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    # Not a foreign key: what was done stays when the run has gone.
    Column("run", String(32), nullable=False),
    Column("person", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("at", ReadableTime, nullable=False),
    Index("audit_by_run", "run"),
)

# One line.
pairing = Table(
    "pairing",
    metadata,
    # The same as in the folder of files (`pairing.py`).
    Column("id", String(32), primary_key=True),
    # How many there were: a database with fewer than its folder knows of was put back from a copy.
    Column("sweeps", BigInteger, nullable=False),
    # What the clock said at the last.
    Column("swept", ReadableTime, nullable=False),
    # Since when it is not believed.
    Column("doubted", ReadableTime),
)

sign_outs = Table(
    "sign_outs",
    metadata,
    Column("id", Integer, primary_key=True),
    # SHA-256 of what the identity provider said of the sign-in. Not unique: two tabs may sign out at the same time.
    Column("digest", String(64), nullable=False),
    Column("at", ReadableTime, nullable=False),
    Index("sign_outs_by_digest", "digest"),
)
