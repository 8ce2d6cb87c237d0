"""A HubSpot portal small enough to be wrong in any way a test wants: contacts in pages of two, behind a fixed token.

It shares no code with the sandbox, which is the second, independent opinion of what HubSpot does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.wire import Request, Response
from tests.connectors import fake_records as records

TOKEN = "pat-na1-token-nobody-may-see"
EMAIL = "ada.lovelace@private.example"
PAGE = 2
DATE = "Sun, 01 Nov 2026 12:00:00 GMT"
OBJECTS = "/crm/objects/2026-03/contacts"
SUBMISSIONS = "/form-integrations/v1/submissions/forms"
_ROUTE = re.compile(r"/crm/(?P<area>objects|properties|associations)/2026-03/(?P<kind>\w+)(?P<tail>/[\w/]+)?")
_SMALL: dict[str, Callable[[int], records.Row]] = {
    "/crm/owners/2026-03": records.owner,
    "/marketing/v3/forms": records.form,
    "/account-info/2026-03/activity/login": records.login,
}
TYPES = {
    "email": "string",
    "firstname": "string",
    "hs_email_optout": "bool",
    "notes_last_updated": "datetime",
    "lastmodifieddate": "datetime",
}

Row = dict[str, Any]


def contact_rows(count: int) -> list[Row]:
    return [
        {
            "id": str(number),
            "properties": {
                "email": EMAIL,
                "firstname": f"Name {number}",
                "hs_email_optout": "true",
                "notes_last_updated": "2026-03-01T10:00:00.000Z",
                "lastmodifieddate": f"2026-02-01T00:00:{number:02}.500Z",
            },
            "createdAt": "2026-01-01T00:00:00.000Z",
            "updatedAt": f"2026-02-01T00:00:{number:02}.500Z",
            "archived": False,
        }
        for number in range(1, count + 1)
    ]


@dataclass
class FakePortal:
    """An App for the sandbox's Listener. Change `rows` or the switches at any moment."""

    system: str = "hubspot"
    rows: list[Row] = field(default_factory=lambda: contact_rows(5))
    archived: list[Row] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)  # unknown members of every answer and record
    headers: dict[str, str] = field(default_factory=dict)
    bodies: list[dict[str, Any]] = field(default_factory=list)

    def handle(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return error(401, "INVALID_AUTHENTICATION", "Authentication credentials not found")
        found = _ROUTE.fullmatch(request.path)
        kind = found["kind"] if found else ""
        if found and found["area"] == "properties":
            return self._properties(kind)
        if found and found["area"] == "objects" and found["tail"] == "/search":
            return self._search(kind, request.json())
        if found and found["area"] == "objects" and found["tail"] == "/batch/read":
            wanted = {str(entry["id"]) for entry in request.json()["inputs"]}
            read = [records.with_history(row) for row in self._rows(kind) if row["id"] in wanted]
            return self._answer({"status": "COMPLETE", "results": read})
        if found and found["area"] == "objects" and request.method == "GET" and not found["tail"]:
            return self._list(kind, request)
        if found and found["area"] == "associations":
            answered = [records.link(str(entry["id"]), str(entry["id"])) for entry in request.json()["inputs"]]
            return self._answer({"results": answered, "status": "COMPLETE"})
        if request.path == "/account-info/2026-09/details":
            return self._answer({"portalId": 1, "timeZone": "Europe/Berlin", "companyCurrency": "EUR"})
        return self._small(request)

    def _small(self, request: Request) -> Response:
        """What is no object: owners, pipelines, forms, submissions, logins, in pages by offset."""
        if request.path == "/crm/pipelines/2026-03/deals":
            stages = [records.stage(number) for number in range(1, records.COUNT + 1)]
            return self._answer({"results": [{"id": "p", "label": "Sales", "archived": False, "stages": stages}]})
        make = _SMALL.get(request.path)
        if request.path.startswith(f"{SUBMISSIONS}/"):
            make = records.submission if request.path == f"{SUBMISSIONS}/f1" else None
            if make is None:
                return self._answer({"results": []})
        if make is None:
            return error(404, "OBJECT_NOT_FOUND", "resource not found")
        rows = [] if request.first("archived") == "true" else [make(number) for number in range(1, records.COUNT + 1)]
        start = int(request.first("after") or 0)
        answer: dict[str, Any] = {"results": rows[start : start + PAGE]}
        if start + PAGE < len(rows):
            answer["paging"] = {"next": {"after": str(start + PAGE)}}
        return self._answer(answer)

    def _properties(self, kind: str) -> Response:
        types = TYPES if kind == "contacts" else records.PROPERTIES.get(kind)
        if types is None:
            return error(404, "OBJECT_NOT_FOUND", "resource not found")
        return self._answer({"results": [{"name": name, "type": of, **self.extra} for name, of in types.items()]})

    def _rows(self, kind: str) -> list[Row]:
        return self.rows if kind == "contacts" else records.rows_of(kind)

    def _list(self, kind: str, request: Request) -> Response:
        archived = self.archived if kind == "contacts" else []
        rows = archived if request.first("archived") == "true" else self._rows(kind)
        if request.first("propertiesWithHistory"):
            rows = [records.with_history(row) for row in rows]
        after = int(request.first("after") or 0)
        rest = [row for row in rows if int(row["id"]) >= after]
        answer: dict[str, Any] = {"results": [{**row, **self.extra} for row in rest[:PAGE]]}
        if len(rest) > PAGE:
            following = rest[PAGE]["id"]
            link = f"{request.host}{OBJECTS}?after={following}"
            answer["paging"] = {"next": {"after": following, "link": link}}
        return self._answer(answer)

    def _search(self, kind: str, body: dict[str, Any]) -> Response:
        self.bodies.append(body)
        filters = [one for group in body["filterGroups"] for one in group["filters"]]
        last = next((int(one["value"]) for one in filters if one["propertyName"] == "hs_object_id"), 0)
        found = [row for row in self._rows(kind) if int(row["id"]) > last]
        shown = found[: int(body["limit"])]
        return self._answer({"total": len(found), "results": [{**row, **self.extra} for row in shown]})

    def _answer(self, body: dict[str, Any]) -> Response:
        return Response.of_json({**body, **self.extra}, headers={"Date": DATE, **self.headers})


def error(status: int, category: str, message: str, **more: Any) -> Response:
    return Response.of_json({"status": "error", "category": category, "message": message, **more}, status)


def error_text(category: str, message: str, **more: Any) -> str:
    return json.dumps({"status": "error", "category": category, "message": message, **more})
