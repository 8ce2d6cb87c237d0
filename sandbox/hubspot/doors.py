"""The doors for tests: somebody else at work in the account, a look inside, and switches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import wraps
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.hubspot import salesforce_link
from sandbox.hubspot.admin_rules import AdminRule
from sandbox.hubspot.errors import HubspotError
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.limits import Limiter, Limits
from sandbox.hubspot.links import Links
from sandbox.hubspot.merging import Merger
from sandbox.hubspot.oauth import OAuth
from sandbox.hubspot.office_doors import OfficeDoors
from sandbox.hubspot.portal import Portal, Settings
from sandbox.hubspot.tokens import OAUTH_LIFE_MS, SCOPES, Author, Token, Tokens
from sandbox.hubspot.view import records
from sandbox.hubspot.webhooks import Courier, Webhooks
from sandbox.hubspot.writing import Writer

# The user who works in the CRM by hand.
SOMEBODY = 7100


class Doors(OfficeDoors):
    """What an app lets tests do, in Python as methods and over HTTP by the names in `doors`."""

    clock: SandboxClock
    settings: Settings
    limits: Limits
    tokens: Tokens
    _lock: threading.RLock
    _portal: Portal
    _links: Links
    _writer: Writer
    _webhooks: Webhooks
    _courier: Courier | None = None
    _limiter: Limiter
    _oauth: OAuth

    @property
    def doors(self) -> Mapping[str, Callable[..., Any]]:
        mine = (
            self.edit, self.create, self.delete, self.restore_record, self.merge, self.associate, self.dissociate,
            self.row, self.count, self.expire_tokens, self.renew_tokens, self.revoke_scope, self.grant_scope,
            self.add_token, self.set_index_lag, self.catch_up_index, self.set_limits, self.require, self.drop_rules,
            self.set_salesforce_integration, self.set_account, self.deliver_webhooks, self.set_webhook_courier,
            self.refuse_refresh, self.use_up_calls,
        )  # fmt: skip
        opened = {**{door.__name__: door for door in mine}, **self.office_doors}
        return {name: _told(door) for name, door in opened.items()} | {"turn_clock": self.clock.turn}

    # somebody else at work

    def edit(self, kind: str, record_id: str | int, user_id: int = SOMEBODY, **properties: Any) -> None:
        """Set properties as a person does in the CRM; `user_id` shows in their history. Read-only ones can be set
        too, as HubSpot itself or another integration would."""
        author = Author.person(user_id)
        with self._lock, self._portal.transaction(author):
            found = self._portal.kind(kind)
            values = self._writer.checked(found, properties, is_trusted=True)
            self._writer.update(found, int(record_id), values, author)

    def create(self, kind: str, user_id: int = SOMEBODY, **properties: Any) -> str:
        """Make a record as a person does; its id."""
        author = Author.person(user_id)
        with self._lock, self._portal.transaction(author):
            found = self._portal.kind(kind)
            return str(self._writer.create(found, self._writer.checked(found, properties, is_trusted=True), author))

    def delete(self, kind: str, record_id: str | int) -> None:
        with self._lock, self._portal.transaction(Author.person(SOMEBODY)):
            self._writer.archive(self._portal.kind(kind), int(record_id))

    def restore_record(self, kind: str, record_id: str | int) -> None:
        """Take a record out of the recycle bin, as a person can."""
        with self._lock, self._portal.transaction(Author.person(SOMEBODY)):
            self._writer.restore(self._portal.kind(kind), int(record_id))

    def merge(self, kind: str, primary: str | int, other: str | int) -> str:
        """Merge two records as a person does; the survivor's id."""
        with self._lock, self._portal.transaction(Author.person(SOMEBODY)):
            merger = Merger(self._portal, self._links, self._writer)
            return str(merger.merge(self._portal.kind(kind), str(primary), str(other)))

    def associate(
        self, kind: str, record_id: str | int, target: str, target_id: str | int, types: Collection[int] = ()
    ) -> None:
        """Link two records, without a label unless `types` are given."""
        with self._lock, self._portal.transaction(Author.person(SOMEBODY)):
            one, other = self._portal.kind(kind), self._portal.kind(target)
            if types:
                self._links.label(one, int(record_id), other, int(target_id), types)
            else:
                self._links.default(one, int(record_id), other, int(target_id))

    def dissociate(self, kind: str, record_id: str | int, target: str, target_id: str | int) -> None:
        with self._lock, self._portal.transaction(Author.person(SOMEBODY)):
            one, other = self._portal.kind(kind), self._portal.kind(target)
            self._links.unlink(one, int(record_id), other, int(target_id))

    # a look inside

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

    # webhooks

    def deliver_webhooks(self, shuffled: bool = False, doubled: bool = False, seed: int = 0) -> dict[str, int]:
        """Send what happened to those who subscribed, once, also in any order and twice; how many events were
        delivered, refused and given up. What is refused is sent again by the next call."""
        return self._webhooks.send(shuffled=shuffled, doubled=doubled, seed=seed)

    def set_webhook_courier(self, on: bool) -> None:
        """Let a thread deliver webhooks as things happen, until switched off or the account is closed."""
        if on and self._courier is None:
            self._courier = Courier(self._webhooks)
        elif not on and self._courier is not None:
            self._courier.stop()
            self._courier = None

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

    def use_up_calls(self, left: int = 0) -> None:
        """Let so many calls be left of the account's day."""
        with self._lock:
            self._limiter.use_up(left)

    def require(
        self, kind: str, properties: Collection[str], when: Mapping[str, Collection[str]] | None = None
    ) -> None:
        """As an administrator, require properties of new records, or of all that hold certain values: `when` maps
        properties to values. Holds for writes from 2026-09 on."""
        rule = AdminRule(self._portal.kind(kind).plural, tuple(properties), when or {})
        self.settings.admin_rules.append(rule)

    def drop_rules(self) -> None:
        self.settings.admin_rules.clear()

    def set_account(self, **switches: Any) -> None:
        """Set switches of `Settings`: time_zone, currency, deal_merge_makes_new_id, oauth_may_associate, oauth_v1, ...;
        LookupError for one there is not, or one that has a door of its own."""
        for name, value in switches.items():
            if name not in self.settings.__slots__ or name in ("salesforce_integration", "admin_rules"):
                raise LookupError(f"there is no switch {name}")
            setattr(self.settings, name, value)

    def set_salesforce_integration(self, on: bool) -> None:
        """Connect the account to Salesforce: companies cannot be merged, and the integration's properties exist."""
        with self._lock:
            self.settings.salesforce_integration = on
            salesforce_link.define(self._portal, on=on)

    def expire_tokens(self) -> None:
        """All tokens issued so far are refused from now on, the private apps' too (`renew_tokens` undoes those)."""
        self.tokens.expire()

    def renew_tokens(self) -> None:
        self.tokens.renew()

    def refuse_refresh(self) -> None:
        """No refresh token is good any more."""
        self._oauth.refuse_refresh()

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


def _told(door: Callable[..., Any]) -> Callable[..., Any]:
    """The door, with the account's refusals as words about its arguments."""

    @wraps(door)
    def open_door(**arguments: Any) -> Any:
        try:
            return door(**arguments)
        except HubspotError as error:
            raise LookupError(error.message) from error

    return open_door
