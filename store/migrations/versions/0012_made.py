"""Find how a record was made without a look at each outcome."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_index("ix_outcomes_made", "outcomes", ["made"])
