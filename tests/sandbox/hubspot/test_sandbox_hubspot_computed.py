"""What follows from a write: computed properties, stage times, sources, history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

CONTACTS = "/crm/v3/objects/contacts"
START = "2026-11-22T10:00:00"


def row(account: Account, kind: str, record_id: str) -> dict[str, str | None]:
    return account.app.row(kind, record_id) or {}


def past(account: Account, path: str, name: str) -> list[dict[str, Any]]:
    answer = account.get(path, propertiesWithHistory=name).json()
    found: list[dict[str, Any]] = answer["propertiesWithHistory"][name]
    return found


@pytest.mark.parametrize(
    ("kind", "record_id", "name", "searchable"),
    [
        ("contacts", "1", "phone", "hs_searchable_calculated_phone_number"),
        ("contacts", "1", "mobilephone", "hs_searchable_calculated_mobile_number"),
        ("companies", "11", "phone", "hs_searchable_calculated_phone_number"),
    ],
)
def test_phone_is_searched_by_its_last_ten_digits(
    account: Account, kind: str, record_id: str, name: str, searchable: str
) -> None:
    account.patch(f"/crm/v3/objects/{kind}/{record_id}", {name: "+1 (206) 555-0100"})
    account.app.catch_up_index()
    assert row(account, kind, record_id)[searchable] == "2065550100"
    condition = {"propertyName": searchable, "operator": "EQ", "value": "2065550100"}
    assert account.found(kind, condition) == [record_id]


def test_stage_times_add_up_over_two_stays(account: Account) -> None:
    made = account.post("/crm/v3/objects/0-3", {"properties": {"dealname": "X", "dealstage": "qualifiedtobuy"}}).json()
    path = f"/crm/v3/objects/deals/{made['id']}"
    for seconds, stage in ((60, "contractsent"), (30, "qualifiedtobuy"), (40, "closedwon")):
        account.clock.turn(seconds)
        assert account.patch(path, {"dealstage": stage}).status_code == 200
    deal = row(account, "deals", made["id"])
    total, latest = (deal[f"hs_v2_{word}_time_in_qualifiedtobuy"] for word in ("cumulative", "latest"))
    assert 100_000 <= int(total or 0) < 101_000 and 40_000 <= int(latest or 0) < 41_000
    assert (deal["hs_v2_date_entered_qualifiedtobuy"] or "") > f"{START[:-5]}01:30"
    assert deal["hs_v2_date_exited_qualifiedtobuy"] == deal["hs_v2_date_entered_closedwon"]
    assert deal["hs_date_entered_closedwon"] == deal["hs_v2_date_entered_current_stage"]
    assert deal["hs_v2_date_exited_closedwon"] is None
    assert [one["value"] for one in past(account, path, "dealstage")] == [
        "closedwon", "qualifiedtobuy", "contractsent", "qualifiedtobuy",
    ]  # fmt: skip


@pytest.mark.parametrize(("kind", "body"), [("contacts", {"lastname": "X"}), ("companies", {"name": "X"})])
def test_life_cycle_stages_have_times_too(account: Account, kind: str, body: dict[str, str]) -> None:
    path = f"/crm/v3/objects/{kind}"
    made = account.post(path, {"properties": {**body, "lifecyclestage": "lead"}}).json()["id"]
    account.clock.turn(10)
    account.patch(f"{path}/{made}", {"lifecyclestage": "customer"})
    account.patch(f"{path}/{made}", {"lifecyclestage": "lead"})
    found = row(account, kind, made)
    assert (found["hs_v2_date_entered_lead"] or "").startswith(START[:-2])
    assert found["hs_v2_date_exited_lead"] == found["hs_v2_date_entered_customer"]
    assert 10_000 <= int(found["hs_v2_cumulative_time_in_lead"] or 0) < 11_000
    account.patch(f"{path}/{made}", {"lifecyclestage": ""})
    assert row(account, kind, made)["hs_v2_date_exited_customer"] is not None


def test_stage_times_are_read_only_and_defined_for_new_stages(account: Account) -> None:
    assert account.patch(f"{CONTACTS}/1", {"hs_v2_date_entered_lead": "0"}).status_code == 400
    options = account.get("/crm/v3/properties/contacts/lifecyclestage").json()["options"]
    options.append({"value": "4711", "label": "Ours", "displayOrder": 99, "hidden": False})
    changed = account.client.patch("/crm/v3/properties/contacts/lifecyclestage", json={"options": options})
    assert changed.status_code == 200
    account.patch(f"{CONTACTS}/3", {"lifecyclestage": "4711"})
    assert row(account, "contacts", "3")["hs_v2_date_entered_4711"] is not None


def test_loaded_records_entered_their_stage_when_they_were_made(account: Account) -> None:
    assert row(account, "contacts", "2")["hs_v2_date_entered_customer"] == "2026-01-01T09:30:00.250Z"
    account.app.load({"deals": pl.DataFrame({
        "id": ["23"], "dealname": ["D"], "pipeline": ["default"], "dealstage": ["contractsent"],
        "hs_v2_date_entered_current_stage": ["2026-02-03T00:00:00.000Z"],
    })})  # fmt: skip
    assert row(account, "deals", "23")["hs_v2_date_entered_contractsent"] == "2026-02-03T00:00:00.000Z"


def test_loaded_deal_tells_what_follows_from_its_stage_and_amount(account: Account) -> None:
    account.app.load({"deals": pl.DataFrame({
        "id": ["23", "24"], "dealname": ["D", "E"], "dealstage": ["closedlost", None], "amount": [10.0, None],
    })})  # fmt: skip
    won, lost = row(account, "deals", "22"), row(account, "deals", "23")
    names = ["hs_is_closed", "hs_is_closed_won", "hs_is_closed_lost", "hs_deal_stage_probability"]
    assert [won[name] for name in names] == ["true", "true", "false", "1"]
    assert [lost[name] for name in names] == ["true", "false", "true", "0"]
    assert (won["hs_projected_amount"], lost["hs_projected_amount"]) == ("250.5", "0")
    assert won["amount_in_home_currency"] == "250.5"
    assert row(account, "deals", "24")["hs_is_closed"] is None


def test_amount_in_the_home_currency_is_told_where_the_deal_is_in_it(account: Account) -> None:
    path = "/crm/v3/objects/deals/21"
    account.patch(path, {"amount": "120.50"})
    assert row(account, "deals", "21")["amount_in_home_currency"] == "120.5"
    account.patch(path, {"deal_currency_code": "USD"})
    assert row(account, "deals", "21")["amount_in_home_currency"] is None


def test_new_record_tells_which_app_and_user_made_it(account: Account) -> None:
    made = account.post(CONTACTS, {"properties": {"lastname": "Fox"}}).json()["id"]
    found = row(account, "contacts", made)
    assert (found["hs_object_source"], found["hs_object_source_id"]) == ("INTEGRATION", "1001")
    assert found["hs_object_source_detail_1"] == "Trueline sandbox"
    assert found["hs_created_by_user_id"] == found["hs_object_source_user_id"] == "7001"
    account.app.edit("contacts", made, user_id=77, city="Leeds")
    found = row(account, "contacts", made)
    assert (found["hs_created_by_user_id"], found["hs_updated_by_user_id"]) == ("7001", "77")
    first = past(account, f"{CONTACTS}/{made}", "lastname")[0]
    assert (first["sourceType"], first["sourceId"], first["sourceLabel"]) == ("INTEGRATION", "1001", "Trueline sandbox")
    assert first["updatedByUserId"] == 7001


def test_history_of_a_computed_value_names_the_calculation(account: Account) -> None:
    account.clock.turn(60)
    account.patch(f"{CONTACTS}/1", {"email": "ana@other.example"})
    newest, first = past(account, f"{CONTACTS}/1", "hs_email_domain")
    assert (newest["value"], newest["sourceType"]) == ("other.example", "CALCULATED")
    assert newest["timestamp"].startswith("2026-11-22T10:01:00")
    assert first["value"] == "example.com"


def test_history_of_stamps_has_one_entry(account: Account) -> None:
    account.patch(f"{CONTACTS}/1", {"city": "Leeds"})
    shown = account.get(f"{CONTACTS}/1").json()
    for name, stamp in (("createdate", shown["createdAt"]), ("lastmodifieddate", shown["updatedAt"])):
        assert [(one["value"], one["timestamp"]) for one in past(account, f"{CONTACTS}/1", name)] == [(stamp, stamp)]


def test_additional_address_that_becomes_the_first_is_additional_no_longer(account: Account) -> None:
    answer = account.patch(f"{CONTACTS}/2", {"email": "OLD@example.com"})
    assert answer.json()["properties"]["email"] == "old@example.com"
    assert row(account, "contacts", "2")["hs_additional_emails"] is None
    assert account.post(CONTACTS, {"properties": {"email": "p2@example.com"}}).status_code == 201
