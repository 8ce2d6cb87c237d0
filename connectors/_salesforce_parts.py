"""Which Salesforce objects a canonical stream is read from, and how: one part per object, as data.

A stream may have several parts (activities: Task and Event), which all answer the same canonical fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors._salesforce_derived import (
    CONTACT,
    DEAL,
    LEAD,
    Derived,
    accounts_of,
    directions,
    done_at,
    having,
    is_success,
    kinds_of_tasks,
    limited,
    seconds,
    started_at,
)
from model.streams import Value


@dataclass(frozen=True, slots=True)
class Part:
    """One object a stream is read from.

    `names` are API names of canonical fields, beside those of FIELDS. `fixed` fields have one value for all its rows;
    of the stream's fields in `empty` its rows have none. `only` narrows the rows by a condition on a field, where the
    org shows that field. `version` orders and dates the rows of an object without SystemModstamp. `parent` is the
    object whose changes tell which rows to read, and the field that names it: the rows of one parent come together.
    `has_archive`: old rows answer to queryAll alone.
    """

    sobject: str
    names: Mapping[str, str] = field(default_factory=dict)
    derived: Mapping[str, Derived] = field(default_factory=dict)
    fixed: Mapping[str, Value] = field(default_factory=dict)
    empty: frozenset[str] = frozenset()
    only: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    parent: tuple[str, str] | None = None
    has_archive: bool = False
    is_optional: bool = False


_ABOUT = {
    "contact_id": Derived(having(CONTACT), {"WhoId": "text"}),
    "lead_id": Derived(having(LEAD), {"WhoId": "text"}),
    "deal_id": Derived(having(DEAL), {"WhatId": "text"}),
    "account_id": Derived(accounts_of, {"WhatId": "text"}, {"AccountId": "text"}),
}

PARTS: dict[str, tuple[Part, ...]] = {
    "users": (
        Part("User", fixed={"type": "person"}),
        Part(
            "Group",
            fixed={"type": "queue", "is_active": True},
            empty=frozenset({"department", "manager_id", "last_login_at", "login_id"}),
            only={"Type": "Type = 'Queue'"},
            is_optional=True,
        ),
    ),
    "stages": (Part("OpportunityStage"),),
    "accounts": (Part("Account"),),
    "contacts": (Part("Contact"),),
    "leads": (Part("Lead"),),
    "deals": (Part("Opportunity"),),
    # A row for every change of amount, probability, date or stage; those that keep the stage are left out.
    "stage_history": (Part("OpportunityHistory", parent=("Opportunity", "OpportunityId"), is_optional=True),),
    "campaigns": (Part("Campaign", is_optional=True),),
    "campaign_members": (Part("CampaignMember", is_optional=True),),
    "activities": (
        Part(
            "Task",
            names={
                "status": "Status",
                "priority": "Priority",
                "outcome": "CallDisposition",
                "due_on": "ActivityDate",
                "is_done": "IsClosed",
                "duration_s": "CallDurationInSeconds",
            },
            derived={
                **_ABOUT,
                "type": Derived(kinds_of_tasks, {"TaskSubtype": "text"}),
                "direction": Derived(directions, {"CallType": "text"}),
                "happened_at": Derived(
                    done_at,
                    {"IsClosed": "bool", "CreatedDate": "time"},
                    {"CompletedDateTime": "time", "ActivityDate": "date"},
                ),
            },
            # The master of a series is no activity; its occurrences are rows of their own.
            only={"IsRecurrence": "IsRecurrence = false"},
            has_archive=True,
            is_optional=True,
        ),
        Part(
            "Event",
            derived={
                **_ABOUT,
                "happened_at": Derived(started_at, {"StartDateTime": "time"}, {"ActivityDate": "date"}),
                "duration_s": Derived(seconds, {"DurationInMinutes": "int"}),
            },
            fixed={"type": "meeting"},
            empty=frozenset({"direction", "status", "priority", "outcome", "due_on", "is_done"}),
            # An invitee's copy repeats the organiser's event.
            only={"IsRecurrence": "IsRecurrence = false", "IsChild": "IsChild = false"},
            has_archive=True,
            is_optional=True,
        ),
    ),
    "associations": (
        Part(
            "OpportunityContactRole",
            names={"from_id": "OpportunityId", "to_id": "ContactId", "label": "Role", "is_primary": "IsPrimary"},
            fixed={"from_stream": "deals", "to_stream": "contacts"},
            is_optional=True,
        ),
        # There where "Contacts to Multiple Accounts" is on.
        Part(
            "AccountContactRelation",
            names={"from_id": "ContactId", "to_id": "AccountId", "label": "Roles", "is_primary": "IsDirect"},
            fixed={"from_stream": "contacts", "to_stream": "accounts"},
            is_optional=True,
        ),
    ),
    "licences": (
        Part(
            "UserLicense",
            names={"name": "Name"},
            derived={"total": Derived(limited, {"TotalLicenses": "int"})},
            fixed={"type": "user"},
            empty=frozenset({"namespace", "expires_on"}),
            is_optional=True,
        ),
        Part(
            "PackageLicense",
            names={"name": "NamespacePrefix", "namespace": "NamespacePrefix", "expires_on": "ExpirationDate"},
            derived={"total": Derived(limited, {"AllowedLicenses": "int"})},
            fixed={"type": "package"},
            is_optional=True,
        ),
    ),
    "licence_holders": (Part("UserPackageLicense", is_optional=True),),
    # Of what it shows, only the time and the user can be filtered by.
    "logins": (
        Part(
            "LoginHistory",
            derived={"is_success": Derived(is_success, {"Status": "text"})},
            version="LoginTime",
            is_optional=True,
        ),
    ),
}
# In an order in which references resolve.
STREAM_NAMES = tuple(PARTS)
# Small and without a trace of what was removed: read whole each time.
ALWAYS_FULL = frozenset({"stages", "licences", "licence_holders"})
WRITABLE = ("accounts", "contacts", "leads", "deals")
