"""HubSpot's own Salesforce integration: how it gives itself away, and what it is known to write.

It is told by the properties that it makes. No call shows its mappings. The default ones cannot be deleted, so they
count as mapped: for contacts HubSpot lists them; for companies and deals it does not, and the integration maps what it
can reach, so that all that both systems have by default counts. A mapping made by hand cannot be known.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from connectors._hubspot_gateway import Gateway
from connectors._hubspot_layouts import LAYOUTS
from connectors._hubspot_pages import count_objects
from connectors._hubspot_portal import Description
from model.errors import NotPermitted, Rejected
from model.remote import NativeSync
from model.streams import STREAMS

SYSTEM = "salesforce"
_PLACE = ("street", "city", "state", "postal_code", "country")
MAPPED: Mapping[str, frozenset[str]] = {
    "contacts": frozenset(
        {"salutation", "given_name", "family_name", "email", "phone", "mobile", "title", "company", "website", *_PLACE,
         "lead_source", "owner_id", "email_opt_out", "account_id"}
    ),
    "accounts": frozenset(
        {"name", "domain", "website", "phone", "industry", "employees", "revenue", "currency", *_PLACE, "type",
         "parent_id", "owner_id"}
    ),
    "deals": frozenset(
        {"name", "account_id", "owner_id", "pipeline_id", "stage", "amount", "currency", "close_on", "probability",
         "forecast_category", "next_step", "type", "lead_source"}
    ),
}  # fmt: skip


NATIVE = NativeSync(SYSTEM, MAPPED, {stream: tuple(LAYOUTS[stream].links_out) for stream in MAPPED})


def native_streams(description: Description) -> tuple[str, ...]:
    """The streams whose objects have its properties, of those whose properties we may see."""
    return tuple(stream for stream in LAYOUTS if _is_marked(description, stream))


def _is_marked(description: Description, stream: str) -> bool:
    try:
        known = description.fields(stream).object_properties
    except NotPermitted:
        return False
    return any(name in known for name in LAYOUTS[stream].links_out.values())


def native_facts(gateway: Gateway, description: Description, streams: Sequence[str]) -> list[str]:
    """What `check` says of it: where it is on, how many records it keeps, and which writer owns which field."""
    marked = native_streams(description)
    if not marked:
        return []
    facts = [f"HubSpot's native Salesforce integration is or was on: its properties exist on {', '.join(marked)}"]
    facts += [_owners_sentence(gateway, description, stream) for stream in marked if stream in streams]
    if "accounts" in marked:
        facts.append("accounts: HubSpot refuses company merges while the integration is on")
    return facts


def _owners_sentence(gateway: Gateway, description: Description, stream: str) -> str:
    fields, mapped = description.fields(stream), MAPPED[stream]
    theirs = [name for name in STREAMS[stream].field_names if name in mapped and name in fields.properties]
    writable = [name for name, prop in fields.properties.items() if not prop.is_read_only]
    kept = NATIVE.kept(stream)
    ours = [name for name in STREAMS[stream].field_names if name in writable and name not in kept]
    linked = _linked(gateway, fields.layout.links_out.values(), fields.layout.object)
    return (
        f"{stream}: the native integration keeps {linked} in step and writes {', '.join(theirs)} (its default "
        f"mappings; no call shows those made by hand); left to Trueline: {', '.join(ours) or 'none'}; all with [sync] "
        "beside_native = true"
    )


def _linked(gateway: Gateway, marks: Collection[str], object_name: str) -> str:
    try:
        number = count_objects(gateway, object_name, having=marks)
    except (NotPermitted, Rejected):
        return "an unknown number of records"
    return f"{number:,} {'record' if number == 1 else 'records'}"
