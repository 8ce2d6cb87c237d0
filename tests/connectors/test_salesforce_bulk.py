"""Bulk 2.0 query jobs against the sandbox: the same rows as by REST, and all that can go wrong on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from connectors._salesforce_client import Clocks
from connectors.salesforce import SalesforceConnector
from model.batch import Page, Watermark
from model.errors import ConnectorError, QuotaSpent, Rejected, Unavailable
from model.streams import Value
from sandbox.faults import Fault
from sandbox.salesforce import SalesforceApp
from sandbox.server import Listener
from sandbox.wire import Request, Response
from tests.connectors.harness_salesforce import settings_for

JOBS = "/jobs/query"
HOSTILE = ("#N/A", 'say "yes"\nand "no"', "Zoë,\r\nпривет 😀", "\u2028\x85\x0b\x0c", "=1+1")


@dataclass
class Bulk:
    """An org with five contacts, read by jobs in pages of two rows."""

    app: SalesforceApp
    listener: Listener
    contacts: list[str]
    slept: list[float] = field(default_factory=list)

    def connect(
        self, *, bulk_from: int = 3, api_version: str = "65.0", daily_share: float = 0.25
    ) -> SalesforceConnector:
        settings = settings_for(
            self.listener.url, client_id="sandbox-client", timeout_s=5.0, streams=None, api_version=api_version,
            daily_share=daily_share, bulk_from=bulk_from,
        )  # fmt: skip
        clocks = Clocks(sleep=self.slept.append)
        return SalesforceConnector("sf", settings, lambda _: "sandbox-secret", clocks=clocks, bulk_page_rows=2)

    def pull(self, stream: str = "contacts", watermark: Watermark | None = None) -> list[Page]:
        connector = self.connect()
        try:
            return list(connector.pull(stream, watermark or Watermark()))
        finally:
            connector.close()

    def asked(self, method: str, path: str = JOBS) -> int:
        return sum(entry.method == method and entry.path.rstrip("/").endswith(path) for entry in self.listener.requests)

    def jobs(self) -> list[str]:
        """What jobs the org still has."""
        found = self.connect()._client.get("jobs/query", kind="check")["records"]
        return [job["id"] for job in found]

    def fault(self, route: str, **what: object) -> None:
        self.listener.faults.add(Fault(route=route, **what))  # type: ignore[arg-type]


@pytest.fixture
def bulk() -> Iterator[Bulk]:
    app = SalesforceApp()
    contacts = [
        app.create("Contact", LastName=text.strip() or "x", Title=text, HasOptedOutOfEmail=bool(number % 2))
        for number, text in enumerate(HOSTILE)
    ]
    with Listener(app) as listener:
        yield Bulk(app, listener, contacts)


def columns_of(pages: list[Page]) -> dict[str, dict[str, Value]]:
    """Every value by field and record id."""
    found: dict[str, dict[str, Value]] = {}
    for page in pages:
        ids = [str(one) for one in page.batch.columns["id"]]
        for name, column in page.batch.columns.items():
            found.setdefault(name, {}).update(zip(ids, column, strict=True))
    return found


def test_job_brings_what_rest_brings(bulk: Bulk) -> None:
    account = bulk.app.create("Account", Name="Acme", AnnualRevenue=12.5, NumberOfEmployees=7)
    for number in range(4):
        bulk.app.create("Opportunity", Name=f"D {number}", StageName="Prospecting", CloseDate="2026-12-01",
                        Amount=99.99, AccountId=account)  # fmt: skip
        bulk.app.create("Account", Name=f"A {number}")
    for stream in ("contacts", "accounts", "deals", "stage_history"):
        by_job = bulk.pull(stream)
        by_rest = list(bulk.connect(bulk_from=1_000).pull(stream, Watermark()))
        assert columns_of(by_job) == columns_of(by_rest)
        assert [page.batch.readable for page in by_job[1:]] == [by_rest[0].batch.readable] * (len(by_job) - 1)
        assert by_job[-1].is_last
    assert bulk.asked("POST") == 4


def test_job_is_made_waited_for_read_by_locator_and_removed(bulk: Bulk) -> None:
    pages = bulk.pull()
    assert [len(page.batch) for page in pages] == [0, 2, 2, 1]
    assert all(page.is_full for page in pages)
    asked = [(entry.method, entry.path.rpartition("/")[2]) for entry in bulk.listener.requests if JOBS in entry.path]
    job = asked[1][1]
    assert asked == [("POST", "query"), ("GET", job), *[("GET", "results")] * 3, ("DELETE", job)]
    assert bulk.jobs() == []


@pytest.mark.parametrize("told", [0, None], ids=["lagging", "unknown"])
def test_first_page_decides_where_the_record_count_does_not_tell(bulk: Bulk, told: int | None) -> None:
    if told is None:
        bulk.fault("/recordCount", status=404, body='[{"errorCode":"NOT_FOUND","message":"x"}]')
    else:
        bulk.app.settings.stale_counts["Contact"] = told
    assert set(columns_of(bulk.pull())["id"]) == set(bulk.contacts)
    assert bulk.asked("POST") == 1
    assert bulk.asked("GET", "v65.0/query") == 1


def test_long_full_read_is_never_asked_of_a_query(bulk: Bulk) -> None:
    bulk.pull()
    assert bulk.asked("GET", "v65.0/query") == 0
    assert bulk.asked("GET", "/recordCount") == 1


def test_read_that_is_small_makes_no_job(bulk: Bulk) -> None:
    connector = bulk.connect(bulk_from=5)
    list(connector.pull("contacts", Watermark()))
    assert bulk.asked("POST") == 0
    assert (connector.usage.budgeted, connector.usage.minimum) == (1, 1)


def test_calls_of_a_job_are_counted_beside_the_fewest(bulk: Bulk) -> None:
    connector = bulk.connect()
    list(connector.pull("contacts", Watermark()))
    assert connector.usage.budgeted == connector.usage.calls["bulk"] == 6
    assert connector.usage.minimum == 4  # made, asked about, one page, removed


def test_waiting_costs_few_calls(bulk: Bulk) -> None:
    bulk.app.set_bulk(polls=6)
    bulk.pull()
    assert bulk.slept == pytest.approx([1.0, 1.5, 2.25, 3.375, 5.0625, 7.59375, 11.390625])


def test_window_brings_what_was_deleted(bulk: Bulk) -> None:
    bulk.app.delete("Contact", bulk.contacts[0])
    pages = bulk.pull(watermark=Watermark(1))
    assert columns_of(pages)["is_deleted"] == {one: one == bulk.contacts[0] for one in bulk.contacts}
    assert not any(page.is_full for page in pages)


def test_pull_killed_after_each_page_goes_on_with_the_same_job(bulk: Bulk) -> None:
    watermark, seen = Watermark(), set()
    for _ in range(9):
        connector = bulk.connect()
        page = next(iter(connector.pull("contacts", watermark)))
        connector.close()
        seen |= set(page.batch.columns["id"])
        watermark = page.watermark
        if page.is_last:
            break
    assert seen == set(bulk.contacts)
    assert watermark.cursor is None
    assert bulk.asked("POST") == 1


def test_job_that_is_gone_starts_the_read_over(bulk: Bulk) -> None:
    stream = bulk.connect().pull("contacts", Watermark())
    pages = [next(stream), next(stream)]
    (job,) = bulk.jobs()
    bulk.connect()._client.delete(f"jobs/query/{job}", kind="bulk")

    again = bulk.pull(watermark=pages[-1].watermark)
    assert set(columns_of(again)["id"]) == set(bulk.contacts)
    assert bulk.asked("POST") == 2


def test_job_of_another_api_version_starts_the_read_over(bulk: Bulk) -> None:
    stream = bulk.connect().pull("contacts", Watermark())
    page = [next(stream), next(stream)][-1]
    again = list(bulk.connect(api_version="64.0").pull("contacts", page.watermark))
    assert set(columns_of(again)["id"]) == set(bulk.contacts)


def test_results_that_always_vanish_end_the_pull(bulk: Bulk) -> None:
    bulk.fault("/results", status=404, body='[{"errorCode":"NOT_FOUND","message":"x"}]')
    with pytest.raises(Unavailable, match="again and again"):
        bulk.pull()
    assert bulk.asked("POST") == 4


def test_job_that_is_not_done_in_time_is_waited_for_by_the_next_run(bulk: Bulk) -> None:
    bulk.app.set_bulk(polls=10**6)
    stream = bulk.connect().pull("contacts", Watermark())
    page = next(stream)
    with pytest.raises(Unavailable, match="still in progress") as caught:
        next(stream)
    assert not caught.value.sent
    assert sum(bulk.slept) < 2_000
    assert len(bulk.slept) < 80

    bulk.app.set_bulk(polls=0)
    assert set(columns_of(bulk.pull(watermark=page.watermark))["id"]) == set(bulk.contacts)
    assert bulk.asked("POST") == 1


@pytest.mark.parametrize(
    ("message", "expected", "code"),
    [
        pytest.param(
            "InternalServerError : Retried more than fifteen times", Rejected, "InternalServerError", id="code"
        ),
        pytest.param("secret words of a person", Rejected, "JOB_FAILED", id="words"),
        pytest.param("QUERY_TIMEOUT : Your query request was running for too long.", Unavailable, "", id="time-out"),
    ],
)
def test_failed_job_is_an_error_and_the_next_pull_starts_a_new_one(
    bulk: Bulk, message: str, expected: type[ConnectorError], code: str
) -> None:
    bulk.app.set_bulk(failure=message)
    stream = bulk.connect().pull("contacts", Watermark())
    page = next(stream)
    with pytest.raises(expected) as caught:
        next(stream)
    assert getattr(caught.value, "code", "") == code
    assert "person" not in str(caught.value)

    bulk.app.set_bulk()
    assert set(columns_of(bulk.pull(watermark=page.watermark))["id"]) == set(bulk.contacts)


def test_job_that_somebody_aborts_is_an_error(bulk: Bulk) -> None:
    bulk.app.set_bulk(polls=5)
    stream = bulk.connect().pull("contacts", Watermark())
    next(stream)
    (job,) = bulk.jobs()
    bulk.connect()._client.write("PATCH", f"jobs/query/{job}", {"state": "Aborted"})
    with pytest.raises(Rejected, match="Aborted"):
        next(stream)


def test_object_that_has_no_bulk_access_is_read_by_rest(bulk: Bulk) -> None:
    bulk.fault(JOBS, status=400, body='[{"errorCode":"INVALIDENTITY","message":"not supported by the Bulk API"}]')
    pages = bulk.pull()
    assert set(columns_of(pages)["id"]) == set(bulk.contacts)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"cut_after": 900}, id="cut"),
        pytest.param({"drop": True}, id="dropped"),
        pytest.param({"status": 503}, id="gateway"),
        pytest.param({"expire": True}, id="expired"),
    ],
)
def test_page_that_breaks_off_is_read_again_from_where_it_was(bulk: Bulk, fault: dict[str, object]) -> None:
    bulk.fault("/results", count=1, **fault)
    assert sorted(one for page in bulk.pull() for one in page.batch.columns["id"]) == sorted(bulk.contacts)  # type: ignore[type-var]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda body: body[: body.rindex(b"\n", 0, -1) + 1], id="rows-missing"),
        pytest.param(lambda body: body + b'"only","two"\n', id="ragged"),
        pytest.param(lambda body: body[:-2], id="open-quote"),
        pytest.param(lambda body: body.replace(b"Contact", b"\xff\xfe").replace(b"true", b"\xff"), id="not-utf-8"),
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda _: b"<html>" + HOSTILE[2].encode(), id="no-csv"),
    ],
)
def test_page_that_is_no_whole_table_is_unavailable_and_quotes_nobody(bulk: Bulk, change: object) -> None:
    def act(_: Request, response: Response | None) -> Response:
        assert response is not None
        kept = {name: value for name, value in response.headers.items() if name != "Content-Encoding"}
        return Response(200, change(response.body), kept)  # type: ignore[operator]

    bulk.fault("/results", stage="after", act=act)
    connector = bulk.connect()
    connector._client._transport.headers["Accept-Encoding"] = "identity"
    with pytest.raises(Unavailable) as caught:
        list(connector.pull("contacts", Watermark()))
    assert "привет" not in str(caught.value)
    assert len(bulk.slept) < 10


def test_spent_quota_stops_at_once_and_the_next_pull_goes_on_with_the_job(bulk: Bulk) -> None:
    body = json.dumps([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}])
    bulk.fault("/results", status=403, body=body, nth=2)
    stream = bulk.connect().pull("contacts", Watermark())
    pages = [next(stream), next(stream)]
    with pytest.raises(QuotaSpent):
        next(stream)
    assert len(bulk.slept) == 1
    pages += bulk.pull(watermark=pages[-1].watermark)
    assert set(columns_of(pages)["id"]) == set(bulk.contacts)
    assert bulk.asked("POST") == 1


def test_daily_share_holds_for_jobs_too(bulk: Bulk) -> None:
    connector = bulk.connect(daily_share=0.0001)  # of 100,000: ten calls
    with pytest.raises(QuotaSpent, match="its share"):
        for _ in range(9):
            list(connector.pull("contacts", Watermark()))
    assert connector.usage.total == 10
