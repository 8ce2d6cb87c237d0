"""What all HTTP connectors share: answers, origins, redaction, and one mapping from HTTP faults to the error tree.

Independent of the client library: requests (Salesforce), urllib3 (HubSpot) and httpx (all others) each hand in an
`Answer`. `send` is the httpx way.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import re
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, NoReturn
from urllib.parse import SplitResult, urlsplit

import httpx

from model.errors import (
    AuthFailed,
    ConfigError,
    Conflict,
    ConnectorError,
    NotPermitted,
    RateLimited,
    Rejected,
    Unavailable,
)

MAX_BODY_BYTES = 64 * 1024 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A time-out of the socket restarts with every byte; a dripping body ends after this many of them.
_BODY_TIMEOUTS = 4
# httpx tells every address at INFO, and with it the company or person that was asked about.
for _quiet in ("httpx", "httpcore"):
    logging.getLogger(_quiet).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer: header names in lower case, the body whole and decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The parsed body; ValueError when it is not JSON."""
        return json.loads(self.body)


# --- origins -----------------------------------------------------------------------------------------------------


def is_loopback(host: str) -> bool:
    """True for localhost and the loopback addresses of IPv4 and IPv6."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def loopback_url(connection: str, base_url: str) -> str:
    """`base_url` without trailing slash; ConfigError unless it names a loopback address and nothing but an origin."""
    parts = url_parts(base_url)
    plain = parts is not None and parts.scheme in ("http", "https") and is_bare(parts)
    if parts is None or not plain or not is_loopback(parts.hostname or ""):
        raise ConfigError(
            f"connections.{connection}.base_url is for a sandbox on this machine only: "
            "give an address such as http://127.0.0.1:8101, or remove the key."
        )
    return base_url.rstrip("/")


def url_parts(url: str) -> SplitResult | None:
    """The parts of an address; None for one that no request could go to (a broken host, a port that is none)."""
    try:
        parts = urlsplit(url)
        httpx.URL(url)
        return parts if parts.port != 0 else None
    except (ValueError, httpx.InvalidURL):
        return None


def is_bare(parts: SplitResult) -> bool:
    """Whether an address has neither user information nor a query nor a fragment."""
    return not ("@" in parts.netloc or parts.query or parts.fragment)


def origin_of(url: str) -> str:
    """`scheme://host:port` in lower case with the default port left out; ValueError when the URL has no host."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError("no host")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = "" if parts.port in (None, {"http": 80, "https": 443}.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme.lower()}://{host}{port}"


class Origins:
    """The origins one connection may send its credentials to: https, or http on loopback."""

    def __init__(self, connection: str, allowed: Iterable[str], *, suffixes: tuple[str, ...] = ()) -> None:
        self._connection = connection
        self._allowed = {origin_of(url) for url in allowed}
        self._suffixes = tuple(f".{suffix.lstrip('.')}" for suffix in suffixes)

    def admit(self, url: str) -> str:
        """Add the origin a token answer names, if it lies within the declared suffixes; ConnectorError otherwise."""
        if not self._is_allowed(url):
            origin = self._origin(url)
            if not (origin.startswith("https://") and (urlsplit(url).hostname or "").endswith(self._suffixes)):
                self.refuse(url, "its token answer")
            self._allowed.add(origin)
        return self._origin(url)

    def check(self, url: str, *, source: str = "a link") -> str:
        """The URL itself; ConnectorError when it leads anywhere but to an allowed origin."""
        if not self._is_allowed(url):
            self.refuse(url, source)
        return url

    def refuse(self, url: str, source: str) -> NoReturn:
        raise ConnectorError(
            f"{self._connection}: {source} points to {self._origin(url) or 'no host'}, which is not the configured "
            "host; it was not followed and no credentials were sent there.",
            connection=self._connection,
        )

    def _is_allowed(self, url: str) -> bool:
        # User information in a URL makes https://good.example@evil.example look like the first host.
        origin = self._origin(url)
        return origin in self._allowed and "@" not in urlsplit(url).netloc

    def _origin(self, url: str) -> str:
        try:
            return origin_of(url)
        except ValueError:
            return ""


# --- redaction ---------------------------------------------------------------------------------------------------

_EMAIL = re.compile(r"[^\s@<>\"'(),;:]+@[^\s@<>\"'(),;:]+\.\w+")
_PHONE = re.compile(r"(?<![\w.])\+?\d[\d ()./-]{7,}\d(?!\w)")
_LOOKED_AT = 4_000
_TOKENS = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=!-]+|\b00D\w{12,15}![\w.]+|\bpat-[\w-]{8,}|\beyJ[\w-]+\.[\w.-]+")


def redacted(text: str, secrets: Iterable[str] = (), *, limit: int = 300) -> str:
    """One line of remote text with secrets, tokens, e-mail addresses and phone numbers blacked out, and bounded."""
    for secret in sorted(secrets, key=len, reverse=True):
        if secret:
            text = text.replace(secret, "[secret]")
    if len(text) > _LOOKED_AT:
        # Patterns take quadratic time on hostile text; the last word may be half a secret.
        text = text[:_LOOKED_AT].rpartition(" ")[0]
    text = _TOKENS.sub("[token]", text)
    text = _PHONE.sub("[number]", _EMAIL.sub("[e-mail]", text))
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


# --- faults ------------------------------------------------------------------------------------------------------


def retry_after_s(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """The Retry-After header in seconds, from its number or its date; None when absent, unreadable or negative."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        moment = _moment(value)
        if moment is None:
            return None
        reference = now or _answered_at(headers) or datetime.now(UTC)
        return max((moment - reference).total_seconds(), 0.0)
    return seconds if 0 <= seconds < float("inf") else None


def _answered_at(headers: Mapping[str, str]) -> datetime | None:
    return _moment(headers.get("date", ""))


def _moment(text: str) -> datetime | None:
    """An HTTP date in UTC; None when it is none. The zone -0000, which the parser takes for an unknown one, is UTC."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def server_time(headers: Mapping[str, str]) -> int | None:
    """The remote's clock by its Date header, µs since epoch (whole seconds); None when it has none."""
    moment = _answered_at(headers)
    return None if moment is None else int((moment - _EPOCH).total_seconds()) * 1_000_000


def fault(connection: str, answer: Answer, *, code: str = "", missing: str = "") -> ConnectorError | None:
    """The error a plain HTTP status means, or None for 2xx. Remote text never enters the message, only `code` does.

    `missing` names the scope or object that a 403 is about, where the caller knows it. A redirect is a fault: a
    connector's addresses are fixed, and following it would carry credentials away.
    """
    status = answer.status
    if 200 <= status < 300:
        return None
    what = f"HTTP {status}" + (f" ({code})" if code else "")
    if status == 401:
        return AuthFailed(f"{connection}: the remote refused our credentials with {what}.", connection=connection)
    if status == 403:
        asked = missing or "a permission"
        return NotPermitted(
            f"{connection}: {asked} is missing for these credentials, {what}; grant it or leave that stream out.",
            connection=connection,
            missing=asked,
        )
    if status in (409, 412):
        return Conflict(f"{connection}: the record changed since we read it, {what}.", connection=connection)
    if status == 429:
        wait_s = retry_after_s(answer.headers)
        return RateLimited(
            f"{connection}: too many calls at once, {what}.", connection=connection, retry_after_s=wait_s
        )
    if status in (408, 420, 425) or status >= 500:
        # 420 and 425 say that the request was not processed; after the others nobody knows.
        return Unavailable(
            f"{connection}: the remote is unavailable, {what}; try again later.",
            connection=connection,
            sent=status not in (420, 425),
            retry_after_s=retry_after_s(answer.headers),
        )
    if 300 <= status < 400:
        return ConnectorError(
            f"{connection}: the remote answered with a redirect, {what}, which was not followed; check the host.",
            connection=connection,
        )
    return Rejected(f"{connection}: the remote refused the request, {what}.", connection=connection, code=code or what)


def unreadable(connection: str, what: str) -> Unavailable:
    """The error for an answer that was cut, is not JSON or has not the documented shape."""
    return Unavailable(
        f"{connection}: the remote's answer could not be read ({what}); try again later.",
        connection=connection,
        sent=True,
    )


def parsed_json(connection: str, answer: Answer) -> Any:
    """The answer's JSON value; Unavailable when it is none (a gateway's HTML page, a cut body)."""
    try:
        return answer.json()
    except (ValueError, RecursionError):
        # Without cause: a decode error carries the whole document, people's data included.
        raise unreadable(connection, f"not JSON, {len(answer.body)} bytes") from None


# --- httpx -------------------------------------------------------------------------------------------------------


def new_client(connection: str, base_url: str, timeout_s: float) -> httpx.Client:
    """A client for one origin: a time-out on every phase, no redirects, no cookies kept, verified TLS.

    Proxies and certificates of the environment count for https alone: what goes to this machine goes there directly.
    ConfigError where the environment names such that cannot be used.
    """
    try:
        return httpx.Client(
            timeout=httpx.Timeout(timeout_s),
            follow_redirects=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            headers={"Accept-Encoding": "gzip"},
            trust_env=not is_loopback(urlsplit(base_url).hostname or ""),
        )
    except (ValueError, OSError, ImportError, httpx.InvalidURL) as error:
        # Without cause: the text of these errors quotes the proxy's address, password included.
        raise ConfigError(
            f"connections.{connection}: the proxy or certificate that the environment names cannot be used "
            f"({type(error).__name__}); correct HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE or unset them."
        ) from None


def send(
    client: httpx.Client,
    request: httpx.Request,
    *,
    connection: str,
    origins: Origins,
    max_bytes: int = MAX_BODY_BYTES,
    clock: Callable[[], float] = time.monotonic,
) -> Answer:
    """Send one request to an allowed origin and read its bounded body; Unavailable when the network fails."""
    origins.check(str(request.url))
    latest = clock() + (client.timeout.read or 0.0) * _BODY_TIMEOUTS
    try:
        response = client.send(request, stream=True)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
        raise Unavailable(
            f"{connection}: the remote cannot be reached ({type(error).__name__}); check host and network.",
            connection=connection,
            sent=False,
        ) from error
    except httpx.HTTPError as error:
        raise unreadable(connection, type(error).__name__) from error
    try:
        body = _Body(connection, response.headers.get("content-encoding", ""), max_bytes)
        for chunk in response.iter_raw():
            body.add(chunk)
            if clock() > latest:
                raise unreadable(connection, "too slow")
    except httpx.HTTPError as error:
        raise unreadable(connection, type(error).__name__) from error
    finally:
        response.close()
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, body.whole())


class _Body:
    """A body that grows to at most `max_bytes`, also while it is unpacked; Unavailable beyond that."""

    def __init__(self, connection: str, encoding: str, max_bytes: int) -> None:
        self._connection = connection
        self._left = max_bytes
        self._max_bytes = max_bytes
        self._chunks: list[bytes] = []
        packed = encoding.strip().lower()
        if packed not in ("", "identity", "gzip"):
            # Encodings may be stacked, each of which multiplies the size by a thousand.
            raise unreadable(connection, "packed in a way that was not asked for")
        self._unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS) if packed == "gzip" else None

    def add(self, chunk: bytes) -> None:
        if self._unpacker is not None:
            try:
                chunk = self._unpacker.decompress(chunk, self._left + 1)
            except zlib.error:
                raise unreadable(self._connection, "badly packed") from None
        self._left -= len(chunk)
        if self._left < 0:
            raise unreadable(self._connection, f"over {self._max_bytes} bytes")
        self._chunks.append(chunk)

    def whole(self) -> bytes:
        if self._unpacker is not None and self._chunks and not self._unpacker.eof:
            raise unreadable(self._connection, "cut short")
        return b"".join(self._chunks)
