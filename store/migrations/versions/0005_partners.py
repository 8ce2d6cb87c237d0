"""Partner records: of an entity with several records in a connection, the one that takes field sync."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    names = ("connection", "entity", "stream", "id", "reason")
    key = sa.PrimaryKeyConstraint("connection", "entity", name="pk_partners")
    op.create_table("partners", *(sa.Column(name, _TEXT, nullable=False) for name in names), key)
