"""HubSpot's SDK as a bare transport: its token header, URL building and connection pool, none of its verdicts.

The generated client decodes answers by exact status and returns None for any other 2xx, and raises for the rest after
reading a body of any size and decoding it as UTF-8 (a bad byte, or a TLS failure without body, ends in an unrelated
exception). `RawClient` hands every answer back as it is instead.
"""

from __future__ import annotations

import re
from urllib.parse import urlencode

from hubspot.crm.contacts import ApiClient, Configuration
from urllib3 import BaseHTTPResponse, Retry, Timeout

from model.errors import ConfigError

TOKEN_FORM = re.compile(r"[\x21-\x7e]+")


class RawClient(ApiClient):  # type: ignore[misc]  # the SDK carries no types
    """An `ApiClient` whose `call_api(..., _preload_content=False)` returns the unread answer, whatever its status."""

    def request(
        self,
        method: str,
        url: str,
        query_params: list[tuple[str, str]] | None = None,
        headers: dict[str, str] | None = None,
        post_params: object = None,
        body: str | None = None,
        _preload_content: bool = False,
        _request_timeout: tuple[float, float] | None = None,
    ) -> BaseHTTPResponse:
        connect_s, read_s = _request_timeout or (10.0, 30.0)
        query = f"?{urlencode(query_params)}" if query_params else ""
        # A redirect could lead the token to another host: it comes back as the answer it is.
        response: BaseHTTPResponse = self.rest_client.pool_manager.request(
            method,
            url + query,
            body=body.encode() if body is not None else None,
            headers={"Content-Type": "application/json", "Accept": "application/json", **(headers or {})},
            timeout=Timeout(connect=connect_s, read=read_s),
            preload_content=False,
            redirect=False,
        )
        return response


def raw_client(origin: str, token: str) -> RawClient:
    """One client with one pool for the life of a connection, the SDK's own retries off: ours know what is idempotent.

    `host` is the only address `call_api` uses (the SDK's `base_url` steers `api_request`, which is never called).
    """
    if not TOKEN_FORM.fullmatch(token):
        raise ConfigError("The HubSpot token is empty or holds a blank or non-ASCII character: store it again.")
    configuration = Configuration(host=origin)
    configuration.access_token = token
    configuration.retries = Retry(False)
    return RawClient(configuration=configuration)
