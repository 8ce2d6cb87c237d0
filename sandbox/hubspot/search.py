"""The search of one object type: eventually consistent, 200 a page, 10,000 results at most."""

from __future__ import annotations

import json
from typing import Any

from sandbox.hubspot.call import Call, texts
from sandbox.hubspot.errors import bad_request
from sandbox.hubspot.filters import Clause, compiled, groups_of, sort_expression
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.store import SYSTEM, Row, column
from sandbox.hubspot.view import names_shown, record
from sandbox.wire import Response

MAX_BODY = 3_000
MAX_RESULTS = 10_000
PAGE_MAX = 200
_TOTALS_KEPT = 500
_ASCENDING = {"ASCENDING": "ASC", "DESCENDING": "DESC"}


def search_objects(call: Call, kind: str) -> Response:
    """`{total, results, paging?}`; `after` is an offset. Archived records are never found."""
    found = call.portal.kind(kind)
    body = call.body()
    _check_length(call.request.body, body)
    limit, offset = _bounds(body)
    where = asked(call.portal, found, body)
    order = ordered(call.portal, found, body.get("sorts"))
    names = names_shown(call.portal, found, texts(body.get("properties"), "properties"))
    index = Index(call.portal, found)
    total = index.count(where)
    rows = index.rows(where, order, names, limit, offset)
    answer: dict[str, Any] = {"total": total, "results": [record(names, row) for row in rows]}
    if rows and offset + len(rows) < total:
        answer["paging"] = {"next": {"after": str(offset + len(rows))}}
    return Response.of_json(answer)


class Index:
    """The records as the search sees them: without the writes of the last moments."""

    def __init__(self, portal: Portal, kind: Kind) -> None:
        self._portal = portal
        self._kind = kind
        self._lags = portal.store.sweep_index(kind, portal.clock.now_ms())

    def count(self, where: Clause) -> int:
        sql, parameters = where
        key = (self._kind.plural, sql, tuple(parameters), self._lags)
        known = self._portal.totals.get(key)
        if known is not None and known[0] == self._portal.writes and not self._lags:
            return known[1]
        total = self._counted(f"FROM {self._kind.plural} WHERE _archived = 0", where)
        if self._lags:
            # Live records less those the index sees as they were, plus these: no row of the table is compared.
            name = self._kind.plural
            changed = f"FROM {name} WHERE _id IN (SELECT _id FROM {name}_lag) AND +_archived = 0"
            total += self._counted(self._sources()[1], where) - self._counted(changed, where)
        if len(self._portal.totals) >= _TOTALS_KEPT:
            self._portal.totals.clear()
        self._portal.totals[key] = (self._portal.writes, total)
        return total

    def _counted(self, source: str, where: Clause) -> int:
        sql, parameters = where
        return int(self._portal.store.db.execute(f"SELECT COUNT(*) {source} AND ({sql})", parameters).fetchone()[0])

    def rows(self, where: Clause, order: tuple[str, str], names: list[str], limit: int, offset: int) -> list[Row]:
        """System columns and `names`, sorted; ties by id."""
        sql, parameters = where
        key, direction = order
        columns = ", ".join([*SYSTEM, *map(column, names)])
        # Missing values come last in both directions, as they do in a text index.
        nulls = [] if key in ("_id", "_created", "_updated") else [f"{key} IS NULL"]
        keys = [*nulls, f"{key} {direction}", f"_id {direction}"]
        sources = self._sources()
        if len(sources) == 1:
            text = f"SELECT {columns} {sources[0]} AND ({sql}) ORDER BY {', '.join(keys)} LIMIT ? OFFSET ?"
            return self._portal.store.db.execute(text, [*parameters, limit, offset]).fetchall()
        sorted_by = [key.removesuffix(f" {direction}") for key in keys]
        parts = [f"SELECT {columns}, {', '.join(sorted_by)} {source} AND ({sql})" for source in sources]
        place = len(SYSTEM) + len(names) + 1
        by = ", ".join(
            f"{place + n}{key.removeprefix(name)}" for n, (key, name) in enumerate(zip(keys, sorted_by, strict=True))
        )
        text = f"{' UNION ALL '.join(parts)} ORDER BY {by} LIMIT ? OFFSET ?"
        return self._portal.store.db.execute(text, [*parameters, *parameters, limit, offset]).fetchall()

    def _sources(self) -> list[str]:
        name = self._kind.plural
        if not self._lags:
            return [f"FROM {name} WHERE _archived = 0"]
        first = f"_visible = (SELECT MIN(_visible) FROM {name}_lag AS other WHERE other._id = {name}_lag._id)"
        return [
            f"FROM {name} WHERE _archived = 0 AND _id NOT IN (SELECT _id FROM {name}_lag)",
            f"FROM {name}_lag WHERE _archived = 0 AND {first}",
        ]


def _check_length(sent: bytes, body: dict[str, Any]) -> None:
    """400 for too long a search. The names of the properties to return do not count: taps in production send hundreds
    of them, though HubSpot's documentation speaks of the whole body."""
    if len(sent) > MAX_BODY:
        counted = json.dumps({name: value for name, value in body.items() if name != "properties"}, ensure_ascii=False)
        if len(counted) > MAX_BODY:
            raise bad_request(f"The request body is too large; a search takes at most {MAX_BODY} characters")


def _bounds(body: dict[str, Any]) -> tuple[int, int]:
    limit, after = body.get("limit", 10), body.get("after") or 0
    if isinstance(limit, str) and limit.isdecimal() and len(limit) < 6:
        limit = int(limit)
    if not isinstance(limit, int) or isinstance(limit, bool) or not 0 <= limit <= PAGE_MAX:
        raise bad_request(f"Invalid value for limit: must be between 0 and {PAGE_MAX}")
    if not str(after).isdecimal():
        raise bad_request(f"Invalid value for after: {str(after)[:50]!r} is not an offset")
    if int(after) + limit > MAX_RESULTS:
        raise bad_request(f"The total number of results to page through is limited to {MAX_RESULTS}")
    return limit, int(after)


def asked(portal: Portal, kind: Kind, body: dict[str, Any]) -> Clause:
    """The WHERE of the filters and the free text of a body."""
    sql, parameters = compiled(portal, kind, groups_of(body))
    query = body.get("query")
    if not query:
        return sql, parameters
    if not isinstance(query, str):
        raise bad_request("Invalid input JSON: `query` must be a string")
    looked_into = " OR ".join(f"has_token({column(name)}, ?)" for name in kind.asked) or "0"
    clauses, words = [f"({sql})"], query.split()
    for word in words:
        clauses.append(f"({looked_into})")
        parameters += [f"{word}*"] * len(kind.asked)
    return " AND ".join(clauses), parameters


def ordered(portal: Portal, kind: Kind, sorts: Any) -> tuple[str, str]:
    """The one sort there may be; oldest created first without one. A bare property name sorts ascending."""
    if not sorts:
        return "_created", "ASC"
    if not isinstance(sorts, list) or len(sorts) > 1:
        raise bad_request("Only one sort is allowed")
    sort = sorts[0] if isinstance(sorts[0], dict) else {"propertyName": str(sorts[0])}
    name, direction = str(sort.get("propertyName") or ""), str(sort.get("direction") or "ASCENDING")
    if direction not in _ASCENDING:
        raise bad_request(f"Invalid input JSON: unknown sort direction {direction!r}")
    return sort_expression(portal, kind, name.removeprefix("-")), "DESC" if name[:1] == "-" else _ASCENDING[direction]
