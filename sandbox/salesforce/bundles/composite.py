"""/composite: up to 25 requests, each of which may use the answers of those before it."""

from __future__ import annotations

import re
from typing import Any

from sandbox.salesforce.bundles.subrequests import Answer, Result, Subrequests, check_parts, failed, halted
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.org import Call, Org
from sandbox.salesforce.outcomes import RolledBack
from sandbox.wire import Response, Routes

LIMIT = 25
MAX_COSTLY = 5  # queries and collections
_COSTLY = re.compile(r"/(query(All)?|composite/sobjects)(/|\?|$)", re.IGNORECASE)


class Composite:
    """The handler of /composite; `answer` handles one request within."""

    def __init__(self, org: Org, answer: Answer) -> None:
        self._org = org
        self._answer = answer

    def add_to(self, routes: Routes, base: str) -> None:
        routes.add("POST", f"{base}/composite", self.composite)

    def composite(self, call: Call) -> Response:
        """Always 200 when the whole is well-formed; each result has its own status.

        Subrequests run in the order given, which `collateSubrequests` allows but does not ask for.
        """
        body = call.json_object()
        parts = body.get("compositeRequest")
        if not isinstance(parts, list) or not parts:
            raise ApiError("INVALID_INPUT", "The request body needs a list called compositeRequest.")
        if len(parts) > LIMIT:
            raise ApiError("LIMIT_EXCEEDED", f"A composite request has at most {LIMIT} subrequests.")
        check_parts(parts, call.number)
        if sum(bool(_COSTLY.search(str(part["url"]))) for part in parts) > MAX_COSTLY:
            message = f"A composite request has at most {MAX_COSTLY} queries and collections."
            raise ApiError("LIMIT_EXCEEDED", message)
        results = self._results(call, parts, all_or_none=body.get("allOrNone") is True)
        return Response.of_json({"compositeResponse": results})

    def _results(self, call: Call, parts: list[dict[str, Any]], *, all_or_none: bool) -> list[Result]:
        subrequests = Subrequests(call, self._answer)
        results: list[Result] = []
        if not all_or_none:
            return [subrequests.run(part) for part in parts]
        try:
            with self._org.database.transaction():
                for part in parts:
                    results.append(subrequests.run(part))
                    if failed(part, results[-1]):
                        raise RolledBack
        except RolledBack:
            return halted(parts, results)
        return results
