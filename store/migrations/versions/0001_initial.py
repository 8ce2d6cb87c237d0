"""The first schema: mirror of seven streams, what hygiene finds, plans and the journal."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Text is compared by code point; SQLite does so by itself.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TYPES: dict[str, Any] = {
    "text": _TEXT,
    "int": sa.BigInteger(),
    "time": sa.BigInteger(),
    "date": sa.Integer(),
    "bool": sa.Boolean(),
    "real": sa.Double(),
}

# Field names of each stream in storage order; text where no type follows the colon.
_STREAMS = {
    "users": ("name email type is_active:bool role department manager_id last_login_at:time"),
    "stages": (
        "key name pipeline_id pipeline_name position:int probability:real forecast_category is_closed:bool "
        "is_won:bool is_active:bool"
    ),
    "accounts": (
        "name legal_name domain website phone industry employees:int revenue:int currency street city state "
        "postal_code country type lifecycle_stage parent_id parent_name owner_id lei registration_number "
        "last_activity_on:date"
    ),
    "contacts": (
        "salutation given_name family_name email phone mobile title company website street city state "
        "postal_code country lead_source owner_id email_opt_out:bool do_not_call:bool last_activity_on:date "
        "extra_emails department account_id lifecycle_stage email_bounced:bool"
    ),
    "leads": (
        "salutation given_name family_name email phone mobile title company website street city state "
        "postal_code country lead_source owner_id email_opt_out:bool do_not_call:bool last_activity_on:date "
        "industry employees:int revenue:int currency status is_converted:bool converted_account_id "
        "converted_contact_id converted_deal_id"
    ),
    "deals": (
        "name account_id account_name contact_id owner_id owner_name pipeline_id stage amount:int currency "
        "opened_on:date close_on:date probability:real forecast_category next_step type product lead_source "
        "is_closed:bool is_won:bool stage_changed_at:time pushes:int last_activity_on:date"
    ),
    "associations": ("from_stream from_id to_stream to_id label is_primary:bool"),
}


def upgrade() -> None:
    for stream, fields in _STREAMS.items():
        _create_mirror(stream, fields.split())
    op.create_table(
        "counters",
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counters"),
    )
    op.create_table(
        "links",
        sa.Column("connection", _TEXT, nullable=False),
        sa.Column("stream", _TEXT, nullable=False),
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("account_id", _TEXT, nullable=True),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("runner_up_id", _TEXT, nullable=True),
        sa.Column("runner_up_reason", _TEXT, nullable=True),
        sa.Column("abstained_because", _TEXT, nullable=True),
        sa.PrimaryKeyConstraint("connection", "stream", "id", name="pk_links"),
    )
    op.create_table(
        "lookups",
        sa.Column("connection", _TEXT, nullable=False),
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=False),
        sa.Column("answer", _TEXT, nullable=True),
        sa.PrimaryKeyConstraint("connection", "key", name="pk_lookups"),
    )
    op.create_table(
        "memberships",
        sa.Column("connection", _TEXT, nullable=False),
        sa.Column("stream", _TEXT, nullable=False),
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=True),
        sa.Column("entity", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("connection", "stream", "id", "from_at", name="pk_memberships"),
    )
    op.create_index("ix_memberships_entity", "memberships", ["entity"])
    op.create_table(
        "pairs",
        sa.Column("left_connection", _TEXT, nullable=False),
        sa.Column("left_stream", _TEXT, nullable=False),
        sa.Column("left_id", _TEXT, nullable=False),
        sa.Column("right_connection", _TEXT, nullable=False),
        sa.Column("right_stream", _TEXT, nullable=False),
        sa.Column("right_id", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("decision", _TEXT, nullable=False),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("rule", _TEXT, nullable=False),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("evidence", _TEXT, nullable=True),
        sa.PrimaryKeyConstraint(
            "left_connection", "left_stream", "left_id", "right_connection", "right_stream", "right_id", name="pk_pairs"
        ),
    )
    op.create_table(
        "readable",
        sa.Column("connection", _TEXT, nullable=False),
        sa.Column("stream", _TEXT, nullable=False),
        sa.Column("field", _TEXT, nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("readable", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "stream", "field", name="pk_readable"),
    )
    op.create_table(
        "runs",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("status", _TEXT, nullable=False),
        sa.Column("summary", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_table(
        "scores",
        sa.Column("connection", _TEXT, nullable=False),
        sa.Column("stream", _TEXT, nullable=False),
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("share", sa.Double(), nullable=True),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("evidence", _TEXT, nullable=True),
        sa.PrimaryKeyConstraint("connection", "stream", "id", "name", name="pk_scores"),
    )
    op.create_table(
        "verdicts",
        sa.Column("number", _SERIAL, nullable=False),
        sa.Column("left_connection", _TEXT, nullable=False),
        sa.Column("left_stream", _TEXT, nullable=False),
        sa.Column("left_id", _TEXT, nullable=False),
        sa.Column("right_connection", _TEXT, nullable=False),
        sa.Column("right_stream", _TEXT, nullable=False),
        sa.Column("right_id", _TEXT, nullable=False),
        sa.Column("answer", _TEXT, nullable=False),
        sa.Column("by", _TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("note", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_verdicts"),
    )
    op.create_index(
        "ix_verdicts_pair",
        "verdicts",
        ["left_connection", "left_stream", "left_id", "right_connection", "right_stream", "right_id"],
    )
    op.create_table(
        "watermarks",
        sa.Column("connection", _TEXT, nullable=False),
        sa.Column("stream", _TEXT, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("cursor", _TEXT, nullable=True),
        sa.Column("full_pull", sa.BigInteger(), nullable=False),
        sa.Column("full_state", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("connection", "stream", name="pk_watermarks"),
    )
    op.create_table(
        "findings",
        sa.Column("step", _TEXT, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("run_id", _TEXT, sa.ForeignKey("runs.id", name="fk_findings_run_id"), nullable=False),
        sa.Column("connection", _TEXT, nullable=False),
        sa.Column("stream", _TEXT, nullable=False),
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("rule", _TEXT, nullable=False),
        sa.Column("severity", _TEXT, nullable=False),
        sa.Column("field", _TEXT, nullable=True),
        sa.Column("message", _TEXT, nullable=False),
        sa.Column("value", _TEXT, nullable=True),
        sa.PrimaryKeyConstraint("step", "position", name="pk_findings"),
    )
    op.create_index("ix_findings_run_id", "findings", ["run_id"])
    op.create_table(
        "plans",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("run_id", _TEXT, sa.ForeignKey("runs.id", name="fk_plans_run_id"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_plans"),
    )
    op.create_index("ix_plans_run_id", "plans", ["run_id"])
    op.create_table(
        "changes",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("plan_id", _TEXT, sa.ForeignKey("plans.id", name="fk_changes_plan_id"), nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("connection", _TEXT, nullable=False),
        sa.Column("stream", _TEXT, nullable=False),
        sa.Column("record_id", _TEXT, nullable=False),
        sa.Column("body", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_changes"),
    )
    op.create_index("ix_changes_plan_id", "changes", ["plan_id"])
    op.create_index("ix_changes_record", "changes", ["connection", "stream", "record_id"])
    op.create_table(
        "journal",
        sa.Column("number", _SERIAL, nullable=False),
        sa.Column("change_id", _TEXT, sa.ForeignKey("changes.id", name="fk_journal_change_id"), nullable=False),
        sa.Column("run_id", _TEXT, sa.ForeignKey("runs.id", name="fk_journal_run_id"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_journal"),
    )
    op.create_index("ix_journal_change_id", "journal", ["change_id"])
    op.create_index("ix_journal_run_id", "journal", ["run_id"])
    op.create_table(
        "outcomes",
        sa.Column("change_id", _TEXT, sa.ForeignKey("changes.id", name="fk_outcomes_change_id"), nullable=False),
        sa.Column("run_id", _TEXT, sa.ForeignKey("runs.id", name="fk_outcomes_run_id"), nullable=False),
        sa.Column("journal_number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("status", _TEXT, nullable=False),
        sa.Column("code", _TEXT, nullable=False),
        sa.Column("message", _TEXT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("found", _TEXT, nullable=True),
        sa.PrimaryKeyConstraint("change_id", "run_id", name="pk_outcomes"),
    )
    op.create_index("ix_outcomes_run_id", "outcomes", ["run_id"])


def _create_mirror(stream: str, fields: list[str]) -> None:
    system = ["connection", "id", "changed_at:time", "created_at:time", "is_deleted:bool", "merged_into", "payload"]
    columns = []
    for field in (*system, *fields, "seen_in:int", "vanished:bool"):
        name, _, kind = field.partition(":")
        required = name in ("connection", "id", "changed_at", "is_deleted", "seen_in", "vanished")
        columns.append(sa.Column(name, _TYPES[kind or "text"], nullable=not required))
    key = sa.PrimaryKeyConstraint("connection", "id", name=f"pk_{stream}")
    op.create_table(stream, *columns, key, sqlite_with_rowid=False)
