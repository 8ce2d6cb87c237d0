"""Both CRMs as plain data, to be compared before a merge and after its undo, and merges chosen by chance."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from hygiene.merging import loses_itself
from model.changes import Merge, Unmerge, records_of
from model.evidence import RecordKey
from model.streams import Value
from store import Store
from sync.workspace import Workspace
from tests.sync.scene import Scene

# The closed list of what an undo leaves otherwise than it was. Salesforce: stamps, histories, what the platform works
# out, the ids and first response of joins, and blanks around a text, which every write of it trims; HubSpot: ids, and
# every property that no call can set.
SF_SYSTEM = frozenset({
    "SystemModstamp", "LastModifiedDate", "LastModifiedById", "CreatedDate", "CreatedById", "LastActivityDate",
    "FirstRespondedDate", "ConvertedContactId", "ConvertedAccountId",
})  # fmt: skip
SF_DERIVED = frozenset(
    {
        ("Task", "AccountId"),
        ("Event", "AccountId"),
        *(("Opportunity", name) for name in ("Fiscal", "FiscalQuarter", "FiscalYear")),
    }
)
JOINS = ("AccountContactRelation", "CampaignMember", "OpportunityContactRole")
_ENDS = ("AccountId", "CampaignId", "OpportunityId", "ContactId", "LeadId")
HS_SYSTEM = frozenset({"createdate", "trueline_id", "associatedcompanyid", "hs_primary_associated_company",
                       "hs_parent_company_id", "hs_primary_company_id"})  # fmt: skip
FIELDS = {"contacts": ("title", "phone", "city"), "accounts": ("phone", "website", "city"), "leads": ("title",)}
Rows = dict[Any, Any]


def salesforce(scene: Scene) -> Rows:
    """All live rows; joins by what they join."""
    found: Rows = {}
    for declared in scene.sf._org.schema:
        if declared.name.endswith("History"):
            continue
        for row in scene.sf._org.database.rows(declared, "1 = 1", ()):
            if row.get("IsDeleted"):
                continue
            kept = {
                name: value.strip() if isinstance(value, str) else value
                for name, value in row.items()
                if name not in SF_SYSTEM and (declared.name, name) not in SF_DERIVED
            }
            if declared.name in JOINS:
                key = tuple(row.get(name) for name in _ENDS)
                found[declared.name, key] = kept | {"Id": ""}
            else:
                found[declared.name, row["Id"]] = kept
    return found


def hubspot(scene: Scene, renamed: Mapping[tuple[str, str], str]) -> Rows:
    """All live records with the properties that can be set, and all links, under the ids they had before."""
    portal = scene.hs._portal
    numbers: dict[int, str] = {}
    found: Rows = {}
    for plural in ("contacts", "companies", "deals"):
        kind = portal.kind(plural)
        numbers[kind.number] = plural
        known = portal.definitions(kind)
        names = [name for name, one in known.items() if not one.read_only and name not in HS_SYSTEM]
        have = set(portal.store.columns(kind))
        names = [name for name in names if name in have]
        for row in portal.store.db.execute(f"SELECT _id FROM {plural} WHERE _archived = 0").fetchall():
            (record,) = portal.store.rows(kind, [row[0]], names)
            values = {name: value for name, value in zip(names, record[5:], strict=True) if value not in (None, "")}
            extra = portal.store.db.execute("SELECT email FROM addresses WHERE id = ? ORDER BY email", (row[0],))
            found[plural, _old(renamed, plural, row[0])] = {
                **values, "addresses": [one[0] for one in extra] if plural == "contacts" else []
            }  # fmt: skip
    sql = "SELECT source, source_id, target, target_id, types FROM links"
    for source, source_id, target, target_id, types in portal.store.db.execute(sql).fetchall():
        ends = [(numbers.get(kind, str(kind)), one) for kind, one in ((source, source_id), (target, target_id))]
        found["link", *((kind, _old(renamed, kind, one)) for kind, one in ends)] = types
    return found


def _old(renamed: Mapping[tuple[str, str], str], kind: str, record_id: int) -> str:
    return renamed.get((kind, str(record_id)), str(record_id))


def old_ids(store: Store) -> dict[tuple[str, str], str]:
    """By kind and id now, the id a HubSpot record had before it was merged and taken apart."""
    kinds = {"contacts": "contacts", "accounts": "companies"}
    found: dict[tuple[str, str], str] = {}
    for item in store.outcomes(kind=Merge.kind):
        key, made = item.planned.change.key, item.outcome.made
        if key.connection == "hs" and made:
            found[kinds[key.stream], made] = key.id
    for item in store.outcomes(kind=Unmerge.kind):
        change = item.planned.change
        if change.key.connection == "hs" and isinstance(change, Unmerge):
            pairs = zip(change.losers, (item.outcome.made or "").split(";"), strict=False)
            found |= {(kinds[loser.stream], new): loser.id for loser, new in pairs}
    return found


def chosen_merges(workspace: Workspace, chance: random.Random, groups: int) -> list[Merge]:
    """Merges of records that have nothing in common but chance, two to four at a time, with values from any of them."""
    found: list[Merge] = []
    for connection, stream in (("sf", "accounts"), ("sf", "contacts"), ("sf", "leads"), ("hs", "accounts"),
                               ("hs", "contacts")):  # fmt: skip
        frame = workspace.store.frame(stream, connections=[connection]).filter(~pl.col("is_deleted"))
        if stream == "leads":
            frame = frame.filter(~pl.col("is_converted").fill_null(value=False))
        flag = {"accounts": "is_person", "contacts": "is_person_account"}.get(stream)
        if flag:
            frame = frame.filter(~pl.col(flag).fill_null(value=False))
        rows = frame.sort("id").with_columns(pl.col("changed_at").dt.epoch("us")).to_dicts()
        chance.shuffle(rows)
        for _ in range(groups // 5):
            some = [rows.pop() for _ in range(chance.choice((2, 2, 3, 4))) if rows]
            if len(some) > 1:
                found.append(_merge(connection, stream, some, chance))
    return _without_circles(workspace, found)


def _without_circles(workspace: Workspace, merges: Sequence[Merge]) -> list[Merge]:
    """The merges without those that a plan leaves out too: after them an account would be its own parent."""
    rows = [(str(number), key.connection, key.stream, key.id)
            for number, merge in enumerate(merges) for key in records_of(merge)]  # fmt: skip
    members = pl.DataFrame(rows, schema=dict.fromkeys(("group", "connection", "stream", "id"), pl.String), orient="row")
    looped = set(loses_itself(members, workspace.store.frame("accounts")))
    return [merge for number, merge in enumerate(merges) if str(number) not in looped]


def _merge(connection: str, stream: str, rows: Sequence[Mapping[str, Any]], chance: random.Random) -> Merge:
    keys = [RecordKey(connection, stream, str(row["id"])) for row in rows]
    values: list[tuple[str, Value]] = []
    for name in FIELDS[stream]:
        value = chance.choice(rows)[name]
        if value is not None and value != rows[0][name]:
            values.append((name, value))
    return Merge(keys[0], tuple(keys[1:]), tuple(values), rows[0]["changed_at"], "chosen by chance", "test")


def grouped(merges: Sequence[Merge]) -> list[Merge]:
    """The same, the merges of each stream paired across the CRMs as if they were of one person or company."""
    counts: dict[tuple[str, str], int] = {}
    result = []
    for merge in merges:
        place = counts[merge.key.connection, merge.key.stream] = (
            counts.get((merge.key.connection, merge.key.stream), 0) + 1
        )
        result.append(replace(merge, group="" if merge.key.stream == "leads" else f"{merge.key.stream}-{place}"))
    return result
