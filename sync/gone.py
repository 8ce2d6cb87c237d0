"""Deletions in one CRM, carried to the other where the settings say so: as findings, or as deletions under a cap.

Only a partner that was really deleted counts, not one that was merged, converted, hidden or left out of an extract;
and never one that we deleted ourselves. A record that anybody has a use for stays, with a finding.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from hygiene.gone import bereft, ties
from model.changes import Create, Delete, Planned, Restore
from model.evidence import RecordKey
from model.streams import Value
from store import Recorded, Store
from sync.clock import day_of
from sync.figures import OF_KIND
from sync.held import Held
from sync.records import linked_contacts
from sync.workspace import Workspace

_RECORDS = ("accounts", "contacts", "leads")
RULE, FOUND = "delete-gone", "partner-deleted"
Steps = Mapping[tuple[RecordKey, int], int]  # record and version we left -> version we found


@dataclass(frozen=True, slots=True)
class Gone:
    """What deletions in `source` mean for `to`: `delete` by this plan, `kept` with a finding; `over_cap` are so many
    that none is planned."""

    stream: str
    source: str
    to: str
    delete: int
    kept: int
    over_cap: int = 0

    @property
    def sentence(self) -> str:
        told = f"{self.stream} deleted in {self.source}: {self.delete:,} to be deleted in {self.to}, {self.kept:,} kept"
        if self.over_cap:
            return f"{told}; {self.over_cap:,} would be more than caps.max_deletes, so none is planned."
        return f"{told}."


@dataclass(frozen=True, slots=True)
class Bereft:
    """Deletions to be carried over, what came of them by stream and direction, and the findings."""

    changes: tuple[Delete, ...] = ()
    stages: tuple[Gone, ...] = ()
    findings: tuple[Held, ...] = ()
    again: frozenset[RecordKey] = frozenset()  # which the next plan is to look at


def planned_deletes(workspace: Workspace, recorded: Sequence[Recorded], busy: Collection[RecordKey]) -> Bereft:
    """What becomes of records whose partner was deleted; none of `busy`, which other changes of the plan join."""
    settings = workspace.settings.sync
    changes: list[Delete] = []
    stages: list[Gone] = []
    findings: list[Held] = []
    again: set[RecordKey] = set()
    between = settings.between
    for stream, streams in (("accounts", OF_KIND["company"]), ("contacts", OF_KIND["person"])):
        how = settings.stream(stream).deletes
        for source, to in () if between is None or how == "ignore" else (between, between[::-1]):
            if to not in (workspace.settings.plan.connections or (to,)):
                continue
            gone = _known(workspace, _gone(workspace, source, to, streams), recorded, busy)
            if gone.is_empty():
                continue
            own, kept = _sorted_out(workspace, gone, how, own_steps(recorded))
            over = len(own) if len(changes) + len(own) > workspace.settings.caps.max_deletes else 0
            changes += [] if over else own
            findings += kept
            # What speaks against it may go by itself: a deal is won, and time goes by.
            if how == "propagate":
                again.update([one.key for one in own], [one.key for one in kept])
            stages.append(Gone(stream, source, to, 0 if over else len(own), len(kept), over))
    return Bereft(tuple(changes), tuple(stages), tuple(findings), frozenset(again))


def own_steps(recorded: Iterable[Recorded]) -> Steps:
    """The versions that our own writes made, each with the one before; before a record was made there was none."""
    steps: dict[tuple[RecordKey, int], int] = {}
    for item in recorded:
        change, outcome = item.planned.change, item.outcome
        if outcome.status == "applied" and outcome.version:
            is_new = isinstance(change, Create) and outcome.made is not None
            key = replace(change.key, id=outcome.made) if is_new and outcome.made else change.key
            if is_new or change.seen_at:
                steps[key, outcome.version] = change.seen_at or 0
    return steps


def last_by_others(steps: Steps, key: RecordKey, version: int) -> int:
    """The version (µs) of a record's last change that was not ours."""
    while (before := steps.get((key, version))) is not None and before < version:
        version = before
    return version


def _gone(workspace: Workspace, source: str, to: str, streams: Sequence[str]) -> pl.DataFrame:
    store = workspace.store
    return bereft(store.memberships(), store.memberships(ended=True), store.tombstones(streams), source, to, streams)


def _known(
    workspace: Workspace, gone: pl.DataFrame, recorded: Sequence[Recorded], busy: Collection[RecordKey]
) -> pl.DataFrame:
    """Those of which we deleted neither side ourselves, nor brought this one back."""
    done = [item.planned.change for item in recorded if item.outcome.status in ("applied", "already")]
    ours = {str(change.key) for change in done if isinstance(change, Delete)}
    back = {str(change.key) for change in done if isinstance(change, Restore)} | set(map(str, busy))
    key = pl.concat_str("connection", "stream", "id", separator="/")
    return gone.filter(~pl.col("partner").is_in(ours) & ~key.is_in(back))


def _sorted_out(workspace: Workspace, gone: pl.DataFrame, how: str, steps: Steps) -> tuple[list[Delete], list[Held]]:
    store, idle = workspace.store, workspace.settings.staleness.idle_days
    stored = _with_ties(workspace.everything, gone)
    told = ties(gone, stored, day_of(workspace.clock()), idle)
    bases = {
        RecordKey(connection, stream, record): (partner, json.loads(fields))
        for connection, stream, record, partner, fields in store.bases(gone.select("connection", "stream", "id"))
        .select("connection", "stream", "id", "partner", "fields")
        .iter_rows()
    }
    deletes: list[Delete] = []
    kept: list[Held] = []
    for stream, part in told.group_by("stream", maintain_order=True):
        now = part.join(stored[str(stream[0])], on=["connection", "id"]).with_columns(
            pl.selectors.temporal().to_physical()
        )  # fmt: skip
        for row in now.iter_rows(named=True):
            key = RecordKey(row["connection"], row["stream"], row["id"])
            by_others = last_by_others(steps, key, int(row["changed_at"]))
            why = "" if how == "flag" else _why_kept(workspace, key, row, bases.get(key), by_others)
            if how == "flag" or why:
                message = f"its counterpart {row['partner']} was deleted" + (
                    f"; not deleted here: {why}" if why else ""
                )
                kept.append(Held(key, None, message, FOUND))
            else:
                deletes.append(Delete(key, row["changed_at"], _reason(workspace, key, row["partner"]), RULE))
    return deletes, kept


def _with_ties(store: Store, gone: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """These records by stream, with the contacts, deals and links that hang on them."""
    place = ["connection", "id"]
    accounts, contacts, leads = (gone.filter(pl.col("stream") == stream).select(place) for stream in _RECORDS)
    led = store.frame("associations", only=store.naming("associations", "to_id", gone.select(place)))
    links = pl.concat([store.links_of(gone).filter(~pl.col("is_deleted")), led]).unique()
    ends = [
        links.select("connection", pl.col(f"{end}_stream").alias("stream"), pl.col(f"{end}_id").alias("id"))
        for end in ("from", "to")
    ]
    hanging = pl.concat(ends).unique()
    beside = [hanging.filter(pl.col("stream") == stream).select(place) for stream in ("contacts", "deals")]
    people = pl.concat([contacts, beside[0], store.naming("contacts", "account_id", accounts)]).unique()
    named = [store.naming("deals", "account_id", accounts), store.naming("deals", "contact_id", contacts)]
    keys = people.with_columns(pl.lit("contacts").alias("stream"))
    return {
        "accounts": store.frame("accounts", only=accounts),
        "contacts": linked_contacts(store.frame("contacts", only=people), store.links_of(keys)),
        "leads": store.frame("leads", only=leads),
        "deals": store.frame("deals", only=pl.concat([beside[1], *named]).unique()),
        "associations": links,
    }


def _why_kept(
    workspace: Workspace,
    key: RecordKey,
    row: Mapping[str, Value],
    base: tuple[str, Mapping[str, list[Value] | None]] | None,
    changed_at: int,
) -> str:
    """Why a record stays; blank where nothing speaks for it. `changed_at` is when others than we last changed it."""
    if row["is_doubtful"]:
        return "another counterpart was merged or is no longer shown"
    if row["tie"]:
        return str(row["tie"])
    is_based = base is not None and base[0] == row["partner"]
    agreed = base[1].items() if is_based and base else ()
    is_edited = any(held is not None and name in row and row[name] != held[0] for name, held in agreed)
    if is_edited or changed_at > int(row["seen_at" if is_based else "gone_at"] or 0):
        return "it was changed since"
    refused = workspace.sinks()[key.connection].refusal(Planned("", Delete(key, None, "")))
    return refused or ""


def _reason(workspace: Workspace, key: RecordKey, partner: str) -> str:
    """Why it is deleted, and whether that can be undone."""
    lasting = workspace.sinks()[key.connection].refusal(Planned("", Restore(key, None, "")))
    return f"its counterpart {partner} was deleted" + (f"; {lasting}" if lasting else "")
