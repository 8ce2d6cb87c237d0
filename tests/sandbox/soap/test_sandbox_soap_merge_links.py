"""Merges of what the optional features and the further objects of an org bring."""

from __future__ import annotations

import pytest

from tests.sandbox.salesforce_org import Org
from tests.sandbox.soap.soap_client import SoapClient

RELATION = "AccountContactRelation"


@pytest.fixture
def related(org: Org) -> Org:
    """An org with contacts to multiple accounts."""
    org.app.turn_on("contacts_to_multiple_accounts")
    return org


def relate(org: Org, account: str, contact: str, *, direct: bool = False) -> str:
    """The relation of the two, made now if the org has not made it by itself."""
    for row in org.app.rows(RELATION):
        if (row["AccountId"], row["ContactId"]) == (account, contact):
            return str(row["Id"])
    return org.app.create(RELATION, AccountId=account, ContactId=contact, IsDirect=direct)


def relations(org: Org) -> set[tuple[str, str, int]]:
    return {(row["AccountId"], row["ContactId"], row["IsDirect"]) for row in org.app.rows(RELATION)}


def test_contact_merge_makes_the_losers_account_an_indirect_one(related: Org, soap: SoapClient) -> None:
    home, away = (related.app.create("Account", Name=name) for name in "HA")
    master = related.app.create("Contact", LastName="M", AccountId=home)
    loser = related.app.create("Contact", LastName="L", AccountId=away)
    for account, contact in ((home, master), (away, loser)):
        relate(related, account, contact, direct=True)
    assert soap.merge("Contact", master, loser).one("success") == "true"
    assert relations(related) == {(home, master, 1), (away, master, 0)}


def test_contact_merge_within_an_account_keeps_one_direct_relation(related: Org, soap: SoapClient) -> None:
    home = related.app.create("Account", Name="H")
    master, loser = (related.app.create("Contact", LastName=name, AccountId=home) for name in "ML")
    kept, lost = (relate(related, home, one, direct=True) for one in (master, loser))
    assert soap.merge("Contact", master, loser).one("success") == "true"
    assert relations(related) == {(home, master, 1)}
    assert [related.app.row(RELATION, one)["IsDeleted"] for one in (kept, lost)] == [0, 1]


def test_account_merge_keeps_the_direct_relation_of_the_moved_contact(related: Org, soap: SoapClient) -> None:
    related.app.settings.rules.redundant_relations_block = False
    master, loser = (related.app.create("Account", Name=name) for name in "ML")
    contact = related.app.create("Contact", LastName="C", AccountId=loser)
    relate(related, loser, contact, direct=True)
    relate(related, master, contact)
    assert soap.merge("Account", master, loser).one("success") == "true"
    assert related.app.row("Contact", contact)["AccountId"] == master
    assert relations(related) == {(master, contact, 1)}


@pytest.mark.parametrize("blocks", [True, False])
def test_redundant_relation_blocks_the_merge_where_the_org_says_so(
    related: Org, soap: SoapClient, blocks: bool
) -> None:
    related.app.settings.rules.redundant_relations_block = blocks
    third = related.app.create("Account", Name="T")
    master, loser = (related.app.create("Contact", LastName=name) for name in "ML")
    kept = relate(related, third, master)
    relate(related, third, loser)
    answer = soap.merge("Contact", master, loser)
    if blocks:
        assert [code for code, _ in answer.errors] == ["MERGE_FAILED"]
        assert "These contacts have the same related account." in answer.one("message")
    else:
        assert [row["Id"] for row in related.app.rows(RELATION)] == [kept]


def test_records_found_as_duplicates_become_one_item_of_their_set(org: Org, soap: SoapClient) -> None:
    leads = [org.app.create("Lead", LastName=name, Company="C") for name in "MLX"]
    found = org.app.create("DuplicateRecordSet")
    items = [org.app.create("DuplicateRecordItem", DuplicateRecordSetId=found, RecordId=one) for one in leads]
    soap.merge("Lead", *leads[:2])
    assert [row["Id"] for row in org.app.rows("DuplicateRecordItem")] == [items[0], items[2]]


def test_notes_attachments_cases_and_roles_move(org: Org, soap: SoapClient) -> None:
    master, loser = (org.app.create("Contact", LastName=name) for name in "ML")
    account = org.app.create("Account", Name="A")
    children = {
        org.app.create("Note", Title="N", ParentId=loser): ("Note", "ParentId"),
        org.app.create("Case", Subject="S", ContactId=loser): ("Case", "ContactId"),
        org.app.create("AccountContactRole", AccountId=account, ContactId=loser): ("AccountContactRole", "ContactId"),
    }
    answer = soap.merge("Contact", master, loser)
    assert set(answer.all("updatedRelatedIds")) == set(children)
    assert {org.app.row(kind, one)[link] for one, (kind, link) in children.items()} == {master}


@pytest.mark.parametrize(("newest", "kept"), [(False, 0), (True, 1)])
def test_privacy_record_is_the_masters_or_the_newest_as_the_org_prefers(
    org: Org, soap: SoapClient, newest: bool, kept: int
) -> None:
    org.app.settings.rules.newest_individual_survives = newest
    individuals = []
    for name in "MN":
        individuals.append(org.app.create("Individual", LastName=name))
        org.app.clock.turn(5)
    master, loser = (org.app.create("Contact", LastName="C", IndividualId=one) for one in individuals)
    soap.merge("Contact", master, loser)
    assert org.app.row("Contact", master)["IndividualId"] == individuals[kept]


@pytest.fixture
def persons(org: Org) -> list[tuple[str, str]]:
    """Two person accounts, each with its contact."""
    org.app.turn_on("person_accounts")
    made = []
    for name in "ML":
        account = org.app.create("Account", LastName=name)
        made.append((account, org.app.row("Account", account)["PersonContactId"]))
    return made


def test_person_accounts_merge_with_the_contacts_behind_them(
    org: Org, soap: SoapClient, persons: list[tuple[str, str]]
) -> None:
    (master, master_contact), (loser, loser_contact) = persons
    task = org.app.create("Task", Subject="T", WhoId=loser_contact)
    assert soap.merge("Account", master, loser).one("success") == "true"
    gone = org.app.row("Contact", loser_contact)
    assert (gone["IsDeleted"], gone["MasterRecordId"]) == (1, master_contact)
    assert org.app.row("Task", task)["WhoId"] == master_contact
    assert org.app.count("Contact") == 1


def test_person_account_merges_neither_with_a_business_nor_as_a_contact(
    org: Org, soap: SoapClient, persons: list[tuple[str, str]]
) -> None:
    business = org.app.create("Account", Name="B")
    refused = [("Account", business, persons[0][0]), ("Contact", persons[0][1], persons[1][1])]
    for kind, master, loser in refused:
        codes = [code for code, _ in soap.merge(kind, master, loser).errors]
        assert codes == ["INVALID_PERSON_ACCOUNT_OPERATION"]
