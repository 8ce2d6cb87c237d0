"""Snapshots: the records of a merge, a conversion or a deletion as they were before it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_KEY = ("change_id", "connection", "stream", "id")


def upgrade() -> None:
    op.create_table(
        "snapshots",
        *(sa.Column(name, _TEXT, nullable=False) for name in _KEY),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(*_KEY, name="pk_snapshots"),
        sa.ForeignKeyConstraint(["change_id"], ["changes.id"], name="fk_snapshots_change_id"),
    )
