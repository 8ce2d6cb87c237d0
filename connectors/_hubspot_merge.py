"""Merging records.

A merge is pairwise and cannot be undone by any call. Of contacts and companies the survivor is a new record, whose id
every further step takes; both old ids stand for it from then on. So a repeated merge would find the survivor in the
place of its loser: each loser is looked at first, and one that lives in the survivor already is not sent again.

Opt-outs are set on the survivor before anything is folded into it: whatever stops a merge, none is lost. The other
values follow the merge, and one that stopped before them is taken up there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors._hubspot_create import UNSEEN
from connectors._hubspot_fields import Fields
from connectors._hubspot_gateway import Gateway, Refused
from connectors._hubspot_history import history_of
from connectors._hubspot_native import native_streams
from connectors._hubspot_operations import BATCH_UPDATE, GET, MERGE
from connectors._hubspot_parse import merged_batch, version_of
from connectors._hubspot_portal import Description
from connectors._hubspot_push import GONE, Record, field_value, read_exactly, read_with_history, record_batches
from connectors._hubspot_refusal import value_refusal
from connectors._hubspot_soft_merge import soft_merge
from connectors._hubspot_write import LOST, Failure, unsent_error, write_inputs
from connectors.connector import Sent
from model.changes import Merge, Outcome, Planned
from model.errors import ConnectorError, NotPermitted, Unavailable
from model.streams import STREAMS, Value

# Code of an applied merge that stopped before its last loser or its values.
PARTLY = "PARTLY"
Values = tuple[tuple[str, Value], ...]
MOVED = Failure("conflict", "MOVED", "The record changed since it was read; plan again.")


@dataclass(slots=True)
class _Merging:
    """A merge on its way: the survivor so far, and how many of its losers are in it by now."""

    survivor: str
    folded: int = 0


def send_merge(gateway: Gateway, description: Description, planned: Planned) -> Sent:
    """Fold the losers into the survivor, one call each, then set the values the survivor is to have."""
    change = planned.change
    assert isinstance(change, Merge)
    try:
        fields = description.fields(change.key.stream)
        survivor = living(gateway, fields, change.key.id)
        losers = [living(gateway, fields, loser.id) for loser in change.losers]
    except (NotPermitted, Refused) as error:
        code = getattr(error, "code", "MISSING_SCOPES")
        return Sent((Failure("rejected", code, str(error)).outcome(planned),))
    except ConnectorError as error:
        raise unsent_error(error) from error
    if survivor is None or None in losers:
        return Sent((GONE.outcome(planned),))
    refused = value_refusal(fields, change)
    if refused is not None:
        return Sent((Failure("rejected", "REFUSED", refused).outcome(planned),))
    state = _Merging(str(survivor["id"]))
    elsewhere = [
        key.id for key, loser in zip(change.losers, losers, strict=True)
        if loser is not None and str(loser["id"]) not in (key.id, state.survivor)
    ]  # fmt: skip
    if elsewhere:
        return Sent((GONE.outcome(planned),))
    others = [str(loser["id"]) for loser in losers if loser is not None and str(loser["id"]) != state.survivor]
    if len(others) == len(losers) and version_of(survivor, fields.layout.modified) != change.seen_at:
        return Sent((MOVED.outcome(planned),))
    consents, values = _parted(change)
    try:
        if others:
            opting_out = _set_values(gateway, fields, consents, state)
        else:
            opting_out, values = None, left_to_set(gateway, fields, change, state.survivor)
    except ConnectorError as error:
        raise unsent_error(error) from error
    if opting_out:
        return Sent((opting_out.outcome(planned),))
    folding = _fold(gateway, fields, others, state)
    if folding and folding.status == "rejected" and not state.folded and _is_native(description, change):
        return soft_merge(gateway, description, planned, change)
    failure = folding or _set_values(gateway, fields, values, state)
    return _merged(gateway, fields, planned, change, state, failure, was_done=not others and not values)


def _parted(change: Merge) -> tuple[Values, Values]:
    """The opt-outs among the survivor's values, and the others."""
    consents = {field.name for field in STREAMS[change.key.stream].fields if field.kind == "consent"}
    given = tuple((name, value) for name, value in change.values if name in consents)
    return given, tuple((name, value) for name, value in change.values if name not in consents)


def left_to_set(gateway: Gateway, fields: Fields, change: Merge, survivor: str) -> Values:
    """The values that a merge which took place has not set yet; what somebody set since it was planned stays."""
    names = {name: fields.properties[name].name for name, _ in change.values if name in fields.properties}
    record = read_exactly(gateway, fields, sorted(names.values()), [survivor]).get(survivor) if names else None
    if record is None:
        return ()
    texts = record.get("properties") or {}
    newest = {name: (history_of(record, prop) or [("", 0)])[0][1] for name, prop in names.items()}
    return tuple(
        (name, value)
        for name, value in change.values
        if name in names and newest[name] <= (change.seen_at or 0) and field_value(fields, name, texts) != value
    )


def _is_native(description: Description, change: Merge) -> bool:
    """Whether HubSpot may refuse the merge for the sake of its own Salesforce integration."""
    return change.key.stream == "accounts" and "accounts" in native_streams(description)


def living(gateway: Gateway, fields: Fields, record_id: str) -> Record | None:
    """The record an id stands for now, its own or the one it was merged into; None when it is deleted."""
    query = [("properties", ",".join(fields.asked))]
    gateway.usage.needs("read one by one", 1, most=1)
    try:
        reply = gateway.call(GET, path={"object": fields.layout.object, "id": record_id}, query=query)
    except Refused as error:
        if error.code == "OBJECT_NOT_FOUND" or error.code.startswith("HTTP 404"):
            return None
        raise
    return dict(reply.body) if reply.body.get("id") is not None else None


def _fold(gateway: Gateway, fields: Fields, losers: Sequence[str], state: _Merging) -> Failure | None:
    for loser in losers:
        body = {"primaryObjectId": state.survivor, "objectIdToMerge": loser}
        gateway.usage.needs("merge", 1, most=1)
        try:
            reply = gateway.call(MERGE, path={"object": fields.layout.object}, body=body)
        except Refused as error:
            return Failure("rejected", error.code, error.reason)
        except NotPermitted as error:
            return Failure("rejected", "MISSING_SCOPES", f"{error.missing} is not permitted to this token.")
        except Unavailable as error:
            if not error.sent:
                return Failure("unsent", "STOPPED", str(error))
            if not _arrived(gateway, fields, loser, state):
                return LOST
        except ConnectorError as error:
            return Failure("unsent", "STOPPED", str(error))
        else:
            state.survivor = str(reply.body.get("id") or state.survivor)
        state.folded += 1
    return None


def _arrived(gateway: Gateway, fields: Fields, loser: str, state: _Merging) -> bool:
    """Whether a merge whose answer was lost took place: both ids stand for one record then."""
    try:
        now = [living(gateway, fields, record_id) for record_id in (loser, state.survivor)]
    except ConnectorError:
        return False
    ids = {str(record["id"]) for record in now if record is not None}
    if None in now or len(ids) != 1:
        return False
    state.survivor = ids.pop()
    return True


def _set_values(gateway: Gateway, fields: Fields, values: Values, state: _Merging) -> Failure | None:
    """Set what the survivor is to hold where the merge's own rules choose otherwise."""
    currency = fields.portal.currency
    texts = {fields.properties[name].name: fields.text(name, value, currency) for name, value in values}
    if not texts:
        return None
    inputs = [{"id": state.survivor, "properties": texts}]
    try:
        written = write_inputs(gateway, BATCH_UPDATE, {"object": fields.layout.object}, inputs)
    except ConnectorError:
        return UNSEEN
    return written.failures.get(0)


def _merged(
    gateway: Gateway,
    fields: Fields,
    planned: Planned,
    change: Merge,
    state: _Merging,
    failure: Failure | None,
    *,
    was_done: bool,
) -> Sent:
    found = read_with_history(gateway, fields, (), [state.survivor]).get(state.survivor)
    batches = record_batches(gateway, fields, [found]) if found else ()
    version = version_of(found, fields.layout.modified) if found else None
    gone = [key for key in (change.key.id, *(loser.id for loser in change.losers)) if key != state.survivor]
    if failure is not None and state.folded and failure.status in ("rejected", "unsent"):
        # Half a merge is no refusal: what is folded stays folded, and the next plan sees the rest.
        message = f"{state.folded} of {len(change.losers)} were merged, then: {failure.message}"
        return Sent((Outcome(planned.id, "applied", PARTLY, message, version, made=state.survivor),), batches)
    if failure is not None:
        return Sent((failure.outcome(planned),), batches)
    status: Any = "already" if was_done and not change.values else "applied"
    merged = merged_batch(gateway.name, fields.layout.stream, gone, state.survivor, version or gateway.at)
    return Sent((Outcome(planned.id, status, version=version, made=state.survivor),), (*batches, merged))
