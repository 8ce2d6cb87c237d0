"""Who set a property's present value, and when: its history tells."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import takewhile
from typing import Any

from connectors._hubspot_fields import Fields
from connectors._hubspot_gateway import Gateway
from connectors._hubspot_parse import stamp, version_of
from connectors._hubspot_push import Record, read_exactly
from model.conflicts import Edit

_PROGRAM = "INTEGRATION"
# Sources of entries that a merge makes, of values that were set before.
_MERGES = "MERGE"


def read_edits(gateway: Gateway, fields: Fields, wanted: Mapping[str, Collection[str]]) -> dict[tuple[str, str], Edit]:
    """By (id, field); ConnectorError when a page cannot be read. Fields without a property of their own are left
    out."""
    known = fields.properties.keys() & {name for names in wanted.values() for name in names}
    records = read_exactly(gateway, fields, sorted(fields.properties[name].name for name in known), list(wanted))
    return {
        (record_id, name): edit
        for record_id, record in records.items()
        for name in sorted(known & set(wanted[record_id]))
        if (edit := _edit(record, fields.properties[name].name, version_of(record, fields.layout.modified)))
    }


def _edit(record: Record, prop: str, version: int) -> Edit | None:
    entries = (record.get("propertiesWithHistory") or {}).get(prop)
    listed = [entry for entry in entries or () if isinstance(entry, dict)] if isinstance(entries, list) else []
    newest_first = sorted(listed, key=lambda entry: -(stamp(entry.get("timestamp")) or 0))
    text = str((record.get("properties") or {}).get(prop) or "")
    # Who writes a value that is there already, as integrations do, has not set it.
    setting = [*takewhile(lambda entry: str(entry.get("value") or "") == text, newest_first)]
    at = stamp(setting[-1].get("timestamp")) if setting else None
    if at is None:
        return Edit(version, "", is_exact=False) if version else None
    return Edit(at, _author(setting[-1]), is_exact=not str(setting[-1].get("sourceType")).startswith(_MERGES))


def _author(entry: Mapping[str, Any]) -> str:
    """The user's id, or the name of the program that wrote in a user's name; where neither is told, what kind of
    source it was."""
    user, label = entry.get("updatedByUserId"), entry.get("sourceLabel")
    told = (label, user) if entry.get("sourceType") == _PROGRAM else (user, label)
    return str(next((one for one in (*told, entry.get("sourceId"), entry.get("sourceType")) if one), ""))
