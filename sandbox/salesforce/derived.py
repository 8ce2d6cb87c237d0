"""What the platform works out by itself when a record is written: full names, closed flags, fiscal periods."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sandbox.salesforce.database import Database, Row
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.objects import STANDARD
from sandbox.salesforce.times import parsed, text_of

_BY_NAME = {declared.name: declared for declared in STANDARD}
# What a forecast category is called in the API where its name is not that.
_FORECAST_CODES = {"Best Case": "BestCase", "Commit": "Forecast", "Most Likely": "MostLikely"}
_BOUNCES = ("EmailBouncedReason", "EmailBouncedDate")
Derive = Callable[[Database, Row, Row], Row]


def derive(database: Database, sobject: str, before: Row, given: Row) -> Row:
    """The values to write with `given`; `before` is the row as it stands, empty for a new one."""
    function = _DERIVATIONS.get(sobject)
    return {**given, **(function(database, before, {**before, **given}) if function else {})}


def full_name(row: Row) -> str | None:
    return " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part) or None


def _person(database: Database, before: Row, after: Row) -> Row:
    return {"Name": full_name(after)}


def _reachable(database: Database, before: Row, after: Row) -> Row:
    """A contact's e-mail has bounced when there is a reason or a day for it."""
    made: Row = {"Name": full_name(after)}
    if any(before.get(name) != after.get(name) for name in _BOUNCES):
        made["IsEmailBounced"] = int(any(after.get(name) for name in _BOUNCES))
    return made


def _opportunity(database: Database, before: Row, after: Row) -> Row:
    made: Row = {}
    stages = database.rows(_BY_NAME["OpportunityStage"], "ApiName = ?", (after.get("StageName"),))
    moved = after.get("StageName") != before.get("StageName")
    if stages and moved:
        stage = stages[0]
        made = {name: stage[name] for name in ("IsClosed", "IsWon")}
        # A value given together with the stage stands; otherwise the stage brings its own.
        if after.get("Probability") == before.get("Probability"):
            made["Probability"] = stage["DefaultProbability"]
        if after.get("ForecastCategoryName") == before.get("ForecastCategoryName"):
            made["ForecastCategoryName"] = stage["ForecastCategoryName"]
    if category := made.get("ForecastCategoryName", after.get("ForecastCategoryName")):
        made["ForecastCategory"] = _FORECAST_CODES.get(category, category)
    if before and moved:
        made["LastStageChangeDate"] = after["SystemModstamp"]
    made["PushCount"] = (before.get("PushCount") or 0) + _is_push(before, after)
    amount, probability = after.get("Amount"), made.get("Probability", after.get("Probability"))
    made["ExpectedRevenue"] = None if amount is None else round(amount * (probability or 0.0) / 100, 2)
    if close_date := after.get("CloseDate"):
        year, quarter = int(close_date[:4]), (int(close_date[5:7]) + 2) // 3
        made |= {"FiscalYear": year, "FiscalQuarter": quarter, "Fiscal": f"{year} {quarter}"}
    return made


def _is_push(before: Row, after: Row) -> bool:
    """Whether the close date moves into a later month."""
    was, is_now = before.get("CloseDate"), after.get("CloseDate")
    return bool(was and is_now and is_now[:7] > was[:7])


def _task(database: Database, before: Row, after: Row) -> Row:
    closed = int(after.get("Status") == "Completed")
    made: Row = {"IsClosed": closed, "IsHighPriority": int(after.get("Priority") == "High")}
    if closed != int(bool(before.get("IsClosed"))):
        made["CompletedDateTime"] = after["SystemModstamp"] if closed else None
    return {**made, **_account_of(database, after)}


def _event(database: Database, before: Row, after: Row) -> Row:
    """Beginning, end and length agree: of two that do not, the one that was given last counts."""
    made = _account_of(database, after)
    moved = after.get("ActivityDateTime") != before.get("ActivityDateTime")
    names = ("ActivityDateTime", "StartDateTime") if before and moved else ("StartDateTime", "ActivityDateTime")
    start = parsed(after.get(names[0]) or after.get(names[1]) or "")
    if start is None:
        return made
    end, minutes = parsed(after.get("EndDateTime") or ""), after.get("DurationInMinutes")
    if end is not None and (minutes is None or after["EndDateTime"] != before.get("EndDateTime")):
        minutes = int((end - start).total_seconds() // 60)
    elif minutes is None:
        minutes = 60
    if minutes < 0:
        raise ApiError("FIELD_INTEGRITY_EXCEPTION", "The event duration can't be negative.", ["DurationInMinutes"])
    made |= {"DurationInMinutes": minutes, "ActivityDate": start.date().isoformat()}
    if after.get("IsAllDayEvent"):
        return made
    end = start + timedelta(minutes=minutes)
    times = {"StartDateTime": start, "ActivityDateTime": start, "EndDateTime": end}
    return {**made, **{name: text_of(time) for name, time in times.items()}, "EndDate": end.date().isoformat()}


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
    """The campaign's own statuses decide who has responded; a status it does not have becomes its default one."""
    made: Row = {"LeadOrContactId": after.get("ContactId") or after.get("LeadId")}
    statuses = _statuses(database, after.get("CampaignId"))
    if statuses:
        default = next((label for label, is_default, _ in statuses if is_default), statuses[0][0])
        known = {label.casefold(): (label, responded) for label, _, responded in statuses}
        wanted = str(after.get("Status") or default).casefold()
        made["Status"], made["HasResponded"] = known.get(wanted, known[default.casefold()])
    else:
        made["HasResponded"] = int((after.get("Status") or "Sent") != "Sent")
    if made["HasResponded"] and not after.get("FirstRespondedDate"):
        made["FirstRespondedDate"] = after["SystemModstamp"][:10]
    return made


def _statuses(database: Database, campaign: str | None) -> list[tuple[str, int, int]]:
    """Label, default and responded of each status of a campaign; none where campaigns have none."""
    if "CampaignMemberStatus" not in _BY_NAME:
        return []
    rows = database.rows(_BY_NAME["CampaignMemberStatus"], "CampaignId = ? AND IsDeleted = 0", (campaign,))
    return [(row["Label"], row["IsDefault"], row["HasResponded"]) for row in rows]


def _case(database: Database, before: Row, after: Row) -> Row:
    closed = int(after.get("Status") == "Closed")
    made = {**_numbered(database, before, "CaseNumber"), "IsClosed": closed}
    if closed != int(bool(before.get("IsClosed"))):
        made["ClosedDate"] = after["SystemModstamp"] if closed else None
    return made


def _contract(database: Database, before: Row, after: Row) -> Row:
    return _numbered(database, before, "ContractNumber")


def _influence(database: Database, before: Row, after: Row) -> Row:
    """A campaign's share of a deal's amount."""
    deal: Row = database.row(_BY_NAME["Opportunity"], after["OpportunityId"]) or {}
    amount, influence = deal.get("Amount"), after.get("Influence")
    if amount is None or influence is None:
        return {"RevenueShare": None}
    return {"RevenueShare": round(amount * influence / 100, 2)}


def _set(database: Database, before: Row, after: Row) -> Row:
    return _numbered(database, before, "Name", "DuplicateRecordSet")


def _item(database: Database, before: Row, after: Row) -> Row:
    return _numbered(database, before, "Name", "DuplicateRecordItem")


def _numbered(database: Database, before: Row, field: str, series: str = "") -> Row:
    """An auto-number: 00000001, 00000002, ... for each series."""
    return {} if before else {field: f"{database.next_number(series or field):08d}"}


_DERIVATIONS: dict[str, Derive] = {
    "Contact": _reachable,
    "Lead": _person,
    "User": _person,
    "Opportunity": _opportunity,
    "Task": _task,
    "Event": _event,
    "CampaignMember": _member,
    "CampaignInfluence": _influence,
    "Case": _case,
    "Contract": _contract,
    "DuplicateRecordSet": _set,
    "DuplicateRecordItem": _item,
}
