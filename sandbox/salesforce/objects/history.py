"""What the platform keeps of changes to tracked fields, one kind of row for each object."""

from __future__ import annotations

from sandbox.salesforce.fields import (
    CREATED,
    IS_DELETED,
    MAX_PLAIN,
    SHOWN,
    Field,
    SObject,
    picklist,
    read_only,
    reference,
    sobject,
)  # fmt: skip

_DATA_TYPES = (
    "Text", "TextArea", "PhoneNumber", "EmailAddress", "URL", "Enum", "MultiEnum", "Boolean", "Currency", "Double",
    "Percent", "DateOnly", "DateTime", "EntityId", "ForeignKey", "PersonName", "Address", "SwitchablePersonName",
)  # fmt: skip


def _history(parent: str, name: str = "") -> SObject:
    """The history of one object; all histories share the beginning of their ids, which no describe tells."""
    return sobject(
        name or f"{parent}History",
        "017",
        f"{parent} {'Field ' if name else ''}History",
        read_only(reference(f"{parent}Id", parent, children="Histories", on_delete="cascade"), nillable=False),
        read_only(picklist("Field", (), MAX_PLAIN, restricted=True), nillable=False),
        read_only(picklist("DataType", _DATA_TYPES, 40, restricted=True)),
        read_only(Field("OldValue", "anyType", length=MAX_PLAIN)),
        read_only(Field("NewValue", "anyType", length=MAX_PLAIN)),
        *CREATED,
        IS_DELETED,
        **{**SHOWN, "replicateable": True, "tells_prefix": False},
        name_field="",
    )


ACCOUNT_HISTORY = _history("Account")
CONTACT_HISTORY = _history("Contact")
LEAD_HISTORY = _history("Lead")
OPPORTUNITY_FIELD_HISTORY = _history("Opportunity", "OpportunityFieldHistory")
