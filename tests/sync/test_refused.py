"""What a system refused is not sent again, whatever its kind, until something that matters has changed."""

from __future__ import annotations

from model.changes import JOINING, Merge, SetField
from model.settings import Caps
from sync.plan import plan_changes
from sync.pull import pull_all
from sync.push import PushReport, push_stored
from sync.refused import RULE
from sync.workspace import Workspace
from tests.sync.scene import Scene, stored_plan


def refused_push(scene: Scene, workspace: Workspace, code: str, *, joins: bool = False) -> PushReport:
    """A push of which Salesforce refuses each row, and HubSpot each call; then both are as before."""
    org, portal = scene.crm.sandbox.salesforce[0], scene.crm.sandbox.hubspot
    for route in (r"/composite(/sobjects)?$", "/Soap/"):
        org.faults.raise_(f"salesforce.{code}", route=route, row_share=1.0)
    body = '{"status":"error","message":"the rule says no","category":"VALIDATION_ERROR"}'
    scene.fault("hs", route="batch/update|merge|associations.*create", status=400, body=body, count=10_000)
    report = push_stored(workspace, joins=joins)
    org.faults.clear()
    portal.faults.clear()
    return report


def test_what_was_refused_stands_until_a_record_or_setting_changes_or_somebody_says_again(planned: Scene) -> None:
    with planned.open() as workspace:
        first = stored_plan(workspace)
        assert {"set-field", "merge", "associate"} <= {change.kind for change in first}
        assert not refused_push(planned, workspace, "INACTIVE_OWNER_OR_USER", joins=True).statuses["applied"]
        second = plan_changes(workspace)
        assert second.plan_id is None
        assert sum(second.refused.values()) == len(first)
        assert "(INACTIVE_OWNER_OR_USER); give the record an owner who is active" in second.sentence
        assert (workspace.store.findings("records")["rule"] == RULE).sum() == len(first)
        assert plan_changes(workspace, full=False).refused == second.refused, "a cycle says so too"
        with planned.open(caps=Caps(max_share=0.9)) as other:
            assert len(plan_changes(other).rows) == len([one for one in first if one.kind not in JOINING])
        merges = [change for change in first if isinstance(change, Merge) and change.key.connection == "sf"]
        merge = next(one for one in merges if one.key.stream == "contacts" and not one.group)
        planned.sf.clock.turn(60)
        planned.sf.edit("Contact", merge.losers[0].id, Description="seen to")
        pull_all(workspace)
        assert [row.key for row in plan_changes(workspace).joins] == [str(merge.key)]
        again = plan_changes(workspace, again=True)
        assert (len(again.rows) + len(again.joins), again.refused) == (len(first), {})
        assert push_stored(workspace, joins=True).statuses == {"applied": len(first)}


def test_a_lock_refuses_for_now_and_describe_for_as_long_as_it_says_so(planned: Scene) -> None:
    with planned.open() as workspace:
        mine = [one for one in stored_plan(workspace) if isinstance(one, SetField) and one.key.connection == "sf"]
        phones = [one for one in mine if (one.key.stream, one.field) == ("contacts", "phone")]
        planned.sf.lock_field("Contact", "Phone")
        refused_push(planned, workspace, "UNABLE_TO_LOCK_ROW")
    with planned.open() as workspace:
        report = plan_changes(workspace)
        assert sum(row.key.startswith("sf/") for row in report.rows) >= len(mine) - len(phones) > 0
        assert "Contact.Phone" in report.sentence
        assert "change that in sf" in report.sentence
        shown = {row.key: row.what for row in report.rows}
        assert not [one for one in phones if shown.get(str(one.key), "").startswith("phone:")]
    planned.sf.show_field("Contact", "Phone")
    with planned.open() as workspace:
        again = {row.key for row in plan_changes(workspace).rows if row.what.startswith("phone:")}
        assert {str(one.key) for one in phones} <= again
