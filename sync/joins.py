"""Merges of sure duplicates and conversions of leads that are a contact already, as changes of a plan.

They are proposed, with every surviving value and its reason; a push sends them only when it is asked to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from connectors.connector import Sink
from hygiene.kinds import email
from hygiene.known import live
from hygiene.merging import Groups, job_changes, looked_up_alike, loses_itself, sure_groups, surviving
from hygiene.native import Kept
from hygiene.partners import crowded
from hygiene.survive import Survived
from hygiene.survivors import facts
from model.changes import JOINING, Change, Chosen, Merge, SetField, records_of
from model.errors import ConnectorError
from model.evidence import Evidence, RecordKey
from model.streams import Value
from store import Recorded, Store
from sync.conversions import with_conversions
from sync.lend import unmerged_pairs
from sync.match import STREAMS
from sync.partners import referring
from sync.set_last import HISTORY, in_step
from sync.workspace import Workspace

RULE, LOOKED_UP = "merge-duplicates", "enrich-fill"
_IDENTIFIERS = ("lei", "registration_number")


@dataclass(frozen=True, slots=True)
class Corrected:
    """The corrections that are `wanted` (schema `hygiene.corrections.WANTED`), the records by stream as they are
    `stored`, and how they are and match once they are corrected; `kept` is what is left to another integration."""

    wanted: pl.DataFrame
    stored: dict[str, pl.DataFrame]
    frames: dict[str, pl.DataFrame]
    memberships: pl.DataFrame
    pairs: pl.DataFrame
    kept: Kept


@dataclass(frozen=True, slots=True)
class Joins:
    """`changes`: merges and conversions, and the opt-outs that a conversion would lose; `joined` names all records
    that are to be merged or converted; `waiting` groups are over the cap; `survivors` leads from a loser to its
    survivor."""

    changes: list[Change]
    joined: frozenset[RecordKey]
    survivors: Mapping[RecordKey, RecordKey]
    waiting: int


NO_JOINS = Joins([], frozenset(), {}, 0)


def proposed_joins(
    workspace: Workspace,
    corrected: Corrected,
    writable: Sequence[str],
    recorded: Sequence[Recorded],
    busy: Collection[RecordKey] = (),
) -> Joins:
    """What may be merged and converted, up to `caps.max_merges`, the surest first; no group with a `busy` record.

    A merge carries the corrected values, so that its records need no correction of their own; a lead is converted
    once it needs none. `recorded` are the outcomes of all pushes.
    """
    groups = _at_rest(_groups(workspace, corrected, writable, _looked_up(corrected, recorded)), busy)
    unclean = corrected.wanted.filter(pl.col("stream") == "leads")
    clean = groups.leads.join(unclean, on=["connection", "id"], how="anti", maintain_order="left")
    proposable = Groups(groups.members, clean)
    chosen, waiting = _within_cap(proposable, corrected.wanted, workspace.settings.caps.max_merges)
    merges = [merge for stream in STREAMS for merge in _merges(workspace, stream, chosen.members, corrected, recorded)]
    survivors = {loser: merge.key for merge in merges for loser in merge.losers}
    merges = _in_step([_with_living_parent(merge, survivors) for merge in merges], corrected.memberships)
    changes = with_conversions(workspace, merges, groups.leads, chosen.leads, corrected.stored, survivors)
    joined = {key for change in changes if change.kind in JOINING for key in records_of(change)}
    return Joins(changes, frozenset(joined), survivors, waiting)


def _at_rest(groups: Groups, busy: Collection[RecordKey]) -> Groups:
    """The groups none of whose records is to be written otherwise: those are merged once that is done."""
    if not busy:
        return groups
    keys = pl.Series([str(key) for key in busy], dtype=pl.String).implode()
    held = groups.members.filter(pl.col("key").is_in(keys))["group"].unique().implode()
    lead = pl.format("{}/leads/{}", "connection", "id")
    return Groups(groups.members.filter(~pl.col("group").is_in(held)), groups.leads.filter(~lead.is_in(keys)))


def _looked_up(corrected: Corrected, recorded: Sequence[Recorded]) -> pl.DataFrame:
    """The accounts (connection, id) that have, or are to have, an identifier that we looked up."""
    planned = corrected.wanted.filter((pl.col("rule") == LOOKED_UP) & pl.col("field").is_in(_IDENTIFIERS))
    written = {
        item.planned.change.key
        for item in recorded
        if isinstance(item.planned.change, SetField)
        and item.planned.change.rule == LOOKED_UP
        and item.planned.change.field in _IDENTIFIERS
        and item.outcome.status in ("applied", "already")
    }
    rows = [(key.connection, key.id) for key in sorted(written) if key.stream == "accounts"]
    told = pl.DataFrame(rows, schema={"connection": pl.String, "id": pl.String}, orient="row")
    return pl.concat([planned.filter(pl.col("stream") == "accounts").select("connection", "id"), told]).unique()


def _groups(workspace: Workspace, corrected: Corrected, writable: Sequence[str], looked_up: pl.DataFrame) -> Groups:
    store, settings, pairs = workspace.store, workspace.settings, corrected.pairs
    memberships = corrected.memberships.filter(pl.col("connection").is_in(list(writable)))
    members = crowded(memberships).with_columns(pl.concat_str("connection", "entity", separator="/").alias("group"))
    mergeable = {stream: _mergeable(stream, frame) for stream, frame in corrected.frames.items()}
    referring_too = {**referring(store, without=mergeable), **mergeable}
    told = facts(members, referring_too, pairs=pairs, partners=store.partners())
    in_one = pairs.filter(pl.col("left_connection") == pl.col("right_connection"))
    apart = [looked_up_alike(in_one, corrected.frames["accounts"], looked_up)]
    if not settings.plan.merge_job_changes:
        apart.append(job_changes(in_one, corrected.frames))
    apart.append(_taken_apart(store))
    judged = pl.concat(apart)
    groups = sure_groups(memberships, pairs, told, settings.survive.records, settings.plan.merge_from, judged)
    told_of = memberships.select("connection", "stream", "id", "entity")
    groups = Groups(groups.members.join(told_of, on=["connection", "stream", "id"], how="left"), groups.leads)
    looped = loses_itself(groups.members, corrected.frames["accounts"])
    return Groups(groups.members.filter(~pl.col("group").is_in(looped.to_list())), groups.leads)


def _taken_apart(store: Store) -> pl.DataFrame:
    """The pairs (their six key columns) that a person had taken apart again."""
    names = [f"{side}_{name}" for side in ("left", "right") for name in ("connection", "stream", "id")]
    rows = [
        (one.connection, one.stream, one.id, other.connection, other.stream, other.id)
        for one, other in unmerged_pairs(store)
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def _in_step(merges: Sequence[Merge], memberships: pl.DataFrame) -> list[Merge]:
    """The merges, those of one person or company in several connections as one group, side by side."""
    keys = memberships.select("connection", "stream", "id", "entity").iter_rows()
    entities = {RecordKey(connection, stream, record): entity for connection, stream, record, entity in keys}
    places: dict[str, set[str]] = {}
    for merge in merges:
        places.setdefault(entities.get(merge.key, ""), set()).add(merge.key.connection)
    grouped = [
        replace(merge, group=entity) if (entity := entities.get(merge.key, "")) and len(places[entity]) > 1 else merge
        for merge in merges
    ]
    first = {merge.group: place for place, merge in reversed(list(enumerate(grouped)))}
    order = sorted(range(len(grouped)), key=lambda at: (first[grouped[at].group] if grouped[at].group else at, at))
    return [grouped[at] for at in order]


def _mergeable(stream: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Live records; person accounts are pairs of an account and a contact, and are left to people."""
    flag = {"accounts": "is_person", "contacts": "is_person_account"}.get(stream)
    kept = live(stream, frame)
    return kept if flag is None else kept.filter(~pl.col(flag).fill_null(value=False))


def _within_cap(groups: Groups, wanted: pl.DataFrame, cap: int) -> tuple[Groups, int]:
    """The merges that the cap allows, the surest first, then conversions; and how many are left.

    Merges that carry corrections go first, so that others that come up later do not displace them: a record that was
    to be merged, and got no correction for it, would be corrected after all, and by a plan of everything alone.
    """
    key = ["connection", "stream", "id"]
    carrying = groups.members.join(wanted, on=key, how="semi")["entity"].unique().implode()
    kind = pl.when(pl.col("entity").is_in(carrying)).then(0).otherwise(1).alias("kind")
    whole = pl.col("sure").min().over("entity")
    merges = groups.members.select(whole, "group", "entity", kind).unique()
    leads = groups.leads.select("sure", pl.format("{}/leads/{}", "connection", "id").alias("group"),
                                pl.format("{}/leads/{}", "connection", "id").alias("entity"),
                                pl.lit(2).alias("kind"))  # fmt: skip
    ordered = pl.concat([merges, leads]).sort("kind", "sure", "entity", "group", descending=[False, True, False, False])
    # What goes together in several CRMs goes together or not at all.
    cut = ordered.slice(cap)["entity"].to_list()
    taken = ordered.head(cap).filter(~pl.col("entity").is_in(cut))
    members = groups.members.join(taken.filter(pl.col("kind") < 2), on="group", how="semi", maintain_order="left")
    chosen = taken.filter(pl.col("kind") == 2)["group"].to_list()
    kept = groups.leads.filter(pl.format("{}/leads/{}", "connection", "id").is_in(chosen))
    return Groups(members, kept), ordered.height - taken.height


def _merges(
    workspace: Workspace,
    stream: str,
    members: pl.DataFrame,
    corrected: Corrected,
    recorded: Sequence[Recorded],
) -> list[Merge]:
    """One merge for each group of the stream."""
    stored, mine = corrected.stored[stream], members.filter(pl.col("stream") == stream)
    if mine.is_empty():
        return []
    sinks = workspace.sinks()
    unset = {name: _not_set(sinks[name], stream) for name in mine["connection"].unique().to_list()}
    survived = _survived(workspace, stream, mine, corrected, recorded)
    before = _plain_rows(mine.join(stored, on=["connection", "id"], how="inner", maintain_order="left"))
    told = _by_group(survived)
    return [
        _merge(list(rows), wanted, unset, told.get(rows[0]["group"], {}))
        for wanted, rows in zip(_plain_rows(survived.values), _grouped(before), strict=True)
    ]


def _survived(
    workspace: Workspace, stream: str, mine: pl.DataFrame, corrected: Corrected, recorded: Sequence[Recorded]
) -> Survived:
    """The values that survive: by the rules of the settings, and where the survivor is kept alike with a record of the
    other CRM by those of `sync.set_last`."""
    settings, stored = workspace.settings, corrected.stored[stream]
    survive, sinks = settings.survive, workspace.sinks()
    usual, history = survive.fields.get(stream, {}), _own_writes(mine, stored, recorded)
    alike = in_step(workspace, stream, mine, stored, recorded)
    is_alike = pl.col("group").is_in(alike.groups.implode())
    parts = [(mine.filter(~is_alike), usual, history)]
    parts.append((mine.filter(is_alike), {**usual, **alike.rules}, pl.concat([history, alike.history])))
    found = [
        surviving(
            stream, part, corrected.frames[stream], rules,
            readable=workspace.store.readable(),
            never=settings.plan.never,
            order=survive.connections or tuple(settings.connections),
            stages=survive.stages,
            history=told,
            filling=[name for name, sink in sinks.items() if sink.fills_blanks],
            dials="phone-e164" in settings.plan.rules,
            default_country=settings.plan.default_country,
        )
        for part, rules, told in parts
        if not part.is_empty()
    ]  # fmt: skip
    values = pl.concat([one.values for one in found], how="vertical_relaxed")
    return Survived(values.sort("group"), pl.concat([one.sources for one in found]))


def _not_set(sink: Sink, stream: str) -> frozenset[str]:
    """The fields that the system sees to itself, or lets nobody write; of the latter none where it is out of reach."""
    try:
        locked = {one.field for one in sink.describe(stream) if one.field and not one.is_writable}
    except ConnectorError:
        locked = set()
    return sink.derived(stream) | locked


def _merge(
    rows: list[Mapping[str, Value]],
    wanted: Mapping[str, Value],
    unset: Mapping[str, frozenset[str]],
    told: Mapping[str, tuple[str, str]],
) -> Merge:
    """`rows` are a group's records as stored, the survivor first; `unset` names by connection the fields that no merge
    sets; `told` has each field's source and reason."""
    survivor, *losers = (RecordKey(str(row["connection"]), str(row["stream"]), str(row["id"])) for row in rows)
    first = rows[0]
    set_values, chosen = [], []
    for field, value in wanted.items():
        if field in ("group", *unset[survivor.connection]) or value is None:
            continue
        is_new = value != first[field]
        if is_new and not _can_be_set(field, value, (survivor, *losers)):
            continue
        source, reason = told[field]
        if is_new:
            set_values.append((field, value))
        if any(row[field] != value for row in rows):
            chosen.append(Chosen(field, value, _key(source), reason))
    noun = "company" if survivor.stream == "accounts" else "person"
    reason = f"{len(rows)} records of one {noun}: {first['why']}; this one survives: {first['reason']}"
    return Merge(
        survivor, tuple(losers), tuple(set_values), _version(first), reason, RULE,
        (Evidence(float(first["sure"] or 0), str(first["why"])),), tuple(chosen),
        others_at=max(filter(None, map(_version, rows[1:])), default=None),
    )  # fmt: skip


def _can_be_set(field: str, value: Value, records: Sequence[RecordKey]) -> bool:
    """Whether a merge sets this value: no CRM takes an invalid address, no account is its own parent, and only an
    opt-out is ever set, never its absence."""
    if field == "email":
        return email.is_address(str(value))
    if field == "parent_id":
        return value not in {key.id for key in records}
    return value is not False


def _with_living_parent(merge: Merge, survivors: Mapping[RecordKey, RecordKey]) -> Merge:
    """The merge, with a parent that is to be merged away itself replaced by that one's survivor."""
    values: list[tuple[str, Value]] = []
    for field, value in merge.values:
        parent = RecordKey(merge.key.connection, "accounts", str(value))
        living = survivors.get(parent, parent) if field == "parent_id" else None
        if living is None:
            values.append((field, value))
        elif living != merge.key:
            values.append((field, living.id))
    return replace(merge, values=tuple(values))


def _key(text: str | None) -> RecordKey | None:
    return RecordKey.parse(text) if text else None


def _by_group(survived: Survived) -> dict[Value, dict[str, tuple[str, str]]]:
    told: dict[Value, dict[str, tuple[str, str]]] = {}
    for row in survived.sources.iter_rows(named=True):
        told.setdefault(row["group"], {})[row["field"]] = (row["source"], row["reason"])
    return told


def _plain_rows(frame: pl.DataFrame) -> Iterable[dict[str, Value]]:
    """Rows in the types that changes carry: a time in µs, a date in days."""
    return frame.with_columns(pl.selectors.temporal().to_physical()).iter_rows(named=True)


def _grouped(rows: Iterable[dict[str, Value]]) -> Iterable[list[Mapping[str, Value]]]:
    """Runs of rows with one group, each by rank; the groups in order."""
    groups: dict[Value, list[Mapping[str, Value]]] = {}
    for row in rows:
        groups.setdefault(row["group"], []).append(row)
    return [sorted(groups[group], key=lambda row: int(row["rank"] or 0)) for group in sorted(groups, key=str)]


def _version(row: Mapping[str, Value]) -> int | None:
    return None if row["changed_at"] is None else int(row["changed_at"])


def _own_writes(members: pl.DataFrame, stored: pl.DataFrame, recorded: Sequence[Recorded]) -> pl.DataFrame:
    """When the records that we wrote last were last changed by others: writing a form anew makes no value newer. What
    we carried over from another CRM was set there, and is as new as our writing it here."""
    written = [(item.planned.change, item.outcome) for item in recorded if item.outcome.status == "applied"]
    steps = {
        (str(change.key), outcome.version): change.seen_at
        for change, outcome in written
        if outcome.version and change.seen_at
    }
    now = members.join(stored, on=["connection", "id"], how="inner").select("key", pl.col("changed_at").dt.epoch("us"))
    rows: list[tuple[str, str | None, int]] = []
    for key, at in now.iter_rows():
        earlier = at
        while (before := steps.get((key, earlier))) is not None and before < earlier:
            earlier = before
        if earlier != at:
            rows.append((key, None, earlier))
    mine = set(now["key"])
    carried = {
        (str(change.key), change.field): outcome.version
        for change, outcome in written
        if isinstance(change, SetField) and change.agreed and outcome.version and str(change.key) in mine
    }
    since = {key: at for key, _, at in rows}
    rows += [(key, name, at) for (key, name), at in carried.items() if at > since.get(key, at)]
    return pl.DataFrame(rows, schema=HISTORY, orient="row")
