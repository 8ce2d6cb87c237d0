"""The handlers of /query and /queryAll: a query, its next pages, and how it would be run."""

from __future__ import annotations

import re

from sandbox.salesforce.bounds import at_most
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.org import Call, Org
from sandbox.salesforce.queries import PAGE
from sandbox.salesforce.query_columns import columns
from sandbox.wire import Response, Routes

MIN_PAGE = 200


class QueryResources:
    """Both resources of one org."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def add_to(self, routes: Routes, base: str) -> None:
        routes.add("GET", f"{base}/query", self.query)
        routes.add("GET", f"{base}/query/{{locator}}", self.more)
        routes.add("GET", f"{base}/queryAll", self.query_all)
        routes.add("GET", f"{base}/queryAll/{{locator}}", self.more)

    def query(self, call: Call) -> Response:
        if explained := call.request.first("explain"):
            return Response.of_json(self._org.queries.explain(explained, call.actor.user_id))
        return self._run(call, include_deleted=False)

    def query_all(self, call: Call) -> Response:
        return self._run(call, include_deleted=True)

    def more(self, call: Call, locator: str) -> Response:
        """Other query parameters are ignored: some clients send their whole query again."""
        return Response.of_json(self._org.queries.more(locator, call.version, _batch_size(call)))

    def _run(self, call: Call, *, include_deleted: bool) -> Response:
        text = call.request.first("q")
        if not text or not text.strip():
            raise ApiError("MALFORMED_QUERY", "A query string has to be specified")
        size, user = _batch_size(call) or PAGE, call.actor.user_id
        if (call.request.first("columns") or "").lower() == "true":
            return Response.of_json(columns(self._org.queries.plan(text, user_id=user)))
        found = self._org.queries.run(text, call.version, size=size, include_deleted=include_deleted, user_id=user)
        return Response.of_json(found)


def _batch_size(call: Call) -> int | None:
    """The page size the client asks for, within the bounds there are."""
    found = re.search(r"batchSize\s*=\s*(\d+)", call.header("Sforce-Query-Options") or "", re.IGNORECASE)
    return max(at_most(found.group(1), PAGE), MIN_PAGE) if found else None
