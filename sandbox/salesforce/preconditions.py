"""Conditional requests on one record: by its last modification, and for accounts by its ETag."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime

from sandbox.salesforce.database import Row
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.org import Call
from sandbox.salesforce.times import http_date, parsed, parsed_http_date
from sandbox.wire import Response

_TAGGED = "Account"  # the one object whose rows have an ETag
_TAGS = re.compile(r'\s*(?:\*|(?:W/)?"[^"]*"(?:\s*,\s*(?:W/)?"[^"]*")*)\s*')


def validators(declared: SObject, row: Row) -> dict[str, str]:
    """The headers that a later conditional request may quote."""
    changed = _changed(row)
    headers = {"Last-Modified": http_date(changed)} if changed else {}
    return {**headers, "ETag": _etag(row)} if declared.name == _TAGGED else headers


def unchanged(call: Call, declared: SObject, row: Row) -> Response | None:
    """304 when the reader has this state already; 412 when it wanted an older one. A date that is none is ignored."""
    since, modified = parsed_http_date(call.header("If-Modified-Since") or ""), _modified(row)
    known = since is not None and modified is not None and modified <= since
    tagged = declared.name == _TAGGED and _names(call.header("If-None-Match"), row)
    if known or tagged:
        return Response(304, headers=validators(declared, row))
    until = parsed_http_date(call.header("If-Unmodified-Since") or "")
    if until is not None and modified is not None and modified > until:
        raise _failed()
    if declared.name == _TAGGED and call.header("If-Match") is not None and not _names(call.header("If-Match"), row):
        raise _failed()
    return None


def check_write(call: Call, declared: SObject, row: Row) -> None:
    """PRECONDITION_FAILED when the record is not as the writer has seen it; whole seconds are compared.

    A header that is malformed refuses the write with 400.
    """
    until, modified = call.header("If-Unmodified-Since"), _modified(row)
    if until is not None:
        moment = parsed_http_date(until)
        if moment is None:
            raise _malformed("If-Unmodified-Since", "HTTP date")
        if modified is not None and modified > moment:
            raise _failed()
    if declared.name != _TAGGED:
        return
    wanted, unwanted = call.header("If-Match"), call.header("If-None-Match")
    for name, value in (("If-Match", wanted), ("If-None-Match", unwanted)):
        if value is not None and not _TAGS.fullmatch(value):
            raise _malformed(name, "list of ETags")
    if (wanted is not None and not _names(wanted, row)) or _names(unwanted, row):
        raise _failed()


def _changed(row: Row) -> str:
    return str(row.get("LastModifiedDate") or row.get("SystemModstamp") or "")


def _modified(row: Row) -> datetime | None:
    moment = parsed(_changed(row))
    return moment.replace(microsecond=0) if moment else None


def _etag(row: Row) -> str:
    """A hash of the whole row, in the shape of Salesforce's own."""
    digest = hashlib.sha1(repr(sorted(row.items())).encode(), usedforsecurity=False).digest()
    return f'"{base64.b64encode(digest).decode()}-gzip"'


def _names(header: str | None, row: Row) -> bool:
    if header is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    return "*" in tags or _etag(row) in tags


def _failed() -> ApiError:
    message = "The record was modified since the time given in the request's precondition."
    return ApiError("PRECONDITION_FAILED", message)


def _malformed(name: str, kind: str) -> ApiError:
    return ApiError("INVALID_INPUT", f"The {name} header is not a valid {kind}.")
