"""The connected apps of an org and the people who log in: who may ask for tokens, and what proves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConnectedApp:
    """One app. `run_as` is the username its client credentials stand for, `public_key` the PEM its JWT are checked by.

    Without the one or the other the app has no such flow.
    """

    client_id: str
    client_secret: str
    run_as: str = ""
    public_key: str | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """Client id and secret as a request names them, in its form or in a Basic header."""

    client_id: str | None
    secret: str | None
    in_header: bool = False

    def fits(self, app: ConnectedApp, *, secret_needed: bool) -> bool:
        """A secret that is given must be right, also where none is needed."""
        return self.secret == app.client_secret if self.secret is not None else not secret_needed


def known_password(passwords: Mapping[str, str], username: str, password: str, security_token: str) -> bool:
    """Whether the person exists and the password is right; the security token may follow it."""
    expected = passwords.get(username)
    return expected is not None and password in (expected, expected + security_token)
