"""OAuth: installing the app, tokens for a code or a refresh token, and what a token is. v1, v3 and the dated paths."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from sandbox.hubspot.portal import Portal
from sandbox.hubspot.tokens import OAUTH_APP, OAUTH_LIFE_MS, OAUTH_USER, SCOPES, Token, Tokens
from sandbox.wire import Request, Response

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - a fixed harmless word
REFRESH_TOKEN = "sandbox-refresh"  # noqa: S105 - likewise
CODE = "sandbox-code"
_CLIENT = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


@dataclass(frozen=True, slots=True)
class Grant:
    """What a user allowed the app: a code and a refresh token stand for it. `redirect_uri` "" fits any."""

    scopes: Collection[str] = SCOPES
    redirect_uri: str = ""


class OAuth:
    """The endpoints below /oauth; they need no bearer token. Refresh tokens neither expire nor rotate."""

    def __init__(self, portal: Portal, tokens: Tokens) -> None:
        self._portal = portal
        self._tokens = tokens
        self._codes: dict[str, Grant] = {CODE: Grant()}
        self._refresh: dict[str, Grant] = {REFRESH_TOKEN: Grant()}

    def refuse_refresh(self) -> None:
        """No refresh token is good any more."""
        self._refresh.clear()

    def authorize(self, request: Request) -> Response:
        """The page on which a user installs the app, as if he agreed at once: back to `redirect_uri` with a code."""
        asked = {name: request.first(name) or "" for name in ("client_id", "redirect_uri", "scope", "optional_scope")}
        if asked["client_id"] != CLIENT_ID or not asked["redirect_uri"]:
            return _refusal("BAD_CLIENT_ID", "missing or unknown client id or redirect uri", "invalid_client")
        scopes = {*asked["scope"].split(), *asked["optional_scope"].split()}
        if unknown := sorted(scopes - SCOPES):
            return _refusal("BAD_SCOPES", f"unknown scopes: {', '.join(unknown)[:200]}", "invalid_scope")
        code = str(uuid.uuid4())
        self._codes[code] = Grant(scopes or SCOPES, asked["redirect_uri"])
        state = {"state": state} if (state := request.first("state")) else {}
        joint = "&" if "?" in asked["redirect_uri"] else "?"
        return Response(302, b"", {"Location": asked["redirect_uri"] + joint + urlencode({"code": code, **state})})

    def handle(self, request: Request, version: str, tail: str) -> Response:
        """`tail` is what follows the version: /token, /token/introspect, /access-tokens/{token}, ..."""
        parts = tail.strip("/").split("/")
        form = request.form()
        if version == "v1" and not self._portal.settings.oauth_v1:
            return _refusal("NOT_FOUND", "resource not found", status=404)
        if version == "v1":
            # The first version took its parameters in the query as well.
            form = {name: values[0] for name, values in request.query.items()} | form
            if len(parts) == 2:
                return self._legacy(request, *parts)
        if request.method == "POST" and parts == ["token"]:
            return self._token(form, version)
        if version != "v1" and request.method == "POST" and len(parts) == 2 and parts[0] == "token":
            return self._inspected(parts[1], form)
        return _refusal("NOT_FOUND", "resource not found", status=404)

    def _token(self, form: Mapping[str, str], version: str) -> Response:
        if form.get("client_id") != CLIENT_ID:
            return _refusal("BAD_CLIENT_ID", "missing or unknown client id", "invalid_client")
        if form.get("client_secret") != CLIENT_SECRET:
            return _refusal("BAD_CLIENT_SECRET", "missing or invalid client secret", "invalid_client")
        grant_type = form.get("grant_type")
        if grant_type == "refresh_token":
            refresh = form.get("refresh_token", "")
            if refresh not in self._refresh:
                return _refusal("BAD_REFRESH_TOKEN", "missing or invalid refresh token", "invalid_grant")
        elif grant_type == "authorization_code":
            grant = self._codes.get(form.get("code", ""))
            if grant is None:
                return _refusal("BAD_AUTH_CODE", "missing or unknown auth code", "invalid_grant")
            if grant.redirect_uri and form.get("redirect_uri") != grant.redirect_uri:
                return _refusal("BAD_REDIRECT_URI", "redirect uri does not match the code's", "invalid_grant")
            refresh = self._granted(form["code"], grant)
        else:
            return _refusal("BAD_GRANT_TYPE", "missing or unknown grant type", "unsupported_grant_type")
        return self._issued(refresh, version)

    def _granted(self, code: str, grant: Grant) -> str:
        """The refresh token for a code; a code made by an installation is good for one exchange."""
        if code == CODE:
            self._refresh.setdefault(REFRESH_TOKEN, grant)
            return REFRESH_TOKEN
        del self._codes[code]
        refresh = str(uuid.uuid4())
        self._refresh[refresh] = grant
        return refresh

    def _issued(self, refresh: str, version: str) -> Response:
        token = self._tokens.issue(self._refresh[refresh].scopes)
        body = {
            "token_type": "bearer",
            "refresh_token": refresh,
            "access_token": token.text,
            "expires_in": OAUTH_LIFE_MS // 1000,
        }
        if version != "v1":
            more = {"token_use": "access_token", "scopes": sorted(token.scopes), "user_id": token.user_id}
            body |= {**more, "hub_id": self._portal.settings.portal_id}
        return Response.of_json(body)

    def _inspected(self, word: str, form: Mapping[str, str]) -> Response:
        if any(form.get(name, known) != known for name, known in _CLIENT.items()):
            return _refusal("BAD_CLIENT_ID", "unknown client id or wrong secret", "invalid_client")
        text = form.get("token", "")
        if word == "revoke":
            self._refresh.pop(text, None)
            return Response(204)
        if word != "introspect":
            return _refusal("NOT_FOUND", "resource not found", status=404)
        if text in self._refresh:
            told = {"token_use": "refresh_token", "token_type": "bearer", "app_id": OAUTH_APP}
            return Response.of_json({"active": True, **self._told_of_refresh(text), **told})
        token = self._tokens.find(text)
        if token is None or self._seconds_left(token) <= 0:
            return Response.of_json({"active": False})
        told = {"token_use": "access_token", "token_type": "bearer", "client_id": CLIENT_ID}
        return Response.of_json({"active": True, **self._told(token), **told})

    def _legacy(self, request: Request, what: str, text: str) -> Response:
        """What v1 tells of a token in the path; a refresh token can be deleted there."""
        if what == "access-tokens" and request.method == "GET" and (token := self._tokens.find(text)):
            return Response.of_json(self._told(token))
        if what == "refresh-tokens" and text in self._refresh:
            if request.method == "DELETE":
                del self._refresh[text]
                return Response(204)
            return Response.of_json({**self._told_of_refresh(text), "token_type": "refresh"})
        return _refusal("NOT_FOUND", "token not found", status=404)

    def _seconds_left(self, token: Token) -> int:
        if token.expires_ms is None:
            return OAUTH_LIFE_MS // 1000
        return (token.expires_ms - self._portal.clock.now_ms()) // 1000

    def _told(self, token: Token) -> dict[str, object]:
        return {
            "token": token.text,
            "user": "admin@sandbox.example",
            "hub_domain": "sandbox.example",
            "scopes": sorted(token.scopes),
            "hub_id": self._portal.settings.portal_id,
            "app_id": token.app_id,
            "expires_in": self._seconds_left(token),
            "user_id": token.user_id,
            "token_type": "access",
        }

    def _told_of_refresh(self, text: str) -> dict[str, object]:
        return {
            "token": text,
            "client_id": CLIENT_ID,
            "user": "admin@sandbox.example",
            "user_id": OAUTH_USER,
            "hub_id": self._portal.settings.portal_id,
            "hub_domain": "sandbox.example",
            "scopes": sorted(self._refresh[text].scopes),
        }


def _refusal(word: str, message: str, error: str = "invalid_request", *, status: int = 400) -> Response:
    """The old words `status` and `message` beside those of RFC 6749."""
    body = {
        "status": word,
        "message": message,
        "correlationId": str(uuid.uuid4()),
        "error": error,
        "error_description": message,
    }
    return Response.of_json(body, status)
