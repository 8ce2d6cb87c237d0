"""The canonical streams and their fields: one table that connectors fill, the store declares and hygiene reads.

A value crosses every border as one of five Python types, chosen so that bulk paths need no conversion:

    text   str        NUL-free
    int    int
    real   float
    bool   bool
    time   int        microseconds since 1970-01-01T00:00:00Z
    date   int        days since 1970-01-01, no time zone
    money  int        minor units of the ISO 4217 currency in the record's `currency` field

None is *blank* where the field is readable and *unknown* where it is not (see `model.batch`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Value = str | int | float | bool | None
ValueType = Literal["text", "int", "real", "bool", "time", "date", "money"]
Kind = Literal[
    "email", "phone", "given_name", "family_name", "person_name", "company_name", "domain", "country", "address",
    "title", "identifier", "picklist", "reference", "consent", "flag", "number", "money", "currency", "date", "time",
    "text",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a stream: its name, how it is stored and what kind of thing it holds."""

    name: str
    type: ValueType
    kind: Kind


@dataclass(frozen=True, slots=True)
class Stream:
    """A canonical stream: what a record of it is called, and its fields in storage order."""

    name: str
    singular: str
    fields: tuple[Field, ...]

    @property
    def field_names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    def field(self, name: str) -> Field:
        """The field of that name; KeyError names the stream and the field."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(f"{self.name} has no field {name!r}")


# Kept by every stream beside its own fields. `changed_at` is the version: the remote's own modification stamp.
SYSTEM_FIELDS: tuple[Field, ...] = (
    Field("id", "text", "identifier"),
    Field("changed_at", "time", "time"),
    Field("created_at", "time", "time"),
    Field("is_deleted", "bool", "flag"),
    Field("merged_into", "text", "reference"),
    Field("payload", "text", "text"),
)


def _text(kind: Kind, *names: str) -> tuple[Field, ...]:
    return tuple(Field(name, "text", kind) for name in names)


_PLACE = (*_text("address", "street", "city", "state", "postal_code"), Field("country", "text", "country"))
_PERSON = (
    Field("salutation", "text", "picklist"),
    Field("given_name", "text", "given_name"),
    Field("family_name", "text", "family_name"),
    Field("email", "text", "email"),
    Field("phone", "text", "phone"),
    Field("mobile", "text", "phone"),
    Field("title", "text", "title"),
    Field("company", "text", "company_name"),
    Field("website", "text", "domain"),
    *_PLACE,
    Field("lead_source", "text", "picklist"),
    Field("owner_id", "text", "reference"),
    Field("email_opt_out", "bool", "consent"),
    Field("do_not_call", "bool", "consent"),
    Field("last_activity_on", "date", "date"),
)
_SIZE = (
    Field("industry", "text", "picklist"),
    Field("employees", "int", "number"),
    Field("revenue", "money", "money"),
    Field("currency", "text", "currency"),
)

ACCOUNTS = Stream(
    "accounts",
    "account",
    (
        Field("name", "text", "company_name"),
        Field("legal_name", "text", "company_name"),
        Field("domain", "text", "domain"),
        Field("website", "text", "domain"),
        Field("phone", "text", "phone"),
        *_SIZE,
        *_PLACE,
        Field("type", "text", "picklist"),
        Field("lifecycle_stage", "text", "picklist"),
        Field("parent_id", "text", "reference"),
        Field("parent_name", "text", "company_name"),
        Field("owner_id", "text", "reference"),
        Field("lei", "text", "identifier"),
        Field("registration_number", "text", "identifier"),
        Field("last_activity_on", "date", "date"),
        Field("is_person", "bool", "flag"),  # a person account: half of a pair with a contact
    ),
)
CONTACTS = Stream(
    "contacts",
    "contact",
    (
        *_PERSON,
        Field("extra_emails", "text", "text"),
        Field("department", "text", "text"),
        Field("account_id", "text", "reference"),
        Field("lifecycle_stage", "text", "picklist"),
        Field("email_bounced", "bool", "flag"),
        Field("is_person_account", "bool", "flag"),
    ),
)
LEADS = Stream(
    "leads",
    "lead",
    (
        *_PERSON,
        *_SIZE,
        Field("status", "text", "picklist"),
        Field("is_converted", "bool", "flag"),
        Field("converted_account_id", "text", "reference"),
        Field("converted_contact_id", "text", "reference"),
        Field("converted_deal_id", "text", "reference"),
    ),
)
DEALS = Stream(
    "deals",
    "deal",
    (
        Field("name", "text", "text"),
        Field("account_id", "text", "reference"),
        Field("account_name", "text", "company_name"),
        Field("contact_id", "text", "reference"),
        Field("owner_id", "text", "reference"),
        Field("owner_name", "text", "person_name"),
        Field("pipeline_id", "text", "reference"),
        Field("stage", "text", "picklist"),
        Field("amount", "money", "money"),
        Field("currency", "text", "currency"),
        Field("opened_on", "date", "date"),
        Field("close_on", "date", "date"),
        Field("probability", "real", "number"),  # 0 to 1
        Field("forecast_category", "text", "picklist"),
        Field("next_step", "text", "text"),
        Field("type", "text", "picklist"),
        Field("product", "text", "picklist"),
        Field("lead_source", "text", "picklist"),
        Field("is_closed", "bool", "flag"),
        Field("is_won", "bool", "flag"),
        Field("stage_changed_at", "time", "time"),
        Field("pushes", "int", "number"),
        Field("last_activity_on", "date", "date"),
    ),
)
STAGES = Stream(
    "stages",
    "stage",
    (
        # A deal's `stage` holds `key`; `name` is what people see.
        Field("key", "text", "identifier"),
        Field("name", "text", "text"),
        Field("pipeline_id", "text", "reference"),
        Field("pipeline_name", "text", "text"),
        Field("position", "int", "number"),
        Field("probability", "real", "number"),
        Field("forecast_category", "text", "picklist"),
        Field("is_closed", "bool", "flag"),
        Field("is_won", "bool", "flag"),
        Field("is_active", "bool", "flag"),
    ),
)
USERS = Stream(
    "users",
    "user",
    (
        Field("name", "text", "person_name"),
        Field("email", "text", "email"),
        Field("type", "text", "picklist"),  # person, queue
        Field("is_active", "bool", "flag"),
        Field("role", "text", "text"),
        Field("department", "text", "text"),
        Field("manager_id", "text", "reference"),
        Field("last_login_at", "time", "time"),
        Field("login_id", "text", "identifier"),  # how logins and licence assignments name the user
    ),
)
ASSOCIATIONS = Stream(
    "associations",
    "association",
    (
        Field("from_stream", "text", "text"),
        Field("from_id", "text", "reference"),
        Field("to_stream", "text", "text"),
        Field("to_id", "text", "reference"),
        Field("label", "text", "text"),
        Field("is_primary", "bool", "flag"),
    ),
)

STAGE_HISTORY = Stream(
    "stage_history",
    "stage_change",
    (
        # One row for each time a deal entered a stage; `entered_at` ties the rows of a deal into its path.
        Field("deal_id", "text", "reference"),
        Field("stage", "text", "picklist"),
        Field("entered_at", "time", "time"),
        Field("amount", "money", "money"),
        Field("currency", "text", "currency"),
        Field("close_on", "date", "date"),
        Field("probability", "real", "number"),
        Field("by_id", "text", "reference"),  # who, or which integration, made the change
        Field("source", "text", "picklist"),
    ),
)
CAMPAIGNS = Stream(
    "campaigns",
    "campaign",
    (
        Field("name", "text", "text"),
        Field("type", "text", "picklist"),
        Field("status", "text", "picklist"),
        Field("parent_id", "text", "reference"),
        Field("owner_id", "text", "reference"),
        Field("starts_on", "date", "date"),
        Field("ends_on", "date", "date"),
        Field("is_active", "bool", "flag"),
        Field("budget", "money", "money"),
        Field("cost", "money", "money"),
        Field("currency", "text", "currency"),
    ),
)
CAMPAIGN_MEMBERS = Stream(
    "campaign_members",
    "campaign_member",
    (
        Field("campaign_id", "text", "reference"),
        Field("contact_id", "text", "reference"),
        Field("lead_id", "text", "reference"),
        Field("email", "text", "email"),  # where the system knows the member by no record
        Field("status", "text", "picklist"),
        Field("has_responded", "bool", "flag"),
        Field("responded_at", "time", "time"),
    ),
)
ACTIVITIES = Stream(
    "activities",
    "activity",
    (
        # task, call, email, meeting or note. Where an activity hangs on many records, associations tell which.
        Field("type", "text", "picklist"),
        Field("subject", "text", "text"),
        Field("direction", "text", "picklist"),  # in, out
        Field("status", "text", "picklist"),
        Field("priority", "text", "picklist"),
        Field("outcome", "text", "picklist"),
        Field("happened_at", "time", "time"),
        Field("due_on", "date", "date"),
        Field("is_done", "bool", "flag"),
        Field("duration_s", "int", "number"),
        Field("owner_id", "text", "reference"),
        Field("contact_id", "text", "reference"),
        Field("lead_id", "text", "reference"),
        Field("account_id", "text", "reference"),
        Field("deal_id", "text", "reference"),
    ),
)
LICENCES = Stream(
    "licences",
    "licence",
    (
        Field("name", "text", "text"),
        Field("type", "text", "picklist"),  # user, package, seat
        Field("namespace", "text", "identifier"),
        Field("total", "int", "number"),  # None: unlimited
        Field("used", "int", "number"),
        Field("status", "text", "picklist"),
        Field("expires_on", "date", "date"),
    ),
)
LICENCE_HOLDERS = Stream(
    "licence_holders",
    "licence_holder",
    (
        Field("licence_id", "text", "reference"),
        Field("login_id", "text", "reference"),
    ),
)
LOGINS = Stream(
    "logins",
    "login",
    (
        # Without addresses: what a tool report needs, and no more of a person.
        Field("login_id", "text", "reference"),
        Field("logged_in_at", "time", "time"),
        Field("type", "text", "picklist"),
        Field("application", "text", "text"),
        Field("browser", "text", "text"),
        Field("platform", "text", "text"),
        Field("status", "text", "picklist"),
        Field("is_success", "bool", "flag"),
        Field("country", "text", "country"),
    ),
)

STREAMS: dict[str, Stream] = {
    stream.name: stream
    for stream in (
        USERS, STAGES, ACCOUNTS, CONTACTS, LEADS, DEALS, STAGE_HISTORY, CAMPAIGNS, CAMPAIGN_MEMBERS, ACTIVITIES,
        ASSOCIATIONS, LICENCES, LICENCE_HOLDERS, LOGINS,
    )
}  # fmt: skip
