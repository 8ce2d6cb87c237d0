"""Notes and attachments, the plain ones that hang on a record."""

from __future__ import annotations

from sandbox.salesforce.fields import (
    Field,
    audit,
    boolean,
    create_only,
    long_text,
    number,
    read_only,
    reference,
    sobject,
    text,
)  # fmt: skip

_PARENTS = ("Account", "Contact", "Contract", "Lead", "Opportunity")
_MORE = ("Campaign", "Case", "Event", "Task")

NOTE = sobject(
    "Note",
    "002",
    "Notes",
    create_only(reference("ParentId", *_PARENTS, children="Notes", on_delete="cascade", nillable=False)),
    text("Title", 80, nillable=False),
    boolean("IsPrivate"),
    long_text("Body"),
    *audit(owner=("User",)),
    layoutable=False,
    triggerable=False,
    recent=False,
    name_field="Title",
)

ATTACHMENT = sobject(
    "Attachment",
    "00P",
    "Attachments",
    create_only(reference("ParentId", *sorted(_PARENTS + _MORE), children="Attachments", on_delete="cascade",
                          nillable=False)),
    text("Name", 255, nillable=False),
    boolean("IsPrivate"),
    text("ContentType", 120),
    read_only(number("BodyLength", 9)),
    Field("Body", "base64", nillable=False),
    long_text("Description", 500),
    *audit(owner=("User",)),
    searchable=False,
    layoutable=False,
    recent=False,
)  # fmt: skip
