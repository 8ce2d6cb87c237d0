"""Read contacts with simple-salesforce's own means, alone in a process: `python -m benchmarks.read_salesforce JSON`."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import bulk2
from simple_salesforce.api import Salesforce

from benchmarks.meter import SLEEP, Meter
from sandbox.start import SALESFORCE_CREDENTIALS


class Rewriting(HTTPAdapter):
    """The SDK builds https addresses only: this sends them to the sandbox."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._host = urlsplit(url).netloc

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        assert request.url is not None
        request.url = urlsplit(request.url)._replace(scheme="http", netloc=self._host).geturl()
        return super().send(request, **options)


def _read(client: Any, how: str, soql: str) -> int:
    """How many records, or pages of CSV, came."""
    if how == "query":
        return len(list(client.bulk2.Contact.query(soql)))
    if how == "download":
        with tempfile.TemporaryDirectory() as folder:
            return sum(one["number_of_records"] for one in client.bulk2.Contact.download(soql, folder))
    return sum(1 for _ in client.query_all_iter(soql))


def _measure(job: dict[str, Any]) -> dict[str, Any]:
    with requests.Session() as session:
        session.mount("https://", Rewriting(job["url"]))
        meter = Meter()
        meter.tap()
        bulk2.sleep = meter.timed(SLEEP, time.sleep)  # type: ignore[attr-defined]
        client = Salesforce(
            session=session, consumer_key=SALESFORCE_CREDENTIALS["client_id"],
            consumer_secret=SALESFORCE_CREDENTIALS["client_secret"], domain="sandbox.my", version="65.0",
        )  # fmt: skip
        count = _read(client, job["how"], job["soql"])
        return {**meter.to_json(), "rows": count}


if __name__ == "__main__":
    print(json.dumps(_measure(json.loads(sys.argv[1]))))
