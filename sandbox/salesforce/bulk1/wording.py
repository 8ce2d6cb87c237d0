"""Descriptions of jobs, batches and failures, as XML or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.salesforce.soap.answer import text
from sandbox.salesforce.soap.element import BadXml, parse
from sandbox.wire import Request, Response

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
_TIMES = ("createdDate", "systemModstamp")
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


class Refused(Exception):
    """A refusal in the words of this API, whose codes no other has."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def is_json(request: Request) -> bool:
    return "json" in request.headers.get("content-type", "").lower()


def asked(request: Request) -> dict[str, Any]:
    """The job that a body describes; Refused when it is neither a JSON object nor XML."""
    try:
        if is_json(request):
            found = request.json()
        else:
            found = {child.name: child.text.strip() for child in parse(request.body).children}
    except (ValueError, BadXml):
        found = None
    if not isinstance(found, dict):
        raise Refused("InvalidJob", "Unable to parse Job")
    return found


def told(root: str, value: Any, *, as_json: bool, status: int = 200) -> Response:
    """One description, or in a list all of them."""
    if as_json:
        body = json.dumps({f"{root[:-4]}": value} if isinstance(value, list) else _dated(value)).encode()
        return Response(status, body, {"Content-Type": "application/json"})
    inner = "".join(f"<{root[:-4]}>{_elements(one)}</{root[:-4]}>" for one in value) if isinstance(value, list) else ""
    return xml(f'<{root} xmlns="{NAMESPACE}">{inner or _elements(value)}</{root}>', status)


def refusal(error: Refused, *, as_json: bool) -> Response:
    shown = {"exceptionCode": error.code, "exceptionMessage": error.message}
    return told("error", shown, as_json=as_json, status=400)


def xml(content: str, status: int = 200) -> Response:
    return Response(status, f"{_HEAD}{content}".encode("utf-8", "replace"), {"Content-Type": "application/xml"})


def _elements(value: Mapping[str, Any] | Sequence[Any]) -> str:
    if not isinstance(value, Mapping):
        return ""
    return "".join(f"<{name}>{text(one)}</{name}>" for name, one in value.items() if one is not None)


def _dated(value: Any) -> Any:
    """JSON writes the zone of a time as digits."""
    if not isinstance(value, Mapping):
        return value
    return {name: one.replace("Z", "+0000") if name in _TIMES else one for name, one in value.items()}
