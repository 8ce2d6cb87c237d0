"""Who set which value when. Values that a record was made with have no row until they are first replaced."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.store import CREATED, UPDATED, VIRTUAL, Row, Store
from sandbox.hubspot.tokens import Author

# What tells who made a record, and so who set its first values.
ORIGIN = ("hs_object_source", "hs_object_source_id", "hs_object_source_detail_1", "hs_object_source_user_id")
MAX_VERSIONS = 45
_CHUNK = 500
_INSERT = "INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"


def remember(
    store: Store,
    kind: Kind,
    record_id: int,
    changes: Iterable[tuple[str, str | None, str | None]],
    at: str,
    author: Author,
) -> None:
    """Note (property, old, new) values of one record, set by `author` at `at`."""
    key = (kind.plural, record_id)
    known = {row[0] for row in store.db.execute("SELECT DISTINCT name FROM history WHERE kind = ? AND id = ?", key)}
    listed = list(changes)
    rows: list[tuple[Any, ...]] = []
    if firsts := [(name, old) for name, old, _ in listed if name not in known and old is not None]:
        made = store.rows(kind, [record_id], ORIGIN, archived=None)[0]
        source_type, *others = made[5:]
        first = (source_type or "CRM_UI", *others)
        rows += [(*key, name, made[1], old, *first) for name, old in firsts]
    source = (author.source_type, author.source_id, author.label or None, author.user_id)
    rows += [(*key, name, at, new, *source) for name, _, new in listed]
    store.db.executemany(_INSERT, rows)


def histories(
    store: Store, kind: Kind, ids: Sequence[int], names: Sequence[str]
) -> dict[int, dict[str, list[dict[str, Any]]]]:
    """By record and property, the values it had, newest first."""
    kept = [name for name in names if name not in VIRTUAL]
    found: dict[int, dict[str, list[dict[str, Any]]]] = {record_id: {name: [] for name in names} for record_id in ids}
    for start in range(0, len(ids), _CHUNK):
        part = ids[start : start + _CHUNK]
        sql = (
            "SELECT id, name, at, value, source_type, source_id, source_label, user_id FROM history WHERE kind = ?"
            f" AND id IN ({','.join('?' * len(part))}) ORDER BY at DESC, rowid DESC"
        )
        for record_id, name, *entry in store.db.execute(sql, [kind.plural, *part]):
            if name in found[record_id] and len(found[record_id][name]) < MAX_VERSIONS:
                found[record_id][name].append(_entry(*entry))
    for row in store.rows(kind, ids, [*ORIGIN, *kept], archived=None):
        record_id = int(row[0] or 0)
        source_type, *others = row[5 : 5 + len(ORIGIN)]
        first = (source_type or "CRM_UI", *others)
        stamps = _stamps(row)
        for name in stamps.keys() & set(names):
            found[record_id][name].append(_entry(*stamps[name], *first))
        for name, value in zip(kept, row[5 + len(ORIGIN) :], strict=True):
            if not found[record_id][name] and value is not None:
                found[record_id][name].append(_entry(row[1], value, *first))
    return found


def _stamps(row: Row) -> dict[str, tuple[str | int | None, str | int | None]]:
    """Moment and value of the properties that are kept with the record itself: there is but one version of each."""
    made: dict[str, tuple[str | int | None, str | int | None]] = dict.fromkeys(CREATED, (row[1], row[1]))
    return made | dict.fromkeys(UPDATED, (row[2], row[2])) | {"hs_object_id": (row[1], str(row[0]))}


def _entry(at: Any, value: Any, source_type: Any, source_id: Any, label: Any, user: Any) -> dict[str, Any]:
    entry = {"value": value or "", "timestamp": at, "sourceType": source_type}
    optional = {
        "sourceId": source_id,
        "sourceLabel": label,
        "updatedByUserId": int(user) if str(user).isdecimal() else None,
    }
    return {**entry, **{name: told for name, told in optional.items() if told is not None}}


def inherit(store: Store, kind: Kind, survivor: int, given: Iterable[tuple[int, Sequence[str]]]) -> None:
    """Let the survivor of a merge have the history of these (record, properties); the rest stays with its record."""
    for record_id, names in given:
        for start in range(0, len(names), _CHUNK):
            part = names[start : start + _CHUNK]
            store.db.execute(
                f"UPDATE history SET id = ? WHERE kind = ? AND id = ? AND name IN ({','.join('?' * len(part))})",
                [survivor, kind.plural, record_id, *part],
            )
