"""Orgs that are set up differently: several currencies, person accounts, many custom fields."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from connectors._salesforce_soql import column_groups
from connectors.salesforce import SalesforceConnector
from model.batch import Batch, Watermark
from model.changes import Create, Delete, Merge, Planned, SetField
from model.evidence import RecordKey
from sandbox.faults import Fault
from sandbox.salesforce import SalesforceApp
from sandbox.salesforce.fields import text
from sandbox.salesforce.settings import Settings
from sandbox.server import Listener
from tests.connectors.harness_salesforce import settings_for

DEAL = {"StageName": "Prospecting", "CloseDate": "2026-12-01"}


@contextmanager
def connected(app: SalesforceApp, **changes: Any) -> Iterator[SalesforceConnector]:
    with Listener(app) as listener:
        settings = settings_for(listener.url, client_id="sandbox-client", timeout_s=5.0, streams=None, **changes)
        connector = SalesforceConnector("sf", settings, lambda _: "sandbox-secret")
        yield connector
        connector.close()


def org_with(*features: str) -> SalesforceApp:
    return SalesforceApp(settings=Settings(features=frozenset(features)))


def rows(connector: SalesforceConnector, stream: str) -> dict[str, dict[str, Any]]:
    """All records of a stream by id."""
    found = {}
    for page in connector.pull(stream, Watermark()):
        for place, record_id in enumerate(page.batch.columns["id"]):
            found[str(record_id)] = {name: column[place] for name, column in page.batch.columns.items()}
    return found


# --- several currencies ---


def test_amounts_are_in_the_currency_of_their_record() -> None:
    app = org_with("multi_currency")
    made = {
        code: app.create("Opportunity", Name="D", Amount=1500, CurrencyIsoCode=code, **DEAL) for code in ("EUR", "JPY")
    }
    with connected(app) as connector:
        deals = rows(connector, "deals")
        history = list(rows(connector, "stage_history").values())
    assert [(deals[made[code]]["amount"], deals[made[code]]["currency"]) for code in made] == [
        (150_000, "EUR"), (1_500, "JPY"),
    ]  # fmt: skip
    assert {(row["amount"], row["currency"]) for row in history} == {(150_000, "EUR"), (1_500, "JPY")}


def test_deal_is_made_in_the_currency_of_the_plan() -> None:
    app = org_with("multi_currency")
    values = (("name", "D"), ("stage", "Prospecting"), ("close_on", 20_000), ("amount", 1_500))
    key = RecordKey("sf", "deals", "t-1")
    with connected(app) as connector:
        without = Planned("c1", Create(key, values, None, "r"))
        assert "needs its currency" in str(connector.refusal(without))
        change = Planned("c2", Create(key, (*values, ("currency", "JPY")), None, "r"))
        assert connector.refusal(change) is None
        (outcome,) = connector.send((change,)).outcomes
    made = app.row("Opportunity", str(outcome.made))
    assert (made["Amount"], made["CurrencyIsoCode"]) == (1_500, "JPY")


# --- person accounts ---


@pytest.fixture
def people() -> tuple[SalesforceApp, str, str]:
    """An org with a person account: app, account, contact."""
    app = org_with("person_accounts")
    types = app.rows("RecordType")
    person = next((row["Id"] for row in types if row.get("IsPersonType")), None)
    account = app.create("Account", LastName="L", **({"RecordTypeId": person} if person else {}))
    return app, account, str(app.row("Account", account)["PersonContactId"])


def test_person_accounts_and_their_contacts_are_flagged(people: tuple[SalesforceApp, str, str]) -> None:
    app, account, contact = people
    company = app.create("Account", Name="Acme")
    with connected(app) as connector:
        accounts, contacts = rows(connector, "accounts"), rows(connector, "contacts")
    assert [accounts[one]["is_person"] for one in (account, company)] == [True, False]
    assert contacts[contact]["is_person_account"] is True
    assert contacts[contact]["account_id"] == account


def test_contact_of_a_person_account_is_neither_merged_nor_deleted(people: tuple[SalesforceApp, str, str]) -> None:
    app, _, contact = people
    other = app.create("Contact", LastName="L")
    keys = [RecordKey("sf", "contacts", one) for one in (other, contact)]
    with connected(app) as connector:
        merged, deleted = (
            connector.send((Planned("c1", change),)).outcomes[0]
            for change in (Merge(keys[0], (keys[1],), (), None, "r"), Delete(keys[1], None, "r"))
        )
    assert [(one.status, one.code) for one in (merged, deleted)] == [("rejected", "PERSON_ACCOUNT")] * 2


def test_org_without_person_accounts_says_nothing_of_them() -> None:
    with connected(SalesforceApp()) as connector:
        (page,) = connector.pull("accounts", Watermark())
    assert "is_person" not in page.batch.readable
    assert not any("is_person" in gap for gap in page.gaps)


# --- contacts of several accounts ---


def test_relations_say_which_account_is_the_contacts_own() -> None:
    app = org_with("contacts_to_multiple_accounts")
    first, second = (app.create("Account", Name=name) for name in ("A", "B"))
    contact = app.create("Contact", LastName="L", AccountId=first)
    app.create("AccountContactRelation", AccountId=second, ContactId=contact, Roles="Evaluator;Influencer")
    with connected(app) as connector:
        links = [row for row in rows(connector, "associations").values() if row["to_stream"] == "accounts"]
    assert {(row["from_stream"], row["from_id"]) for row in links} == {("contacts", contact)}
    told = {(row["to_id"], row["label"], row["is_primary"]) for row in links}
    assert (second, "Evaluator;Influencer", False) in told
    assert {row["to_id"]: row["is_primary"] for row in links}.get(first, True) is True


# --- more fields than an address holds ---

WIDE = [f"A_Field_With_A_Name_As_Long_As_They_Are_{number:03}__c" for number in range(250)]


@pytest.fixture(scope="module")
def wide() -> tuple[SalesforceApp, list[str]]:
    app = SalesforceApp()
    for name in WIDE:
        app.add_field("Contact", text(name, 80))
    return app, [
        app.create("Contact", LastName=f"L {n}", **{WIDE[0]: "first", WIDE[-1]: f"last {n}"}) for n in range(3)
    ]


def mapping() -> dict[str, dict[str, str]]:
    return {"contacts": {f"custom_{number}": name for number, name in enumerate(WIDE)}}


def custom(batch: Batch) -> dict[str, tuple[Any, Any]]:
    first, last = batch.custom["custom_0"].values, batch.custom[f"custom_{len(WIDE) - 1}"].values
    return dict(zip((str(one) for one in batch.columns["id"]), zip(first, last, strict=True), strict=True))


def test_select_list_longer_than_an_address_is_asked_for_in_parts(wide: tuple[SalesforceApp, list[str]]) -> None:
    app, contacts = wide
    assert len(column_groups(WIDE)) == 3
    with connected(app, fields=mapping()) as connector:
        (page,) = connector.pull("contacts", Watermark())
        assert connector.usage.calls["list"] == 3
    assert custom(page.batch) == {one: ("first", f"last {number}") for number, one in enumerate(contacts)}


def test_record_purged_between_the_parts_is_left_out(wide: tuple[SalesforceApp, list[str]]) -> None:
    app, contacts = wide
    extra = app.create("Contact", LastName="Purged")

    def purge(*_: object) -> None:
        app.delete("Contact", extra)
        app._org.records.bin.purge(app._org.schema.get("Contact"), extra)

    with Listener(app) as listener:
        settings = settings_for(listener.url, client_id="sandbox-client", timeout_s=5.0, fields=mapping())
        connector = SalesforceConnector("sf", settings, lambda _: "sandbox-secret")
        listener.faults.add(Fault(route="/queryAll", nth=1, act=purge))
        (page,) = connector.pull("contacts", Watermark())
        connector.close()
    assert list(custom(page.batch)) == contacts


def test_record_of_a_wide_object_is_written_and_read_back_whole(wide: tuple[SalesforceApp, list[str]]) -> None:
    app, contacts = wide
    changes = [
        Planned(f"c{n}", SetField(RecordKey("sf", "contacts", one), "phone", None, "1", None, "r"))
        for n, one in enumerate(contacts)
    ]
    with connected(app, fields=mapping()) as connector:
        sent = connector.send(connector.batches(changes)[0])
    assert {outcome.status for outcome in sent.outcomes} == {"applied"}
    assert {first for first, _ in custom(sent.records[0]).values()} == {"first"}
