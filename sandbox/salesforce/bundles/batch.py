"""/composite/batch: up to 25 requests that know nothing of each other."""

from __future__ import annotations

from typing import Any

from sandbox.salesforce.bundles.subrequests import METHODS, Answer, body_of, send
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.org import Call
from sandbox.salesforce.refusals import refuse_row
from sandbox.wire import Response, Routes

LIMIT = 25
# A subrequest has no headers of its own, so what the whole says about writing holds for each.
_SHARED = ("sforce-auto-assign", "sforce-duplicate-rule-header", "sforce-mru", "sforce-query-options")
_HALTED = {"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted per request"}


class Batch:
    """The handler of /composite/batch; `answer` handles one request within."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def add_to(self, routes: Routes, base: str) -> None:
        routes.add("POST", f"{base}/composite/batch", self.batch)

    def batch(self, call: Call) -> Response:
        body = call.json_object()
        parts = body.get("batchRequests")
        if not isinstance(parts, list) or not 0 < len(parts) <= LIMIT:
            raise ApiError("INVALID_BATCH_REQUEST", f"A batch has from 1 to {LIMIT} subrequests.")
        for part in parts:
            _check(part)
        results: list[dict[str, Any]] = []
        for number, part in enumerate(parts, start=1):
            if body.get("haltOnError") is True and results and results[-1]["statusCode"] >= 400:
                results.append({"statusCode": 412, "result": [_HALTED]})
            else:
                results.append(self._result(call, number, part))
        return Response.of_json({"hasErrors": any(r["statusCode"] >= 400 for r in results), "results": results})

    def _result(self, call: Call, number: int, part: dict[str, Any]) -> dict[str, Any]:
        url = f"/services/data/{str(part['url']).lstrip('/').removeprefix('services/data/')}"
        headers = {name: call.request.headers[name] for name in _SHARED if name in call.request.headers}
        try:
            refuse_row(number, part)
            response = send(call, self._answer, part["method"].upper(), url, part.get("richInput"), headers)
        except ApiError as error:
            response = error.response()
        return {"statusCode": response.status, "result": body_of(response)}


def _check(part: Any) -> None:
    """What is refused before any subrequest runs, whatever haltOnError says."""
    if not isinstance(part, dict) or not isinstance(part.get("url"), str):
        raise ApiError("INVALID_BATCH_REQUEST", "Each subrequest needs a method and a url.")
    if str(part.get("method", "")).upper() not in METHODS:
        raise ApiError("INVALID_BATCH_REQUEST", f"{part.get('method')} is not a method of a subrequest.")
    if part.get("binaryPartName") or part.get("binaryPartNameAlias"):
        raise ApiError("INVALID_BATCH_REQUEST", "A binaryPartName needs a multipart request with such a part.")
