"""What an org says about itself: versions, resources, limits, record counts and who is asking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.salesforce.bounds import at_most
from sandbox.salesforce.bulk import Bulk
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.org import NEWEST, OLDEST, Call, Org
from sandbox.salesforce.recent import MAX_RECENT, recent_items
from sandbox.salesforce.usage import limits
from sandbox.wire import Request, Response, Routes

_SEASONS = ("Winter", "Spring", "Summer")
_RESOURCES = ("sobjects", "query", "queryAll", "search", "parameterizedSearch", "recent", "limits", "composite", "jobs")


def versions() -> Response:
    """Every version served; v65 is Winter '26 and three come each year."""
    listed = []
    for number in range(OLDEST, NEWEST + 1):
        year, season = divmod(number - 65, 3)
        label = f"{_SEASONS[season]} '{26 + year}"
        listed.append({"label": label, "url": f"/services/data/v{number}.0", "version": f"{number}.0"})
    return Response.of_json(listed)


class Overview:
    """The handlers that only tell."""

    def __init__(self, org: Org, bulk: Bulk) -> None:
        self._org = org
        self._bulk = bulk
        self._last: dict[str, tuple[int, Any]] = {}  # what was told when

    def add_to(self, routes: Routes, base: str) -> None:
        routes.add("GET", base, self.resources)
        routes.add("GET", f"{base}/limits", self.limits)
        routes.add("GET", f"{base}/limits/recordCount", self.record_count)
        routes.add("GET", f"{base}/recent", self.recent)

    def resources(self, call: Call) -> Response:
        base = f"/services/data/v{call.version}"
        return Response.of_json(
            {**{name: f"{base}/{name}" for name in _RESOURCES}, "identity": self.identity_url(call)}
        )

    def recent(self, call: Call) -> Response:
        """The records the user last worked on, of all objects."""
        limit = call.request.first("limit") or str(MAX_RECENT)
        if not limit.isdecimal():
            raise ApiError("INVALID_QUERY_FILTER_OPERATOR", f"The limit must be a number, not {limit}")
        items = recent_items(self._org, call, self._org.schema, at_most(limit, MAX_RECENT))
        return Response.of_json(items)

    def identity_url(self, call: Call) -> str:
        return f"{call.request.host}/id/{self._org.org_id}/{call.actor.user_id}"

    def limits(self, call: Call) -> Response:
        used = {"DailyApiRequests": (self._org.settings.daily_limit, self._org.usage.used()), **self._bulk.usage()}
        return Response.of_json(self._told("", lambda: limits(used)))

    def record_count(self, call: Call) -> Response:
        """Live rows of each object asked for, of all when none is named; unknown names are left out."""
        wanted = [name.strip() for name in (call.request.first("sObjects") or "").split(",") if name.strip()]
        chosen = [d for name in wanted if (d := self._org.schema.find(name))] if wanted else list(self._org.schema)
        stale = self._org.settings.stale_counts
        counts = {one.name: stale.get(one.name, self._count(one)) for one in chosen}
        return Response.of_json({"sObjects": [{"count": count, "name": name} for name, count in counts.items()]})

    def _count(self, declared: SObject) -> int:
        return int(self._told(declared.name, lambda: self._org.database.count(declared)))

    def _told(self, name: str, tell: Callable[[], Any]) -> Any:
        """What was told last, unless that is older than the org allows."""
        now_ms = self._org.clock.now_ms()
        at_ms, told = self._last.get(name, (0, None))
        if now_ms - at_ms >= self._org.settings.told_after_s * 1000:
            told = tell()
            self._last[name] = now_ms, told
        return told


def identity(org: Org, request: Request, user_id: str) -> Response:
    """/id/{org}/{user} and /services/oauth2/userinfo, which share most of their keys."""
    row = org.database.row(org.schema.get("User"), user_id)
    if row is None:
        raise ApiError("NOT_FOUND", "The requested resource does not exist")
    url = f"{request.host}/id/{org.org_id}/{user_id}"
    services = f"{request.host}/services"
    return Response.of_json(
        {
            "id": url,
            "sub": url,
            "asserted_user": True,
            "user_id": user_id,
            "organization_id": org.org_id,
            "username": row["Username"],
            "preferred_username": row["Username"],
            "nick_name": row["Alias"],
            "nickname": row["Alias"],
            "display_name": row["Name"],
            "name": row["Name"],
            "email": row["Email"],
            "email_verified": True,
            "first_name": row["FirstName"],
            "given_name": row["FirstName"],
            "last_name": row["LastName"],
            "family_name": row["LastName"],
            "timezone": row["TimeZoneSidKey"],
            "zoneinfo": row["TimeZoneSidKey"],
            "active": bool(row["IsActive"]),
            "user_type": (row["UserType"] or "Standard").upper(),
            "language": "en_US",
            "locale": row["LocaleSidKey"],
            "utcOffset": 0,
            "last_modified_date": row["LastModifiedDate"],
            "urls": {
                "rest": f"{services}/data/v{{version}}/",
                "sobjects": f"{services}/data/v{{version}}/sobjects/",
                "query": f"{services}/data/v{{version}}/query/",
                "partner": f"{services}/Soap/u/{{version}}/{org.org_id[:15]}",
                "profile": f"{request.host}/{user_id}",
            },
        }
    )
