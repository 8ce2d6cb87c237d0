"""The daily allowance, what /limits and the usage header tell of it, and counts that lag behind."""

from __future__ import annotations

import re

from tests.sandbox.salesforce_org import BASE, Org


def test_usage_header_is_on_every_answer_but_the_versions(org: Org) -> None:
    ok = org.query("SELECT Id FROM Account")
    refused = org.query("SELECT Nope FROM Account")
    missing = org.client.get(f"{BASE}/nowhere")
    told = [answer.headers["Sforce-Limit-Info"] for answer in (ok, refused, missing)]
    assert told == ["api-usage=1/100000", "api-usage=2/100000", "api-usage=3/100000"]
    assert "Sforce-Limit-Info" not in org.client.get("/services/data/").headers
    assert re.fullmatch(r"^api-usage=(\d+)/(\d+)$", told[0])


def test_usage_header_tells_the_apps_own_part_where_it_has_one(org: Org) -> None:
    org.app.settings.app_limit = 250
    answer = org.query("SELECT Id FROM Account")
    assert answer.headers["Sforce-Limit-Info"] == "api-usage=1/100000; per-app-api-usage=1/250(appName=sandbox)"
    org.app.settings.app_limit, org.app.settings.burst_limit = 0, 750
    assert org.query("SELECT Id FROM Account").headers["Sforce-Limit-Info"] == "api-usage=2/100000; api-bursts=1/750"


def test_allowance_comes_back_a_day_after_it_was_used(org: Org) -> None:
    org.app.settings.daily_limit = 1
    assert org.query("SELECT Id FROM Account").status_code == 200
    spent = org.query("SELECT Id FROM Account")
    assert (spent.status_code, spent.json()[0]["message"]) == (403, "TotalRequests Limit exceeded.")
    assert spent.headers["Sforce-Limit-Info"] == "api-usage=1/1"
    org.app.clock.turn(86_400 + 3_600)
    org.log_in()
    assert org.query("SELECT Id FROM Account").status_code == 200


def test_limits_have_the_documented_names_some_of_them_nested(org: Org) -> None:
    body = org.client.get(f"{BASE}/limits").json()
    assert {"DataStorageMB", "DailyWorkflowEmails", "HourlySyncReportRuns", "SingleEmail"} <= body.keys()
    assert all({"Max", "Remaining"} <= entry.keys() for entry in body.values())
    assert body["PermissionSets"]["CreateCustom"]["Max"] == 1000


def test_limits_and_counts_may_be_minutes_old(org: Org) -> None:
    org.app.settings.told_after_s = 300
    count = f"{BASE}/limits/recordCount?sObjects=Account"
    assert org.client.get(count).json() == {"sObjects": [{"count": 0, "name": "Account"}]}
    remaining = org.client.get(f"{BASE}/limits").json()["DailyApiRequests"]["Remaining"]
    org.create("Account", Name="A")
    assert org.client.get(count).json()["sObjects"][0]["count"] == 0
    assert org.query("SELECT COUNT() FROM Account").json()["totalSize"] == 1
    assert org.client.get(f"{BASE}/limits").json()["DailyApiRequests"]["Remaining"] == remaining
    org.app.clock.turn(301)
    assert org.client.get(count).json()["sObjects"][0]["count"] == 1
    assert org.client.get(f"{BASE}/limits").json()["DailyApiRequests"]["Remaining"] < remaining


def test_recent_records_are_the_ones_the_user_wrote_last(org: Org) -> None:
    org.create("Account", Name="A")
    org.app.clock.turn(1)
    contact = org.create("Contact", LastName="B")
    org.app.create("Account", Name="Somebody else's")
    first, second = org.client.get(f"{BASE}/recent").json()
    assert (first["attributes"]["type"], first["Id"], first["Name"], second["Name"]) == ("Contact", contact, "B", "A")
    assert len(org.client.get(f"{BASE}/recent?limit=1").json()) == 1
    assert org.client.get(f"{BASE}/recent?limit=x").status_code == 400
