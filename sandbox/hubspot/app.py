"""The portal as an app: who calls, may they, how often, and which handler answers; and the door for tests."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from sandbox.clock import SandboxClock
from sandbox.hubspot import state
from sandbox.hubspot.addresses import DEFINITIONS, Address, address
from sandbox.hubspot.call import Call
from sandbox.hubspot.errors import HubspotError, missing_scopes, not_found
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.limits import Limiter, Limits, Pool
from sandbox.hubspot.links import Links
from sandbox.hubspot.loading import load
from sandbox.hubspot.merging import merge
from sandbox.hubspot.oauth import OAuth
from sandbox.hubspot.portal import Portal, Settings
from sandbox.hubspot.routes import Route, Table, scopes
from sandbox.hubspot.tokens import OAUTH_LIFE_MS, PRIVATE_TOKEN, SCOPES, Author, MalformedToken, Token, Tokens
from sandbox.hubspot.view import records
from sandbox.hubspot.writing import Writer
from sandbox.wire import Request, Response

# Longer request lines are answered 414 by the gateway.
MAX_TARGET = 16_000
_HTML = {"Content-Type": "text/html;charset=UTF-8"}
# The user who works in the CRM by hand.
SOMEBODY = 7100


class HubspotApp:
    """One HubSpot account. `handle` may be called from many threads."""

    system = "hubspot"

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
        self._table = Table()
        self.doors: Mapping[str, Callable[..., Any]] = {
            "edit": self.edit,
            "create": self.create,
            "delete": self.delete,
            "restore_record": self.restore_record,
            "merge": self.merge,
            "associate": self.associate,
            "dissociate": self.dissociate,
            "row": self.row,
            "count": self.count,
            "expire_tokens": self.expire_tokens,
            "renew_tokens": self.renew_tokens,
            "revoke_scope": self.revoke_scope,
            "grant_scope": self.grant_scope,
            "add_token": self.add_token,
            "set_index_lag": self.set_index_lag,
            "catch_up_index": self.catch_up_index,
            "set_limits": self.set_limits,
            "turn_clock": self.clock.turn,
            "set_salesforce_integration": self.set_salesforce_integration,
        }

    # the wire

    def handle(self, request: Request) -> Response:
        if len(request.target) > MAX_TARGET:
            return Response(414, b"<html><body>414 Request-URI Too Large</body></html>", dict(_HTML))
        with self._lock:
            path = request.path.rstrip("/") or "/"
            found = address(path)
            if found is not None and found.area == "oauth":
                return self._oauth.handle(request, found.version, found.tail)
            if path == "/oauth/authorize" and request.method == "GET":
                return self._oauth.authorize(request)
            try:
                token = self.tokens.of_header(request.headers.get("authorization"))
            except HubspotError as error:
                return error.response()
            except MalformedToken:
                return Response(530, b"<html><body>error code: 1016</body></html>", dict(_HTML))
            pool = _pool(request, found)
            response = self._limiter.admit(token, pool) or self._answer(request, found, token)
            response.headers |= self._limiter.headers(token, pool)
            response.headers["X-HubSpot-Correlation-Id"] = str(uuid.uuid4())
            return response

    def kind(self, request: Request) -> str:
        """What kind of call a request is, for the log of the listener."""
        found = address(request.path.rstrip("/"))
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
        route, arguments = matched
        call = Call(request, found.version, token, self._portal, self._links, self._writer, self.tokens, self._limiter)
        try:
            self._check_scopes(token, route, arguments)
            with self._transaction():
                return route(call, **arguments)
        except HubspotError as error:
            return error.response()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing; what is cached of the definitions follows."""
        self._portal.is_redefined = False
        try:
            with self._portal.store.transaction():
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
            return state.dump(self._portal.store.db)

    def restore(self, dumped: bytes) -> None:
        """Put back what `dump` gave."""
        with self._lock:
            state.restore(self._portal.store.db, dumped)
            self._reread()

    def _reread(self) -> None:
        self._portal.reread()
        self._links.reread()

    def close(self) -> None:
        self._portal.store.close()

    # the door: somebody else at work, and a look inside

    def edit(self, kind: str, record_id: str | int, user_id: int = SOMEBODY, **properties: Any) -> None:
        """Set properties as a person does in the CRM; `user_id` shows in their history."""
        with self._lock, self._portal.store.transaction():
            found = self._portal.kind(kind)
            self._writer.update(
                found, int(record_id), self._writer.checked(found, properties), Author.person(user_id)
            )  # fmt: skip

    def create(self, kind: str, user_id: int = SOMEBODY, **properties: Any) -> str:
        """Make a record as a person does; its id."""
        with self._lock, self._portal.store.transaction():
            found = self._portal.kind(kind)
            return str(self._writer.create(found, self._writer.checked(found, properties), Author.person(user_id)))

    def delete(self, kind: str, record_id: str | int) -> None:
        with self._lock, self._portal.store.transaction():
            self._writer.archive(self._portal.kind(kind), int(record_id))

    def restore_record(self, kind: str, record_id: str | int) -> None:
        """Take a record out of the recycle bin, as a person can."""
        with self._lock, self._portal.store.transaction():
            self._writer.restore(self._portal.kind(kind), int(record_id))

    def merge(self, kind: str, primary: str | int, other: str | int) -> str:
        """Merge two records as a person does; the survivor's id."""
        with self._lock, self._portal.store.transaction():
            token = self.tokens.find(PRIVATE_TOKEN)
            assert token is not None
            request = Request.make("POST", "/", {}, b"")
            call = Call(request, "v3", token, self._portal, self._links, self._writer, self.tokens, self._limiter)
            return str(merge(call, self._portal.kind(kind), str(primary), str(other)))

    def associate(self, kind: str, record_id: str | int, target: str, target_id: str | int, *types: int) -> None:
        """Link two records, without a label unless `types` are given."""
        with self._lock, self._portal.store.transaction():
            one, other = self._portal.kind(kind), self._portal.kind(target)
            if types:
                self._links.label(one, int(record_id), other, int(target_id), types)
            else:
                self._links.default(one, int(record_id), other, int(target_id))

    def dissociate(self, kind: str, record_id: str | int, target: str, target_id: str | int) -> None:
        with self._lock, self._portal.store.transaction():
            one, other = self._portal.kind(kind), self._portal.kind(target)
            self._links.unlink(one, int(record_id), other, int(target_id))

    def row(self, kind: str, record_id: str | int) -> dict[str, str | None] | None:
        """All properties of a record, deleted or not; None when there is no such record (any more)."""
        return self._look(self._portal.kind(kind), [int(record_id)], None).get(int(record_id))

    def rows(self, kind: str) -> list[dict[str, str | None]]:
        """All properties of all live records, by id."""
        found = self._portal.kind(kind)
        with self._lock:
            ids = [int(row[0]) for row in self._portal.store.db.execute(f"SELECT _id FROM {found.plural}")]
            return list(self._look(found, ids, False).values())

    def count(self, kind: str, *, archived: bool = False) -> int:
        with self._lock:
            return self._portal.store.count(self._portal.kind(kind), archived=archived)

    def _look(self, kind: Kind, ids: list[int], archived: bool | None) -> dict[int, dict[str, str | None]]:
        with self._lock:
            names = list(self._portal.definitions(kind))
            found = records(self._portal, kind, ids, names, archived=archived)
            return {number: one["properties"] for number, one in found.items()}

    # switches

    @property
    def index_lag_ms(self) -> int:
        """How long the search index does not know of a write."""
        return self.settings.index_lag_ms

    @index_lag_ms.setter
    def index_lag_ms(self, lag_ms: int) -> None:
        self.settings.index_lag_ms = lag_ms

    def set_index_lag(self, ms: int) -> None:
        self.settings.index_lag_ms = ms

    def catch_up_index(self) -> None:
        """Let the search index know all writes now."""
        with self._lock:
            self._portal.store.catch_up()

    def set_limits(self, tier: str = "", increases: int = 0, **limits: int | bool) -> None:
        """Take the limits of a tier, and set fields of `Limits`; LookupError for one there is not."""
        if tier:
            self.limits.set_tier(tier, increases)
        for name, value in limits.items():
            if not hasattr(self.limits, name):
                raise LookupError(f"there is no limit {name}")
            setattr(self.limits, name, value)

    def set_salesforce_integration(self, on: bool) -> None:
        self.settings.salesforce_integration = on

    def expire_tokens(self) -> None:
        """All tokens issued so far are refused from now on, the private apps' too (`renew_tokens` undoes those)."""
        self.tokens.expire()

    def renew_tokens(self) -> None:
        self.tokens.renew()

    def revoke_scope(self, scope: str, token: str = "") -> None:
        """Take a scope from one token, from all when `token` is blank."""
        self.tokens.revoke_scope(scope, token)

    def grant_scope(self, scope: str, token: str = "") -> None:
        self.tokens.grant_scope(scope, token)

    def add_token(
        self,
        token: str,
        app_id: int,
        app_name: str = "One more app",
        user_id: int = 7003,
        scopes: Iterable[str] = SCOPES,
        is_oauth: bool = False,
    ) -> None:
        """Let `token` open the account for another app; an OAuth app's has its burst limit and lasts 30 minutes."""
        until = self.clock.now_ms() + OAUTH_LIFE_MS if is_oauth else None
        self.tokens.add(Token(token, app_id, app_name, user_id, set(scopes), until, is_oauth))


def _is_association(found: Address) -> bool:
    return found.area == "associations" or (found.area == "objects" and "/associations/" in f"{found.tail}/")


def _pool(request: Request, found: Address | None) -> Pool:
    """Which limit a call falls under."""
    if found is None:
        return "other"
    if request.method == "POST" and found.area == "objects" and found.tail.endswith("/search"):
        return "search"
    return "association" if _is_association(found) else "other"
