"""What the API user may not see is silently left out: records that are not shared, other people's logins."""

from __future__ import annotations

import polars as pl

from sandbox.salesforce.ids import make_id
from tests.sandbox.salesforce_org import BASE, Org


def test_record_not_shared_is_found_by_no_read(org: Org) -> None:
    seen, hidden = org.create("Account", Name="Seen"), org.create("Account", Name="Hidden")
    org.app.admin.hide_record(hidden)
    assert org.names("SELECT Name FROM Account") == ["Seen"]
    assert org.names("SELECT Name FROM Account", "queryAll") == ["Seen"]
    assert org.query("SELECT COUNT() FROM Account").json()["totalSize"] == 1
    assert org.client.get(f"{BASE}/sobjects/Account/{hidden}").json()[0]["errorCode"] == "NOT_FOUND"
    both = {"ids": [seen, hidden], "fields": ["Name"]}
    found = org.client.post(f"{BASE}/composite/sobjects/Account", json=both).json()
    assert (found[0]["Name"], found[1]) == ("Seen", None)
    search = org.client.get(f"{BASE}/search", params={"q": "FIND {hidden} RETURNING Account"}).json()
    assert search == {"searchRecords": []}
    org.app.admin.show_record(hidden)
    assert len(org.names("SELECT Name FROM Account")) == 2


def test_logins_of_others_are_for_those_who_manage_users(org: Org) -> None:
    user, other = org.app.user_id, org.app._find_user("somebody@sandbox.example")
    logins = {"Id": [make_id("0Ya", "ZZ", n) for n in (1, 2)], "UserId": [user, other]}
    times = {"LoginTime": ["2026-01-01T00:00:00.000+0000"] * 2, "LoginType": ["Application"] * 2}
    org.app.load({"LoginHistory": pl.DataFrame({**logins, **times})})
    assert len(org.records("SELECT Id FROM LoginHistory")) == 2
    profile = org.app.row("User", user)["ProfileId"]
    org.app.edit("Profile", profile, PermissionsManageUsers=False)
    assert [row["UserId"] for row in org.records("SELECT UserId FROM LoginHistory")] == [user]
