"""Exports wait their turn and leave a file that anybody may fetch for five minutes; lists of records."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hubspot import HubSpot

from sandbox.hubspot import export_run

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

PATH = "/crm/v3/exports/export/async"


def _body(kind: str = "CONTACT", *properties: str, **more: Any) -> dict[str, Any]:
    return {
        "exportType": "VIEW", "exportName": "All", "format": "CSV", "language": "EN", "objectType": kind,
        "objectProperties": list(properties), **more,
    }  # fmt: skip


def _start(account: Account, body: dict[str, Any]) -> str:
    started = account.post(PATH, body)
    assert started.status_code == 202, started.text
    number: str = started.json()["id"]
    return number


def _file(account: Account, body: dict[str, Any]) -> httpx.Response:
    number = _start(account, body)
    account.app.finish_jobs()
    return httpx.get(account.get(f"{PATH}/tasks/{number}/status").json()["result"])


def _lines(account: Account, body: dict[str, Any]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(_file(account, body).content.decode(), newline="")))


def test_export_has_headings_and_values_as_people_read_them(office: Account) -> None:
    names = ("firstname", "email", "hubspot_owner_id", "lifecyclestage", "createdate", "hs_email_optout")
    heading, first, *_ = _lines(office, _body("CONTACT", *names))
    assert heading == [
        "Record ID", "First Name", "Email", "Contact owner", "Lifecycle Stage", "Create Date",
        "Unsubscribed from all email",
    ]  # fmt: skip
    assert first == ["1", "Ana", "p1@example.com", "Olga One", "Lead", "2026-01-01 09:30", "Yes"]


def test_export_with_internal_names_and_values(office: Account) -> None:
    names = ("hubspot_owner_id", "lifecyclestage", "createdate")
    body = _body("0-1", *names, exportInternalValuesOptions=["NAMES", "VALUES"])
    heading, first, *_ = _lines(office, body)
    assert heading == ["hs_object_id", *names]
    assert first == ["1", "31", "lead", "1767259800250"]


def test_export_takes_the_filters_and_the_order_of_a_search(office: Account) -> None:
    search = {
        "filterGroups": [{"filters": [{"property": "lastname", "operator": "NEQ", "value": "Berg"}]}],
        "sorts": [{"propertyName": "lastname", "order": "DESC"}],
    }
    lines = _lines(office, _body("contacts", "lastname", publicCrmSearchRequest=search))
    assert [line[1] for line in lines[1:]] == ["Ärm", "Eck", "Dahl", "Cole"]


def test_export_tells_associated_records_with_names_and_labels(office: Account) -> None:
    body = _body("CONTACT", associatedObjectType="COMPANY", includeLabeledAssociations=True)
    heading, first, *_ = _lines(office, body)
    assert heading == ["Record ID", "Associated Company IDs", "Associated Company", "Associated Company labels"]
    assert first == ["1", "11;12", "Acme GmbH;Beta Ltd", "Primary;"]
    bare = _lines(office, _body("CONTACT", associatedObjectType=["COMPANY", "DEAL"]))
    assert bare[0] == ["Record ID", "Associated Company IDs", "Associated Deal IDs"]


def test_export_waits_for_the_one_before(account: Account) -> None:
    first, second = _start(account, _body()), _start(account, _body())

    def states() -> list[str]:
        return [account.get(f"{PATH}/tasks/{number}/status").json()["status"] for number in (first, second)]

    assert states() == ["PROCESSING", "PENDING"]
    assert account.get(f"/crm/exports/2026-03/export/{second}").json()["exportState"] == "ENQUEUED"
    account.clock.turn(1.2)
    assert states() == ["COMPLETE", "PROCESSING"]
    account.clock.turn(1.2)
    assert states() == ["COMPLETE", "COMPLETE"]
    told = account.get(f"/crm/exports/2026-09/export/{second}").json()
    assert (told["exportState"], told["recordCount"], told["objectType"]) == ("DONE", 5, "0-1")


def test_address_of_the_file_needs_no_token_and_is_good_for_five_minutes(account: Account) -> None:
    number = _start(account, _body())
    account.app.finish_jobs()
    address = account.get(f"{PATH}/tasks/{number}/status").json()["result"]
    assert address.startswith(account.url)
    assert httpx.get(address).status_code == 200
    account.clock.turn(299)
    assert account.get(f"{PATH}/tasks/{number}/status").json()["result"] == address
    account.clock.turn(2)
    assert httpx.get(address).status_code == 403
    again = account.get(f"{PATH}/tasks/{number}/status").json()["result"]
    assert again != address and httpx.get(again).status_code == 200


def test_thirty_first_export_of_a_day_answers_429(account: Account) -> None:
    for _ in range(30):
        _start(account, _body())
    assert account.post(PATH, _body()).status_code == 429
    account.clock.turn(86_401)
    _start(account, _body())


def test_large_file_is_zipped_and_split(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_run, "ZIPPED_OVER", 100)
    packed = _file(account, _body("CONTACT", "email"))
    assert packed.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert archive.namelist() == ["All.csv"]
        assert archive.read("All.csv").count(b"\n") == 6
    monkeypatch.setattr(export_run, "MAX_ROWS", 2)
    with zipfile.ZipFile(io.BytesIO(_file(account, _body("CONTACT", "email")).content)) as archive:
        assert archive.namelist() == ["All.csv", "All-2.csv", "All-3.csv"]
        assert archive.read("All-3.csv").decode() == "Record ID,Email\n5,p5@example.com\n"


@pytest.mark.parametrize(
    "change",
    [
        {"format": "PDF"},
        {"exportType": "ALL"},
        {"objectProperties": ["nonsense"]},
        {"language": "DE"},
        {"publicCrmSearchRequest": {"filterGroups": 5}},
        {"associatedObjectType": ["CONTACT", "COMPANY", "DEAL", "TICKET", "NOTE"]},
    ],
)
def test_export_that_cannot_be_answers_400(office: Account, change: dict[str, Any]) -> None:
    assert office.post(PATH, _body() | change).status_code == 400


def test_spreadsheet_is_an_xlsx(office: Account) -> None:
    assert _file(office, _body("CONTACT", "email", format="xlsx")).content[:2] == b"PK"


def test_export_needs_its_scope(account: Account) -> None:
    account.app.revoke_scope("crm.export")
    assert account.post(PATH, _body()).status_code == 403


def test_client_exports(office: Account) -> None:
    client = HubSpot(access_token="pat-sandbox-token", host=office.url, base_url=office.url)
    made = client.crm.exports.public_exports_api.start(_body("CONTACT", "email"))
    office.app.finish_jobs()
    assert client.crm.exports.public_exports_api.get_status(made.id).status == "COMPLETE"


def test_list_has_members_and_is_exported(office: Account) -> None:
    made = office.post("/crm/v3/lists/", {"name": "VIP", "objectTypeId": "0-1", "processingType": "MANUAL"})
    number = made.json()["list"]["listId"]
    changed = office.client.put(f"/crm/v3/lists/{number}/memberships/add", json=["3", "1", "99"]).json()
    assert (changed["recordsIdsAdded"], changed["recordIdsMissing"]) == (["3", "1"], ["99"])
    page = office.get(f"/crm/v3/lists/{number}/memberships", limit=1).json()
    rest = office.client.get(page["paging"]["next"]["link"]).json()
    assert [one["recordId"] for one in [*page["results"], *rest["results"]]] == ["1", "3"]
    assert office.get("/crm/v3/lists/records/0-1/3/memberships").json()["results"][0]["listId"] == number
    lines = _lines(office, {**_body("CONTACT"), "exportType": "LIST", "listId": number})
    assert [line[0] for line in lines] == ["Record ID", "1", "3"]
    found = office.post("/crm/v3/lists/search", {"query": "vi", "processingTypes": ["MANUAL"]}).json()
    assert [one["listId"] for one in found["lists"]] == [number] and found["hasMore"] is False
    assert found["lists"][0]["additionalProperties"]["hs_list_size"] == "2"
    assert office.client.delete(f"/crm/v3/lists/{number}").status_code == 204
    assert office.get(f"/crm/v3/lists/{number}").status_code == 404
    assert office.client.put(f"/crm/v3/lists/{number}/restore").status_code == 204


def test_client_works_with_lists(office: Account) -> None:
    client = HubSpot(access_token="pat-sandbox-token", host=office.url, base_url=office.url)
    body = {"name": "By client", "objectTypeId": "0-2", "processingType": "SNAPSHOT"}
    made = client.crm.lists.lists_api.create(body).list
    client.crm.lists.memberships_api.add(made.list_id, ["11"])
    assert client.crm.lists.memberships_api.get_page(made.list_id).results[0].record_id == "11"
    assert client.crm.lists.lists_api.get_by_id(made.list_id).list.size == 1
