"""The GLEIF lookup against HTTP answers: which calls it makes, how it waits, what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import polars as pl
import pytest
import respx

from connectors.connector import Lookup
from connectors.gleif import GleifLookup, connect
from model.errors import ConfigError, ConnectorError, RateLimited, Rejected, Unavailable
from model.settings import GleifConnection
from sandbox.faults import Fault
from sandbox.gleif import GleifApp
from sandbox.server import Listener

URL = "https://api.gleif.org/api/v1/lei-records"
# Siemens AG's and Deutsche Bank AG's public identifiers: their check digits are right.
LEI, OTHER_LEI = "W38RGI023J3WT1HWRP32", "7LTWFZYICNSX8D621K86"


def record(lei: str, name: str, country: str = "DE", **entity: Any) -> dict[str, Any]:
    return {
        "type": "lei-records",
        "id": lei,
        "attributes": {
            "lei": lei,
            "entity": {
                "legalName": {"name": name, "language": "de"},
                "otherNames": [{"name": "Trading Name", "type": "TRADING_OR_OPERATING_NAME"}],
                "legalAddress": {"addressLines": ["1 St"], "city": "Town", "country": country, "postalCode": "1"},
                "headquartersAddress": {"country": country},
                "registeredAs": "HRB 6684",
                "status": "ACTIVE",
                **entity,
            },
            "registration": {"status": "ISSUED"},
        },
    }


def page(*records: dict[str, Any], total: int | None = None) -> httpx.Response:
    pagination = {"total": len(records) if total is None else total}
    meta = {"goldenCopy": {"publishDate": "2026-11-21T16:00:00Z"}, "pagination": pagination}
    return httpx.Response(200, json={"meta": meta, "data": list(records)})


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lookup(clock: Clock) -> Iterator[GleifLookup]:
    made = GleifLookup("gleif", GleifConnection(system="gleif", calls_per_minute=3), clock=clock, sleep=clock.sleep)
    yield made
    made.close()


def test_connect_gives_a_lookup_without_asking_for_secrets() -> None:
    made = connect("gleif", GleifConnection(system="gleif"), lambda _: pytest.fail("GLEIF has no secrets"))
    assert isinstance(made, Lookup)
    made.close()
    made.close()


def test_name_is_searched_within_its_country_and_answered(lookup: GleifLookup, respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get(URL).mock(return_value=page(record(LEI, "SIEMENS AKTIENGESELLSCHAFT")))
    found = lookup.look_up({"name": "Siemens AG", "country": "Germany", "domain": "siemens.example"})

    assert found is not None
    assert dict(found.values) == {
        "legal_name": "SIEMENS AKTIENGESELLSCHAFT",
        "country": "DE",
        "lei": LEI,
        "registration_number": "HRB 6684",
    }
    assert found.values.keys() <= set(lookup.fills)
    assert route.call_count == 1
    query = route.calls[0].request.url.params
    assert query["filter[entity.legalName]"] == "Siemens"
    assert query["filter[entity.legalAddress.country]"] == "DE"
    assert query["filter[entity.status]"] == "ACTIVE"
    assert lookup.usage.calls == {"search": 1}


def test_full_text_is_asked_when_the_name_alone_finds_nothing(
    lookup: GleifLookup, respx_mock: respx.MockRouter
) -> None:
    respx_mock.get(URL, params__contains={"filter[entity.legalName]": "Siemens"}).mock(return_value=page())
    full = respx_mock.get(URL, params__contains={"filter[fulltext]": "Siemens"}).mock(
        return_value=page(record(LEI, "SIEMENS AKTIENGESELLSCHAFT"), record(OTHER_LEI, "SIEMENS ENERGY AG"))
    )
    found = lookup.look_up({"name": "Siemens", "country": "DE"})
    assert found is not None
    assert found.source_id == LEI
    assert full.call_count == 1


def test_lei_is_read_directly(lookup: GleifLookup, respx_mock: respx.MockRouter) -> None:
    body = {"data": record(LEI, "SIEMENS AKTIENGESELLSCHAFT")}
    respx_mock.get(f"{URL}/{LEI}").mock(return_value=httpx.Response(200, json=body))
    found = lookup.look_up({"name": "Siemens", "lei": LEI.lower()})
    assert found is not None
    assert found.values["legal_name"] == "SIEMENS AKTIENGESELLSCHAFT"
    assert lookup.usage.calls == {"read": 1}


def test_unknown_lei_is_no_answer(lookup: GleifLookup, respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{URL}/{LEI}").mock(return_value=httpx.Response(404, json={"errors": []}))
    assert lookup.look_up({"lei": LEI}) is None


def test_lei_with_wrong_check_digits_is_not_asked(lookup: GleifLookup, respx_mock: respx.MockRouter) -> None:
    respx_mock.get(URL).mock(return_value=page())
    assert lookup.look_up({"lei": LEI[:-1] + "3", "name": "Siemens"}) is None
    assert "read" not in lookup.usage.calls


@pytest.mark.parametrize("known", [{}, {"name": "  "}, {"name": None}, {"name": "Inc."}, {"country": "DE"}])
def test_nothing_to_ask_makes_no_call(lookup: GleifLookup, known: dict[str, Any]) -> None:
    assert lookup.look_up(known) is None
    assert lookup.usage.total == 0


def test_calls_keep_to_the_pace(lookup: GleifLookup, clock: Clock, respx_mock: respx.MockRouter) -> None:
    respx_mock.get(URL).mock(return_value=page(record(LEI, "SIEMENS AG")))
    for _ in range(7):
        lookup.look_up({"name": "Siemens AG", "country": "DE"})
    assert clock.slept == [60.0, 60.0]


def test_rate_limit_waits_as_long_as_told(lookup: GleifLookup, clock: Clock, respx_mock: respx.MockRouter) -> None:
    answers = [httpx.Response(429, headers={"Retry-After": "7"}), page(record(LEI, "SIEMENS AG"))]
    respx_mock.get(URL).mock(side_effect=answers)
    assert lookup.look_up({"name": "Siemens AG", "country": "DE"}) is not None
    assert clock.slept == [7.0]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(httpx.Response(429), RateLimited, id="limited"),
        pytest.param(httpx.Response(503, text="<html>"), Unavailable, id="gateway"),
        pytest.param(httpx.Response(200, text="<html>"), Unavailable, id="not-json"),
        pytest.param(httpx.Response(200, content=b'{"data": [{"id'), Unavailable, id="cut"),
        pytest.param(httpx.Response(400, json={"errors": [{"title": "x"}]}), Rejected, id="refused"),
        pytest.param(httpx.Response(302, headers={"Location": "https://evil.example/"}), ConnectorError, id="redirect"),
    ],
)
def test_lasting_failure_is_told_after_bounded_tries(
    lookup: GleifLookup, respx_mock: respx.MockRouter, answer: httpx.Response, expected: type[ConnectorError]
) -> None:
    route = respx_mock.get(URL).mock(return_value=answer)
    with pytest.raises(expected) as caught:
        lookup.look_up({"name": "Siemens AG"})
    assert 1 <= route.call_count <= 5
    assert caught.value.connection == "gleif"
    assert "Siemens" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [{}, [], {"data": "x"}, {"data": [{}]}, {"data": [{"attributes": {"lei": 5, "entity": {"legalName": {}}}}]}],
)
def test_answer_of_another_shape_is_unavailable(
    lookup: GleifLookup, respx_mock: respx.MockRouter, body: object
) -> None:
    respx_mock.get(URL).mock(return_value=httpx.Response(200, json=body))
    with pytest.raises(Unavailable):
        lookup.look_up({"name": "Siemens AG"})


def test_time_out_is_retried_and_told(lookup: GleifLookup, respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get(URL).mock(side_effect=httpx.ReadTimeout)
    with pytest.raises(Unavailable):
        lookup.look_up({"name": "Siemens AG"})
    assert route.call_count == 5


def test_hostile_text_of_the_register_is_bounded_and_printable(
    lookup: GleifLookup, respx_mock: respx.MockRouter
) -> None:
    name = "SIEMENS\x00 AG\x1b[31m" + " " * 9 + "x" * 5000
    body = {"data": record(LEI, name, registeredAs="=cmd|'x'\x07")}
    respx_mock.get(f"{URL}/{LEI}").mock(return_value=httpx.Response(200, json=body))
    found = lookup.look_up({"lei": LEI})
    assert found is not None
    text = str(found.values["legal_name"])
    assert text.isprintable()
    assert len(text) <= 500


def test_check_says_what_there_is_in_words(lookup: GleifLookup, respx_mock: respx.MockRouter) -> None:
    respx_mock.get(URL).mock(return_value=page(record(LEI, "SIEMENS AG"), total=3_000_000))
    access = lookup.check()
    assert access.identity == "GLEIF, no login needed"
    assert access.facts == (
        "3,000,000 legal entities",
        "at most 3 calls a minute, 500 lookups a run",
        "data of 2026-11-21",
    )


@pytest.mark.parametrize(
    "url",
    ["http://api.gleif.org", "ftp://x.example", "https://user:pass@x.example", "https://", "http://10.0.0.1", "x?y"],
)
def test_address_that_is_not_to_be_trusted_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        GleifLookup("gleif", GleifConnection(system="gleif", base_url=url))


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8103", "http://localhost:8103/api/v1/", "https://mirror.example/api/v1"]
)
def test_mirror_by_https_and_sandbox_on_loopback_are_asked(url: str, respx_mock: respx.MockRouter) -> None:
    origin = url.removesuffix("/").removesuffix("/api/v1")
    route = respx_mock.get(f"{origin}/api/v1/lei-records").mock(return_value=page())
    made = GleifLookup("gleif", GleifConnection(system="gleif", base_url=url))
    made.check()
    made.close()
    assert route.call_count == 1


# --- against the sandbox, over HTTP ---------------------------------------------------------------------------------


@pytest.fixture
def registry() -> Iterator[Listener]:
    app = GleifApp(per_minute=None)
    rows = [(LEI, "SIEMENS AKTIENGESELLSCHAFT", "DE", "ISSUED"), (OTHER_LEI, "SIEMENS FOO LIMITED", "GB", "LAPSED")]
    app.load(
        pl.DataFrame(
            [
                {
                    "lei": lei,
                    "legal_name": name,
                    "other_names": ["Old Name"],
                    "country": country,
                    "city": "Town",
                    "region": None,
                    "postal_code": "1",
                    "address_lines": ["1 St"],
                    "registered_as": "HRB 1",
                    "jurisdiction": country,
                    "status": status,
                }
                for lei, name, country, status in rows
            ]
        )
    )
    with Listener(app) as listener:
        yield listener


def sandboxed(listener: Listener, clock: Clock, timeout_s: float = 5.0) -> GleifLookup:
    settings = GleifConnection(system="gleif", base_url=listener.url, timeout_s=timeout_s)
    return GleifLookup("gleif", settings, clock=clock, sleep=clock.sleep)


def test_sandbox_answers_by_name_and_by_lei(registry: Listener, clock: Clock) -> None:
    made = sandboxed(registry, clock)
    by_name = made.look_up({"name": "Siemens AG", "country": "Germany"})
    lapsed_by_name = made.look_up({"name": "Siemens Foo Ltd", "country": "UK"})
    lapsed_by_lei = made.look_up({"lei": OTHER_LEI, "name": "Siemens Foo"})
    checked = made.check()
    made.close()
    assert by_name is not None
    assert by_name.source_id == LEI
    assert lapsed_by_name is None
    assert lapsed_by_lei is not None
    assert "lapsed" in lapsed_by_lei.reason
    assert checked.facts[0] == "2 legal entities"


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(status=429, headers={"Retry-After": "3"}, count=1), id="limited"),
        pytest.param(Fault(status=503, count=1), id="gateway"),
        pytest.param(Fault(cut_after=40, count=1), id="cut"),
        pytest.param(Fault(drop=True, count=1), id="dropped"),
        pytest.param(Fault(delay_s=0.15, count=1), id="slow"),
    ],
)
def test_sandbox_fault_that_passes_is_waited_out(registry: Listener, clock: Clock, fault: Fault) -> None:
    registry.faults.add(fault)
    made = sandboxed(registry, clock, timeout_s=0.1)
    found = made.look_up({"name": "Siemens AG", "country": "DE"})
    made.close()
    assert found is not None
    assert len(clock.slept) == 1
