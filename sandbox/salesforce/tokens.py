"""OAuth 2.0: the grants an org gives access tokens for, and which tokens are good."""

from __future__ import annotations

import base64
import binascii
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
from jwt.types import Options

from sandbox.clock import SandboxClock
from sandbox.salesforce.settings import Settings
from sandbox.wire import Request, Response

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Refused(Exception):
    """An OAuth refusal; OAuth errors are an object where data errors are a list."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status

    def response(self) -> Response:
        return Response.of_json({"error": self.error, "error_description": self.description}, self.status)


@dataclass(slots=True)
class _Session:
    user_id: str
    used_ms: int


class Tokens:
    """Issues and checks the tokens of one org."""

    def __init__(
        self,
        settings: Settings,
        clock: SandboxClock,
        find_org: Callable[[], str],
        find_user: Callable[[str], str | None],
    ) -> None:
        """`find_org` gives the org's id, `find_user` the id of the active user with that username."""
        self._settings = settings
        self._clock = clock
        self._find_org = find_org
        self._find_user = find_user
        self._sessions: dict[str, _Session] = {}
        self._refresh = {settings.refresh_token}
        self._lock = threading.Lock()

    def expire(self) -> None:
        with self._lock:
            self._sessions.clear()

    def user_of(self, token: str) -> str | None:
        """Whose token it is; None when it is unknown or has been idle too long."""
        with self._lock:
            session = self._sessions.get(token)
            now = self._clock.now_ms()
            if session is None or now - session.used_ms > self._settings.token_life_s * 1000:
                return None
            session.used_ms = now
            return session.user_id

    def revoke(self, token: str) -> None:
        with self._lock:
            self._sessions.pop(token, None)
            self._refresh.discard(token)

    def issue(self, user_id: str, *, as_jwt: bool = False) -> str:
        token = f"{self._find_org()[:15]}!{secrets.token_urlsafe(48)}"
        if as_jwt:
            token = jwt.encode({"sub": user_id, "jti": token}, secrets.token_bytes(32), "HS256")
        with self._lock:
            self._sessions[token] = _Session(user_id, self._clock.now_ms())
        return token

    def grant(self, request: Request) -> Response:
        """The answer of the token endpoint."""
        form = request.form()
        try:
            user_id, extra = self._granted(form, request)
        except Refused as refusal:
            return refusal.response()
        body = {
            "access_token": self.issue(user_id, as_jwt=self._settings.jwt_access_tokens),
            "signature": base64.b64encode(secrets.token_bytes(32)).decode(),
            "scope": "api refresh_token",
            "instance_url": request.host,
            "id": f"{request.host}/id/{self._find_org()}/{user_id}",
            "token_type": "Bearer",
            "issued_at": str(self._clock.now_ms()),
            **extra,
        }
        return Response.of_json(body, headers={"Cache-Control": "no-store"})

    def _granted(self, form: dict[str, str], request: Request) -> tuple[str, dict[str, Any]]:
        kind = form.get("grant_type", "")
        if kind == JWT_GRANT:
            return self._by_assertion(form.get("assertion", "")), {}
        if kind not in ("client_credentials", "refresh_token", "password"):
            raise Refused("unsupported_grant_type", "grant type not supported")
        self._check_client(form, request, secret_needed=kind != "refresh_token")
        if kind == "client_credentials":
            return self._user(self._settings.username), {}
        if kind == "refresh_token":
            return self._by_refresh(form.get("refresh_token", ""))
        return self._by_password(form), {}

    def _check_client(self, form: dict[str, str], request: Request, *, secret_needed: bool) -> None:
        """The client in the form or in a Basic header; both are in use."""
        client_id, secret = form.get("client_id"), form.get("client_secret")
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                client_id, _, secret = base64.b64decode(encoded).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                raise Refused("invalid_client", "invalid client credentials") from None
        if client_id != self._settings.client_id:
            raise Refused("invalid_client_id", "client identifier invalid")
        if (secret is not None or secret_needed) and secret != self._settings.client_secret:
            raise Refused("invalid_client", "invalid client credentials")

    def _user(self, username: str) -> str:
        found = self._find_user(username)
        if found is None:
            raise Refused("invalid_grant", "user hasn't approved this consumer")
        return found

    def user_with(self, username: str, password: str) -> str | None:
        """The active user with these credentials; the security token may follow the password."""
        known = (self._settings.password, self._settings.password + self._settings.security_token)
        fits = username == self._settings.username and password in known
        return self._find_user(username) if fits else None

    def _by_password(self, form: dict[str, str]) -> str:
        found = self.user_with(form.get("username", ""), form.get("password", ""))
        if found is None:
            raise Refused("invalid_grant", "authentication failure")
        return found

    def _by_refresh(self, token: str) -> tuple[str, dict[str, Any]]:
        with self._lock:
            if token not in self._refresh:
                raise Refused("invalid_grant", "expired access/refresh token")
            if not self._settings.rotate_refresh_tokens:
                return self._user(self._settings.username), {}
            renewed = f"5Aep861{secrets.token_urlsafe(48)}"
            self._refresh = (self._refresh - {token}) | {renewed}
        return self._user(self._settings.username), {"refresh_token": renewed}

    def _by_assertion(self, assertion: str) -> str:
        """JWT bearer; `exp` counts as a number or as text, because a widespread client sends text."""
        key = self._settings.jwt_public_key
        checks: Options = {
            "verify_signature": key is not None,
            "verify_exp": False,
            "verify_aud": False,
            "verify_iat": False,
        }
        try:
            claims = jwt.decode(assertion, key or "", algorithms=["RS256"], options=checks)
            expires_s = float(claims["exp"])
        except (jwt.PyJWTError, KeyError, ValueError, TypeError):
            raise Refused("invalid_grant", "invalid assertion") from None
        if claims.get("iss") != self._settings.client_id:
            raise Refused("invalid_client_id", "client identifier invalid")
        if not claims.get("aud"):
            raise Refused("invalid_grant", "audience is invalid")
        if expires_s * 1000 < self._clock.now_ms():
            raise Refused("invalid_grant", "expired authorization code")
        return self._user(str(claims.get("sub") or claims.get("prn") or ""))
