"""Rows: create, read, update, delete, upsert, preconditions, and every refusal of the fact sheet."""

from __future__ import annotations

from email.utils import format_datetime
from typing import Any

import pytest

from sandbox.salesforce.times import parsed
from tests.sandbox.salesforce_org import BASE, Org


@pytest.fixture
def account(org: Org) -> str:
    return org.create("Account", Name="Acme", Trueline_Id__c="t1")


def error(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()[0]["errorCode"]


def http_time(org: Org, record_id: str, seconds: float = 0) -> str:
    moment = parsed(org.app.row("Account", record_id)["LastModifiedDate"])
    assert moment is not None
    return format_datetime(moment.fromtimestamp(moment.timestamp() + seconds, moment.tzinfo), usegmt=True)


def test_create_answers_201_with_location_and_usage(org: Org) -> None:
    answer = org.client.post(f"{BASE}/SOBJECTS/account/", json={"Name": "A", "attributes": {"type": "Account"}})
    assert answer.status_code == 201
    record_id = answer.json()["id"]
    assert answer.json() == {"id": record_id, "success": True, "errors": []}
    assert answer.headers["Location"] == f"{BASE}/sobjects/Account/{record_id}"
    assert answer.headers["Sforce-Limit-Info"] == "api-usage=1/100000"


def test_read_gives_all_visible_fields_and_times_in_salesforces_form(org: Org, account: str) -> None:
    record = org.client.get(f"{BASE}/sobjects/Account/{account[:15]}").json()
    assert record["attributes"] == {"type": "Account", "url": f"{BASE}/sobjects/Account/{account}"}
    assert record["CreatedDate"].endswith("+0000")
    assert "T" in record["CreatedDate"]
    assert (record["IsDeleted"], record["OwnerId"]) == (False, org.app.user_id)


def test_read_chosen_fields_gives_those_alone(org: Org, account: str) -> None:
    record = org.client.get(f"{BASE}/sobjects/Account/{account}", params={"fields": "name,Phone"}).json()
    assert record.keys() == {"attributes", "Id", "Name", "Phone"}


def test_update_moves_the_stamps_and_names_who_wrote(org: Org, account: str) -> None:
    before = org.app.row("Account", account)
    org.app.clock.turn(2)
    assert org.patch("Account", account, Phone="1").status_code == 204
    after = org.app.row("Account", account)
    assert after["SystemModstamp"] == after["LastModifiedDate"] > before["SystemModstamp"]
    assert after["LastModifiedById"] == org.app.user_id
    other = org.app.edit("Account", account, Phone="2")
    assert other["LastModifiedById"] != org.app.user_id


def test_update_with_the_empty_string_clears(org: Org, account: str) -> None:
    org.patch("Account", account, Phone="1")
    org.patch("Account", account, Phone="")
    assert org.app.row("Account", account)["Phone"] is None


@pytest.mark.parametrize(
    ("values", "code", "fields", "message"),
    [
        pytest.param({"Phone": "1" * 41}, "STRING_TOO_LONG", ["Phone"], "data value too large: 1", id="length"),
        pytest.param({"Rating": "Tepid"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["Rating"], "Tepid",
                     id="picklist"),
        pytest.param({"Name": None}, "REQUIRED_FIELD_MISSING", ["Name"], "Required fields are missing: [Name]",
                     id="required"),
        pytest.param({"CreatedDate": "2020-01-01"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["CreatedDate"],
                     "Unable to create/update fields: CreatedDate", id="read-only"),
        pytest.param({"BillingAddress": {"city": "x"}}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["BillingAddress"],
                     "BillingAddress", id="compound"),
        pytest.param({"Nope": 1}, "INVALID_FIELD", None, "No such column 'Nope' on sobject of type Account",
                     id="unknown"),
        pytest.param({"Id": "001"}, "INVALID_FIELD", ["Id"], "should not be specified", id="id in the body"),
        pytest.param({"OwnerId": "nobody"}, "MALFORMED_ID", ["OwnerId"], "id value of incorrect type: nobody",
                     id="no id"),
        pytest.param({"ParentId": "003S10000000009"}, "MALFORMED_ID", ["ParentId"], "incorrect type",
                     id="id of another"),
        pytest.param({"ParentId": "001000000000009"}, "INVALID_CROSS_REFERENCE_KEY", ["ParentId"], "invalid cross",
                     id="missing parent"),
        pytest.param({"AnnualRevenue": "much"}, "JSON_PARSER_ERROR", None, "currency", id="number"),
        pytest.param({"AnnualRevenue": 1e19}, "NUMBER_OUTSIDE_VALID_RANGE", ["AnnualRevenue"], "valid range",
                     id="range"),
        pytest.param({"NumberOfEmployees": 1.5}, "JSON_PARSER_ERROR", None, "int", id="fraction"),
        pytest.param({"Name": {"a": 1}}, "JSON_PARSER_ERROR", None, "START_OBJECT", id="object"),
    ],
)  # fmt: skip
def test_update_wrong_value_is_refused_and_nothing_written(
    org: Org, account: str, values: dict[str, Any], code: str, fields: list[str] | None, message: str
) -> None:
    before = org.app.row("Account", account)
    answer = org.patch("Account", account, **{"Phone": "9", **values})
    body = answer.json()[0]
    assert (answer.status_code, body["errorCode"], body.get("fields")) == (400, code, fields)
    assert message in body["message"]
    assert org.app.row("Account", account) == before


def test_create_without_required_fields_names_them(org: Org) -> None:
    answer = org.client.post(f"{BASE}/sobjects/Contact", json={"FirstName": "x"})
    assert error(answer) == (400, "REQUIRED_FIELD_MISSING")
    assert answer.json()[0]["fields"] == ["LastName"]


def test_create_with_a_taken_unique_id_is_refused(org: Org, account: str) -> None:
    answer = org.client.post(f"{BASE}/sobjects/Account", json={"Name": "B", "Trueline_Id__c": "T1"})
    assert error(answer) == (400, "DUPLICATE_VALUE")
    assert account in answer.json()[0]["message"]


@pytest.mark.parametrize(
    ("method", "record_id", "status", "code"),
    [
        pytest.param("GET", "001000000000009AAA", 404, "NOT_FOUND", id="read missing"),
        pytest.param("PATCH", "001000000000009AAA", 404, "INVALID_CROSS_REFERENCE_KEY", id="update missing"),
        pytest.param("DELETE", "001000000000009AAA", 404, "INVALID_CROSS_REFERENCE_KEY", id="delete missing"),
        pytest.param("GET", "003S10000000001IAA", 400, "MALFORMED_ID", id="read another kind"),
        pytest.param("PATCH", "003S10000000001IAA", 400, "MALFORMED_ID", id="update another kind"),
        pytest.param("GET", "nonsense", 404, "NOT_FOUND", id="read nonsense"),
    ],
)
def test_rows_wrong_id_is_refused(org: Org, method: str, record_id: str, status: int, code: str) -> None:
    answer = org.client.request(method, f"{BASE}/sobjects/Account/{record_id}", json={} if method == "PATCH" else None)
    assert error(answer) == (status, code)


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_rows_deleted_id_answers_404(org: Org, account: str, method: str) -> None:
    assert org.client.delete(f"{BASE}/sobjects/Account/{account}").status_code == 204
    answer = org.client.request(method, f"{BASE}/sobjects/Account/{account}", json={} if method == "PATCH" else None)
    assert answer.status_code == 404
    assert answer.json() == [{"message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED", "fields": []}]


def test_delete_takes_dependent_children_along_and_frees_the_others(org: Org, account: str) -> None:
    child = org.create("Contact", LastName="C", AccountId=account)
    branch = org.create("Account", Name="Branch", ParentId=account)
    org.client.delete(f"{BASE}/sobjects/Account/{account}")
    assert org.app.row("Contact", child)["IsDeleted"] == 1
    assert org.app.row("Account", branch)["ParentId"] is None
    assert [org.app.count("Account"), org.app.count("Contact")] == [1, 0]


def test_rows_unknown_object_and_method_are_refused(org: Org) -> None:
    assert error(org.client.post(f"{BASE}/sobjects/Nope", json={})) == (404, "NOT_FOUND")
    assert error(org.client.put(f"{BASE}/sobjects/Account", json={})) == (405, "METHOD_NOT_ALLOWED")
    assert error(org.client.post(f"{BASE}/sobjects/Account", content=b"{")) == (400, "JSON_PARSER_ERROR")
    assert error(org.client.post(f"{BASE}/sobjects/Account", content=b"[]")) == (400, "JSON_PARSER_ERROR")


def test_upsert_creates_then_updates(org: Org) -> None:
    path = f"{BASE}/sobjects/Contact/Trueline_Id__c/x%2Fy"
    first = org.client.patch(path, json={"LastName": "A"})
    assert (first.status_code, first.json()["created"]) == (201, True)
    second = org.client.patch(path, json={"LastName": "B"})
    assert (second.status_code, second.json()["created"]) == (200, False)
    assert org.app.row("Contact", first.json()["id"])["LastName"] == "B"
    assert org.client.get(path).json()["LastName"] == "B"
    assert org.client.patch(path.replace("v60.0", "v45.0"), json={"LastName": "C"}).status_code == 204


def test_upsert_update_only_refuses_to_create(org: Org) -> None:
    path = f"{BASE}/sobjects/Account/Trueline_Id__c/none"
    assert error(org.client.patch(path, params={"updateOnly": "true"}, json={"Name": "x"})) == (404, "NOT_FOUND")


def test_upsert_with_several_matches_answers_300_with_the_list(org: Org) -> None:
    ids = [org.create("Account", Name=name, LEI__c="L") for name in "ab"]
    answer = org.client.patch(f"{BASE}/sobjects/Account/LEI__c/L", json={"Phone": "1"})
    assert answer.status_code == 300
    assert answer.json() == [f"{BASE}/sobjects/Account/{record_id}" for record_id in ids]


def test_upsert_by_email_works_because_it_is_a_lookup_id(org: Org) -> None:
    contact = org.create("Contact", LastName="A", Email="a@b.example")
    org.client.patch(f"{BASE}/sobjects/Contact/Email/A@B.example", json={"Phone": "1"})
    assert org.app.row("Contact", contact)["Phone"] == "1"
    assert error(org.client.patch(f"{BASE}/sobjects/Contact/Phone/1", json={})) == (404, "NOT_FOUND")


def test_create_with_a_parent_by_its_external_id(org: Org, account: str) -> None:
    contact = org.create("Contact", LastName="A", Account={"Trueline_Id__c": "t1"})
    assert org.app.row("Contact", contact)["AccountId"] == account


@pytest.mark.parametrize(("seconds", "status"), [(-1, 412), (0, 204), (60, 204)])
def test_update_if_unmodified_since_compares_whole_seconds(org: Org, account: str, seconds: float, status: int) -> None:
    headers = {"If-Unmodified-Since": http_time(org, account, seconds)}
    assert org.patch("Account", account, headers, Phone="1").status_code == status
    assert (org.app.row("Account", account)["Phone"] == "1") == (status == 204)


def test_update_if_unmodified_since_that_is_no_date_answers_400(org: Org, account: str) -> None:
    assert org.patch("Account", account, {"If-Unmodified-Since": "yesterday"}, Phone="1").status_code == 400


def test_delete_ignores_if_unmodified_since(org: Org, account: str) -> None:
    headers = {"If-Unmodified-Since": http_time(org, account, -3600)}
    assert org.client.delete(f"{BASE}/sobjects/Account/{account}", headers=headers).status_code == 204


def test_account_etag_guards_update_and_spares_reads(org: Org, account: str) -> None:
    path = f"{BASE}/sobjects/Account/{account}"
    etag = org.client.get(path).headers["ETag"]
    assert org.client.get(path, headers={"If-None-Match": etag}).status_code == 304
    org.app.clock.turn(5)
    org.app.edit("Account", account, Phone="2")
    assert org.patch("Account", account, {"If-Match": etag}, Phone="3").status_code == 412


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        pytest.param("PATCH", {"If-Match": "no tag"}, 400, id="tag without quotes"),
        pytest.param("PATCH", {"If-None-Match": "no tag"}, 400, id="other tag without quotes"),
        pytest.param("PATCH", {"If-Match": '"x", "y"'}, 412, id="other tags"),
        pytest.param("PATCH", {"If-Match": "*"}, 204, id="any tag"),
        pytest.param("PATCH", {"If-None-Match": "*"}, 412, id="no tag at all"),
        pytest.param("GET", {"If-Unmodified-Since": "Wed, 01 Jan 2020 00:00:00 GMT"}, 412, id="read of an older state"),
        pytest.param("GET", {"If-Match": '"x"'}, 412, id="read of another state"),
        pytest.param("GET", {"If-Modified-Since": "yesterday"}, 200, id="read since no date"),
    ],
)
def test_account_conditions_are_kept(org: Org, account: str, method: str, headers: dict[str, str], status: int) -> None:
    body = {"Phone": "1"} if method == "PATCH" else None
    answer = org.client.request(method, f"{BASE}/sobjects/Account/{account}", json=body, headers=headers)
    assert answer.status_code == status


def test_etag_is_for_accounts_alone(org: Org) -> None:
    contact = org.create("Contact", LastName="L")
    assert "ETag" not in org.client.get(f"{BASE}/sobjects/Contact/{contact}").headers
    assert org.patch("Contact", contact, {"If-Match": '"x"'}, Phone="1").status_code == 204


def test_upsert_refuses_its_key_in_the_body(org: Org) -> None:
    path = f"{BASE}/sobjects/Account/Trueline_Id__c/x"
    answer = org.client.patch(path, json={"Name": "A", "trueline_id__c": "x"})
    assert error(answer) == (400, "INVALID_FIELD")
    assert "trueline_id__c" in answer.json()[0]["message"]
    assert org.app.count("Account") == 0


@pytest.mark.parametrize("value", ["setup.inc", "a.JSP", "x.xml"])
def test_upsert_by_a_key_that_ends_like_a_file_answers_404(org: Org, value: str) -> None:
    answer = org.client.patch(f"{BASE}/sobjects/Account/Trueline_Id__c/{value}", json={"Name": "A"})
    assert error(answer) == (404, "NOT_FOUND")


def test_upsert_tells_what_it_did_from_version_46_on(org: Org) -> None:
    path = f"{BASE}/sobjects/Account/Trueline_Id__c/x"
    old = org.client.patch(path.replace("v60.0", "v45.0"), json={"Name": "A"})
    assert (old.status_code, "created" in old.json()) == (201, False)


def test_upsert_by_id_left_out_creates(org: Org) -> None:
    answer = org.client.post(f"{BASE}/sobjects/Account/Id", json={"Name": "A"})
    assert (answer.status_code, answer.json()["created"], org.app.count("Account")) == (201, True, 1)
    assert error(org.client.post(f"{BASE}/sobjects/Account/Name", json={"Name": "A"})) == (405, "METHOD_NOT_ALLOWED")


def test_upsert_keeps_the_condition_of_an_update(org: Org, account: str) -> None:
    path = f"{BASE}/sobjects/Account/Trueline_Id__c/t1"
    headers = {"If-Unmodified-Since": http_time(org, account, -1)}
    assert org.client.patch(path, json={"Phone": "1"}, headers=headers).status_code == 412


def test_delete_and_read_by_external_id(org: Org, account: str) -> None:
    path = f"{BASE}/sobjects/Account/Trueline_Id__c/t1"
    assert org.client.get(path).json()["Id"] == account
    assert org.client.delete(path).status_code == 204
    assert error(org.client.get(path)) == (404, "NOT_FOUND")
    assert error(org.client.delete(path)) == (404, "NOT_FOUND")


def test_body_that_is_no_json_by_its_own_word_answers_415(org: Org) -> None:
    answer = org.client.post(f"{BASE}/sobjects/Account", data={"Name": "A"})
    assert error(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_update_converted_lead_is_refused(org: Org) -> None:
    lead = org.create("Lead", LastName="L", Company="C")
    org.app.edit("Lead", lead, IsConverted=True)
    assert error(org.patch("Lead", lead, Phone="1")) == (400, "CANNOT_UPDATE_CONVERTED_LEAD")


def test_update_to_an_owner_who_left_is_refused(org: Org, account: str) -> None:
    gone = org.app.create("User", LastName="Gone", Username="gone@sandbox.example", Email="g@sandbox.example")
    assert error(org.patch("Account", account, OwnerId=gone)) == (400, "INACTIVE_OWNER_OR_USER")


@pytest.mark.parametrize(("header", "moved"), [(None, True), ("TRUE", True), ("FALSE", False)])
def test_update_runs_the_assignment_rule_unless_told_not_to(org: Org, header: str | None, moved: bool) -> None:
    queue = org.app.create("Group", Name="Inbound", Type="Queue")
    lead = org.create("Lead", LastName="L", Company="C")
    org.app.settings.rules.assignment["Lead"] = queue
    org.patch("Lead", lead, {} if header is None else {"Sforce-Auto-Assign": header}, Phone="1")
    assert (org.app.row("Lead", lead)["OwnerId"] == queue) == moved


def test_stage_must_be_one_of_the_orgs(org: Org) -> None:
    values = {"Name": "D", "CloseDate": "2026-12-01"}
    answer = org.client.post(f"{BASE}/sobjects/Opportunity", json={**values, "StageName": "Dreaming"})
    assert error(answer) == (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")


def test_updated_and_deleted_tell_what_changed_in_a_window(org: Org, account: str) -> None:
    kept = org.create("Account", Name="K")
    org.app.delete("Account", account)
    window = {"start": "2000-01-01T00:00:00Z", "end": "2000-01-01T00:00:00Z"}
    assert error(org.client.get(f"{BASE}/sobjects/Account/updated/", params=window)) == (
        400,
        "INVALID_REPLICATION_DATE",
    )
    now = org.app.clock.now().timestamp()
    start, end = (f"{org.app.clock.now().fromtimestamp(now + s, org.app.clock.now().tzinfo):%Y-%m-%dT%H:%M:%S+00:00}"
                  for s in (-60, 60))  # fmt: skip
    updated = org.client.get(f"{BASE}/sobjects/Account/updated/", params={"start": start, "end": end}).json()
    assert updated["ids"] == [kept]
    assert updated["latestDateCovered"] < end.replace("+00:00", ".000+0000")
    deleted = org.client.get(f"{BASE}/sobjects/Account/deleted/", params={"start": start, "end": end}).json()
    assert [record["id"] for record in deleted["deletedRecords"]] == [account]


def test_daily_limit_spent_answers_403(org: Org) -> None:
    org.app.settings.daily_limit = 1
    assert org.client.get(f"{BASE}/limits").json()["DailyApiRequests"] == {"Max": 1, "Remaining": 0}
    answer = org.client.get(f"{BASE}/limits")
    assert error(answer) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert answer.headers["Sforce-Limit-Info"] == "api-usage=1/1"


def test_versions_need_no_token_and_retired_ones_answer_410(org: Org) -> None:
    del org.client.headers["Authorization"]
    versions = org.client.get("/services/data/")
    assert versions.json()[-1] == {"label": "Winter '27", "url": "/services/data/v68.0", "version": "68.0"}
    assert "Sforce-Limit-Info" not in versions.headers
    assert error(org.client.get("/services/data/v30.0/limits")) == (410, "UNSUPPORTED_API_VERSION")
    assert error(org.client.get("/services/data/v99.0/limits")) == (404, "NOT_FOUND")


def test_state_dumped_and_restored_is_the_same_org(org: Org, account: str) -> None:
    state = org.app.dump()
    org.app.delete("Account", account)
    assert org.app.dump() != state
    org.app.restore(state)
    assert org.app.row("Account", account)["IsDeleted"] == 0
    assert org.app.dump() == state
