"""Every error Trueline raises on purpose, sorted by what the caller does next.

    TruelineError
    ├── ConfigError      stop; a person must change a setting
    ├── InputError       stop; a file or an argument must be corrected
    ├── CapExceeded      stop before the first write; raise the cap or narrow the plan
    ├── ConnectorError   (.connection)
    │   ├── AuthFailed   stop this connection, go on with the others
    │   ├── NotPermitted a scope or field is missing: say which, go on without it
    │   ├── RateLimited  wait .retry_after_s seconds, then retry
    │   ├── QuotaSpent   stop cleanly; resume after .resets_at
    │   ├── Unavailable  retry with backoff
    │   ├── Rejected     keep the remote's reason with the record, go on
    │   └── Conflict     the remote changed since we read it: plan again
    └── StoreError       stop; the local store is not trustworthy

A message is one sentence that says who, what and what to do. It never holds a secret or a person's data:
those travel, where they must, as attributes that no log prints.
"""

from __future__ import annotations

from datetime import datetime


class TruelineError(Exception):
    """Root of all errors raised on purpose; its text is fit to show to the user as it is."""


class ConfigError(TruelineError):
    """A setting is missing, misspelt or of the wrong type; a person must change it."""


class InputError(TruelineError):
    """A file or a command-line argument cannot be used as given."""


class CapExceeded(TruelineError):
    """A run would do more than its caps allow; raised before the first write."""

    def __init__(self, message: str, *, cap: str, limit: float, wanted: float) -> None:
        super().__init__(message)
        self.cap = cap
        self.limit = limit
        self.wanted = wanted


class ConnectorError(TruelineError):
    """A remote system did not do what was asked; `.connection` names the connection."""

    def __init__(self, message: str, *, connection: str) -> None:
        super().__init__(message)
        self.connection = connection


class AuthFailed(ConnectorError):
    """The remote refused our credentials, also after one refresh."""


class NotPermitted(ConnectorError):
    """The credentials work but lack a scope, permission or field; `.missing` names it."""

    def __init__(self, message: str, *, connection: str, missing: str) -> None:
        super().__init__(message, connection=connection)
        self.missing = missing


class RateLimited(ConnectorError):
    """Too many calls at once; `.retry_after_s` is the remote's own word, or None when it gave none."""

    def __init__(self, message: str, *, connection: str, retry_after_s: float | None = None) -> None:
        super().__init__(message, connection=connection)
        self.retry_after_s = retry_after_s


class QuotaSpent(ConnectorError):
    """The daily allowance, or our configured share of it, is used up until `.resets_at` (UTC, None if unknown)."""

    def __init__(self, message: str, *, connection: str, resets_at: datetime | None = None) -> None:
        super().__init__(message, connection=connection)
        self.resets_at = resets_at


class Unavailable(ConnectorError):
    """A time-out, a gateway error or an answer that was cut or unreadable.

    `.sent` is True when the request may have reached the remote and done its work all the same; `.retry_after_s` is
    the remote's own word, or None when it gave none.
    """

    def __init__(self, message: str, *, connection: str, sent: bool = True, retry_after_s: float | None = None) -> None:
        super().__init__(message, connection=connection)
        self.sent = sent
        self.retry_after_s = retry_after_s


class Rejected(ConnectorError):
    """The remote understood the request and refused it; `.code` is the remote's own code."""

    def __init__(self, message: str, *, connection: str, code: str = "") -> None:
        super().__init__(message, connection=connection)
        self.code = code


class Conflict(ConnectorError):
    """The record changed remotely since we read it."""


class StoreError(TruelineError):
    """The local store is unreadable, half-written, too new or cannot be written."""
