"""Deleting and restoring: what goes along, what stays behind, and what comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.salesforce.errors import ApiError
from tests.sandbox.salesforce_org import BASE, Org

DEAL = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-12-01"}


def remove(org: Org, sobject: str, record_id: str) -> None:
    answer = org.client.delete(f"{BASE}/sobjects/{sobject}/{record_id}")
    assert answer.status_code == 204, answer.text


def test_undelete_brings_children_back_that_went_along_and_no_others(org: Org) -> None:
    account = org.create("Account", Name="A")
    earlier, contact = (org.create("Contact", LastName=name, AccountId=account) for name in "EC")
    deal = org.create("Opportunity", AccountId=account, **DEAL)
    remove(org, "Contact", earlier)
    remove(org, "Account", account)
    assert [org.app.count(kind) for kind in ("Account", "Contact", "Opportunity", "OpportunityHistory")] == [0] * 4
    org.app.undelete("Account", account)
    assert [org.app.row("Contact", one)["IsDeleted"] for one in (earlier, contact)] == [1, 0]
    assert org.app.row("Opportunity", deal)["AccountId"] == account
    assert org.app.count("OpportunityHistory") == 1


def test_undelete_leaves_contact_roles_deleted(org: Org) -> None:
    contact = org.create("Contact", LastName="C")
    deal = org.create("Opportunity", **DEAL)
    org.create("OpportunityContactRole", OpportunityId=deal, ContactId=contact)
    remove(org, "Opportunity", deal)
    org.app.undelete("Opportunity", deal)
    assert org.app.count("OpportunityContactRole") == 0


def test_undelete_points_cleared_lookups_back_unless_they_were_replaced(org: Org) -> None:
    parent, other = (org.create("Account", Name=name) for name in "PO")
    kept, moved = (org.create("Account", Name=name, ParentId=parent) for name in "KM")
    remove(org, "Account", parent)
    assert org.app.row("Account", kept)["ParentId"] is None
    org.patch("Account", moved, ParentId=other)
    org.app.undelete("Account", parent)
    assert [org.app.row("Account", one)["ParentId"] for one in (kept, moved)] == [parent, other]


def test_undelete_moves_the_stamp_and_leaves_the_list_of_deletions(org: Org) -> None:
    account = org.create("Account", Name="A")
    remove(org, "Account", account)
    deleted_at = org.app.row("Account", account)["SystemModstamp"]
    org.app.clock.turn(2)
    org.app.undelete("Account", account)
    assert org.app.row("Account", account)["SystemModstamp"] > deleted_at
    now = org.app.clock.now()
    start, end = (f"{now + timedelta(seconds=distance):%Y-%m-%dT%H:%M:%SZ}" for distance in (-60, 60))
    answer = org.client.get(f"{BASE}/sobjects/Account/deleted/", params={"start": start, "end": end})
    assert answer.json()["deletedRecords"] == []


@pytest.mark.parametrize("days", [14, 16])
def test_undelete_works_for_fifteen_days(org: Org, days: int) -> None:
    account = org.create("Account", Name="A")
    remove(org, "Account", account)
    org.app.clock.turn(days * 86_400)
    if days < 15:
        org.app.undelete("Account", account)
    else:
        with pytest.raises(ApiError, match="not in the recycle bin"):
            org.app.undelete("Account", account)
    assert org.app.row("Account", account)["IsDeleted"] == (days > 15)


def test_undelete_of_a_child_that_went_with_its_parent_is_refused(org: Org) -> None:
    account = org.create("Account", Name="A")
    contact = org.create("Contact", LastName="C", AccountId=account)
    remove(org, "Account", account)
    with pytest.raises(ApiError, match="not in the recycle bin"):
        org.app.undelete("Contact", contact)


# Object -> what its deletion takes along, is forbidden by, and only empties, of what the sandbox has of the recorded
# describes.
CHILDREN = {
    "Account": (
        {"Contact.AccountId", "Opportunity.AccountId", "AccountContactRole.AccountId", "Event.WhatId", "Task.WhatId",
         "Note.ParentId", "Attachment.ParentId", "DuplicateRecordItem.RecordId"},
        {"Case.AccountId", "Contract.AccountId"},
        {"Account.ParentId", "Lead.ConvertedAccountId", "Task.AccountId", "Event.AccountId", "User.AccountId"},
    ),
    "Contact": (
        {"CampaignMember.ContactId", "OpportunityContactRole.ContactId", "AccountContactRole.ContactId",
         "CaseContactRole.ContactId", "ContractContactRole.ContactId", "Event.WhoId", "Task.WhoId",
         "DuplicateRecordItem.RecordId"},
        {"Case.ContactId", "Contract.CustomerSignedId", "User.ContactId"},
        {"Contact.ReportsToId", "Lead.ConvertedContactId", "Opportunity.ContactId"},
    ),
    "Lead": ({"CampaignMember.LeadId", "Event.WhoId", "Task.WhoId", "DuplicateRecordItem.RecordId"}, set(), set()),
}  # fmt: skip


@pytest.mark.parametrize("parent", CHILDREN)
def test_describe_tells_what_a_deletion_does_to_children(org: Org, parent: str) -> None:
    told = org.client.get(f"{BASE}/sobjects/{parent}/describe").json()["childRelationships"]
    kinds = {f"{one['childSObject']}.{one['field']}": (one["cascadeDelete"], one["restrictedDelete"]) for one in told}
    for names, flags in zip(CHILDREN[parent], ((True, False), (False, True), (False, False)), strict=True):
        assert {name: kinds.get(name) for name in names} == dict.fromkeys(names, flags)


@pytest.mark.parametrize(
    ("child", "link", "values"),
    [("Case", "AccountId", {}), ("Contract", "AccountId", {}), ("Case", "ContactId", {})],
)
def test_delete_that_a_child_forbids_is_refused_and_names_it(
    org: Org, child: str, link: str, values: dict[str, str]
) -> None:
    account = org.create("Account", Name="A")
    contact = org.create("Contact", LastName="C", AccountId=account)
    other = org.create("Opportunity", AccountId=account, **DEAL)
    held = {"AccountId": account, "ContactId": contact}[link]
    made = org.create(child, **{link: held, **values})
    parent = "Account" if link == "AccountId" else "Contact"
    answer = org.client.delete(f"{BASE}/sobjects/{parent}/{held}")
    error = answer.json()[0]
    assert (answer.status_code, error["errorCode"]) == (400, "DELETE_FAILED")
    assert org.app.row(child, made)[f"{child}Number"] in error["message"]
    # What lies below a record can forbid its deletion as well, and then nothing at all is deleted.
    assert org.client.delete(f"{BASE}/sobjects/Account/{account}").json()[0]["errorCode"] == "DELETE_FAILED"
    assert [org.app.count("Contact"), org.app.row("Opportunity", other)["IsDeleted"]] == [1, 0]
    remove(org, child, made)
    remove(org, "Account", account)


def test_undelete_that_would_break_a_unique_key_is_refused(org: Org) -> None:
    account = org.create("Account", Name="A", Trueline_Id__c="t")
    remove(org, "Account", account)
    org.create("Account", Name="B", Trueline_Id__c="t")
    with pytest.raises(ApiError, match="duplicate value found"):
        org.app.undelete("Account", account)
    assert org.app.row("Account", account)["IsDeleted"] == 1


def test_collection_delete_of_parent_and_child_tells_that_the_child_is_gone(org: Org) -> None:
    account = org.create("Account", Name="A")
    contact = org.create("Contact", LastName="C", AccountId=account)
    ids = {"ids": f"{account},{contact}"}
    results = org.client.delete(f"{BASE}/composite/sobjects", params=ids).json()
    assert [row["success"] for row in results] == [True, False]
    assert results[1]["errors"][0]["statusCode"] == "ENTITY_IS_DELETED"


def test_emptied_bin_holds_nothing_that_could_be_restored(org: Org) -> None:
    account = org.create("Account", Name="A")
    org.create("Contact", LastName="C", AccountId=account)
    remove(org, "Account", account)
    assert org.app.admin.empty_recycle_bin(days=15) == 0
    # The account and the contact with the histories of both.
    assert org.app.admin.empty_recycle_bin() == 4
    assert org.records("SELECT Id FROM Account", "queryAll") == []
    with pytest.raises(ApiError, match="invalid cross reference id"):
        org.app.undelete("Account", account)
