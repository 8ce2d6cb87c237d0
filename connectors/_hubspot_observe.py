"""What HubSpot holds now where changes would write; how a push that was cut short finds out what arrived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors._hubspot_fields import LAYOUTS, Fields
from connectors._hubspot_gateway import Gateway
from connectors._hubspot_link_push import Links
from connectors._hubspot_links import LINK_TYPES
from connectors._hubspot_pages import read_objects
from connectors._hubspot_parse import version_of
from connectors._hubspot_portal import Description
from connectors._hubspot_push import Record, field_value
from connectors._hubspot_refusal import PRIMARY
from connectors.connector import Observed
from model.changes import Associate, Dissociate, Planned, SetField
from model.streams import Value

MISSING = Observed(None, None, exists=False)


def observe_changes(gateway: Gateway, description: Description, changes: Sequence[Planned]) -> dict[str, Observed]:
    """By change id. Changes of streams and fields that HubSpot does not have count as not existing."""
    observed: dict[str, Observed] = {planned.id: MISSING for planned in changes}
    for stream in LAYOUTS:
        own = [planned for planned in changes if planned.change.key.stream == stream]
        if not own:
            continue
        fields = description.fields(stream)
        ids = list(dict.fromkeys(planned.change.key.id for planned in own))
        objects = read_objects(gateway, fields.layout.object, fields.asked, ids)
        records = {str(entry.get("id")): entry for entry in objects}
        links = _links(gateway, own)
        for planned in own:
            record = records.get(planned.change.key.id)
            if record is not None:
                observed[planned.id] = _observed(fields, planned, record, links)
    return observed


def _links(gateway: Gateway, changes: Sequence[Planned]) -> Mapping[tuple[str, str], Links]:
    ids: dict[tuple[str, str], dict[str, None]] = {}
    for planned in changes:
        change = planned.change
        if isinstance(change, Associate | Dissociate):
            pair = (change.key.stream, change.to.stream)
            if pair in LINK_TYPES:
                ids.setdefault(pair, {})[change.key.id] = None
    return {pair: Links.read(gateway, pair, list(own)) for pair, own in ids.items()}


def _observed(fields: Fields, planned: Planned, record: Record, links: Mapping[tuple[str, str], Links]) -> Observed:
    change = planned.change
    version = version_of(record, fields.layout.modified)
    value: Value = None
    if isinstance(change, SetField) and change.field in fields.properties:
        value = field_value(fields, change.field, record.get("properties") or {})
    elif isinstance(change, Associate | Dissociate) and (change.key.stream, change.to.stream) in links:
        own = links[change.key.stream, change.to.stream]
        if isinstance(change, Associate) and change.label == PRIMARY:
            value = own.primary_of(change.key.id)
        else:
            value = change.to.id if own.of(change) else None
    return Observed(value, version)
