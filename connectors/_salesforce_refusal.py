"""Why a change cannot be sent to Salesforce, found out from describe before anything is sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from connectors._salesforce_alike import is_found_alike
from connectors._salesforce_create import has_external_id
from connectors._salesforce_fields import CURRENCY
from connectors._salesforce_merge import requests_of
from connectors._salesforce_parts import WRITABLE
from connectors._salesforce_read import Readback
from connectors._salesforce_roles import PRIMARY, is_role
from connectors._salesforce_selection import Sobject
from connectors._salesforce_soap import MAX_LOSERS, MAX_MERGES
from model.changes import Associate, Convert, Create, Delete, Dissociate, Merge, Planned, SetField, Unmerge
from model.currency import from_minor
from model.errors import NotPermitted
from model.streams import STREAMS, Value

DEAL_NAME_LENGTH = 120


def refusal(readback: Readback, planned: Planned, external_id: str) -> str | None:
    """One sentence, or None when the change can be sent."""
    change = planned.change
    if change.key.stream not in WRITABLE:
        return f"{change.key.stream} of Salesforce are read only here"
    try:
        if isinstance(change, SetField):
            return _field_refusal(readback, change.key.stream, change.field, change.after)
        if isinstance(change, Associate | Dissociate):
            return _link_refusal(readback, change)
        if isinstance(change, Create):
            return _create_refusal(readback, change, external_id)
        if isinstance(change, Merge):
            return _merge_refusal(readback, change)
        if isinstance(change, Convert):
            return _convert_refusal(change)
        if isinstance(change, Unmerge):
            return None
        flag, done = ("deletable", "deleted") if isinstance(change, Delete) else ("undeletable", "restored")
        return _flag_refusal(readback, change.key.stream, flag, done)
    except NotPermitted as error:
        return str(error)


def _link_refusal(readback: Readback, change: Associate | Dissociate) -> str | None:
    ends = (change.key.stream, change.to.stream)
    if ends != ("contacts", "accounts") and not is_role(change):
        return f"Salesforce links contacts to accounts and deals to contacts, not {ends[0]} to {ends[1]}"
    if change.to.connection != change.key.connection:
        return "a link must stay within one connection"
    if is_role(change):
        return _role_refusal(readback, change)
    return _field_refusal(readback, "contacts", "account_id", change.to.id)


def _role_refusal(readback: Readback, change: Associate | Dissociate) -> str | None:
    sobject = readback.selection("associations").sobject
    flag = "createable" if isinstance(change, Associate) else "deletable"
    if flag not in sobject.flags:
        return f"{sobject.name} records are not {flag} by this user"
    label = None if change.label in ("", PRIMARY) or isinstance(change, Dissociate) else change.label
    return _value_refusal(f"{sobject.name}.Role", sobject.field("Role") or {"nillable": True}, label)


def _flag_refusal(readback: Readback, stream: str, flag: str, done: str) -> str | None:
    sobject = readback.selection(stream).sobject
    return None if flag in sobject.flags else f"{sobject.name} records may not be {done} by this user"


def _create_refusal(readback: Readback, change: Create, external_id: str) -> str | None:
    selection = readback.selection(change.key.stream)
    sobject, values = selection.sobject, dict(change.values)
    is_keyed = has_external_id(sobject, external_id)
    if not is_keyed and not is_found_alike(change):
        return (
            f"{sobject.name} has no external id to make records by, and this one has nothing else to be found by: add "
            f"a text field {external_id} of 64 characters to {sobject.name} in Setup, Object Manager, Fields, marked "
            "as External ID and Unique, and let this user edit it, or name another such field as external_id"
        )
    length = (sobject.field(external_id) or {}).get("length") if is_keyed else None
    if isinstance(length, int) and 0 < length < len(change.key.id):
        return f"the external id has {len(change.key.id)} characters and {external_id} holds {length}"
    if any(selection.api_name(name) and selection.type_of(name) == "money" for name in values) and (
        sobject.has(CURRENCY) and values.get("currency") is None
    ):
        return "an amount in an org of several currencies needs its currency"
    for name, value in change.values:
        if value is not None and name != "currency":
            refused = _field_refusal(readback, change.key.stream, name, value, flag="createable", verb="set")
            if refused:
                return refused
    given = [api for name, value in change.values if value is not None and (api := selection.api_name(name))]
    return _missing_refusal(sobject, given)


def _missing_refusal(sobject: Sobject, given: Collection[str]) -> str | None:
    """What a new record needs and the change does not give."""
    for field in sobject.fields.values():
        is_needed = field.get("createable") is True and field.get("nillable") is False
        if is_needed and field.get("defaultedOnCreate") is not True and field["name"] not in given:
            return f"{sobject.name}.{field['name']} is required in a new record"
    return None


def _merge_refusal(readback: Readback, change: Merge) -> str | None:
    refused = _flag_refusal(readback, change.key.stream, "mergeable", "merged")
    if refused:
        return refused
    ids = [change.key.id, *(loser.id for loser in change.losers)]
    if any((loser.connection, loser.stream) != (change.key.connection, change.key.stream) for loser in change.losers):
        return "only records of one kind and connection can be merged"
    if len(ids) < 2 or len(set(ids)) < len(ids):
        return "a merge needs at least two different records"
    if requests_of(change) > MAX_MERGES:
        return f"Salesforce merges {MAX_MERGES * MAX_LOSERS + 1} records at once, not {len(ids)}"
    for name, value in change.values:
        refused = _field_refusal(readback, change.key.stream, name, value)
        if refused:
            return refused
    return None


def _convert_refusal(change: Convert) -> str | None:
    if change.key.stream != "leads":
        return f"leads are converted, not {change.key.stream}"
    targets = ((change.contact, "contacts"), (change.account, "accounts"))
    for target, stream in targets:
        if target is not None and (target.connection, target.stream) != (change.key.connection, stream):
            return f"a lead becomes one of the {stream} of its own connection, not {target.stream}"
    if change.deal_name is not None and not 0 < len(change.deal_name) <= DEAL_NAME_LENGTH:
        return f"a deal's name has 1 to {DEAL_NAME_LENGTH} characters"
    return None


def _field_refusal(
    readback: Readback, stream: str, field: str, after: Value, *, flag: str = "updateable", verb: str = "updated"
) -> str | None:
    name = f"{stream}.{field}"
    selection = readback.selection(stream)
    if field not in STREAMS[stream].field_names and field not in selection.custom:
        return f"{name} does not exist"
    api_name = selection.api_name(field)
    described = selection.sobject.field(api_name) if api_name else None
    if described is None:
        return f"{name} is not mapped to a field that this user can read"
    where = f"{selection.sobject.name}.{api_name}"
    if described.get(flag) is not True:
        return f"{where} may not be {verb} by this user"
    if described.get("type") == "percent":
        return f"{where} is a percentage, which this version reads but does not write"
    if selection.type_of(field) == "money" and after is not None:
        return _amount_refusal(where, described, from_minor(int(after), selection.currency))
    return _value_refusal(where, described, after)


def _amount_refusal(where: str, described: Mapping[str, Any], amount: str) -> str | None:
    """Salesforce rounds silently to the field's scale, and a rounded amount would be planned again for ever."""
    decimals = len(amount.partition(".")[2].rstrip("0"))
    scale = described.get("scale")
    if isinstance(scale, int) and decimals > scale:
        return f"the amount needs {decimals} decimal digits and {where} keeps {scale}"
    return None


def _value_refusal(where: str, described: Mapping[str, Any], after: Value) -> str | None:
    if after is None:
        is_required = described.get("nillable") is False and described.get("defaultedOnCreate") is not True
        return f"{where} may not be blank" if is_required else None
    length = described.get("length")
    if isinstance(after, str) and isinstance(length, int) and 0 < length < len(after):
        return f"the value has {len(after)} characters and {where} holds {length}"
    if described.get("restrictedPicklist") is True and described.get("type") == "picklist":
        allowed = [p.get("value") for p in described.get("picklistValues") or () if p.get("active") is not False]
        if after not in allowed:
            return f"the value is not in the restricted picklist {where}"
    return None
