"""What records of two CRMs last agreed on, and where both changed since."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_KEY = ("connection", "stream", "id")


def upgrade() -> None:
    op.create_table(
        "bases",
        *(sa.Column(name, _TEXT, nullable=False) for name in (*_KEY, "partner")),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("fields", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint(*_KEY, name="pk_bases"),
        sqlite_with_rowid=False,
    )
    sides = [f"{side}_{name}" for side in ("left", "right") for name in _KEY]
    op.create_table(
        "conflicts",
        *(sa.Column(name, _TEXT, nullable=False) for name in ("id", *sides, "field", "left_value", "right_value")),
        sa.Column("base", _TEXT, nullable=True),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in ("left_at", "right_at")),
        *(sa.Column(name, _TEXT, nullable=False) for name in ("left_by", "right_by", "reason")),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("answer", _TEXT, nullable=True),
        sa.Column("answered_by", _TEXT, nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in ("answered_at", "closed_at")),
        sa.PrimaryKeyConstraint("id", name="pk_conflicts"),
    )
    for side in ("left", "right"):
        op.create_index(f"ix_conflicts_{side}", "conflicts", [f"{side}_{name}" for name in _KEY])
