"""What a stand-in for Salesforce must get right, item by item in the order of the fact sheet's checklist (section 9).

One org serves the whole module: a test turns on only what touches none of the others.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.faults import Fault
from sandbox.salesforce import SalesforceApp
from sandbox.salesforce.oauth import JWT_GRANT
from tests.sandbox.bulk.client import Jobs, load, rows
from tests.sandbox.salesforce_org import BASE, CREDENTIALS, Org, running
from tests.sandbox.soap.soap_client import SoapClient

SOQL = "SELECT Id FROM Account"


@pytest.fixture(scope="module")
def org() -> Iterator[Org]:
    with running(SalesforceApp()) as started:
        yield started


@pytest.fixture(autouse=True)
def quiet(org: Org) -> Iterator[None]:
    """No fault outlives its test, even where the test fails."""
    yield
    org.listener.faults.clear()


@pytest.fixture(scope="module")
def result(org: Org) -> str:
    """The results of a query job over three contacts, one of them with a letter beyond ASCII."""
    for name in ("Ann", "Bob", "Zoë"):
        org.create("Contact", LastName=name, Department="Results")
    jobs = Jobs(org, "query")
    soql = "SELECT Id, LastName FROM Contact WHERE Department = 'Results' ORDER BY LastName"
    return jobs.url(jobs.select(soql)) + "/results"


@pytest.fixture(scope="module")
def soap(org: Org) -> SoapClient:
    return SoapClient(org, org.token(grant_type="client_credentials", **CREDENTIALS).json()["access_token"])


@pytest.fixture(scope="module")
def long(org: Org) -> str:
    """The first page of a query that goes on: the URL of the next one."""
    found = [{"attributes": {"type": "Campaign"}, "Name": f"C{n}"} for n in range(200)]
    assert org.client.post(f"{BASE}/composite/sobjects", json={"records": found}).status_code == 200
    org.create("Campaign", Name="last")
    page = org.query("SELECT Id FROM Campaign", **{"Sforce-Query-Options": "batchSize=200"}).json()
    assert (page["done"], page["totalSize"]) == (False, 201)
    return str(page["nextRecordsUrl"])


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal by the data API, which is an array."""
    return answer.status_code, answer.json()[0]["errorCode"]


def test_paths_and_field_names_in_any_case_are_understood(org: Org) -> None:
    made = org.client.post(f"{BASE.upper()}/SOBJECTS/aCCOUNT", json={"nAME": "Case", "PHONE": "1"})
    assert made.status_code == 201
    soql = f"select pHONE from ACCOUNT where iD = '{made.json()['id']}'"
    assert org.records(soql, "QueryALL")[0]["Phone"] == "1"


def test_last_page_of_results_has_the_locator_null_as_text(org: Org, result: str) -> None:
    first = org.client.get(result, params={"maxRecords": 2})
    assert first.headers["Sforce-Locator"] != "null"
    last = org.client.get(result, params={"locator": first.headers["Sforce-Locator"], "maxRecords": 2})
    assert last.headers["Sforce-Locator"] == "null"


def test_number_of_records_is_told_on_every_page_even_of_nothing(org: Org, result: str) -> None:
    jobs = Jobs(org, "query")
    none = jobs.get(f"{jobs.select('SELECT Id FROM Task')}/results")
    some = org.client.get(result, params={"maxRecords": 2})
    assert [page.headers["Sforce-NumberOfRecords"] for page in (none, some)] == ["0", "2"]


def test_every_page_of_results_begins_with_the_header_row(org: Org, result: str) -> None:
    first = org.client.get(result, params={"maxRecords": 2})
    second = org.client.get(result, params={"locator": first.headers["Sforce-Locator"]})
    assert [rows(page)[0] for page in (first, second)] == [["Id", "LastName"]] * 2
    assert [len(rows(page)) for page in (first, second)] == [3, 2]


def test_csv_is_utf_8_and_does_not_say_so(org: Org, result: str) -> None:
    answer = org.client.get(result)
    assert answer.headers["Content-Type"] == "text/csv"
    assert '"Zoë"'.encode() in answer.content


def test_answers_204_have_no_body_and_no_type(org: Org) -> None:
    account = f"{BASE}/sobjects/Account/{org.create('Account', Name='A')}"
    job = Jobs(org, "query").select(SOQL)
    answers = [org.client.patch(account, json={"Phone": "1"}), org.client.delete(account)]
    answers.append(org.client.delete(f"{BASE}/jobs/query/{job}"))
    assert [(one.status_code, one.content, one.headers.get("Content-Type")) for one in answers] == [
        (204, b"", None)
    ] * 3


def test_upsert_that_several_records_match_answers_300_with_their_list(org: Org) -> None:
    twins = [org.create("Contact", LastName=name, Email="twin@example.com") for name in ("One", "Two")]
    answer = org.client.patch(f"{BASE}/sobjects/Contact/Email/twin@example.com", json={"Title": "T"})
    assert (answer.status_code, answer.json()) == (300, [f"{BASE}/sobjects/Contact/{twin}" for twin in twins])


def test_errors_are_an_array_and_those_of_oauth_an_object(org: Org) -> None:
    refused = org.client.post(f"{BASE}/sobjects/Account", json={})
    message = "Required fields are missing: [Name]"
    expected = {"message": message, "errorCode": "REQUIRED_FIELD_MISSING", "fields": ["Name"]}
    assert (refused.status_code, refused.json()) == (400, [expected])
    granted = org.token(grant_type="client_credentials", client_id="nobody", client_secret="x")
    assert granted.status_code in (400, 401)
    assert granted.json().keys() == {"error", "error_description"}


def test_next_page_ignores_the_query_that_is_sent_again(org: Org, long: str) -> None:
    again = org.client.get(long, params={"q": "SELECT Id FROM Nothing", "x": "1"})
    assert (again.status_code, again.json()["done"], len(again.json()["records"])) == (200, True, 1)


def test_unprocessed_records_are_there_under_both_spellings(org: Org) -> None:
    jobs = Jobs(org, "ingest")
    job = load(jobs, "LastName\nUnprocessed\n")
    for path in ("unprocessedrecords", "unprocessedRecords/"):
        assert rows(jobs.get(f"{job}/{path}")) == [["LastName"]]


def test_client_credentials_are_taken_from_the_header_and_from_the_form(org: Org) -> None:
    pair = base64.b64encode(":".join(CREDENTIALS.values()).encode()).decode()
    url, grant = "/services/oauth2/token", {"grant_type": "client_credentials"}
    in_header = org.client.post(url, data=grant, headers={"Authorization": f"Basic {pair}"})
    in_form = httpx.post(f"{org.url}{url}", data={**grant, **CREDENTIALS})
    for granted in (in_header, in_form):
        assert granted.status_code == 200
        assert granted.json()["instance_url"] == org.url  # no path, no slash at the end


def test_jwt_whose_exp_is_text_gives_a_token(org: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public = key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
    monkeypatch.setattr(org.app.settings, "jwt_public_key", public)
    claims = {"iss": CREDENTIALS["client_id"], "sub": "admin@sandbox.example", "aud": "https://login.salesforce.com"}
    payload = json.dumps({**claims, "exp": str(int(time.time()) + 60)}).encode()
    answer = org.token(grant_type=JWT_GRANT, assertion=jwt.api_jws.encode(payload, key, algorithm="RS256"))
    assert answer.status_code == 200
    assert "refresh_token" not in answer.json()


def test_datetimes_have_milliseconds_and_an_offset_without_a_colon(org: Org) -> None:
    created = org.create("Account", Name="A")
    stamp = org.client.get(f"{BASE}/sobjects/Account/{created}").json()["SystemModstamp"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000", stamp)


def test_flags_and_lengths_of_the_describe_are_enforced(org: Org) -> None:
    described = org.client.get(f"{BASE}/sobjects/Account/describe").json()["fields"]
    fields = {field["name"]: field for field in described}
    account = org.create("Account", Name="A")
    assert (fields["TickerSymbol"]["length"], fields["CreatedDate"]["updateable"]) == (20, False)
    too_long = org.patch("Account", account, TickerSymbol="x" * 21)
    assert code(too_long) == (400, "STRING_TOO_LONG")
    assert too_long.json()[0]["message"].endswith("(max length=20)")
    read_only = org.patch("Account", account, CreatedDate="2020-01-01T00:00:00Z")
    assert code(read_only) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    assert org.patch("Account", account, TickerSymbol="x" * 20).status_code == 204


def test_collection_with_a_bad_row_answers_200_and_says_which(org: Org) -> None:
    records = [{"attributes": {"type": "Account"}, "Name": "Good"}, {"attributes": {"type": "Account"}}]
    answer = org.client.post(f"{BASE}/composite/sobjects", json={"records": records})
    good, bad = answer.json()
    assert (answer.status_code, good["success"], good["errors"]) == (200, True, [])
    error = {"statusCode": "REQUIRED_FIELD_MISSING", "message": "Required fields are missing: [Name]"}
    assert bad == {"success": False, "errors": [{**error, "fields": ["Name"]}]}


def test_duplicates_are_told_under_the_misspelt_key(org: Org) -> None:
    org.app.admin.add_duplicate_rule("Contacts_DR", "Contact", ["HomePhone"])
    org.create("Contact", LastName="Once", HomePhone="020")
    answer = org.client.post(f"{BASE}/sobjects/Contact", json={"LastName": "Twice", "HomePhone": "020"})
    assert code(answer) == (400, "DUPLICATES_DETECTED")
    assert answer.json()[0]["duplicateResut"]["allowSave"] is True


def test_update_of_what_changed_since_answers_412(org: Org) -> None:
    account = org.create("Account", Name="A")
    since = {"If-Unmodified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"}
    assert org.patch("Account", account, since, Phone="1").status_code == 412
    assert org.app.row("Account", account)["Phone"] is None


def test_assignment_rule_runs_unless_the_header_says_false(org: Org) -> None:
    queue = org.app.create("Group", Name="Inbound", Type="Queue")
    leads = [org.create("Lead", LastName="L", Company="C") for _ in range(2)]
    org.app.admin.set_assignment_rule("Lead", queue)
    org.patch("Lead", leads[0], Title="T")
    org.patch("Lead", leads[1], {"Sforce-Auto-Assign": "FALSE"}, Title="T")
    assert [org.app.row("Lead", lead)["OwnerId"] for lead in leads] == [queue, org.app.user_id]


@pytest.mark.parametrize("name", ["request", "mergeRequests", "mergeRequest", "merge", "anything"])
def test_merge_request_may_have_any_name(org: Org, soap: SoapClient, name: str) -> None:
    master, loser = (org.create("Account", Name=one) for one in ("M", "L"))
    record = f"<masterRecord><sobj:type>Account</sobj:type><sobj:Id>{master}</sobj:Id></masterRecord>"
    answer = soap.call("merge", f"<{name}>{record}<recordToMergeIds>{loser}</recordToMergeIds></{name}>")
    assert (answer.status, answer.one("success"), answer.one("mergedRecordIds")) == (200, "true", loser)


def test_merged_record_shows_its_master_to_query_all_alone(org: Org, soap: SoapClient) -> None:
    master, loser, gone = (org.create("Account", Name=one) for one in ("M", "L", "G"))
    soap.merge("Account", master, loser)
    org.client.delete(f"{BASE}/sobjects/Account/{gone}")
    soql = f"SELECT IsDeleted, MasterRecordId FROM Account WHERE Id IN ('{loser}', '{gone}') ORDER BY Id"
    found = [(record["IsDeleted"], record["MasterRecordId"]) for record in org.records(soql, "queryAll")]
    assert found == [(True, master), (True, None)]
    assert org.records(soql) == []


def test_latest_date_covered_stays_behind_a_transaction_under_way(org: Org) -> None:
    began = org.app.clock.now().replace(microsecond=0)
    transaction = org.app.doors["begin"]()
    org.app.doors["write"](transaction=transaction, sobject="Account", Name="Late")
    org.app.clock.turn(60)
    window = {"start": (began - timedelta(hours=1)).isoformat(), "end": org.app.clock.now().isoformat()}
    read = [org.client.get(f"{BASE}/sobjects/Account/updated", params=window).json()]
    org.app.doors["commit"](transaction=transaction)
    read.append(org.client.get(f"{BASE}/sobjects/Account/updated", params=window).json())
    covered = [datetime.strptime(one["latestDateCovered"], "%Y-%m-%dT%H:%M:%S.%f%z") for one in read]
    assert began <= covered[0] < began + timedelta(seconds=30) < covered[1]
    assert len(read[1]["ids"]) == len(read[0]["ids"]) + 1


def test_fault_expires_the_token_in_mid_run(org: Org) -> None:
    org.listener.faults.add(Fault(route="/query", nth=2, expire=True))
    answers = [org.query(SOQL) for _ in range(2)]
    org.log_in()
    assert [one.status_code for one in (*answers, org.query(SOQL))] == [200, 401, 200]
    assert answers[1].json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


@pytest.mark.parametrize(
    ("name", "expected", "words"),
    [
        pytest.param("UNABLE_TO_LOCK_ROW", 400, "unable to obtain exclusive access to this record or ", id="lock"),
        pytest.param("REQUEST_LIMIT_EXCEEDED.daily", 403, "TotalRequests Limit exceeded.", id="daily limit"),
        pytest.param(
            "REQUEST_LIMIT_EXCEEDED.concurrent",
            403,
            "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
            id="concurrency limit",
        ),
        pytest.param("QUERY_TIMEOUT", 400, "Your query request was running for too long.", id="time of a query"),
    ],
)
def test_fault_answers_with_the_error_of_its_name(org: Org, name: str, expected: int, words: str) -> None:
    org.listener.faults.add(Fault(name=f"salesforce.{name}"))
    answer = org.client.get(f"{BASE}/sobjects/Account")
    assert code(answer) == (expected, name.partition(".")[0])
    assert answer.json()[0]["message"].startswith(words)


@pytest.mark.parametrize("status", [420, 502, 503])
def test_fault_answers_as_the_edge_does(org: Org, status: int) -> None:
    org.listener.faults.add(Fault(name=f"salesforce.{status}", count=1))
    edge = org.query(SOQL)
    assert (edge.status_code, edge.headers["Content-Type"]) == (status, "text/html;charset=UTF-8")
    assert "Retry-After" not in edge.headers
    assert org.query(SOQL).status_code == 200


def test_fault_lets_a_client_wait_past_its_patience(org: Org) -> None:
    org.listener.faults.add(Fault(delay_s=0.3))
    with pytest.raises(httpx.ReadTimeout):
        org.client.get(f"{BASE}/limits", timeout=0.05)


def test_fault_cuts_the_body_off(org: Org) -> None:
    org.listener.faults.add(Fault(cut_after=10))
    with pytest.raises(httpx.RemoteProtocolError):
        org.client.get(f"{BASE}/limits")


def test_usage_is_told_on_every_answer_but_the_versions(org: Org) -> None:
    paths = ("limits", "sobjects/Account/001000000000001AAA", "nowhere")
    told = [org.client.get(f"{BASE}/{path}").headers["Sforce-Limit-Info"] for path in paths]
    assert all(re.fullmatch(r"api-usage=\d+/\d+", one) for one in told)
    used = [int(one.removeprefix("api-usage=").partition("/")[0]) for one in told]
    assert used == [used[0], used[0] + 1, used[0] + 2]
    assert "Sforce-Limit-Info" not in httpx.get(f"{org.url}/services/data").headers
