"""Plans, their changes, and the journal of what was sent."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, get_args

from sqlalchemy import Connection, Select, Table, and_, false, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from model.changes import FORGOTTEN, Agreed, Change, Chosen, Outcome, Planned
from model.errors import InputError
from model.evidence import Evidence, RecordKey
from model.streams import Value
from store.columns import micros
from store.database import Database
from store.numbers import last_number, next_number, numbered, put_number
from store.tables import ChangeRow, JournalRow, OutcomeRow, PlanRow

PLANS: Table = PlanRow.__table__  # type: ignore[attr-defined]
CHANGES: Table = ChangeRow.__table__  # type: ignore[attr-defined]
JOURNAL: Table = JournalRow.__table__  # type: ignore[attr-defined]
OUTCOMES: Table = OutcomeRow.__table__  # type: ignore[attr-defined]
_KINDS: dict[str, type[Change]] = {cls.kind: cls for cls in get_args(Change)}
_AT_ONCE = 500
# The journal's number up to which every change has its outcome.
_SETTLED = "settled"
_KEYS = frozenset({"key", "to", "contact", "account", "source"})
# What a change is given when it is sent, and what no plan holds.
_LENT = frozenset({"snapshots", "renamed"})


@dataclass(frozen=True, slots=True)
class Recorded:
    """An outcome as it stands in the journal, with its change, its run and when (µs) it was recorded."""

    run_id: str
    planned: Planned
    outcome: Outcome
    at: int


def dump_change(change: Change) -> str:
    """JSON that `load_change` turns into an equal change: int, float, bool and text stay what they are."""
    body: dict[str, Any] = {"kind": change.kind}
    for field in fields(change):
        if field.name in _LENT:
            continue
        value = getattr(change, field.name)
        if field.name == "losers":
            value = [_dump_key(key) for key in value]
        elif field.name in _KEYS and value is not None:
            value = _dump_key(value)
        elif field.name == "chosen":
            value = [[one.field, one.value, one.source and _dump_key(one.source), one.reason] for one in value]
        elif field.name == "agreed" and value is not None:
            value = [_dump_key(value.source), value.value, value.follows]
        elif field.name == "evidence":
            value = [[item.similarity, item.reason, item.weight] for item in value]
        body[field.name] = value
    return json.dumps(body, separators=(",", ":"))


def load_change(text: str) -> Change:
    body: dict[str, Any] = json.loads(text)
    kind = _KINDS[body.pop("kind")]
    for name, value in body.items():
        if name == "losers":
            body[name] = tuple(RecordKey(*key) for key in value)
        elif name in _KEYS and value is not None:
            body[name] = RecordKey(*value)
        elif name == "agreed" and value is not None:
            body[name] = Agreed(RecordKey(*value[0]), value[1], value[2])
        elif name == "evidence":
            body[name] = tuple(Evidence(*item) for item in value)
        elif name == "chosen":
            body[name] = tuple(Chosen(at, new, key and RecordKey(*key), why) for at, new, key, why in value)
        elif name in ("values", "source_values"):
            body[name] = tuple((field, new) for field, new in value)
    return kind(**body)


def without_values(change: Change, keys: Collection[RecordKey]) -> Change:
    """What is left of a change to somebody who was forgotten: its kind, field and time; of its records those that are
    none of `keys`."""
    kept: dict[str, Any] = {"before": None, "after": None, "values": (), "source_values": (), "reason": FORGOTTEN,
                            "rule": FORGOTTEN}  # fmt: skip
    body = {field.name: kept[field.name] for field in fields(change) if field.name in kept}
    for field in fields(change):
        value = getattr(change, field.name)
        if field.name == "losers":
            body[field.name] = tuple(_nameless(key, keys) for key in value)
        elif field.name in _KEYS:
            body[field.name] = value and _nameless(value, keys)
        elif field.name in ("field", "label", "seen_at"):
            body[field.name] = value
    return type(change)(**body)


def _nameless(key: RecordKey, keys: Collection[RecordKey]) -> RecordKey:
    return replace(key, id=FORGOTTEN) if key in keys else key


def _dump_key(key: RecordKey) -> list[str]:
    return [key.connection, key.stream, key.id]


def save(database: Database, connection: Connection, run_id: str, changes: Sequence[Change], at: int) -> str:
    """Store a plan and its changes; its id."""
    plan_id = numbered("p", next_number(connection, "plans"), 4)
    connection.execute(PLANS.insert().values(id=plan_id, run_id=run_id, at=at, changes=len(changes)))
    columns = {
        "id": [numbered(f"{plan_id}-", number, 6) for number in range(1, len(changes) + 1)],
        "plan_id": [plan_id] * len(changes),
        "kind": [change.kind for change in changes],
        "connection": [change.key.connection for change in changes],
        "stream": [change.key.stream for change in changes],
        "record_id": [change.key.id for change in changes],
        "body": [dump_change(change) for change in changes],
    }
    if changes:
        database.insert(connection, CHANGES, columns)
    return plan_id


def latest(connection: Connection) -> str | None:
    plan_id: str | None = connection.execute(select(func.max(PLANS.c.id))).scalar_one()
    return plan_id


def changes(connection: Connection, plan_id: str) -> list[Planned]:
    if connection.execute(select(PLANS.c.id).where(PLANS.c.id == plan_id)).first() is None:
        raise InputError(f"The store has no plan {plan_id}; `trueline runs` lists the plans that were made.")
    rows = connection.execute(select(CHANGES).where(CHANGES.c.plan_id == plan_id).order_by(CHANGES.c.id))
    return [Planned(row.id, load_change(row.body)) for row in rows]


def journal(database: Database, connection: Connection, run_id: str, change_ids: Sequence[str], at: int) -> None:
    if change_ids:
        count = len(change_ids)
        database.insert(connection, JOURNAL, {"change_id": change_ids, "run_id": [run_id] * count, "at": [at] * count})


def record(connection: Connection, run_id: str, outcomes: Iterable[Outcome], at: int) -> None:
    """Write outcomes; a second one of the same change and run takes the first one's place (unknown, then known)."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    for outcome in outcomes:
        sent = select(func.coalesce(func.max(JOURNAL.c.number), 0)).where(JOURNAL.c.change_id == outcome.change_id)
        values = {
            "change_id": outcome.change_id,
            "run_id": run_id,
            "journal_number": connection.execute(sent).scalar_one(),
            "at": at,
            "status": outcome.status,
            "code": outcome.code,
            "message": outcome.message,
            "version": outcome.version,
            "found": json.dumps(outcome.found),
            "made": outcome.made,
        }
        connection.execute(
            insert(OUTCOMES).values(values).on_conflict_do_update(index_elements=["change_id", "run_id"], set_=values)
        )


def note_settled(connection: Connection) -> None:
    """Note, where no change is unfinished, that none is of those journaled so far: they are not looked at again."""
    if not unfinished(connection):
        newest = connection.execute(select(func.coalesce(func.max(JOURNAL.c.number), 0))).scalar_one()
        put_number(connection, _SETTLED, newest)


def unfinished(connection: Connection) -> list[tuple[str, Planned]]:
    """Changes whose last sending has no outcome, or only `unknown`, with the run that sent them."""
    since = JOURNAL.c.number > last_number(connection, _SETTLED)
    last = select(func.max(JOURNAL.c.number)).where(since).group_by(JOURNAL.c.change_id)
    settled = (
        select(OUTCOMES.c.change_id)
        .where(
            and_(
                OUTCOMES.c.change_id == JOURNAL.c.change_id,
                OUTCOMES.c.journal_number >= JOURNAL.c.number,
                OUTCOMES.c.status != "unknown",
            )
        )
        .exists()
    )
    query = (
        select(JOURNAL.c.run_id, CHANGES.c.id, CHANGES.c.body)
        .join(CHANGES, CHANGES.c.id == JOURNAL.c.change_id)
        .where(and_(since, JOURNAL.c.number.in_(last), ~settled))
        .order_by(CHANGES.c.id)
    )
    return [(row.run_id, Planned(row.id, load_change(row.body))) for row in connection.execute(query)]


def outcomes(
    connection: Connection,
    run_id: str | None,
    plan_id: str | None,
    *,
    with_settled: bool = False,
    kind: str | None = None,
) -> list[Recorded]:
    query: Select[Any] = select(OUTCOMES, CHANGES.c.body).join(CHANGES, CHANGES.c.id == OUTCOMES.c.change_id)
    if run_id is not None:
        sent = select(JOURNAL.c.number).where(JOURNAL.c.run_id == run_id)
        settled = OUTCOMES.c.journal_number.in_(sent) if with_settled else false()
        query = query.where(or_(OUTCOMES.c.run_id == run_id, settled))
    if plan_id is not None:
        query = query.where(CHANGES.c.plan_id == plan_id)
    if kind is not None:
        query = query.where(CHANGES.c.kind == kind)
    rows = connection.execute(query.order_by(OUTCOMES.c.change_id, OUTCOMES.c.run_id))
    return [_recorded(row._mapping) for row in rows]


def outcomes_of(connection: Connection, keys: Collection[RecordKey]) -> list[Recorded]:
    """The outcomes of changes of these records, and of those that made them, in plan order."""
    by_place: dict[tuple[str, str], list[str]] = {}
    for key in sorted(keys):
        by_place.setdefault((key.connection, key.stream), []).append(key.id)
    told = (CHANGES.c.body, CHANGES.c.connection.label("of_connection"), CHANGES.c.stream.label("of_stream"))
    query = select(OUTCOMES, *told).join(CHANGES, CHANGES.c.id == OUTCOMES.c.change_id)
    found: dict[tuple[str, str], Recorded] = {}
    for (name, stream), ids in by_place.items():
        place = query.where(CHANGES.c.connection == name, CHANGES.c.stream == stream)
        for first in range(0, len(ids), _AT_ONCE):
            some = ids[first : first + _AT_ONCE]
            # Asked for the place of what was made as well, SQLite would look at every change there.
            asked = (place.where(CHANGES.c.record_id.in_(some)), query.where(OUTCOMES.c.made.in_(some)))
            rows = [row for one in asked for row in connection.execute(one)]
            here = [row for row in rows if (row.of_connection, row.of_stream) == (name, stream)]
            found |= {(row.change_id, row.run_id): _recorded(row._mapping) for row in here}
    return [found[key] for key in sorted(found)]


def _recorded(row: Mapping[Any, Any]) -> Recorded:
    found: Value = json.loads(row["found"])
    outcome = Outcome(row["change_id"], row["status"], row["code"], row["message"], row["version"], found, row["made"])
    return Recorded(row["run_id"], Planned(row["change_id"], load_change(row["body"])), outcome, micros(row["at"]))
