"""A plan of what changed makes and deletes just the records that a plan of everything would."""

from __future__ import annotations

import random

import pytest

from model.changes import Create, Delete
from model.sync_settings import SyncSettings
from sync.plan import PlanReport, plan_changes
from sync.push import push_stored
from sync.workspace import Workspace
from tests.sync.scene import Scene
from tests.sync.test_scope import changes, pulled, settled

BOTH = {"create": ["sf", "hs"], "deletes": "propagate", "fields": {"phone": "two-way"}}
SETTINGS = {"sync": SyncSettings.model_validate({"between": ["sf", "hs"], "accounts": BOTH, "contacts": BOTH})}


def disturbed(scene: Scene, chance: random.Random) -> None:
    """Records that come, go and change, of people and of their companies."""
    accounts, contacts = ([row["Id"] or "" for row in scene.sf.rows(one)] for one in ("Account", "Contact"))
    for number in range(3):
        scene.sf.create("Contact", LastName=f"Newman {number}", Email=f"newman{number}@fresh.example",
                        Phone="020 7123 456", AccountId=chance.choice(accounts))  # fmt: skip
        scene.hs.create("contacts", lastname=f"Fresh {number}", email=f"fresh{number}@new.example", country="germany")
    made = scene.sf.create("Account", Name="Brand New Works", Website="brandnewworks.example")
    scene.sf.create("Contact", LastName="Workman", Email="w@brandnewworks.example", AccountId=made)
    scene.hs.create("companies", name="Fresh Harbour", domain="freshharbour.example")
    scene.hs.create("contacts", email="nameless@nowhere.example")
    for contact in chance.sample(contacts, 4):
        scene.sf.delete("Contact", contact)
    for row in chance.sample(scene.hs.rows("contacts"), 4):
        scene.hs.delete("contacts", row["hs_object_id"] or "")
    for contact in chance.sample([row["Id"] or "" for row in scene.sf.rows("Contact")], 4):
        scene.edit("sf", contact, email=f"changed{contact[-6:]}@else.example".lower())
    scene.sf.edit("Account", chance.choice(accounts), Name="Renamed Industries")


def of_records(workspace: Workspace, plan: PlanReport) -> set[str]:
    planned = workspace.store.plan_changes(plan.plan_id) if plan.plan_id else []
    return {f"{one.change.kind} {one.change.key}" for one in planned if isinstance(one.change, Create | Delete)}


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak), pytest.param(3, marks=pytest.mark.soak)])
def test_cycles_of_what_changed_make_and_delete_as_whole_plans_would(scene: Scene, seed: int) -> None:
    chance = random.Random(seed)
    with scene.open_alike(**SETTINGS) as workspace:
        settled(scene, workspace, full=True)
        disturbed(scene, chance)
        kinds: set[str] = set()
        for _ in range(6):
            pulled(scene, workspace)
            some = plan_changes(workspace, full=False)
            of_some = of_records(workspace, some)
            every = plan_changes(workspace)
            assert (some.in_part, every.in_part) == (True, False)
            assert of_some == of_records(workspace, every)
            assert changes(some) == changes(every)
            if not every.rows:
                break
            kinds |= {row.split(" ")[0] for row in of_some}
            push_stored(workspace, every.plan_id)
        assert kinds == {"create", "delete"}
        assert not every.rows
