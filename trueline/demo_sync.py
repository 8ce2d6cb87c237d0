"""The demo's second part: two people edit one field in two CRMs, and a person's records are merged and taken apart."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence

import polars as pl

from model.changes import Merge
from model.conflicts import Answer
from model.evidence import RecordKey
from sandbox.start import Sandbox
from sync.conflicts import answer_conflicts
from sync.plan import plan_changes
from sync.pull import pull_all
from sync.push import PushReport, push_stored
from sync.undo import undo_run
from sync.workspace import Workspace

Tell = Callable[[str], None]
FIELD = "title"
# What a system sets itself, and what names a record.
_STAMPS = ("id", "changed_at", "created_at", "merged_into", "is_deleted", "last_activity_on")


def tell_conflict(workspace: Workspace, running: Sandbox, tell: Tell) -> None:
    """Have one title edited in both CRMs, and show what becomes of it."""
    pair = _agreed_pair(workspace)
    if pair is None:
        tell("conflict no two contacts agree on a title, so that none is shown; try a larger --size")
        return
    left, right = pair
    running.salesforce[0].app.edit("Contact", left.id, Title="Head of Sales")
    running.hubspot.app.edit("contacts", right.id, jobtitle="Sales Director")
    _a_minute_later(running)
    pull_all(workspace)
    plan_changes(workspace)
    found = [one for one in workspace.store.conflicts() if one.left == left and one.field == FIELD]
    conflict = found[0]
    tell(f"conflict {conflict.id}: one title edited in both CRMs, {conflict.left_value!r} and {conflict.right_value!r}")
    answer_conflicts(workspace, found, Answer("left"))
    report = push_stored(workspace, plan_changes(workspace).plan_id)
    tell(f"         answered with --take {left.connection}: {report.statuses['applied']:,} change carried it to "
         f"{right.connection}; undo with: undo {report.run_id}")  # fmt: skip


def tell_merge(workspace: Workspace, running: Sandbox, tell: Tell) -> None:
    """Merge one person's or company's records in both CRMs, then take the merge apart again."""
    store = workspace.store
    merges = _in_step(workspace)
    if not merges:
        tell("merge    nothing is surely double, so that no merge is shown; try a larger --size")
        return
    stream = merges[0].key.stream
    before = _values(workspace, merges)
    run_id = store.begin_run("plan", workspace.clock())
    merged = push_stored(workspace, store.save_plan(run_id, merges, workspace.clock()), joins=True)
    records = ", ".join(f"{1 + len(one.losers)} of {one.key.connection}" for one in merges)
    noun = "company" if stream == "accounts" else "person"
    tell(f"merge    {records} are one {noun}: merged in step, {_counted(merged)}; snapshots kept")
    undone = undo_run(workspace, merged.run_id or "")
    back = push_stored(workspace, undone.plan.plan_id, kind="undo", joins=True)
    _a_minute_later(running)
    pull_all(workspace)
    whole = (before & _rows(store.frame(stream))).total()
    tell(f"undo     taken apart again, {_counted(back)}: {whole} of {before.total()} records hold what they held")


def _agreed_pair(workspace: Workspace) -> tuple[RecordKey, RecordKey] | None:
    """The first two contacts that agree on a title."""
    for row in (
        workspace.store.bases()
        .filter(pl.col("connection") == "sf", pl.col("stream") == "contacts")
        .iter_rows(named=True)
    ):
        partner = RecordKey.parse(row["partner"])
        (title,) = json.loads(row["fields"]).get(FIELD) or [None]
        if title and partner.stream == "contacts":
            return RecordKey(row["connection"], row["stream"], row["id"]), partner
    return None


def _in_step(workspace: Workspace) -> list[Merge]:
    """The planned merges of a person or company that has several records in both CRMs, or else in one."""
    store = workspace.store
    planned = [one.change for one in store.plan_changes(store.latest_plan() or "")]
    merges = [one for one in planned if isinstance(one, Merge)]
    places = Counter(one.group or str(one.key) for one in merges)
    first = min(places, key=lambda group: (-places[group], group), default=None)
    return [one for one in merges if (one.group or str(one.key)) == first]


def _values(workspace: Workspace, merges: Sequence[Merge]) -> Counter[tuple[object, ...]]:
    keys = {(key.connection, key.id) for one in merges for key in (one.key, *one.losers)}
    records = workspace.store.frame(merges[0].key.stream)
    return _rows(records.filter(pl.Series([pair in keys for pair in records.select("connection", "id").iter_rows()])))


def _rows(records: pl.DataFrame) -> Counter[tuple[object, ...]]:
    return Counter(records.drop(*_STAMPS).iter_rows())


def _counted(report: PushReport) -> str:
    return ", ".join(f"{number:,} {status}" for status, number in sorted(report.statuses.items()))


def _a_minute_later(running: Sandbox) -> None:
    """By the CRMs' clocks, so that searches show what was edited."""
    running.salesforce[0].app.clock.turn(60)
    running.hubspot.app.clock.turn(60)
