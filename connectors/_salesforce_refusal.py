"""Why a change cannot be sent to Salesforce, found out from describe before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors._salesforce_parts import WRITABLE
from connectors._salesforce_read import Readback
from model.changes import Associate, Dissociate, Planned, SetField
from model.currency import from_minor
from model.errors import NotPermitted
from model.streams import STREAMS, Value


def refusal(readback: Readback, planned: Planned) -> str | None:
    """One sentence, or None when the change can be sent."""
    change = planned.change
    if isinstance(change, SetField):
        if change.key.stream not in WRITABLE:
            return f"{change.key.stream} of Salesforce are read only here"
        return _field_refusal(readback, change.key.stream, change.field, change.after)
    if isinstance(change, Associate | Dissociate):
        if (change.key.stream, change.to.stream) != ("contacts", "accounts"):
            return f"Salesforce links contacts to accounts, not {change.key.stream} to {change.to.stream}"
        if change.to.connection != change.key.connection:
            return "a link must stay within one connection"
        return _field_refusal(readback, "contacts", "account_id", change.to.id)
    return f"changes of kind {change.kind} are not sent to Salesforce by this version"


def _field_refusal(readback: Readback, stream: str, field: str, after: Value) -> str | None:
    name = f"{stream}.{field}"
    if field not in STREAMS[stream].field_names:
        return f"{name} does not exist"
    try:
        selection = readback.selection(stream)
    except NotPermitted as error:
        return str(error)
    api_name = selection.remote.get(field)
    described = selection.sobject.field(api_name) if api_name else None
    if described is None:
        return f"{name} is not mapped to a field that this user can read"
    where = f"{selection.sobject.name}.{api_name}"
    if described.get("updateable") is not True:
        return f"{where} may not be updated by this user"
    if described.get("type") == "percent":
        return f"{where} is a percentage, which this version reads but does not write"
    if STREAMS[stream].field(field).type == "money" and after is not None:
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
