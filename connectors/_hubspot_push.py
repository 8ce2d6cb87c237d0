"""Writing fields: read the records, write what has not moved, read them again with history.

Nothing is sent for a record whose value moved since the plan was made. What moves in the gap between our read and our
write is found in the history and reported as `overwrote`, with the value that was replaced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from connectors._hubspot_fields import Fields
from connectors._hubspot_gateway import Gateway, Refused
from connectors._hubspot_history import history_of, trace_write
from connectors._hubspot_operations import BATCH_UPDATE, HISTORY_READ
from connectors._hubspot_pages import read_batch, read_objects
from connectors._hubspot_parse import parse_objects, version_of
from connectors._hubspot_portal import Description
from connectors._hubspot_refusal import text_refusal
from connectors._hubspot_write import Failure, unsent_error, write_inputs
from connectors.connector import Sent
from model.batch import Batch
from model.changes import KEPT_AS, Outcome, Planned, SetField
from model.errors import ConnectorError, NotPermitted
from model.streams import Value

Record = Mapping[str, Any]
GONE = Failure("conflict", "OBJECT_NOT_FOUND", "The record is deleted or merged into another; pull again.")
VANISHED = Failure(
    "unknown", "MERGED_AWAY", "HubSpot left the record out of its answer; the next push looks at it first."
)
UNPROVEN = Failure(
    "unknown", "NOT_READ_BACK", "The record could not be read back after it was sent; the next push looks at it first."
)
CURRENCY_STUCK = Failure("rejected", "CURRENCY", "Its currency is not written, so the amount is not either.")
NOT_STORED = "HubSpot took the request but kept its value (lifecycle stages, for instance, move only forward)."


@dataclass(frozen=True, slots=True)
class _Write:
    """One change on its way: the text it sends, and the text and version that were read just before."""

    planned: Planned
    change: SetField
    text: str
    before: str
    version: int


def send_fields(gateway: Gateway, description: Description, batch: Sequence[Planned]) -> Sent:
    """Write the fields of up to 100 records of one stream; each record's changes go out as one input."""
    changes = [(planned, planned.change) for planned in batch if isinstance(planned.change, SetField)]
    stream = changes[0][1].key.stream
    try:
        fields = description.fields(stream)
        found = _read(gateway, fields, changes)
        former = _former(gateway, fields, changes, found)
    except (NotPermitted, Refused) as error:
        failure = Failure("rejected", getattr(error, "code", "MISSING_SCOPES"), str(error))
        return Sent(tuple(failure.outcome(planned) for planned, _ in changes))
    except ConnectorError as error:
        raise unsent_error(error) from error
    outcomes, writes = _sorted_out(fields, changes, found, former)
    records: tuple[Batch, ...] = ()
    if writes:
        written, records = _write(gateway, fields, writes)
        outcomes |= written
    return Sent(tuple(outcomes[planned.id] for planned, _ in changes), records)


def _read(gateway: Gateway, fields: Fields, changes: Sequence[tuple[Planned, SetField]]) -> dict[str, Record]:
    names = {change.field for _, change in changes} & fields.properties.keys()
    asked = {fields.properties[name].name for name in names} | {fields.layout.modified}
    if "currency" in fields.properties:
        asked.add(fields.properties["currency"].name)
    ids = list(dict.fromkeys(change.key.id for _, change in changes))
    objects = read_objects(gateway, fields.layout.object, sorted(asked), ids)
    # A merged-away id may be answered with its survivor, which is another record.
    return {str(entry.get("id")): entry for entry in objects if str(entry.get("id")) in set(ids)}


def _former(
    gateway: Gateway, fields: Fields, changes: Sequence[tuple[Planned, SetField]], found: Mapping[str, Record]
) -> dict[str, str]:
    """By id of a change that puts a day where a `datetime` is blank, the text with that day which stood there last: an
    undo brings back the hour that was cleared with it."""
    into_blank = [
        (planned, change, fields.properties[change.field].name)
        for planned, change in changes
        if change.after is not None and fields.keeps_hour(change.field) and change.key.id in found
        and not (found[change.key.id].get("properties") or {}).get(fields.properties[change.field].name)
    ]  # fmt: skip
    if not into_blank:
        return {}
    names, ids = ({name for *_, name in into_blank}, dict.fromkeys(change.key.id for _, change, _ in into_blank))
    records = read_with_history(gateway, fields, sorted(names), list(ids))
    former: dict[str, str] = {}
    for planned, change, name in into_blank:
        for text, _ in reversed(history_of(records.get(change.key.id, {}), name) or []):
            if field_value(fields, change.field, {name: text}) == change.after:
                former[planned.id] = text
    return former


def _sorted_out(
    fields: Fields,
    changes: Sequence[tuple[Planned, SetField]],
    found: Mapping[str, Record],
    former: Mapping[str, str],
) -> tuple[dict[str, Outcome], list[_Write]]:
    """What needs no write, with its outcome, and the writes. Currencies go first: amounts are in their units."""
    outcomes: dict[str, Outcome] = {}
    writes: list[_Write] = []
    currencies: dict[str, str | None] = {}
    stuck: set[str] = set()
    for planned, change in sorted(changes, key=lambda pair: pair[1].field != "currency"):
        record = found.get(change.key.id)
        if record is None:
            outcomes[planned.id] = GONE.outcome(planned)
            continue
        is_money = fields.types.get(change.field) == "money"
        if is_money and change.key.id in stuck:
            outcomes[planned.id] = CURRENCY_STUCK.outcome(planned)
            continue
        checked = _checked(fields, planned, change, record, currencies, former.get(planned.id))
        if isinstance(checked, Outcome):
            outcomes[planned.id] = checked
        else:
            writes.append(checked)
        if change.field == "currency" and isinstance(checked, Outcome) and checked.status != "already":
            stuck.add(change.key.id)
        elif change.field == "currency":
            currencies[change.key.id] = str(change.after) if change.after is not None else None
    return outcomes, writes


def _checked(
    fields: Fields,
    planned: Planned,
    change: SetField,
    record: Record,
    currencies: Mapping[str, str | None],
    former: str | None,
) -> _Write | Outcome:
    """What is to be written for a change, or its outcome if nothing is. `currencies` are those written along; `former`
    is a text that the new one is to be like where a blank stands."""
    texts = record.get("properties") or {}
    currency = currencies.get(change.key.id, fields.currency_of(texts))
    refused = text_refusal(fields, change, currency)
    if refused is not None:
        return Outcome(planned.id, "rejected", "REFUSED", refused)
    version = version_of(record, fields.layout.modified)
    value = field_value(fields, change.field, texts)
    if value == change.after and currency == fields.currency_of(texts):
        return Outcome(planned.id, "already", version=version)
    if value != change.before:
        message = "The field changed since it was read; plan again."
        return Outcome(planned.id, "conflict", "MOVED", message, version, value)
    before = str(texts.get(fields.properties[change.field].name) or "")
    text = fields.text(change.field, change.after, currency, before or former or "")
    return _Write(planned, change, text, before, version)


def field_value(fields: Fields, name: str, texts: Mapping[str, Any]) -> Value:
    """One field's value; text that is not of its type stands for itself, so that it equals nothing planned."""
    try:
        return fields.value(name, texts)
    except ValueError:
        return str(texts.get(fields.properties[name].name))


def _write(gateway: Gateway, fields: Fields, writes: Sequence[_Write]) -> tuple[dict[str, Outcome], tuple[Batch, ...]]:
    by_id: dict[str, list[_Write]] = {}
    for write in writes:
        by_id.setdefault(write.change.key.id, []).append(write)
    inputs = [
        {"id": record_id, "properties": {fields.properties[own.change.field].name: own.text for own in writes_of}}
        for record_id, writes_of in by_id.items()
    ]
    written = write_inputs(gateway, BATCH_UPDATE, {"object": fields.layout.object}, inputs)
    failures = dict(zip(by_id, (written.failures.get(position) for position in range(len(by_id))), strict=True))
    answered = {str(entry.get("id")): entry for entry in written.results}
    for record_id, failure in failures.items():
        if failure is None and record_id not in answered:
            failures[record_id] = VANISHED
    asked = [record_id for record_id, failure in failures.items() if failure is None or failure.status == "unknown"]
    found = _read_back(gateway, fields, by_id, asked)
    outcomes = {
        write.planned.id: _outcome(fields, write, failures[record_id], answered.get(record_id), found.get(record_id))
        for record_id, writes_of in by_id.items()
        for write in writes_of
    }
    return outcomes, record_batches(gateway, fields, list(found.values()))


def _read_back(
    gateway: Gateway, fields: Fields, by_id: Mapping[str, Sequence[_Write]], ids: Sequence[str]
) -> dict[str, Record]:
    names = {fields.properties[write.change.field].name for record_id in ids for write in by_id[record_id]}
    return read_with_history(gateway, fields, sorted(names), ids)


def read_with_history(
    gateway: Gateway, fields: Fields, properties: Sequence[str], ids: Sequence[str]
) -> dict[str, Record]:
    """The records as they are now, with the history of these properties; those that cannot be read are missing."""
    found: dict[str, Record] = {}
    # What was sent is sent: the records that stay unread come out as unknown.
    with suppress(ConnectorError):
        read_exactly(gateway, fields, properties, ids, found)
    return found


def read_exactly(
    gateway: Gateway,
    fields: Fields,
    properties: Sequence[str],
    ids: Sequence[str],
    found: dict[str, Record] | None = None,
) -> dict[str, Record]:
    """The same, put into `found` page by page; ConnectorError when one page cannot be read."""
    found = {} if found is None else found
    for start in range(0, len(ids), HISTORY_READ.most):
        part = ids[start : start + HISTORY_READ.most]
        asked = {"properties": list(fields.asked), "propertiesWithHistory": list(properties)}
        gateway.usage.needs(f"prove {fields.layout.object}", len(part), most=HISTORY_READ.most)
        objects = read_batch(gateway, HISTORY_READ, fields.layout.object, asked, part)
        found |= {str(entry.get("id")): entry for entry in objects if str(entry.get("id")) in part}
    return found


def record_batches(gateway: Gateway, fields: Fields, objects: Sequence[Record]) -> tuple[Batch, ...]:
    """Records read back, for the store; none where they have not the shape of objects."""
    try:
        parsed = parse_objects(gateway.name, fields, objects)
    except ValueError:
        return ()
    return tuple(batch for batch in (parsed.merged, parsed.batch) if len(batch))


def _outcome(
    fields: Fields, write: _Write, failure: Failure | None, answer: Record | None, record: Record | None
) -> Outcome:
    if failure is not None and failure.status != "unknown":
        return failure.outcome(write.planned)
    if record is None:
        return (failure or UNPROVEN).outcome(write.planned)
    prop = fields.properties[write.change.field].name
    texts = record.get("properties") or {}
    version = version_of(record, fields.layout.modified)
    value = field_value(fields, write.change.field, texts)
    stored = str(((answer or {}).get("properties") or {}).get(prop) or "")
    # The answer tells the text as HubSpot stored it, which may be a tidied form of ours.
    ours = frozenset({write.text} | ({stored} if stored != write.before else set()))
    history = history_of(record, prop)
    trace = trace_write(history, ours, write.before, write.version) if history is not None else None
    if trace is None:
        return _untraced(write, failure, value, version, has_history=history is not None)
    replaced = field_value(fields, write.change.field, {**texts, prop: trace.replaced})
    # The text is compared first: an amount is read in today's currency, which may have been written along.
    if trace.replaced != write.before and replaced not in (write.change.before, write.change.after):
        message = "Somebody's newer value was overwritten between our read and our write; it can be restored."
        return Outcome(write.planned.id, "overwrote", "OVERWROTE", message, version, replaced)
    if not trace.is_newest:
        message = "Written, and changed again by somebody right after."
        return Outcome(write.planned.id, "applied", "CHANGED_AGAIN", message, version, value)
    if value != write.change.after:
        return Outcome(write.planned.id, "applied", KEPT_AS, "Written, and kept in another form.", version, value)
    return Outcome(write.planned.id, "applied", version=version)


def _untraced(write: _Write, failure: Failure | None, value: Value, version: int, *, has_history: bool) -> Outcome:
    """The outcome of a write that the history does not show."""
    if failure is not None:
        return failure.outcome(write.planned, value)
    if value == write.change.after:
        message = "" if has_history else "HubSpot told no history: a value overwritten in the gap would not be seen."
        return Outcome(write.planned.id, "applied", "" if has_history else "NO_HISTORY", message, version)
    return Outcome(write.planned.id, "rejected", "NOT_STORED", NOT_STORED, version, value)
