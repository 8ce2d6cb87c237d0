"""The portal as an app: who calls, may they, how often, and which handler answers; and the door for tests."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import polars as pl

from sandbox.clock import SandboxClock
from sandbox.hubspot import salesforce_link
from sandbox.hubspot.addresses import DEFINITIONS, Address, address
from sandbox.hubspot.call import Call
from sandbox.hubspot.doors import Doors
from sandbox.hubspot.errors import HubspotError, missing_scopes, no_permission, not_found
from sandbox.hubspot.faults import FAULTS
from sandbox.hubspot.limits import Limiter, Limits, Pool
from sandbox.hubspot.links import Links
from sandbox.hubspot.loading import load
from sandbox.hubspot.oauth import CLIENT_SECRET, OAuth
from sandbox.hubspot.portal import Portal, Settings
from sandbox.hubspot.required import may_associate
from sandbox.hubspot.routes import Route, route_table, scopes
from sandbox.hubspot.tokens import Author, MalformedToken, Token, Tokens, nobody
from sandbox.hubspot.webhooks import Webhooks
from sandbox.hubspot.writing import Writer
from sandbox.wire import Request, Response

# Longer request lines are answered 414 by the gateway.
MAX_TARGET = 16_000
_HTML = {"Content-Type": "text/html;charset=UTF-8"}


class HubspotApp(Doors):
    """One HubSpot account. `handle` may be called from many threads."""

    system = "hubspot"
    faults = FAULTS

    def __init__(
        self,
        path: Path | None = None,
        *,
        clock: SandboxClock | None = None,
        settings: Settings | None = None,
        limits: Limits | None = None,
    ) -> None:
        """In memory, or in the SQLite file `path`, which may hold the state of an earlier run."""
        self.clock = clock or SandboxClock()
        self.settings = settings or Settings()
        self.limits = limits or Limits()
        self._lock = threading.RLock()
        self._portal = Portal(path, self.clock, self.settings)
        self._links = Links(self._portal)
        self._writer = Writer(self._portal, self._links)
        self.tokens = Tokens(self.clock)
        self._limiter = Limiter(self.limits, self.clock, lambda: self.settings.time_zone)
        self._oauth = OAuth(self._portal, self.tokens)
        self._webhooks = Webhooks(self._portal, CLIENT_SECRET, self._lock)
        self._table = route_table()
        if self.settings.salesforce_integration:
            salesforce_link.define(self._portal, on=True)

    # the wire

    def handle(self, request: Request) -> Response:
        if len(request.target) > MAX_TARGET:
            return Response(414, b"<html><body>414 Request-URI Too Large</body></html>", dict(_HTML))
        with self._lock:
            path = _path(request)
            found = address(path)
            if found is not None and found.area == "oauth":
                return self._oauth.handle(request, found.version, found.tail)
            if path == "/oauth/authorize" and request.method == "GET":
                return self._oauth.authorize(request)
            if found is not None and found.is_open:
                return self._answer(request, found, nobody())
            try:
                token = self._caller(request, found)
            except HubspotError as error:
                return _correlated(error.response())
            except MalformedToken:
                return Response(530, b"<html><body>error code: 1016</body></html>", dict(_HTML))
            pool = _pool(request, found)
            response = self._limiter.admit(token, pool) or self._answer(request, found, token)
            response.headers |= self._limiter.headers(token, pool)
            return _correlated(response)

    def _caller(self, request: Request, found: Address | None) -> Token:
        """The token of the request; what belongs to an app may be managed with a developer's API key too."""
        if found is not None and found.area == "webhooks" and "hapikey" in request.query:
            return self.tokens.of_key(request.first("hapikey"))
        return self.tokens.of_header(request.headers.get("authorization"))

    def kind(self, request: Request) -> str:
        """What kind of call a request is, for the log of the listener."""
        found = address(_path(request))
        if found is None:
            return "other"
        if found.area in ("oauth", "account-info"):
            return "auth" if found.area == "oauth" else "account"
        if found.area in DEFINITIONS:
            return "describe" if request.method == "GET" else "define"
        if _is_association(found):
            return "association"
        for word in ("search", "merge", "gdpr-delete", "batch/read"):
            if found.tail.endswith(f"/{word}"):
                return {"gdpr-delete": "delete", "batch/read": "read"}.get(word, word)
        if request.method == "GET":
            return "list" if found.tail.count("/") == 1 else "read"
        return "write"

    def _answer(self, request: Request, found: Address | None, token: Token) -> Response:
        matched = self._table.match(request.method, found) if found else None
        if found is None or matched is None:
            return self._no_route(found)
        self.run_jobs()
        route, arguments = matched[0], {name: value.replace("%2F", "/") for name, value in matched[1].items()}
        call = Call(request, found.version, token, self._portal, self._links, self._writer, self.tokens, self._limiter)
        try:
            self._check_scopes(token, route, arguments)
            self._check_association_permission(token, found, request.method)
            with self._transaction(call.author):
                response = route(call, **arguments)
            if found.area == "webhooks":
                self._webhooks.reread()
            return response
        except HubspotError as error:
            return error.response()

    @contextmanager
    def _transaction(self, author: Author) -> Iterator[None]:
        """All or nothing; what is cached of the definitions follows."""
        self._portal.is_redefined = False
        try:
            with self._portal.transaction(author):
                yield
        except BaseException:
            if self._portal.is_redefined:
                self._reread()
            raise

    def _check_scopes(self, token: Token, route: Route, arguments: dict[str, str]) -> None:
        lacking = [
            one for one in scopes(route, arguments, self._portal.find_kind) if not token.scopes.intersection(one)
        ]
        if lacking:
            raise missing_scopes([scope for one in lacking for scope in one])

    def _check_association_permission(self, token: Token, found: Address, method: str) -> None:
        """From 2026-09 on an OAuth app may associate only what its user may."""
        is_write = method != "GET" and not found.tail.endswith("/batch/read")
        if _is_association(found) and is_write and not may_associate(self.settings, token, found.version):
            raise no_permission()

    def _no_route(self, found: Address | None) -> Response:
        methods = self._table.methods(found) if found else []
        if not methods:
            return not_found().response()
        return Response(405, b"<html><body>405 Method Not Allowed</body></html>", {"Allow": ", ".join(methods)})

    # data and state

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Add the records of `Dataset.hubspot`: a frame per object, owners, pipelines, associations."""
        with self._lock:
            load(self._portal, self._links, frames)

    def dump(self) -> bytes:
        """The stored state; equal states give equal bytes."""
        with self._lock:
            return self._portal.store.dump()

    def restore(self, dumped: bytes) -> None:
        """Put back what `dump` gave."""
        with self._lock:
            self._portal.store.restore(dumped)
            self._reread()

    def _reread(self) -> None:
        self._portal.reread()
        self._links.reread()
        self._webhooks.reread()

    def close(self) -> None:
        """End the account once the request in hand is answered: SQLite may not be closed under a query."""
        self.set_webhook_courier(False)
        with self._lock:
            self._portal.store.close()


def _correlated(response: Response) -> Response:
    response.headers["X-HubSpot-Correlation-Id"] = str(uuid.uuid4())
    return response


def _path(request: Request) -> str:
    """The decoded path without its trailing slash; an encoded slash is part of an id and stays `%2F`."""
    raw = request.target.partition("?")[0]
    kept = re.sub("%2F", "%252F", raw, flags=re.IGNORECASE)
    return unquote(kept).rstrip("/") or "/"


def _is_association(found: Address) -> bool:
    return found.area == "associations" or (found.area == "objects" and "/associations/" in f"{found.tail}/")


def _pool(request: Request, found: Address | None) -> Pool:
    """Which limit a call falls under."""
    if found is None:
        return "other"
    if request.method == "POST" and found.area == "objects" and found.tail.endswith("/search"):
        return "search"
    return "association" if _is_association(found) else "other"
