"""Two sandbox CRMs that share some people and companies: what one lacks is made there, once, and nothing comes back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from model.changes import ADOPTED, Associate, Create
from model.evidence import RecordKey
from model.settings import Caps, PlanSettings
from model.sync_settings import SyncSettings
from sync.forget import forget_person
from sync.missing import Stage
from sync.plan import PlanReport, plan_changes
from sync.pull import pull_all
from sync.push import push_stored
from sync.settle import settle_unfinished
from sync.undo import undo_run
from sync.workspace import Workspace
from tests.sync.scene import Prepared, Scene, worked_on

PEOPLE = {"phone": "two-way", "title": "two-way", "lead_source": "always-salesforce", "owner_id": "two-way"}
BOTH = {
    "between": ["sf", "hs"],
    "accounts": {"create": ["sf", "hs"], "fields": {"phone": "two-way", "website": "two-way"}},
    "contacts": {"create": ["sf", "hs"], "fields": PEOPLE},
}
# Values are not what this is about: without corrections a plan takes a tenth of the time.
WIDE = {"caps": Caps(max_share=1.0), "plan": PlanSettings(rules=(), merges="off")}
_WAVES = 4


def synced(**told: Any) -> SyncSettings:
    """`BOTH`, with settings of accounts and contacts changed."""
    changed: dict[str, Any] = json.loads(json.dumps(BOTH))
    for stream, own in told.items():
        changed[stream] |= own
    return SyncSettings.model_validate(changed)


def cycle(workspace: Workspace, limit: int | None = None) -> list[PlanReport]:
    """What a sync does to records, again while some are made: the plans that had something to change."""
    found = []
    settle_unfinished(workspace.store, workspace.sinks(), workspace.clock)
    pull_all(workspace)
    for _ in range(_WAVES):
        plan = plan_changes(workspace, limit)
        if not plan.rows:
            break
        found.append(plan)
        report = push_stored(workspace)
        assert not report.stopped
        if not report.made:
            break
        limit = None if limit is None else limit - report.made
    return found


def creates(workspace: Workspace, plans: Iterable[PlanReport]) -> list[Create]:
    changes = [one.change for plan in plans if plan.plan_id for one in workspace.store.plan_changes(plan.plan_id)]
    return [change for change in changes if isinstance(change, Create)]


@pytest.fixture(scope="module")
def alike(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The two CRMs and the store after a first sync."""

    def sync(scene: Scene) -> None:
        with scene.open_alike(sync=synced(), **WIDE) as workspace:
            cycle(workspace)

    return worked_on(prepared, tmp_path_factory.mktemp("alike"), sync)


@pytest.fixture
def synced_scene(alike: Prepared, tmp_path: Path) -> Scene:
    """Those, put back to where they were."""
    alike.put_back()
    return Scene(alike, tmp_path)


def alone(workspace: Workspace) -> pl.DataFrame:
    """The entities that have records in one of the two only: entity, connection, stream, id."""
    held = workspace.store.memberships().filter(pl.col("connection").is_in(["sf", "hs"]))
    return held.filter(pl.col("connection").n_unique().over("entity") == 1).select(
        "entity", "connection", "stream", "id"
    )


def held_back(workspace: Workspace) -> dict[RecordKey, str]:
    found = workspace.store.findings().filter(pl.col("rule").is_in(["record-held", "partner-deleted"]))
    return {RecordKey(*row[:3]): row[3] for row in found.select("connection", "stream", "id", "message").iter_rows()}


def records(scene: Scene) -> Counter[str]:
    tables = {"sf": ("Account", "Contact", "Lead"), "hs": ("companies", "contacts")}
    return Counter({f"{name}/{table}": app.count(table) for name, app in (("sf", scene.sf), ("hs", scene.hs))
                    for table in tables[name]})  # fmt: skip


def stage(plan: PlanReport, stream: str, to: str) -> Stage:
    return next(one for one in plan.stages if isinstance(one, Stage) and (one.stream, one.to) == (stream, to))


# --- creates ---


def test_after_a_sync_both_have_the_same_and_a_second_one_writes_nothing(scene: Scene) -> None:
    scene.hs.create("contacts", firstname="Ximena", lastname="Farthingale", company="Farthingale Looms",
                    email="ximena@farthingale.example")  # fmt: skip
    scene.hs.clock.turn(120)
    with scene.open_alike(sync=synced(), **WIDE) as workspace:
        made = creates(workspace, cycle(workspace))
        assert {(change.key.connection, change.key.stream) for change in made} == {
            ("sf", "accounts"), ("hs", "accounts"), ("sf", "contacts"), ("hs", "contacts"), ("sf", "leads"),
        }  # fmt: skip
        left = {RecordKey(*row) for row in alone(workspace).select("connection", "stream", "id").iter_rows()}
        assert left <= held_back(workspace).keys(), "whoever is in one CRM alone is so for a reason that was told"
        assert len(left) < len(made) / 5
        before = records(scene)
        assert cycle(workspace) == []
        assert records(scene) == before
        new = {item.outcome.made for item in workspace.store.outcomes()} - {None}
        disputed = [one for one in workspace.store.conflicts() if {one.left.id, one.right.id} & new]
        assert not disputed, "what a system gives a new record by itself is no edit"


def test_what_is_made_holds_the_mapped_values_and_belongs_to_the_same_entity_and_company(synced_scene: Scene) -> None:
    scene = synced_scene
    people = {"fields": {**PEOPLE, "title": {"authority": "two-way", "values": {"Miller": "Müller"}}}}
    company = scene.sf.create("Account", Name="Zyx Quernstone Works", Website="quernstone.example")
    contact = scene.sf.create("Contact", LastName="Quernstone", FirstName="Zebedee", Email="zeb@quernstone.example",
                              AccountId=company, Title="Miller", HasOptedOutOfEmail=True)  # fmt: skip
    scene.sf.clock.turn(5)
    with scene.open_alike(sync=synced(contacts=people), **WIDE) as workspace:
        cycle(workspace)
        ids = {stream: _partner(workspace, record) for stream, record in (("accounts", company), ("contacts", contact))}
        row = scene.hs.row("contacts", ids["contacts"]) or {}
        told = {name: row[name] for name in ("firstname", "lastname", "email", "jobtitle", "hs_email_optout")}
        assert told == {"firstname": "Zebedee", "lastname": "Quernstone", "email": "zeb@quernstone.example",
                        "jobtitle": "Müller", "hs_email_optout": "true"}  # fmt: skip
        assert row["associatedcompanyid"] == ids["accounts"]
        bases = workspace.store.bases().filter(pl.col("id").is_in([contact, ids["contacts"]]))
        agreed = {record: json.loads(fields) for record, fields in bases.select("id", "fields").iter_rows()}
        assert (agreed[contact]["title"], agreed[ids["contacts"]]["title"]) == (["Miller"], ["Müller"])


def _partner(workspace: Workspace, record: str) -> str:
    """The id of the HubSpot record of the same entity."""
    entity = workspace.store.memberships().filter(pl.col("id") == record)["entity"].to_list()
    return str(workspace.store.members(entity).filter(pl.col("connection") == "hs")["id"].item())


def test_limit_makes_so_many_at_a_time_and_says_how_many_wait(scene: Scene) -> None:
    with scene.open_alike(sync=synced(), **WIDE) as workspace:
        before = records(scene).total()
        first, *_ = plans = cycle(workspace, 7)
        assert len(creates(workspace, plans)) == 7
        assert records(scene).total() == before + 7
        assert stage(first, "contacts", "hs").waiting > 0
        assert "more wait" in stage(first, "contacts", "hs").sentence


def test_only_records_that_where_names_are_made(scene: Scene) -> None:
    nobody = synced(contacts={"where": {"title": ["Chief of Nothing"]}}, accounts={"create": []})
    with scene.open_alike(sync=nobody, **WIDE) as workspace:
        plan = plan_changes(workspace)
        assert not creates(workspace, [plan])
        assert stage(plan, "contacts", "hs").held["where"] > 0


def test_nothing_is_made_where_plans_may_not_write(scene: Scene) -> None:
    only = PlanSettings(rules=(), merges="off", connections=("sf",))
    with scene.open_alike(sync=synced(), caps=WIDE["caps"], plan=only) as workspace:
        made = creates(workspace, [plan_changes(workspace)])
        assert {change.key.connection for change in made} == {"sf"}


def test_record_that_was_deleted_there_is_not_made_again(synced_scene: Scene) -> None:
    scene = synced_scene
    with scene.open_alike(sync=synced(), **WIDE) as workspace:
        one, other = _pairs(workspace)[:2]
        scene.hs.delete("contacts", one[1].id)
        scene.sf.delete("Contact", other[0].id)
        before = records(scene)
        assert cycle(workspace) == []
        assert records(scene) == before


def _pairs(workspace: Workspace) -> list[tuple[RecordKey, RecordKey]]:
    """Contacts of Salesforce and HubSpot that are one each, of no use to anybody just now, in order."""
    held = workspace.store.memberships().filter(pl.col("stream") == "contacts")
    one = pl.len().over("entity", "connection") == 1
    sides = [held.filter(one & (pl.col("connection") == name)).select("entity", "id") for name in ("sf", "hs")]
    contacts, deals = workspace.store.frame("contacts"), workspace.store.frame("deals")
    links = workspace.store.frame("associations").filter(pl.col("from_stream") == "deals")["to_id"]
    busy = {*deals["contact_id"], *links, *contacts.filter(pl.col("last_activity_on").is_not_null())["id"]}
    found = sides[0].join(sides[1], on="entity", suffix="_hs").sort("entity").select("id", "id_hs").iter_rows()
    return [(RecordKey("sf", "contacts", sf), RecordKey("hs", "contacts", hs)) for sf, hs in found
            if not {sf, hs} & busy]  # fmt: skip


def test_record_that_lacks_something_or_may_be_there_waits_and_is_told(synced_scene: Scene) -> None:
    scene = synced_scene
    nameless = scene.hs.create("contacts", email="zyx.qwerty@vellum.example")
    names = {"Ximena": "Farthingale", "Zebedee": "Quernstone"}
    sharing = [scene.sf.create("Contact", LastName=family, FirstName=given, Email="info@vellum.example")
               for given, family in names.items()]  # fmt: skip
    barred = scene.sf.create("Contact", LastName="Ortolan", FirstName="Basil", Email="basil@ortolan.example",
                             HasOptedOutOfEmail=True)  # fmt: skip
    scene.hs.clock.turn(120)
    never = PlanSettings(rules=(), merges="off", never=("contacts.email_opt_out",))
    with scene.open_alike(sync=synced(), caps=WIDE["caps"], plan=never) as workspace:
        pull_all(workspace)
        sources = {change.source for change in creates(workspace, [plan_changes(workspace)])}
        told = held_back(workspace)
        assert "has no family_name" in told[RecordKey("hs", "contacts", nameless)]
        assert len(sources & {RecordKey("sf", "contacts", one) for one in sharing}) < 2, "one address, one record"
        assert "opt-out cannot be written" in told[RecordKey("sf", "contacts", barred)]


def test_forgotten_person_is_not_made_again(scene: Scene) -> None:
    with scene.open_alike(sync=synced(), **WIDE) as workspace:
        plan = plan_changes(workspace)
        source = next(change.source for change in creates(workspace, [plan]) if change.key.stream == "contacts")
        assert source is not None
        forget_person(workspace, str(source), apply=True)
        made = {change.source for change in creates(workspace, cycle(workspace))}
        assert made
        assert source not in made


def test_contact_that_was_made_is_linked_only_where_it_is_known_to_have_no_account(synced_scene: Scene) -> None:
    sf = synced_scene.sf
    with synced_scene.open_alike(sync=synced(), **WIDE) as workspace:
        made = workspace.store.outcomes(kind=Create.kind)
        ours = [one.outcome.made for one in made if str(one.planned.change.key).startswith("sf/contacts/")]
        record = next(one for one in ours if one and sf.row("Contact", one)["AccountId"])
        home = sf.row("Contact", record)["AccountId"]
        sf.edit("Contact", record, AccountId=None)
        sf.clock.turn(120)
        pull_all(workspace)
        assert links(workspace) == {record: home}, "one of ours without an account gets that of its company"
        other = next(row["Id"] for row in sf.rows("Account") if row["Id"] != home)
        sf.hide_field("Contact", "AccountId")
        sf.edit("Contact", record, AccountId=other)
        sf.clock.turn(120)
        pull_all(workspace)
        sf.show_field("Contact", "AccountId")
        sf.clock.turn(120)
        pull_all(workspace)
        assert links(workspace) == {}, "what it has is not known before the next full pull"


def links(workspace: Workspace) -> dict[str, str]:
    """The links of contacts we made that a plan wants: by contact the account."""
    plan = plan_changes(workspace)
    changes = workspace.store.plan_changes(plan.plan_id) if plan.plan_id else []
    return {one.change.key.id: one.change.to.id for one in changes if isinstance(one.change, Associate)}


def test_contact_that_somebody_made_meanwhile_is_linked_and_not_doubled(synced_scene: Scene) -> None:
    scene = synced_scene
    there = scene.sf.create("Contact", LastName="Quernstone", FirstName="Zebedee", Email="zeb@quernstone.example")
    scene.sf.clock.turn(5)
    with scene.open_alike(sync=synced(), **WIDE) as workspace:
        pull_all(workspace)
        plan = plan_changes(workspace)
        twin = scene.hs.create("contacts", email="zeb@quernstone.example", jobtitle="Baker")
        push_stored(workspace, plan.plan_id)
        outcomes = {item.planned.change.source: item.outcome for item in workspace.store.outcomes(plan_id=plan.plan_id)
                    if isinstance(item.planned.change, Create)}  # fmt: skip
        outcome = outcomes[RecordKey("sf", "contacts", there)]
        assert (outcome.status, outcome.code, outcome.made) == ("already", ADOPTED, twin)
        plan_changes(workspace)
        assert _partner(workspace, there) == twin
        assert (scene.hs.row("contacts", twin) or {})["jobtitle"] == "Baker"


def test_undone_creates_are_deleted_and_neither_made_again_nor_taken_for_deletions(scene: Scene) -> None:
    settings = synced(accounts={"create": []}, contacts={"create": ["hs"], "deletes": "propagate"})
    with scene.open_alike(sync=settings, **WIDE) as workspace:
        before = records(scene)
        cycle(workspace)
        assert records(scene)["hs/contacts"] > before["hs/contacts"]
        for run in [one.id for one in workspace.store.runs() if one.kind == "push"][::-1]:
            push_stored(workspace, undo_run(workspace, run).plan.plan_id, kind="undo")
        assert records(scene) == before
        assert cycle(workspace) == []
        assert records(scene) == before


def test_account_that_was_made_is_not_deleted_with_the_contacts_it_has_got(synced_scene: Scene) -> None:
    scene = synced_scene
    with scene.open_alike(sync=synced(), **WIDE) as workspace:
        runs = [one.id for one in workspace.store.runs() if one.kind == "push"]
        undone = undo_run(workspace, runs[0], save=False)
        assert any("contacts belong to it by now" in sentence for sentence in undone.lost)


# --- deletes ---


@pytest.mark.parametrize("deletes", ["flag", "propagate"])
def test_deletion_is_carried_over_as_the_settings_say(synced_scene: Scene, deletes: str) -> None:
    scene = synced_scene
    with scene.open_alike(sync=synced(contacts={"deletes": deletes}), **WIDE) as workspace:
        (sf, hs), *_ = _pairs(workspace)
        scene.hs.delete("contacts", hs.id)
        plans = cycle(workspace)
        assert [row.key for plan in plans for row in plan.rows] == ([str(sf)] if deletes == "propagate" else [])
        assert (sf in held_back(workspace)) == (deletes == "flag")
        assert cycle(workspace) == []
        if deletes == "propagate":
            assert scene.sf.row("Contact", sf.id)["IsDeleted"]
            run = next(one.id for one in workspace.store.runs()[::-1] if one.kind == "push")
            push_stored(workspace, undo_run(workspace, run).plan.plan_id, kind="undo")
            assert not scene.sf.row("Contact", sf.id)["IsDeleted"]
            assert cycle(workspace) == []


def test_record_that_is_in_use_is_not_deleted_and_says_why(synced_scene: Scene) -> None:
    scene = synced_scene
    with scene.open(sync=synced(contacts={"deletes": "propagate"}), **WIDE) as workspace:
        (dealing, one), (edited, other), *_ = _pairs(workspace)
        scene.sf.create("Opportunity", Name="O", StageName="Prospecting", CloseDate="2027-01-01", ContactId=dealing.id)
        scene.hs.delete("contacts", one.id)
        scene.hs.delete("contacts", other.id)
        scene.sf.clock.turn(60)
        scene.sf.edit("Contact", edited.id, Department="Edited")
        scene.sf.clock.turn(60)
        assert cycle(workspace) == []
        told = held_back(workspace)
        assert "open deals" in told[dealing]
        assert "changed since" in told[edited]


def test_more_deletions_than_the_cap_are_none(synced_scene: Scene) -> None:
    scene = synced_scene
    caps = Caps(max_share=1.0, max_deletes=1)
    with scene.open_alike(sync=synced(contacts={"deletes": "propagate"}), caps=caps, plan=WIDE["plan"]) as workspace:
        for _, hs in _pairs(workspace)[:2]:
            scene.hs.delete("contacts", hs.id)
        pull_all(workspace)
        plan = plan_changes(workspace)
        assert plan.rows == []
        assert any("more than caps.max_deletes" in one.sentence for one in plan.stages)


# --- conversions ---


def test_contact_of_a_converted_lead_takes_its_place(synced_scene: Scene) -> None:
    scene = synced_scene
    lead = scene.sf.create("Lead", LastName="Quernstone", FirstName="Zebedee", Company="Zyx Quernstone Works",
                           Email="zeb@quernstone.example", Title="Miller")  # fmt: skip
    scene.sf.clock.turn(5)
    with scene.open_alike(sync=synced(accounts={"create": []}), **WIDE) as workspace:
        cycle(workspace)
        partner = _partner(workspace, lead)
        contact = scene.sf.convert(lead)["contact_id"]
        scene.sf.edit("Contact", contact, Email=None, FirstName="Z", Title="Baker")
        scene.sf.clock.turn(5)
        before = records(scene)
        cycle(workspace)
        assert records(scene) == before
        assert _partner(workspace, contact) == partner
        assert (scene.hs.row("contacts", partner) or {})["jobtitle"] == "Baker", "what they agreed on holds for it"
        assert not [one for one in workspace.store.conflicts() if one.left.id == contact]


def test_survivor_of_a_merge_takes_the_place_of_what_was_made_from_its_loser(synced_scene: Scene) -> None:
    scene = synced_scene
    loser = scene.sf.create("Contact", LastName="Quernstone", FirstName="Zebedee", Email="zeb@quernstone.example")
    scene.sf.clock.turn(5)
    with scene.open_alike(sync=synced(accounts={"create": []}), **WIDE) as workspace:
        cycle(workspace)
        partner = _partner(workspace, loser)
        survivor = scene.sf.create("Contact", LastName="Ortolan", FirstName="Basil")
        scene.sf.merge("Contact", survivor, [loser])
        scene.sf.clock.turn(5)
        before = records(scene)
        cycle(workspace)
        assert records(scene) == before
        assert _partner(workspace, survivor) == partner
