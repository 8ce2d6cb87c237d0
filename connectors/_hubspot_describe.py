"""A stream's properties as a person who maps fields wants to see them."""

from __future__ import annotations

from connectors._hubspot_fields import OWN_TYPES, Fields, Property
from model.remote import RemoteField

# What a new record needs (of contacts and companies one of several, which no single property can say).
_REQUIRED = frozenset({"dealname", "dealstage"})


def described_fields(fields: Fields) -> tuple[RemoteField, ...]:
    """All properties that are not sensitive, by name."""
    mapped = {prop.name: name for name, prop in fields.properties.items()}
    shown = (prop for _, prop in sorted(fields.object_properties.items()) if not prop.is_sensitive)
    return tuple(_described(fields, prop, mapped.get(prop.name)) for prop in shown)


def _described(fields: Fields, prop: Property, name: str | None) -> RemoteField:
    return RemoteField(
        prop.name,
        prop.label,
        f"{prop.type} ({prop.field_type})" if prop.field_type else prop.type,
        OWN_TYPES.get(prop.type, "text") if name is None else fields.types[name],
        name,
        prop.choices,
        is_closed=prop.options is not None,
        is_required=prop.name in _REQUIRED,
        is_writable=not prop.is_read_only and name not in fields.layout.derived,
        is_custom=prop.is_custom,
    )
