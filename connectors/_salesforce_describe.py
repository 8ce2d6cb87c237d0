"""A stream's fields as a person who maps them wants to see them, from describe."""

from __future__ import annotations

from connectors._salesforce_fields import CUSTOM_TYPES, UNREADABLE_AS_TEXT
from connectors._salesforce_selection import Described, Selection
from model.remote import Option, RemoteField
from model.streams import STREAMS


def described_fields(selection: Selection) -> tuple[RemoteField, ...]:
    """All fields of the object that hold one value, by name."""
    mapped = {api_name: name for name, api_name in selection.remote.items()}
    mapped |= {custom.api_name: name for name, custom in selection.custom.items() if custom.api_name}
    shown = (field for _, field in sorted(selection.sobject.fields.items()) if field["type"] not in UNREADABLE_AS_TEXT)
    return tuple(_described(selection, field, mapped.get(field["name"])) for field in shown)


def _described(selection: Selection, field: Described, name: str | None) -> RemoteField:
    types = {one.name: one.type for one in STREAMS[selection.stream].fields}
    kind, length = str(field["type"]), field.get("length")
    is_given = field.get("nillable") is not False or field.get("defaultedOnCreate") is True
    return RemoteField(
        field["name"],
        str(field.get("label") or field["name"]),
        kind,
        types.get(name or "", CUSTOM_TYPES.get(kind, "text")),
        name,
        tuple(
            Option(str(one["value"]), str(one.get("label") or one["value"]), one.get("active") is not False)
            for one in field.get("picklistValues") or ()
        ),
        is_closed=field.get("restrictedPicklist") is True,
        length=length if isinstance(length, int) and length > 0 else None,
        is_required=field.get("createable") is True and not is_given,
        is_writable=field.get("updateable") is True and kind != "percent",
        is_custom=field.get("custom") is True,
    )
