"""Merging records.

A merge is pairwise and cannot be undone by any call. Of contacts and companies the survivor is a new record, whose id
every further step takes; both old ids stand for it from then on. So a repeated merge would find the survivor in the
place of its loser: each loser is looked at first, and one that lives in the survivor already is not sent again.

Opt-outs are set on the survivor before anything is folded into it: whatever stops a merge, none is lost. The other
values follow the merge, and one that stopped before them is taken up there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from connectors._hubspot_create import UNSEEN
from connectors._hubspot_fields import Fields
from connectors._hubspot_gateway import Gateway, Refused
from connectors._hubspot_history import history_of, trace_write
from connectors._hubspot_native import native_streams
from connectors._hubspot_operations import BATCH_READ, BATCH_UPDATE, GET, MERGE
from connectors._hubspot_pages import read_batch
from connectors._hubspot_parse import merged_batch, version_of
from connectors._hubspot_portal import Description
from connectors._hubspot_push import GONE, Record, field_value, read_exactly, read_with_history, record_batches
from connectors._hubspot_refusal import value_refusal
from connectors._hubspot_soft_merge import soft_merge
from connectors._hubspot_write import LOST, Failure, unsent_error, write_inputs
from connectors.connector import Sent
from model.changes import Merge, Outcome, OutcomeStatus, Planned
from model.errors import ConnectorError, NotPermitted, Unavailable
from model.streams import STREAMS, Value

# Code of an applied merge that stopped before its last loser or its values.
PARTLY = "PARTLY"
Values = tuple[tuple[str, Value], ...]
MOVED = Failure("conflict", "MOVED", "The record changed since it was read; plan again.")


@dataclass(slots=True)
class _Merging:
    """A merge on its way: the survivor so far, how many of its losers are in it by now, and the values it is to have.
    `read` are the records as they were just before; `failure` ended it before its end; `was_done` is one that took
    place before."""

    planned: Planned
    change: Merge
    survivor: str
    read: tuple[Record, ...] = ()
    values: Values = ()
    folded: int = 0
    failure: Failure | None = None
    was_done: bool = False


def send_merges(gateway: Gateway, description: Description, batch: Sequence[Planned]) -> Sent:
    """Merge the records of some changes of one stream. Each change is read directly before its own merges, which take
    one call each; the values of the survivors, which follow, share a call, and so do the proofs."""
    try:
        fields = description.fields(batch[0].change.key.stream)
    except (NotPermitted, Refused) as error:
        failure = Failure("rejected", getattr(error, "code", "MISSING_SCOPES"), str(error))
        return Sent(tuple(failure.outcome(planned) for planned in batch))
    except ConnectorError as error:
        raise unsent_error(error) from error
    ended: dict[str, Sent] = {}
    merges: list[_Merging] = []
    for planned in batch:
        try:
            begun = _merge(gateway, description, fields, planned)
        except ConnectorError as error:
            if not (ended or merges):
                raise unsent_error(error) from error
            stopped = Failure("unsent", "STOPPED", str(error))
            ended |= {one.id: _settled(stopped, one) for one in batch[len(ended) + len(merges) :]}
            break
        if isinstance(begun, _Merging):
            merges.append(begun)
        else:
            ended[planned.id] = begun
    _set_values(gateway, fields, merges)
    ended |= _merged(gateway, fields, merges)
    sent = [ended[planned.id] for planned in batch]
    return Sent(
        tuple(outcome for one in sent for outcome in one.outcomes), tuple(r for one in sent for r in one.records)
    )


def _settled(failure: Failure, planned: Planned) -> Sent:
    return Sent((failure.outcome(planned),))


def _merge(gateway: Gateway, description: Description, fields: Fields, planned: Planned) -> _Merging | Sent:
    """Look at the records of one change and fold its losers into the survivor; what came of it where that ends it.

    ConnectorError only with nothing sent.
    """
    change = planned.change
    assert isinstance(change, Merge)
    try:
        survivor, *losers = _living(gateway, fields, [change.key.id, *(loser.id for loser in change.losers)])
    except (NotPermitted, Refused) as error:
        return _settled(Failure("rejected", getattr(error, "code", "MISSING_SCOPES"), str(error)), planned)
    if survivor is None or None in losers:
        return _settled(GONE, planned)
    refused = value_refusal(fields, change)
    if refused is not None:
        return _settled(Failure("rejected", "REFUSED", refused), planned)
    there = [loser for loser in losers if loser is not None]
    state = _Merging(planned, change, str(survivor["id"]), (survivor, *there))
    ids = [str(loser["id"]) for loser in there]
    if any(now not in (key.id, state.survivor) for key, now in zip(change.losers, ids, strict=True)):
        return _settled(GONE, planned)
    others = [one for one in ids if one != state.survivor]
    if len(others) == len(losers) and version_of(survivor, fields.layout.modified) != change.seen_at:
        return _settled(MOVED, planned)
    if not others:
        state.values = left_to_set(gateway, fields, change, state.survivor)
        state.was_done = not state.values
        return state
    consents, state.values = _parted(change)
    opting_out = _Merging(planned, change, state.survivor, values=consents)
    _set_values(gateway, fields, [opting_out])
    if opting_out.failure:
        return _settled(opting_out.failure, planned)
    state.failure = _fold(gateway, fields, others, state)
    if state.failure and state.failure.status == "rejected" and not state.folded and _is_native(description, change):
        return soft_merge(gateway, description, planned, change)
    return state


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


def _living(gateway: Gateway, fields: Fields, ids: Sequence[str]) -> list[Record | None]:
    """The same of several ids in one call; those that stand for another record, or none, are then asked one by one."""
    gateway.usage.needs("guards of merges", 1, most=1)
    asked = {"properties": list(fields.asked)}
    found: dict[str, Record] = {}
    for start in range(0, len(ids), BATCH_READ.most):
        some = ids[start : start + BATCH_READ.most]
        objects = read_batch(gateway, BATCH_READ, fields.layout.object, asked, some)
        found |= {str(one.get("id")): one for one in objects}
    return [found[one] if one in found else living(gateway, fields, one) for one in ids]


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


def _set_values(gateway: Gateway, fields: Fields, merges: Sequence[_Merging]) -> None:
    """Set what survivors are to hold where the merge's own rules choose otherwise."""
    currency = fields.portal.currency
    mine = [state for state in merges if state.values and state.failure is None]
    inputs = [
        {
            "id": state.survivor,
            "properties": {fields.properties[name].name: fields.text(name, value, currency)
                           for name, value in state.values},
        }
        for state in mine
    ]  # fmt: skip
    if not inputs:
        return
    try:
        failures = write_inputs(gateway, BATCH_UPDATE, {"object": fields.layout.object}, inputs).failures
    except ConnectorError:
        failures = dict.fromkeys(range(len(mine)), UNSEEN)
    for position, failure in failures.items():
        mine[position].failure = failure


def _merged(gateway: Gateway, fields: Fields, merges: Sequence[_Merging]) -> dict[str, Sent]:
    """By change id, what came of the merges, with the survivors as they are now."""
    names = sorted({fields.properties[name].name for state in merges for name, _ in state.values})
    found = read_with_history(gateway, fields, names, [state.survivor for state in merges])
    return {state.planned.id: _told(gateway, fields, state, found.get(state.survivor)) for state in merges}


def _told(gateway: Gateway, fields: Fields, state: _Merging, record: Record | None) -> Sent:
    planned, change, failure = state.planned, state.change, state.failure
    batches = record_batches(gateway, fields, [record]) if record else ()
    version = version_of(record, fields.layout.modified) if record else None
    gone = [key for key in (change.key.id, *(loser.id for loser in change.losers)) if key != state.survivor]
    if failure is not None and state.folded and failure.status in ("rejected", "unsent"):
        # Half a merge is no refusal: what is folded stays folded, and the next plan sees the rest.
        message = f"{state.folded} of {len(change.losers)} were merged, then: {failure.message}"
        return Sent((Outcome(planned.id, "applied", PARTLY, message, version, made=state.survivor),), batches)
    if failure is not None:
        return Sent((failure.outcome(planned),), batches)
    status: OutcomeStatus = "already" if state.was_done and not change.values else "applied"
    outcome = Outcome(planned.id, status, version=version, made=state.survivor)
    if record is not None and (lost := _overwritten(fields, state, record)) is not None:
        text = f"a {lost[0]} that somebody else set meanwhile was overwritten"
        outcome = replace(outcome, status="overwrote", code="OVERWROTE", message=text, found=lost[1])
    merged = merged_batch(gateway.name, fields.layout.stream, gone, state.survivor, version or gateway.at)
    return Sent((outcome,), (*batches, merged))


def _overwritten(fields: Fields, state: _Merging, record: Record) -> tuple[str, Value] | None:
    """The first field in which our value replaced one that none of the records had when they were read, and that."""
    for name, value in state.values:
        prop = fields.properties[name].name
        ours = fields.text(name, value, fields.portal.currency)
        known = {str((one.get("properties") or {}).get(prop) or "") for one in state.read}
        since = version_of(state.read[0], fields.layout.modified)
        trace = trace_write(history_of(record, prop) or [], frozenset((ours,)), ours, since)
        if trace is not None and trace.replaced not in known | {ours}:
            return name, field_value(fields, name, {prop: trace.replaced})
    return None
