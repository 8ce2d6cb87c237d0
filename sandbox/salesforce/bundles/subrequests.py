"""One request within another: how it is read, sent on to the API, and shown in the answer of the whole."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sandbox.salesforce.bundles.references import NAME, Answers
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.org import Call
from sandbox.salesforce.refusals import refuse_row
from sandbox.wire import Request, Response

Answer = Callable[[Call], Response]
Result = dict[str, Any]
METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
# The headers that a subrequest takes over from the whole; it must not have them itself.
_INHERITED = ("accept", "authorization", "content-type")
# What a bundle cannot hold: other bundles, and jobs.
_EXCLUDED = re.compile(r"/(composite(/batch|/graph|/tree.*)?|jobs/.*)/?$", re.IGNORECASE)
_COLLECTION = re.compile(r"/composite/sobjects(/|$)", re.IGNORECASE)
_NO_ILLEGAL_NAMES_SINCE = 52
_ROLLED_BACK = "The transaction was rolled back since another operation in the same transaction failed."


class Subrequests:
    """Runs the subrequests of one bundle; `answer` handles a request as if it had come by itself."""

    def __init__(self, call: Call, answer: Answer) -> None:
        self._call = call
        self._answer = answer
        self._answers = Answers(call.number)
        self._number = 0

    def run(self, part: dict[str, Any]) -> Result:
        """The result of one subrequest with its references resolved."""
        self._number += 1
        try:
            refuse_row(self._number, part)
            url, body = self._answers.resolve(str(part["url"])), self._answers.resolve(part.get("body"))
            response = send(self._call, self._answer, str(part["method"]), url, body, part.get("httpHeaders") or {})
        except ApiError as error:
            response = error.response()
        value = body_of(response)
        reference = str(part["referenceId"])
        if response.status < 400:
            self._answers.bodies[reference] = value
        headers = {k: v for k, v in response.headers.items() if k in ("Location", "ETag", "Last-Modified")}
        return {"body": value, "httpHeaders": headers, "httpStatusCode": response.status, "referenceId": reference}


def send(call: Call, answer: Answer, method: str, url: str, body: Any, headers: dict[str, Any]) -> Response:
    """Answer a request that came inside `call`; only its own headers count for it."""
    content = b"" if body is None else json.dumps(body).encode()
    lowered = {str(name).lower(): str(value) for name, value in headers.items()}
    request = Request.make(method, url, lowered, content, call.request.host)
    if _EXCLUDED.search(request.path):
        return ApiError("INVALID_INPUT", "This resource cannot be used within a composite request.").response()
    return answer(call.with_request(request))


def body_of(response: Response) -> Any:
    return json.loads(response.body) if response.body else None


def failed(part: dict[str, Any], result: Result) -> bool:
    """Whether a result undoes a bundle that stands or falls as one: also a collection with one failed record."""
    if result["httpStatusCode"] >= 400:
        return True
    rows = result["body"] if _COLLECTION.search(str(part["url"]).partition("?")[0]) else []
    return isinstance(rows, list) and any(isinstance(row, dict) and row.get("success") is False for row in rows)


def halted(parts: Sequence[dict[str, Any]], results: Sequence[Result] = ()) -> list[Result]:
    """The results of a bundle that was undone; the last one it came to tells why."""
    error = [{"errorCode": "PROCESSING_HALTED", "message": _ROLLED_BACK}]
    undone = [
        {"body": error, "httpHeaders": {}, "httpStatusCode": 400, "referenceId": part["referenceId"]} for part in parts
    ]
    if results:
        undone[len(results) - 1] = results[-1]
    return undone


def check_parts(parts: Iterable[Any], version: int) -> None:
    """Each subrequest in itself and all of them together; INVALID_INPUT for the whole when one is malformed."""
    seen: set[str] = set()
    for part in parts:
        if not isinstance(part, dict) or not {"method", "url", "referenceId"} <= part.keys():
            raise ApiError("INVALID_INPUT", "Each subrequest needs method, url and referenceId.")
        reference = str(part["referenceId"])
        if reference in seen:
            raise ApiError("INVALID_INPUT", f"The referenceId {reference} is not unique.")
        if version >= _NO_ILLEGAL_NAMES_SINCE and not NAME.fullmatch(reference):
            message = (
                f"Provided referenceId ('{reference}') must start with a letter or a number, and it can contain only "
                "letters, numbers and underscores ('_')."
            )
            raise ApiError("INVALID_INPUT", message)
        if part["method"] not in METHODS:
            raise ApiError("INVALID_INPUT", f"{part['method']} is not a method; it is one of {', '.join(METHODS)}.")
        headers = part.get("httpHeaders") or {}
        if not isinstance(headers, dict):
            raise ApiError("INVALID_INPUT", "The httpHeaders of a subrequest are a map of names to values.")
        if forbidden := [name for name in headers if str(name).lower() in _INHERITED]:
            raise ApiError("INVALID_INPUT", f"A subrequest cannot have the header {forbidden[0]}: it is inherited.")
        seen.add(reference)
