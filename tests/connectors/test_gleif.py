"""The GLEIF lookup against HTTP answers: which calls it makes, how it waits, what it refuses."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import httpx
import polars as pl
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from connectors._gleif_entities import choose, entities
from connectors.connector import Lookup
from connectors.gleif import GleifLookup, connect
from model.errors import ConfigError, Unavailable
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


def page(*records: dict[str, Any], total: int | None = None, following: str = "") -> httpx.Response:
    pagination = {"total": len(records) if total is None else total}
    meta = {"goldenCopy": {"publishDate": "2026-11-21T16:00:00Z"}, "pagination": pagination}
    links = {"next": following} if following else {}
    return httpx.Response(200, json={"meta": meta, "links": links, "data": list(records)})


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


def test_equal_name_on_a_later_page_makes_the_answer_doubtful(
    lookup: GleifLookup, respx_mock: respx.MockRouter
) -> None:
    by_name = respx_mock.get(URL, params__contains={"filter[entity.legalName]": "Müller"})
    by_name.side_effect = [
        page(record(LEI, "Müller GmbH"), total=2, following=f"{URL}?page[number]=2"),
        page(record(OTHER_LEI, "Müller GmbH"), total=2),
    ]
    respx_mock.get(URL, params__contains={"filter[fulltext]": "Müller"}).mock(return_value=page())
    assert lookup.look_up({"name": "Müller GmbH", "country": "DE"}) is None
    assert [call.request.url.params.get("page[number]") for call in by_name.calls] == [None, "2"]
    assert by_name.calls.last.request.url.params["page[size]"] == "200"


def test_name_too_common_to_read_all_who_bear_it_is_no_answer(
    lookup: GleifLookup, respx_mock: respx.MockRouter
) -> None:
    more = f"{URL}?page[number]=9"
    pages = [page(record(f"{LEI[:-1]}{n}", "Delta Inc", "US"), total=900, following=more) for n in range(9)]
    route = respx_mock.get(URL).mock(side_effect=pages)
    assert lookup.look_up({"name": "Delta Inc", "country": "US"}) is None
    assert route.call_count == 3


def test_lei_is_read_directly(lookup: GleifLookup, respx_mock: respx.MockRouter) -> None:
    body = {"data": record(LEI, "SIEMENS AKTIENGESELLSCHAFT")}
    respx_mock.get(f"{URL}/{LEI}").mock(return_value=httpx.Response(200, json=body))
    found = lookup.look_up({"name": "Siemens", "lei": LEI.lower()})
    assert found is not None
    assert found.values["legal_name"] == "SIEMENS AKTIENGESELLSCHAFT"
    assert lookup.usage.calls == {"read": 1}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(record(OTHER_LEI, "SIEMENS AG"), id="another"),
        pytest.param([], id="none"),
        pytest.param([record(LEI, "A"), record(OTHER_LEI, "B")], id="two"),
    ],
)
def test_answer_about_another_lei_is_unavailable(
    lookup: GleifLookup, respx_mock: respx.MockRouter, data: object
) -> None:
    respx_mock.get(f"{URL}/{LEI}").mock(return_value=httpx.Response(200, json={"data": data}))
    with pytest.raises(Unavailable, match="another entity"):
        lookup.look_up({"lei": LEI})


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


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        {"data": None},
        {"data": "x"},
        {"data": ["x"]},
        {"data": [{}]},
        {"data": [{"attributes": "x"}]},
        {"data": [{"attributes": {"lei": 5, "entity": {"legalName": {}}}}]},
        {"data": [record(LEI, "A", legalAddress="x")]},
        {"data": [record(LEI, "A", headquartersAddress=["x"])]},
        {"data": [record(LEI, "A", otherNames=5)]},
        {"data": [record(LEI, "A", legalName="A")]},
    ],
)
def test_answer_of_another_shape_is_unavailable(
    lookup: GleifLookup, respx_mock: respx.MockRouter, body: object
) -> None:
    respx_mock.get(URL).mock(return_value=httpx.Response(200, json=body))
    with pytest.raises(Unavailable):
        lookup.look_up({"name": "Siemens AG"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
PARTS = ("legalName", "otherNames", "legalAddress", "headquartersAddress", "registeredAs", "status")


@given(st.dictionaries(st.sampled_from(PARTS), JSON), JSON)
def test_record_of_any_shape_is_an_entity_or_a_value_error(parts: dict[str, Any], registration: object) -> None:
    one = record(LEI, "A", **parts)
    one["attributes"]["registration"] = registration
    with contextlib.suppress(ValueError):
        (entity,) = entities({"data": [one]})
        assert all(name.isprintable() for name in entity.names)
        assert choose([entity], {"name": "A"}) is None or entity.is_current


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
    [
        "http://api.gleif.org",
        "ftp://x.example",
        "https://user:pass@x.example",
        "https://@x.example",
        "https://",
        "http://10.0.0.1",
        "x?y",
        "https://x.example?y",
        "https://x.example:port",
        "https://x.example:99999",
        "https://[::1",
        "https://\x00.example",
    ],
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


@pytest.mark.parametrize("word", ["\x1b[31mred", "soon", ""])
def test_check_repeats_no_text_of_the_register_that_is_no_date(
    lookup: GleifLookup, respx_mock: respx.MockRouter, word: str
) -> None:
    body = {"meta": {"goldenCopy": {"publishDate": word}}, "data": []}
    respx_mock.get(URL).mock(return_value=httpx.Response(200, json=body))
    assert lookup.check().facts == ("at most 3 calls a minute, 500 lookups a run",)


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
