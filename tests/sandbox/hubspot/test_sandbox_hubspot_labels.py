"""Association labels, how many associations a record may have, and the usage report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hubspot import HubSpot

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

V4 = "/crm/v4/associations/contacts/companies"
PUT = "/crm/v4/objects/contacts/{}/associations/companies/{}"


@pytest.fixture
def schema(account: Account) -> Iterator[Any]:
    client = HubSpot(access_token="pat-sandbox-token", host=account.url, base_url=account.url)
    yield client.crm.associations.v4.schema


def spec(type_id: int, category: str = "USER_DEFINED") -> list[dict[str, Any]]:
    return [{"associationCategory": category, "associationTypeId": type_id}]


def labels_of(account: Account, contact: str) -> dict[int, list[str | None]]:
    answer = account.get(f"/crm/v4/objects/contacts/{contact}/associations/companies").json()
    return {one["toObjectId"]: [kind["label"] for kind in one["associationTypes"]] for one in answer["results"]}


def test_label_is_made_renamed_and_deleted_without_losing_associations(account: Account, schema: Any) -> None:
    api = schema.definitions_api
    made = api.create("contacts", "companies", {"label": "Billing", "name": "billing", "inverseLabel": "Billed by"})
    there, back = made.results
    assert (there.label, back.label, there.category) == ("Billing", "Billed by", "USER_DEFINED")
    account.client.put(PUT.format(1, 12), json=spec(there.type_id))
    words = {"associationTypeId": there.type_id, "label": "Pays", "inverseLabel": "Paid by"}
    assert api.update("contacts", "companies", words) is None
    assert labels_of(account, "1")[12] == [None, "Pays"]
    listed = api.get_all("companies", "contacts").results
    assert "Paid by" in {one.label for one in listed}
    assert api.remove("contacts", "companies", there.type_id) is None
    assert labels_of(account, "1")[12] == [None]
    assert [one.label for one in api.get_all("contacts", "companies").results] == [None, "Primary"]
    again = account.client.put("/crm/v4/objects/contacts/1/associations/default/companies/12")
    assert again.status_code == 200


def test_label_between_records_of_one_kind_may_have_two_ends(account: Account) -> None:
    path = "/crm/v4/associations/contacts/contacts/labels"
    two = account.post(path, {"label": "Manager", "name": "manager", "inverseLabel": "Report"}).json()["results"]
    assert [one["label"] for one in two] == ["Manager", "Report"]
    one = account.post(path, {"label": "Peer", "name": "peer"}).json()["results"]
    assert [kind["label"] for kind in one] == ["Peer"]
    account.client.put("/crm/v4/objects/contacts/1/associations/contacts/2", json=spec(two[0]["typeId"]))
    back = account.get("/crm/v4/objects/contacts/2/associations/contacts").json()["results"][0]
    assert [kind["label"] for kind in back["associationTypes"]] == [None, "Report"]


def test_eleventh_label_of_a_pair_is_refused(account: Account) -> None:
    for number in range(10):
        body = {"label": f"L{number}", "name": f"l{number}", "inverseLabel": f"B{number}"}
        assert account.post(f"{V4}/labels", body).status_code == 200
    assert account.post(f"{V4}/labels", {"label": "One more", "name": "more"}).status_code == 400
    assert account.post("/crm/v4/associations/contacts/deals/labels", {"label": "M", "name": "m"}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/labels", {"label": "X"}, 400),
        ("PUT", "/labels", {"associationTypeId": 279, "label": "X"}, 404),
        ("DELETE", "/labels/1", None, 404),
        ("POST", "/labels", {"label": "Billing", "name": "billing"}, 409),
    ],
)
def test_bad_change_of_labels_is_refused(account: Account, method: str, path: str, body: Any, status: int) -> None:
    account.post(f"{V4}/labels", {"label": "Billing", "name": "billing"})
    assert account.client.request(method, f"{V4}{path}", json=body).status_code == status


def test_maximum_of_the_account_refuses_one_more(account: Account, schema: Any) -> None:
    api = schema.definition_configurations_api
    one = {"category": "HUBSPOT_DEFINED", "typeId": 279, "maxToObjectIds": 2}
    made = api.batch_create("contacts", "companies", {"inputs": [one]})
    assert made.results[0].user_enforced_max_to_object_ids == 2
    assert len(api.get_all().results) == len(api.get_all_between_two_object_types("contacts", "companies").results) == 1
    assert account.client.put(PUT.format("1", "12"), json=spec(279, "HUBSPOT_DEFINED")).status_code == 201
    refused = account.client.put(PUT.format("1", "13"), json=spec(279, "HUBSPOT_DEFINED"))
    assert refused.status_code == 400
    pair = {"from": {"id": "1"}, "to": {"id": "13"}, "types": spec(279, "HUBSPOT_DEFINED")}
    assert account.post(f"{V4}/batch/create", {"inputs": [pair]}).status_code == 207
    back = account.client.put("/crm/v4/objects/companies/13/associations/default/contacts/1")
    assert back.status_code == 400
    assert set(labels_of(account, "1")) == {11, 12}
    assert api.batch_update("contacts", "companies", {"inputs": [{**one, "maxToObjectIds": 3}]}).status == "COMPLETE"
    assert account.client.put(PUT.format("1", "13"), json=spec(279, "HUBSPOT_DEFINED")).status_code == 201
    gone = {"inputs": [{"category": "HUBSPOT_DEFINED", "typeId": 279}]}
    assert api.batch_remove("contacts", "companies", gone) is None
    assert api.get_all().results == []
    unknown = {"inputs": [{**one, "typeId": 4}]}
    assert account.post(f"{V4.replace('contacts/companies', 'definitions/configurations/contacts/companies')}"
                        "/batch/create", unknown).status_code == 207  # fmt: skip


def test_usage_report_is_ordered_for_a_user(account: Account) -> None:
    client = HubSpot(access_token="pat-sandbox-token", host=account.url, base_url=account.url)
    report = client.crm.associations.v4.report_api.request(501)
    assert (report.user_id, report.user_email) == (501, "o1@example.com")
