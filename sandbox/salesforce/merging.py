"""Merging records of one kind: the losers go into the recycle bin, what pointed at them points at the master."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.salesforce.actor import Actor
from sandbox.salesforce.database import Database, Row
from sandbox.salesforce.derived import derive
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.records import Records
from sandbox.salesforce.rules import Rules
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.times import text_of_ms

MAX_LOSERS = 2
# Lookups within an object that must not lead back to where they began.
HIERARCHIES = {"Account": "ParentId", "Contact": "ReportsToId"}
# Two rows of a child may not agree in all of these. Where a merge makes them agree, the row the master had stays and
# the loser's is deleted with all it says (a role, a response). Salesforce documents no rule for this.
UNIQUE = {
    "AccountContactRelation": ("AccountId", "ContactId"),
    "AccountContactRole": ("AccountId", "ContactId"),
    "CampaignInfluence": ("CampaignId", "OpportunityId", "ContactId", "ModelId"),
    "CampaignMember": ("CampaignId", "LeadOrContactId"),
    "CaseContactRole": ("CasesId", "ContactId"),
    "ContractContactRole": ("ContractId", "ContactId"),
    "DuplicateRecordItem": ("DuplicateRecordSetId", "RecordId"),
    "OpportunityContactRole": ("OpportunityId", "ContactId"),
}


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did: `related` are the records that got the master for a parent."""

    id: str
    losers: tuple[str, ...]
    related: tuple[str, ...]


class Merging:
    """The merges of one org."""

    def __init__(self, database: Database, schema: Schema, clock: SandboxClock, records: Records, rules: Rules) -> None:
        self._database = database
        self._schema = schema
        self._clock = clock
        self._records = records
        self._rules = rules

    def check_type(self, declared: SObject) -> None:
        if not declared.mergeable:
            raise ApiError("INVALID_TYPE_FOR_OPERATION", "entity type does not support merge")

    def merge(
        self, declared: SObject, master_id: str, values: Mapping[str, Any], losers: Sequence[str], actor: Actor
    ) -> Merged:
        """Fold the losers into the master, whose own values stay but for the `values` given.

        The order is the platform's: first the losers are deleted and their children moved, then the master is written
        as by an ordinary update, which may therefore take over a unique value of a loser.
        """
        self.check_type(declared)
        _check_losers(master_id, losers)
        with self._database.transaction():
            master = self._records.existing(declared, master_id)
            rows = [self._records.existing(declared, loser) for loser in losers]
            if master.get("IsConverted") and not actor.unchecked:
                raise ApiError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", [])
            moved = self._merge_persons(declared, [master, *rows], actor)
            moved += self._fold(declared, master_id, losers, actor)
            chosen = self._individual(declared, [master, *rows], values)
            self._records.update(declared, master_id, {**values, **chosen}, actor)
            self._check_loop(declared, master_id)
        return Merged(master_id, tuple(losers), tuple(dict.fromkeys(one for one in moved if one != master_id)))

    def _fold(self, declared: SObject, master_id: str, losers: Sequence[str], actor: Actor) -> list[str]:
        """Ids of the rows that point at the master instead of a loser."""
        for loser in losers:
            self._records.bin.discard(declared, loser, actor, MasterRecordId=master_id)
        moved = [one for loser in losers for one in self._move_children(declared, loser, master_id, actor)]
        self._mirror_direct(declared, master_id)
        return moved

    def _merge_persons(self, declared: SObject, rows: Sequence[Row], actor: Actor) -> list[str]:
        """Person accounts merge as accounts and only with their like; the contact behind each goes with it."""
        if len({bool(row.get("IsPersonAccount")) for row in rows}) > 1:
            message = "Person accounts can be merged only with person accounts."
            raise ApiError("INVALID_PERSON_ACCOUNT_OPERATION", message, [])
        if not rows[0].get("IsPersonAccount"):
            return []
        if declared.name == "Contact":
            message = "The contact of a person account cannot be merged; merge the accounts."
            raise ApiError("INVALID_PERSON_ACCOUNT_OPERATION", message, [])
        master, *losers = (row["PersonContactId"] for row in rows)
        return self._fold(self._schema.get("Contact"), master, losers, actor) if all((master, *losers)) else []

    def _move_children(self, declared: SObject, loser: str, master_id: str, actor: Actor) -> list[str]:
        """Ids of the rows that point at the master now; those that collide with one of the master's are deleted."""
        moved = []
        # A contact's move makes its relation to the master the direct one, so the relations are there before.
        children = sorted(self._schema.children(declared), key=lambda child: child.sobject != "AccountContactRelation")
        for child in children:
            # An earlier loser keeps naming the record it was merged into.
            if child.field.name == "MasterRecordId":
                continue
            kind = self._schema.get(child.sobject)
            # What the platform noted of the loser stays with the loser.
            if not kind.createable:
                continue
            alive = " AND IsDeleted = 0" if kind.has("IsDeleted") else ""
            for row in self._database.rows(kind, f'"{child.field.name}" = ?{alive}', (loser,)):
                after = self._moved(kind, child.field, row, master_id)
                if (twin := self._twin(kind, after)) is None:
                    self._database.update(kind, row["Id"], after)
                    self._records.effects.after_write(kind, row, after, actor)
                    moved.append(str(row["Id"]))
                else:
                    self._check_redundant(declared, kind, row, twin)
                    self._records.bin.delete(kind, row["Id"], actor)
        return moved

    def _moved(self, kind: SObject, link: Field, row: Row, master_id: str) -> Row:
        """The row with the master for a parent, and what follows from that; nobody counts as having modified it."""
        after = {**row, **derive(self._database, kind.name, row, {link.name: master_id})}
        # Salesforce help: a loser's contact roles are primary no longer.
        if kind.name.endswith("ContactRole") and link.name == "ContactId" and kind.has("IsPrimary"):
            after["IsPrimary"] = 0
        if kind.has("SystemModstamp"):
            after["SystemModstamp"] = text_of_ms(self._clock.now_ms())
        return after

    def _twin(self, kind: SObject, row: Row) -> Row | None:
        """Another live row that says the same about the same two parents."""
        names = UNIQUE.get(kind.name, ())
        if not names:
            return None
        same = " AND ".join(f'"{name}" = ?' for name in names)
        found = self._database.rows(
            kind, f"{same} AND Id != ? AND IsDeleted = 0", (*(row[name] for name in names), row["Id"])
        )
        return found[0] if found else None

    def _check_redundant(self, declared: SObject, kind: SObject, row: Row, twin: Row) -> None:
        """An org may refuse to merge what has an indirect relation to the same third record."""
        if kind.name != "AccountContactRelation" or not self._rules.redundant_relations_block:
            return
        if row["IsDirect"] and twin["IsDirect"]:
            return
        those, third = ("accounts", "contact") if declared.name == "Account" else ("contacts", "account")
        message = (
            f"These {those} have the same related {third}. Open the related {third} record and remove redundant "
            "account-contact relationship, then try Merging again."
        )
        raise ApiError("MERGE_FAILED", message, [])

    def _mirror_direct(self, declared: SObject, master_id: str) -> None:
        """The direct relation of a contact is the one to its own account."""
        relation = self._schema.find("AccountContactRelation")
        if relation is None or declared.name not in ("Account", "Contact"):
            return
        self._database.execute(
            f'UPDATE "{relation.name}" SET IsDirect = EXISTS (SELECT 1 FROM Contact c WHERE c.Id = ContactId AND '
            f'c.AccountId = "{relation.name}".AccountId) WHERE "{declared.name}Id" = ? AND IsDeleted = 0',
            (master_id,),
        )

    def _individual(self, declared: SObject, rows: Sequence[Row], values: Mapping[str, Any]) -> Row:
        """The privacy record changed last, where the org selects it for the person that a merge makes."""
        individual = self._schema.find("Individual")
        if individual is None or not declared.has("IndividualId") or not self._rules.newest_individual_survives:
            return {}
        if any(name.lower() == "individualid" for name in values):
            return {}
        named = [row["IndividualId"] for row in rows if row["IndividualId"]]
        found = [row for one in named if (row := self._database.row(individual, one)) and not row["IsDeleted"]]
        newest = max(found, key=lambda row: str(row["LastModifiedDate"]), default=None)
        return {"IndividualId": newest["Id"]} if newest else {}

    def _check_loop(self, declared: SObject, master_id: str) -> None:
        link = HIERARCHIES.get(declared.name, "")
        seen: set[str] = set()
        row = self._database.row(declared, master_id)
        while row is not None and link and row[link] and row["Id"] not in seen:
            seen.add(row["Id"])
            if row[link] == master_id:
                raise ApiError("CIRCULAR_DEPENDENCY", "attempt to violate hierarchy constraints", [link])
            row = self._database.row(declared, row[link])


def _check_losers(master_id: str, losers: Sequence[str]) -> None:
    if not losers:
        raise ApiError("MISSING_ARGUMENT", "recordToMergeIds not specified", [])
    if len(losers) > MAX_LOSERS:
        raise ApiError("LIMIT_EXCEEDED", f"No more than {MAX_LOSERS + 1} records can be merged at a time.", [])
    if master_id in losers or len(set(losers)) < len(losers):
        raise ApiError("MERGE_FAILED", "A record cannot be merged with itself.", [])
