"""Conflicts: fields that changed in both CRMs, and what a person says to them. The next plan carries it out."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from datetime import UTC, date, datetime

from hygiene.kinds.dates import EPOCH
from model.conflicts import Answer, Conflict
from model.errors import InputError
from model.streams import STREAMS, Value, ValueType
from sync.workspace import Workspace


def answer_conflicts(workspace: Workspace, conflicts: Sequence[Conflict], answer: Answer) -> list[Conflict]:
    """Note the answer to each of them; InputError when it does not fit one, and then none is noted."""
    for conflict in conflicts:
        _check(workspace, conflict, answer)
    for conflict in conflicts:
        workspace.store.answer_conflict(conflict.id, answer, getpass.getuser(), workspace.clock())
    noted = {conflict.id for conflict in conflicts}
    return [one for one in workspace.store.conflicts() if one.id in noted]


def chosen_conflicts(workspace: Workspace, ids: Sequence[str], field: str | None) -> list[Conflict]:
    """Open conflicts by their ids, or all of a field (stream.field); InputError for an id or a field that has none."""
    known = {one.id: one for one in workspace.store.conflicts()}
    for conflict_id in ids:
        if conflict_id not in known:
            raise InputError(f"There is no open conflict {conflict_id}; `trueline conflicts` lists them.")
    if field is None:
        return [known[conflict_id] for conflict_id in ids]
    found = [one for one in known.values() if field_of(one) == field]
    if not found:
        fields = ", ".join(sorted({field_of(one) for one in known.values()}))
        raise InputError(
            f"No conflict is open about {field}" + (f"; there are some about {fields}." if fields else ".")
        )
    return found


def field_of(conflict: Conflict) -> str:
    """The field of a conflict as settings name it; people's records go by contacts."""
    return f"{'accounts' if conflict.left.stream == 'accounts' else 'contacts'}.{conflict.field}"


def _check(workspace: Workspace, conflict: Conflict, answer: Answer) -> None:
    stream = STREAMS[conflict.left.stream]
    kind = next((field.kind for field in stream.fields if field.name == conflict.field), "text")
    after = {"left": conflict.left_value, "right": conflict.right_value, "value": answer.value}.get(answer.kind, True)
    if kind == "consent" and after is not True:
        raise InputError(
            f"{conflict.id} is about an opt-out, which Trueline never takes back; take the side that is opted out, "
            "leave both, or opt in again in both CRMs."
        )
    how = workspace.settings.sync.stream(stream.name).fields.get(conflict.field)
    if answer.kind == "value" and (conflict.field == "owner_id" or (how is not None and how.values)):
        raise InputError(f"{field_of(conflict)} has other values in either CRM; take one side instead of a value.")


def side_named(workspace: Workspace, name: str) -> Answer:
    """The answer that takes a connection's value; InputError when it is none of the two."""
    between: tuple[str, ...] = workspace.settings.sync.between or ()
    if name not in between:
        raise InputError(f"{name!r} is not kept alike with another; take {' or '.join(between) or 'a connection'}.")
    return Answer("left" if name == between[0] else "right")


def value_of(conflicts: Sequence[Conflict], text: str) -> Answer:
    """The answer that gives a third value, read as the field's type; InputError when it is none of it."""
    values = {_read(conflict, text) for conflict in conflicts}
    if len(values) != 1:
        raise InputError("One value does not fit conflicts about fields of several types; answer them apart.")
    return Answer("value", values.pop())


def _read(conflict: Conflict, text: str) -> Value:
    fields = {field.name: field.type for field in STREAMS[conflict.left.stream].fields}
    kind: ValueType = fields.get(conflict.field, "text")
    try:
        if kind in ("int", "money"):
            return int(text)
        if kind == "real":
            return float(text)
        if kind == "bool":
            return {"true": True, "false": False}[text.lower()]
        if kind == "date":
            return (date.fromisoformat(text) - EPOCH).days
        if kind == "time":
            return int(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1_000_000)
    except (ValueError, KeyError):
        raise InputError(f"{text!r} is no {kind}, which {field_of(conflict)} holds.") from None
    return text
