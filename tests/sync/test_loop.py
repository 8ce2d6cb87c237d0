"""The whole loop against both sandbox CRMs: what is planned is written, and then nothing is left to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from model.changes import Associate, Merge, SetField
from model.errors import CapExceeded
from model.settings import Caps, PlanSettings
from sync.enrich import enrich_accounts
from sync.match import match_records
from sync.plan import plan_changes
from sync.pull import pull_all
from sync.push import push_stored
from sync.resolve import resolve_people
from sync.score import score_records
from sync.undo import undo_run
from sync.workspace import Workspace
from tests.sync.conftest import Crm

SALESFORCE = {"accounts": "Account", "contacts": "Contact", "leads": "Lead"}
HUBSPOT = {"accounts": "companies", "contacts": "contacts"}
# Nobody may write these; a new address has not bounced yet.
STAMPS = {"LastModifiedDate", "SystemModstamp", "LastModifiedById", "lastmodifieddate", "hs_lastmodifieddate",
          "hs_updated_by_user_id",
          "IsEmailBounced", "EmailBouncedReason", "EmailBouncedDate"}  # fmt: skip


def prepare(workspace: Workspace, *, enrich: bool = True) -> None:
    """Everything before the plan."""
    stopped = [result for result in pull_all(workspace) if result.stopped]
    assert not stopped
    match_records(workspace)
    resolve_people(workspace)
    if enrich:
        enrich_accounts(workspace)


def remote_rows(crm: Crm) -> dict[str, dict[object, dict[str, object]]]:
    """All records of both CRMs as they stand there, without the stamps that every write moves."""
    org, portal = crm.sandbox.salesforce[0].app, crm.sandbox.hubspot.app
    rows: dict[str, dict[object, dict[str, object]]] = {
        name: {row["Id"]: row for row in org.rows(name)} for name in SALESFORCE.values()
    }
    rows |= {name: {row["hs_object_id"]: dict(row) for row in portal.rows(name)} for name in HUBSPOT.values()}
    return {
        name: {key: {k: v for k, v in row.items() if k not in STAMPS} for key, row in table.items()}
        for name, table in rows.items()
    }


def test_loop_writes_its_plan_and_a_second_plan_wants_nothing(crm: Crm, workspace: Workspace) -> None:
    prepare(workspace)
    planned = plan_changes(workspace)
    assert {row.key.split("/")[0] for row in planned.rows} == {"sf", "hs"}, "both systems have something to correct"
    report = push_stored(workspace)
    assert report.statuses["applied"] == len(planned.rows), report
    prepare(workspace)
    assert plan_changes(workspace).rows == []


def test_fresh_store_after_the_push_wants_nothing_either(crm: Crm, workspace: Workspace, tmp_path: Path) -> None:
    prepare(workspace)
    plan_changes(workspace)
    push_stored(workspace)
    (tmp_path / "fresh").mkdir()
    with crm.open(tmp_path / "fresh") as fresh:
        prepare(fresh)
        assert plan_changes(fresh).rows == []


def test_plan_covers_links_and_fields_with_a_reason_and_the_value_it_replaces(workspace: Workspace) -> None:
    prepare(workspace)
    changes = [planned.change for planned in workspace.store.plan_changes(plan_changes(workspace).plan_id or "")]
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


def test_planning_writes_nothing_to_either_crm(crm: Crm, workspace: Workspace) -> None:
    before = remote_rows(crm)
    prepare(workspace)
    plan_changes(workspace)
    score_records(workspace)
    assert remote_rows(crm) == before


def test_undo_puts_both_crms_back(crm: Crm, workspace: Workspace) -> None:
    before = remote_rows(crm)
    prepare(workspace)
    planned = plan_changes(workspace)
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


def test_what_a_person_undid_is_not_planned_again(crm: Crm, workspace: Workspace) -> None:
    prepare(workspace)
    planned = plan_changes(workspace)
    undone = undo_run(workspace, push_stored(workspace).run_id or "")
    push_stored(workspace, undone.plan.plan_id, kind="undo")
    prepare(workspace)
    again = plan_changes(workspace)
    assert again.rows == []
    assert again.held_back == sum(row.lasting is None for row in planned.rows)


def test_record_that_moved_since_the_plan_is_left_alone(crm: Crm, workspace: Workspace) -> None:
    prepare(workspace)
    plan_id = plan_changes(workspace).plan_id or ""
    changes = [planned.change for planned in workspace.store.plan_changes(plan_id)]
    phone = next(c for c in changes if isinstance(c, SetField) and c.key.stream == "contacts" and c.field == "phone")
    hubspot = next(c for c in changes if isinstance(c, SetField) and c.key.connection == "hs" and c.key != phone.key)
    names = {"phone": "phone", "mobile": "mobilephone", "country": "country", "legal_name": "legal_name", "lei": "lei",
             "email": "email", "given_name": "firstname", "family_name": "lastname", "domain": "domain",
             "registration_number": "registration_number"}  # fmt: skip
    if phone.key.connection == "sf":
        crm.sandbox.salesforce[0].app.edit("Contact", phone.key.id, Phone="+1 206 555 0199")
    else:
        crm.sandbox.hubspot.app.edit("contacts", phone.key.id, phone="+1 206 555 0199")
    table = HUBSPOT[hubspot.key.stream]
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


def test_plan_over_a_cap_stops_before_the_first_write(crm: Crm, tmp_path: Path) -> None:
    with crm.open(tmp_path, caps=Caps(max_changes=1, max_share=1.0)) as workspace:
        prepare(workspace)
        plan_changes(workspace)
        before = remote_rows(crm)
        with pytest.raises(CapExceeded, match=r"caps\.max_changes is 1"):
            push_stored(workspace)
        assert remote_rows(crm) == before


def test_plan_that_touches_too_large_a_share_stops_before_the_first_write(crm: Crm, tmp_path: Path) -> None:
    with crm.open(tmp_path, caps=Caps(max_share=0.001)) as workspace:
        prepare(workspace)
        plan_changes(workspace)
        with pytest.raises(CapExceeded, match=r"caps\.max_share"):
            push_stored(workspace)


def test_field_that_is_never_to_be_written_is_not_planned(crm: Crm, tmp_path: Path) -> None:
    never = ("contacts.phone", "contacts.mobile", "accounts.phone", "leads.phone", "leads.mobile")
    with crm.open(tmp_path, plan=PlanSettings(never=never)) as workspace:
        prepare(workspace)
        planned = plan_changes(workspace)
        assert planned.rows
        assert "phone-e164" not in planned.by_rule


def test_enrichment_fills_blanks_only(crm: Crm, workspace: Workspace) -> None:
    prepare(workspace)
    plan_id = plan_changes(workspace).plan_id or ""
    filled = [p.change for p in workspace.store.plan_changes(plan_id) if p.change.rule == "enrich-fill"]
    assert filled, "the register knows some of the accounts"
    assert {change.before for change in filled if isinstance(change, SetField)} == {None}


def test_same_store_plans_the_same_changes_twice(workspace: Workspace) -> None:
    prepare(workspace)
    first, second = plan_changes(workspace), plan_changes(workspace)
    assert first.rows
    assert [(row.key, row.what, row.reason) for row in first.rows] == [
        (row.key, row.what, row.reason) for row in second.rows
    ]


def test_links_that_were_written_are_seen_in_the_crm(crm: Crm, workspace: Workspace) -> None:
    prepare(workspace)
    plan_id = plan_changes(workspace).plan_id or ""
    links = [p.change for p in workspace.store.plan_changes(plan_id) if isinstance(p.change, Associate)]
    assert links
    push_stored(workspace)
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
