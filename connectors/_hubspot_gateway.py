"""The one narrow way to HubSpot: paced, counted, retried where that is safe, and checked before anybody reads it.

Every call names an `Operation`. What comes back is a `Reply` whose status the operation awaits and whose body is a JSON
object; everything else is an error of the tree.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from tenacity import retry_if_not_exception_type
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from connectors._http import (
    MAX_BODY_BYTES,
    Answer,
    fault,
    loopback_url,
    parsed_json,
    redacted,
    retry_after_s,
    server_time,
    unreadable,
)
from connectors._hubspot_operations import Operation
from connectors._hubspot_transport import RawClient, raw_client
from connectors._pace import Budget, Pacer
from connectors._retry import LONGEST_WAIT_S, READ, WRITE, retrying
from connectors.connector import Usage
from model.errors import AuthFailed, ConnectorError, QuotaSpent, RateLimited, Rejected, Unavailable
from model.settings import HubspotConnection

HOME = "https://api.hubapi.com"
# Calls per ten seconds that a private app of each tier may make, and the share of them that we do.
BURST = {"free": 100, "professional": 190, "enterprise": 190}
LINKS_BURST = {"free": 100, "professional": 150, "enterprise": 200}
BURST_SHARE = 0.9
WINDOW_S = 10.0
SEARCHES_PER_S = 4  # of 5 that the account has
LOCKED_WAIT_S = 2.0
CONNECT_TIMEOUT_S = 10.0
# A body that drips in for longer than this many read time-outs counts as cut.
SLOWEST_BODY = 4
POLICY_WAIT_S = {"TEN_SECONDLY_ROLLING": 10.0, "SECONDLY": 1.0}
EXISTING = re.compile(r"Existing ID:\s*(\d{1,20})")
# JSON may smuggle in NUL and lone surrogates, which no store can hold.
SMUGGLED = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


class Refused(Rejected):
    """A refusal with the remote's own words, redacted and bounded: fit for an outcome. `existing` is the id of the
    record that has a value already which must be unique, where the words name one."""

    def __init__(self, message: str, *, connection: str, code: str, reason: str, existing: str = "") -> None:
        super().__init__(message, connection=connection, code=code)
        self.reason = reason
        self.existing = existing


class TooLong(Unavailable):
    """The remote asks for more patience than a run has (an account being moved)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A checked answer; the body is empty where an operation may answer without one."""

    status: int
    body: Mapping[str, Any]


class Gateway:
    """All calls of one connection; `usage` counts them. `zone` (once known) dates the daily reset."""

    def __init__(
        self,
        name: str,
        settings: HubspotConnection,
        secret: Callable[[str], str],
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.usage = Usage()
        self.zone: tzinfo | None = None
        self.at = 0  # the remote's clock at its last answer, µs
        self.ahead = 0  # by how much it was ahead of ours then, µs
        self._settings = settings
        self._secret = secret
        self._sleep = sleep
        self._clock = clock
        self._origin = loopback_url(name, settings.base_url) if settings.base_url else HOME
        self._budget = Budget(name, self.usage, daily_share=settings.daily_share)
        self._burst = BURST[settings.tier]
        self._pacer = self._new_pacer()
        self._search_pacer = Pacer(SEARCHES_PER_S, 1.0, clock=clock, sleep=sleep)
        linked = int(LINKS_BURST[settings.tier] * BURST_SHARE)
        self._links_pacer = Pacer(linked, WINDOW_S, clock=clock, sleep=sleep)
        self._least_wait_s = 0.0
        self._client: RawClient | None = None
        self._token = ""

    def call(
        self,
        operation: Operation,
        *,
        path: Mapping[str, str] | None = None,
        query: Sequence[tuple[str, str]] = (),
        body: Mapping[str, Any] | None = None,
        check: Callable[[Reply], None] | None = None,
    ) -> Reply:
        """Make one call, again where that is harmless; raises the errors of the tree.

        A write that fails after one of its attempts may have arrived is Unavailable(sent), whatever came last. `check`
        raises Unavailable for an answer that lacks something: it is asked for again, as one that was cut.
        """
        policy = (READ if operation.is_idempotent else WRITE) & retry_if_not_exception_type(TooLong)
        text = None if body is None else json.dumps(body, separators=(",", ":"))
        may_have_arrived = False

        def attempt() -> Reply:
            nonlocal may_have_arrived
            try:
                reply = self._attempt(operation, path or {}, query, text)
                if check is not None:
                    check(reply)
                return reply
            except Unavailable as error:
                may_have_arrived = may_have_arrived or error.sent
                raise

        try:
            return retrying(policy, sleep=self._pause)(attempt)
        except ConnectorError as error:
            if operation.kind != "write" or not may_have_arrived:
                raise
            raise Unavailable(str(error), connection=self.name, sent=True) from error

    def redacted(self, text: object) -> str:
        """Remote text, one bounded line without secrets, addresses and phone numbers."""
        return redacted(str(text), (self._token,))

    def close(self) -> None:
        if self._client is not None:
            self._client.rest_client.pool_manager.clear()
            self._client = None

    def _attempt(
        self, operation: Operation, path: Mapping[str, str], query: Sequence[tuple[str, str]], body: str | None
    ) -> Reply:
        self._budget.spend(operation.kind)
        for pacer in self._pacers(operation):
            pacer.wait()
        answer = self._send(operation, path, query, body)
        self._heed(answer)
        error = self._error(operation, answer)
        if error is not None:
            raise error
        return self._reply(operation, answer)

    def _send(
        self, operation: Operation, path: Mapping[str, str], query: Sequence[tuple[str, str]], body: str | None
    ) -> Answer:
        if self._client is None:
            self._token = self._secret(self._settings.secret)
            self._client = raw_client(self._origin, self._token)
        try:
            response = self._client.call_api(
                operation.path,
                operation.method,
                path_params={"version": operation.version, **path},
                query_params=list(query),
                body=body,
                auth_settings=["oauth2"],
                _preload_content=False,
                _request_timeout=(min(CONNECT_TIMEOUT_S, self._settings.timeout_s), self._settings.timeout_s),
            )
            headers = {name.lower(): value for name, value in response.headers.items()}
            try:
                return Answer(response.status, headers, self._body(response))
            finally:
                response.release_conn()
        except (NewConnectionError, ConnectTimeoutError, SSLError) as error:
            raise Unavailable(
                f"{self.name}: HubSpot cannot be reached ({type(error).__name__}); check network and certificates.",
                connection=self.name,
                sent=False,
            ) from None
        except (HTTPError, OSError) as error:
            raise unreadable(self.name, type(error).__name__) from None

    def _body(self, response: Any) -> bytes:
        deadline = self._clock() + SLOWEST_BODY * self._settings.timeout_s
        body = bytearray()
        for chunk in response.stream(1 << 16, decode_content=True):
            body += chunk
            if len(body) > MAX_BODY_BYTES or self._clock() > deadline:
                response.close()
                raise unreadable(self.name, f"over {MAX_BODY_BYTES} bytes or too slow")
        return bytes(body)

    def _heed(self, answer: Answer) -> None:
        """Take the remote's own figures: its clock, the daily allowance, a smaller or spent burst window."""
        told = server_time(answer.headers)
        now = time.time_ns() // 1_000_000_000 * 1_000_000
        self.at = told if told is not None else now
        self.ahead = self.at - now
        limit = _figure(answer, "x-hubspot-ratelimit-daily")
        left = _figure(answer, "x-hubspot-ratelimit-daily-remaining")
        if limit is not None:
            self.usage.daily_limit = limit
            self.usage.daily_used = None if left is None else limit - left
        burst = _figure(answer, "x-hubspot-ratelimit-max")
        if burst and burst < self._burst:
            self._burst = burst
            self._pacer = self._new_pacer()
        if _figure(answer, "x-hubspot-ratelimit-remaining") == 0 and answer.status != 429:
            self._sleep((_figure(answer, "x-hubspot-ratelimit-interval-milliseconds") or 1000 * WINDOW_S) / 1000)

    def _error(self, operation: Operation, answer: Answer) -> ConnectorError | None:
        status = answer.status
        if status in operation.statuses:
            return None
        if status < 300:
            return unreadable(self.name, f"{operation.name} answered HTTP {status}, which is not one of its answers")
        if status == 429:
            return self._limit(answer)
        if status in (423, 477, 503):
            return self._busy(answer)
        body = _error_body(answer)
        code = _code(body)
        if status == 530:
            # A malformed bearer is turned away by the gateway in front of HubSpot, not by HubSpot.
            return AuthFailed(f"{self.name}: HubSpot refused our token with HTTP 530.", connection=self.name)
        if status in (400, 404, 409, 413, 414, 422):
            what = f"HTTP {status}" + (f" ({code})" if code else "")
            reason, existing = self.reason(body, what)
            return Refused(
                f"{self.name}: HubSpot refused the {operation.name}, {what}.",
                connection=self.name,
                code=code or what,
                reason=reason,
                existing=existing,
            )
        return fault(self.name, answer, code=code, missing=_missing_scopes(body))

    def reason(self, body: Mapping[str, Any], what: str) -> tuple[str, str]:
        """The remote's own words; where a record holds a value that must be unique, that, and its id."""
        words = str(body.get("message") or what)
        existing = EXISTING.search(words)
        if existing:
            return f"Record {existing[1]} has this value already.", existing[1]
        return self.redacted(words), ""

    def _limit(self, answer: Answer) -> ConnectorError:
        body = _error_body(answer)
        policy = str(body.get("policyName") or "").upper()
        words = str(body.get("message") or "").lower()
        if policy == "DAILY" or "daily limit" in words:
            return QuotaSpent(
                f"{self.name}: the account's daily API allowance is used up; run it again after its midnight.",
                connection=self.name,
                resets_at=self._next_midnight(answer),
            )
        if not policy and "secondly limit" in words:
            policy = "SECONDLY"
        wait_s = retry_after_s(answer.headers)
        return RateLimited(
            f"{self.name}: HubSpot had too many calls at once ({policy or 'no policy named'}).",
            connection=self.name,
            retry_after_s=POLICY_WAIT_S.get(policy) if wait_s is None else wait_s,
        )

    def _busy(self, answer: Answer) -> Unavailable:
        """423 a lock (nothing was done), 477 an account being moved (for up to a day), 503."""
        told_s = retry_after_s(answer.headers)
        self._least_wait_s = told_s if told_s is not None else LOCKED_WAIT_S
        kind = TooLong if self._least_wait_s > LONGEST_WAIT_S else Unavailable
        after = f" in {told_s:.0f} s" if told_s else " later"
        return kind(
            f"{self.name}: HubSpot is busy with this account, HTTP {answer.status}; try again{after}.",
            connection=self.name,
            sent=answer.status == 503,
        )

    def _reply(self, operation: Operation, answer: Answer) -> Reply:
        if not answer.body and not operation.has_body:
            return Reply(answer.status, {})
        body = parsed_json(self.name, answer)
        if not isinstance(body, dict):
            raise unreadable(self.name, f"{operation.name} answered no JSON object")
        return Reply(answer.status, _cleaned(body) if SMUGGLED.search(answer.body) else body)

    def _pause(self, seconds: float) -> None:
        wait_s, self._least_wait_s = max(seconds, self._least_wait_s), 0.0
        self._sleep(wait_s)

    def _pacers(self, operation: Operation) -> tuple[Pacer, ...]:
        """Searches have a limit of their own instead of the burst, calls about links one beside it."""
        if operation.is_search:
            return (self._search_pacer,)
        return (self._pacer, self._links_pacer) if operation.is_about_links else (self._pacer,)

    def _new_pacer(self) -> Pacer:
        return Pacer(max(1, int(self._burst * BURST_SHARE)), WINDOW_S, clock=self._clock, sleep=self._sleep)

    def _next_midnight(self, answer: Answer) -> datetime | None:
        now = server_time(answer.headers)
        if self.zone is None or now is None:
            return None
        local = datetime.fromtimestamp(now / 1e6, UTC).astimezone(self.zone)
        midnight = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), tzinfo=self.zone)
        return midnight.astimezone(UTC)


def _figure(answer: Answer, header: str) -> int | None:
    text = answer.headers.get(header, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _error_body(answer: Answer) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _details(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    errors = body.get("errors")
    return [entry for entry in errors if isinstance(entry, dict)] if isinstance(errors, list) else []


def _code(body: Mapping[str, Any]) -> str:
    """The remote's narrowest code: that of the first error, else its category; a plain word or nothing."""
    codes = [entry.get("code") for entry in _details(body)] + [body.get("category")]
    return next((code for code in codes if isinstance(code, str) and re.fullmatch(r"[A-Z0-9_]{1,60}", code)), "")


def _missing_scopes(body: Mapping[str, Any]) -> str:
    scopes: set[str] = set()
    for entry in _details(body):
        context = entry.get("context")
        for name in ("requiredGranularScopes", "requiredScopes"):
            listed = context.get(name) if isinstance(context, dict) else None
            scopes.update(str(scope) for scope in listed or () if re.fullmatch(r"[\w.-]{1,80}", str(scope)))
    return f"scope {', '.join(sorted(scopes))}" if scopes else ""


def _cleaned(value: Any) -> Any:
    """The same JSON value with NUL and lone surrogates taken out of every text."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(item) for key, item in value.items()}
    return value


def results_of(gateway: Gateway, reply: Reply) -> list[dict[str, Any]]:
    """The objects a reply lists; Unavailable when it has no such list."""
    results = reply.body.get("results")
    if not isinstance(results, list) or not all(isinstance(entry, dict) for entry in results):
        raise unreadable(gateway.name, "no list of results")
    return results
