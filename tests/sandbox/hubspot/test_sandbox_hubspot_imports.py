"""Imports: files become records after a while; what exists is found again; bad cells and rows are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hubspot import HubSpot

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

PATH = "/crm/v3/imports/"
Mapping = dict[str, Any]


def _column(name: str, target: str | None, kind: str = "0-1", **more: Any) -> Mapping:
    return {"columnObjectTypeId": kind, "columnName": name, "propertyName": target, **more}


def _request(*files: tuple[str, list[Mapping]], **more: Any) -> Mapping:
    listed = [
        {"fileName": name, "fileFormat": "CSV", "fileImportPage": {"hasHeader": True, "columnMappings": columns}}
        for name, columns in files
    ]
    return {"name": "Fair", "files": listed, **more}


def _start(account: Account, request: Mapping, *texts: str) -> httpx.Response:
    files = [
        ("files", (file["fileName"], text.encode(), "text/csv"))
        for file, text in zip(request["files"], texts, strict=True)
    ]
    return account.client.post(PATH, data={"importRequest": json.dumps(request)}, files=files)


def _imported(account: Account, request: Mapping, *texts: str) -> Mapping:
    """The import after it is done."""
    started = _start(account, request, *texts)
    assert started.status_code == 200, started.text
    account.app.finish_jobs()
    body: Mapping = account.get(f"{PATH}{started.json()['id']}").json()
    return body


def _contact(account: Account, email: str, *names: str) -> Mapping:
    shown = account.get(f"/crm/v3/objects/contacts/{email}", idProperty="email", properties=",".join(names)).json()
    return {"id": shown["id"], **shown["properties"]}


def test_import_goes_through_its_states_by_the_clock(account: Account) -> None:
    columns = [_column("Email", "email", columnType="HUBSPOT_ALTERNATE_ID"), _column("First", "firstname")]
    started = _start(account, _request(("a.csv", columns)), "Email,First\nnew@example.com,Nia\n").json()
    assert (started["state"], started["importName"], started["importSource"]) == ("STARTED", "Fair", "API")
    assert started["mappedObjectTypeIds"] == ["0-1"]
    account.clock.turn(0.7)
    assert account.get(f"{PATH}{started['id']}").json()["state"] == "PROCESSING"
    assert account.get("/crm/v3/objects/contacts/new@example.com", idProperty="email").status_code == 404
    account.clock.turn(0.5)
    assert _contact(account, "new@example.com", "firstname")["firstname"] == "Nia"
    done = account.get(f"/crm/imports/2026-03/{started['id']}").json()
    assert done["state"] == "DONE"
    assert done["metadata"]["counters"] == {
        "TOTAL_ROWS": 1, "CREATED_OBJECTS": 1, "PROPERTY_VALUES_EMITTED": 2, "UNIQUE_OBJECTS_WRITTEN": 1, "ERRORS": 0,
    }  # fmt: skip
    assert [one["id"] for one in account.get(PATH).json()["results"]] == [started["id"]]
    other = {"Authorization": "Bearer pat-sandbox-other-token"}
    assert httpx.get(f"{account.url}{PATH}", headers=other).json()["results"] == []


def test_import_finds_contacts_by_address_and_companies_by_domain(office: Account) -> None:
    columns = [
        _column("Email", "email"), _column("City", "city"), _column("Domain", "domain", "0-2"),
        _column("Name", "name", "0-2"),
    ]  # fmt: skip
    text = (
        "Email,City,Domain,Name\n"
        "P1@Example.com,Bath,ACME.example,Acme renamed\n"
        "old@example.com,Cork,fresh.example,Fresh\n"
        "third@example.com,Deal,fresh.example,Fresh too\n"
    )
    done = _imported(office, _request(("b.csv", columns)), text)
    counters = done["metadata"]["counters"]
    assert (counters["CREATED_OBJECTS"], counters["UPDATED_OBJECTS"]) == (2, 4)
    first = _contact(office, "p1@example.com", "city", "associatedcompanyid")
    assert (first["id"], first["city"]) == ("1", "Bath")
    assert _contact(office, "old@example.com", "city")["id"] == "2"
    assert office.get("/crm/v3/objects/companies/11").json()["properties"]["name"] == "Acme renamed"
    firm = _contact(office, "third@example.com", "associatedcompanyid")["associatedcompanyid"]
    assert office.get(f"/crm/v3/objects/companies/{firm}").json()["properties"]["name"] == "Fresh too"


def test_imported_record_says_so_in_source_and_history(office: Account) -> None:
    columns = [_column("Email", "email"), _column("First", "firstname")]
    done = _imported(office, _request(("c.csv", columns)), "Email,First\nimp@example.com,Ira\n")
    shown = _contact(office, "imp@example.com", "hs_object_source", "hs_was_imported", "hs_object_source_id")
    assert (shown["hs_object_source"], shown["hs_was_imported"]) == ("IMPORT", "true")
    assert shown["hs_object_source_id"] == done["id"]
    past = office.get(f"/crm/v3/objects/contacts/{shown['id']}", propertiesWithHistory="firstname").json()
    assert past["propertiesWithHistory"]["firstname"][0]["sourceType"] == "IMPORT"


def test_cells_are_read_as_people_write_them(office: Account) -> None:
    columns = [
        _column("Email", "email"), _column("Owner", "hubspot_owner_id"), _column("Stage", "lifecyclestage"),
        _column("Out", "hs_email_optout"),
    ]  # fmt: skip
    _imported(office, _request(("d.csv", columns)), "Email,Owner,Stage,Out\nread@example.com,Olga One,Customer,Yes\n")
    shown = _contact(office, "read@example.com", "hubspot_owner_id", "lifecyclestage", "hs_email_optout")
    assert (shown["hubspot_owner_id"], shown["lifecyclestage"], shown["hs_email_optout"]) == ("31", "customer", "true")
    deals = [
        _column("Name", "dealname", "deals"), _column("Stage", "dealstage", "deals"),
        _column("Close", "closedate", "deals"), _column("Amount", "amount", "deals"),
    ]  # fmt: skip
    text = 'Name,Stage,Close,Amount\nImported,Contract Sent,31.12.2026,"1,500.50"\n'
    _imported(office, _request(("e.csv", deals), dateFormat="DAY_MONTH_YEAR"), text)
    office.app.catch_up_index()
    number = office.found("deals", {"propertyName": "dealname", "operator": "EQ", "value": "imported"})[0]
    deal = office.get(f"/crm/v3/objects/deals/{number}").json()["properties"]
    assert (deal["dealstage"], deal["amount"], deal["closedate"][:10]) == ("contractsent", "1500.50", "2026-12-31")


def test_bad_cells_and_rows_are_told_and_the_rest_is_done(office: Account) -> None:
    columns = [_column("Email", "email"), _column("Stage", "lifecyclestage"), _column("City", "city")]
    text = (
        "Email,Stage,City\nbad address,lead,X\ncell@example.com,nonsense,Ayr\nshort@example.com,lead\n,lead,Nowhere\n"
    )
    done = _imported(office, _request(("f.csv", columns)), text)
    assert done["state"] == "DONE" and done["metadata"]["counters"]["ERRORS"] == 4
    assert _contact(office, "cell@example.com", "city")["city"] == "Ayr"
    path = f"{PATH}{done['id']}/errors"
    told = office.get(path).json()["results"]
    words = {one["sourceData"]["lineNumber"]: one["errorType"] for one in told}
    assert words == {
        2: "INVALID_EMAIL", 3: "INVALID_ENUMERATION_OPTION", 4: "INCORRECT_NUMBER_OF_COLUMNS",
        5: "MISSING_REQUIRED_PROPERTY",
    }  # fmt: skip
    cell = next(one for one in told if one["errorType"] == "INVALID_ENUMERATION_OPTION")
    assert (cell["objectTypeId"], cell["knownColumnNumber"], cell["invalidValue"]) == ("0-1", 2, "nonsense")
    assert cell["sourceData"]["rowData"] == ["cell@example.com", "nonsense", "Ayr"]
    page = office.get(path, limit=3).json()
    rest = office.client.get(page["paging"]["next"]["link"]).json()
    assert len(page["results"]) == 3 and len(rest["results"]) == 1 and "paging" not in rest


def test_operations_limit_what_an_import_does(office: Account) -> None:
    columns = [_column("Email", "email"), _column("City", "city")]
    text = "Email,City\np3@example.com,Oslo\nnobody@example.com,Oslo\n"
    update = _imported(office, _request(("g.csv", columns), importOperations={"0-1": "UPDATE"}), text)
    assert update["metadata"]["counters"]["UPDATED_OBJECTS"] == 1
    assert office.get("/crm/v3/objects/contacts/nobody@example.com", idProperty="email").status_code == 404
    create = _imported(office, _request(("g.csv", columns), importOperations={"0-1": "CREATE"}), text)
    words = [one["errorType"] for one in office.get(f"{PATH}{create['id']}/errors").json()["results"]]
    assert words == ["CREATE_ONLY_IMPORT"] and create["metadata"]["counters"]["CREATED_OBJECTS"] == 1


def test_two_files_are_linked_by_their_common_column(office: Account) -> None:
    people = [_column("Email", "email", associationIdentifierColumn=True), _column("First", "firstname")]
    firms = [
        _column("Name", "name", "0-2"), _column("Domain", "domain", "0-2"),
        _column(
            "Email", None, "0-2", toColumnObjectTypeId="0-1",
            foreignKeyType={"associationTypeId": 280, "associationCategory": "HUBSPOT_DEFINED"},
        ),
    ]  # fmt: skip
    request = _request(("people.csv", people), ("firms.csv", firms))
    _imported(
        office,
        request,
        "Email,First\nlink@example.com,Li\n",
        "Name,Domain,Email\nLinked,linked.example,link@example.com\n",
    )
    firm = _contact(office, "link@example.com", "associatedcompanyid")["associatedcompanyid"]
    assert office.get(f"/crm/v3/objects/companies/{firm}").json()["properties"]["name"] == "Linked"


def test_old_words_of_the_mapping_are_understood(office: Account) -> None:
    mail = {"columnName": "Mail", "columnObjectType": "CONTACT", "idColumnType": "HUBSPOT_ALTERNATE_ID"}
    firm = {"columnName": "Firm", "columnObjectType": "CONTACT", "idColumnType": "HUBSPOT_OBJECT_ID"}
    to_firm = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}
    columns: list[Mapping] = [
        {**mail, "propertyName": "email", "ignored": False},
        {**firm, "propertyName": None, "foreignKeyType": to_firm, "ignored": False},
        {"columnName": "Rest", "ignored": True},
    ]
    _imported(office, _request(("h.csv", columns)), "Mail,Firm,Rest\nold-words@example.com,13,x\n")
    assert _contact(office, "old-words@example.com", "associatedcompanyid")["associatedcompanyid"] == "13"


def test_fourth_import_at_once_answers_429_and_a_cancelled_one_writes_nothing(account: Account) -> None:
    request = _request(("i.csv", [_column("Email", "email")]))
    started = [_start(account, request, f"Email\nn{n}@example.com\n").json()["id"] for n in range(3)]
    refused = _start(account, request, "Email\nn3@example.com\n")
    assert refused.status_code == 429
    assert account.post(f"{PATH}{started[0]}/cancel", {}).json()["status"] == "COMPLETE"
    assert _start(account, request, "Email\nn3@example.com\n").status_code == 200
    account.app.finish_jobs()
    states = [account.get(f"{PATH}{number}").json()["state"] for number in started]
    assert states == ["CANCELED", "DONE", "DONE"]
    assert account.get("/crm/v3/objects/contacts/n0@example.com", idProperty="email").status_code == 404
    assert account.post(f"{PATH}{started[1]}/cancel", {}).status_code == 400


def test_list_is_made_of_imported_contacts(office: Account) -> None:
    request = _request(("j.csv", [_column("Email", "email")]), createContactListFromImport=True)
    done = _imported(office, request, "Email\np4@example.com\nlisted@example.com\n")
    made = done["metadata"]["objectLists"][0]["listId"]
    members = office.get(f"/crm/v3/lists/{made}/memberships").json()["results"]
    assert [one["recordId"] for one in members] == ["4", _contact(office, "listed@example.com")["id"]]


@pytest.mark.parametrize(
    "change",
    [
        {"files": []},
        {"dateFormat": "SOMEDAY"},
        {"importOperations": {"0-1": "DELETE"}},
        {"files": [{"fileName": "other.csv", "fileImportPage": {"columnMappings": [_column("Email", "email")]}}]},
        {"files": [{"fileName": "k.csv", "fileImportPage": {"columnMappings": [_column("X", "nonsense")]}}]},
        {"files": [{"fileName": "k.csv", "fileFormat": "PDF", "fileImportPage": {"columnMappings": []}}]},
    ],
)
def test_import_that_makes_no_sense_answers_400(office: Account, change: Mapping) -> None:
    request = {**_request(("k.csv", [_column("Email", "email")])), **change}
    files = [("files", ("k.csv", b"Email\n", "text/csv"))]
    assert office.client.post(PATH, data={"importRequest": json.dumps(request)}, files=files).status_code == 400
    assert office.client.post(PATH, json=request).status_code == 400


def test_file_that_cannot_be_read_fails_the_import(office: Account) -> None:
    request = _request(("l.csv", [_column("Email", "email")]))
    files = [("files", ("l.csv", b"Email\n\xff\xfe\n", "text/csv"))]
    started = office.client.post(PATH, data={"importRequest": json.dumps(request)}, files=files).json()
    office.app.finish_jobs()
    assert office.get(f"{PATH}{started['id']}").json()["state"] == "FAILED"


def test_client_imports_a_file(office: Account, tmp_path: Path) -> None:
    client = HubSpot(access_token="pat-sandbox-token", host=office.url, base_url=office.url)
    file = tmp_path / "m.csv"
    file.write_text("Email\nby-client@example.com\n")
    request = json.dumps(_request(("m.csv", [_column("Email", "email")])))
    made = client.crm.imports.core_api.create(files=str(file), import_request=request)
    office.app.finish_jobs()
    assert client.crm.imports.core_api.get_by_id(made.id).state == "DONE"
    assert client.crm.imports.public_imports_api.get_errors(made.id).results == []
