"""OAuth 2.0: the endpoints that give, look into and take back tokens."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
from jwt.types import Options

from sandbox.clock import SandboxClock
from sandbox.salesforce.connected_apps import ConnectedApp, Given
from sandbox.salesforce.settings import Settings
from sandbox.salesforce.tokens import Tokens
from sandbox.wire import Request, Response

PREFIX = "/services/oauth2/"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE = "api refresh_token"
_CODE_LIFE_MS = 15 * 60 * 1000
_NO_CHECKS: Options = {"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": False}


class Refused(Exception):
    """An OAuth refusal; OAuth errors are an object where data errors are a list."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status

    def response(self) -> Response:
        return Response.of_json({"error": self.error, "error_description": self.description}, self.status)


@dataclass(frozen=True, slots=True)
class Granted:
    """Who gets a token, through which app, and what the answer says besides."""

    user_id: str
    client_id: str
    refresh: str = ""
    extra: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class _Code:
    """What a user allowed on the authorization page."""

    client_id: str
    redirect_uri: str
    challenge: str
    made_ms: int


class OAuth:
    """The endpoints below /services/oauth2 that need no access token."""

    def __init__(
        self,
        settings: Settings,
        clock: SandboxClock,
        tokens: Tokens,
        find_org: Callable[[], str],
        find_user: Callable[[str], str | None],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._tokens = tokens
        self._find_org = find_org
        self._find_user = find_user
        self._codes: dict[str, _Code] = {}
        self._grants: dict[str, Callable[[dict[str, str], Request], Granted]] = {
            JWT_GRANT: self._by_assertion,
            "authorization_code": self._by_code,
            "client_credentials": self._by_client,
            "password": self._by_password,
            "refresh_token": self._by_refresh,
        }

    def handle(self, request: Request) -> Response | None:
        """The answer of an OAuth endpoint; None when the path is none of these."""
        path = request.path.rstrip("/").lower()
        method = request.method.replace("HEAD", "GET")
        endpoints: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("POST", "token"): self.token,
            ("GET", "authorize"): self.authorize,
            ("POST", "introspect"): self.introspect,
            ("POST", "revoke"): self.revoke,
            ("GET", "revoke"): self.revoke,
        }
        endpoint = endpoints.get((method, path.removeprefix(PREFIX))) if path.startswith(PREFIX) else None
        try:
            return endpoint(request) if endpoint else None
        except Refused as refusal:
            return refusal.response()

    def set_oauth(
        self,
        *,
        rotate_refresh_tokens: bool | None = None,
        jwt_access_tokens: bool | None = None,
        token_life_s: float | None = None,
    ) -> None:
        """How tokens are given from now on; what is left out stays as it is."""
        given = {
            "rotate_refresh_tokens": rotate_refresh_tokens,
            "jwt_access_tokens": jwt_access_tokens,
            "token_life_s": token_life_s,
        }
        for name, value in given.items():
            if value is not None:
                setattr(self._settings, name, value)

    def add_app(self, client_id: str, client_secret: str, run_as: str = "", public_key: str | None = None) -> None:
        """One more connected app; its client credentials run as that user, its JWT are checked by that PEM."""
        self._settings.apps[client_id] = ConnectedApp(client_id, client_secret, run_as, public_key)

    def add_password(self, username: str, password: str) -> None:
        """Let one more user of the org log in."""
        if self._find_user(username) is None:
            raise LookupError(f"no active user {username}")
        self._settings.passwords[username] = password

    def token(self, request: Request) -> Response:
        form = _form(request)
        grant = self._grants.get(form.get("grant_type", ""))
        if grant is None:
            raise Refused("unsupported_grant_type", "grant type not supported")
        granted = grant(form, request)
        as_jwt = self._settings.jwt_access_tokens
        body = {
            "access_token": self._tokens.issue(granted.user_id, granted.client_id, granted.refresh, as_jwt=as_jwt),
            "signature": base64.b64encode(secrets.token_bytes(32)).decode(),
            "scope": SCOPE,
            "instance_url": request.host,
            "id": self._identity(request, granted.user_id),
            "token_type": "Bearer",
            "issued_at": str(self._clock.now_ms()),
            **(granted.extra or {}),
        }
        return Response.of_json(body, headers={"Cache-Control": "no-store"})

    def authorize(self, request: Request) -> Response:
        """The page on which a user allows an app in, as if he agreed at once: back to the app with a code."""
        asked = {name: values[0] for name, values in request.query.items()}
        app = self._settings.app(asked.get("client_id", ""))
        redirect_uri = asked.get("redirect_uri", "")
        if app is None:
            raise Refused("invalid_client_id", "client identifier invalid")
        if not redirect_uri:
            raise Refused("redirect_uri_missing", "missing required parameter: redirect_uri")
        state = {"state": asked["state"]} if "state" in asked else {}
        if asked.get("response_type") != "code":
            return _redirect(redirect_uri, {"error": "unsupported_response_type", **state})
        code = f"aPrx{secrets.token_urlsafe(48)}"
        self._codes[code] = _Code(app.client_id, redirect_uri, asked.get("code_challenge", ""), self._clock.now_ms())
        return _redirect(redirect_uri, {"code": code, **state})

    def introspect(self, request: Request) -> Response:
        """What a token is; nothing is told of one that is not good, or of another app's."""
        form = _form(request)
        app = self._app(form, request, secret_needed=True)
        token = form.get("token", "")
        session, refresh = self._tokens.session(token), self._tokens.refresh(token)
        if session is not None and session.client_id == app.client_id:
            times = {"iat": session.issued_ms // 1000, "exp": self._tokens.ends_ms(session) // 1000}
            told: dict[str, Any] = {"sub": self._identity(request, session.user_id), "token_type": "access_token"}
            return self._told(app, told | times | {"nbf": times["iat"]})
        if refresh is not None and refresh.client_id == app.client_id:
            return self._told(app, {"username": refresh.username, "token_type": "refresh_token"})
        return Response.of_json({"active": False})

    def revoke(self, request: Request) -> Response:
        if not self._tokens.revoke(_form(request).get("token", "")):
            raise Refused("invalid_token", "the token is invalid or has been revoked")
        return Response(200)

    def _told(self, app: ConnectedApp, told: dict[str, Any]) -> Response:
        return Response.of_json({"active": True, "scope": SCOPE, "client_id": app.client_id, **told})

    def _identity(self, request: Request, user_id: str) -> str:
        return f"{request.host}/id/{self._find_org()}/{user_id}"

    def _app(self, form: dict[str, str], request: Request, *, secret_needed: bool) -> ConnectedApp:
        """The app that asks, named in the form or in a Basic header; both are in use."""
        given = _given(form, request)
        app = self._settings.app(given.client_id or "")
        if app is None:
            raise Refused("invalid_client_id", "client identifier invalid")
        if not given.fits(app, secret_needed=secret_needed):
            raise Refused("invalid_client", "invalid client credentials", 401 if given.in_header else 400)
        return app

    def _user(self, username: str) -> str:
        found = self._find_user(username)
        if found is None:
            raise Refused("invalid_grant", "user hasn't approved this consumer")
        return found

    def _by_client(self, form: dict[str, str], request: Request) -> Granted:
        app = self._app(form, request, secret_needed=True)
        if not app.run_as:
            raise Refused("invalid_grant", "no client credentials user enabled")
        return Granted(self._user(app.run_as), app.client_id)

    def _by_password(self, form: dict[str, str], request: Request) -> Granted:
        app = self._app(form, request, secret_needed=True)
        found = self._tokens.user_with(form.get("username", ""), form.get("password", ""))
        if found is None:
            raise Refused("invalid_grant", "authentication failure")
        return Granted(found, app.client_id)

    def _by_code(self, form: dict[str, str], request: Request) -> Granted:
        code = self._codes.get(form.get("code", ""))
        app = self._app(form, request, secret_needed=code is None or not code.challenge)
        if code is None or code.client_id != app.client_id:
            raise Refused("invalid_grant", "invalid authorization code")
        if self._clock.now_ms() - code.made_ms > _CODE_LIFE_MS:
            raise Refused("invalid_grant", "expired authorization code")
        if form.get("redirect_uri") != code.redirect_uri:
            raise Refused("redirect_uri_mismatch", "redirect_uri must match configuration")
        if code.challenge and _challenge(form.get("code_verifier", "")) != code.challenge:
            raise Refused("invalid_grant", "invalid code verifier")
        if self._codes.pop(form["code"], None) is None:
            raise Refused("invalid_grant", "invalid authorization code")
        username = app.run_as or self._settings.username
        refresh = self._tokens.issue_refresh(app.client_id, username)
        return Granted(self._user(username), app.client_id, refresh, {"refresh_token": refresh})

    def _by_refresh(self, form: dict[str, str], request: Request) -> Granted:
        """With rotation the token is good for this once, and the answer has the next one."""
        app = self._app(form, request, secret_needed=False)
        token = form.get("refresh_token", "")
        found = self._tokens.refresh(token)
        rotated = self._settings.rotate_refresh_tokens
        if found is None or found.client_id != app.client_id or (rotated and not self._tokens.spend(token)):
            raise Refused("invalid_grant", "expired access/refresh token")
        user_id = self._user(found.username)
        if not rotated:
            return Granted(user_id, app.client_id, token)
        renewed = self._tokens.issue_refresh(app.client_id, found.username)
        return Granted(user_id, app.client_id, renewed, {"refresh_token": renewed})

    def _by_assertion(self, form: dict[str, str], request: Request) -> Granted:
        """JWT bearer; `exp` counts as a number or as text, because a widespread client sends text."""
        assertion = form.get("assertion", "")
        try:
            named = jwt.decode(assertion, options={"verify_signature": False, **_NO_CHECKS})
            app = self._settings.app(str(named.get("iss")))
            if app is None:
                raise Refused("invalid_client_id", "client identifier invalid")
            claims = jwt.decode(assertion, app.public_key or "", algorithms=["RS256"], options=_NO_CHECKS)
            expires_s = float(claims["exp"])
        except (jwt.PyJWTError, KeyError, ValueError, TypeError):
            raise Refused("invalid_grant", "invalid assertion") from None
        if not _is_audience(claims.get("aud")):
            raise Refused("invalid_grant", "audience is invalid")
        if expires_s * 1000 < self._clock.now_ms():
            raise Refused("invalid_grant", "assertion expired")
        return Granted(self._user(str(claims.get("sub") or claims.get("prn") or "")), app.client_id)


def _form(request: Request) -> dict[str, str]:
    """The parameters of the body, and those of the query that it does not have."""
    return {name: values[0] for name, values in request.query.items()} | request.form()


def _given(form: dict[str, str], request: Request) -> Given:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return Given(form.get("client_id"), form.get("client_secret"))
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Refused("invalid_client", "invalid client credentials", 401) from None
    return Given(client_id, secret, in_header=True)


def _is_audience(audience: object) -> bool:
    """A login host or a My Domain, as a URL or (restforce) by its name; the sandbox's own host stands for one."""
    names = audience if isinstance(audience, list) else [audience]
    urls = [name if "//" in name else f"//{name}" for name in names if isinstance(name, str)]
    hosts = [urlsplit(url).hostname or "" for url in urls]
    return any(host in ("localhost", "127.0.0.1", "::1") or host.endswith(".salesforce.com") for host in hosts)


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _redirect(url: str, parameters: dict[str, str]) -> Response:
    joint = "&" if "?" in url else "?"
    return Response(302, b"", {"Location": url + joint + urlencode(parameters)})
