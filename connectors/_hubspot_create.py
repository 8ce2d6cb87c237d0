"""Making records that carry our external id, so that sending them twice makes one.

The id lives in a unique property of ours, which is made where it is missing. Before a create the ids are looked up, so
that a create whose answer was lost is found instead of repeated; a repeated one would be refused for the id it carries.
Each input has an `objectWriteTraceId`, without which one bad record would fail all of its batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors._hubspot_fields import Fields
from connectors._hubspot_gateway import Gateway, Refused, results_of
from connectors._hubspot_operations import BATCH_CREATE, BATCH_READ, PROPERTY_CREATE
from connectors._hubspot_parse import version_of
from connectors._hubspot_portal import Description
from connectors._hubspot_push import Record, read_with_history, record_batches
from connectors._hubspot_refusal import text_refusal
from connectors._hubspot_write import Failure, unsent_error, write_inputs
from connectors.connector import Sent
from model.changes import ADOPTED, Create, Outcome, Planned, SetField
from model.errors import ConnectorError, NotPermitted

GROUPS = {"companies": "companyinformation", "contacts": "contactinformation", "deals": "dealinformation"}
UNSEEN = Failure("unknown", "NOT_READ_BACK", "The record could not be read back after it was sent.")


def send_creates(gateway: Gateway, description: Description, batch: Sequence[Planned], property_name: str) -> Sent:
    """Make up to 100 records of one stream."""
    changes = [(planned, planned.change) for planned in batch if isinstance(planned.change, Create)]
    try:
        fields = with_property(gateway, description, changes[0][1].key.stream, property_name)
        known = find_created(gateway, fields, property_name, [change.key.id for _, change in changes])
    except (NotPermitted, Refused) as error:
        failure = Failure("rejected", getattr(error, "code", "MISSING_SCOPES"), _instruction(error, property_name))
        return Sent(tuple(failure.outcome(planned) for planned, _ in changes))
    except ConnectorError as error:
        raise unsent_error(error) from error
    outcomes: dict[str, Outcome] = {}
    wanted: list[tuple[Planned, Create, dict[str, str]]] = []
    for planned, change in changes:
        there = known.get(change.key.id)
        if there is not None:
            outcomes[planned.id] = _done(fields, planned, "already", there)
            continue
        texts = _texts(fields, change)
        if isinstance(texts, str):
            outcomes[planned.id] = Outcome(planned.id, "rejected", "REFUSED", texts)
        else:
            wanted.append((planned, change, {**texts, property_name: change.key.id}))
    made = _make(gateway, fields, property_name, wanted, outcomes) if wanted else {}
    ids = [str(record["id"]) for record in made.values()]
    ids += [str(outcome.made) for outcome in outcomes.values() if outcome.code == ADOPTED]
    records = record_batches(gateway, fields, list(read_with_history(gateway, fields, (), ids).values()))
    return Sent(tuple(outcomes[planned.id] for planned, _ in changes), records)


def find_created(
    gateway: Gateway, fields: Fields, property_name: str, external_ids: Sequence[str]
) -> dict[str, Record]:
    """By external id, the records that carry one of these."""
    if property_name not in fields.object_properties:
        return {}
    found: dict[str, Record] = {}
    for start in range(0, len(external_ids), BATCH_READ.most):
        inputs = [{"id": external_id} for external_id in external_ids[start : start + BATCH_READ.most]]
        body = {"idProperty": property_name, "properties": [property_name, fields.layout.modified], "inputs": inputs}
        gateway.usage.needs(f"look for {fields.layout.object}", len(inputs), most=BATCH_READ.most)
        reply = gateway.call(BATCH_READ, path={"object": fields.layout.object}, body=body)
        for record in results_of(gateway, reply):
            found[str((record.get("properties") or {}).get(property_name))] = record
    return found


def create_refusal(change: Create, fields: Fields | None) -> str | None:
    """Why a record cannot be made, or None."""
    if fields is None:
        return None
    texts = _texts(fields, change)
    return texts if isinstance(texts, str) else None


def _texts(fields: Fields, change: Create) -> dict[str, str] | str:
    """Property texts of a new record, or the sentence that says why there are none."""
    values = dict(change.values)
    currency = values.get("currency")
    stated = str(currency) if currency is not None else fields.portal.currency
    texts: dict[str, str] = {}
    for name, value in change.values:
        if value is None or (name == "currency" and "currency" not in fields.properties):
            continue
        setting = SetField(change.key, name, None, value, change.seen_at, change.reason)
        refused = text_refusal(fields, setting, stated)
        if refused is not None:
            return refused
        texts[fields.properties[name].name] = fields.text(name, value, stated)
    return texts


def _make(
    gateway: Gateway,
    fields: Fields,
    property_name: str,
    wanted: Sequence[tuple[Planned, Create, dict[str, str]]],
    outcomes: dict[str, Outcome],
) -> Mapping[str, Record]:
    """Send the creates, note their outcomes, and give what was made by external id."""
    inputs = [{"objectWriteTraceId": planned.id, "properties": texts} for planned, _, texts in wanted]
    written = write_inputs(gateway, BATCH_CREATE, {"object": fields.layout.object}, inputs)
    made = {str((record.get("properties") or {}).get(property_name)): record for record in written.results}
    unclear = [
        change.key.id
        for position, (_, change, _) in enumerate(wanted)
        if change.key.id not in made and written.failures.get(position, UNSEEN).status == "unknown"
    ]
    if unclear:
        made |= _looked_up(gateway, fields, property_name, unclear)
    for position, (planned, change, _) in enumerate(wanted):
        there = made.get(change.key.id)
        if there is not None:
            outcomes[planned.id] = _done(fields, planned, "applied", there)
        else:
            outcomes[planned.id] = _not_made(planned, written.failures.get(position, UNSEEN))
    return made


def _not_made(planned: Planned, failure: Failure) -> Outcome:
    """A contact that has the address already is the same person's: it stands for the one that was to be made."""
    if failure.existing and planned.change.key.stream == "contacts":
        text = "HubSpot has a contact with this e-mail address, which was linked and not changed"
        return Outcome(planned.id, "already", ADOPTED, text, made=failure.existing)
    return failure.outcome(planned)


def _looked_up(gateway: Gateway, fields: Fields, property_name: str, ids: Sequence[str]) -> dict[str, Record]:
    try:
        return find_created(gateway, fields, property_name, ids)
    except ConnectorError:
        return {}


def _done(fields: Fields, planned: Planned, status: Any, record: Record) -> Outcome:
    version = version_of(record, fields.layout.modified) or None
    return Outcome(planned.id, status, version=version, made=str(record["id"]))


def with_property(
    gateway: Gateway,
    description: Description,
    stream: str,
    name: str,
    *,
    label: str = "Trueline id",
    is_unique: bool = True,
) -> Fields:
    """The stream's fields once the portal has a property of ours, which somebody else may make just now too."""
    fields = description.fields(stream)
    if name in fields.object_properties:
        return fields
    body = {
        "name": name,
        "label": label,
        "description": "Set by Trueline on records that it made or merged, so that it knows them again.",
        "groupName": GROUPS[fields.layout.object],
        "type": "string",
        "fieldType": "text",
        "hasUniqueValue": is_unique,
    }
    try:
        gateway.usage.needs("property", 1, most=1)
        gateway.call(PROPERTY_CREATE, path={"object": fields.layout.object}, body=body)
    except Refused as error:
        if "EXIST" not in error.code.upper() and "CONFLICT" not in error.code.upper():
            raise
    return description.fields(stream, fresh=True)


def _instruction(error: ConnectorError, property_name: str) -> str:
    if isinstance(error, NotPermitted):
        return (
            f"Records can be made once the portal has a text property {property_name} with unique values: grant "
            f"{error.missing} so that it is made, or make it in the settings under Properties."
        )
    return str(error)
