"""Planned merges and conversions side by side: a column for each record, the surviving values marked, and why."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import polars as pl

from hygiene.kinds.money import in_words
from model.changes import JOINING, Change, Chosen, Convert, Merge, Planned
from model.evidence import RecordKey
from model.streams import STREAMS
from reports.content import Join, JoinLine, Joins
from reports.wording import brief, counted, text_of
from store import Store

SHOWN = 8
# More columns than this are narrower than a value.
_COLUMNS = 4
_PERSON = ("given_name", "family_name", "email", "phone", "mobile", "title", "company", "email_opt_out", "do_not_call")
_NAMED = {"owner_id": "users", "account_id": "accounts", "parent_id": "accounts"}
Row = Mapping[str, object]
Say = Callable[[str], None]
Tabulate = Callable[[Sequence[str], Sequence[Sequence[object]]], None]


def joins_of(store: Store, pending: Sequence[Planned]) -> Joins:
    """What waits of a plan's merges and conversions, the first side by side."""
    waiting = [planned.change for planned in pending if planned.change.kind in JOINING]
    merges = sum(isinstance(change, Merge) for change in waiting)
    return Joins(merges, len(waiting) - merges, join_views(store, waiting[:SHOWN]))


def join_views(store: Store, changes: Iterable[Change]) -> tuple[Join, ...]:
    """Merges and conversions with their records as the store holds them now."""
    listed = [change for change in changes if isinstance(change, Merge | Convert)]
    rows = _rows(store, {key for change in listed for key in _records(change)})
    names = _names(store, rows)
    mates = {
        one.key: [other.key for other in listed if isinstance(other, Merge) and other.group == one.group != ""]
        for one in listed
        if isinstance(one, Merge)
    }
    return tuple(
        _merge(one, rows, names, mates[one.key]) if isinstance(one, Merge) else _convert(one, rows, names)
        for one in listed
    )


def print_join(join: Join, say: Say, tabulate: Tabulate) -> None:
    """One merge or conversion for a terminal; a star stands before what survives."""
    say("")
    say(f"{join.key}: {join.kind}")
    say(f"    {join.reason}")
    headings = ("", *join.records, "why")
    tabulate(headings, [(line.field, *_starred(line), line.reason) for line in join.lines])
    if join.others:
        say(f"    and {counted(join.others, 'more record')}")


def _starred(line: JoinLine) -> Iterable[str]:
    for cell, is_kept in zip(line.cells, line.kept, strict=True):
        corrected = f" -> {line.value}" if line.value != cell else ""
        yield f"* {cell}{corrected}" if is_kept else cell


def _records(change: Merge | Convert) -> tuple[RecordKey, ...]:
    if isinstance(change, Merge):
        return (change.key, *change.losers)
    return tuple(key for key in (change.contact, change.key) if key is not None)


def _rows(store: Store, keys: Collection[RecordKey]) -> dict[RecordKey, Row]:
    """The records by key; one that is gone since is left out."""
    rows: dict[RecordKey, Row] = {}
    for stream in sorted({key.stream for key in keys}):
        frame = store.frame(stream, connections=sorted({key.connection for key in keys if key.stream == stream}))
        chosen = frame.filter(pl.col("id").is_in(sorted({key.id for key in keys if key.stream == stream})))
        for row in chosen.iter_rows(named=True):
            rows[RecordKey(row["connection"], stream, row["id"])] = row
    return rows


def _names(store: Store, rows: Mapping[RecordKey, Row]) -> dict[RecordKey, str]:
    """What the users and accounts that these records name are called."""
    wanted = {
        RecordKey(key.connection, stream, str(row[field]))
        for key, row in rows.items()
        for field, stream in _NAMED.items()
        if row.get(field)
    }
    names: dict[RecordKey, str] = {}
    for stream in sorted({key.stream for key in wanted}):
        ids = sorted({key.id for key in wanted if key.stream == stream})
        frame = store.frame(stream, columns=["name"]).filter(pl.col("id").is_in(ids) & pl.col("name").is_not_null())
        for connection, record_id, name in frame.select("connection", "id", "name").iter_rows():
            names[RecordKey(connection, stream, record_id)] = name
    return names


def _merge(
    change: Merge, rows: Mapping[RecordKey, Row], names: Mapping[RecordKey, str], mates: Collection[RecordKey]
) -> Join:
    """`mates` are the survivors of all merges that go in step with this one, itself among them."""
    every = _records(change)
    columns = every[:_COLUMNS]
    lines = []
    for one in change.chosen:
        cells = tuple(_text(one.field, rows.get(key, {}), key, names) for key in columns)
        kept = tuple(_gives(one, key, rows.get(key, {})) for key in columns)
        value = _value(one.field, one.value, rows.get(one.source or change.key, {}), change.key, names)
        lines.append(JoinLine(one.field, cells, kept, value, brief(one.reason)))
    headings = (f"{columns[0].id} (survives)", *(key.id for key in columns[1:]))
    step = ", ".join(str(key) for key in mates if key != change.key)
    kind = f"merge {counted(len(change.losers), 'record')} into it" + (f", in step with {step}" if step else "")
    return Join(kind, str(change.key), brief(change.reason), headings, tuple(lines), len(every) - len(columns))


def _gives(chosen: Chosen, key: RecordKey, row: Row) -> bool:
    if chosen.source is None:
        return row.get(chosen.field) is not None
    return chosen.source == key


def _convert(change: Convert, rows: Mapping[RecordKey, Row], names: Mapping[RecordKey, str]) -> Join:
    columns = _records(change)
    lines = []
    for field in _PERSON:
        if any(rows.get(key, {}).get(field) for key in columns):
            cells = tuple(_text(field, rows.get(key, {}), key, names) for key in columns)
            lines.append(JoinLine(field, cells, (False,) * len(columns), "", ""))
    headings = tuple(f"{STREAMS[key.stream].singular} {key.id}" for key in columns)
    return Join("convert the lead into the contact", str(change.key), brief(change.reason), headings, tuple(lines))


def _text(field: str, row: Row, key: RecordKey, names: Mapping[RecordKey, str]) -> str:
    return _value(field, row.get(field), row, key, names)


def _value(field: str, value: object, row: Row, key: RecordKey, names: Mapping[RecordKey, str]) -> str:
    """A value as people read it: amounts with their currency, users and accounts by name."""
    if field == "revenue" and isinstance(value, int):
        return in_words(value, str(row["currency"]) if row.get("currency") else None)
    if field in _NAMED and isinstance(value, str):
        return brief(names.get(RecordKey(key.connection, _NAMED[field], value), value))
    return text_of(value)
