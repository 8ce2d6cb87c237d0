"""One record, lists, creation, validation, history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

CONTACTS = "/crm/v3/objects/contacts"


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/crm/v3/objects/contacts", id="v3"),
        pytest.param("/crm/v3/objects/contacts/", id="trailing slash"),
        pytest.param("/crm/v3/objects/contact", id="singular"),
        pytest.param("/crm/v3/objects/0-1", id="type id"),
        pytest.param("/crm/v4/objects/contacts", id="v4"),
        pytest.param("/crm/objects/2026-03/contacts", id="2026-03"),
        pytest.param("/crm/objects/2026-09/0-1/", id="2026-09"),
        pytest.param("/crm/objects/2026-09-beta/contacts", id="2026-09-beta"),
        pytest.param("/crm/objects/2025-09/contacts", id="2025-09"),
    ],
)
def test_list_in_every_version_pages_by_next_id(account: Account, path: str) -> None:
    first = account.get(path, limit="2", archived="False").json()
    assert [one["id"] for one in first["results"]] == ["1", "2"]
    following = first["paging"]["next"]
    assert following["after"] == "3"
    assert following["link"].startswith(f"{account.url}{path}?") and "limit=2" in following["link"]
    second = account.client.get(following["link"]).json()
    assert [one["id"] for one in second["results"]] == ["3", "4"]
    last = account.get(path, limit="2", after="5").json()
    assert [one["id"] for one in last["results"]] == ["5"]
    assert "paging" not in last


def test_record_without_properties_asked_has_the_defaults_only(account: Account) -> None:
    shown = account.get(f"{CONTACTS}/1").json()
    assert set(shown["properties"]) == {
        "createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname",
    }  # fmt: skip
    assert shown["createdAt"] == shown["properties"]["createdate"] == "2026-01-01T09:30:00.250Z"
    assert shown["updatedAt"] == "2026-01-01T09:30:01.250Z"
    assert shown["archived"] is False and "archivedAt" not in shown


@pytest.mark.parametrize(
    "params",
    [
        pytest.param([("properties", "hs_email_optout,nonsense,phone")], id="commas"),
        pytest.param(
            [("properties", "hs_email_optout"), ("properties", "nonsense"), ("properties", "phone")], id="keys"
        ),
    ],
)
def test_property_lists_in_both_forms_drop_unknown_names(
    account: Account, params: list[tuple[str, str | int | float | bool | None]]
) -> None:
    shown = account.client.get(f"{CONTACTS}/1", params=params).json()["properties"]
    assert shown["hs_email_optout"] == "true"
    assert shown["phone"] is None
    assert "nonsense" not in shown


@pytest.mark.parametrize(
    ("limit", "history", "status"),
    [("100", "", 200), ("101", "", 400), ("50", "email", 200), ("51", "email", 400), ("x", "", 400), ("0", "", 400)],
)
def test_list_limit_beyond_the_maximum_is_refused(account: Account, limit: str, history: str, status: int) -> None:
    params = {"limit": limit} | ({"propertiesWithHistory": history} if history else {})
    assert account.get(CONTACTS, **params).status_code == status


def test_numbers_come_back_as_strings(account: Account) -> None:
    shown = account.get("/crm/v3/objects/companies/11", properties="annualrevenue,numberofemployees").json()
    assert shown["properties"]["annualrevenue"] == "1500.5"
    assert shown["properties"]["numberofemployees"] == "10"


@pytest.mark.parametrize("email", ["p2%40example.com", "P2@example.com", "old@example.com"])
def test_get_by_email_finds_main_and_additional_addresses(account: Account, email: str) -> None:
    assert account.client.get(f"{CONTACTS}/{email}?idProperty=email").json()["id"] == "2"


def test_id_with_encoded_letters_is_found(account: Account) -> None:
    account.patch(f"{CONTACTS}/1", {"trueline_id": "a/b c%2"})
    answer = account.client.get(f"{CONTACTS}/a%2Fb%20c%252?idProperty=trueline_id")
    assert answer.status_code == 200 and answer.json()["id"] == "1"


def test_get_by_a_property_that_is_not_unique_is_refused(account: Account) -> None:
    assert account.get(f"{CONTACTS}/Ana", idProperty="firstname").status_code == 400


def test_unknown_record_answers_404(account: Account) -> None:
    for record_id in ("99", "abc", "9" * 40):
        answer = account.get(f"{CONTACTS}/{record_id}")
        assert answer.status_code == 404
        assert answer.json()["category"] == "OBJECT_NOT_FOUND"
        assert answer.json()["message"] == "resource not found"


def test_create_answers_201_with_the_record_and_its_source(account: Account) -> None:
    answer = account.post(CONTACTS, {"properties": {"email": "New@Example.com", "phone": "+44 161 555 0100"}})
    assert answer.status_code == 201
    made = answer.json()
    assert made["properties"]["email"] == "new@example.com"
    row = account.app.row("contacts", made["id"])
    assert row is not None
    assert row["hs_object_source"] == "INTEGRATION" and row["hs_object_source_id"] == "1001"
    assert row["hs_email_domain"] == "example.com"
    assert row["hs_searchable_calculated_phone_number"] == "1615550100"


@pytest.mark.parametrize("email", ["p1@example.com", "OLD@example.com"])
def test_create_with_a_known_address_answers_409_with_the_existing_id(account: Account, email: str) -> None:
    answer = account.post(CONTACTS, {"properties": {"email": email}})
    assert answer.status_code == 409
    assert answer.json()["category"] == "CONFLICT"
    existing = "1" if email.startswith("p1") else "2"
    assert answer.json()["message"] == f"Contact already exists. Existing ID: {existing}"


def test_companies_are_not_unique_by_domain(account: Account) -> None:
    body = {"properties": {"domain": "acme.example"}}
    assert account.post("/crm/v3/objects/companies", body).status_code == 201


@pytest.mark.parametrize(
    ("kind", "properties", "missing"),
    [
        ("contacts", {"phone": "1"}, ["email", "firstname", "lastname"]),
        ("companies", {"city": "Leeds"}, ["name", "domain"]),
        ("deals", {"dealname": "X"}, ["dealstage"]),
        ("notes", {"hs_note_body": "X"}, ["hs_timestamp"]),
        ("emails", {"hs_timestamp": "0"}, ["hs_email_direction"]),
    ],
)
def test_create_without_required_properties_is_refused(
    account: Account, kind: str, properties: dict[str, str], missing: list[str]
) -> None:
    answer = account.post(f"/crm/v3/objects/{kind}", {"properties": properties})
    assert answer.status_code == 400
    assert answer.json()["context"]["properties"] == missing


@pytest.mark.parametrize(
    ("kind", "properties", "code"),
    [
        pytest.param("contacts", {"nonsense": "1"}, "PROPERTY_DOESNT_EXIST", id="unknown"),
        pytest.param("contacts", {"hs_object_id": "7"}, "READ_ONLY_VALUE", id="read only"),
        pytest.param("contacts", {"lifecyclestage": "Lead"}, "INVALID_OPTION", id="option label"),
        pytest.param("contacts", {"hs_email_optout": "True"}, "INVALID_OPTION", id="boolean in capitals"),
        pytest.param("contacts", {"email": "no address"}, "INVALID_EMAIL", id="e-mail"),
        pytest.param("contacts", {"hubspot_owner_id": "501"}, "INVALID_OWNER_ID", id="user id for owner id"),
        pytest.param("companies", {"annualrevenue": "1,500"}, "INVALID_INTEGER", id="number"),
        pytest.param("deals", {"closedate": "soon"}, "INVALID_LONG", id="time"),
        pytest.param("deals", {"dealstage": "nowhere"}, "INVALID_OPTION", id="stage"),
    ],
)
def test_bad_values_are_refused_by_code_and_nothing_is_written(
    account: Account, kind: str, properties: dict[str, str], code: str
) -> None:
    record_id = {"contacts": "1", "companies": "11", "deals": "21"}[kind]
    before = account.app.row(kind, record_id)
    answer = account.patch(f"/crm/v3/objects/{kind}/{record_id}", properties)
    assert answer.status_code == 400
    body = answer.json()
    assert body["category"] == "VALIDATION_ERROR"
    assert body["errors"][0]["code"] == code
    assert body["errors"][0]["context"]["propertyName"] == list(properties)
    assert body["message"].startswith('Property values were not valid: [{"isValid":false,')
    assert account.app.row(kind, record_id) == before


def test_patch_of_unchanged_values_moves_no_stamp(account: Account) -> None:
    answer = account.patch(f"{CONTACTS}/1", {"firstname": "Ana"})
    assert answer.status_code == 200
    assert answer.json()["updatedAt"] == "2026-01-01T09:30:01.250Z"


def test_stamps_of_two_quick_writes_differ(account: Account) -> None:
    stamps = [account.patch(f"{CONTACTS}/1", {"city": city}).json()["updatedAt"] for city in ("A", "B", "C")]
    assert stamps == sorted(set(stamps))


def test_blank_text_clears_and_a_semicolon_appends(account: Account) -> None:
    account.patch(f"{CONTACTS}/1", {"firstname": "", "hs_legal_basis": "Not applicable"})
    account.patch(f"{CONTACTS}/1", {"hs_legal_basis": ";Legitimate interest - other"})
    row = account.app.row("contacts", "1")
    assert row is not None and row["firstname"] is None
    assert row["hs_legal_basis"] == "Not applicable;Legitimate interest - other"


def test_lifecycle_stage_moves_only_forward_unless_cleared(account: Account) -> None:
    path = f"{CONTACTS}/2"
    assert account.patch(path, {"lifecyclestage": "lead"}).json()["properties"]["lifecyclestage"] == "customer"
    assert account.patch(path, {"lifecyclestage": "evangelist"}).json()["properties"]["lifecyclestage"] == "evangelist"
    account.patch(path, {"lifecyclestage": ""})
    assert account.patch(path, {"lifecyclestage": "lead"}).json()["properties"]["lifecyclestage"] == "lead"


def test_history_names_who_wrote_which_value(account: Account) -> None:
    account.patch(f"{CONTACTS}/1", {"firstname": "Anna"})
    account.app.edit("contacts", "1", user_id=77, firstname="Anne")
    shown = account.get(f"{CONTACTS}/1", propertiesWithHistory="firstname,lastname,nonsense").json()
    newest, ours, first = shown["propertiesWithHistory"]["firstname"]
    assert (newest["value"], newest["sourceType"], newest["updatedByUserId"]) == ("Anne", "CRM_UI", 77)
    assert (ours["value"], ours["sourceType"], ours["sourceId"]) == ("Anna", "INTEGRATION", "1001")
    assert first["value"] == "Ana" and first["timestamp"] == "2026-01-01T09:30:00.250Z"
    assert [one["value"] for one in shown["propertiesWithHistory"]["lastname"]] == ["Ärm"]
    assert "nonsense" not in shown["propertiesWithHistory"]


def test_delete_moves_a_record_to_the_archive(account: Account) -> None:
    assert account.client.delete(f"{CONTACTS}/3").status_code == 204
    assert account.client.delete(f"{CONTACTS}/3").status_code == 204
    assert account.get(f"{CONTACTS}/3").status_code == 404
    archived = account.get(CONTACTS, archived="TRUE").json()["results"]
    assert [one["id"] for one in archived] == ["3"]
    assert archived[0]["archived"] is True and archived[0]["archivedAt"].startswith("2026-11-22T")
    assert account.get(f"{CONTACTS}/3", archived="true").status_code == 200


def test_deleted_record_can_be_restored_for_ninety_days(account: Account) -> None:
    door = {"kind": "contacts", "record_id": "3"}
    account.client.delete(f"{CONTACTS}/3")
    account.clock.turn(89 * 86_400)
    assert account.post("/__sandbox__/doors/restore_record", door).status_code == 200
    assert account.get(f"{CONTACTS}/3").json()["archived"] is False
    account.client.delete(f"{CONTACTS}/3")
    account.clock.turn(91 * 86_400)
    assert account.post("/__sandbox__/doors/restore_record", door).status_code == 400
    assert account.get(f"{CONTACTS}/3").status_code == 404


def test_deleted_record_whose_address_was_taken_is_not_restored(account: Account) -> None:
    account.client.delete(f"{CONTACTS}/3")
    made = account.post(CONTACTS, {"properties": {"email": "p3@example.com"}}).json()["id"]
    answer = account.post("/__sandbox__/doors/restore_record", {"kind": "contacts", "record_id": "3"})
    assert answer.status_code == 400 and f"Existing ID: {made}" in answer.text


def test_deal_stage_sets_what_follows_from_it(account: Account) -> None:
    account.patch("/crm/v3/objects/0-3/21", {"dealstage": "closedlost"})
    row = account.app.row("deals", "21")
    assert row is not None
    assert (row["hs_is_closed"], row["hs_is_closed_won"], row["hs_is_closed_lost"]) == ("true", "false", "true")
    assert row["hs_v2_date_entered_closedlost"] is not None
    assert row["hs_v2_date_exited_appointmentscheduled"] is not None
    assert row["hs_projected_amount"] == "0"


def test_date_values_are_days_and_times_take_both_forms(account: Account) -> None:
    definition = {"name": "day", "label": "Day", "type": "date", "fieldType": "date", "groupName": "contactinformation"}
    assert account.post("/crm/v3/properties/contacts", definition).status_code == 201
    assert account.patch(f"{CONTACTS}/1", {"day": "1767225600000"}).json()["properties"]["day"] == "2026-01-01"
    assert account.patch(f"{CONTACTS}/1", {"day": "1767225600001"}).status_code == 400
    closed = account.patch("/crm/v3/objects/deals/21", {"closedate": "2026-01-02T03:04:05+01:00"}).json()
    assert closed["properties"]["closedate"] == "2026-01-02T02:04:05.000Z"


def test_create_with_an_association_links_both_ways(account: Account) -> None:
    wanted: dict[str, Any] = {
        "to": {"id": "12"},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}],
    }
    made = account.post(CONTACTS, {"properties": {"lastname": "Fox"}, "associations": [wanted]}).json()
    shown = account.get(
        f"{CONTACTS}/{made['id']}", associations="companies,deals", properties="associatedcompanyid"
    ).json()
    assert {"id": "12", "type": "contact_to_company_unlabeled"} in shown["associations"]["companies"]["results"]
    assert "deals" not in shown["associations"]
    assert shown["properties"]["associatedcompanyid"] == "12"


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ({"to": {"id": "99"}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]}, 404),
        ({"to": {"id": "11"}, "types": [{"associationCategory": "USER_DEFINED", "associationTypeId": 279}]}, 400),
        ({"to": {"id": "11"}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 280}]}, 400),
        ({"to": {"id": "11"}, "types": []}, 400),
        ({"to": "11"}, 400),
    ],
)
def test_create_with_a_bad_association_makes_nothing(account: Account, wanted: Any, status: int) -> None:
    body = {"properties": {"lastname": "Fox"}, "associations": [wanted]}
    assert account.post(CONTACTS, body).status_code == status
    assert account.app.count("contacts") == 5


def test_very_long_request_line_answers_414(account: Account) -> None:
    assert account.get(CONTACTS, properties=",".join(["x" * 100] * 200)).status_code == 414


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"properties": 5}', b""])
def test_body_that_is_not_what_is_expected_answers_400(account: Account, body: bytes) -> None:
    answer = account.client.post(CONTACTS, content=body)
    assert answer.status_code == 400
    assert answer.json()["status"] == "error"


@pytest.mark.parametrize(
    "path",
    [
        "/crm/v3/objects/companies",
        "/crm/v3/objects/0-2",
        "/crm/objects/2026-03/companies",
        "/crm/objects/2026-09/0-2",
        "/crm/objects/2026-09-beta/company",
    ],
)
def test_life_of_a_record_is_the_same_in_every_version(account: Account, path: str) -> None:
    made = account.post(path, {"properties": {"name": "Fox"}})
    assert made.status_code == 201
    number = made.json()["id"]
    assert account.patch(f"{path}/{number}", {"city": "Leeds"}).json()["properties"]["city"] == "Leeds"
    assert account.get(f"{path}/{number}/", properties="city").json()["properties"]["city"] == "Leeds"
    account.app.catch_up_index()
    condition = {"filters": [{"propertyName": "city", "operator": "EQ", "value": "leeds"}]}
    assert account.post(f"{path}/search", {"filterGroups": [condition]}).json()["total"] == 1
    for word, item in (
        ("read", {"id": "99"}),
        ("update", {"id": "99", "properties": {}}),
        ("create", {"properties": {"city": "Bath"}, "objectWriteTraceId": "1"}),
        ("upsert", {"id": "e-1", "idProperty": "trueline_id", "properties": {"x": "1"}, "objectWriteTraceId": "1"}),
    ):
        assert account.post(f"{path}/batch/{word}", {"inputs": [item]}).status_code == 207, word
    merged = account.post(f"{path}/merge", {"primaryObjectId": number, "objectIdToMerge": "12"}).json()["id"]
    assert account.client.delete(f"{path}/{merged}").status_code == 204
    assert account.get(path, archived="True").json()["results"][0]["id"] == merged
