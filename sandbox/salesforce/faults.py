"""Salesforce's errors on demand, each in the form of the API whose call it strikes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sandbox.catalogue import Entry
from sandbox.faults import Fault
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fault_paging import PAGING
from sandbox.salesforce.refusals import CALLS, DUPLICATES, JOB_STOPS, RECORDS, JobStops, Refusal
from sandbox.salesforce.soap.answer import fault as soap_fault
from sandbox.wire import Request, Response

_LIMIT_INFO = {"Sforce-Limit-Info": "api-usage=100000/100000"}


# Statuses that the web servers in front give, with what they say.
_BULK_FAILS = {"failure": "InternalServerError : the job failed"}
_EDGE = (
    (409, "Conflict", "The API version of the request and of the job differ."),
    (414, "URI Too Long", "The URI is over 16,384 bytes."),
    (415, "Unsupported Media Type", "The body is in a form the resource does not take."),
    (420, "Enhance Your Calm", "The edge has no routing for the org yet; passes soon."),
    (428, "Precondition Required", "The request must be conditional."),
    (431, "Request Header Fields Too Large", "URI and headers are over 16,384 bytes."),
    (500, "Server Error", "An HTML page in place of the answer."),
    (502, "Bad Gateway", "The edge does not reach the server."),
    (503, "Service Unavailable", "The server is overloaded or in maintenance."),
)
_OAUTH = (
    ("invalid_grant", "authentication failure", 400, "A wrong user, password or assertion.", "authentication"),
    ("invalid_grant", "expired access/refresh token", 400, "The refresh token is no longer good.", "refresh_token"),
    ("invalid_client_id", "client identifier invalid", 400, "No such app.", ""),
    ("invalid_client", "invalid client credentials", 400, "A wrong client secret.", ""),
    ("unsupported_grant_type", "grant type not supported", 400, "The org does not allow this kind of login.", ""),
)
# What happens in the org between two calls of a client; the arguments are those of the door.
_WORLD: tuple[tuple[str, str, Fault], ...] = (
    ("tokens_expire", "All access tokens issued so far stop working.", Fault(expire=True, count=1)),
    ("refresh_refused", "All refresh tokens issued so far stop working.", Fault(call="refuse_refresh", count=1)),
    ("daily_limit_reached", "The day's API calls are used up.", Fault(call="use_up_calls", count=1)),
    (
        "clock_skew",
        "The org's clock jumps: Date headers and the stamps of records alike.",
        Fault(call="turn_clock", arguments={"seconds": -3600}, count=1),
    ),
    (
        "short_pages",
        "From now on a page of a query has so many rows at most, with more to come.",
        Fault(call="set_page_size", arguments={"rows": 2}, count=1),
    ),
    ("record_count_lags", "recordCount tells old counts from now on.", Fault(call="lag_record_count", count=1)),
    ("bulk_fails", "Bulk jobs that begin from now on fail.", Fault(call="set_bulk", arguments=_BULK_FAILS, count=1)),
    ("created", "Another user creates a record (sobject, values).", Fault(call="create", count=1)),
    ("edited", "Another user changes a record (sobject, record_id, values).", Fault(call="edit", count=1)),
    ("deleted", "Another user deletes a record (sobject, record_id).", Fault(call="delete", count=1)),
    ("undeleted", "Another user takes a record out of the bin (sobject, record_id).", Fault(call="undelete", count=1)),
    ("merged", "Another user merges records (sobject, master, losers).", Fault(call="merge", count=1)),
    ("converted", "Another user converts a lead (lead).", Fault(call="convert", count=1)),
    ("field_hidden", "An administrator hides a field from us (sobject, field).", Fault(call="hide_field", count=1)),
    ("field_locked", "An administrator makes a field read-only (sobject, field).", Fault(call="lock_field", count=1)),
)


def _answered(refusal: Refusal) -> Entry:
    def answer(request: Request, message: str | None = None, fields: Sequence[str] | None = None) -> Response:
        told = f"{request.path} {request.target} {request.body[:20_000].decode('utf-8', 'replace')}"
        error = refusal.error(told, message, fields)
        error.message = error.message.replace("{query}", request.first("q") or "select count() from XYZZY")
        response = _in_form(request, error)
        if refusal.variant == "daily":
            response.headers |= _LIMIT_INFO
        return response

    return Entry(refusal.name, refusal.says, answer=answer, of_rows=refusal.of_rows)


def _in_form(request: Request, error: ApiError) -> Response:
    """The error as the API of this path tells it."""
    path = request.path.lower()
    if found := re.match(r"/services/soap/([uc])/", path):
        return soap_fault(found[1], error)
    if path.startswith("/services/async/"):
        code = {"INVALID_SESSION_ID": "InvalidSessionId", "UNSUPPORTED_API_VERSION": "InvalidVersion"}
        body = {"exceptionCode": code.get(error.code, error.code), "exceptionMessage": error.message}
        return Response.of_json(body, 400)
    return error.response()


def _edge(status: int, reason: str, says: str) -> Entry:
    def answer(request: Request) -> Response:
        body = f"<html><head><title>{reason}</title></head><body><h1>{status} {reason}</h1></body></html>"
        return Response(status, body.encode(), {"Content-Type": "text/html;charset=UTF-8"})

    return Entry(f"salesforce.{status}", f"{status}: {says}", answer=answer)


def _oauth(error: str, description: str, status: int, says: str, variant: str) -> Entry:
    def answer(request: Request, description: str = description) -> Response:
        return Response.of_json({"error": error, "error_description": description}, status)

    name = f"salesforce.oauth.{error}{'.' * bool(variant)}{variant}"
    return Entry(name, f"{status} of the token endpoint: {says}", Fault(of_kind="auth"), answer=answer)


def _invalid_token(request: Request) -> Response:
    code = "LOGIN_OAUTH_INVALID_TOKEN"
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<response>\n<faultcode>{code}(db=1703,api={code})</faultcode>\n'
        "<error>Failed: Invalid Token</error>\n</response>"
    )
    return Response(401, body.encode(), {"Content-Type": "text/html;charset=UTF-8", "Sfdc-OAuth-Error": "1703"})


def _duplicates(
    request: Request, allow_save: bool = False, key: str = "duplicateResut", ids: Sequence[str] = ()
) -> Response:
    """`allow_save`: an alert that a header may override. `key`: newer API versions spell it right."""
    found = [
        {
            "additionalInformation": [],
            "fieldDiffs": [],
            "matchConfidence": 100,
            "record": {"attributes": {"type": "Contact"}, "Id": one},
        }
        for one in ids or ["003000000000000AAA"]
    ]
    match = {
        "entityType": "Contact",
        "errors": [],
        "matchEngine": "ExactMatchEngine",
        "matchRecords": found,
        "rule": "Contacts_MR",
        "size": len(found),
        "success": True,
    }
    told = {
        "allowSave": allow_save,
        "duplicateRule": "Contacts_DR",
        "duplicateRuleEntityType": "Contact",
        "errorMessage": "Use one of these records?",
        "matchResults": [match],
    }
    error = {key: told, "errorCode": "DUPLICATES_DETECTED", "message": "Use one of these records?"}
    return Response.of_json([error], 400)


def _job_stops(request: Request, message: str = "") -> Response:
    return ApiError("API_ERROR", message or str(JobStops())).response()


def _entries() -> Iterator[Entry]:
    yield from map(_answered, (*CALLS, *RECORDS))
    yield Entry(DUPLICATES.name, DUPLICATES.says, answer=_duplicates, of_rows=True)
    says = "401 with XML, which a call with a wrong content type gets."
    yield Entry("salesforce.LOGIN_OAUTH_INVALID_TOKEN", says, answer=_invalid_token)
    for status, reason, says in _EDGE:
        yield _edge(status, reason, says)
    for error, description, status, says, variant in _OAUTH:
        yield _oauth(error, description, status, says, variant)
    says = "400: a bulk job fails before the row; the rows from there on are unprocessed, those before are written."
    yield Entry(JOB_STOPS, says, answer=_job_stops, of_rows=True, told_by=JobStops)
    yield from PAGING
    for name, says, what in _WORLD:
        yield Entry(f"salesforce.{name}", says, what)


FAULTS: tuple[Entry, ...] = tuple(_entries())
