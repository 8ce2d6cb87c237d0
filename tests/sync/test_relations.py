"""Merges where contacts have several accounts: relations that would be there twice come off first, and come back."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from model.changes import Merge
from model.evidence import RecordKey
from model.settings import Caps
from sandbox.faults import Fault
from sandbox.salesforce import SalesforceApp
from sandbox.salesforce.errors import ApiError
from sync.push import push_stored
from sync.undo import undo_run
from tests.sync.conftest import fresh_scene
from tests.sync.killed import finish, killing, start_command, write_project
from tests.sync.scene import Scene, plan
from tests.sync.test_unmerge import WIDE, merged_and_undone

RELATION = "AccountContactRelation"


def relate(app: SalesforceApp, seed: int = 3) -> None:
    """Every contact is related to two of some accounts beside its own."""
    chance = random.Random(seed)
    app.turn_on("contacts_to_multiple_accounts")
    contacts, accounts = (sorted(row["Id"] for row in app.rows(kind)) for kind in ("Contact", "Account"))
    for contact in contacts:
        for account in chance.sample(accounts[:12], 2):
            with suppress(ApiError):  # they are related already
                app.create(RELATION, AccountId=account, ContactId=contact, Roles="Evaluator")


def related(app: SalesforceApp) -> set[tuple[str, str, str, int]]:
    return {(row["AccountId"], row["ContactId"], row["Roles"] or "", row["IsDirect"]) for row in app.rows(RELATION)}


@pytest.mark.parametrize(
    "goes",
    [pytest.param(False, id="former-account-stays"),
     pytest.param(True, id="former-account-goes", marks=pytest.mark.soak)],
)  # fmt: skip
def test_merges_are_undone_where_contacts_have_several_accounts(tmp_path: Path, goes: bool) -> None:
    def change(app: SalesforceApp) -> None:
        app.settings.rules.former_account_goes = goes
        relate(app)

    with fresh_scene(tmp_path / "crms", 200, 5, change) as scene, scene.open_alike(caps=WIDE) as workspace:
        assert merged_and_undone(scene, workspace, 25, random.Random(3)) >= 20


@pytest.mark.soak
def test_many_merges_are_undone_where_contacts_have_several_accounts(tmp_path: Path) -> None:
    for seed in range(10):
        with fresh_scene(tmp_path / str(seed), 200, seed, relate) as scene, scene.open_alike(caps=WIDE) as workspace:
            assert merged_and_undone(scene, workspace, 25, random.Random(seed)) >= 20


@pytest.fixture
def died(tmp_path: Path) -> Iterator[tuple[Scene, str, set[tuple[str, str, str, int]]]]:
    """A push that died once relations were off and before the merge was sent again; its plan, and the relations
    before."""
    with fresh_scene(tmp_path / "crms", 40, 5, relate) as scene:
        write_project(scene.crm, scene.folder)
        before = related(scene.sf)
        by_account: dict[str, list[str]] = {}
        for account, contact, _, is_direct in sorted(before):
            if not is_direct:
                by_account.setdefault(account, []).append(contact)
        one, other = next(contacts for contacts in by_account.values() if len(contacts) > 1)[:2]
        keys = [RecordKey("sf", "contacts", record) for record in (one, other)]
        with scene.open_alike(caps=WIDE) as workspace:
            plan_id = plan(workspace, [Merge(keys[0], (keys[1],), (), None, "chosen", "test")])
        served: Any = scene.crm.sandbox.salesforce[0]
        with killing(served, Fault(route="/Soap/", nth=2)) as victims:
            victims.append(start_command(["push", plan_id, "--merges", "--apply"], scene.folder))
            assert finish(victims[0]) < 0
        assert related(scene.sf) < before, "it died with relations off and nothing merged"
        yield scene, plan_id, before


def test_merge_that_died_with_relations_off_goes_on_and_its_undo_brings_them_back(
    died: tuple[Scene, str, set[tuple[str, str, str, int]]],
) -> None:
    scene, plan_id, before = died
    with scene.open(caps=Caps(max_share=1.0)) as workspace:
        report = push_stored(workspace, plan_id, joins=True)
        assert report.statuses == {"applied": 1}
        scene.sf.clock.turn(60)
        undoing = undo_run(workspace, report.run_id or "")
        assert push_stored(workspace, undoing.plan.plan_id, kind="undo").statuses == {"applied": 1}
    assert related(scene.sf) == before


def test_merge_that_died_with_relations_off_and_is_refused_then_has_them_back(
    died: tuple[Scene, str, set[tuple[str, str, str, int]]],
) -> None:
    scene, plan_id, before = died
    scene.sf.settings.rules.denied.add(("Contact", "update"))
    with scene.open(caps=Caps(max_share=1.0)) as workspace:
        assert push_stored(workspace, plan_id, joins=True).statuses == {"rejected": 1}
    assert related(scene.sf) == before
