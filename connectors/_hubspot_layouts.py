"""Which HubSpot objects and properties hold which canonical streams and fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from model.streams import Value


@dataclass(frozen=True, slots=True)
class Layout:
    """CRM objects of one kind as the records of a stream. `optional` fields are read only where the portal has the
    property, without a word when it has not; `derived` ones are never written.

    Several kinds make up one stream: `prefix` keeps their ids apart, `fixed` fields have one value for all objects of
    the kind, `words` translate a property's options, `per_unit` says how many of a property's units are one of the
    field's, `duration_s` is the time between the two properties of `span`, and of the stream's fields in `empty` the
    kind has none. `links_out` are custom fields, read where the portal has the property: which record of another CRM
    HubSpot's own integration keeps in step with this one.
    """

    stream: str
    object: str
    modified: str
    properties: Mapping[str, str]  # canonical field -> property
    optional: Mapping[str, str] = field(default_factory=dict)
    derived: frozenset[str] = frozenset()
    prefix: str = ""
    fixed: Mapping[str, Value] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    per_unit: Mapping[str, int] = field(default_factory=dict)
    span: tuple[str, str] | None = None
    empty: frozenset[str] = frozenset()
    links: Mapping[str, str] = field(default_factory=dict)  # field -> stream of the first record it is linked to
    links_out: Mapping[str, str] = field(default_factory=dict)


_PLACE = {
    "street": "address",
    "city": "city",
    "state": "state",
    "postal_code": "zip",
    "country": "country",
}
LAYOUTS: dict[str, Layout] = {
    layout.stream: layout
    for layout in (
        Layout(
            "accounts",
            "companies",
            "hs_lastmodifieddate",
            {
                "name": "name",
                "domain": "domain",
                "website": "website",
                "phone": "phone",
                "industry": "industry",
                "employees": "numberofemployees",
                "revenue": "annualrevenue",
                **_PLACE,
                "type": "type",
                "lifecycle_stage": "lifecyclestage",
                "owner_id": "hubspot_owner_id",
                "last_activity_on": "notes_last_updated",
            },
            {
                "legal_name": "legal_name",
                "lei": "lei",
                "registration_number": "registration_number",
                "parent_id": "hs_parent_company_id",
                "currency": "hs_annual_revenue_currency_code",
            },
            frozenset({"parent_id"}),
            links_out={"native_account_id": "salesforceaccountid"},
        ),
        Layout(
            "contacts",
            "contacts",
            "lastmodifieddate",
            {
                "given_name": "firstname",
                "family_name": "lastname",
                "email": "email",
                "phone": "phone",
                "mobile": "mobilephone",
                "title": "jobtitle",
                "company": "company",
                "website": "website",
                **_PLACE,
                "owner_id": "hubspot_owner_id",
                "email_opt_out": "hs_email_optout",
                "last_activity_on": "notes_last_updated",
                "extra_emails": "hs_additional_emails",
                "account_id": "associatedcompanyid",
                "lifecycle_stage": "lifecyclestage",
            },
            {
                "salutation": "salutation",
                "lead_source": "hs_analytics_source",
                "email_bounced": "hs_email_bounce",
                "department": "department",
            },
            frozenset({"email_bounced", "account_id"}),
            links_out={"native_contact_id": "salesforcecontactid", "native_lead_id": "salesforceleadid"},
        ),
        Layout(
            "deals",
            "deals",
            "hs_lastmodifieddate",
            {
                "name": "dealname",
                "owner_id": "hubspot_owner_id",
                "pipeline_id": "pipeline",
                "stage": "dealstage",
                "amount": "amount",
                "opened_on": "createdate",
                "close_on": "closedate",
                "is_closed": "hs_is_closed",
                "is_won": "hs_is_closed_won",
                "last_activity_on": "notes_last_updated",
            },
            {
                "account_id": "hs_primary_associated_company",
                "currency": "deal_currency_code",
                "probability": "hs_deal_stage_probability",
                "forecast_category": "hs_manual_forecast_category",
                "next_step": "hs_next_step",
                "type": "dealtype",
                "lead_source": "hs_analytics_source",
                "stage_changed_at": "hs_v2_date_entered_current_stage",
            },
            frozenset({"account_id"}),
            links_out={"native_deal_id": "hs_salesforceopportunityid"},
        ),
    )
}


def _engagement(
    kind: str,
    object_name: str,
    properties: Mapping[str, str],
    *,
    words: Mapping[str, Mapping[str, Value]] | None = None,
    per_unit: Mapping[str, int] | None = None,
    span: tuple[str, str] | None = None,
) -> Layout:
    """An activity of one type. Its ids carry the type, since HubSpot promises unique ids only within one."""
    own = {"owner_id": "hubspot_owner_id", **properties}
    return Layout(
        "activities",
        object_name,
        "hs_lastmodifieddate",
        own,
        prefix=f"{kind}:",
        fixed={"type": kind},
        words=words or {},
        per_unit=per_unit or {},
        span=span,
        links={"contact_id": "contacts", "account_id": "accounts", "deal_id": "deals"},
        empty=_ENGAGED - own.keys() - ({"type", "duration_s"} if span else {"type"}),
    )


# What at least one type of engagement tells.
_ENGAGED = frozenset(
    {"type", "subject", "direction", "status", "priority", "outcome", "happened_at", "due_on", "is_done", "duration_s",
     "owner_id"}
)  # fmt: skip
_DONE = {"COMPLETED": True, "NOT_STARTED": False, "IN_PROGRESS": False, "WAITING": False, "DEFERRED": False}
_MS = {"duration_s": 1000}
ENGAGEMENTS: tuple[Layout, ...] = (
    _engagement(
        "call",
        "calls",
        {
            "happened_at": "hs_timestamp",
            "subject": "hs_call_title",
            "direction": "hs_call_direction",
            "status": "hs_call_status",
            "outcome": "hs_call_disposition",
            "duration_s": "hs_call_duration",
        },
        words={"direction": {"INBOUND": "in", "OUTBOUND": "out"}},
        per_unit=_MS,
    ),
    _engagement(
        "email",
        "emails",
        {
            "happened_at": "hs_timestamp",
            "subject": "hs_email_subject",
            "direction": "hs_email_direction",
            "status": "hs_email_status",
        },
        words={"direction": {"EMAIL": "out", "INCOMING_EMAIL": "in", "FORWARDED_EMAIL": "out"}},
    ),
    _engagement(
        "meeting",
        "meetings",
        {"happened_at": "hs_meeting_start_time", "subject": "hs_meeting_title", "outcome": "hs_meeting_outcome"},
        span=("hs_meeting_start_time", "hs_meeting_end_time"),
    ),
    _engagement("note", "notes", {"happened_at": "hs_timestamp"}),
    _engagement(
        "task",
        "tasks",
        {
            "subject": "hs_task_subject",
            "status": "hs_task_status",
            "priority": "hs_task_priority",
            "due_on": "hs_timestamp",  # of a task the time it is due
            "is_done": "hs_task_status",
        },
        words={"is_done": _DONE},
    ),
)
# The kinds of objects that each stream is read from.
PARTS: Mapping[str, tuple[Layout, ...]] = {
    **{stream: (layout,) for stream, layout in LAYOUTS.items()},
    "activities": ENGAGEMENTS,
}
