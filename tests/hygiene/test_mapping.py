"""Proposals of which field, value and owner of one CRM is which of another."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hygiene.mapping.fields import FieldProposal, Side, propose_fields
from hygiene.mapping.labels import is_within, plain, similarity
from hygiene.mapping.lookalikes import lookalikes
from hygiene.mapping.values import ValueMap, propose_values
from hygiene.owners import UNMATCHED, owner_findings, people_of, same_owners, unmatched_owners
from model.remote import Option, RemoteField

labels = st.text(st.characters(codec="utf-8"), max_size=12)


def options(*labels: str, prefix: str = "") -> tuple[Option, ...]:
    return tuple(Option(f"{prefix}{label}", label) for label in labels)


def told(values: ValueMap) -> list[tuple[str, str, str]]:
    return [(pair.left, pair.right, pair.reason) for pair in values.pairs]


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Customer - Direct", "customer direct"),
        ("Food & Beverage", "food and beverage"),
        ("Legal_Name__c", "legal name"),
        ("NumberOfEmployees", "number of employees"),
        ("Straße", "strasse"),
        ("  ", ""),
    ],
)
def test_plain_label_has_neither_case_nor_punctuation(label: str, expected: str) -> None:
    assert plain(label) == expected


@given(labels)
def test_plain_label_is_plain_already(label: str) -> None:
    assert plain(plain(label)) == plain(label)


@given(labels, labels)
def test_similarity_is_symmetric_and_bounded(one: str, other: str) -> None:
    assert similarity(one, other) == similarity(other, one)
    assert 0 <= similarity(one, other) <= 1
    assert is_within(one, other) == is_within(other, one)


def test_similarity_of_labels_with_another_number_is_nothing() -> None:
    assert similarity("tier 1", "tier 2") == 0
    assert similarity("enterprise 2024", "enterprise 2025") == 0


def test_values_pair_by_value_then_label_then_spelling() -> None:
    left = (Option("Web", "Web"), Option("A1", "Trade show"), Option("Partner-Referral", "Partner referral"))
    right = (Option("partner_referral", "Referral"), Option("77", "Trade show"), Option("Web", "Website"))
    assert told(propose_values(left, right)) == [
        ("Web", "Web", "same value"),
        ("A1", "77", "same label"),
        ("Partner-Referral", "partner_referral", "same but for spelling"),
    ]


def test_values_nearly_the_same_are_left_to_a_person() -> None:
    found = propose_values(options("Energy", "Tier 1", "Retail"), options("Oil & Energy", "Tier 2", "RETAIL"))
    assert [(pair.left, pair.right) for pair in found.pairs] == [("Retail", "RETAIL")]
    assert [(pair.left, pair.right) for pair in found.doubtful] == [("Energy", "Oil & Energy")]
    assert found.left_only == ("Tier 1",)
    assert found.right_only == ("Tier 2",)


def test_values_that_are_inactive_are_never_paired() -> None:
    found = propose_values((Option("Old", "Old", is_active=False), Option("New", "New")), options("Old", "New"))
    assert [(pair.left, pair.right) for pair in found.pairs] == [("New", "New")]
    assert found.retired == ("Old",)
    assert found.right_only == ("Old",)


def test_same_values_on_both_sides_need_no_map() -> None:
    assert propose_values(options("Hot", "Cold"), options("Cold", "Hot")).is_needless
    assert not propose_values(options("Hot", "Cold"), options("Hot")).is_needless
    assert not propose_values(options("Hot"), options("Hot", prefix="x")).is_needless


@given(st.lists(labels, max_size=6, unique=True), st.lists(labels, max_size=6, unique=True))
def test_each_value_is_in_one_pair_or_list(left: list[str], right: list[str]) -> None:
    found = propose_values(options(*left), options(*right))
    both = (*found.pairs, *found.doubtful)
    assert sorted([pair.left for pair in both] + list(found.left_only)) == sorted(left)
    assert sorted([pair.right for pair in both] + list(found.right_only)) == sorted(right)


def field(name: str, canonical: str | None = None, **more: object) -> RemoteField:
    base: dict[str, object] = {"label": name, "kind": "text", "type": "text", "field": canonical}
    return RemoteField(name, **{**base, **more})  # type: ignore[arg-type]


def proposed(left: dict[str, list[RemoteField]], right: dict[str, list[RemoteField]]) -> dict[str, FieldProposal]:
    sales = Side("sf", "Salesforce", "-salesforce", left)
    marketing = Side("hs", "HubSpot", "-hubspot", right)
    group = ("contacts", "leads") if "contacts" in left else tuple(left)
    found = propose_fields(group, (sales, marketing), sales, marketing, frozenset({"phone"}))
    return {one.field: one for one in found}


def test_fields_that_both_hold_get_an_authority_and_a_reason() -> None:
    names = {"given_name": "FirstName", "phone": "Phone", "email": "Email", "owner_id": "OwnerId",
             "lifecycle_stage": "Stage__c", "email_opt_out": "Out", "last_activity_on": "Last", "account_id": "Account",
             "title": "Title"}  # fmt: skip
    both = [field(remote, name) for name, remote in names.items()]
    locked = [field(one.name, one.field, is_writable=one.field != "title") for one in both]
    found = proposed({"contacts": both}, {"contacts": locked})
    assert {name: one.authority for name, one in found.items()} == {
        "given_name": "prefer-salesforce-unless-blank",
        "phone": "prefer-salesforce-unless-blank",
        "email": "fill-only",
        "owner_id": "always-salesforce",
        "lifecycle_stage": "always-hubspot",
        "email_opt_out": "two-way",
        "last_activity_on": "dont-sync",
        "title": "dont-sync",
    }
    assert all(one.reason.endswith(".") for one in found.values())
    assert found["title"].reason == "Read-only in HubSpot."
    assert [name for name, one in found.items() if one.is_native] == ["phone"]


def test_fields_of_contacts_and_leads_say_where_they_stand() -> None:
    people = {
        "contacts": [field("MailingCity", "city"), field("Phone", "phone")],
        "leads": [field("City", "city"), field("Phone", "phone"), field("Company", "company")],
    }
    found = proposed(
        people, {"contacts": [field("city", "city"), field("phone", "phone"), field("company", "company")]}
    )
    assert found["city"].left == "MailingCity of contacts, City of leads"
    assert found["phone"].left == "Phone"
    assert found["company"].left == "Company of leads"
    assert found["company"].right == "company"


def test_field_that_only_one_side_holds_is_not_proposed() -> None:
    assert proposed({"accounts": [field("Name", "name")]}, {"accounts": [field("domain", "domain")]}) == {}


def test_picklists_of_other_values_get_a_value_map_and_open_text_none() -> None:
    left = [field("Industry", "industry", options=options("Banking")), field("Type", "type", options=options("Other"))]
    right = [field("industry", "industry", options=options("banking")), field("type", "type")]
    found = proposed({"accounts": left}, {"accounts": right})
    assert found["type"].values is None
    values = found["industry"].values
    assert values is not None
    assert told(values) == [("Banking", "banking", "same but for spelling")]


def test_lookalikes_need_label_type_and_options_in_common() -> None:
    left = [
        field("Region__c", label="Sales Region", is_custom=True, options=options("North", "South")),
        field("Score__c", label="Fit Score", type="real", is_custom=True),
        field("Tier__c", label="Tier", is_custom=True, options=options("A", "B")),
        field("Fax", label="Fax"),
        field("Locked__c", label="Locked", is_custom=True, is_writable=False),
        field("Trueline_Id__c", label="Trueline id", is_custom=True),
    ]
    right = [
        field("sales_region", label="Sales region", is_custom=True, options=options("north", "south", "east")),
        field("fit_score", label="Fit score", type="int", is_custom=True),
        field("tier", label="Tier", is_custom=True, options=options("Gold", "Silver")),
        field("fax", label="Fax"),
        field("locked", label="Locked", is_custom=True),
        field("trueline_id", label="Trueline id", is_custom=True),
    ]
    found = lookalikes(left, right, taken=["fax"], never=["Trueline_Id__c", "trueline_id"])
    assert [(one.name, one.left.name, one.right.name, one.reason) for one in found] == [
        ("fax_own", "Fax", "fax", "same label, both text"),
        ("fit_score", "Score__c", "fit_score", "same label, real and int"),
        ("sales_region", "Region__c", "sales_region", "same label, 2 of 2 options shared"),
    ]


def users(*rows: tuple[str, str, str, str | None, str, bool]) -> pl.DataFrame:
    columns = ["connection", "id", "name", "email", "type", "is_active"]
    return pl.DataFrame(list(rows), columns, orient="row")


def test_owners_without_counterpart_are_told_with_the_reason() -> None:
    staff = users(
        ("sf", "1", "Ada", "ada@a.example.com", "person", True),
        ("hs", "1", "Ada", "Ada@A.example.com", "person", True),
        ("sf", "2", "Ben", "ben@a.example.com", "person", True),
        ("hs", "2", "Ben", "ben@a.example.com", "person", False),
        ("sf", "3", "Cleo", "desk@a.example.com", "person", True),
        ("sf", "4", "Dan", "desk@a.example.com", "person", True),
        ("hs", "5", "Eve", "desk@a.example.com", "person", True),
        ("hs", "6", "Fay", None, "person", True),
        ("sf", "7", "Queue", None, "queue", True),
        ("sf", "8", "Gus", "gus@a.example.com", "person", True),
        ("sf", "9", "Left", "left@a.example.com", "person", False),
    )
    found = unmatched_owners(staff, ("sf", "hs"))
    assert found.schema == UNMATCHED
    assert [(row["connection"], row["name"], row["reason"]) for row in found.iter_rows(named=True)] == [
        ("hs", "Eve", "is several active users there by that e-mail address"),
        ("hs", "Fay", "has no e-mail address"),
        ("sf", "Ben", "is inactive there"),
        ("sf", "Cleo", "shares the e-mail address with another active user"),
        ("sf", "Dan", "shares the e-mail address with another active user"),
        ("sf", "Gus", "is not there by that e-mail address"),
    ]
    assert len(people_of(staff, ("sf", "hs"))) == 8


def test_owners_are_the_same_behind_the_address_of_a_sandbox() -> None:
    staff = users(
        ("sf", "1", "Ada", "ada@a.example.com.invalid", "person", True),
        ("hs", "9", "Ada", "ada@a.example.com", "person", True),
    )
    assert same_owners(staff, ("sf", "hs")).rows() == [("1", "9")]
    assert unmatched_owners(staff, ("sf", "hs")).is_empty()


def test_unmatched_owner_is_a_finding_of_the_user() -> None:
    staff = users(("sf", "1", "Ada", "ada@a.example.com", "person", True))
    (row,) = owner_findings(staff, ("sf", "hs")).iter_rows(named=True)
    assert (row["connection"], row["stream"], row["id"], row["rule"]) == ("sf", "users", "1", "owner-unmatched")
    assert row["message"] == "Ada is not there by that e-mail address (in hs)"
