"""Changes of fields chosen by chance, and other people's edits of what was changed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from connectors.connector import Sink
from model.changes import Outcome, Planned, SetField
from model.evidence import RecordKey
from model.remote import RemoteField
from model.streams import STREAMS, Value
from sync.irreversible import irreversible
from sync.workspace import Workspace
from tests.sync.scene import Scene

TABLES = {
    "sf": {"accounts": "Account", "contacts": "Contact", "leads": "Lead", "deals": "Opportunity"},
    "hs": {"accounts": "companies", "contacts": "contacts", "deals": "deals"},
}
# What a CRM sets others by, moves one way only, or holds as a link; and names by which records are told apart.
LEFT_OUT = frozenset({"stage", "lifecycle_stage", "probability", "forecast_category", "status", "currency",
                      "pipeline_id", "is_converted", "extra_emails"})  # fmt: skip
WORDS = (
    "Zoë",
    "Šimůnková",
    "李雷",
    "Ωμέγα",
    "😀",
    "O'Neil",
    "“quoted”",
    "a  b",
    "Ünïcode",
    "100%",
    "<b>bold</b>",
    "naïve",
)
THEIRS = "Theirs"
Slot = tuple[RecordKey, str]


def chosen_changes(workspace: Workspace, chance: random.Random, number: int) -> list[SetField]:
    """So many changes of fields that both CRMs take, no field of a record twice."""
    drawn = _draws(workspace, chance)
    found: dict[Slot, SetField] = {}
    for _ in range(40 * number):
        change = next(drawn)
        if change is not None:
            found.setdefault((change.key, change.field), change)
        if len(found) == number:
            break
    return list(found.values())


def _draws(workspace: Workspace, chance: random.Random) -> Iterator[SetField | None]:
    """Changes without end; None for one that would be refused."""
    places = []
    sinks = {name: sink for name, sink in workspace.sinks().items() if name in TABLES}
    for name, sink in sinks.items():
        for stream in TABLES[name]:
            frame = workspace.store.frame(stream, connections=[name]).filter(~pl.col("is_deleted"))
            for flag in {"is_converted", "is_person", "is_person_account"} & set(frame.columns):
                frame = frame.filter(~pl.col(flag).fill_null(value=False))
            rows = frame.with_columns(pl.col("changed_at").dt.epoch("us")).sort("id").to_dicts()
            fields = _fields(sink, stream)
            if rows and fields:
                places.append((name, stream, rows, fields))
    while True:
        name, stream, rows, fields = chance.choice(places)
        row, field = chance.choice(rows), chance.choice(fields)
        before = _held(stream, row, field)
        after = _value(chance, stream, field, before)
        change = SetField(
            RecordKey(name, stream, str(row["id"])),
            field.field or "",
            before,
            after,
            row["changed_at"],
            "by chance",
            "test",
        )
        # What a plan says beforehand that no CRM takes back is no matter of the undo.
        refused = after == before or irreversible(change) or sinks[name].refusal(Planned("p", change))
        yield None if refused else change


def _fields(sink: Sink, stream: str) -> list[RemoteField]:
    known = {field.name: field for field in STREAMS[stream].fields}
    return [
        one
        for one in sink.describe(stream)
        if one.field in known
        and one.is_writable
        and one.field not in sink.derived(stream) | LEFT_OUT
        and known[one.field].kind != "reference"
    ]


def _held(stream: str, row: Mapping[str, Any], field: RemoteField) -> Value:
    value = row[field.field or ""]
    kind = STREAMS[stream].field(field.field or "").type
    if value is not None and kind == "date":
        return int((value - _EPOCH).days)
    return value  # type: ignore[no-any-return]


_EPOCH = pl.Series([0], dtype=pl.Date)[0]


def _value(chance: random.Random, stream: str, field: RemoteField, before: Value) -> Value:
    known = STREAMS[stream].field(field.field or "")
    if known.kind == "consent":
        return True
    if before is not None and chance.random() < 0.15:
        return None
    if field.options:
        return chance.choice([one.value for one in field.options if one.is_active])
    number = chance.randrange(1_000_000)
    if known.kind == "email":
        return chance.choice((f"changed{number}@new.example", f"Changed{number}@Mixed-Case.Example"))
    if known.type in ("int", "money"):
        return number
    if known.type == "real":
        return chance.randrange(100) / 100
    if known.type == "bool":
        return not before
    if known.type in ("date", "time"):
        return 20_000 + number % 2_000 if known.type == "date" else (20_000 + number % 2_000) * 86_400_000_000
    if known.kind == "phone":
        return chance.choice((f"+44 161 {number:06}", f"0161/{number:06}", f"+4416155{number:05}"))
    if known.kind == "domain":
        return f"www.new{number}.example" if field.field == "website" else f"new{number}.example"
    return _text(chance, field.length or 255)


def _text(chance: random.Random, length: int) -> str:
    """Short, long, of other alphabets, or with blanks around it, which a vendor may trim."""
    words = " ".join(chance.choice(WORDS) for _ in range(chance.choice((1, 1, 2, 3))))
    drawn = chance.random()
    if drawn < 0.15:
        words = (words + " ") * length
    elif drawn < 0.3:
        return f"  {words[: length - 4]} "[:length]
    return words[: min(length, 2_000)].strip()


def edit_in_between(
    workspace: Workspace, scene: Scene, chance: random.Random, sent: Sequence[tuple[Planned, Outcome]], share: float
) -> set[tuple[str, str, str]]:
    """Others set some of the changed fields, and fields beside some: (table, record, the vendor's name) of each."""
    names = {
        (name, stream): {one.field: one for one in workspace.sinks()[name].describe(stream) if one.field}
        for name, tables in TABLES.items()
        for stream in tables
    }
    mine = {(planned.change.key, getattr(planned.change, "field", "")) for planned, _ in sent}
    edited: set[tuple[str, str, str]] = set()
    for planned, _ in sent:
        change = planned.change
        assert isinstance(change, SetField)
        drawn = chance.random()
        field = change.field if drawn < share else _beside(mine, change) if drawn < 1.5 * share else ""
        known = names[change.key.connection, change.key.stream].get(field)
        if known is None or known.type != "text" or known.options or (known.length or 255) < len(THEIRS) + 7:
            continue
        if STREAMS[change.key.stream].field(field).kind in ("email", "domain", "identifier"):
            continue
        table = TABLES[change.key.connection][change.key.stream]
        app: Any = scene.sf if change.key.connection == "sf" else scene.hs
        app.edit(table, change.key.id, **{known.name: f"{THEIRS} {chance.randrange(100_000)}"})
        edited.add((table, change.key.id, known.name))
    return edited


def _beside(mine: set[Slot], change: SetField) -> str:
    """A field of the same record that was not changed."""
    beside = {"accounts": "city", "contacts": "title", "leads": "title", "deals": "next_step"}[change.key.stream]
    return "" if (change.key, beside) in mine else beside
