"""Plan: wanted minus current, as changes with the value they replace, the version they saw and the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from hygiene.corrections import WANTED, applied, merged, wanted
from hygiene.match import match
from hygiene.normalise import normalise_all
from hygiene.resolve import resolve
from model.changes import UNDO, Associate, Change, Planned, SetField, slot_of
from model.errors import ConfigError
from model.evidence import RecordKey
from model.streams import Value
from store import Store
from sync.enrich import learned
from sync.irreversible import irreversible
from sync.match import STREAMS, match_records
from sync.models import stored_models
from sync.push import chosen_plan, pending_changes
from sync.records import stored_frames
from sync.resolve import resolve_people, stored_links
from sync.workspace import Workspace

# Corrections build on each other two or three deep; more rounds than this would be a rule that undoes another.
_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change as people read it."""

    id: str
    key: str
    what: str
    reason: str
    lasting: str | None = None  # why it cannot be undone


@dataclass(frozen=True, slots=True)
class PlanReport:
    """A stored plan (`plan_id` None when there is nothing to change), its changes and how many each rule proposes."""

    plan_id: str | None
    rows: list[ChangeRow]
    by_rule: dict[str, int]
    held_back: int = 0

    @property
    def sentence(self) -> str:
        held = f" {self.held_back:,} held back because a person undid them." if self.held_back else ""
        if not self.rows:
            return f"Nothing to change: 0 changes planned.{held}"
        rules = ", ".join(f"{number:,} {rule}" for rule, number in self.by_rule.items())
        lasting = Counter(row.lasting for row in self.rows if row.lasting)
        lost = "".join(f" {number:,} cannot be undone: {why}." for why, number in lasting.items())
        return f"Plan {self.plan_id}: {len(self.rows):,} changes ({rules}).{lost}{held}"


def plan_changes(workspace: Workspace) -> PlanReport:
    """Work out every correction the settings allow and store them as a plan; no plan is stored when there is none."""
    store = workspace.store
    bring_up_to_date(workspace)
    changes = changes_of(converged(workspace))
    undone = undone_changes(store)
    kept = [change for change in changes if not _was_undone(change, undone)]
    held_back = len(changes) - len(kept)
    if not kept:
        return PlanReport(None, [], {}, held_back)
    run_id = store.begin_run("plan", workspace.clock())
    plan_id = store.save_plan(run_id, kept, workspace.clock())
    store.end_run(run_id, "done", workspace.clock(), {"plan": plan_id, "changes": len(kept)})
    return described(plan_id, store.plan_changes(plan_id), held_back)


def bring_up_to_date(workspace: Workspace) -> None:
    """Match and resolve again where records came in, or were written, since that was last done."""
    newest = {run.kind: run.id for run in workspace.store.runs()}
    changed = max((newest.get(kind, "") for kind in ("pull", "push", "undo", "forget")), default="")
    if newest.get("match", "") <= changed:
        match_records(workspace)
        resolve_people(workspace)
    elif newest.get("resolve", "") <= newest["match"]:
        resolve_people(workspace)


def converged(workspace: Workspace) -> pl.DataFrame:
    """Corrections (schema `hygiene.corrections.WANTED`) after which nothing is left to correct.

    One correction can make room for the next: a country that is filled tells how to read a phone number, a contact
    that is linked tells whose domain it is. So what is wanted is worked out again as if it were done already, until
    nothing more is.
    """
    store, settings, caps = workspace.store, workspace.settings.plan, workspace.settings.caps
    frames = stored_frames(store, (*STREAMS, "deals"))
    readable, lookups, verdicts = store.readable(), learned(workspace), store.verdicts()
    memberships, links = store.memberships(), stored_links(workspace)
    models = stored_models(store)
    writable = pl.col("connection").is_in(_writable(workspace))
    total = WANTED.to_frame()
    for _ in range(_ROUNDS):
        proposed = wanted(
            frames,
            readable,
            rules=settings.rules,
            never=settings.never,
            default_country=settings.default_country,
            links=links,
            lookups=lookups,
        ).filter(writable)
        if proposed.is_empty():
            break
        total, frames = merged(total, proposed), applied(frames, proposed)
        ready = normalise_all(frames, settings.default_country)
        memberships = match(ready, verdicts, memberships, caps.max_cluster, models=models).memberships
        links = resolve(ready, memberships)
    return total


def _writable(workspace: Workspace) -> list[str]:
    """The connections that may be planned for; ConfigError when the settings name one there is not."""
    chosen, known = workspace.settings.plan.connections, workspace.settings.connections
    unknown = sorted(set(chosen or ()) - known.keys())
    if unknown:
        raise ConfigError(f"plan.connections names {unknown[0]}, which is no connection; there are {', '.join(known)}.")
    return sorted(workspace.sinks() if chosen is None else chosen)


def pending_plan(workspace: Workspace, plan_id: str | None = None) -> PlanReport:
    """What a push of a stored plan would send, the newest plan by default."""
    chosen = chosen_plan(workspace.store, plan_id)
    return described(chosen, pending_changes(workspace.store, chosen))


def described(plan_id: str | None, changes: Iterable[Planned], held_back: int = 0) -> PlanReport:
    """Changes as rows for people, counted by rule."""
    listed = list(changes)
    rows = [
        ChangeRow(
            planned.id,
            str(planned.change.key),
            what(planned.change),
            planned.change.reason,
            irreversible(planned.change),
        )
        for planned in listed
    ]
    return PlanReport(plan_id, rows, dict(Counter(planned.change.rule for planned in listed).most_common()), held_back)


def what(change: Change) -> str:
    """A change in one line, values quoted."""
    slot = slot_of(change)
    if slot is None:
        return change.kind
    before, after = (("blank" if value is None else repr(value)) for value in (slot.before, slot.after))
    return f"{slot.field}: {before} -> {after}"


def changes_of(proposed: pl.DataFrame) -> list[Change]:
    """The rows of `hygiene.corrections.wanted` as changes, in the same order; account links become associations."""
    changes: list[Change] = []
    for row in proposed.iter_rows(named=True):
        key = RecordKey(row["connection"], row["stream"], row["id"])
        if row["rule"] == "link-account":
            to = RecordKey(key.connection, "accounts", row["after"])
            changes.append(Associate(key, to, "primary", row["seen_at"], row["reason"], row["rule"]))
        else:
            before, after = row["before"], row["after"]
            changes.append(SetField(key, row["field"], before, after, row["seen_at"], row["reason"], row["rule"]))
    return changes


def undone_changes(store: Store) -> set[tuple[RecordKey, str, Value]]:
    """What people put back: record, slot and the value they did not want. A plan does not propose it again.

    An undo of an undo wants the value after all.
    """
    undone: set[tuple[RecordKey, str, Value]] = set()
    for item in store.outcomes():
        change, slot = item.planned.change, slot_of(item.planned.change)
        if slot is not None and change.rule == UNDO and item.outcome.status in ("applied", "already"):
            undone.discard((change.key, slot.field, slot.after))
            undone.add((change.key, slot.field, slot.before))
    return undone


def _was_undone(change: Change, undone: set[tuple[RecordKey, str, Value]]) -> bool:
    slot = slot_of(change)
    return slot is not None and (change.key, slot.field, slot.after) in undone
