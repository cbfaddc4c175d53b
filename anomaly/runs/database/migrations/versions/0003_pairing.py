"""The id that a database shares with its folder of files, and when they were swept."""

import datetime
import uuid

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pairing = op.create_table(
        "pairing",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("sweeps", sa.BigInteger, nullable=False),
        sa.Column("swept", sa.DateTime, nullable=False),
        sa.Column("doubted", sa.DateTime),
    )
    # An old database tells by its runs when the clock was last looked at: it may be wrong by now.
    updated = sa.column("updated", sa.DateTime)
    newest = op.get_bind().execute(sa.select(sa.func.max(updated)).select_from(sa.table("runs", updated))).scalar()
    swept = newest or datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    op.bulk_insert(pairing, [{"id": uuid.uuid4().hex, "sweeps": 0, "swept": swept, "doubted": None}])
