"""Handlers for what happened in the account: audit log, logins, security actions."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.audit import AUDIT, LOGINS, SECURITY
from sandbox.hubspot.call import Call
from sandbox.hubspot.errors import HubspotError, bad_request
from sandbox.hubspot.journal import Journal, Wanted
from sandbox.hubspot.people import People, Person
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.values import natural, stamp
from sandbox.wire import Response

PAGE_MAX = 200
LOGINS_KEPT_MS = 90 * 86_400_000
_SORTS = ("occurredAt", "-occurredAt")


def audit_logs(call: Call) -> Response:
    """Actions of users and apps, newest first; 403 unless the account is an Enterprise one."""
    if call.limiter.limits.tier != "enterprise":
        raise HubspotError(
            403, "This account does not have access to audit logs: they need an Enterprise subscription.",
            "USER_DOES_NOT_HAVE_PERMISSIONS",
        )  # fmt: skip
    sort = call.request.first("sort") or "-occurredAt"
    if sort not in _SORTS:
        raise bad_request(f"Invalid value for sort: expected one of {', '.join(_SORTS)}")
    users = _numbers(call, "actingUserId")
    wanted = Wanted(users, None, call.moment("occurredAfter", ""), call.moment("occurredBefore", "~"))
    emails = {user["id"]: user["email"] for user in People(call.portal).users()}

    def shown(at: str, who: int | None, body: dict[str, Any]) -> dict[str, Any]:
        acting = {"userId": who, "userEmail": emails.get(str(who))}
        return {**body, "occurredAt": at, "actingUser": {name: v for name, v in acting.items() if v is not None}}

    return _page(call, AUDIT, wanted, shown, oldest_first=sort == "occurredAt")


def logins(call: Call) -> Response:
    """Attempts to log in of the last 90 days, newest first."""
    since = stamp(call.portal.clock.now_ms() - LOGINS_KEPT_MS)
    wanted = Wanted(_numbers(call, "userId"), None, since)
    return _page(call, LOGINS, wanted, lambda at, who, body: {**body, "loginAt": at, "userId": who})


def logged_in(portal: Portal, user: Person, succeeded: bool) -> None:
    """Write an attempt to log in down."""
    body = {
        "email": user["email"],
        "loginSucceeded": succeeded,
        "ipAddress": "127.0.0.1",
        "userAgent": "Mozilla/5.0",
        "countryCode": "us",
        "regionCode": "ma",
    }
    Journal(portal.store).append(LOGINS, portal.now(), int(user["id"]), body)


def security(call: Call) -> Response:
    """Actions that touch the security of the account, newest first."""
    since, until = call.moment("fromTimestamp", ""), call.moment("toTimestamp", "~")
    wanted = Wanted(_numbers(call, "userId"), None, since, until)
    return _page(call, SECURITY, wanted, lambda at, who, body: {**body, "createdAt": at, "userId": who})


def _page(call: Call, shelf: str, wanted: Wanted, shown: Any, *, oldest_first: bool = False) -> Response:
    limit = call.whole("limit", 100, 1, PAGE_MAX)
    rows = Journal(call.portal.store).page(
        shelf, wanted, limit + 1, after=call.after() or None, oldest_first=oldest_first
    )
    body: dict[str, Any] = {
        "results": [{"id": str(key), **shown(at, who, item)} for key, at, who, item in rows[:limit]]
    }
    if len(rows) > limit:
        body["paging"] = call.next_page(str(rows[limit - 1][0]))
    return Response.of_json(body)


def _numbers(call: Call, name: str) -> list[int]:
    found = [natural(one) for one in call.names(name)]
    if None in found:
        raise bad_request(f"Invalid value for {name}: expected a user id")
    return [one for one in found if one is not None]
