"""A Salesforce org behind a port with a client that is logged in, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import requests
from requests.adapters import HTTPAdapter

from sandbox.salesforce import SalesforceApp
from sandbox.server import Listener

CREDENTIALS = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
BASE = "/services/data/v60.0"


@dataclass
class Org:
    """One org: the app, its listener and a client that is logged in."""

    app: SalesforceApp
    listener: Listener
    client: httpx.Client

    @property
    def url(self) -> str:
        return self.listener.url

    def log_in(self) -> None:
        token = self.token(grant_type="client_credentials", **CREDENTIALS).json()["access_token"]
        self.client.headers["Authorization"] = f"Bearer {token}"

    def token(self, **form: str) -> httpx.Response:
        return self.client.post("/services/oauth2/token", data=form)

    def query(self, soql: str, path: str = "query", **headers: str) -> httpx.Response:
        return self.client.get(f"{BASE}/{path}", params={"q": soql}, headers=headers)

    def records(self, soql: str, path: str = "query") -> list[dict[str, Any]]:
        answer = self.query(soql, path)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["records"]
        return found

    def names(self, soql: str, path: str = "query") -> list[str]:
        """The Name or LastName of each record a query finds."""
        return [str(record.get("Name") or record.get("LastName")) for record in self.records(soql, path)]

    def create(self, sobject: str, **values: Any) -> str:
        answer = self.client.post(f"{BASE}/sobjects/{sobject}", json=values)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def patch(
        self, sobject: str, record_id: str, headers: dict[str, str] | None = None, **values: Any
    ) -> httpx.Response:
        return self.client.patch(f"{BASE}/sobjects/{sobject}/{record_id}", json=values, headers=headers)


class Rewriting(HTTPAdapter):
    """Sends every request to one host, whatever host its URL names."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        parts = urlsplit(request.url or "")
        request.url = f"{self._url}{parts.path}{f'?{parts.query}' if parts.query else ''}"
        return super().send(request, *args, **kwargs)


@contextmanager
def running(app: SalesforceApp) -> Iterator[Org]:
    """The app behind a port with a client that is logged in; closed at the end."""
    # Nothing here is encrypted, and not loading the certificate store saves a third of each test's time.
    with Listener(app) as listener, httpx.Client(base_url=listener.url, verify=False) as client:
        started = Org(app, listener, client)
        started.log_in()
        yield started
    app.close()
