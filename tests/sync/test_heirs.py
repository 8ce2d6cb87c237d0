"""What becomes of values that two records agree on when one of them is merged or converted: the newer one stays."""

from __future__ import annotations

from model.changes import Merge
from model.evidence import RecordKey
from model.settings import PlanSettings
from sync.workspace import Workspace
from tests.sync.scene import Scene, stored_plan
from tests.sync.test_edits import agreed, later, planned, queued
from tests.sync.test_fields import cycle, settings

NEW = {"title": "Chief of Staff", "phone": "+442071230001", "city": "York"}
OLD = {"title": "Clerk", "phone": "+442071230009", "city": "Hull"}
LATE = "+442071230010"
PERSON = {"LastName": "Zwart", "FirstName": "Yara", "Email": "yara@zwart.example"}


def carried(scene: Scene, workspace: Workspace, *hubspot: str) -> None:
    """Somebody sets values in HubSpot, which Salesforce gets, and a while passes."""
    for one in hubspot:
        scene.edit("hs", one, **NEW)
    cycle(scene, workspace)
    later(scene, 600)


def test_what_a_merge_or_conversion_left_gives_way_to_what_was_set_later_and_else_a_person_is_asked(
    scene: Scene,
) -> None:
    with scene.open_alike(**settings(dict.fromkeys(NEW, "two-way"))) as workspace:
        sf, hs = agreed(scene, workspace)
        home = scene.ids("sf", "accounts")[0]
        lead = scene.sf.create("Lead", Company="Zwart", **PERSON)
        other = scene.hs.create("contacts", lastname="Zwart", firstname="Yara", email=PERSON["Email"])
        # When a record's first values were set its history does not say.
        heir, contact = (
            scene.sf.create("Contact", LastName=name, AccountId=home, MailingCity=OLD["city"])
            for name in ("Quist", "Rossi")
        )
        for one in (heir, contact):
            scene.edit("sf", one, title=OLD["title"], phone=OLD["phone"])
        later(scene, 600)
        cycle(scene, workspace)
        carried(scene, workspace, hs, other)
        assert scene.sf.row("Lead", lead)["Title"] == scene.value("sf", sf, "title") == NEW["title"]
        scene.edit("sf", heir, phone=LATE)
        scene.edit("sf", contact, phone=LATE)
        later(scene, 600)
        scene.sf.merge("Contact", heir, [sf])
        scene.sf.convert(lead, account_id=home, contact_id=contact)
        phone, title = f"hs phone: {NEW['phone']!r} -> {LATE!r}", f"sf title: {OLD['title']!r} -> {NEW['title']!r}"
        assert sorted(cycle(scene, workspace)) == [phone, phone, title, title]
        for one, partner in ((heir, hs), (contact, other)):
            assert planned(workspace, one, partner)["sf title"].reason.startswith("newer: set ")
            city = queued(workspace, one)["city"]
            assert (city.left_value, city.right_value, city.has_base) == (OLD["city"], NEW["city"], True)
            assert "merge or conversion" in city.reason
        primary = scene.hs.create("contacts", lastname="Quist", jobtitle="Intern", phone=LATE)
        for connection, record, value in (("sf", heir, {"title": "Head of Staff"}), ("hs", hs, {"city": "Leeds"})):
            later(scene, 600)
            scene.edit(connection, record, **value)
        rows = cycle(scene, workspace)
        assert rows == [f"hs title: {NEW['title']!r} -> 'Head of Staff'", "sf city: 'Hull' -> 'Leeds'"], "the newest"
        later(scene, 600)
        hs = scene.hs.merge("contacts", primary, hs)
        scene.hs.catch_up_index()
        assert cycle(scene, workspace) == ["hs title: 'Intern' -> 'Head of Staff'"]


def test_merge_of_ours_keeps_what_was_set_last_and_else_what_both_crms_hold(scene: Scene) -> None:
    told = settings({"title": "two-way", "phone": "two-way"}) | {"plan": PlanSettings(rules=())}
    with scene.open_alike(**told) as workspace:
        sf, hs = agreed(scene, workspace)
        person = scene.sf.row("Contact", sf)
        same = {name: person[name] for name in ("LastName", "FirstName", "Email", "AccountId", "MailingCountry")}
        full = {"MailingStreet": "Main Street 1", "Department": "Board", "MobilePhone": "+447700900123"}
        twin = scene.sf.create("Contact", **same, **full, Title=OLD["title"], Phone=OLD["phone"])
        later(scene, 600)
        carried(scene, workspace, hs)
        scene.edit("sf", twin, phone=LATE)
        cycle(scene, workspace)
        merge = next(one for one in stored_plan(workspace) if isinstance(one, Merge) and one.key.id == sf)
        assert merge.losers == (RecordKey("sf", "contacts", twin),), "the fuller one goes: it is not kept alike"
        assert "kept alike" in merge.reason
        assert {name: value for name, value in merge.values if name in NEW} == {"phone": LATE}
        reasons = {one.field: one.reason for one in merge.chosen}
        assert (reasons["phone"][:15], reasons["title"]) == ("the newest, of ", "the survivor's")
