"""Who calls: access tokens, the app and user behind each, and the scopes it was granted."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field

from sandbox.clock import SandboxClock
from sandbox.hubspot.errors import HubspotError

PRIVATE_TOKEN = "pat-sandbox-token"  # noqa: S105 - a fixed harmless word
OTHER_TOKEN = "pat-sandbox-other-token"  # noqa: S105 - likewise; another app of the same portal
DEVELOPER_KEY = "sandbox-developer-key"  # what manages apps rather than accounts: webhooks
OAUTH_LIFE_MS = 1_800_000
OAUTH_APP, OAUTH_USER = 2001, 7001
_OBJECTS = ("contacts", "companies", "deals", "leads", "products", "line_items", "quotes", "custom", "goals")
SCOPES = frozenset(
    [
        f"crm.objects.{name}.{verb}"
        for name in (*_OBJECTS, "users", "feedback_submissions", "marketing_events")
        for verb in ("read", "write")
    ]
    + [f"crm.schemas.{name}.{verb}" for name in _OBJECTS for verb in ("read", "write")]
    + ["crm.objects.owners.read", "crm.export", "crm.import", "account-info.security.read", "sales-email-read"]
    + ["oauth", "tickets", "forms", "settings.users.read", "settings.users.write", "settings.users.teams.read"]
    + ["crm.lists.read", "crm.lists.write", "communication_preferences.read_write"]
)


@dataclass(slots=True)
class Token:
    """One access token. `expires_ms` None: never (private app); `user_id` is the person who made or granted it."""

    text: str
    app_id: int
    app_name: str
    user_id: int
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    expires_ms: int | None = None
    is_oauth: bool = False


@dataclass(frozen=True, slots=True)
class Author:
    """Whom the history names for a value: `source_type` INTEGRATION, CRM_UI, IMPORT, ..."""

    source_type: str
    source_id: str
    label: str = ""
    user_id: int | None = None

    @classmethod
    def of(cls, token: Token) -> Author:
        return cls("INTEGRATION", str(token.app_id), token.app_name, token.user_id)

    @classmethod
    def person(cls, user_id: int) -> Author:
        return cls("CRM_UI", f"userId:{user_id}", "", user_id)


# What a bearer token is made of (RFC 6750); the gateway in front of the API chokes on anything else.
_WELL_FORMED = re.compile(r"[A-Za-z0-9._~+/-]+=*")


def nobody() -> Token:
    """Who calls without a token, where that is allowed."""
    return Token("", 0, "", 0, set())


class MalformedToken(Exception):
    """The gateway does not even pass such a header on: it answers 530 instead of the API's 401."""


class Tokens:
    """The tokens of the portal; state of the running server, not of the stored data."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._tokens: dict[str, Token] = {}
        self.add(Token(PRIVATE_TOKEN, 1001, "Trueline sandbox", 7001))
        self.add(Token(OTHER_TOKEN, 1002, "Another app", 7002))

    def add(self, token: Token) -> Token:
        self._tokens[token.text] = token
        return token

    def issue(self, scopes: Collection[str] = SCOPES) -> Token:
        """A new OAuth access token, good for 30 minutes. Its text is as long as HubSpot's may be, some 300 letters."""
        text = f"oauth-sandbox-{secrets.token_urlsafe(214)}"
        until = self._clock.now_ms() + OAUTH_LIFE_MS
        return self.add(Token(text, OAUTH_APP, "Sandbox OAuth app", OAUTH_USER, set(scopes), until, is_oauth=True))

    def find(self, text: str) -> Token | None:
        return self._tokens.get(text)

    def of_key(self, key: str | None) -> Token:
        """The developer behind an API key, which is good for what belongs to apps; 401 for any other."""
        if key != DEVELOPER_KEY:
            raise HubspotError(401, "This hapikey doesn't exist.", "INVALID_AUTHENTICATION")
        return Token(DEVELOPER_KEY, 0, "Developer account", OAUTH_USER)

    def of_header(self, header: str | None) -> Token:
        """The live token of an Authorization header; 401 otherwise, MalformedToken for what no token can be."""
        scheme, _, text = (header or "").partition(" ")
        if scheme.lower() == "bearer" and text.strip() and not _WELL_FORMED.fullmatch(text.strip()):
            raise MalformedToken
        token = self._tokens.get(text.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            raise HubspotError(
                401,
                "Authentication credentials not found. This API supports OAuth 2.0 authentication.",
                "INVALID_AUTHENTICATION",
            )
        age_ms = self._clock.now_ms() - token.expires_ms if token.expires_ms is not None else -1
        if age_ms >= 0:
            raise HubspotError(
                401,
                f"The OAuth token used to make this call expired {age_ms // 1000} second(s) ago.",
                "EXPIRED_AUTHENTICATION",
            )
        return token

    def expire(self) -> None:
        """Every token issued so far is expired from now on."""
        for token in self._tokens.values():
            token.expires_ms = self._clock.now_ms()

    def renew(self) -> None:
        """The private apps' tokens work again."""
        for token in self._tokens.values():
            if not token.is_oauth:
                token.expires_ms = None

    def revoke_scope(self, scope: str, text: str = "") -> None:
        """Take a scope from the token `text`, from all when that is blank. LookupError for an unknown token."""
        for token in self._named(text):
            token.scopes.discard(scope)

    def grant_scope(self, scope: str, text: str = "") -> None:
        for token in self._named(text):
            token.scopes.add(scope)

    def _named(self, text: str) -> list[Token]:
        return [self._tokens[text]] if text else list(self._tokens.values())
