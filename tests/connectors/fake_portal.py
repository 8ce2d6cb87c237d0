"""A HubSpot portal small enough to be wrong in any way a test wants: contacts in pages of two, behind a fixed token.

It shares no code with the sandbox, which is the second, independent opinion of what HubSpot does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from sandbox.wire import Request, Response

TOKEN = "pat-na1-token-nobody-may-see"
EMAIL = "ada.lovelace@private.example"
PAGE = 2
DATE = "Sun, 01 Nov 2026 12:00:00 GMT"
OBJECTS = "/crm/objects/2026-03/contacts"
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
        if request.method == "GET" and request.path == OBJECTS:
            return self._list(request)
        if request.path == f"{OBJECTS}/search":
            return self._search(request.json())
        if request.path == "/crm/properties/2026-03/contacts":
            return self._answer(
                {"results": [{"name": name, "type": kind, **self.extra} for name, kind in TYPES.items()]}
            )
        if request.path == "/account-info/2026-09/details":
            return self._answer({"portalId": 1, "timeZone": "Europe/Berlin", "companyCurrency": "EUR"})
        return error(404, "OBJECT_NOT_FOUND", "resource not found")

    def _list(self, request: Request) -> Response:
        rows = self.archived if request.first("archived") == "true" else self.rows
        after = int(request.first("after") or 0)
        rest = [row for row in rows if int(row["id"]) >= after]
        answer: dict[str, Any] = {"results": [{**row, **self.extra} for row in rest[:PAGE]]}
        if len(rest) > PAGE:
            following = rest[PAGE]["id"]
            link = f"{request.host}{OBJECTS}?after={following}"
            answer["paging"] = {"next": {"after": following, "link": link}}
        return self._answer(answer)

    def _search(self, body: dict[str, Any]) -> Response:
        self.bodies.append(body)
        filters = [one for group in body["filterGroups"] for one in group["filters"]]
        last = next((int(one["value"]) for one in filters if one["propertyName"] == "hs_object_id"), 0)
        found = [row for row in self.rows if int(row["id"]) > last]
        return self._answer({"total": len(found), "results": [{**row, **self.extra} for row in found[:PAGE]]})

    def _answer(self, body: dict[str, Any]) -> Response:
        return Response.of_json({**body, **self.extra}, headers={"Date": DATE, **self.headers})


def error(status: int, category: str, message: str, **more: Any) -> Response:
    return Response.of_json({"status": "error", "category": category, "message": message, **more}, status)


def error_text(category: str, message: str, **more: Any) -> str:
    return json.dumps({"status": "error", "category": category, "message": message, **more})
