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
