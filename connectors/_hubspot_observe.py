"""What HubSpot holds now where changes would write; how a push that was cut short finds out what arrived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors._hubspot_create import find_created
from connectors._hubspot_fields import SOFT_MARK, Fields
from connectors._hubspot_gateway import Gateway
from connectors._hubspot_history import history_of, trace_write
from connectors._hubspot_layouts import LAYOUTS
from connectors._hubspot_link_push import Links
from connectors._hubspot_links import LINK_TYPES
from connectors._hubspot_merge import left_to_set, living
from connectors._hubspot_parse import version_of
from connectors._hubspot_portal import Description
from connectors._hubspot_push import Record, field_value, read_exactly
from connectors._hubspot_refusal import PRIMARY
from connectors.connector import Arrival, Observed
from model.changes import Associate, Create, Dissociate, Merge, Planned, SetField, slot_of
from model.streams import Value

MISSING = Observed(None, None, exists=False)


def observe_changes(
    gateway: Gateway, description: Description, changes: Sequence[Planned], external_id: str
) -> dict[str, Observed]:
    """By change id. Changes of streams and fields that HubSpot does not have count as not existing."""
    observed: dict[str, Observed] = {planned.id: MISSING for planned in changes}
    for stream in LAYOUTS:
        every = [planned for planned in changes if planned.change.key.stream == stream]
        if not every:
            continue
        fields = description.fields(stream)
        made = [planned for planned in every if isinstance(planned.change, Create)]
        observed |= _created(gateway, fields, made, external_id)
        observed |= {
            planned.id: _merged(gateway, fields, planned.change)
            for planned in every
            if isinstance(planned.change, Merge)
        }
        own = [planned for planned in every if not isinstance(planned.change, Create | Merge)]
        ids = list(dict.fromkeys(planned.change.key.id for planned in own))
        written = {slot.field for planned in own if (slot := slot_of(planned.change))}
        names = sorted(fields.properties[name].name for name in written & fields.properties.keys())
        records = read_exactly(gateway, fields, names, ids)
        links = _links(gateway, own)
        for planned in own:
            record = records.get(planned.change.key.id)
            if record is not None:
                observed[planned.id] = _observed(fields, planned, record, links)
    return observed


def _created(gateway: Gateway, fields: Fields, changes: Sequence[Planned], external_id: str) -> dict[str, Observed]:
    found = (
        find_created(gateway, fields, external_id, [planned.change.key.id for planned in changes]) if changes else {}
    )
    return {
        planned.id: Observed(str(record["id"]), version_of(record, fields.layout.modified))
        for planned in changes
        if (record := found.get(planned.change.key.id)) is not None
    }


def _merged(gateway: Gateway, fields: Fields, change: Merge) -> Observed:
    """The survivor's id once all ids of the merge stand for one record that holds the merge's values."""
    now = [living(gateway, fields, record_id) for record_id in (change.key.id, *(loser.id for loser in change.losers))]
    survivor = now[0]
    if survivor is None:
        return MISSING
    soft = [(record.get("properties") or {}).get(SOFT_MARK) for record in now[1:] if record is not None]
    is_one = len({str(record["id"]) for record in now if record is not None}) == 1 and None not in now
    is_done = soft == [change.key.id] * len(change.losers) or (
        is_one and not left_to_set(gateway, fields, change, str(survivor["id"]))
    )
    return Observed(str(survivor["id"]) if is_done else None, version_of(survivor, fields.layout.modified))


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
    if isinstance(change, SetField):
        if change.field not in fields.properties:
            return Observed(None, version, is_known=False)
        value = field_value(fields, change.field, record.get("properties") or {})
        return Observed(value, version, arrival=_arrival(fields, change, record))
    value = None
    # A delete is told by the record's existence alone.
    if isinstance(change, Associate | Dissociate) and (change.key.stream, change.to.stream) in links:
        value = _linked(links[change.key.stream, change.to.stream], change)
    return Observed(value, version)


def _linked(own: Links, change: Associate | Dissociate) -> Value:
    """The id a link change is about, or that of the primary link it competes with."""
    if change.label == PRIMARY and isinstance(change, Associate):
        return own.primary_of(change.key.id)
    link = own.of(change)
    return change.to.id if link is not None and (change.label != PRIMARY or link.is_primary) else None


def _arrival(fields: Fields, change: SetField, record: Record) -> Arrival | None:
    """Our write as the property's history shows it since the version that the plan saw."""
    prop = fields.properties[change.field].name
    history = history_of(record, prop)
    texts = record.get("properties") or {}
    currency = fields.currency_of(texts)
    if history is None or change.seen_at is None:
        return None
    try:
        before = fields.text(change.field, change.before, currency)
        ours = {
            fields.text(change.field, change.after, currency, text) for text in ("", *(text for text, _ in history))
        }
    except (ValueError, OverflowError):
        return None
    trace = trace_write(history, frozenset(ours), before, change.seen_at)
    if trace is None:
        return None
    replaced = change.before
    if trace.replaced != before:
        replaced = field_value(fields, change.field, {**texts, prop: trace.replaced})
    return Arrival(replaced, trace.is_newest)
