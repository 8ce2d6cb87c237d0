"""How an org of the sandbox is set up: credentials, limits and switches."""

# Harmless words that open nothing but a sandbox.
# ruff: noqa: S105

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.salesforce.connected_apps import ConnectedApp
from sandbox.salesforce.rules import Rules


@dataclass(slots=True)
class Settings:
    """Fixed harmless words by default; a test changes what it needs."""

    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-secret"
    username: str = "admin@sandbox.example"
    password: str = "sandbox"
    security_token: str = "sandbox-token"
    refresh_token: str = "sandbox-refresh"
    jwt_public_key: str | None = None  # PEM that JWT are checked by; without one the app takes none
    apps: dict[str, ConnectedApp] = field(default_factory=dict)  # more apps, by client id
    passwords: dict[str, str] = field(default_factory=dict)  # more people, by username
    token_life_s: float = 7200.0  # inactivity after which an access token is refused
    rotate_refresh_tokens: bool = False  # each refresh token is good for one use
    soap_login: bool = True  # new orgs come without, and nobody has it from version 65 on
    jwt_access_tokens: bool = False  # OAuth gives access tokens in JWT form, which SOAP refuses
    daily_limit: int = 100_000
    app_limit: int = 0  # calls that the connected app has of it; 0: the app has no limit of its own
    burst_limit: int = 0  # told in the usage header when it is not 0
    told_after_s: float = 0.0  # how old /limits and record counts may be: minutes in a real org
    whole_minutes: bool = False  # getUpdated and getDeleted leave the seconds of their window out
    bulk_polls: int = 0  # questions that find a bulk job in progress before its work begins
    bulk_seconds: float = 0.0  # and how long after its creation that is at the earliest
    bulk_page: int = 50_000  # rows of a page of results where the client does not say
    bulk_list_page: int = 1_000  # jobs a list of jobs holds
    bulk_hard_delete: bool = True  # the API user has the permission "Bulk API Hard Delete"
    bulk_failure: str = ""  # with a message here every bulk job fails with it
    page_rows: int = 2_000  # most rows a page of a query has, whatever the client asks for
    cursor_life_s: float = 172_800.0  # after which a query's locator is refused
    features: frozenset[str] = frozenset({"campaign_influence"})  # of objects/features.py
    stale_counts: dict[str, int] = field(default_factory=dict)  # what recordCount tells in place of the truth
    rules: Rules = field(default_factory=Rules)

    def app(self, client_id: str) -> ConnectedApp | None:
        """The app of that id: the one described above, or one of the others."""
        if client_id == self.client_id:
            return ConnectedApp(self.client_id, self.client_secret, self.username, self.jwt_public_key)
        return self.apps.get(client_id)
