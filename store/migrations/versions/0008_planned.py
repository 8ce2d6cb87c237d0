"""What was planned last, and which records changed since."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_KEY = ("connection", "stream", "id")


def upgrade() -> None:
    op.create_table(
        "planned", sa.Column("settings", _TEXT, nullable=False), sa.PrimaryKeyConstraint("settings", name="pk_planned")
    )
    op.create_table(
        "unplanned",
        *(sa.Column(name, _TEXT, nullable=False) for name in _KEY),
        sa.PrimaryKeyConstraint(*_KEY, name="pk_unplanned"),
        sqlite_with_rowid=False,
    )
