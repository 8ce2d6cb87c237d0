"""Erasing a person: every row of theirs, every text that names them, and what was learned from them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, and_, false, func, or_, select

from model.changes import FORGOTTEN
from model.errors import InputError
from model.evidence import RecordKey
from store import forgotten, matches, snapshots
from store.derived import FINDINGS, LINKS, PAIRS, SCORES, VERDICTS
from store.lookups import LOOKUPS
from store.marks import MATCHED, UNMATCHED, WORKS
from store.mirror import MIRROR
from store.plans import CHANGES, JOURNAL, OUTCOMES, PLANS, dump_change, load_change, unfinished, without_values
from store.resolving import PARTS
from store.tables import METADATA

# Statements hold at most so many ids.
_AT_ONCE = 500
# Texts of our own that may tell a person's address in a row about somebody else.
_TEXTS = (
    (FINDINGS, ("message", "value")),
    (PAIRS, ("reason", "evidence")),
    (LINKS, ("reason", "runner_up_reason", "abstained_because")),
    (SCORES, ("reason", "evidence")),
    (VERDICTS, ("note",)),
    (LOOKUPS, ("key", "answer")),
)
_WRITTEN = ("applied", "already", "overwrote")


@dataclass(frozen=True, slots=True)
class Person:
    """All records of a person, and the e-mail addresses that are theirs alone."""

    records: tuple[RecordKey, ...]
    emails: tuple[str, ...]


def erase(connection: Connection, person: Person, at: int) -> dict[str, int]:
    """Erase a person and remember their hashes; by table, how many rows went or lost their values.

    What was learned to match with, or kept to resolve with, goes too, because it holds values of records: the next
    match learns anew.
    """
    counts = Counter(changes=_changes_emptied(connection, person))
    keys = [*person.records, *_about(connection, person)]
    for table in METADATA.tables.values():
        for where in _rows_of(table, keys):
            counts[table.name] += connection.execute(table.delete().where(where)).rowcount
    for table, columns in _TEXTS:
        for row in _telling(connection, table, columns, [*person.emails, *map(str, person.records)]):
            here = (column == row[column.name] for column in table.primary_key)
            counts[table.name] += connection.execute(table.delete().where(*here)).rowcount
    counts["snapshots"] += snapshots.forget(connection, person.records, person.emails)
    for stream, fields in forgotten.MENTIONS.items():
        for name, of in fields:
            for where in _named(MIRROR[stream], MIRROR[stream].c[name], of, person.records):
                update = MIRROR[stream].update().where(where).values({name: None})
                counts[stream] += connection.execute(update).rowcount
    for table in (matches.MODELS, MATCHED, matches.BLOCK_KEYS, UNMATCHED, PARTS, *chain(*WORKS.values())):
        connection.execute(table.delete())
    forgotten.remember(connection, person.records, person.emails, at)
    return {name: count for name, count in sorted(counts.items()) if count}


def _about(connection: Connection, person: Person) -> Iterator[RecordKey]:
    """The records that are about the person: activities, memberships of campaigns, links."""
    for stream, fields in forgotten.REFERENCES.items():
        table = MIRROR[stream]
        wheres = [where for name, of in fields for where in _named(table, table.c[name], of, person.records)]
        rows = [dict(row) for where in wheres for row in connection.execute(select(table).where(where)).mappings()]
        rows += _telling(connection, table, forgotten.ADDRESSES.get(stream, ()), person.emails)
        yield from (RecordKey(row["connection"], stream, row["id"]) for row in rows)


def _named(table: Table, column: Column[str], of: str, keys: Collection[RecordKey]) -> Iterator[ColumnElement[bool]]:
    """Where a column names one of these records; `of` is their stream, or the column that says it."""
    for connection, stream, ids in _by_place(keys):
        is_of = table.c[of] == stream if of in table.c else (false() if of != stream else None)
        conditions = [table.c.connection == connection, column.in_(ids)]
        yield and_(*conditions, *(() if is_of is None else (is_of,)))


def _rows_of(table: Table, keys: Collection[RecordKey]) -> Iterator[ColumnElement[bool]]:
    """Where the rows of a table are about these records: by the columns that name a record, whatever the table. The id
    of a change is no record's."""
    if table is CHANGES:
        return
    for connection, stream, ids in _by_place(keys):
        if table.name in MIRROR:
            if table.name == stream:
                yield and_(table.c.connection == connection, table.c.id.in_(ids))
            continue
        for side in ("", "left_", "right_"):
            names = [f"{side}{name}" for name in ("connection", "stream", "id")]
            if all(name in table.c for name in names):
                place, kind, record = (table.c[name] for name in names)
                yield and_(place == connection, kind == stream, record.in_(ids))


def _by_place(keys: Collection[RecordKey]) -> Iterator[tuple[str, str, list[str]]]:
    for connection, stream in sorted({(key.connection, key.stream) for key in keys}):
        ids = sorted({key.id for key in keys if (key.connection, key.stream) == (connection, stream)})
        for first in range(0, len(ids), _AT_ONCE):
            yield connection, stream, ids[first : first + _AT_ONCE]


def _telling(
    connection: Connection, table: Table, names: Collection[str], texts: Collection[str]
) -> list[dict[str, Any]]:
    """The rows that hold one of these texts in one of these columns, as a word of its own: ann@x.example does not
    stand in joann@x.example."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for text in {*texts, *(json.dumps(text)[1:-1] for text in texts)}:
        word = re.compile(rf"(?<![\w.+-]){re.escape(text)}(?![\w-]|\.\w)", re.IGNORECASE)
        holds = (func.lower(table.c[name]).contains(text.lower(), autoescape=True) for name in names)
        for row in connection.execute(select(table).where(or_(false(), *holds))).mappings():
            if any(word.search(row[name] or "") for name in names):
                found[tuple(row[column.name] for column in table.primary_key)] = dict(row)
    return list(found.values())


def _changes_emptied(connection: Connection, person: Person) -> int:
    """Take the values out of changes that were written, and remove those that never were, with their outcomes."""
    bodies = _changes_about(connection, person)
    query = select(OUTCOMES.c.change_id).where(OUTCOMES.c.status.in_(_WRITTEN)).distinct()
    written = bodies.keys() & set(connection.execute(query).scalars())
    if open_ones := bodies.keys() & {planned.id for _, planned in unfinished(connection)}:
        raise InputError(
            f"{len(open_ones):,} changes to this person may have been sent and have no known end yet; "
            "run `trueline push --apply` first, which reads them back, then forget."
        )
    _remove(connection, sorted(bodies.keys() - written))
    keys = frozenset(person.records)
    for change_id in sorted(written):
        change = without_values(load_change(bodies[change_id]), keys)
        here = CHANGES.c.id == change_id
        connection.execute(CHANGES.update().where(here).values(body=dump_change(change), record_id=change.key.id))
        empty = {"message": "", "found": "null", "made": None}
        connection.execute(OUTCOMES.update().where(OUTCOMES.c.change_id == change_id).values(empty))
    return len(bodies)


def _changes_about(connection: Connection, person: Person) -> dict[str, str]:
    """By id the bodies of the changes that name one of the person's records or addresses."""
    named = [json.dumps([key.connection, key.stream, key.id], separators=(",", ":")) for key in person.records]
    found = {row["id"]: row["body"] for row in _telling(connection, CHANGES, ("body",), person.emails)}
    for text in named:
        query = select(CHANGES.c.id, CHANGES.c.body).where(CHANGES.c.body.contains(text, autoescape=True))
        found |= {row.id: row.body for row in connection.execute(query)}
    return {change_id: body for change_id, body in found.items() if load_change(body).rule != FORGOTTEN}


def _remove(connection: Connection, change_ids: list[str]) -> None:
    for first in range(0, len(change_ids), _AT_ONCE):
        some = change_ids[first : first + _AT_ONCE]
        plans = select(CHANGES.c.plan_id, func.count()).where(CHANGES.c.id.in_(some)).group_by(CHANGES.c.plan_id)
        for plan, number in connection.execute(plans).all():
            connection.execute(PLANS.update().where(PLANS.c.id == plan).values(changes=PLANS.c.changes - number))
        for column in (snapshots.SNAPSHOTS.c.change_id, OUTCOMES.c.change_id, JOURNAL.c.change_id, CHANGES.c.id):
            connection.execute(column.table.delete().where(column.in_(some)))
