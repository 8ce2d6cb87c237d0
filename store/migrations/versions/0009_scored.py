"""When all records were scored last, and which records changed since."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_KEY = ("connection", "stream", "id")


def upgrade() -> None:
    op.create_table(
        "scored", sa.Column("settings", _TEXT, nullable=False), sa.PrimaryKeyConstraint("settings", name="pk_scored")
    )
    op.create_table(
        "unscored",
        *(sa.Column(name, _TEXT, nullable=False) for name in _KEY),
        sa.PrimaryKeyConstraint(*_KEY, name="pk_unscored"),
        sqlite_with_rowid=False,
    )
