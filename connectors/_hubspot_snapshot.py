"""Snapshots of records before they are merged or deleted: every writable property, and all that they are linked to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from connectors._hubspot_fields import Fields
from connectors._hubspot_gateway import Gateway, Refused
from connectors._hubspot_layouts import LAYOUTS
from connectors._hubspot_pages import read_objects
from connectors._hubspot_parse import version_of
from connectors._hubspot_portal import Description
from connectors._hubspot_raw_links import KINDS, read_raw_links
from model.changes import Planned, records_of
from model.errors import NotPermitted
from model.evidence import RecordKey
from model.snapshots import Hanging, Snapshot

# Shown as properties and written as links.
_LINKED = frozenset(
    {"associatedcompanyid", "hs_parent_company_id", "hs_primary_associated_company", "hs_primary_company_id"}
)
EXTRA_EMAILS = "hs_additional_emails"


def kept_properties(fields: Fields) -> list[str]:
    """The properties that can be set again, and a contact's further addresses."""
    settable = {name for name, one in fields.object_properties.items() if not (one.is_read_only or one.is_sensitive)}
    return sorted(settable - _LINKED | ({EXTRA_EMAILS} & fields.object_properties.keys()))


def take_snapshots(
    gateway: Gateway, description: Description, changes: Sequence[Planned]
) -> dict[str, tuple[Snapshot, ...]]:
    """By change id, its records as they are now; those that are gone, or live on in another, are left out."""
    ids: dict[str, dict[str, None]] = defaultdict(dict)
    for planned in changes:
        for key in records_of(planned.change):
            ids[key.stream][key.id] = None
    taken: dict[RecordKey, Snapshot] = {}
    for stream, mine in ids.items():
        taken |= _of_stream(gateway, description.fields(stream), stream, list(mine))
    return {planned.id: tuple(taken[key] for key in records_of(planned.change) if key in taken) for planned in changes}


def _of_stream(gateway: Gateway, fields: Fields, stream: str, ids: Sequence[str]) -> dict[RecordKey, Snapshot]:
    names, modified = kept_properties(fields), fields.layout.modified
    answer = read_objects(gateway, LAYOUTS[stream].object, [*names, modified], ids)
    objects = {str(one.get("id")): one for one in answer}
    found = [record_id for record_id in ids if record_id in objects]
    hanging: dict[str, list[Hanging]] = defaultdict(list)
    gaps = []
    for kind in KINDS if found else ():
        try:
            links = read_raw_links(gateway, LAYOUTS[stream].object, kind, found)
        except (NotPermitted, Refused):
            gaps.append(f"links to {kind} cannot be read")
            continue
        for record_id, own in links.items():
            hanging[record_id] += [Hanging(kind, "", to, None, tuple(sorted(types))) for to, types in own.items()]
    shots = {}
    for record_id in found:
        texts = objects[record_id].get("properties") or {}
        key = RecordKey(gateway.name, stream, record_id)
        values = {name: texts[name] for name in names if texts.get(name) not in (None, "")}
        version = version_of(objects[record_id], modified)
        shots[key] = Snapshot(key, version, values, tuple(hanging[record_id]), tuple(gaps))
    return shots
