"""The whole loop against both sandbox CRMs: what is planned is written, and then nothing is left to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from model.changes import Associate, Merge, SetField
from model.errors import CapExceeded
from model.settings import Caps, PlanSettings
from sync.plan import pending_plan, plan_changes
from sync.push import push_stored
from sync.score import score_records
from sync.undo import undo_run
from sync.workspace import Workspace
from tests.sync.conftest import Crm
from tests.sync.scene import TABLES, Prepared, Scene, prepare, remote_rows, stored_plan


def test_loop_writes_its_plan_and_a_second_plan_wants_nothing(with_plan: Workspace) -> None:
    workspace, planned = with_plan, pending_plan(with_plan)
    assert {row.key.split("/")[0] for row in planned.rows} == {"sf", "hs"}, "both systems have something to correct"
    report = push_stored(workspace)
    assert report.statuses["applied"] == len(planned.rows), report
    prepare(workspace)
    assert plan_changes(workspace).rows == []


def test_fresh_store_after_the_push_wants_nothing_either(planned: Scene, tmp_path: Path) -> None:
    with planned.open() as workspace:
        push_stored(workspace)
    (tmp_path / "fresh").mkdir()
    with planned.crm.open(tmp_path / "fresh") as fresh:
        prepare(fresh)
        assert plan_changes(fresh).rows == []


def test_plan_covers_links_and_fields_with_a_reason_and_the_value_it_replaces(with_plan: Workspace) -> None:
    workspace, changes = with_plan, stored_plan(with_plan)
    assert {type(change) for change in changes} == {SetField, Associate, Merge}
    for change in changes:
        assert change.reason
        assert change.rule
        if isinstance(change, SetField):
            assert change.after not in (None, "", change.before)
            held = workspace.store.frame(change.key.stream).filter(
                (pl.col("connection") == change.key.connection) & (pl.col("id") == change.key.id)
            )
            assert held[change.field].item() == change.before


def test_planning_writes_nothing_to_either_crm(planned: Scene) -> None:
    before = remote_rows(planned.crm)
    with planned.open() as workspace:
        prepare(workspace)
        plan_changes(workspace)
        score_records(workspace)
    assert remote_rows(planned.crm) == before


def test_undo_puts_both_crms_back(planned_once: Prepared, with_plan: Workspace) -> None:
    crm, workspace, planned = planned_once.crm, with_plan, pending_plan(with_plan)
    before = remote_rows(crm)
    report = push_stored(workspace)
    assert remote_rows(crm) != before
    undone = undo_run(workspace, report.run_id or "")
    lasting = {row.key for row in planned.rows if row.lasting}
    assert {sentence.partition(": ")[0] for sentence in undone.lost} == lasting
    assert len(undone.plan.rows) == len(planned.rows) - len(lasting)
    back = push_stored(workspace, undone.plan.plan_id, kind="undo")
    assert back.statuses["applied"] == len(undone.plan.rows), back
    after = remote_rows(crm)
    differing = {
        f"{table} {key} {field}"
        for table, rows in after.items()
        for key, row in rows.items()
        for field in row
        if row[field] != before[table][key][field]
    }
    assert len(differing) == len(lasting), differing


def test_what_a_person_undid_is_not_planned_again(with_plan: Workspace) -> None:
    workspace, planned = with_plan, pending_plan(with_plan)
    undone = undo_run(workspace, push_stored(workspace).run_id or "")
    push_stored(workspace, undone.plan.plan_id, kind="undo")
    prepare(workspace)
    again = plan_changes(workspace)
    assert again.rows == []
    assert sum(again.held_back.values()) == sum(row.lasting is None for row in planned.rows)


def test_record_that_moved_since_the_plan_is_left_alone(planned_once: Prepared, with_plan: Workspace) -> None:
    crm, workspace, changes = planned_once.crm, with_plan, stored_plan(with_plan)
    phone = next(c for c in changes if isinstance(c, SetField) and c.key.stream == "contacts" and c.field == "phone")
    hubspot = next(c for c in changes if isinstance(c, SetField) and c.key.connection == "hs" and c.key != phone.key)
    names = {"phone": "phone", "mobile": "mobilephone", "country": "country", "legal_name": "legal_name", "lei": "lei",
             "email": "email", "given_name": "firstname", "family_name": "lastname", "domain": "domain",
             "registration_number": "registration_number"}  # fmt: skip
    if phone.key.connection == "sf":
        crm.sandbox.salesforce[0].app.edit("Contact", phone.key.id, Phone="+1 206 555 0199")
    else:
        crm.sandbox.hubspot.app.edit("contacts", phone.key.id, phone="+1 206 555 0199")
    table = TABLES["hs"][hubspot.key.stream]
    foreign: dict[str, Any] = {names[hubspot.field]: "somebody else's"}
    crm.sandbox.hubspot.app.edit(table, hubspot.key.id, **foreign)
    report = push_stored(workspace)
    conflicts = {
        item.planned.change.key: item.outcome
        for item in workspace.store.outcomes(run_id=report.run_id)
        if item.outcome.status == "conflict"
    }
    assert phone.key in conflicts
    assert hubspot.key in conflicts
    left = crm.sandbox.hubspot.app.row(table, hubspot.key.id) or {}
    assert left[names[hubspot.field]] == "somebody else's"


def test_plan_over_a_cap_stops_before_the_first_write(planned: Scene) -> None:
    before = remote_rows(planned.crm)
    with planned.open(caps=Caps(max_changes=1, max_share=1.0)) as workspace:
        with pytest.raises(CapExceeded, match=r"caps\.max_changes is 1"):
            push_stored(workspace)
        assert remote_rows(planned.crm) == before


def test_plan_that_touches_too_large_a_share_stops_before_the_first_write(planned: Scene) -> None:
    before = remote_rows(planned.crm)
    with planned.open(caps=Caps(max_share=0.001)) as workspace:
        with pytest.raises(CapExceeded, match=r"caps\.max_share"):
            push_stored(workspace)
        assert remote_rows(planned.crm) == before


def test_field_that_is_never_to_be_written_is_not_planned(planned: Scene) -> None:
    never = ("contacts.phone", "contacts.mobile", "accounts.phone", "leads.phone", "leads.mobile")
    with planned.open(plan=PlanSettings(never=never)) as workspace:
        assert "phone-e164" in pending_plan(workspace).by_rule
        report = plan_changes(workspace)
        assert report.rows
        assert "phone-e164" not in report.by_rule


def test_enrichment_fills_blanks_only(with_plan: Workspace) -> None:
    filled = [change for change in stored_plan(with_plan) if change.rule == "enrich-fill"]
    assert filled, "the register knows some of the accounts"
    assert {change.before for change in filled if isinstance(change, SetField)} == {None}


def test_same_store_plans_the_same_changes_twice(with_plan: Workspace) -> None:
    first, second = pending_plan(with_plan), plan_changes(with_plan)
    assert first.plan_id != second.plan_id
    assert first.rows
    assert [(row.key, row.what, row.reason) for row in first.rows] == [
        (row.key, row.what, row.reason) for row in second.rows
    ]


def test_links_that_were_written_are_seen_in_the_crm(planned_once: Prepared, with_plan: Workspace) -> None:
    crm = planned_once.crm
    links = [change for change in stored_plan(with_plan) if isinstance(change, Associate)]
    assert links
    push_stored(with_plan)
    for link in links:
        if link.key.connection == "sf":
            assert crm.sandbox.salesforce[0].app.row("Contact", link.key.id)["AccountId"] == link.to.id
        else:
            row = crm.sandbox.hubspot.app.row("contacts", link.key.id) or {}
            assert row["associatedcompanyid"] == link.to.id


def test_what_one_correction_makes_possible_is_in_the_same_plan(crm: Crm, workspace: Workspace) -> None:
    """A country that the register fills tells how to read the phone number beside it."""
    name = "Quillon Bravura Instruments LLC"
    entity = {"lei": "984500QUILLONBRAVU07", "legal_name": name, "country": "US", "status": "ISSUED"}
    like = crm.sandbox.dataset.gleif.head(1)
    crm.sandbox.gleif.app.load(like.with_columns(pl.lit(value).alias(column) for column, value in entity.items()))
    made = crm.sandbox.hubspot.app.create("companies", name=name, phone="(206) 555-0100")
    crm.sandbox.hubspot.app.catch_up_index()
    prepare(workspace)
    plan_id = plan_changes(workspace).plan_id or ""
    wanted = {
        planned.change.field: planned.change.after
        for planned in workspace.store.plan_changes(plan_id)
        if isinstance(planned.change, SetField) and planned.change.key.id == str(made)
    }
    assert wanted["country"] == "United States"
    assert wanted["phone"] == "+12065550100"
