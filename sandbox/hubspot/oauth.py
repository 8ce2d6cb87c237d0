"""OAuth: tokens for a code or a refresh token, and what a token is. v1 and the dated endpoints."""

from __future__ import annotations

import uuid

from sandbox.hubspot.portal import Portal
from sandbox.hubspot.tokens import OAUTH_LIFE_MS, Token, Tokens
from sandbox.wire import Request, Response

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - a fixed harmless word
REFRESH_TOKEN = "sandbox-refresh"  # noqa: S105 - likewise
CODE = "sandbox-code"


class OAuth:
    """The endpoints below /oauth; they need no bearer token."""

    def __init__(self, portal: Portal, tokens: Tokens) -> None:
        self._portal = portal
        self._tokens = tokens
        self._revoked = False

    def handle(self, request: Request, version: str, tail: str) -> Response:
        """`tail` is what follows the version: /token, /token/introspect, /access-tokens/{token}, ..."""
        parts = tail.strip("/").split("/")
        if request.method == "POST" and parts == ["token"]:
            return self._token(request, version)
        if version != "v1" and request.method == "POST" and parts == ["token", "introspect"]:
            return self._introspect(request.form().get("token", ""))
        if version != "v1" and request.method == "POST" and parts == ["token", "revoke"]:
            return self._revoke(request.form().get("token", ""))
        if version == "v1" and len(parts) == 2:
            return self._legacy(request, *parts)
        return _refusal(404, "NOT_FOUND", "resource not found")

    def _token(self, request: Request, version: str) -> Response:
        form = request.form()
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return _refusal(400, "BAD_CLIENT_ID", "missing or unknown client id", "invalid_client")
        grant = form.get("grant_type")
        if grant == "refresh_token":
            if form.get("refresh_token") != REFRESH_TOKEN or self._revoked:
                return _refusal(400, "BAD_REFRESH_TOKEN", "missing or invalid refresh token", "invalid_grant")
        elif grant == "authorization_code":
            if form.get("code") != CODE:
                return _refusal(400, "BAD_AUTH_CODE", "missing or unknown auth code", "invalid_grant")
        else:
            return _refusal(400, "BAD_GRANT_TYPE", "missing or unknown grant type", "unsupported_grant_type")
        token = self._tokens.issue()
        more = {} if version == "v1" else {"scopes": sorted(token.scopes), "hub_id": self._portal.settings.portal_id}
        body = {
            "token_type": "bearer",
            "refresh_token": REFRESH_TOKEN,
            "access_token": token.text,
            "expires_in": OAUTH_LIFE_MS // 1000,
            **more,
        }
        return Response.of_json(body)

    def _introspect(self, text: str) -> Response:
        if text == REFRESH_TOKEN and not self._revoked:
            common = {"hub_id": self._portal.settings.portal_id, "client_id": CLIENT_ID}
            return Response.of_json({"active": True, "token_type": "refresh_token", **common})
        token = self._tokens.find(text)
        if token is None or self._seconds_left(token) <= 0:
            return Response.of_json({"active": False})
        return Response.of_json({"active": True, **self._told(token)})

    def _revoke(self, text: str) -> Response:
        self._revoked = self._revoked or text == REFRESH_TOKEN
        return Response(204)

    def _legacy(self, request: Request, what: str, text: str) -> Response:
        if what == "access-tokens" and request.method == "GET" and (token := self._tokens.find(text)):
            return Response.of_json(self._told(token))
        if what == "refresh-tokens" and text == REFRESH_TOKEN and not self._revoked:
            if request.method == "DELETE":
                self._revoked = True
                return Response(204)
            told = {"token": text, "client_id": CLIENT_ID, "user": "admin@sandbox.example", "user_id": 7001}
            more = {"hub_id": self._portal.settings.portal_id, "hub_domain": "sandbox.example", "scopes": ["oauth"]}
            return Response.of_json({**told, **more, "token_type": "refresh"})
        return _refusal(404, "NOT_FOUND", "token not found")

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


def _refusal(status: int, word: str, message: str, error: str = "invalid_request") -> Response:
    """The old words `status` and `message` beside those of RFC 6749."""
    body = {
        "status": word,
        "message": message,
        "correlationId": str(uuid.uuid4()),
        "error": error,
        "error_description": message,
    }
    return Response.of_json(body, status)
