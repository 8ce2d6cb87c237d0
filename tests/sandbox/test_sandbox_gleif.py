"""The GLEIF registry: filters, names, paging, limit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import polars as pl
import pytest

from sandbox.clock import SandboxClock
from sandbox.gleif import GleifApp
from sandbox.server import Listener

RECORDS = "/api/v1/lei-records"


def _frame() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "lei": [f"54930000000000000{n:03d}" for n in range(1, 5)],
            "legal_name": ["Acme Tools GmbH", "Acme Trading Limited", "Bravo S.p.A.", "Acme Old GmbH"],
            "other_names": [["ACME"], [], [], []],
            "country": ["DE", "GB", "IT", "DE"],
            "city": ["Bonn", "Leeds", "Roma", "Bonn"],
            "region": ["DE-NW", None, None, None],
            "postal_code": ["53111", None, None, None],
            "address_lines": [["Weg 1"], ["1 Road"], ["Via 1"], ["Weg 2"]],
            "registered_as": ["HRB 1", "0123", "99", "HRB 2"],
            "jurisdiction": ["DE", "GB", "IT", "DE"],
            "status": ["ISSUED", "LAPSED", "ACTIVE", "INACTIVE"],
        }
    )


@pytest.fixture
def clock() -> SandboxClock:
    return SandboxClock(datetime(2026, 11, 22, 10, tzinfo=UTC))


@pytest.fixture
def registry(clock: SandboxClock) -> Iterator[httpx.Client]:
    app = GleifApp(clock=clock)
    app.load(_frame())
    with Listener(app) as listener, httpx.Client(base_url=listener.url) as client:
        yield client


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        pytest.param({"filter[entity.legalName]": "acme tools"}, ["001"], id="name by words"),
        pytest.param(
            {"filter[entity.legalName]": "Acme", "filter[entity.status]": "ACTIVE"}, ["001", "002"], id="status"
        ),
        pytest.param({"filter[entity.legalAddress.country]": "de"}, ["001", "004"], id="country"),
        pytest.param({"filter[fulltext]": "HRB 2 Bonn"}, ["004"], id="full text"),
        pytest.param({"filter[entity.legalName]": "nobody"}, [], id="nothing"),
        pytest.param({}, ["001", "002", "003", "004"], id="all"),
    ],
)
def test_search_finds(registry: httpx.Client, params: dict[str, str], expected: list[str]) -> None:
    body = registry.get(RECORDS, params=params).json()
    assert [one["id"][-3:] for one in body["data"]] == expected
    assert body["meta"]["pagination"]["total"] == len(expected)


def test_record_has_the_shape_of_json_api(registry: httpx.Client) -> None:
    answer = registry.get(f"{RECORDS}/54930000000000000001")
    assert answer.headers["content-type"] == "application/vnd.api+json"
    record = answer.json()["data"]
    entity = record["attributes"]["entity"]
    assert record["type"] == "lei-records"
    assert entity["legalName"] == {"name": "Acme Tools GmbH", "language": "en"}
    assert entity["legalAddress"]["postalCode"] == "53111" and entity["registeredAs"] == "HRB 1"
    assert entity["otherNames"][0]["name"] == "ACME" and entity["status"] == "ACTIVE"
    assert registry.get(f"{RECORDS}/nothing").status_code == 404


def test_pages_are_linked(registry: httpx.Client) -> None:
    first = registry.get(RECORDS, params={"page[size]": 3}).json()
    assert first["meta"]["pagination"]["lastPage"] == 2
    last = registry.get(first["links"]["next"]).json()
    assert len(last["data"]) == 1 and "next" not in last["links"]
    assert registry.get(RECORDS, params={"page[size]": 201}).status_code == 400
    assert registry.get(RECORDS, params={"page[size]": 200, "page[number]": 51}).status_code == 400


def test_fuzzy_completion_finds_a_misspelt_name(registry: httpx.Client) -> None:
    params = {"field": "entity.legalName", "q": "Acme Tolls Gmbh"}
    best = registry.get("/api/v1/fuzzycompletions", params=params).json()["data"][0]
    assert best["attributes"]["value"] == "Acme Tools GmbH"
    assert best["relationships"]["lei-records"]["data"] == {"type": "lei-records", "id": "54930000000000000001"}
    assert registry.get("/api/v1/fuzzycompletions", params={"q": "x"}).status_code == 400


def test_sixty_first_request_of_a_minute_is_refused(registry: httpx.Client, clock: SandboxClock) -> None:
    assert {registry.get(f"{RECORDS}/x").status_code for _ in range(60)} == {404}
    assert registry.get(RECORDS).status_code == 429
    clock.turn(60)
    assert registry.get(RECORDS).status_code == 200
