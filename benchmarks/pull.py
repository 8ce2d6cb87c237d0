"""Pull from a sandbox into a store as `trueline pull` does, alone in a process: `python -m benchmarks.pull JSON`.

The job names the system, the sandbox's `url`, the file of the `store` and the `streams`. Printed as JSON: where the
time went, the peak memory, rows and API calls, and for each stream the statement and the sizes of its transactions, by
which `benchmarks.raw` repeats the writing. `peaks_mb` is the peak memory after each page, so that growth shows.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from benchmarks.meter import MEASURING, SLEEP, STORE, Meter, peak_mb
from benchmarks.remote import Remote
from connectors import hubspot
from connectors._salesforce_client import Clocks
from connectors.hubspot import Hubspot
from connectors.salesforce import SalesforceConnector
from model.batch import Page
from model.settings import Caps, HubspotConnection, SalesforceConnection
from sandbox.start import HUBSPOT_CREDENTIALS, SALESFORCE_CREDENTIALS
from store import Store
from store.sqlite import upsert_sql
from sync.pull import StreamPull, pull_connection


@dataclass(slots=True)
class Writing:
    """What was written of one stream. `is_sorted` says that the ids came in ascending order."""

    statement: str = ""
    columns: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    is_sorted: bool = True
    last: str = ""

    def note(self, page: Page) -> None:
        batch = page.batch
        if not len(batch):
            return
        ids = [self.last, *map(str, batch.columns["id"])]
        self.is_sorted = self.is_sorted and all(left <= right for left, right in pairwise(ids))
        self.last = ids[-1]
        self.columns = ["connection", "seen_in", "vanished", *batch.columns]
        self.statement = upsert_sql(batch.stream, tuple(self.columns))
        self.sizes.append(len(batch))

    def to_json(self) -> dict[str, Any]:
        return {
            "statement": self.statement,
            "columns": self.columns,
            "sizes": self.sizes,
            "is_sorted": self.is_sorted,
        }


class DrivenClock:
    """The connector's time: where it would sleep, it turns the sandboxes' clocks and its own instead. `slept` in s."""

    def __init__(self, *urls: str) -> None:
        self.slept = 0.0
        self._remotes = [Remote(url) for url in urls]

    def now(self) -> float:
        return time.monotonic() + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        for remote in self._remotes:
            remote.open_door("turn_clock", seconds=seconds)


def _salesforce(job: dict[str, Any], meter: Meter) -> SalesforceConnector:
    settings = SalesforceConnection.model_validate({
        "system": "salesforce", "host": "sandbox.my.salesforce.com", "base_url": job["url"], "currency": "USD",
        "client_id": SALESFORCE_CREDENTIALS["client_id"], "secret": "env:SF", "streams": job["streams"],
    })  # fmt: skip
    secret = SALESFORCE_CREDENTIALS["client_secret"]
    return SalesforceConnector("crm", settings, lambda _: secret, clocks=Clocks(sleep=meter.timed(SLEEP, time.sleep)))


def _hubspot(job: dict[str, Any], meter: Meter, clock: DrivenClock) -> Hubspot:
    settings = HubspotConnection.model_validate(
        {"system": "hubspot", "base_url": job["url"], "secret": "env:HS", "streams": job["streams"]}
    )
    token = HUBSPOT_CREDENTIALS["token"]
    return hubspot.connect("crm", settings, lambda _: token, sleep=meter.timed(SLEEP, clock.sleep), clock=clock.now)


def _measure(job: dict[str, Any]) -> dict[str, Any]:
    written = {stream: Writing() for stream in job["streams"]}
    peaks_mb: list[float] = []
    with Store.open(job["store"]) as store:
        meter = Meter()
        meter.tap()
        clock = DrivenClock(job["url"])
        source = _salesforce(job, meter) if job["system"] == "salesforce" else _hubspot(job, meter, clock)
        for name in ("save_page", "shown", "vanished", "finish_full_pull", "watermark"):
            setattr(store, name, meter.timed(STORE, getattr(store, name)))
        save = store.save_page

        def note(page: Page) -> None:
            written[page.batch.stream].note(page)
            peaks_mb.append(round(peak_mb()))

        noted = meter.timed(MEASURING, note)

        def save_page(run_id: str, page: Page) -> int:
            left_out = save(run_id, page)
            noted(page)
            return left_out

        store.save_page = save_page  # type: ignore[method-assign]
        results = pull_connection(store, source, store.begin_run("pull", 0), Caps())
        figures = meter.to_json()
        source.close()
    _check(results)
    return {
        **figures,
        "rows": {result.stream: result.rows for result in results},
        "calls": source.usage.calls,
        "apart": source.usage.total - source.usage.budgeted,
        "paced_s": clock.slept,
        "peaks_mb": peaks_mb,
        "written": {stream: one.to_json() for stream, one in written.items()},
    }


def _check(results: list[StreamPull]) -> None:
    for result in results:
        if result.stopped:
            raise SystemExit(f"The pull of {result.stream} stopped: {result.stopped}")


if __name__ == "__main__":
    print(json.dumps(_measure(json.loads(sys.argv[1]))))
