"""Salesforce's error bodies, read into the error tree.

Data calls answer with an array of `{errorCode, message, fields}`, OAuth with an object `{error, error_description}`,
SOAP with a fault and HTTP 500, a gateway with HTML. Messages may quote a record's values, so only the codes enter an
exception's text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from connectors._http import Answer, fault, retry_after_s
from model.errors import AuthFailed, ConnectorError, NotPermitted, QuotaSpent, RateLimited, Rejected, Unavailable

LOCK = "UNABLE_TO_LOCK_ROW"
# Says that a cursor (nextRecordsUrl) has expired or was never ours.
LOST_CURSOR = frozenset({"INVALID_QUERY_LOCATOR", "QUERY_LOCATOR_EXPIRED", "NOT_FOUND"})
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{1,79}")
_NO_COLUMN = re.compile(r"No such column '([\w.]+)'")
_NO_TYPE = re.compile(r"sObject type '(\w+)'")


# A fault is the whole call's: with such a code nothing of it was done. Others may come in the middle of the work.
_UNTOLD_FAULTS = frozenset({"Server", "UNKNOWN_EXCEPTION", "SERVER_UNAVAILABLE"})
_FAULT = re.compile(rb"<faultcode>(?:[\w.-]+:)?(\w{1,79})</faultcode>\s*<faultstring[^>]*>([^<]{0,2000})")


class SessionExpired(AuthFailed):
    """The access token is no longer good; one refresh may mend it."""


def remote_errors(body: bytes) -> list[dict[str, Any]]:
    """The error objects of a body in any shape; empty when it holds none."""
    fault_found = _FAULT.search(body)
    if fault_found:
        return [{"errorCode": fault_found[1].decode(), "message": fault_found[2].decode("utf-8", "replace")}]
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return []
    if isinstance(value, Mapping):
        value = [value]
    return [dict(item) for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def error_code(error: Mapping[str, Any]) -> str:
    """`errorCode` of the top level, `statusCode` of a row, or OAuth's `error`; blank unless it looks like a code."""
    for name in ("errorCode", "statusCode", "error"):
        code = error.get(name)
        if isinstance(code, str) and _CODE.fullmatch(code):
            return code
    return ""


def salesforce_fault(connection: str, answer: Answer) -> ConnectorError | None:
    """The error this answer means, or None when it is a success."""
    if 200 <= answer.status < 300:
        return None
    first = next(iter(remote_errors(answer.body)), {})
    code = error_code(first)
    message = str(first.get("message", ""))
    named = _by_code(connection, code, message, answer)
    if named is None and answer.status == 500 and _FAULT.search(answer.body) and code not in _UNTOLD_FAULTS:
        answer = Answer(400, answer.headers, answer.body)
    return named or fault(connection, answer, code=code)


def job_fault(connection: str, state: str, message: str) -> ConnectorError:
    """The error that a bulk job ended with; its message begins with the code: `INVALID_FIELD : No such column ...`."""
    code = message.partition(":")[0].strip()
    code = code if _CODE.fullmatch(code) else f"JOB_{state.upper()}"
    named = _by_code(connection, code, message, Answer(400, {}, b""))
    return named or Rejected(
        f"{connection}: a bulk job ended as {state} ({code}); pull again to start a new one.",
        connection=connection,
        code=code,
    )


def _by_code(connection: str, code: str, message: str, answer: Answer) -> ConnectorError | None:
    if answer.status == 401 or code == "INVALID_SESSION_ID":
        return SessionExpired(
            f"{connection}: Salesforce refused the session ({code or 'HTTP 401'}).", connection=connection
        )
    if code == "REQUEST_LIMIT_EXCEEDED":
        return _limit(connection, message, answer)
    if code in ("INVALID_FIELD", "INVALID_TYPE"):
        found = _NO_COLUMN.search(message) or _NO_TYPE.search(message)
        missing = found.group(1) if found else "a field or object"
        return NotPermitted(
            f"{connection}: {missing} does not exist or may not be read by this user ({code}).",
            connection=connection,
            missing=missing,
        )
    if code == "API_DISABLED_FOR_ORG":
        return NotPermitted(
            f"{connection}: the API is disabled for this org or user; an administrator must enable it.",
            connection=connection,
            missing="API access",
        )
    if code in (LOCK, "QUERY_TIMEOUT", "SERVER_UNAVAILABLE"):
        return Unavailable(
            f"{connection}: Salesforce is busy ({code}); try again later.", connection=connection, sent=False
        )
    if code == "UNSUPPORTED_API_VERSION" or answer.status == 410:
        return Rejected(
            f"{connection}: this API version is retired or unknown; set connections.{connection}.api_version.",
            connection=connection,
            code=code or "HTTP 410",
        )
    if answer.status == 406:
        return Unavailable(
            f"{connection}: Salesforce is unavailable, HTTP 406; try again later.", connection=connection
        )
    return None


def _limit(connection: str, message: str, answer: Answer) -> ConnectorError:
    """One code, two remedies: concurrency passes in seconds, the daily allowance does not."""
    if "concurrent" in message.lower():
        return RateLimited(
            f"{connection}: too many long calls at once (REQUEST_LIMIT_EXCEEDED).",
            connection=connection,
            retry_after_s=retry_after_s(answer.headers),
        )
    return QuotaSpent(
        f"{connection}: the org's daily API allowance is used up (REQUEST_LIMIT_EXCEEDED); it is a rolling 24-hour "
        "window, so run again later.",
        connection=connection,
    )
