"""SOQL against an oracle: random conditions find exactly the rows that a plain Python predicate finds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.salesforce import SalesforceApp
from sandbox.wire import Request

Row = dict[str, Any]
Predicate = Callable[[Row], bool]
Condition = tuple[str, Predicate]

NAMES = ("ann", "Bob", "Zoë", "100%", "o'neil", "a_b", "back\\slash", "two\nlines")
ROWS: list[Row] = [
    {"LastName": name, "Title": title, "DoNotCall": flag, "Birthdate": day}
    for number, name in enumerate(NAMES)
    for title, flag, day in [((None, "boss", "Boss")[number % 3], number % 2 == 0, (None, "1990-05-01")[number % 2])]
]


class Api:
    """The query resource of one org, without a socket in between."""

    def __init__(self) -> None:
        self.app = SalesforceApp()
        form = b"grant_type=client_credentials&client_id=sandbox-client&client_secret=sandbox-secret"
        answer = self.app.handle(Request.make("POST", "/services/oauth2/token", {}, form, "http://x"))
        self._headers = {"Authorization": f"Bearer {json.loads(answer.body)['access_token']}"}
        for row in ROWS:
            self.app.create("Contact", **row)

    def query(self, soql: str) -> tuple[int, Any]:
        target = f"/services/data/v60.0/query?q={quote(soql)}"
        answer = self.app.handle(Request.make("GET", target, self._headers, b""))
        return answer.status, json.loads(answer.body) if answer.status < 500 and answer.status != 414 else None


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    opened = Api()
    yield opened
    opened.app.close()


def quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


def equal(field: str, value: str | None) -> Predicate:
    def holds(row: Row) -> bool:
        own = row[field]
        return own is None if value is None else own is not None and own.casefold() == value.casefold()

    return holds


@st.composite
def leaves(draw: st.DrawFn) -> Condition:
    field = draw(st.sampled_from(["LastName", "Title"]))
    value = draw(st.sampled_from([*NAMES, "BOB", "zoË", "boss", "nobody", None]))
    literal = "null" if value is None else quoted(value)
    same = equal(field, value)
    kind = draw(st.sampled_from(["=", "!=", "in", "not in", "flag", "date", "contains"]))
    if kind == "flag":
        return "DoNotCall = TRUE", lambda row: bool(row["DoNotCall"])
    if kind == "date":
        return "Birthdate >= 1990-01-01", lambda row: row["Birthdate"] is not None
    if kind == "contains":
        return f"{field} LIKE '%o%'", lambda row: "o" in (row[field] or "").casefold()
    if kind == "in":
        return f"{field} IN ({literal}, 'ANN')", lambda row: same(row) or equal(field, "ann")(row)
    if kind == "not in":
        return f"{field} NOT IN ({literal}, 'ANN')", lambda row: not (same(row) or equal(field, "ann")(row))
    return f"{field} {kind} {literal}", (lambda row: not same(row)) if kind == "!=" else same


def joined(parts: list[Condition], word: str) -> Condition:
    holds = all if word == "AND" else any
    return f" {word} ".join(f"({text})" for text, _ in parts), lambda row: holds(p(row) for _, p in parts)


def negated(part: Condition) -> Condition:
    return f"NOT ({part[0]})", lambda row: not part[1](row)


conditions = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        inner.map(negated), st.builds(joined, st.lists(inner, min_size=2, max_size=3), st.sampled_from(["AND", "OR"]))
    ),
    max_leaves=8,
)
module_api = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)


@module_api
@given(condition=conditions)
def test_condition_finds_what_the_predicate_finds(api: Api, condition: Condition) -> None:
    text, predicate = condition
    status, body = api.query(f"SELECT LastName FROM Contact WHERE {text}")
    assert status == 200, body
    assert [r["LastName"] for r in body["records"]] == [row["LastName"] for row in ROWS if predicate(row)]


WORDS = st.sampled_from(
    ["SELECT", "FROM", "WHERE", "Contact", "Id", "(", ")", ",", "=", "'x'", "NOT", "IN", "AND", "OR", "COUNT", "1",
     "null", "Account.Name", "GROUP BY", "ORDER BY", "LIMIT", "LIKE", "TODAY", "LAST_N_DAYS:3", "2026-01-01", "\\",
     "'", "--", ";"]
)  # fmt: skip


@module_api
@given(words=st.lists(WORDS, max_size=14), junk=st.text(max_size=8))
def test_any_text_is_answered_or_refused_never_failed(api: Api, words: list[str], junk: str) -> None:
    for text in (f"SELECT Id FROM Contact WHERE {' '.join(words)}", f"{' '.join(words)}{junk}"):
        status, body = api.query(text.encode("utf-8", "replace").decode())
        assert status in (200, 400)
        assert status == 200 or body[0].keys() == {"message", "errorCode"}
