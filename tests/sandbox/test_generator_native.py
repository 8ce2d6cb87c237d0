"""A portal that HubSpot's own Salesforce integration is connected to."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import polars as pl
import pytest

from sandbox.generator import Dataset, generate
from sandbox.generator.native import linked
from sandbox.start import Sandbox, start

DAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return linked(generate(600, 7))


def test_linked_contacts_carry_the_id_of_a_record_with_their_address(dataset: Dataset) -> None:
    contacts, org = dataset.hubspot["contacts"], dataset.salesforce[0]
    for kind, column in (("Contact", "salesforcecontactid"), ("Lead", "salesforceleadid")):
        joined = contacts.join(org[kind], left_on=column, right_on="Id", suffix="_theirs")
        assert len(joined) > 5
        assert joined["email"].str.to_lowercase().eq(joined["Email"].str.strip_chars().str.to_lowercase()).all()
        assert not joined["IsDeleted"].any()
    both = contacts.filter(pl.col("salesforcecontactid").is_not_null() & pl.col("salesforceleadid").is_not_null())
    assert both.is_empty()
    assert contacts["salesforcecontactid"].null_count() > 0


def test_linked_companies_have_one_account_each(dataset: Dataset) -> None:
    ids = dataset.hubspot["companies"]["salesforceaccountid"].drop_nulls()
    assert len(ids) > 3
    assert ids.is_unique().all()
    assert ids.is_in(dataset.salesforce[0]["Account"]["Id"].implode()).all()


def test_linked_deals_are_deals_of_the_truth(dataset: Dataset) -> None:
    deals = dataset.hubspot["deals"].drop_nulls("hs_salesforceopportunityid")
    entity = dict(dataset.truth["records"].select("id", "entity").iter_rows())
    assert len(deals) > 3
    for deal, theirs in deals.select("id", "hs_salesforceopportunityid").iter_rows():
        assert entity[deal] == entity[theirs]


def test_linking_changes_nothing_else_and_is_repeatable(dataset: Dataset) -> None:
    plain, again = generate(600, 7), linked(generate(600, 7))
    for name, frame in plain.hubspot.items():
        assert dataset.hubspot[name].select(frame.columns).equals(frame)
        assert again.hubspot[name].equals(dataset.hubspot[name])


@pytest.fixture
def sandbox() -> Sandbox:
    return start(40, 3, 1.0, DAY, systems=("hubspot",), native=True)


def test_sandbox_with_the_integration_on_refuses_to_merge_companies(sandbox: Sandbox) -> None:
    with sandbox:
        first, second = (row["hs_object_id"] for row in sandbox.hubspot.app.rows("companies")[:2])
        body = json.dumps({"primaryObjectId": first, "objectIdToMerge": second}).encode()
        headers = {"Authorization": "Bearer pat-sandbox-token", "Content-Type": "application/json"}
        request = Request(f"{sandbox.hubspot.url}/crm/v3/objects/companies/merge", body, headers)
        with pytest.raises(HTTPError, match="400"):
            urlopen(request)


def test_sandbox_remembers_in_its_folder_that_the_integration_is_on(tmp_path: Path) -> None:
    with start(20, 3, 1.0, DAY, systems=("hubspot",), state_dir=tmp_path, native=True):
        pass
    with start(20, 3, 1.0, DAY, systems=("hubspot",), state_dir=tmp_path) as again:
        assert again.hubspot.app.settings.salesforce_integration
