"""Getting an access token: client credentials, JWT bearer, and refresh token with rotation.

Our own rather than the SDK's, because that one builds login.salesforce.com-style hosts only, knows no refresh token,
logs in again behind our back and throws away what else the token answer says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from connectors._http import Answer, Origins, parsed_json, unreadable
from connectors._salesforce_transport import Transport
from model.errors import AuthFailed, ConfigError, NotPermitted, Rejected
from model.settings import SalesforceConnection

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_TOKEN = re.compile(r"[\x21-\x7e]+")

Secret = Callable[[str], str]
SaveSecret = Callable[[str, str], None]


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    """A token and where it may be used; `user_id` is blank when the token answer named none."""

    token: str
    instance_url: str
    user_id: str


class Login:
    """Makes sessions for one connection. Nothing secret is kept between two logins."""

    def __init__(
        self,
        name: str,
        settings: SalesforceConnection,
        transport: Transport,
        origins: Origins,
        secret: Secret,
        save_secret: SaveSecret | None,
    ) -> None:
        self._name = name
        self._settings = settings
        self._transport = transport
        self._origins = origins
        self._secret = secret
        self._save_secret = save_secret

    def problem(self) -> str | None:
        """Why no login may even be tried: a refresh token that, once rotated, could not be saved; else None."""
        settings = self._settings
        if settings.auth != "refresh-token":
            return None
        if settings.secret.startswith("env:") or self._save_secret is None:
            return (
                f"connections.{self._name}.secret is a refresh token in the environment: Salesforce may replace it at "
                "each use and the new one could not be saved; keep it as keyring:NAME or file:PATH."
            )
        return None

    def new_session(self) -> Session:
        """Ask for a token; a rotated refresh token is saved before the new access token is used.

        AuthFailed when the remote refuses, ConfigError when a setting is missing or a new secret could not be saved.
        """
        problem = self.problem()
        if problem:
            raise ConfigError(problem)
        form = self._form()
        self._transport.token = ""
        try:
            response = self._transport.post(f"https://{self._settings.host}/services/oauth2/token", data=form)
        except (AuthFailed, NotPermitted, Rejected) as error:
            # OAuth says 400 or 401 for the same thing; the code says which: invalid_client, invalid_grant, ...
            code = getattr(error, "code", "") or "refused"
            raise AuthFailed(
                f"{self._name}: Salesforce refused to log in ({code}); check client_id, secret and the app's policies.",
                connection=self._name,
            ) from error
        answer = parsed_json(self._name, Answer(response.status_code, {}, response.content))
        return self._session(answer, form.get("refresh_token"))

    def _form(self) -> dict[str, str]:
        settings = self._settings
        form = {"client_id": settings.client_id}
        if settings.auth == "client-credentials":
            return form | {"grant_type": "client_credentials", "client_secret": self._secret(settings.secret)}
        if settings.auth == "jwt":
            return {"grant_type": JWT_GRANT, "assertion": self._assertion()}
        form |= {"grant_type": "refresh_token", "refresh_token": self._secret(settings.secret)}
        if settings.client_secret:
            form["client_secret"] = self._secret(settings.client_secret)
        return form

    def _assertion(self) -> str:
        settings = self._settings
        if not settings.username:
            raise ConfigError(f'connections.{self._name}.username is needed with auth = "jwt".')
        claims = {
            "iss": settings.client_id,
            "sub": settings.username,
            "aud": f"https://{settings.host}",
            "exp": int((datetime.now(UTC) + timedelta(minutes=3)).timestamp()),
        }
        try:
            return jwt.encode(claims, self._secret(settings.secret), algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):
            raise ConfigError(
                f"connections.{self._name}.secret does not hold an RSA private key in PEM form; "
                "point it to the key that belongs to the app's certificate."
            ) from None

    def _session(self, answer: Any, used_refresh_token: str | None) -> Session:
        token = answer.get("access_token") if isinstance(answer, dict) else None
        # Checked here because the HTTP library would quote a token it cannot send in its own error.
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise unreadable(self._name, "a token answer without usable access_token")
        rotated = answer.get("refresh_token")
        if used_refresh_token and isinstance(rotated, str) and rotated and rotated != used_refresh_token:
            self._save(rotated)
        instance_url = answer.get("instance_url") or f"https://{self._settings.host}"
        identity = str(answer.get("id", ""))
        user_id = identity.rstrip("/").rpartition("/")[2] if "/id/" in identity else ""
        return Session(token, self._origins.admit(str(instance_url)), user_id)

    def _save(self, rotated: str) -> None:
        assert self._save_secret is not None
        self._save_secret(self._settings.secret, rotated)
