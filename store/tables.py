"""The tables beside the mirror, one class each. A `…Row` stays inside this package and validates nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Double, ForeignKey, Index, Integer, LargeBinary, MetaData
from sqlalchemy.orm import registry
from sqlmodel import Column, Field, SQLModel

from store.columns import UtcMicros, text_type

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Row(SQLModel, registry=registry(metadata=MetaData(naming_convention=_NAMES))):
    """Base of all rows: a metadata of our own, apart from SQLModel's global one."""


METADATA = Row.metadata


def _text(*, key: bool = False, null: bool = False, index: bool = False) -> Any:
    return Field(sa_column=Column(text_type(), primary_key=key, nullable=null, index=index))


def _time(*, null: bool = False) -> Any:
    return Field(sa_column=Column(UtcMicros(), nullable=null))


def _number(*, key: bool = False, null: bool = False) -> Any:
    return Field(sa_column=Column(BigInteger(), primary_key=key, nullable=null, autoincrement=False))


def _real(*, null: bool = False) -> Any:
    return Field(sa_column=Column(Double(), nullable=null))


def _flag(*, null: bool = False) -> Any:
    return Field(sa_column=Column(Boolean(), nullable=null))


def _bytes() -> Any:
    return Field(sa_column=Column(LargeBinary(), nullable=False))


def _reference(target: str, *, key: bool = False, null: bool = False) -> Any:
    return Field(sa_column=Column(text_type(), ForeignKey(target), primary_key=key, nullable=null, index=not key))


def _serial() -> Any:
    """A number that grows with each insert; SQLite counts only a plain INTEGER key by itself."""
    return Field(sa_column=Column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True))


class CounterRow(Row, table=True):
    """The last number given to runs and plans."""

    __tablename__ = "counters"
    name: str = _text(key=True)
    value: int = _number()


class RunRow(Row, table=True):
    """One invocation that changed the store; `summary` is JSON."""

    __tablename__ = "runs"
    id: str = _text(key=True)
    kind: str = _text()
    started_at: datetime = _time()
    ended_at: datetime | None = _time(null=True)
    status: str = _text()
    summary: str = _text()


class WatermarkRow(Row, table=True):
    """How far a stream is pulled. `full_pull` numbers full pulls; `full_state` is `going` while the newest has pages
    to come, `ended` until what it did not show is marked deleted, else empty. `left_out` counts the live records of
    forgotten people that the newest full pull has shown."""

    __tablename__ = "watermarks"
    connection: str = _text(key=True)
    stream: str = _text(key=True)
    since: int | None = _number(null=True)
    cursor: str | None = _text(null=True)
    full_pull: int = _number()
    full_state: str = _text()
    left_out: int | None = _number(null=True)


class ReadableRow(Row, table=True):
    """Whether the remote shows a field now (`shown`), and whether all stored records hold it (`readable`)."""

    __tablename__ = "readable"
    connection: str = _text(key=True)
    stream: str = _text(key=True)
    field: str = _text(key=True)
    shown: bool = _flag()
    readable: bool = _flag()


class CustomValueRow(Row, table=True):
    """One value of a mapped field that is no canonical one. `type` is a value type of `model.streams`; of the three
    columns behind it at most one is filled: text in `text`, a real in `fraction`, all others in `whole`."""

    __tablename__ = "custom_values"
    # Clustered so that one field of a stream is one scan.
    __table_args__ = {"sqlite_with_rowid": False}
    connection: str = _text(key=True)
    stream: str = _text(key=True)
    field: str = _text(key=True)
    id: str = _text(key=True)
    changed_at: int = _number()
    type: str = _text()
    text: str | None = _text(null=True)
    whole: int | None = _number(null=True)
    fraction: float | None = _real(null=True)


class FindingRow(Row, table=True):
    """One finding of the newest run of a step, in the order it was given."""

    __tablename__ = "findings"
    __table_args__ = (Index("ix_findings_record", "connection", "stream", "id"),)
    step: str = _text(key=True)
    position: int = _number(key=True)
    run_id: str = _reference("runs.id")
    connection: str = _text()
    stream: str = _text()
    id: str = _text()
    rule: str = _text()
    severity: str = _text()
    field: str | None = _text(null=True)
    message: str = _text()
    value: str | None = _text(null=True)


class ScoreRow(Row, table=True):
    """One score of one record; `share` is from 0 to 1, `evidence` the numbers behind it as JSON."""

    __tablename__ = "scores"
    connection: str = _text(key=True)
    stream: str = _text(key=True)
    id: str = _text(key=True)
    name: str = _text(key=True)
    share: float | None = _real(null=True)
    reason: str = _text()
    evidence: str | None = _text(null=True)


class MembershipRow(Row, table=True):
    """A record belongs to an entity from `from_at` on, up to but not at `until_at`."""

    __tablename__ = "memberships"
    __table_args__ = (Index("ix_memberships_entity", "entity"),)
    connection: str = _text(key=True)
    stream: str = _text(key=True)
    id: str = _text(key=True)
    from_at: datetime = Field(sa_column=Column(UtcMicros(), primary_key=True, autoincrement=False))
    until_at: datetime | None = _time(null=True)
    entity: str = _text()


class PartnerRow(Row, table=True):
    """Of an entity with several records in a connection, the one that takes field sync."""

    __tablename__ = "partners"
    connection: str = _text(key=True)
    entity: str = _text(key=True)
    stream: str = _text()
    id: str = _text()
    reason: str = _text()


class BaseRow(Row, table=True):
    """What a record held when it last agreed with its `partner` (connection/stream/id) in another connection: `fields`
    is JSON, of each field that they agreed on a list of one value."""

    __tablename__ = "bases"
    __table_args__ = {"sqlite_with_rowid": False}
    connection: str = _text(key=True)
    stream: str = _text(key=True)
    id: str = _text(key=True)
    partner: str = _text()
    at: datetime = _time()
    fields: str = _text()


class ConflictRow(Row, table=True):
    """Two values of one field that both changed since the records agreed; values are JSON. Closed when they agree
    again, `answer` is what a person said."""

    __tablename__ = "conflicts"
    __table_args__ = (
        Index("ix_conflicts_left", "left_connection", "left_stream", "left_id"),
        Index("ix_conflicts_right", "right_connection", "right_stream", "right_id"),
    )
    id: str = _text(key=True)
    left_connection: str = _text()
    left_stream: str = _text()
    left_id: str = _text()
    right_connection: str = _text()
    right_stream: str = _text()
    right_id: str = _text()
    field: str = _text()
    left_value: str = _text()
    right_value: str = _text()
    base: str | None = _text(null=True)
    left_at: datetime | None = _time(null=True)
    right_at: datetime | None = _time(null=True)
    left_by: str = _text()
    right_by: str = _text()
    reason: str = _text()
    opened_at: datetime = _time()
    answer: str | None = _text(null=True)
    answered_by: str = _text()
    answered_at: datetime | None = _time(null=True)
    closed_at: datetime | None = _time(null=True)


class PairRow(Row, table=True):
    """Two records that were compared, smaller key first, and what the numbers said."""

    __tablename__ = "pairs"
    __table_args__ = (Index("ix_pairs_right", "right_connection", "right_stream", "right_id"),)
    left_connection: str = _text(key=True)
    left_stream: str = _text(key=True)
    left_id: str = _text(key=True)
    right_connection: str = _text(key=True)
    right_stream: str = _text(key=True)
    right_id: str = _text(key=True)
    kind: str = _text()
    decision: str = _text()
    probability: float | None = _real(null=True)
    rule: str = _text()
    reason: str = _text()
    evidence: str | None = _text(null=True)


class VerdictRow(Row, table=True):
    """One answer about two records; the newest of a pair counts, none is ever deleted."""

    __tablename__ = "verdicts"
    __table_args__ = (
        Index(
            "ix_verdicts_pair", "left_connection", "left_stream", "left_id",
            "right_connection", "right_stream", "right_id",
        ),
    )  # fmt: skip
    number: int | None = _serial()
    left_connection: str = _text()
    left_stream: str = _text()
    left_id: str = _text()
    right_connection: str = _text()
    right_stream: str = _text()
    right_id: str = _text()
    answer: str = _text()
    by: str = _text()
    at: datetime = _time()
    note: str = _text()


class ModelRow(Row, table=True):
    """What was learned to weigh one kind of entity; the one learned last is used. `body` is compressed JSON."""

    __tablename__ = "models"
    kind: str = _text(key=True)
    version: str = _text(key=True)
    learned_at: datetime = _time()
    body: bytes = _bytes()


class MatchedRow(Row, table=True):
    """The last match of one kind of entity: by which model and settings, up to which verdict, with what result."""

    __tablename__ = "matched"
    kind: str = _text(key=True)
    version: str = _text()
    settings: str = _text()
    verdict: int = _number()
    summary: str = _text()


class BlockKeyRow(Row, table=True):
    """A part of the block keys by which a kind of entity was matched: columns of numbers, or the records they are of.
    Segment 0 is of the last full match, segment 1 of the records that were matched again since."""

    __tablename__ = "block_keys"
    kind: str = _text(key=True)
    segment: int = _number(key=True)
    part: str = _text(key=True)
    body: bytes = _bytes()


class UnmatchedRow(Row, table=True):
    """A record, or a link of one, that came, changed or went since the last match."""

    __tablename__ = "unmatched"
    __table_args__ = {"sqlite_with_rowid": False}
    connection: str = _text(key=True)
    stream: str = _text(key=True)
    id: str = _text(key=True)


class LinkRow(Row, table=True):
    """A person's account as resolved, with the runner-up; no account where the evidence did not decide."""

    __tablename__ = "links"
    connection: str = _text(key=True)
    stream: str = _text(key=True)
    id: str = _text(key=True)
    account_id: str | None = _text(null=True)
    probability: float | None = _real(null=True)
    reason: str = _text()
    runner_up_id: str | None = _text(null=True)
    runner_up_reason: str | None = _text(null=True)
    abstained_because: str | None = _text(null=True)


class PlanRow(Row, table=True):
    """A stored plan; its changes are `ChangeRow`s."""

    __tablename__ = "plans"
    id: str = _text(key=True)
    run_id: str = _reference("runs.id")
    at: datetime = _time()
    changes: int = _number()


class ChangeRow(Row, table=True):
    """One planned change; `body` is the whole change as JSON, the other columns are there to search by."""

    __tablename__ = "changes"
    __table_args__ = (Index("ix_changes_record", "connection", "stream", "record_id"), Index("ix_changes_kind", "kind"))
    id: str = _text(key=True)
    plan_id: str = _reference("plans.id")
    kind: str = _text()
    connection: str = _text()
    stream: str = _text()
    record_id: str = _text()
    body: str = _text()


class JournalRow(Row, table=True):
    """A change that was about to be sent; written and on disk before the request leaves."""

    __tablename__ = "journal"
    number: int | None = _serial()
    change_id: str = _reference("changes.id")
    run_id: str = _reference("runs.id")
    at: datetime = _time()


class OutcomeRow(Row, table=True):
    """What came of a change in a run. `journal_number` is the sending it answers, 0 where nothing was sent."""

    __tablename__ = "outcomes"
    change_id: str = _reference("changes.id", key=True)
    run_id: str = Field(sa_column=Column(text_type(), ForeignKey("runs.id"), primary_key=True, index=True))
    journal_number: int = _number()
    at: datetime = _time()
    status: str = _text()
    code: str = _text()
    message: str = _text()
    version: int | None = _number(null=True)
    found: str | None = _text(null=True)
    made: str | None = Field(sa_column=Column(text_type(), nullable=True, index=True))


class LookupRow(Row, table=True):
    """What an enrichment connection answered; `answer` is JSON, absent where it abstained."""

    __tablename__ = "lookups"
    connection: str = _text(key=True)
    key: str = _text(key=True)
    answered_at: datetime = _time()
    answer: str | None = _text(null=True)


class ForgottenRow(Row, table=True):
    """The keyed hash of a record or an e-mail address of somebody who was forgotten; see `store.forgotten`."""

    __tablename__ = "forgotten"
    hash: str = _text(key=True)
    at: datetime = _time()


class HashKeyRow(Row, table=True):
    """A random key of this store; without it a hash in `forgotten` tells nothing."""

    __tablename__ = "hash_keys"
    name: str = _text(key=True)
    body: bytes = _bytes()
