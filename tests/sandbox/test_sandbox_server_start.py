"""The whole sandbox at once: generated data behind the ports of all systems."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import polars as pl
import pytest

from sandbox.start import Sandbox, start

AS_OF = date(2026, 6, 1)


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with start(200, 7, 1.0, AS_OF, orgs=2) as sandbox:
        yield sandbox


def token_of(sandbox: Sandbox, number: int = 0) -> str:
    served = sandbox.salesforce[number]
    form = {name: served.credentials[name] for name in ("client_id", "client_secret")}
    answer = httpx.post(f"{served.url}/services/oauth2/token", data={"grant_type": "client_credentials", **form})
    return str(answer.json()["access_token"])


def test_start_serves_the_generated_records_of_every_org(running: Sandbox) -> None:
    for number, served in enumerate(running.salesforce):
        answer = httpx.get(
            f"{served.url}/services/data/v60.0/query",
            params={"q": "SELECT COUNT() FROM Contact"},
            headers={"Authorization": f"Bearer {token_of(running, number)}"},
        )
        assert answer.json()["totalSize"] == running.dataset.salesforce[number]["Contact"].height
        assert served.app.org_id == running.dataset.salesforce[number]["Organization"]["Id"][0]


def test_start_serves_hubspot_and_gleif(running: Sandbox) -> None:
    headers = {"Authorization": f"Bearer {running.hubspot.credentials['token']}"}
    assert httpx.get(f"{running.hubspot.url}/crm/v3/objects/contacts", headers=headers).json()["results"]
    assert httpx.get(f"{running.gleif.url}/api/v1/lei-records", params={"page[size]": "1"}).status_code == 200


def test_start_describes_itself_as_json(running: Sandbox) -> None:
    described = json.loads(json.dumps(running.describe()))
    assert list(described) == ["salesforce", "salesforce_2", "hubspot", "gleif"]
    assert described["salesforce"]["url"] == running.salesforce[0].url
    assert described["hubspot"]["token"] == "pat-sandbox-token"


def test_start_counts_requests_and_takes_faults(running: Sandbox) -> None:
    served = running.salesforce[1]
    before = served.requests.count("auth")
    token_of(running, 1)
    assert served.requests.count("auth") == before + 1
    assert served.faults.to_json() == []


def test_start_with_a_state_folder_goes_on_with_its_records(tmp_path: Path) -> None:
    with start(50, 7, 1.0, AS_OF, state_dir=tmp_path, systems=("salesforce",)) as first:
        app = first.salesforce[0].app
        contact = app.rows("Contact")[0]["Id"]
        app.edit("Contact", contact, Phone="7")
        count = app.count("Contact")
    with start(999, 8, 1.0, state_dir=tmp_path, systems=("salesforce",)) as second:
        assert second.salesforce[0].app.row("Contact", contact)["Phone"] == "7"
        assert second.salesforce[0].app.count("Contact") == count


def test_start_without_a_system_says_so_when_it_is_asked_for() -> None:
    with start(20, 7, 0.0, AS_OF, systems=("gleif",)) as sandbox:
        assert sandbox.salesforce == []
        with pytest.raises(LookupError, match="HubSpot"):
            _ = sandbox.hubspot


def test_start_unknown_system_is_refused() -> None:
    with pytest.raises(ValueError, match="no system 'oracle'"):
        start(20, systems=("oracle",))


def test_start_on_a_taken_port_leaves_nothing_open(running: Sandbox) -> None:
    with pytest.raises(OSError, match="in use"):
        start(20, 7, 0.0, AS_OF, ports=[running.gleif.listener.port], systems=("gleif",))


def test_state_folder_holds_the_truth_beside_the_records(tmp_path: Path) -> None:
    with start(50, 7, 1.0, AS_OF, state_dir=tmp_path, systems=("salesforce",)) as running:
        contacts = {str(row["Id"]) for row in running.salesforce[0].app.rows("Contact")}
    truth = pl.read_parquet(tmp_path / "truth" / "records.parquet")
    told = truth.filter((pl.col("system") == "salesforce") & (pl.col("object") == "Contact"))
    assert set(told["id"]) == contacts
    assert told["entity"].null_count() == 0
