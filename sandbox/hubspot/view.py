"""Records as they go over the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.store import Row


def names_shown(portal: Portal, kind: Kind, asked: Sequence[str]) -> list[str]:
    """The properties a record comes with: the defaults when none are asked for, else those asked for that exist,
    and always its id and stamps."""
    if not asked:
        return list(kind.defaults)
    known = portal.definitions(kind)
    names = [name for name in dict.fromkeys(a.lower() for a in asked) if name in known and not known[name].archived]
    stamps = ["hs_createdate" if kind.is_engagement else "createdate", "hs_object_id", kind.modified]
    return list(dict.fromkeys([*names, *(name for name in stamps if name in known)]))


def record(names: Sequence[str], row: Row) -> dict[str, Any]:
    """One record from a row of the system columns and `names`."""
    shown: dict[str, Any] = {
        "id": str(row[0]),
        "properties": dict(zip(names, row[5 : 5 + len(names)], strict=True)),
        "createdAt": row[1],
        "updatedAt": row[2],
        "archived": bool(row[3]),
    }
    if row[3]:
        shown["archivedAt"] = row[4]
    return shown


def records(
    portal: Portal, kind: Kind, ids: Sequence[int], names: Sequence[str], *, archived: bool | None = False
) -> Mapping[int, dict[str, Any]]:
    """Records by id, in the order of their ids."""
    return {int(row[0] or 0): record(names, row) for row in portal.store.rows(kind, ids, names, archived=archived)}
