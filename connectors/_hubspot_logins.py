"""Logins: the account's login history of the last 90 days, without addresses.

HubSpot filters it by user only, so each pull reads it whole; older logins stay in the store.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors._http import unreadable
from connectors._hubspot_cursor import Cursor
from connectors._hubspot_gateway import Gateway, results_of
from connectors._hubspot_operations import LOGINS
from connectors._hubspot_pages import Objects, next_after
from connectors._hubspot_parse import stamp
from connectors._hubspot_portal import Description
from connectors._hubspot_pull import begun
from model.batch import Batch, Page, Watermark
from model.streams import Value

READABLE = frozenset({"login_id", "logged_in_at", "type", "platform", "is_success", "country"})


def pull_logins(gateway: Gateway, description: Description, watermark: Watermark) -> Iterator[Page]:
    cursor: Cursor = begun(gateway, description, watermark)
    while cursor.step == 0:
        query = [("limit", str(LOGINS.most)), *([("after", cursor.after)] if cursor.after is not None else [])]
        reply = gateway.call(LOGINS, query=query)
        logins = results_of(gateway, reply)
        gateway.usage.needs("logins", max(len(logins), 1), most=LOGINS.most)
        cursor = cursor.at(next_after(gateway, reply, cursor.after))
        saved = cursor.end() if cursor.step else cursor.watermark(watermark)
        yield Page(_batch(gateway, logins), saved, is_full=False)


def _batch(gateway: Gateway, logins: Objects) -> Batch:
    moments = [stamp(login.get("loginAt")) for login in logins]
    if None in moments or not all(login.get("id") for login in logins):
        raise unreadable(gateway.name, "a login without id or time")
    columns: dict[str, list[Value]] = {
        "id": [str(login["id"]) for login in logins],
        "changed_at": list(moments),
        "created_at": list(moments),
        "login_id": [str(login["userId"]) if login.get("userId") else None for login in logins],
        "logged_in_at": list(moments),
        "type": ["app"] * len(logins),
        "platform": [_platform(login) for login in logins],
        "is_success": [bool(login.get("loginSucceeded")) for login in logins],
        "country": [str(login["countryCode"]).upper() if login.get("countryCode") else None for login in logins],
    }
    return Batch(gateway.name, "logins", columns, READABLE)


def _platform(login: Mapping[str, Any]) -> str | None:
    """Mobile or desktop, as far as the user agent tells."""
    agent = login.get("userAgent")
    if not isinstance(agent, str) or not agent:
        return None
    return "mobile" if any(word in agent for word in ("Mobile", "Android", "iPhone", "iPad")) else "desktop"
