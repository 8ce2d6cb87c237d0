"""What `check` says about an org: who we are there, what we may read and write, how much of the day is used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors._salesforce_client import NO_SOAP, Client
from connectors._salesforce_parts import PARTS, WRITABLE
from connectors._salesforce_schema import Schema
from connectors._salesforce_selection import Selection
from connectors.connector import Access
from model.errors import ConnectorError, NotPermitted, Rejected

# Below this share of the daily allowance left, a person should know before a run.
_LOW_SHARE = 0.1


def check_org(client: Client, schema: Schema, streams: Sequence[str], external_id: str) -> Access:
    """One fact per line; AuthFailed when we cannot log in."""
    problem = client.login.problem()
    if problem:
        return Access("not logged in", (), (problem,))
    facts: list[str] = [f"API version {client.api_version}"]
    problems: list[str] = []
    identity = _identity(client)
    _add_user(client, facts)
    for stream in streams:
        _add_stream(schema, stream, facts, problems)
    facts.append(_soap_fact(client))
    _add_keys(schema, streams, external_id, facts)
    _add_limits(client, facts, problems)
    return Access(identity, tuple(facts), tuple(problems))


def _identity(client: Client) -> str:
    try:
        rows = client.rows("SELECT Name, OrganizationType, IsSandbox, InstanceName FROM Organization", {}, kind="check")
    except (NotPermitted, Rejected):
        rows = []
    if not rows:
        return "a Salesforce org whose name this user may not read"
    kind = "sandbox" if rows[0].get("IsSandbox") else "production"
    details = [str(rows[0][name]) for name in ("OrganizationType", "InstanceName") if rows[0].get(name)]
    return f"{rows[0].get('Name')} ({', '.join([*details, kind])})"


def _add_user(client: Client, facts: list[str]) -> None:
    user_id = client.user_id
    if not user_id.isalnum():
        return
    try:
        rows = client.rows("SELECT Username, IsActive FROM User WHERE Id = {id}", {"id": user_id}, kind="check")
    except (NotPermitted, Rejected):
        rows = []
    facts.append(f"user {rows[0].get('Username')}" if rows else f"user {user_id}")


def _add_stream(schema: Schema, stream: str, facts: list[str], problems: list[str]) -> None:
    try:
        selections, gaps = schema.selections(stream)
    except NotPermitted as error:
        problems.append(f"{stream}: {error}")
        return
    facts.extend(_stream_fact(stream, selection) for selection in selections)
    facts.extend(gaps)


def _stream_fact(stream: str, selection: Selection) -> str:
    own = [selection.sobject.field(api) or {} for api in selection.remote.values()]
    text = f"{stream}: {selection.sobject.name}, {len(own)} mapped fields readable"
    if stream in WRITABLE:
        text += f", {sum(field.get('updateable') is True for field in own)} of them updateable"
    total = len(selection.sobject.fields)
    return f"{text} ({total} fields visible to this user)"


def _soap_fact(client: Client) -> str:
    return "merges, conversions and restores: possible, by SOAP" if client.has_soap else NO_SOAP


def _add_keys(schema: Schema, streams: Sequence[str], external_id: str, facts: list[str]) -> None:
    """Which objects lack the field by which a new record is found again."""
    lacking = []
    for stream in WRITABLE:
        if stream in streams:
            try:
                sobject = schema.sobject(PARTS[stream][0].sobject)
            except NotPermitted:
                continue  # told already
            if (sobject.field(external_id) or {}).get("externalId") is not True:
                lacking.append(sobject.name)
    if lacking:
        facts.append(
            f"no external id {external_id} on {', '.join(lacking)}: new records of these are found again by e-mail "
            "address, accounts by name and website; with a text field of that name, marked as External ID and Unique, "
            "none can be made twice"
        )


def _add_limits(client: Client, facts: list[str], problems: list[str]) -> None:
    try:
        limits: Any = client.get("limits", kind="check")
        daily = limits["DailyApiRequests"]
        most, left = int(daily["Max"]), int(daily["Remaining"])
    except (ConnectorError, KeyError, TypeError, ValueError):
        facts.append("daily API calls: not told to this user")
        return
    facts.append(f"daily API calls: {most - left:,} of {most:,} used, {left:,} left")
    if left < most * _LOW_SHARE:
        problems.append(f"only {left:,} of {most:,} API calls are left for today; a run may stop before its end")
