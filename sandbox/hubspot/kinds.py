"""The object types of a portal: their names, default properties, scopes and stamps; HubSpot's own and custom ones."""

from __future__ import annotations

from dataclasses import dataclass

_DISPLAY = {"contacts": ("firstname", "lastname"), "companies": ("name",), "tasks": ("hs_task_subject",)}
_DEFAULTS = ("hs_createdate", "hs_lastmodifieddate", "hs_object_id")
# The numbers of custom object types, whose type ids are 2-N, lie above those of HubSpot's own.
CUSTOM = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Kind:
    """One object type.

    `number` is the N of its type id 0-N, or CUSTOM + N for 2-N. `plural` also names its table. `defaults` come back
    when a request names no properties. `scope` is the object in the scope names: engagements are read with the
    contacts scopes. `asked` are the properties that the free-text `query` of a search looks into. `required` lists
    groups of which one property must be set on create. `stage_fields` are the properties that hold pipeline and
    stage. `labels` are what people call one and many.
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
    stage_fields: tuple[str, str] | None = None
    labels: tuple[str, str] = ("", "")

    @property
    def is_custom(self) -> bool:
        return self.number >= CUSTOM

    @property
    def type_id(self) -> str:
        return f"2-{self.number - CUSTOM}" if self.is_custom else f"0-{self.number}"

    @property
    def display(self) -> tuple[str, ...]:
        """The properties that people know a record by."""
        return _DISPLAY.get(self.plural) or self.asked[:1] or ("hs_object_id",)

    @property
    def singular_label(self) -> str:
        return self.labels[0] or self.singular.replace("_", " ").capitalize()

    @property
    def plural_label(self) -> str:
        return self.labels[1] or self.plural.replace("_", " ").capitalize()

    def is_named(self, name: str) -> bool:
        return name.lower() in (self.plural, self.singular, self.type_id)

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
    return Kind(plural, singular, number, _DEFAULTS, asked=asked, required=required)


def _commerce(plural: str, singular: str, number: int, *own: str, required: tuple[str, ...] = ()) -> Kind:
    """An object whose scopes bear its own name; `own` are default properties and what a free-text search reads."""
    defaults = (*_DEFAULTS, *own)
    return Kind(plural, singular, number, defaults, plural, own, tuple((name,) for name in required))


def custom_kind(
    number: int, name: str, labels: tuple[str, str], required: tuple[str, ...], asked: tuple[str, ...]
) -> Kind:
    """An object type of the account's own; `name` is the fully qualified one, p<portal>_<name>."""
    return Kind(
        name,
        name.partition("_")[2],
        CUSTOM + number,
        _DEFAULTS,
        "custom",
        asked,
        tuple((one,) for one in required),
        stage_fields=("hs_pipeline", "hs_pipeline_stage"),
        labels=labels,
    )


ENGAGEMENTS = ("calls", "emails", "meetings", "notes", "tasks", "communications", "postal_mail")

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
        stage_fields=("pipeline", "dealstage"),
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
        stage_fields=("hs_pipeline", "hs_pipeline_stage"),
    ),
    _engagement("communications", "communication", 18, "hs_communication_body"),
    _engagement("tasks", "task", 27, "hs_task_body", "hs_task_subject"),
    _engagement("notes", "note", 46, "hs_note_body"),
    _engagement("meetings", "meeting", 47, "hs_meeting_title", "hs_meeting_body"),
    _engagement("calls", "call", 48, "hs_call_title", "hs_call_body"),
    _engagement("emails", "email", 49, "hs_email_subject", also="hs_email_direction"),
    _engagement("postal_mail", "postal_mail", 116, "hs_postal_mail_body"),
    _commerce("products", "product", 7, "name", "description", "price", required=("name",)),
    _commerce("line_items", "line_item", 8, "name", "quantity", "price", "amount"),
    _commerce("quotes", "quote", 14, "hs_title", "hs_expiration_date", required=("hs_title", "hs_expiration_date")),
    _commerce("marketing_events", "marketing_event", 54, "hs_event_name", required=("hs_event_name",)),
    Kind("goal_targets", "goal_target", 74, _DEFAULTS, "goals", ("hs_goal_name",)),
    # Forms have an API of their own; as records only their definitions are read.
    Kind("form", "form", 28, _DEFAULTS),
    Kind("deal_splits", "deal_split", 72, _DEFAULTS, "deals"),
    Kind("feedback_submissions", "feedback_submission", 19, _DEFAULTS, "feedback_submissions", ("hs_content",)),
    # Nobody can set what a user record needs: users are provisioned, not created.
    Kind(
        "users",
        "user",
        115,
        _DEFAULTS,
        scope="users",
        asked=("hs_email", "hs_given_name", "hs_family_name"),
        required=(("hs_internal_user_id",),),
    ),
    Kind(
        "leads",
        "lead",
        136,
        (*_DEFAULTS, "hs_lead_name", "hs_lead_type", "hs_lead_label"),
        scope="leads",
        asked=("hs_lead_name",),
        required=(("hs_lead_name",),),
        stage_fields=("hs_pipeline", "hs_pipeline_stage"),
    ),
)

_BY_NAME = {name: kind for kind in KINDS for name in (kind.plural, kind.singular, kind.type_id)}
BY_NUMBER = {kind.number: kind for kind in KINDS}


def kind_named(name: str) -> Kind | None:
    """HubSpot's object type with this plural name, singular name or type id, in any case; None when there is none."""
    return _BY_NAME.get(name.lower())
