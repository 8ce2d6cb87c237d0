"""What the platform works out by itself when a record is written: full names, closed flags, fiscal periods."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.salesforce.database import Database, Row
from sandbox.salesforce.objects import STANDARD
from sandbox.salesforce.times import parsed

_BY_NAME = {declared.name: declared for declared in STANDARD}
_HISTORY = ("StageName", "Amount", "CloseDate", "Probability")
Derive = Callable[[Database, Row, Row], Row]


def derive(database: Database, sobject: str, before: Row, given: Row) -> Row:
    """The values to write with `given`; `before` is the row as it stands, empty for a new one."""
    function = _DERIVATIONS.get(sobject)
    return {**given, **(function(database, before, {**before, **given}) if function else {})}


def history_changed(before: Row, after: Row) -> bool:
    """An OpportunityHistory row is kept for every change of one of four fields."""
    return any(before.get(name) != after.get(name) for name in _HISTORY)


def full_name(row: Row) -> str | None:
    return " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part) or None


def _person(database: Database, before: Row, after: Row) -> Row:
    return {"Name": full_name(after)}


def _opportunity(database: Database, before: Row, after: Row) -> Row:
    made: Row = {}
    stages = database.rows(_BY_NAME["OpportunityStage"], "ApiName = ?", (after.get("StageName"),))
    if stages and after.get("StageName") != before.get("StageName"):
        stage = stages[0]
        made = {name: stage[name] for name in ("IsClosed", "IsWon", "ForecastCategory")}
        # A value given together with the stage stands; otherwise the stage brings its own.
        if after.get("Probability") == before.get("Probability"):
            made["Probability"] = stage["DefaultProbability"]
        if after.get("ForecastCategoryName") == before.get("ForecastCategoryName"):
            made["ForecastCategoryName"] = stage["ForecastCategoryName"]
    amount, probability = after.get("Amount"), made.get("Probability", after.get("Probability"))
    made["ExpectedRevenue"] = None if amount is None else round(amount * (probability or 0.0) / 100, 2)
    if close_date := after.get("CloseDate"):
        year, quarter = int(close_date[:4]), (int(close_date[5:7]) + 2) // 3
        made |= {"FiscalYear": year, "FiscalQuarter": quarter, "Fiscal": f"{year} {quarter}"}
    return made


def _task(database: Database, before: Row, after: Row) -> Row:
    closed = int(after.get("Status") == "Completed")
    made = {"IsClosed": closed, "IsHighPriority": int(after.get("Priority") == "High")}
    return {**made, **_account_of(database, after)}


def _event(database: Database, before: Row, after: Row) -> Row:
    made = _account_of(database, after)
    start = parsed(after.get("StartDateTime") or after.get("ActivityDateTime") or "")
    if start is None:
        return made
    end, minutes = parsed(after.get("EndDateTime") or ""), after.get("DurationInMinutes")
    if end is not None and isinstance(end, datetime):
        made["DurationInMinutes"] = int((end - start).total_seconds() // 60)
    elif minutes is None:
        made["DurationInMinutes"] = 60
    return {**made, "ActivityDate": start.date().isoformat()}


def _account_of(database: Database, row: Row) -> Row:
    """The account an activity counts for: the thing it is about, else the person's."""
    for reference in (row.get("WhatId"), row.get("WhoId")):
        if not reference:
            continue
        if reference.startswith(_BY_NAME["Account"].prefix):
            return {"AccountId": reference}
        for name in ("Opportunity", "Contact"):
            if reference.startswith(_BY_NAME[name].prefix):
                found = database.row(_BY_NAME[name], reference)
                return {"AccountId": found["AccountId"] if found else None}
    return {"AccountId": None}


def _member(database: Database, before: Row, after: Row) -> Row:
    made: dict[str, Any] = {"LeadOrContactId": after.get("ContactId") or after.get("LeadId")}
    made["HasResponded"] = int((after.get("Status") or "Sent") != "Sent")
    return made


_DERIVATIONS: dict[str, Derive] = {
    "Contact": _person,
    "Lead": _person,
    "User": _person,
    "Opportunity": _opportunity,
    "Task": _task,
    "Event": _event,
    "CampaignMember": _member,
}
