"""What becomes of values that two records agree on when one of them is merged or converted: the newer one stays."""

from __future__ import annotations

from model.changes import Merge
from model.evidence import RecordKey
from model.settings import PlanSettings
from sync.plan import plan_changes
from sync.workspace import Workspace
from tests.sync.scene import Scene, stored_plan
from tests.sync.test_edits import agreed, later, planned, queued
from tests.sync.test_fields import cycle, settings

NEW = {"title": "Chief of Staff", "phone": "+442071230001", "city": "York"}
OLD = {"title": "Clerk", "phone": "+442071230009", "city": "Hull"}
LATE = "+442071230010"
PERSON = {"LastName": "Zwart", "FirstName": "Yara", "Email": "yara@zwart.example"}


def values(scene: Scene, sf: str, hs: str) -> dict[str, tuple[object, object]]:
    return {name: (scene.value("sf", sf, name), scene.value("hs", hs, name)) for name in NEW}


def carried(scene: Scene, workspace: Workspace, hs: str) -> None:
    """Somebody sets values in HubSpot, which Salesforce gets, and a while passes."""
    scene.edit("hs", hs, **NEW)
    cycle(scene, workspace)
    later(scene, 600)


def test_what_a_merge_left_gives_way_to_what_somebody_set_later_and_else_a_person_is_asked(scene: Scene) -> None:
    with scene.open_alike(**settings(dict.fromkeys(NEW, "two-way"))) as workspace:
        sf, hs = agreed(scene, workspace)
        # When a record's first values were set its history does not say.
        heir = scene.sf.create("Contact", LastName="Zwart", MailingCity=OLD["city"])
        scene.edit("sf", heir, title=OLD["title"], phone=OLD["phone"])
        later(scene, 600)
        carried(scene, workspace, hs)
        scene.edit("sf", heir, phone=LATE)
        later(scene, 600)
        scene.sf.merge("Contact", heir, [sf])
        assert sorted(cycle(scene, workspace)) == [
            f"hs phone: {NEW['phone']!r} -> {LATE!r}",
            f"sf title: {OLD['title']!r} -> {NEW['title']!r}",
        ]
        assert planned(workspace, heir, hs)["sf title"].reason.startswith("newer: set ")
        city = queued(workspace, heir)["city"]
        assert (city.left_value, city.right_value, city.has_base) == (OLD["city"], NEW["city"], True)
        assert "merge" in city.reason
        later(scene, 600)
        assert cycle(scene, workspace) == []
        scene.edit("hs", hs, city="Leeds")
        assert cycle(scene, workspace) == ["sf city: 'Hull' -> 'Leeds'"], "newer than all that is known of the other"

        primary = scene.hs.create("contacts", lastname="Zwart", jobtitle="Intern", phone=LATE)
        later(scene, 600)
        scene.edit("sf", heir, title="Head of Staff")
        cycle(scene, workspace)
        later(scene, 600)
        hs = scene.hs.merge("contacts", primary, hs)
        scene.hs.catch_up_index()
        assert cycle(scene, workspace) == ["hs title: 'Intern' -> 'Head of Staff'"]
        assert cycle(scene, workspace) == []
        assert not queued(workspace, heir)


def test_contact_that_a_lead_was_converted_onto_gets_what_was_set_later(scene: Scene) -> None:
    with scene.open_alike(**settings(dict.fromkeys(NEW, "two-way"))) as workspace:
        _, hs = agreed(scene, workspace)
        lead = scene.sf.create("Lead", Company="Zwart", **PERSON)
        hs = scene.hs.create("contacts", lastname="Zwart", firstname="Yara", email=PERSON["Email"])
        scene.hs.catch_up_index()
        contact = scene.sf.create("Contact", LastName="Quist", AccountId=scene.ids("sf", "accounts")[0])
        scene.edit("sf", contact, **OLD)
        later(scene, 600)
        cycle(scene, workspace, 2)
        carried(scene, workspace, hs)
        assert scene.sf.row("Lead", lead)["Title"] == NEW["title"]
        scene.edit("sf", contact, phone=LATE)
        later(scene, 600)
        scene.sf.convert(lead, account_id=scene.ids("sf", "accounts")[0], contact_id=contact)
        cycle(scene, workspace)
        assert values(scene, contact, hs) == {**{name: (new, new) for name, new in NEW.items()}, "phone": (LATE, LATE)}


def test_merge_of_ours_keeps_what_was_set_last_and_else_what_both_crms_hold(scene: Scene) -> None:
    fields = {**dict.fromkeys(NEW, "two-way"), "title": {"authority": "two-way", "newest": False}}
    with scene.open_alike(**(settings(fields) | {"plan": PlanSettings(rules=())})) as workspace:
        sf, hs = agreed(scene, workspace)
        person = scene.sf.row("Contact", sf)
        same = {name: person[name] for name in ("LastName", "FirstName", "Email", "AccountId", "MailingCountry")}
        full = {"MailingStreet": "Main Street 1", "Department": "Board", "Description": "the fullest record"}
        twin = scene.sf.create("Contact", **same, **full, Phone=OLD["phone"], MobilePhone="+447700900123")
        later(scene, 600)
        carried(scene, workspace, hs)
        merge = planned_merge(workspace, sf)
        assert merge.losers == (RecordKey("sf", "contacts", twin),), "the fuller one goes: it is not kept alike"
        assert "kept alike" in merge.reason
        assert dict(merge.values).keys() & NEW.keys() == set()
        scene.edit("sf", twin, phone=LATE)
        cycle(scene, workspace)
        merge = planned_merge(workspace, sf)
        assert dict(merge.values)["phone"] == LATE
        assert next(one for one in merge.chosen if one.field == "phone").reason.startswith("the newest, of ")


def planned_merge(workspace: Workspace, survivor: str) -> Merge:
    plan_changes(workspace)
    return next(one for one in stored_plan(workspace) if isinstance(one, Merge) and one.key.id == survivor)
