"""Batches: what is all or nothing, what is partial, what is dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

CONTACTS = "/crm/v3/objects/contacts"


def _ids(*ids: str) -> list[dict[str, str]]:
    return [{"id": one} for one in ids]


def test_batch_read_with_missing_ids_answers_207_and_names_them(account: Account) -> None:
    answer = account.post(f"{CONTACTS}/batch/read", {"inputs": _ids("2", "99", "1", "x"), "properties": ["email"]})
    assert answer.status_code == 207
    body = answer.json()
    assert body["status"] == "COMPLETE" and body["numErrors"] == 1
    assert [one["id"] for one in body["results"]] == ["1", "2"]
    assert body["errors"][0]["category"] == "OBJECT_NOT_FOUND"
    assert body["errors"][0]["context"] == {"ids": ["99", "x"]}
    assert body["errors"][0]["message"].startswith("Could not get some CONTACT objects")


def test_batch_read_of_known_ids_answers_200_without_error_fields(account: Account) -> None:
    answer = account.post(f"{CONTACTS}/batch/read", {"inputs": _ids("1"), "properties": []})
    assert answer.status_code == 200
    assert {"numErrors", "errors"}.isdisjoint(answer.json())


def test_batch_read_by_email_uses_any_address(account: Account) -> None:
    body = {"inputs": _ids("old@example.com", "p1@example.com"), "idProperty": "email", "properties": []}
    assert [one["id"] for one in account.post(f"{CONTACTS}/batch/read", body).json()["results"]] == ["1", "2"]


@pytest.mark.parametrize(
    ("count", "past", "status"), [(100, [], 207), (101, [], 400), (50, ["email"], 207), (51, ["email"], 400)]
)
def test_batch_read_has_a_maximum(account: Account, count: int, past: list[str], status: int) -> None:
    body = {"inputs": _ids(*map(str, range(1, count + 1))), "properties": [], "propertiesWithHistory": past}
    assert account.post(f"{CONTACTS}/batch/read", body).status_code == status


def _creates(*emails: str, traced: bool) -> dict[str, Any]:
    inputs: list[dict[str, Any]] = [{"properties": {"email": email}} for email in emails]
    if traced:
        inputs = [{**one, "objectWriteTraceId": f"t{place}"} for place, one in enumerate(inputs)]
    return {"inputs": inputs}


def test_batch_create_without_trace_ids_is_all_or_nothing(account: Account) -> None:
    before = account.app.count("contacts")
    answer = account.post(f"{CONTACTS}/batch/create", _creates("n1@x.com", "p1@example.com", traced=False))
    assert answer.status_code == 409
    assert account.app.count("contacts") == before


def test_batch_create_with_trace_ids_makes_what_it_can(account: Account) -> None:
    answer = account.post(f"{CONTACTS}/batch/create", _creates("n1@x.com", "p1@example.com", "N1@x.com", traced=True))
    assert answer.status_code == 207
    body = answer.json()
    assert [one["objectWriteTraceId"] for one in body["results"]] == ["t0"]
    assert [one["context"]["objectWriteTraceId"] for one in body["errors"]] == [["t1"], ["t2"]]
    assert body["errors"][0]["message"] == "Contact already exists. Existing ID: 1"
    assert account.app.count("contacts") == 6


def test_batch_create_of_good_inputs_answers_201(account: Account) -> None:
    answer = account.post("/crm/objects/2026-03/contacts/batch/create", _creates("a@x.com", "b@x.com", traced=True))
    assert answer.status_code == 201
    assert [one["properties"]["email"] for one in answer.json()["results"]] == ["a@x.com", "b@x.com"]


def test_batch_create_of_the_first_dated_version_answers_200(account: Account) -> None:
    answer = account.post("/crm/objects/2025-09/contacts/batch/create", _creates("a@x.com", traced=False))
    assert answer.status_code == 200


def _updates(**cities: str) -> dict[str, Any]:
    return {"inputs": [{"id": one[1:], "properties": {"city": city}} for one, city in cities.items()]}


def test_batch_update_drops_merged_ids_silently_and_names_unknown_ones(account: Account) -> None:
    survivor = account.app.merge("contacts", "1", "2")
    answer = account.post(f"{CONTACTS}/batch/update", _updates(i1="A", i3="B"))
    assert answer.status_code == 200
    assert [one["id"] for one in answer.json()["results"]] == ["3"]
    answer = account.post(f"{CONTACTS}/batch/update", _updates(i1="A", i99="B", i4="C"))
    assert answer.status_code == 207
    assert answer.json()["errors"][0]["context"]["ids"] == ["99"]
    row = account.app.row("contacts", survivor)
    assert row is not None and row["city"] is None


def test_batch_update_with_one_bad_value_writes_nothing(account: Account) -> None:
    inputs = [{"id": "1", "properties": {"city": "A"}}, {"id": "2", "properties": {"lifecyclestage": "x"}}]
    assert account.post(f"{CONTACTS}/batch/update", {"inputs": inputs}).status_code == 400
    row = account.app.row("contacts", "1")
    assert row is not None and row["city"] is None


@pytest.mark.parametrize("path", ["batch/update", "batch/upsert"])
def test_batch_with_the_same_id_twice_is_refused(account: Account, path: str) -> None:
    one = {"id": "p1@example.com", "idProperty": "email", "properties": {"city": "A"}}
    answer = account.post(f"{CONTACTS}/{path}", {"inputs": [one, one]})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Duplicate IDs found in batch input")


def test_upsert_by_unique_property_is_idempotent(account: Account) -> None:
    body = {"inputs": [{"id": "e-1", "idProperty": "trueline_id", "properties": {"lastname": "Fox"}}]}
    first = account.post(f"{CONTACTS}/batch/upsert", body).json()["results"][0]
    again = account.post(f"{CONTACTS}/batch/upsert", body)
    assert again.status_code == 200
    assert (first["new"], again.json()["results"][0]["new"]) == (True, False)
    assert again.json()["results"][0]["id"] == first["id"]
    assert account.get(f"{CONTACTS}/e-1", idProperty="trueline_id").json()["id"] == first["id"]


def test_unique_property_cannot_be_given_twice(account: Account) -> None:
    assert account.patch(f"{CONTACTS}/1", {"trueline_id": "e-1"}).status_code == 200
    answer = account.patch(f"{CONTACTS}/2", {"trueline_id": "e-1"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "CONFLICTING_UNIQUE_VALUE"


@pytest.mark.parametrize("traced", [False, True])
def test_upsert_by_email_is_never_partial(account: Account, traced: bool) -> None:
    inputs: list[dict[str, Any]] = [
        {"id": "p1@example.com", "idProperty": "email", "properties": {"city": "A"}},
        {"id": "bad address", "idProperty": "email", "properties": {}},
    ]
    inputs = [{**one, "objectWriteTraceId": str(n)} for n, one in enumerate(inputs)] if traced else inputs
    assert account.post(f"{CONTACTS}/batch/upsert", {"inputs": inputs}).status_code == 400
    row = account.app.row("contacts", "1")
    assert row is not None and row["city"] is None


def test_batch_archive_answers_204_for_any_ids(account: Account) -> None:
    assert account.post(f"{CONTACTS}/batch/archive", {"inputs": _ids("1", "99")}).status_code == 204
    assert account.app.count("contacts") == 4
