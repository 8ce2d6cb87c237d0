"""Campaigns, activities, stage history, licences and logins; custom fields; what a create or merge left behind."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_TYPES: dict[str, Any] = {
    "text": _TEXT,
    "int": sa.BigInteger(),
    "time": sa.BigInteger(),
    "date": sa.Integer(),
    "bool": sa.Boolean(),
    "real": sa.Double(),
}

# Field names of each new stream in storage order; text where no type follows the colon.
_STREAMS = {
    "stage_history": "deal_id stage entered_at:time amount:int currency close_on:date probability:real by_id source",
    "campaigns": (
        "name type status parent_id owner_id starts_on:date ends_on:date is_active:bool budget:int cost:int currency"
    ),
    "campaign_members": "campaign_id contact_id lead_id email status has_responded:bool responded_at:time",
    "activities": (
        "type subject direction status priority outcome happened_at:time due_on:date is_done:bool duration_s:int "
        "owner_id contact_id lead_id account_id deal_id"
    ),
    "licences": "name type namespace total:int used:int status expires_on:date",
    "licence_holders": "licence_id login_id",
    "logins": "login_id logged_in_at:time type application browser platform status is_success:bool country",
}
# New last fields of streams there are.
_WIDER = {"accounts": "is_person:bool", "contacts": "is_person_account:bool", "users": "login_id"}
_SYSTEM = ("connection", "id", "changed_at:time", "created_at:time", "is_deleted:bool", "merged_into", "payload")
_OURS = ("seen_in:int", "vanished:bool")
_REQUIRED = ("connection", "id", "changed_at", "is_deleted", "seen_in", "vanished")


def upgrade() -> None:
    for stream, fields in _STREAMS.items():
        key = sa.PrimaryKeyConstraint("connection", "id", name=f"pk_{stream}")
        columns = [_column(field) for field in (*_SYSTEM, *fields.split(), *_OURS)]
        op.create_table(stream, *columns, key, sqlite_with_rowid=False)
    for stream, field in _WIDER.items():
        _widen(stream, field)
    op.create_table(
        "custom_values",
        sa.Column("connection", _TEXT, nullable=False),
        sa.Column("stream", _TEXT, nullable=False),
        sa.Column("field", _TEXT, nullable=False),
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("type", _TEXT, nullable=False),
        sa.Column("text", _TEXT, nullable=True),
        sa.Column("whole", sa.BigInteger(), nullable=True),
        sa.Column("fraction", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("connection", "stream", "field", "id", name="pk_custom_values"),
        sqlite_with_rowid=False,
    )
    op.add_column("outcomes", sa.Column("made", _TEXT, nullable=True))


def _column(field: str) -> sa.Column[Any]:
    name, _, kind = field.partition(":")
    return sa.Column(name, _TYPES[kind or "text"], nullable=name not in _REQUIRED)


def _widen(stream: str, field: str) -> None:
    """Rebuild a mirror table with one more field before the bookkeeping of full pulls, its rows kept."""
    bind = op.get_bind()
    old = sa.Table(stream, sa.MetaData(), autoload_with=bind)
    there = old.c.keys()
    columns = [sa.Column(name, old.c[name].type, nullable=name not in _REQUIRED) for name in there]
    columns.insert(there.index("seen_in"), _column(field))
    key = sa.PrimaryKeyConstraint("connection", "id", name=f"pk_{stream}")
    if bind.dialect.name == "postgresql":  # where the name of a key is taken as long as the old table lives
        op.drop_constraint(f"pk_{stream}", stream)
    op.rename_table(stream, f"{stream}_before")
    op.create_table(stream, *columns, key, sqlite_with_rowid=False)
    names = ", ".join(f'"{name}"' for name in there)
    op.execute(f'INSERT INTO "{stream}" ({names}) SELECT {names} FROM "{stream}_before"')  # noqa: S608 - our own names
    op.drop_table(f"{stream}_before")
