"""Plan: wanted minus current, as changes with the value they replace, the version they saw and the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from model.changes import JOINING, Associate, Change, Convert, Create, Merge, Planned, SetField, Unmerge, slot_of
from model.errors import ConfigError
from model.evidence import RecordKey
from sync.converge import Wishes
from sync.edits import undated
from sync.fields import save_synced, synced_fields, waiting_for_people
from sync.held import save_held
from sync.irreversible import irreversible, unrestored
from sync.joins import NO_JOINS, Joins, proposed_joins
from sync.match import match_records
from sync.missing import Stage
from sync.native import soft_merges
from sync.partners import choose_partners
from sync.past import not_held_back
from sync.push import chosen_plan, pending_changes
from sync.record_sync import Told, planned_records
from sync.refused import SETTINGS, apart_from_refused, refusing, remembered, settings_digest, standing, told_of
from sync.resolve import resolve_people
from sync.scope import plan_settings, scope_of
from sync.styles import Styles, column_styles, note_changed
from sync.workspace import Workspace

# So many values of a new record are shown.
_SHOWN = 4
LEFT_OUT = (
    " {:,} left out in HubSpot: its own Salesforce integration keeps these fields of these records, so that Salesforce "
    "is where they are corrected; [sync] beside_native = true corrects them in both."
)


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change as people read it."""

    id: str
    key: str
    what: str
    reason: str
    lasting: str | None = None  # why it cannot be undone
    group: str = ""  # of merges that are one item


@dataclass(frozen=True, slots=True)
class PlanReport:
    """A stored plan (`plan_id` None when there is nothing to change), its changes and how many each rule proposes.

    `joins` are the merges and conversions it proposes, which are sent only when asked for; `waiting` how many more
    there would be without the cap. `left_out` corrections are of fields that another writer keeps; `conflicts` wait
    for a person, and `unsure` pairs are not kept alike. `stages` say how far accounts and people are alike in the two
    connections that are synced. `refused`, by why: changes that are not sent again until something changes.
    """

    plan_id: str | None
    rows: list[ChangeRow]
    by_rule: dict[str, int]
    held_back: Mapping[str, int] = field(default_factory=dict)
    joins: tuple[ChangeRow, ...] = ()
    unrestored: tuple[str, ...] = ()  # what an undo of the merges leaves otherwise than it was
    soft: tuple[str, ...] = ()  # which merges a system refuses, and what is done instead
    waiting: int = 0
    left_out: int = 0
    conflicts: int = 0
    unsure: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    stages: tuple[Told, ...] = ()
    in_part: bool = False  # only what had changed was looked at

    @property
    def waits(self) -> bool:
        """Whether more records wait to be made, so that the next plan looks at everything."""
        return any(isinstance(stage, Stage) and stage.waiting for stage in self.stages)

    @property
    def sentence(self) -> str:
        held = "".join(f" {number:,} held back because {why}." for why, number in self.held_back.items())
        held += LEFT_OUT.format(self.left_out) if self.left_out else ""
        held += f" {self.conflicts:,} conflicts wait: trueline conflicts." if self.conflicts else ""
        held += f" {self.unsure:,} pairs are not sure enough to be kept alike." if self.unsure else ""
        held += told_of(self.refused)
        if not self.rows:
            return f"Nothing to change: 0 changes planned.{held}{self._proposed}"
        rules = ", ".join(f"{number:,} {rule}" for rule, number in self.by_rule.items())
        lasting = Counter(row.lasting for row in self.rows if row.lasting)
        lost = "".join(f" {number:,} cannot be undone: {why}." for why, number in lasting.items())
        return f"Plan {self.plan_id}: {len(self.rows):,} changes ({rules}).{lost}{held}{self._proposed}"

    @property
    def _proposed(self) -> str:
        if not self.joins:
            return ""
        groups = Counter(row.group for row in self.joins if row.group)
        repeated = {row.id for row in self.joins if row.group} - {
            row.id for row in {row.group: row for row in self.joins if row.group}.values()
        }
        kinds = Counter(row.what.split(" ", 1)[0] for row in self.joins if row.id not in repeated)
        named = " and ".join(f"{number:,} {kind}{'s' if number > 1 else ''}" for kind, number in kinds.items())
        more = f"; {self.waiting:,} more are over caps.max_merges" if self.waiting else ""
        step = f", {len(groups):,} of them in several CRMs in step" if groups else ""
        return f" {named} proposed{step}, sent only with --merges{more}."


NOTHING = PlanReport(None, [], {})


def plan_changes(
    workspace: Workspace, limit: int | None = None, *, full: bool = True, again: bool = False
) -> PlanReport:
    """Work out every correction the settings allow and store them as a plan; no plan is stored when there is none. At
    most `limit` records are made. What stands refused is in it only with `again`.

    Without `full` or `again` only records are planned that changed since a plan looked at them, with all that these
    concern.
    """
    bring_up_to_date(workspace)
    styles = column_styles(workspace.store, anew=full or again)
    settings = plan_settings(workspace, styles)
    scope = None if full or again else scope_of(workspace, settings)
    if scope is None:
        report, back = _planned(workspace, styles, limit, again=again)
        workspace.store.settle("plan", "" if report.waits else settings, back)
        return report
    report, back = NOTHING, frozenset[RecordKey]()
    if not scope.keys.is_empty():
        report, back = _planned(scope.within(workspace), styles, limit, scope.keys)
    note_changed(workspace.store, scope.seen)
    if report.waits:
        workspace.store.settle("plan", "", back)
    else:
        workspace.store.settle("plan", settings, back, scope.seen)
    return replace(report, in_part=True, conflicts=waiting_for_people(workspace), refused=standing(workspace.store))


def _planned(
    workspace: Workspace,
    styles: Styles,
    limit: int | None = None,
    part: pl.DataFrame | None = None,
    *,
    again: bool = False,
) -> tuple[PlanReport, frozenset[RecordKey]]:
    """A stored plan of the records that the workspace shows, and those it is to look at again, whatever comes of it."""
    store = workspace.store
    settings = settings_digest(workspace)
    recorded = remembered(store, store.outcomes(), settings, again=again)
    wishes = Wishes(workspace, _writable(workspace), styles, part)
    corrected, left_out = wishes.converged()
    choose_partners(workspace, corrected.stored)
    synced = synced_fields(workspace, corrected, _writable(workspace), recorded)
    corrected, synced.changes = wishes.after_sync(corrected, synced.changes)
    joins = NO_JOINS
    if workspace.settings.plan.merges == "propose":
        busy = {change.key for change in synced.changes}
        joins = proposed_joins(workspace, corrected, _writable(workspace), recorded, busy)
    corrections = apart_from(joins, changes_of(corrected.wanted))
    records = planned_records(workspace, corrected, recorded, joins.joined, limit, part)
    changes = records.beside([*beside(synced.changes, corrections), *synced.changes, *joins.changes])
    wanted, held_back = not_held_back(changes, recorded)
    kept, refused = apart_from_refused(wanted, recorded, refusing(workspace))
    back = frozenset(change.key for change in kept if change.kind not in JOINING) | undated(synced.conflicts)
    back |= records.again
    report = PlanReport(None, [], {}, held_back, left_out=left_out, unsure=synced.unsure, stages=records.stages)
    if not (kept or refused or standing(store)) and workspace.settings.sync.between is None:
        return report, back
    run_id = store.begin_run("plan", workspace.clock())
    save_synced(workspace, run_id, synced)
    save_held(store, run_id, [*records.findings, *(one.finding for one in refused)])
    report = replace(report, conflicts=waiting_for_people(workspace), refused=standing(store))
    if not kept:
        store.end_run(run_id, "done", workspace.clock(), {"changes": 0})
        return report, back
    plan_id = store.save_plan(run_id, kept, workspace.clock())
    store.end_run(run_id, "done", workspace.clock(), {"plan": plan_id, "changes": len(kept), SETTINGS: settings})
    told = _described(workspace, plan_id, store.plan_changes(plan_id), held_back)
    return replace(
        told, waiting=joins.waiting, left_out=left_out, conflicts=report.conflicts, refused=report.refused,
        unsure=report.unsure, stages=report.stages,
    ), back  # fmt: skip


def apart_from(joins: Joins, changes: Iterable[Change]) -> list[Change]:
    """The changes without those of records that are to be merged or converted, which carry them; a link to an account
    that is to be merged leads to its survivor, and so does a parent."""
    kept = [change for change in changes if change.key not in joins.joined]
    return [_to_survivor(change, joins.survivors) for change in kept]


def beside(synced: Iterable[SetField], corrections: Iterable[Change]) -> list[Change]:
    """The corrections without those of fields that get a value from the other CRM, which is corrected already."""
    written = {(change.key, change.field) for change in synced}
    return [one for one in corrections if not isinstance(one, SetField) or (one.key, one.field) not in written]


def _to_survivor(change: Change, survivors: Mapping[RecordKey, RecordKey]) -> Change:
    if isinstance(change, Associate):
        return replace(change, to=survivors.get(change.to, change.to))
    if isinstance(change, SetField) and change.field == "parent_id":
        parent = RecordKey(change.key.connection, "accounts", str(change.after))
        return replace(change, after=survivors.get(parent, parent).id)
    return change


def bring_up_to_date(workspace: Workspace) -> None:
    """Match and resolve again where records came in, or were written, since that was last done."""
    newest = {run.kind: run.id for run in workspace.store.runs()}
    changed = max((newest.get(kind, "") for kind in ("pull", "push", "undo", "forget")), default="")
    if newest.get("match", "") <= changed:
        match_records(workspace)
        resolve_people(workspace)
    elif newest.get("resolve", "") <= newest["match"]:
        resolve_people(workspace)


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
    return _described(workspace, chosen, pending_changes(workspace.store, chosen))


def _described(
    workspace: Workspace, plan_id: str, changes: Sequence[Planned], held_back: Mapping[str, int] | None = None
) -> PlanReport:
    report = described(plan_id, changes, held_back, systems_of(workspace))
    return replace(report, soft=soft_merges(workspace, (planned.change for planned in changes)))


def systems_of(workspace: Workspace) -> dict[str, str]:
    """By connection, its system."""
    return {name: connection.system for name, connection in workspace.settings.connections.items()}


def described(
    plan_id: str | None,
    changes: Iterable[Planned],
    held_back: Mapping[str, int] | None = None,
    systems: Mapping[str, str] | None = None,
) -> PlanReport:
    """Changes as rows for people, counted by rule; merges and conversions apart. `systems` are those of connections."""
    listed = list(changes)
    joins = [planned for planned in listed if planned.change.kind in JOINING]
    single = [planned for planned in listed if planned.change.kind not in JOINING]
    by_rule = Counter(planned.change.rule for planned in single)
    rows = [_row(planned) for planned in single]
    told = unrestored((planned.change for planned in listed), systems or {})
    return PlanReport(plan_id, rows, dict(by_rule.most_common()), held_back or {}, tuple(map(_row, joins)), told)


def _row(planned: Planned) -> ChangeRow:
    change = planned.change
    group = change.group if isinstance(change, Merge) else ""
    return ChangeRow(planned.id, str(change.key), what(change), change.reason, irreversible(change), group)


def what(change: Change) -> str:
    """A change in one line, values quoted."""
    slot = slot_of(change)
    if isinstance(change, Merge):
        return f"merge of {', '.join(loser.id for loser in change.losers)} into it"
    if isinstance(change, Unmerge):
        return f"{', '.join(loser.id for loser in change.losers)} taken out of it again"
    if isinstance(change, Create):
        return f"new record: {', '.join(f'{name} {value!r}' for name, value in change.values[:_SHOWN])}"
    if isinstance(change, Convert):
        return f"conversion into {change.contact or 'a new contact'}"
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
