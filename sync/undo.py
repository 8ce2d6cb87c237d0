"""Undo: the inverse of what a run changed, as a plan of its own that goes through the same push.

Only what the run's journal says was applied is put back, newest first, and only where the remote still holds what the
run wrote: a later edit by somebody else is a conflict, not a thing to overwrite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from model.changes import (
    FORGOTTEN,
    UNDO,
    WAS_LINKED,
    WAS_PRIMARY,
    Associate,
    Change,
    Create,
    Delete,
    Dissociate,
    Merge,
    Outcome,
    Planned,
    Restore,
    SetField,
    Unmerge,
)
from model.errors import InputError
from model.evidence import RecordKey
from store import Store
from sync.agreed import held
from sync.irreversible import irreversible, unrestored
from sync.plan import PlanReport, described, pending_plan, systems_of
from sync.workspace import Workspace

_WRITTEN = frozenset({"applied", "overwrote"})


@dataclass(frozen=True, slots=True)
class UndoReport:
    """The inverse of a run, and what cannot be put back, in words: changes that are `lost`, and what is left
    `unrestored` of merges that are taken apart. `plan.plan_id` is None while it is not stored."""

    run_id: str
    plan: PlanReport
    lost: tuple[str, ...]
    unrestored: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        plan = f" as plan {self.plan.plan_id}" if self.plan.plan_id else ""
        return f"Undoing {self.run_id}{plan}: {len(self.plan.rows) + len(self.plan.joins):,} changes."


def undo_run(workspace: Workspace, run_id: str, *, save: bool = True, only_overwritten: bool = False) -> UndoReport:
    """Work out a run's inverse and, with `save`, store it as a plan to push. Nothing is sent.

    A look at it is not stored: it would be the newest plan, which the next push takes. With `only_overwritten` it puts
    back other people's values that the run overwrote, and nothing else. InputError when there is no such run or it
    changed nothing.
    """
    inverse, lost = inverse_changes(workspace.store, run_id, only_overwritten=only_overwritten)
    if save:
        plan = pending_plan(workspace, workspace.store.save_plan(run_id, inverse, workspace.clock()))
    else:
        plan = described(None, [Planned("", change) for change in inverse])
    return UndoReport(run_id, plan, tuple(lost), unrestored(inverse, systems_of(workspace)))


def inverse_changes(store: Store, run_id: str, *, only_overwritten: bool = False) -> tuple[list[Change], list[str]]:
    """What puts a run's changes back, newest first, and one sentence for each thing that cannot be put back.

    A run's changes are those it has outcomes of and those it sent before it died, which a later run settled.
    """
    if run_id not in {run.id for run in store.runs()}:
        raise InputError(f"There is no run {run_id}; `trueline runs` lists them.")
    wanted = frozenset({"overwrote"}) if only_overwritten else _WRITTEN
    recorded = store.outcomes(run_id=run_id, with_settled=True)
    written = [item for item in recorded if item.outcome.status in wanted]
    open_changes = sum(sender == run_id for sender, _ in store.unfinished())
    if not written:
        what = "overwrote nobody's value" if only_overwritten else "changed nothing"
        doubt = f" {open_changes:,} of its changes have no known end yet; push first." if open_changes else ""
        raise InputError(f"Run {run_id} {what}, so there is nothing to undo.{doubt}")
    inverse: list[Change] = []
    lost: list[str] = []
    if open_changes:
        lost.append(f"{open_changes:,} changes of {run_id} have no known end yet: push first, then undo again")
    for item in reversed(written):
        change = item.planned.change
        if change.rule == FORGOTTEN:
            lost.append(f"a {change.kind}: the person it was made to was forgotten")
            continue
        if item.outcome.status == "applied" and (why := irreversible(change)):
            lost.append(f"{change.key}: {why}")
            continue
        if isinstance(change, Merge) and (only_overwritten or not store.snapshots(item.planned.id)):
            what = "the value it overwrote stays" if only_overwritten else "no snapshot of its records was kept"
            lost.append(f"{change.key}: {what}")
            continue
        put_back = inverse_of(change, item.outcome, run_id)
        if not put_back:
            lost.append(f"{change.key}: a {change.kind} cannot be undone")
        if isinstance(change, Create) and (hanging := _hanging(store, put_back)):
            lost.append(f"{put_back[0].key}: {hanging} belong to it by now; undo the later runs first")
            continue
        inverse += put_back
    moved = {item.planned.change.key: item.outcome.made for item in written if isinstance(item.planned.change, Merge)}
    return [_readdressed(change, moved) for change in folded(inverse)], lost


def _readdressed(change: Change, moved: Mapping[RecordKey, str | None]) -> Change:
    """The change at the ids that survivors of the run's merges have now."""
    if not isinstance(change, SetField | Associate | Dissociate):
        return change

    def now(key: RecordKey) -> RecordKey:
        return replace(key, id=moved.get(key) or key.id)

    if isinstance(change, SetField):
        return replace(change, key=now(change.key))
    if isinstance(change, Dissociate):
        return replace(change, key=now(change.key), to=now(change.to))
    replaced = change.replaces and now(replace(change.to, id=change.replaces)).id
    return replace(change, key=now(change.key), to=now(change.to), replaces=replaced)


def _hanging(store: Store, deletes: Sequence[Change]) -> str:
    """What would go with an account that is deleted, or lose it; blank where nothing."""
    for key in (change.key for change in deletes if change.key.stream == "accounts"):
        for stream in ("contacts", "deals"):
            records = store.frame(stream, columns=["account_id"], connections=[key.connection])
            if (records["account_id"] == key.id).any():
                return stream
    return ""


def inverse_of(change: Change, outcome: Outcome, run_id: str) -> list[Change]:
    """The changes that put back what this one replaced; none where the vendor's API offers no way."""
    reason = f"undo of {run_id}: {change.reason}"
    version = outcome.version
    if isinstance(change, SetField):
        replaced = outcome.found if outcome.status == "overwrote" else change.before
        return [SetField(change.key, change.field, held(change, outcome), replaced, version, reason, UNDO)]
    if isinstance(change, Associate):
        return _unlinked(change, outcome, reason)
    if isinstance(change, Merge):
        at = replace(change.key, id=outcome.made or change.key.id)
        return [Unmerge(at, change.losers, change.values, version, reason, UNDO, of=outcome.change_id)]
    if isinstance(change, Create) and outcome.made:
        return [Delete(replace(change.key, id=outcome.made), version, reason, UNDO)]
    if isinstance(change, Delete):
        return [Restore(change.key, version, reason, UNDO)]
    if isinstance(change, Unmerge):
        made = (outcome.made or "").split(";")
        losers = tuple(replace(key, id=new) for key, new in zip(change.losers, made, strict=False))
        return [Merge(change.key, losers, change.values, version, reason, UNDO)]
    if isinstance(change, Dissociate):
        label = "primary" if outcome.code == WAS_PRIMARY else change.label
        return [Associate(change.key, change.to, label, version, reason, UNDO)]
    return []


def _unlinked(change: Associate, outcome: Outcome, reason: str) -> list[Change]:
    """Take a link back: the one it took the place of is primary again, and one that stood before stays standing."""
    version = outcome.version
    replaced = outcome.found if outcome.status == "overwrote" else change.replaces
    was_linked = outcome.code == WAS_LINKED
    put_back: list[Change] = []
    if isinstance(replaced, str):
        former = replace(change.to, id=replaced)
        put_back.append(Associate(change.key, former, change.label, version, reason, UNDO, replaces=change.to.id))
    if not (was_linked and put_back):
        label = change.label if was_linked else ""
        put_back.append(Dissociate(change.key, change.to, label, version, reason, UNDO))
    return put_back


def folded(changes: list[Change]) -> list[Change]:
    """The same with several steps of one field made one: from the value it has now to the one it had first."""
    steps: dict[tuple[RecordKey, str], int] = {}
    result: list[Change] = []
    for change in changes:
        if not isinstance(change, SetField):
            result.append(change)
            continue
        place = steps.setdefault((change.key, change.field), len(result))
        if place == len(result):
            result.append(change)
            continue
        newer = result[place]
        assert isinstance(newer, SetField)
        if newer.after == change.before:
            result[place] = replace(newer, after=change.after)
    return result
