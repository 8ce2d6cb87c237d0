"""The records of the fake portal beside contacts: five rows of each kind, two of which share a page."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]
COUNT = 5
_DAY = "2026-02-01T00:00"
_STRING, _STAMP = "string", "datetime"


def stamp(number: int) -> str:
    return f"{_DAY}:{number:02}.500Z"


# Properties of each kind of object with their types; every row has a value for each.
PROPERTIES: dict[str, dict[str, str]] = {
    "companies": {"name": _STRING, "annualrevenue": "number", "hs_lastmodifieddate": _STAMP},
    "deals": {"dealname": _STRING, "amount": "number", "closedate": _STAMP, "dealstage": "enumeration",
              "hs_lastmodifieddate": _STAMP},
    "calls": {"hs_timestamp": _STAMP, "hs_call_title": _STRING, "hs_call_duration": "number",
              "hs_call_direction": "enumeration", "hs_lastmodifieddate": _STAMP},
    "emails": {"hs_timestamp": _STAMP, "hs_email_subject": _STRING, "hs_lastmodifieddate": _STAMP},
    "meetings": {"hs_meeting_start_time": _STAMP, "hs_meeting_end_time": _STAMP, "hs_lastmodifieddate": _STAMP},
    "notes": {"hs_timestamp": _STAMP, "hs_lastmodifieddate": _STAMP},
    "tasks": {"hs_timestamp": _STAMP, "hs_task_status": "enumeration", "hs_lastmodifieddate": _STAMP},
}  # fmt: skip
_VALUES = {"string": "text", "number": "90000", "enumeration": "COMPLETED"}


def rows_of(kind: str) -> list[Row]:
    return [
        {
            "id": str(number),
            "properties": {name: _VALUES.get(type_, stamp(number)) for name, type_ in PROPERTIES[kind].items()},
            "createdAt": "2026-01-01T00:00:00.000Z",
            "updatedAt": stamp(number),
            "archived": False,
        }
        for number in range(1, COUNT + 1)
    ]


def with_history(row: Row) -> Row:
    """A deal that entered two stages; the second entry of three says nothing new."""
    entries = [("closedwon", 30), ("open", 20), ("open", 10)]
    history = [{"value": value, "timestamp": stamp(at), "sourceType": "CRM_UI"} for value, at in entries]
    return {**row, "propertiesWithHistory": {"dealstage": history}}


def owner(number: int) -> Row:
    return {"id": str(number), "email": "ada@private.example", "firstName": "Ada", "lastName": None, "userId": number,
            "userIdIncludingInactive": number, "type": "PERSON", "archived": False, "createdAt": stamp(number),
            "updatedAt": stamp(number)}  # fmt: skip


def stage(number: int) -> Row:
    return {"id": f"s{number}", "label": "Stage", "displayOrder": number, "createdAt": stamp(1), "updatedAt": stamp(2),
            "metadata": {"isClosed": "false", "probability": "0.2"}, "archived": False}  # fmt: skip


def form(number: int) -> Row:
    return {"id": f"f{number}", "name": "Contact us", "createdAt": stamp(1), "updatedAt": stamp(number),
            "archived": False}  # fmt: skip


def submission(number: int) -> Row:
    return {"conversionId": f"c{number}", "submittedAt": 1_760_000_000_000 - number, "pageUrl": None,
            "values": [{"name": "email", "value": "ada@private.example"}]}  # fmt: skip


def login(number: int) -> Row:
    return {"id": str(number), "userId": 7, "email": "ada@private.example", "loginAt": stamp(number),
            "loginSucceeded": True, "countryCode": "ie", "userAgent": "Browser (Android)"}  # fmt: skip


def link(record: str, target: str) -> Row:
    """A record's one link, to the company or contact of the same number."""
    types = [{"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"}]
    return {"from": {"id": record}, "to": [{"toObjectId": int(target), "associationTypes": types}]}


NUMBERS = [str(number) for number in range(1, COUNT + 1)]
ACTIVITIES = {"call": "calls", "email": "emails", "meeting": "meetings", "note": "notes", "task": "tasks"}
# The ids to come of each stream.
IDS: dict[str, frozenset[str]] = {
    "users": frozenset(NUMBERS),
    "stages": frozenset(f"p:s{number}" for number in NUMBERS),
    "accounts": frozenset(NUMBERS),
    "deals": frozenset(NUMBERS),
    "stage_history": frozenset(f"{number}:1769904010500000" for number in NUMBERS)
    | frozenset(f"{number}:1769904030500000" for number in NUMBERS),
    "campaigns": frozenset(f"f{number}" for number in NUMBERS),
    "campaign_members": frozenset(f"c{number}" for number in NUMBERS),
    "activities": frozenset(f"{kind}:{number}" for kind in ACTIVITIES for number in NUMBERS),
    "associations": frozenset(
        f"{source}:{number}>{target}:{number}"
        for source, target in (("contacts", "accounts"), ("deals", "accounts"), ("deals", "contacts"))
        for number in NUMBERS
    ),
    "logins": frozenset(NUMBERS),
}
