"""Find the merges among all changes without a look at each."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_index("ix_changes_kind", "changes", ["kind"])
