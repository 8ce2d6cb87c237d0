"""Field sync: what has to be written so that partner records of two CRMs are alike, as changes of a plan.

What a side held when both agreed tells whether it has changed since, and no clock does. Clocks are asked only about
what changed on both sides, and then only whether one change surely is the newer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from hygiene.field_sync import FieldPlan, decided, new_bases
from hygiene.findings import found, gathered
from hygiene.native import Kept
from hygiene.owners import same_owners
from hygiene.threeway import Policy, Side
from model.changes import SYNC, Agreed, Planned, SetField
from model.conflicts import Conflict
from model.errors import ConfigError
from model.evidence import RecordKey
from model.streams import STREAMS, Kind, Value
from model.sync_settings import SyncField
from store import Recorded
from sync.edits import Dated, Edits
from sync.joins import Corrected
from sync.partner_table import GROUPS, followed_bases, partner_table
from sync.workspace import Workspace

_OTHER = {"left": "right", "right": "left"}
_ALWAYS = ("email_opt_out", "do_not_call")
_MOVED = ("left", "right", "held")
_ASKED = ("conflict", "withdrawn")
_REASONS = {"conflict": "changed on both sides since they agreed", "withdrawn": "an opt-out was taken back on one side"}
_CONTESTED = "a merge or conversion left another value than the two had agreed on"
_FRESH = "both sides hold a value, and have not agreed on one before"


@dataclass(slots=True)
class Synced:
    """What keeps two CRMs alike: changes, open conflicts, bases to be saved, findings."""

    changes: list[SetField] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    bases: list[pl.DataFrame] = field(default_factory=list)
    findings: list[pl.DataFrame] = field(default_factory=list)
    unsure: int = 0  # pairs that are not sure enough to be kept alike


def synced_fields(
    workspace: Workspace, corrected: Corrected, writable: Collection[str], recorded: Iterable[Recorded]
) -> Synced:
    """The changes that make partner records alike, as of the corrections that are planned beside them; `recorded` are
    the outcomes so far."""
    synced = Synced()
    between = workspace.settings.sync.between
    if between is None:
        return synced
    known = {(one.left, one.right, one.field): one for one in workspace.store.conflicts()}
    edits, bases = Edits(workspace, recorded), followed_bases(workspace)
    for group in GROUPS:
        plans = field_plans(workspace, group, between)
        if not plans:
            continue
        table, unsure = partner_table(workspace, group, between, corrected, [plan.name for plan in plans], bases)
        synced.unsure += unsure
        if not table.is_empty():
            held = (known, corrected.kept, synced, edits)
            _Group(workspace, between, table, frozenset(writable), *held).run(plans)
    return synced


def save_synced(workspace: Workspace, run_id: str, synced: Synced) -> None:
    """Keep the bases, the queue of conflicts and the findings of a plan."""
    at = workspace.clock()
    for bases in synced.bases:
        workspace.store.save_bases(bases, at)
    workspace.store.keep_conflicts(synced.conflicts, at)
    workspace.store.replace_findings(run_id, gathered(synced.findings), step="sync")


def waiting_for_people(workspace: Workspace) -> int:
    """How many conflicts have no answer yet."""
    return sum(one.answer is None for one in workspace.everything.conflicts())


def field_plans(workspace: Workspace, group: str, between: tuple[str, str]) -> list[FieldPlan]:
    """The fields of accounts or people that are kept alike: those of the settings, and people's opt-outs always.

    ConfigError for a field that names a record of its own CRM and is not the owner.
    """
    settings = workspace.settings.sync
    told = dict(settings.stream(group).fields)
    if group == "contacts":
        told = {**dict.fromkeys(_ALWAYS, SyncField(authority="two-way")), **told}
    return [
        FieldPlan(
            name, _kind(group, name), _policy(workspace, group, name, how), _values(workspace, name, how), how.newest
        )
        for name, how in told.items()
        if how.authority != "dont-sync"
    ]


def _kind(group: str, name: str) -> Kind:
    return next((known.kind for known in STREAMS[group].fields if known.name == name), "text")


def _policy(workspace: Workspace, group: str, name: str, how: SyncField) -> Policy:
    leader = workspace.settings.leader(how.authority)
    between = workspace.settings.sync.between or ("", "")
    kind = _kind(group, name)
    if kind == "reference" and name != "owner_id":
        raise ConfigError(f"sync.{group}.fields.{name} names a record of its own CRM, so that it is not synced.")
    return Policy(
        leader=None if leader is None else ("left" if leader == between[0] else "right"),
        yields=how.authority.startswith("prefer"),
        only_fill=how.authority == "fill-only",
        clears=how.clears,
        is_consent=kind == "consent",
    )


def _values(workspace: Workspace, name: str, how: SyncField) -> pl.DataFrame | None:
    if name == "owner_id":
        users = workspace.store.frame("users", columns=["email", "is_active"])
        return same_owners(users, workspace.settings.sync.between or ("", ""))
    if not how.values:
        return None
    return pl.DataFrame(list(how.values.items()), schema={"left": pl.String, "right": pl.String}, orient="row")


@dataclass(frozen=True, slots=True)
class _Opened:
    """A field of a group: its `rows` as decided but for the conflicts, which are of the rows `asked`; `kept` are the
    moves of rows that are left to another integration."""

    plan: FieldPlan
    rows: pl.DataFrame
    kept: Mapping[int, str]
    asked: Sequence[Mapping[str, Value]]
    conflicts: Sequence[Conflict]


@dataclass(slots=True)
class _Group:
    """Accounts or people at work. `table` is that of `partner_table`, `known` are the open conflicts."""

    workspace: Workspace
    between: tuple[str, str]
    table: pl.DataFrame
    writable: frozenset[str]
    known: Mapping[tuple[RecordKey, RecordKey, str], Conflict]
    kept: Kept
    synced: Synced
    edits: Edits
    addresses: dict[str, pl.DataFrame] = field(default_factory=dict)  # by connection: id and address, lower case
    newer: dict[tuple[str, int], str] = field(default_factory=dict)  # (field, row) of newer values -> why they count

    def run(self, plans: Sequence[FieldPlan]) -> None:
        opened = [self._opened(plan) for plan in plans]
        dated = iter(self.edits.dated([conflict for one in opened for conflict in one.conflicts]))
        decisions: dict[str, pl.DataFrame] = {}
        for one in opened:
            rows = self._decide(one, [next(dated) for _ in one.conflicts])
            decisions[one.plan.name] = rows
            self._note(one.plan, rows)
        self.synced.bases.append(new_bases(self.table, decisions, self.between))

    def _opened(self, plan: FieldPlan) -> _Opened:
        kept = dict.fromkeys(self._kept_rows(plan.name), "stay")
        rows = decided(self.table, plan, self.workspace.settings.plan.default_country, kept)
        asked = list(rows.with_columns(self.table["row"]).filter(pl.col("move").is_in(_ASKED)).iter_rows(named=True))
        return _Opened(plan, rows, kept, asked, [self._conflict(plan, row) for row in asked])

    def _decide(self, opened: _Opened, dated: Sequence[Dated]) -> pl.DataFrame:
        """The moves of a field: where both sides changed the newer value counts if that is sure; else a person is
        asked, or was, and the answer decides."""
        plan, answers = opened.plan, dict(opened.kept)
        for row, told in zip(opened.asked, dated, strict=True):
            here = int(row["row"] or 0)
            if told.newer is not None and _may_win(plan, row, told.newer):
                answers[here] = _OTHER[told.newer]
                self.newer[plan.name, here] = told.reason
                continue
            answers[here] = self._answered(plan, told.conflict, row)
            if answers[here] != "agree":
                self.synced.conflicts.append(told.conflict)
        if not answers:
            return opened.rows
        return decided(self.table, plan, self.workspace.settings.plan.default_country, answers)

    def _kept_rows(self, name: str) -> list[int]:
        """The pairs whose field another integration keeps alike."""
        if self.kept.fields.is_empty():
            return []
        rows: list[int] = []
        for side, connection in zip(_OTHER, self.between, strict=True):
            is_mapped = (pl.col("connection") == connection) & (pl.col("field") == name)
            streams = self.kept.fields.filter(is_mapped)["stream"].implode()
            theirs = self.kept.records.filter((pl.col("connection") == connection) & pl.col("stream").is_in(streams))
            keyed = theirs.select(pl.col("stream").alias(f"{side}_stream"), pl.col("id").alias(f"{side}_id"))
            rows += self.table.join(keyed, on=keyed.columns, how="semi")["row"].to_list()
        return rows

    def _conflict(self, plan: FieldPlan, row: Mapping[str, Value]) -> Conflict:
        """The conflict of a row, with the answer that was given to just these values, or when they were set."""
        left, right = self._keys(row["row"])
        before = self.known.get((left, right, plan.name))
        if before and before.answer and _is_answer_to(before, row["left_now"], row["right_now"]):
            return before
        reason = _FRESH if _is_fresh(row) else _CONTESTED if row["contested"] else _REASONS[str(row["move"])]
        told = Conflict(
            left, right, plan.name, row["left_now"], row["right_now"], row["left_was"], not _is_fresh(row), reason
        )  # fmt: skip
        if before is None or (before.left_value, before.right_value) != (told.left_value, told.right_value):
            return told
        return replace(
            told, left_at=before.left_at, right_at=before.right_at, left_by=before.left_by, right_by=before.right_by
        )

    def _answered(self, plan: FieldPlan, conflict: Conflict, row: Mapping[str, Value]) -> str:
        """The move that an answer stands for; "stay" where there is none yet, or where it is written to both sides."""
        answer = conflict.answer
        if answer is None:
            return "stay"
        if answer.kind != "value":
            return {"left": "right", "right": "left", "leave": "agree"}[answer.kind]
        for key, side in ((conflict.left, "left"), (conflict.right, "right")):
            at = self.table.row(int(row["row"] or 0), named=True)[f"{side}_at"]
            self._set(SetField(key, plan.name, row[f"{side}_now"], answer.value, at, f"{conflict.answered_by} said so"))
        return "stay"

    def _keys(self, row: Value) -> tuple[RecordKey, RecordKey]:
        here = self.table.row(int(row or 0), named=True)
        left, right = (
            RecordKey(name, here[f"{side}_stream"], here[f"{side}_id"])
            for side, name in zip(("left", "right"), self.between, strict=True)
        )
        return left, right

    def _note(self, plan: FieldPlan, rows: pl.DataFrame) -> None:
        """The changes of a field, and what could not be carried over, as findings."""
        beside = ["row", *(f"{side}_{name}" for side in _OTHER for name in ("stream", "id", "at"))]
        told = rows.with_columns(self.table[name] for name in beside).filter(pl.col("move").is_in(_MOVED))
        if told.is_empty():
            return
        for side, connection in zip(_OTHER, self.between, strict=True):
            source = _OTHER[side]
            mine = told.filter(pl.col("move") == side)
            is_lost = pl.col(f"{source}_to").is_null() & pl.col(source).is_not_null()
            self._find(
                mine.filter(is_lost), source, "sync-unmapped", plan, pl.lit(f"has no counterpart in {connection}")
            )
            if connection in self.writable:
                for row in mine.filter(~is_lost).iter_rows(named=True):
                    self._carry(plan, row, side, source)
            cleared = told.filter((pl.col("move") == "held") & pl.col(side).is_null())
            self._find(cleared, side, "sync-cleared", plan, pl.lit("cleared here, kept in the other CRM"))

    def _carry(self, plan: FieldPlan, row: Mapping[str, Value], side: str, source: str) -> None:
        """One value from its source to the other side."""
        keys = dict(zip(("left", "right"), self._keys(row["row"]), strict=True))
        before, after = row[f"{side}_now"], row[f"{source}_to"]
        if before == after:
            return
        at = row[f"{side}_at"]
        follows = plan.policy.leader in (None, side)
        agreed = Agreed(keys[source], row[f"{source}_now"], follows)
        newer = self.newer.get((plan.name, int(row["row"] or 0)))
        reason = newer or _reason(plan, row, side, self.between[source == "right"])
        self._set(
            SetField(keys[side], plan.name, before, after, None if at is None else int(at), reason, agreed=agreed)
        )

    def _set(self, change: SetField) -> None:
        """Plan a change, unless the settings or its system forbid it."""
        if f"{change.key.stream}.{change.field}" in self.workspace.settings.plan.never or change.before == change.after:
            return
        ready = replace(change, rule=SYNC)
        refusal = self.workspace.sinks()[change.key.connection].refusal(Planned("", ready))
        if change.field == "email" and change.after and self._others_address(change):
            refusal = "another record there has this address"
        if refusal is None:
            self.synced.changes.append(ready)
            return
        row = {"connection": change.key.connection, "stream": change.key.stream, "id": change.key.id}
        self.synced.findings.append(found(pl.DataFrame([row]), "sync-refused", pl.lit(refusal), field=change.field))

    def _others_address(self, change: SetField) -> bool:
        """Whether another record of the connection has the address: it would be a duplicate there, or be refused."""
        key = change.key
        if key.connection not in self.addresses:
            store, columns = self.workspace.everything, ["email", "extra_emails"]
            contacts = store.frame("contacts", columns=columns, connections=[key.connection])
            every = pl.concat_str("email", "extra_emails", separator=";", ignore_nulls=True).str.to_lowercase()
            told = contacts.select(
                "id", every.str.split(";").list.eval(pl.element().str.strip_chars()).alias("address")
            )
            self.addresses[key.connection] = told.explode("address").drop_nulls()
        is_held = (pl.col("address") == str(change.after).lower()) & (pl.col("id") != key.id)
        return not self.addresses[key.connection].filter(is_held).is_empty()

    def _find(self, rows: pl.DataFrame, side: str, rule: str, plan: FieldPlan, message: pl.Expr) -> None:
        if rows.is_empty():
            return
        connection = self.between[side == "right"]
        records = rows.select(
            pl.lit(connection).alias("connection"), pl.col(f"{side}_stream").alias("stream"),
            pl.col(f"{side}_id").alias("id"), pl.col(side).cast(pl.String).alias("_value"),
        )  # fmt: skip
        self.synced.findings.append(found(records, rule, message, field=plan.name, value=pl.col("_value")))


def _is_fresh(row: Mapping[str, Value]) -> bool:
    """Whether the two have not agreed before, nor the records that one of them took the place of."""
    return not (row["contested"] or (row["left_based"] and row["right_based"]))


def _may_win(plan: FieldPlan, row: Mapping[str, Value], side: Side) -> bool:
    """Whether the newer value of a side may count without a person: they agreed once and differ since, it is no opt-out
    that was taken back, and no blank that is not to be carried over."""
    is_blank = row[side] in (None, "")
    return plan.newest and row["move"] == "conflict" and not _is_fresh(row) and (not is_blank or plan.policy.clears)


def _is_answer_to(conflict: Conflict, left: Value, right: Value) -> bool:
    """Whether the values still are those of the answer, or the one it gives them."""
    told = conflict.answer
    given = (told.value,) if told is not None and told.kind == "value" else ()
    return left in (conflict.left_value, *given) and right in (conflict.right_value, *given)


def _reason(plan: FieldPlan, row: Mapping[str, Value], side: str, source: str) -> str:
    if plan.policy.is_consent:
        return f"opted out in {source}"
    if row["contested"] or _is_fresh(row):
        return f"{source} has a value" if row[side] in (None, "") else f"{source} decides about this field"
    if row[f"{_OTHER[side]}_to"] is None:
        return f"cleared in {source}"
    return f"changed in {source}" if plan.policy.leader is None else f"{source} decides about this field"
