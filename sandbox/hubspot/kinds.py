"""The object types of the portal: their three names, default properties, scopes and stamps."""

from __future__ import annotations

from dataclasses import dataclass

_ENGAGEMENT_DEFAULTS = ("hs_createdate", "hs_lastmodifieddate", "hs_object_id")


@dataclass(frozen=True, slots=True)
class Kind:
    """One object type.

    `number` is the N of its type id 0-N. `defaults` come back when a request names no properties. `scope` is the
    object in the scope names: engagements are read with the contacts scopes. `asked` are the properties that the
    free-text `query` of a search looks into. `required` lists groups of which one property must be set on create.
    """

    plural: str
    singular: str
    number: int
    defaults: tuple[str, ...]
    scope: str = "contacts"
    asked: tuple[str, ...] = ()
    required: tuple[tuple[str, ...], ...] = ()
    survivor_is_new: bool = False
    is_mergeable: bool = False

    @property
    def type_id(self) -> str:
        return f"0-{self.number}"

    @property
    def upper(self) -> str:
        return self.singular.upper()

    @property
    def is_engagement(self) -> bool:
        return self.plural in ENGAGEMENTS

    @property
    def modified(self) -> str:
        """Contacts alone stamp `lastmodifieddate`."""
        return "lastmodifieddate" if self.plural == "contacts" else "hs_lastmodifieddate"


def _engagement(plural: str, singular: str, number: int, *asked: str, also: str = "") -> Kind:
    required = (("hs_timestamp",), (also,)) if also else (("hs_timestamp",),)
    return Kind(plural, singular, number, _ENGAGEMENT_DEFAULTS, asked=asked, required=required)


ENGAGEMENTS = ("calls", "emails", "meetings", "notes", "tasks", "communications")

KINDS = (
    Kind(
        "contacts",
        "contact",
        1,
        ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
        asked=("firstname", "lastname", "email", "hs_additional_emails", "phone", "mobilephone", "company"),
        required=(("email", "firstname", "lastname"),),
        survivor_is_new=True,
        is_mergeable=True,
    ),
    Kind(
        "companies",
        "company",
        2,
        ("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
        scope="companies",
        asked=("website", "phone", "name", "domain"),
        required=(("name", "domain"),),
        survivor_is_new=True,
        is_mergeable=True,
    ),
    Kind(
        "deals",
        "deal",
        3,
        (
            "amount",
            "closedate",
            "createdate",
            "dealname",
            "dealstage",
            "hs_lastmodifieddate",
            "hs_object_id",
            "pipeline",
        ),
        scope="deals",
        asked=("dealname", "pipeline", "dealstage", "description", "dealtype"),
        required=(("dealname",), ("dealstage",)),
        is_mergeable=True,
    ),
    Kind(
        "tickets",
        "ticket",
        5,
        (
            "content",
            "createdate",
            "hs_lastmodifieddate",
            "hs_object_id",
            "hs_pipeline",
            "hs_pipeline_stage",
            "hs_ticket_priority",
            "subject",
        ),
        scope="tickets",
        asked=("subject", "content"),
        required=(("subject",), ("hs_pipeline_stage",)),
        is_mergeable=True,
    ),
    _engagement("communications", "communication", 18, "hs_communication_body"),
    _engagement("tasks", "task", 27, "hs_task_body", "hs_task_subject"),
    _engagement("notes", "note", 46, "hs_note_body"),
    _engagement("meetings", "meeting", 47, "hs_meeting_title", "hs_meeting_body"),
    _engagement("calls", "call", 48, "hs_call_title", "hs_call_body"),
    _engagement("emails", "email", 49, "hs_email_subject", also="hs_email_direction"),
    Kind("users", "user", 115, ("hs_createdate", "hs_lastmodifieddate", "hs_object_id"), scope="users"),
)

_BY_NAME = {name: kind for kind in KINDS for name in (kind.plural, kind.singular, kind.type_id)}
BY_NUMBER = {kind.number: kind for kind in KINDS}


def kind_named(name: str) -> Kind | None:
    """The object type with this plural name, singular name or type id, in any case; None when there is none."""
    return _BY_NAME.get(name.lower())
