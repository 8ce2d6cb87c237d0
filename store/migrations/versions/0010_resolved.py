"""When everybody was resolved last, which records changed since, and what the next resolution goes on from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_KEY = ("connection", "stream", "id")


def upgrade() -> None:
    op.create_table(
        "resolved",
        sa.Column("settings", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("settings", name="pk_resolved"),
    )
    op.create_table(
        "unresolved",
        *(sa.Column(name, _TEXT, nullable=False) for name in _KEY),
        sa.PrimaryKeyConstraint(*_KEY, name="pk_unresolved"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "resolved_parts",
        sa.Column("segment", sa.BigInteger(), nullable=False),
        sa.Column("part", _TEXT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("segment", "part", name="pk_resolved_parts"),
    )
    if op.get_bind().dialect.name == "postgresql":  # compressed already
        op.execute("ALTER TABLE resolved_parts ALTER COLUMN body SET STORAGE EXTERNAL")
