"""A Salesforce org small enough to be wrong in any way a test wants: records in pages of two, behind a token.

It shares no code with the sandbox, which is the second, independent opinion of what Salesforce does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from sandbox.wire import Request, Response

TOKEN = "00Dfake!token.word"
SECRET = "a-client-secret-nobody-may-see"
EMAIL = "ada.lovelace@private.example"
DATA = "/services/data/v65.0/"
PAGE = 2

Row = dict[str, Any]


def contact_rows(count: int) -> list[Row]:
    return [
        {
            "Id": f"003000000000{number:03}AAA",
            "LastName": f"Name {number}",
            "FirstName": None,
            "Email": EMAIL,
            "Phone": "+44 161 555 0100",
            "AccountId": None,
            "HasOptedOutOfEmail": False,
            "LastActivityDate": "2026-03-01",
            "IsDeleted": False,
            "MasterRecordId": None,
            "CreatedDate": "2026-01-01T00:00:00.000+0000",
            "LastModifiedDate": f"2026-02-01T00:00:{number:02}.000+0000",
            "SystemModstamp": f"2026-02-01T00:00:{number:02}.500+0000",
        }
        for number in range(1, count + 1)
    ]


_TYPES = {"LastActivityDate": "date", "Id": "id", "Amount": "currency", "Probability": "percent"}
_TYPES |= dict.fromkeys(("AnnualRevenue", "BudgetedCost", "ActualCost"), "currency")
_CHECKED = {bool: "boolean", int: "int", float: "double"}


def _type(name: str, values: list[Any]) -> str:
    """A describe's type for a field, by its name or its values."""
    value = next((value for value in values if value is not None), None)
    text = value if isinstance(value, str) else ""
    if name in _TYPES or (name.endswith("Id") and not isinstance(value, int)):
        return _TYPES.get(name, "reference")
    if re.fullmatch(r"\d{4}-\d\d-\d\d(T.*)?", text):
        return "datetime" if "T" in text else "date"
    return _CHECKED.get(type(value), "string")


@dataclass
class FakeOrg:
    """An App for the sandbox's Listener. Change `rows` or the switches at any moment."""

    system: str = "salesforce"
    rows: list[Row] = field(default_factory=lambda: contact_rows(5))
    others: dict[str, list[Row]] = field(default_factory=dict)  # rows of further objects, by their name
    hidden: set[str] = field(default_factory=set)  # fields describe does not show and queries refuse
    logins: int = 0
    extra: dict[str, Any] = field(default_factory=dict)  # unknown members of every answer and record
    queries: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    cursors: dict[str, tuple[list[Row], int]] = field(default_factory=dict)
    token_answer: dict[str, Any] = field(default_factory=dict)
    forms: list[dict[str, str]] = field(default_factory=list)

    def handle(self, request: Request) -> Response:
        if request.path.endswith("/oauth2/token"):
            return self._token(request)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return error(401, "INVALID_SESSION_ID", "Session expired or invalid")
        self.headers.append(dict(request.headers))
        path = request.path.removeprefix(DATA)
        if path.endswith("/describe"):
            return self._describe(path.split("/")[1])
        if path.rstrip("/") in ("query", "queryAll"):
            return self._query(request.first("q") or "", everything=path.startswith("queryAll"))
        if path.startswith("query/"):
            return self._more(path.removeprefix("query/"))
        return error(404, "NOT_FOUND", "The requested resource does not exist")

    def _token(self, request: Request) -> Response:
        self.logins += 1
        self.forms.append(request.form())
        answer = {"access_token": TOKEN, "instance_url": request.host, "id": f"{request.host}/id/00Dx/005x"}
        return Response.of_json({**answer, "token_type": "Bearer", **self.token_answer})

    def _objects(self) -> dict[str, list[Row]]:
        return {"Contact": self.rows, **self.others}

    def _describe(self, sobject: str) -> Response:
        rows = self._objects().get(sobject)
        if rows is None:
            return error(404, "NOT_FOUND", "The requested resource does not exist")
        fields = [
            {
                "name": name,
                "type": _type(name, [row[name] for row in rows]),
                "length": 80,
                "updateable": True,
                "nillable": True,
            }
            for name in rows[0]
            if name not in self.hidden
        ]
        return Response.of_json({"name": sobject, "fields": fields, **self.extra})

    def _query(self, soql: str, *, everything: bool) -> Response:
        self.queries.append(soql)
        found = re.fullmatch(r"SELECT (.+?) FROM (\w+)(?: WHERE (.+?))?(?: ORDER BY ([\w, ]+))?", soql)
        assert found, soql
        columns, sobject, where, order = found.groups()
        asked = columns.split(", ")
        for name in asked:
            if name in self.hidden:
                return error(
                    400, "INVALID_FIELD", f"\nSELECT {name}\n^\nNo such column '{name}' on entity '{sobject}'."
                )
        if sobject not in self._objects():
            return error(400, "INVALID_TYPE", f"\nsObject type '{sobject}' is not supported.")
        rows = [row for row in self._objects()[sobject] if (everything or not row.get("IsDeleted"))]
        rows = [row for row in rows if self._holds(row, where)]
        if columns == "COUNT()":
            return Response.of_json({"totalSize": len(rows), "done": True, "records": []})
        rows.sort(key=lambda row: [str(row[name]) for name in (order or "Id").split(", ")])
        picked = [{"attributes": {"type": sobject}, **{n: row[n] for n in asked}, **self.extra} for row in rows]
        cursor = f"01gfake{len(self.queries)}"
        self.cursors[cursor] = (picked, len(picked))
        return self._page(cursor, 0)

    def _holds(self, row: Row, where: str | None) -> bool:
        return all(self._fits(row, *term.split(" ", 2)) for term in (where.split(" AND ") if where else ()))

    def _fits(self, row: Row, name: str, operator: str, literal: str) -> bool:
        value = str(row[name])
        semi_join = re.fullmatch(r"\(SELECT Id FROM (\w+) WHERE (.+)\)", literal)
        if semi_join:
            parents = self._objects()[semi_join[1]]
            return value in {parent["Id"] for parent in parents if self._holds(parent, semi_join[2])}
        if operator == "IN":
            return value in literal
        if operator == "=":
            return value.lower() == literal.strip("'").lower()
        if operator == ">":
            return value > literal.strip("'")
        return value[:19] >= literal.strip("'")[:19]

    def _more(self, locator: str) -> Response:
        cursor, _, start = locator.partition("-")
        if cursor not in self.cursors:
            return error(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(cursor, int(start))

    def _page(self, cursor: str, start: int) -> Response:
        rows, total = self.cursors[cursor]
        done = start + PAGE >= len(rows)
        answer: dict[str, Any] = {"totalSize": total, "done": done, "records": rows[start : start + PAGE], **self.extra}
        if not done:
            answer["nextRecordsUrl"] = f"{DATA}query/{cursor}-{start + PAGE}"
        return Response.of_json(answer, headers={"Sforce-Limit-Info": f"api-usage={len(self.headers)}/100000"})


def error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    return Response.of_json([{"errorCode": code, "message": message, "fields": []}], status, headers)
