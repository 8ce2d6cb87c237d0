"""Which access and refresh tokens of an org are good, and whose they are."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass

import jwt

from sandbox.clock import SandboxClock
from sandbox.salesforce.connected_apps import known_password
from sandbox.salesforce.database import Database
from sandbox.salesforce.settings import Settings


@dataclass(slots=True)
class Session:
    """What an access token stands for; `refresh` is the refresh token it came from or with."""

    user_id: str
    client_id: str
    issued_ms: int
    used_ms: int
    refresh: str = ""


@dataclass(frozen=True, slots=True)
class Refresh:
    """What a refresh token stands for."""

    client_id: str
    username: str


class Tokens:
    """Issues and checks tokens. Refresh tokens are rows of the database: a rotated one outlives a restart."""

    def __init__(
        self,
        settings: Settings,
        clock: SandboxClock,
        database: Database,
        find_org: Callable[[], str],
        find_user: Callable[[str], str | None],
    ) -> None:
        """`find_org` gives the org's id, `find_user` the id of the active user with that username."""
        self._settings = settings
        self._clock = clock
        self._database = database
        self._find_org = find_org
        self._find_user = find_user
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()
        database.execute(
            "CREATE TABLE IF NOT EXISTS _refresh_tokens (token TEXT PRIMARY KEY, client TEXT, username TEXT,"
            " spent INTEGER)"
        )

    def expire(self) -> None:
        with self._lock:
            self._sessions.clear()

    def refuse_refresh(self) -> None:
        """No refresh token issued so far is good any more."""
        first = (self._settings.refresh_token, "", self._settings.username)
        with self._database.transaction():
            self._database.execute("INSERT OR IGNORE INTO _refresh_tokens VALUES (?, ?, ?, 0)", first)
            self._database.execute("UPDATE _refresh_tokens SET spent = 1")

    def user_of(self, token: str) -> str | None:
        """Whose token it is; None when it is unknown or has been idle too long. Counts as a use of it."""
        with self._lock:
            session = self._good(token)
            if session is None:
                return None
            session.used_ms = self._clock.now_ms()
            return session.user_id

    def session(self, token: str) -> Session | None:
        """What the token stands for, without using it."""
        with self._lock:
            return self._good(token)

    def ends_ms(self, session: Session) -> int:
        return session.used_ms + round(self._settings.token_life_s * 1000)

    def user_with(self, username: str, password: str) -> str | None:
        """The active user with these credentials; the security token may follow the password."""
        passwords = {self._settings.username: self._settings.password, **self._settings.passwords}
        fits = known_password(passwords, username, password, self._settings.security_token)
        return self._find_user(username) if fits else None

    def issue(self, user_id: str, client_id: str = "", refresh: str = "", *, as_jwt: bool = False) -> str:
        # Salesforce's own clients check the letters: a dash is not among them.
        token = f"{self._find_org()[:15]}!{secrets.token_urlsafe(48).replace('-', '.')}"
        if as_jwt:
            token = jwt.encode({"sub": user_id, "jti": token}, secrets.token_bytes(32), "HS256")
        now = self._clock.now_ms()
        with self._lock:
            self._sessions[token] = Session(user_id, client_id, now, now, refresh)
        return token

    def issue_refresh(self, client_id: str, username: str) -> str:
        token = f"5Aep861{secrets.token_urlsafe(48)}"
        self._database.execute("INSERT INTO _refresh_tokens VALUES (?, ?, ?, 0)", (token, client_id, username))
        return token

    def refresh(self, token: str) -> Refresh | None:
        """What a refresh token that is still good stands for."""
        rows = self._database.select("SELECT client, username, spent FROM _refresh_tokens WHERE token = ?", (token,))
        if rows:
            client_id, username, spent = rows[0]
            return None if spent else Refresh(client_id, username)
        if token and token == self._settings.refresh_token:
            return Refresh(self._settings.client_id, self._settings.username)
        return None

    def spend(self, token: str) -> bool:
        """End the refresh token; False when it was not good, as when two requests use it at once."""
        with self._database.transaction():
            found = self.refresh(token)
            if found is None:
                return False
            self._database.execute(
                "INSERT OR REPLACE INTO _refresh_tokens VALUES (?, ?, ?, 1)", (token, found.client_id, found.username)
            )
            return True

    def revoke(self, token: str) -> bool:
        """End a token; with a refresh token go the sessions that came from it. False when it was no good one."""
        with self._lock:
            if self._sessions.pop(token, None) is not None:
                return True
        if not self.spend(token):
            return False
        with self._lock:
            self._sessions = {name: one for name, one in self._sessions.items() if one.refresh != token}
        return True

    def _good(self, token: str) -> Session | None:
        session = self._sessions.get(token)
        return session if session is not None and self._clock.now_ms() <= self.ends_ms(session) else None
