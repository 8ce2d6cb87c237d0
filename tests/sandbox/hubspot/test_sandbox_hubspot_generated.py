"""What the generator makes is what a portal can hold."""

from __future__ import annotations

from datetime import date

import httpx
import polars as pl
import pytest

from sandbox.generator import generate
from sandbox.hubspot import HubspotApp
from sandbox.hubspot.kinds import Kind, kind_named
from sandbox.hubspot.schema import default_definitions
from sandbox.server import Listener
from tests.sandbox.hubspot.conftest import PLAIN

KINDS = ("contacts", "companies", "deals", "calls", "emails", "meetings", "notes", "tasks")


def _kind(name: str) -> Kind:
    found = kind_named(name)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def frames() -> dict[str, pl.DataFrame]:
    return generate(600, seed=3, dirt=0.4, as_of=date(2026, 11, 22)).hubspot


@pytest.fixture(scope="module")
def app(frames: dict[str, pl.DataFrame]) -> HubspotApp:
    made = HubspotApp()
    made.load(frames)
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_generated_records_are_all_there(app: HubspotApp, frames: dict[str, pl.DataFrame], kind: str) -> None:
    assert app.count(kind) == frames[kind].height


@pytest.mark.parametrize("kind", KINDS)
def test_generated_columns_and_options_are_those_of_the_schema(frames: dict[str, pl.DataFrame], kind: str) -> None:
    known = default_definitions(_kind(kind))
    for column in frames[kind].drop("id").iter_columns():
        assert column.name in known
        options = set(known[column.name].values)
        if options and known[column.name].type == "enumeration":
            assert set(column.drop_nulls().cast(pl.String)) <= options


def test_generated_contacts_show_their_primary_company(app: HubspotApp, frames: dict[str, pl.DataFrame]) -> None:
    flags = frames["associations"].filter(pl.col("type_id") == 1)
    expected = dict(zip(flags["from_id"].cast(pl.String), flags["to_id"].cast(pl.String), strict=True))
    shown = {row["hs_object_id"]: row["associatedcompanyid"] for row in app.rows("contacts")}
    assert {key: value for key, value in shown.items() if value} == expected


def test_generated_records_roll_up_their_engagements(app: HubspotApp, frames: dict[str, pl.DataFrame]) -> None:
    links = frames["associations"].filter(pl.col("from_type") == "contacts")
    kinds = {name: frames[name].select("id", "hs_timestamp") for name in ("calls", "emails", "meetings")}
    contacts = app.rows("contacts")
    assert (
        sum(int(row["num_notes"] or 0) for row in contacts)
        == links.filter(pl.col("to_type") != "companies").filter(pl.col("to_type") != "deals").height
    )
    row = next(row for row in contacts if int(row["num_contacted_notes"] or 0) > 1)
    mine = links.filter(pl.col("from_id") == row["hs_object_id"])
    moments = [
        at
        for name, frame in kinds.items()
        for at in frame.join(mine.filter(pl.col("to_type") == name), left_on="id", right_on="to_id")["hs_timestamp"]
    ]
    assert row["num_contacted_notes"] == str(len(moments))
    assert row["notes_last_contacted"] == f"{max(moments):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


def test_generated_account_has_people_logins_forms_and_history(
    app: HubspotApp, frames: dict[str, pl.DataFrame]
) -> None:
    with Listener(app) as listener:
        headers = {"Authorization": "Bearer pat-sandbox-token"}
        with httpx.Client(base_url=listener.url, headers=headers, verify=PLAIN) as client:
            users = client.get("/settings/v3/users", params={"limit": 100}).json()["results"]
            teams = client.get("/settings/v3/users/teams").json()["results"]
            logins = client.get("/account-info/v3/activity/login", params={"limit": 200}).json()["results"]
            forms = client.get("/marketing/v3/forms").json()["results"]
            told = [
                client.get(f"/form-integrations/v1/submissions/forms/{form['id']}").json()["results"] for form in forms
            ]
            deal = frames["deals"]["id"][0]
            past = client.get(f"/crm/v3/objects/deals/{deal}", params={"propertiesWithHistory": "dealstage"}).json()
            page = client.get(
                "/crm/v3/objects/users", params={"limit": 100, "properties": "hs_internal_user_id"}
            ).json()
    active = frames["owners"].filter(~pl.col("archived"))
    assert {user["id"] for user in users} == set(active["userId"])
    assert sum(len(team["userIds"]) for team in teams) == len(users)
    assert {one["properties"]["hs_internal_user_id"] for one in page["results"]} == set(frames["owners"]["userId"])
    assert str(logins[0]["userId"]) in set(frames["owners"]["userId"])
    assert len(forms) == 4 and any(told)
    mine = frames["history"].filter((pl.col("id") == deal) & (pl.col("property") == "dealstage"))
    assert [one["value"] for one in past["propertiesWithHistory"]["dealstage"]] == list(mine["value"])[::-1]
    entered = app.row("deals", deal)
    assert entered is not None
    for stage, at in zip(mine["value"], mine["at"], strict=True):
        assert entered[f"hs_v2_date_entered_{stage}"] == f"{at:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
