"""Undo: the inverse of what a run changed, as a plan of its own that goes through the same push.

Only what the run's journal says was applied is put back, newest first, and only where the remote still holds what the
run wrote: a later edit by somebody else is a conflict, not a thing to overwrite.
"""

from __future__ import annotations

from dataclasses import dataclass

from model.changes import Associate, Change, Dissociate, Outcome, Planned, SetField
from model.errors import InputError
from store import Store
from sync.plan import PlanReport, described, pending_plan
from sync.workspace import Workspace

_WRITTEN = frozenset({"applied", "overwrote"})


@dataclass(frozen=True, slots=True)
class UndoReport:
    """The inverse of a run, and what cannot be put back, in words. `plan.plan_id` is None while it is not stored."""

    run_id: str
    plan: PlanReport
    lost: tuple[str, ...]

    @property
    def sentence(self) -> str:
        plan = f" as plan {self.plan.plan_id}" if self.plan.plan_id else ""
        return f"Undoing {self.run_id}{plan}: {len(self.plan.rows):,} changes."


def undo_run(workspace: Workspace, run_id: str, *, save: bool = True) -> UndoReport:
    """Work out a run's inverse and, with `save`, store it as a plan to push. Nothing is sent.

    A look at it is not stored: it would be the newest plan, which the next push takes. InputError when there is no
    such run or it changed nothing.
    """
    inverse, lost = inverse_changes(workspace.store, run_id)
    if save:
        plan = pending_plan(workspace, workspace.store.save_plan(run_id, inverse, workspace.clock()))
    else:
        plan = described(None, [Planned("", change) for change in inverse])
    return UndoReport(run_id, plan, tuple(lost))


def inverse_changes(store: Store, run_id: str) -> tuple[list[Change], list[str]]:
    """What puts a run's changes back, newest first, and one sentence for each thing that cannot be put back."""
    if run_id not in {run.id for run in store.runs()}:
        raise InputError(f"There is no run {run_id}; `trueline runs` lists them.")
    written = [item for item in store.outcomes(run_id=run_id) if item.outcome.status in _WRITTEN]
    if not written:
        raise InputError(f"Run {run_id} changed nothing, so there is nothing to undo.")
    inverse: list[Change] = []
    lost: list[str] = []
    for item in reversed(written):
        change = item.planned.change
        put_back = inverse_of(change, item.outcome, run_id)
        if put_back is None:
            lost.append(f"{change.key}: a {change.kind} cannot be undone")
        else:
            inverse.append(put_back)
    return inverse, lost


def inverse_of(change: Change, outcome: Outcome, run_id: str) -> Change | None:
    """The change that puts back what this one replaced; None where the vendor's API offers no way."""
    reason = f"undo of {run_id}: {change.reason}"
    if isinstance(change, SetField):
        replaced = outcome.found if outcome.status == "overwrote" else change.before
        return SetField(change.key, change.field, change.after, replaced, outcome.version, reason, "undo")
    if isinstance(change, Associate):
        return Dissociate(change.key, change.to, change.label, outcome.version, reason, "undo")
    if isinstance(change, Dissociate):
        return Associate(change.key, change.to, change.label, outcome.version, reason, "undo")
    return None
