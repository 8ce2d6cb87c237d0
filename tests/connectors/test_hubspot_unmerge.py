"""Merges in HubSpot taken apart from snapshots, softly merged companies, and merges that others made on top."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from connectors.hubspot import Hubspot
from model.changes import Merge, Outcome, Planned, Unmerge
from model.evidence import RecordKey
from model.streams import Value
from sandbox.faults import Fault
from tests.connectors.hubspot_portal import PLURAL, Portal, open_portal, rows

MARK = "trueline_merged_into"
PRIMARY = [1, 279]


@dataclass
class Scene:
    """Three contacts at two companies, with a deal and a note that hang on the second."""

    portal: Portal
    hubspot: Hubspot
    companies: list[str] = field(default_factory=list)
    contacts: list[str] = field(default_factory=list)

    def merge(self, stream: str, *ids: str, values: tuple[tuple[str, Value], ...] = ()) -> tuple[Outcome, Unmerge]:
        """Merge, and the change that undoes it."""
        keys = [RecordKey("hs", stream, one) for one in ids]
        change = Merge(keys[0], tuple(keys[1:]), values, self.portal.version(stream, ids[0]), "a reason")
        merging = Planned("m", change)
        shots = self.hubspot.snapshots([merging])["m"]
        (outcome,) = self.hubspot.send((merging,)).outcomes
        assert outcome.status == "applied", outcome
        self.portal.app.clock.turn(5)
        at = RecordKey("hs", stream, str(outcome.made))
        return outcome, Unmerge(at, change.losers, values, outcome.version, "a reason", of="m", snapshots=shots)

    def undone(self, change: Unmerge) -> Outcome:
        (outcome,) = self.hubspot.send((Planned("u", change),)).outcomes
        return outcome

    def links(self, kind: str, record: str, target: str) -> dict[str, list[int]]:
        portal, links = self.portal.app._portal, self.portal.app._links
        found = links.of(portal.kind(kind), [int(record)], portal.kind(target)).get(int(record), [])
        return {str(other): sorted(types) for other, types in found}

    def row(self, stream: str, record: str) -> dict[str, Any]:
        found = self.portal.app.row(PLURAL[stream], record)
        assert found is not None
        return found


@pytest.fixture
def portal() -> Iterator[Portal]:
    with open_portal() as opened:
        yield opened


@pytest.fixture
def scene(portal: Portal) -> Scene:
    app, made = portal.app, Scene(portal, portal.connect())
    made.companies = [app.create("companies", name=f"Company {at}", domain=f"c{at}.example") for at in range(3)]
    people: tuple[dict[str, Any], ...] = (
        {"email": "a@x.example", "firstname": "Ann", "lifecyclestage": "lead"},
        {"email": "b@x.example", "firstname": "Bea", "jobtitle": "CEO", "lifecyclestage": "customer"},
        {"firstname": "Cee", "mobilephone": "9"},
    )
    made.contacts = [app.create("contacts", **one) for one in people]
    for contact, company in ((0, 0), (1, 1), (1, 0), (2, 1)):
        app.associate("contacts", made.contacts[contact], "companies", made.companies[company])
    deal = app.create("deals", dealname="D", dealstage="appointmentscheduled", pipeline="default")
    note = app.create("notes", hs_timestamp="2026-01-01T00:00:00Z", hs_note_body="n")
    for kind, record in (("deals", deal), ("notes", note)):
        app.associate(kind, record, "contacts", made.contacts[1])
    app.clock.turn(60)
    return made


def test_merge_is_taken_apart_with_addresses_stage_values_and_links(scene: Scene) -> None:
    first, second, third = scene.contacts
    outcome, apart = scene.merge("contacts", first, second, third, values=(("title", "Boss"),))
    undone = scene.undone(apart)
    assert (undone.status, undone.code) == ("applied", "")
    survivor, bea, cee = str(outcome.made), *str(undone.made).split(";")
    ann = scene.row("contacts", survivor)
    assert [ann[name] for name in ("email", "jobtitle", "mobilephone", "lifecyclestage", "hs_additional_emails")] == [
        "a@x.example", None, None, "lead", None
    ]  # fmt: skip
    told = scene.row("contacts", bea)
    assert [told[name] for name in ("email", "firstname", "jobtitle", "lifecyclestage")] == [
        "b@x.example", "Bea", "CEO", "customer"
    ]  # fmt: skip
    assert scene.row("contacts", cee)["mobilephone"] == "9"
    one, two, _ = scene.companies
    assert scene.links("contacts", survivor, "companies") == {one: PRIMARY}
    assert scene.links("contacts", bea, "companies") == {one: [279], two: PRIMARY}
    assert len(scene.links("contacts", bea, "deals")) == len(scene.links("contacts", bea, "notes")) == 1
    assert scene.links("contacts", survivor, "deals") == {}


def test_undo_done_again_writes_nothing_and_is_seen_to_be_done(scene: Scene) -> None:
    _, apart = scene.merge("contacts", *scene.contacts)
    assert scene.hubspot.observe([Planned("u", apart)])["u"].value is None
    made = scene.undone(apart).made
    scene.portal.listener.requests.clear()
    assert scene.undone(apart).made == made
    assert not [one for one in scene.portal.listener.requests if "create" in one.path or "update" in one.path]
    assert scene.hubspot.observe([Planned("u", apart)])["u"].value == made


@pytest.mark.parametrize("route", ["batch/update", "secondary-email", "batch/create", "companies/batch/create"])
@pytest.mark.parametrize("stage", ["before", "after"])
def test_undo_cut_short_goes_on_where_it_was(scene: Scene, route: str, stage: str) -> None:
    _, apart = scene.merge("contacts", *scene.contacts[:2], values=(("title", "Boss"),))
    faults = scene.portal.listener.faults
    faults.add(Fault(route=route, stage=stage, drop=True))  # type: ignore[arg-type]
    first = scene.undone(apart)
    faults.clear()
    assert first.status in ("unknown", "applied")
    bea = str(scene.undone(apart).made)
    assert scene.row("contacts", bea)["email"] == "b@x.example"
    assert scene.links("contacts", bea, "companies") == {scene.companies[0]: [279], scene.companies[1]: PRIMARY}
    assert scene.portal.app.count("contacts") == 3


def test_what_others_did_since_stays(scene: Scene) -> None:
    outcome, apart = scene.merge("contacts", *scene.contacts[:2], values=(("title", "Boss"),))
    survivor = str(outcome.made)
    scene.portal.app.edit("contacts", survivor, jobtitle="Chair")
    scene.portal.app.dissociate("contacts", survivor, "companies", scene.companies[1])
    undone = scene.undone(apart)
    assert undone.code == "PARTLY"
    assert "jobtitle was changed" in undone.message
    assert scene.row("contacts", survivor)["jobtitle"] == "Chair"
    assert scene.companies[1] not in scene.links("contacts", str(undone.made), "companies")


def test_merge_that_somebody_made_on_top_is_followed_and_stays(scene: Scene) -> None:
    first, second, third = scene.contacts
    outcome, apart = scene.merge("contacts", first, second)
    scene.portal.app.merge("contacts", third, str(outcome.made))
    assert scene.portal.app.count("contacts") == 1
    undone = scene.undone(apart)
    assert undone.status == "applied"
    assert scene.row("contacts", str(undone.made))["email"] == "b@x.example"
    assert scene.portal.app.count("contacts") == 2, "what they merged stays merged"


@pytest.fixture
def soft(scene: Scene) -> Scene:
    scene.portal.app.set_salesforce_integration(True)
    scene.hubspot = scene.portal.connect()
    return scene


def test_company_that_hubspot_would_not_merge_is_merged_softly_and_taken_for_merged(soft: Scene) -> None:
    one, two, _ = soft.companies
    outcome, _ = soft.merge("accounts", one, two, values=(("phone", "+441615550100"),))
    assert (outcome.code, outcome.made) == ("SOFT", one)
    assert soft.row("accounts", two)[MARK] == one
    assert soft.row("accounts", one)["phone"] == "+441615550100"
    assert soft.links("companies", two, "contacts") == {}
    assert set(soft.links("companies", one, "contacts")) == set(soft.contacts)
    pages = soft.portal.pull("accounts")
    merged = {row["id"]: row.get("merged_into") for row in rows(pages) if row.get("is_deleted")}
    assert merged[two] == one
    assert soft.portal.connect().count("accounts") in (2, 3)


def test_soft_merge_is_undone_in_place(soft: Scene) -> None:
    one, two, _ = soft.companies
    before = [soft.links("companies", company, "contacts") for company in (one, two)]
    _, apart = soft.merge("accounts", one, two, values=(("phone", "+441615550100"),))
    undone = soft.undone(apart)
    assert (undone.status, undone.code, undone.made) == ("applied", "", two)
    assert [soft.links("companies", company, "contacts") for company in (one, two)] == before
    assert soft.row("accounts", two)[MARK] is None
    assert soft.row("accounts", one)["phone"] is None
    assert soft.undone(apart).status == "already"


@pytest.mark.parametrize("stage", ["before", "after"])
def test_soft_merge_whose_answer_is_lost_is_looked_at_and_goes_on(soft: Scene, stage: str) -> None:
    one, two, _ = soft.companies
    keys = [RecordKey("hs", "accounts", company) for company in (one, two)]
    merging = Planned("m", Merge(keys[0], (keys[1],), (), soft.portal.version("accounts", one), "a reason"))
    route = "associations/.*/batch/create"
    soft.portal.listener.faults.add(Fault(route=route, stage=stage, drop=True))  # type: ignore[arg-type]
    (first,) = soft.hubspot.send((merging,)).outcomes
    soft.portal.listener.faults.clear()
    assert first.status in ("unknown", "applied")
    if first.status == "unknown":
        assert soft.hubspot.observe([merging])["m"].value is None
        assert soft.hubspot.send((merging,)).outcomes[0].status == "applied"
    assert soft.hubspot.observe([merging])["m"].value == one
    assert set(soft.links("companies", one, "contacts")) == set(soft.contacts)
