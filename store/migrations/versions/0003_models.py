"""Models, the block keys of what was matched, and which records were not matched since they changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "models",
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("version", _TEXT, nullable=False),
        sa.Column("learned_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "version", name="pk_models"),
    )
    op.create_table(
        "matched",
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("version", _TEXT, nullable=False),
        sa.Column("settings", _TEXT, nullable=False),
        sa.Column("verdict", sa.BigInteger(), nullable=False),
        sa.Column("summary", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_matched"),
    )
    op.create_table(
        "block_keys",
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("segment", sa.BigInteger(), nullable=False),
        sa.Column("part", _TEXT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "segment", "part", name="pk_block_keys"),
    )
    if op.get_bind().dialect.name == "postgresql":  # numbers scattered over all bits do not shrink
        op.execute("ALTER TABLE block_keys ALTER COLUMN body SET STORAGE EXTERNAL")
        op.execute("ALTER TABLE models ALTER COLUMN body SET STORAGE EXTERNAL")
    op.create_table(
        "unmatched",
        sa.Column("connection", _TEXT, nullable=False),
        sa.Column("stream", _TEXT, nullable=False),
        sa.Column("id", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("connection", "stream", "id", name="pk_unmatched"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_pairs_right", "pairs", ["right_connection", "right_stream", "right_id"])
    op.create_index("ix_associations_from", "associations", ["connection", "from_stream", "from_id"])
    op.create_index("ix_findings_record", "findings", ["connection", "stream", "id"])
