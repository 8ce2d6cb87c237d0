"""The transport under simple-salesforce: one requests session that owns time-outs, origins, tokens and faults.

The SDK builds `https://` URLs, sets no time-out, follows redirects and raises errors that quote whole answers. Here
every request gets a time-out, goes to an allowed origin only, is read up to a bound, and a bad status raises an error
of ours before the SDK sees it. The token is attached here too, so it never travels with a URL the SDK put together.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from connectors._http import MAX_BODY_BYTES, Answer, Origins, server_time, unreadable
from connectors._salesforce_faults import salesforce_fault
from model.errors import Unavailable

# A time-out of the socket restarts with every byte; a dripping body ends after this many of them.
_BODY_TIMEOUTS = 4
# Salesforce itself breaks a call off after ten minutes.
LONGEST_CALL_S = 600.0


class LoopbackAdapter(HTTPAdapter):
    """Sends what is addressed to https://anything to one loopback sandbox instead, past any proxy."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self._base_url = base_url

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        request.url = self._base_url + request.path_url
        options["proxies"] = {}
        return super().send(request, **options)


class _NoAuth(requests.auth.AuthBase):
    """Keeps requests from looking up credentials in ~/.netrc."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _Bearer(requests.auth.AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        # The SDK asks for indented JSON, a third more bytes that nobody reads.
        request.headers.pop("X-PrettyPrint", None)
        return request


class Download:
    """A body on its way. Iterate it once; Unavailable when it is cut or too slow. `headers` have lower-case names.

    Only the time spent waiting for the remote counts, not what the caller does between two chunks.
    """

    def __init__(
        self, connection: str, response: requests.Response, timeout_s: float, clock: Callable[[], float]
    ) -> None:
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self._connection = connection
        self._response = response
        self._longest_s = max(LONGEST_CALL_S, timeout_s)
        self._clock = clock

    def __iter__(self) -> Iterator[bytes]:
        waited = 0.0
        chunks = self._response.raw.stream(1 << 18, decode_content=True)
        try:
            while True:
                started = self._clock()
                chunk = next(chunks, None)
                waited += self._clock() - started
                if chunk is None:
                    return
                if waited > self._longest_s:
                    raise unreadable(self._connection, "too slow")
                yield chunk
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise unreadable(self._connection, type(error).__name__) from error
        finally:
            self.close()

    def close(self) -> None:
        self._response.close()


class Transport(requests.Session):
    """A session for one connection. `token` is what it authenticates with from now on; blank: with nothing."""

    def __init__(
        self, connection: str, origins: Origins, *, timeout_s: float, base_url: str | None, clock: Callable[[], float]
    ) -> None:
        super().__init__()
        self.token = ""
        self._ahead_us: int | None = None  # the remote's clock minus our monotonic one
        self.limit_info = ""
        self._connection = connection
        self._origins = origins
        self._timeout_s = timeout_s
        self._clock = clock
        if base_url is not None:
            self.mount("https://", LoopbackAdapter(base_url))
            self.mount("http://", LoopbackAdapter(base_url))

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        """One request, never redirected; the errors of the tree instead of bad statuses and network failures."""
        started = self._clock()
        response = self._answered(method, url, options)
        response.raw = io.BytesIO(self._body(response, started))
        return response

    def download(self, url: str) -> Download:
        """A GET whose body is read while it arrives."""
        return Download(self._connection, self._answered("GET", url, {}), self._timeout_s, self._clock)

    def _answered(self, method: str, url: str, options: dict[str, Any]) -> requests.Response:
        """A good answer with its body still to be read."""
        self._origins.check(url)
        options.update(
            timeout=self._timeout_s,
            allow_redirects=False,
            stream=True,
            auth=_Bearer(self.token) if self.token else _NoAuth(),
        )
        started = self._clock()
        try:
            response = super().request(method, url, **options)
        except requests.RequestException as error:
            raise self._network_fault(error) from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        self._note(headers)
        if not 200 <= response.status_code < 300:
            body = self._body(response, started)
            fault = salesforce_fault(self._connection, Answer(response.status_code, headers, body))
            if fault is not None:
                raise fault
        return response

    def _network_fault(self, error: requests.RequestException) -> Unavailable:
        reason = getattr(error.args[0], "reason", None) if error.args else None
        unreached = isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.SSLError) or isinstance(
            reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.NameResolutionError
        )
        what = "cannot be reached" if unreached else "gave no answer"
        return Unavailable(
            f"{self._connection}: Salesforce {what} ({type(error).__name__}); check host and network, or try later.",
            connection=self._connection,
            sent=not unreached,
        )

    def _body(self, response: requests.Response, started: float) -> bytes:
        """The whole body, within bounds of size and time; Unavailable when it is cut or overlong."""
        chunks: list[bytes] = []
        size = 0
        try:
            for chunk in response.raw.stream(1 << 16, decode_content=True):
                size += len(chunk)
                chunks.append(chunk)
                if size > MAX_BODY_BYTES:
                    raise unreadable(self._connection, f"over {MAX_BODY_BYTES} bytes")
                if self._clock() - started > self._timeout_s * _BODY_TIMEOUTS:
                    raise unreadable(self._connection, "too slow")
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise unreadable(self._connection, type(error).__name__) from error
        finally:
            response.close()
        return b"".join(chunks)

    def server_time(self) -> int | None:
        """µs: the remote's clock now, never ahead of it; None while it has not told."""
        return None if self._ahead_us is None else self._ahead_us + int(self._clock() * 1_000_000)

    def _note(self, headers: dict[str, str]) -> None:
        answered = server_time(headers)
        if answered is not None:
            # The Date was written before now, in whole seconds rounded down: this errs towards the past.
            self._ahead_us = answered - int(self._clock() * 1_000_000)
        self.limit_info = headers.get("sforce-limit-info", self.limit_info)
