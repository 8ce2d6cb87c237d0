"""HubSpot's errors on demand: bodies as the portal gives them, and those of the machines in front."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sandbox.catalogue import Entry
from sandbox.faults import Fault
from sandbox.hubspot.errors import (
    HubspotError,
    InvalidValues,
    bad_request,
    conflict,
    missing_scopes,
    no_permission,
    not_found,
    rate_limited,
)
from sandbox.hubspot.fault_paging import PAGING
from sandbox.row_faults import row_fault
from sandbox.wire import Request, Response

_CORRELATION = "X-HubSpot-Correlation-Id"
_BURST = {
    "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
    "X-HubSpot-RateLimit-Max": "190",
    "X-HubSpot-RateLimit-Remaining": "0",
}
_DAY = {"X-HubSpot-RateLimit-Daily": "650000", "X-HubSpot-RateLimit-Daily-Remaining": "0"}
Make = Callable[..., HubspotError]


def _invalid(code: str, sentence: str) -> Make:
    def error(property_name: str = "phone", message: str = sentence) -> HubspotError:
        return InvalidValues([(property_name, code, message.replace("{name}", property_name))])

    return error


def _unauthorised(category: str, sentence: str) -> Make:
    def error(message: str = sentence) -> HubspotError:
        return HubspotError(401, message, category)

    return error


def _scopes(scopes: Sequence[str] = ("crm.objects.contacts.read",)) -> HubspotError:
    return missing_scopes(scopes)


def _conflict(existing_id: int = 12345) -> HubspotError:
    return conflict(f"Contact already exists. Existing ID: {existing_id}")


def _not_found(message: str = "resource not found") -> HubspotError:
    return not_found(message)


def _required(properties: Sequence[str] = ("email",)) -> HubspotError:
    message = "Error creating CONTACT. Some required properties were not set."
    return bad_request(message, context={"properties": list(properties)})


def _identities() -> HubspotError:
    return bad_request("Cannot have more than 250 identities on a profile")


def _beyond_search() -> HubspotError:
    return bad_request("There was a problem with the request: paging beyond 10000 results is not supported")


def _merge_blocked() -> HubspotError:
    return bad_request("Companies can't be merged while the Salesforce integration is enabled for this account.")


def _too_many_inputs() -> HubspotError:
    return bad_request("The maximum number of inputs supported in a batch request is 100")


_ERRORS: dict[str, tuple[str, Make]] = {
    "INVALID_AUTHENTICATION": (
        "401: no token, or none of this portal.",
        _unauthorised(
            "INVALID_AUTHENTICATION",
            "Authentication credentials not found. This API supports OAuth 2.0 authentication.",
        ),
    ),
    "EXPIRED_AUTHENTICATION": (
        "401: the OAuth token is older than 30 minutes.",
        _unauthorised("EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired 42 second(s) ago."),
    ),
    "MISSING_SCOPES": ("403: the app was not granted a scope; the body names it.", _scopes),
    "USER_DOES_NOT_HAVE_PERMISSIONS": ("403: the person behind a private app may not do this.", no_permission),
    "OBJECT_NOT_FOUND": ("404: no such record; in a batch 207 with the id.", _not_found),
    "CONFLICT": ("409: a contact has the e-mail address; the message names its id.", _conflict),
    "VALIDATION_ERROR.PROPERTY_DOESNT_EXIST": (
        "400: a property that is not defined.",
        _invalid("PROPERTY_DOESNT_EXIST", 'Property "{name}" does not exist'),
    ),
    "VALIDATION_ERROR.INVALID_INTEGER": (
        "400: a number that is none.",
        _invalid("INVALID_INTEGER", "abc was not a valid long."),
    ),
    "VALIDATION_ERROR.READ_ONLY_VALUE": (
        "400: a property that HubSpot sets itself.",
        _invalid("READ_ONLY_VALUE", '"{name}" is a read only property; its value cannot be set.'),
    ),
    "VALIDATION_ERROR.INVALID_OPTION": (
        "400: a value the enumeration does not have.",
        _invalid("INVALID_OPTION", "abc was not one of the allowed options: [one, two]"),
    ),
    "VALIDATION_ERROR.INVALID_EMAIL": (
        "400: an e-mail address that is none.",
        _invalid("INVALID_EMAIL", "Email address abc is invalid"),
    ),
    "VALIDATION_ERROR.required": ("400: a property that an administrator requires is missing.", _required),
    "VALIDATION_ERROR.identities": ("400: a merge beyond 250 identities.", _identities),
    "VALIDATION_ERROR.search": ("400: a search beyond its 10,000th result.", _beyond_search),
    "VALIDATION_ERROR.merge_blocked": ("400: the native Salesforce integration forbids the merge.", _merge_blocked),
    "VALIDATION_ERROR.inputs": ("400: more inputs than a batch may have.", _too_many_inputs),
}
_OF_ROWS = ("OBJECT_NOT_FOUND", "CONFLICT", "VALIDATION_ERROR")
_LIMITS: tuple[tuple[str, dict[str, str], dict[str, str]], ...] = (
    ("TEN_SECONDLY_ROLLING", {"groupName": "publicapi:private-apps:api-calls-daily:1001"}, _BURST),
    ("SECONDLY", {"groupName": "publicapi:crm-search:1001"}, {}),
    ("DAILY", {}, _DAY),
)
_LIMIT_SAYS = {
    "TEN_SECONDLY_ROLLING": "429: too many calls of this app in ten seconds; retry_after_s adds Retry-After.",
    "SECONDLY": "429: too many searches of the account in a second; retry_after_s adds Retry-After.",
    "DAILY": "429: the account's day is used up; stop until midnight; retry_after_s adds Retry-After.",
}
# Of the machines in front: status, what the page says, the sentence.
_GATEWAY = (
    (414, "Request-URI Too Large", "The query string is too long, some 900 properties."),
    (500, "Internal Server Error", "An HTML page in place of the answer."),
    (502, "Bad Gateway", "The gateway does not reach the portal; try again."),
    (503, "Service Unavailable", "The portal is overloaded; try again."),
    (504, "Gateway Timeout", "The portal took too long; whether it wrote is not known."),
    (521, "Web server is down", "Cloudflare: the origin refuses connections."),
    (522, "Connection timed out", "Cloudflare: the origin does not answer."),
    (523, "Origin is unreachable", "Cloudflare: no way to the origin."),
    (524, "A timeout occurred", "Cloudflare: the origin took too long; whether it wrote is not known."),
    (530, "Origin DNS error", "Cloudflare, also for a bearer token of a wrong form."),
)
_OAUTH = (
    ("BAD_REFRESH_TOKEN", "missing or invalid refresh token", "invalid_grant", "the refresh token is no longer good."),
    ("BAD_AUTH_CODE", "missing or unknown auth code", "invalid_grant", "the code is unknown or used."),
    ("BAD_CLIENT_ID", "missing or unknown client id", "invalid_client", "no such app, or a wrong secret."),
)
# What happens in the portal between two calls of a client; the arguments are those of the door.
_WORLD: tuple[tuple[str, str, Fault], ...] = (
    ("tokens_expire", "All tokens issued so far stop working, private apps' too.", Fault(expire=True, count=1)),
    ("refresh_refused", "All refresh tokens stop working.", Fault(call="refuse_refresh", count=1)),
    ("scope_revoked", "An administrator takes a scope from the app (scope).", Fault(call="revoke_scope", count=1)),
    ("daily_limit_reached", "The account's calls of the day are used up.", Fault(call="use_up_calls", count=1)),
    (
        "clock_skew",
        "The portal's clock jumps: Date headers and the stamps of records alike.",
        Fault(call="turn_clock", arguments={"seconds": -3600}, count=1),
    ),
    (
        "search_lags",
        "From now on the search knows of a write only after so many milliseconds.",
        Fault(call="set_index_lag", arguments={"ms": 30_000}, count=1),
    ),
    (
        "salesforce_integration_on",
        "The native Salesforce integration is turned on, so companies cannot be merged.",
        Fault(call="set_salesforce_integration", arguments={"on": True}, count=1),
    ),
    ("created", "A person creates a record (kind, values).", Fault(call="create", count=1)),
    ("edited", "A person changes a record (kind, record_id, values).", Fault(call="edit", count=1)),
    ("deleted", "A person deletes a record (kind, record_id).", Fault(call="delete", count=1)),
    ("restored", "A person takes a record out of the bin (kind, record_id).", Fault(call="restore_record", count=1)),
    ("merged", "A person merges two records (kind, primary, other).", Fault(call="merge", count=1)),
    (
        "associated",
        "A person links two records (kind, record_id, target, target_id).",
        Fault(call="associate", count=1),
    ),
    (
        "dissociated",
        "A person unlinks two records (kind, record_id, target, target_id).",
        Fault(call="dissociate", count=1),
    ),
)


def refuse_row(number: int, row: Any) -> None:
    """Raise what the fault desk has for this input of a batch; to be called for each, before it is written."""
    if fault := row_fault(number, row):
        raise _ERRORS[fault.name.removeprefix("hubspot.")][1](**fault.arguments)


def rows_not_found(inputs: Sequence[Any]) -> set[int]:
    """Places, from 0, of the inputs that are to be missing; all other refusals are raised."""
    found = set()
    for place, row in enumerate(inputs):
        try:
            refuse_row(place + 1, row)
        except HubspotError as error:
            if error.status != 404:
                raise
            found.add(place)
    return found


def _traced(response: Response) -> Response:
    response.headers.setdefault(_CORRELATION, str(uuid.uuid4()))
    return response


def _error(name: str, says: str, make: Make) -> Entry:
    def answer(request: Request, **arguments: Any) -> Response:
        return _traced(make(**arguments).response())

    return Entry(f"hubspot.{name}", says, answer=answer, of_rows=name.startswith(_OF_ROWS), told_by=make)


def _limit(policy: str, more: dict[str, str], headers: dict[str, str]) -> Entry:
    def answer(request: Request, retry_after_s: int | None = None) -> Response:
        told = {**more, "requestId": str(uuid.uuid4())} if policy == "DAILY" else more
        response = rate_limited(policy, retry_after_s, told)
        response.headers |= headers
        return _traced(response)

    return Entry(f"hubspot.{policy}", _LIMIT_SAYS[policy], answer=answer)


def _gateway(status: int, reason: str, says: str) -> Entry:
    def answer(request: Request) -> Response:
        body = f"<html><head><title>{status}</title></head><body><h1>{reason}</h1></body></html>"
        return Response(status, body.encode(), {"Content-Type": "text/html;charset=UTF-8"})

    return Entry(f"hubspot.{status}", f"{status}: {says}", answer=answer)


def _busy(status: int, says: str, message: str, usual_s: int | None) -> Entry:
    def answer(request: Request, retry_after_s: int | None = usual_s) -> Response:
        response = HubspotError(status, message, "LOCKED" if status == 423 else "MIGRATION_IN_PROGRESS").response()
        if retry_after_s is not None:
            response.headers["Retry-After"] = str(retry_after_s)
        return _traced(response)

    return Entry(f"hubspot.{status}", says, answer=answer)


def _oauth(word: str, message: str, error: str, says: str) -> Entry:
    def answer(request: Request) -> Response:
        body = {
            "status": word,
            "message": message,
            "correlationId": str(uuid.uuid4()),
            "error": error,
            "error_description": message,
        }
        return _traced(Response.of_json(body, 400))

    return Entry(f"hubspot.{word}", f"400 of the token endpoint: {says}", Fault(of_kind="auth"), answer=answer)


def _entries() -> Iterator[Entry]:
    for policy, more, headers in _LIMITS:
        yield _limit(policy, more, headers)
    for name, (says, make) in _ERRORS.items():
        yield _error(name, says, make)
    yield _busy(423, "423: the records are locked by other writes; wait two seconds or more.", "Locked", None)
    yield _busy(477, "477: the account is being moved; Retry-After says up to a day.", "Migration in progress", 7200)
    for status, reason, says in _GATEWAY:
        yield _gateway(status, reason, says)
    for word, message, error, says in _OAUTH:
        yield _oauth(word, message, error, says)
    yield from PAGING
    for name, says, what in _WORLD:
        yield Entry(f"hubspot.{name}", says, what)


FAULTS: tuple[Entry, ...] = tuple(_entries())
