"""Several requests in one call: composite, with references from one to the next, and batch."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.org import Call, Org
from sandbox.wire import Request, Response, Routes

LIMIT = 25
MAX_QUERIES = 5
_REFERENCE = re.compile(r"@\{(\w+)((?:\.\w+|\[\d+\])*)\}")
Answer = Callable[[Call], Response]


class Composite:
    """The handlers of /composite and /composite/batch; `answer` handles one request within."""

    def __init__(self, org: Org, answer: Answer) -> None:
        self._org = org
        self._answer = answer

    def add_to(self, routes: Routes, base: str) -> None:
        routes.add("POST", f"{base}/composite", self.composite)
        routes.add("POST", f"{base}/composite/batch", self.batch)

    def composite(self, call: Call) -> Response:
        """Always 200; each result has its own status."""
        body = call.json_object()
        parts = body.get("compositeRequest")
        if not isinstance(parts, list) or not parts:
            raise ApiError("INVALID_INPUT", "The request body needs a list called compositeRequest.")
        _check_composite(parts)
        results: list[dict[str, Any]] = []
        try:
            with self._org.database.transaction():
                known: dict[str, Any] = {}
                for part in parts:
                    results.append(self._part(call, part, known))
                    if body.get("allOrNone") is True and results[-1]["httpStatusCode"] >= 400:
                        raise _RolledBack
        except _RolledBack:
            results = _halted(parts, results)
        return Response.of_json({"compositeResponse": results})

    def _part(self, call: Call, part: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
        reference = str(part["referenceId"])
        try:
            url = _resolved(str(part["url"]), known)
            body = _resolved(part.get("body"), known)
            request = _inner(call, str(part["method"]), str(url), body, part.get("httpHeaders") or {})
            response = self._answered(call, request)
        except ApiError as error:
            response = error.response()
        value = json.loads(response.body) if response.body else None
        if response.status < 400:
            known[reference] = value
        headers = {k: v for k, v in response.headers.items() if k in ("Location", "ETag", "Last-Modified")}
        return {"body": value, "httpHeaders": headers, "httpStatusCode": response.status, "referenceId": reference}

    def batch(self, call: Call) -> Response:
        body = call.json_object()
        parts = body.get("batchRequests")
        if not isinstance(parts, list) or not 0 < len(parts) <= LIMIT or not all(isinstance(p, dict) for p in parts):
            raise ApiError("INVALID_BATCH_REQUEST", f"A batch has from 1 to {LIMIT} subrequests.")
        results: list[dict[str, Any]] = []
        halted = False
        for part in parts:
            if halted:
                error = {"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted per request"}
                results.append({"statusCode": 412, "result": [error]})
                continue
            url = f"/services/data/{str(part.get('url', '')).lstrip('/').removeprefix('services/data/')}"
            request = _inner(call, str(part.get("method", "GET")), url, part.get("richInput"), {})
            response = self._answered(call, request)
            value = json.loads(response.body) if response.body else None
            results.append({"statusCode": response.status, "result": value})
            halted = body.get("haltOnError") is True and response.status >= 400
        failed = any(result["statusCode"] >= 400 for result in results)
        return Response.of_json({"hasErrors": failed, "results": results})

    def _answered(self, call: Call, request: Request) -> Response:
        if re.search(r"/composite(/batch|/graph|/tree.*)?/?$", request.path, re.IGNORECASE):
            return ApiError("INVALID_INPUT", "This resource cannot be used within a composite request.").response()
        return self._answer(call.with_request(request))


class _RolledBack(Exception):
    """Ends the transaction of an allOrNone composite."""


def _check_composite(parts: list[Any]) -> None:
    if len(parts) > LIMIT:
        raise ApiError("LIMIT_EXCEEDED", f"A composite request has at most {LIMIT} subrequests.")
    seen: set[str] = set()
    queries = 0
    for part in parts:
        if not isinstance(part, dict) or not {"method", "url", "referenceId"} <= part.keys():
            raise ApiError("INVALID_INPUT", "Each subrequest needs method, url and referenceId.")
        reference = str(part["referenceId"])
        if reference in seen or not re.fullmatch(r"\w+", reference):
            raise ApiError("INVALID_INPUT", f"The referenceId {reference} is not unique or has forbidden characters.")
        seen.add(reference)
        queries += bool(re.search(r"/query(All)?(/|\?|$)", str(part["url"]), re.IGNORECASE))
    if queries > MAX_QUERIES:
        raise ApiError("LIMIT_EXCEEDED", f"A composite request has at most {MAX_QUERIES} queries.")


def _inner(call: Call, method: str, url: str, body: Any, headers: dict[str, Any]) -> Request:
    """The request within; it takes over none of the outer headers but the assignment rule's."""
    outer = call.request.headers
    kept = {name: outer[name] for name in ("sforce-auto-assign", "sforce-duplicate-rule-header") if name in outer}
    given = {str(name): str(value) for name, value in headers.items()}
    content = b"" if body is None else json.dumps(body).encode()
    return Request.make(method, url, {**kept, **{k.lower(): v for k, v in given.items()}}, content, call.request.host)


def _resolved(value: Any, known: dict[str, Any]) -> Any:
    """The value with every @{reference.path} replaced by what that subrequest answered."""
    if isinstance(value, dict):
        return {key: _resolved(inner, known) for key, inner in value.items()}
    if isinstance(value, list):
        return [_resolved(inner, known) for inner in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return _looked_up(whole, known)
    return _REFERENCE.sub(lambda found: str(_looked_up(found, known)), value)


def _looked_up(found: re.Match[str], known: dict[str, Any]) -> Any:
    name, path = found.groups()
    value = known.get(name)
    for step in re.findall(r"\w+", path):
        if isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict):
            value = next((inner for key, inner in value.items() if key.lower() == step.lower()), None)
        else:
            value = None
    if value is None:
        message = f"Invalid reference specified. No value for {name}{path} found in {name}."
        raise ApiError("PROCESSING_HALTED", message)
    return value


def _halted(parts: list[Any], results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The failed result as it is, all others as rolled back or never begun."""
    message = "The transaction was rolled back since another operation in the same transaction failed."
    error = [{"errorCode": "PROCESSING_HALTED", "message": message}]
    halted = [
        {"body": error, "httpHeaders": {}, "httpStatusCode": 400, "referenceId": part["referenceId"]} for part in parts
    ]
    halted[len(results) - 1] = results[-1]
    return halted
