"""Search: filters, order, limits, and an index that lags behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account


def where(name: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    said = {} if value is None else {"values" if isinstance(value, list) else "value": value}
    return {"propertyName": name, "operator": operator, **said, **more}


@pytest.mark.parametrize(
    ("kind", "condition", "expected"),
    [
        pytest.param("companies", where("name", "EQ", "acme"), ["13"], id="text without case"),
        pytest.param("contacts", where("lastname", "EQ", "ärm"), ["1"], id="text without case beyond ASCII"),
        pytest.param("companies", where("name", "NEQ", "ACME"), ["11", "12"], id="not equal"),
        pytest.param("companies", where("name", "IN", ["acme", "beta ltd"]), ["12", "13"], id="in, lower case"),
        pytest.param("companies", where("name", "IN", ["ACME"]), [], id="in, upper case finds nothing"),
        pytest.param("companies", where("name", "NOT_IN", ["acme"]), ["11", "12"], id="not in"),
        pytest.param("contacts", where("lifecyclestage", "EQ", "Lead"), [], id="options with case"),
        pytest.param("contacts", where("lifecyclestage", "IN", ["lead"]), ["1", "5"], id="options"),
        pytest.param("companies", where("numberofemployees", "GT", "9"), ["11", "12"], id="numbers as numbers"),
        pytest.param("companies", where("annualrevenue", "EQ", "1500.50"), ["11"], id="equal numbers"),
        pytest.param(
            "companies", where("numberofemployees", "BETWEEN", "9", highValue="10"), ["11", "13"], id="between"
        ),
        pytest.param("contacts", where("firstname", "HAS_PROPERTY"), ["1", "2", "3", "4"], id="has"),
        pytest.param("contacts", where("firstname", "NOT_HAS_PROPERTY"), ["5"], id="has not"),
        pytest.param("companies", where("name", "CONTAINS_TOKEN", "acme"), ["11", "13"], id="token"),
        pytest.param("contacts", where("email", "CONTAINS_TOKEN", "*@example.com"), list("12345"), id="wildcard"),
        pytest.param("companies", where("name", "NOT_CONTAINS_TOKEN", "gmbh"), ["12", "13"], id="no token"),
        pytest.param("contacts", where("hs_object_id", "GTE", "4"), ["4", "5"], id="id"),
        pytest.param("contacts", where("hs_email_optout", "EQ", "true"), ["1"], id="boolean"),
        pytest.param("contacts", where("lastmodifieddate", "GTE", "1767259804250"), ["4", "5"], id="time in ms"),
        pytest.param("contacts", where("lastmodifieddate", "LT", "2026-01-01T09:30:02.250Z"), ["1"], id="time in ISO"),
        pytest.param("contacts", where("associations.company", "EQ", "12"), ["1"], id="linked"),
        pytest.param("companies", where("associations.contact", "IN", ["1"]), ["11", "12"], id="linked to any"),
        pytest.param("contacts", where("associations.companies", "HAS_PROPERTY"), ["1"], id="linked at all"),
        pytest.param("contacts", where("associations.0-2", "NOT_HAS_PROPERTY"), list("2345"), id="not linked"),
        pytest.param("contacts", where("hs_additional_emails", "IN", ["old@example.com"]), ["2"], id="any of several"),
    ],
)
def test_filter_finds(account: Account, kind: str, condition: dict[str, Any], expected: list[str]) -> None:
    assert account.found(kind, condition, limit=200) == expected


def test_filters_of_a_group_all_hold_and_groups_are_alternatives(account: Account) -> None:
    groups = [
        {"filters": [where("lifecyclestage", "EQ", "lead"), where("firstname", "HAS_PROPERTY")]},
        {"filters": [where("lastname", "EQ", "Berg")]},
    ]
    answer = account.post("/crm/objects/2026-09/contacts/search", {"filterGroups": groups})
    assert [one["id"] for one in answer.json()["results"]] == ["1", "2"]


def test_bare_filters_are_one_more_group(account: Account) -> None:
    body = {"filters": [where("associations.company", "EQ", "12")]}
    answer = account.post("/crm/v3/objects/contacts/search", body).json()
    assert (answer["total"], answer["results"][0]["id"]) == (1, "1")


def test_query_looks_for_the_start_of_words_in_the_default_fields(account: Account) -> None:
    assert account.found("contacts", query="p3@") == ["3"]
    assert account.found("contacts", query="AN ärm") == ["1"]


def test_pages_are_offsets_with_a_total(account: Account) -> None:
    first = account.search("contacts", limit=2, sorts=[{"propertyName": "lastmodifieddate", "direction": "DESCENDING"}])
    assert first.json()["total"] == 5
    assert [one["id"] for one in first.json()["results"]] == ["5", "4"]
    assert first.json()["paging"] == {"next": {"after": "2"}}
    last = account.search("contacts", limit=2, after="4").json()
    assert [one["id"] for one in last["results"]] == ["5"] and "paging" not in last


def test_deleted_records_count_as_not_linked(account: Account) -> None:
    account.app.delete("companies", "12")
    account.app.delete("companies", "11")
    assert account.found("contacts", where("associations.company", "EQ", "12")) == []
    assert account.found("contacts", where("associations.company", "HAS_PROPERTY")) == []


def test_record_with_several_options_is_found_by_any_of_them(account: Account) -> None:
    account.patch("/crm/v3/objects/contacts/1", {"hs_legal_basis": "Not applicable;Performance of a contract"})
    account.patch("/crm/v3/objects/contacts/3", {"hs_legal_basis": "Not applicable"})
    account.app.catch_up_index()
    assert account.found("contacts", where("hs_legal_basis", "IN", ["Performance of a contract"])) == ["1"]
    assert account.found("contacts", where("hs_legal_basis", "NOT_IN", ["Performance of a contract"])) == ["3"]


def test_names_of_properties_do_not_count_in_the_length_of_a_search(account: Account) -> None:
    names = [f"a_property_of_some_length_{number}" for number in range(200)]
    assert account.found("contacts", where("lastname", "EQ", "berg"), properties=[*names, "city"]) == ["2"]


def test_limit_may_be_text(account: Account) -> None:
    assert account.found("contacts", limit="2") == ["1", "2"]


def test_missing_values_sort_last_in_both_directions(account: Account) -> None:
    for direction in ("ASCENDING", "DESCENDING"):
        found = account.found("companies", sorts=[{"propertyName": "annualrevenue", "direction": direction}])
        assert found[-1] == "13"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"limit": 201}, id="limit"),
        pytest.param({"after": "9990", "limit": 11}, id="beyond 10,000"),
        pytest.param({"after": "x"}, id="after"),
        pytest.param({"sorts": [{"propertyName": "email"}, {"propertyName": "city"}]}, id="two sorts"),
        pytest.param({"sorts": [{"propertyName": "nonsense"}]}, id="unknown sort"),
        pytest.param({"filterGroups": [{"filters": [where("nonsense", "EQ", "1")]}]}, id="unknown property"),
        pytest.param({"filterGroups": [{"filters": [where("email", "LIKE", "1")]}]}, id="unknown operator"),
        pytest.param({"filterGroups": [{"filters": [where("email", "EQ")]}]}, id="no value"),
        pytest.param({"filterGroups": [{"filters": [where("createdate", "GT", "soon")]}]}, id="bad time"),
        pytest.param({"filterGroups": [{"filters": [where("email", "EQ", "1")] * 7}]}, id="seven filters"),
        pytest.param({"filterGroups": [{"filters": [where("email", "EQ", "1")]}] * 6}, id="six groups"),
        pytest.param({"filterGroups": 5}, id="no list of groups"),
        pytest.param({"query": "x" * 3000}, id="body too long"),
    ],
)
def test_bad_search_answers_400(account: Account, body: dict[str, Any]) -> None:
    answer = account.post("/crm/v3/objects/contacts/search", body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["category"] == "VALIDATION_ERROR"


def test_ten_thousandth_result_is_the_last_that_can_be_had(account: Account) -> None:
    numbers = pl.int_range(1000, 11_500, eager=True).cast(pl.String)
    account.app.load({"companies": pl.DataFrame({"id": numbers, "name": numbers})})
    answer = account.search("companies", limit=200, after="9800").json()
    assert answer["total"] == 10_503 and answer["paging"]["next"]["after"] == "10000"
    assert account.search("companies", limit=200, after="10000").status_code == 400
    # Folded comparisons of a large table go through an index that is made on demand.
    assert account.found("companies", where("name", "IN", ["1001"])) == ["1001"]


def test_index_knows_a_write_only_after_its_lag(account: Account) -> None:
    made = account.post("/crm/v3/objects/contacts", {"properties": {"lastname": "Fox"}}).json()["id"]
    account.patch("/crm/v3/objects/contacts/1", {"lastname": "Wolf"})
    account.client.delete("/crm/v3/objects/contacts/2")
    assert account.found("contacts", where("lastname", "IN", ["fox", "wolf"])) == []
    assert account.found("contacts", where("lastname", "IN", ["ärm", "berg"])) == ["1", "2"]
    assert account.search("contacts").json()["total"] == 5
    account.clock.turn(account.app.index_lag_ms / 1000)
    assert account.found("contacts", where("lastname", "IN", ["fox", "wolf"])) == ["1", made]
    assert account.found("contacts", where("lastname", "IN", ["ärm", "berg"])) == []


def test_index_shows_every_version_in_turn(account: Account) -> None:
    account.patch("/crm/v3/objects/contacts/1", {"lastname": "One"})
    account.clock.turn(1)
    account.patch("/crm/v3/objects/contacts/1", {"lastname": "Two"})
    seen = []
    for _ in range(3):
        shown = account.search("contacts", where("hs_object_id", "EQ", "1")).json()["results"][0]
        seen.append(shown["properties"]["lastname"])
        account.clock.turn(1)
    assert seen == ["Ärm", "One", "Two"]


def test_index_without_lag_knows_at_once(account: Account) -> None:
    account.app.index_lag_ms = 0
    account.app.edit("contacts", "1", lastname="Wolf")
    assert account.found("contacts", where("lastname", "EQ", "wolf")) == ["1"]


def test_catching_up_the_index_shows_all_writes(account: Account) -> None:
    account.app.delete("contacts", "1")
    assert account.search("contacts").json()["total"] == 5
    account.app.catch_up_index()
    assert account.search("contacts").json()["total"] == 4


def test_lagging_search_keeps_order_and_total(account: Account) -> None:
    account.patch("/crm/v3/objects/contacts/1", {"city": "Leeds"})
    sorts = [{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}]
    assert account.found("contacts", sorts=sorts) == list("12345")
    assert account.found("contacts", sorts=[{"propertyName": "firstname", "direction": "DESCENDING"}]) == list("43215")
    account.app.catch_up_index()
    assert account.found("contacts", sorts=sorts) == list("23451")
