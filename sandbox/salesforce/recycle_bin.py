"""Deleting, and what comes back: cascades, restricts, cleared lookups and fifteen days in the recycle bin."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.salesforce.actor import Actor
from sandbox.salesforce.database import Database, Row
from sandbox.salesforce.errors import ApiError, missing_record
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.times import text_of, text_of_ms

DAYS = 15  # after which nothing can be restored


class RecycleBin:
    """The deleted records of one org.

    `_deletions` has one row per deleted record; its `root` is the record whose deletion took it along, itself when it
    was deleted by name. `_cleared` has the lookups that pointed at it and were emptied, so that they can be set again.
    """

    def __init__(self, database: Database, schema: Schema, clock: SandboxClock) -> None:
        self._database = database
        self._schema = schema
        self._clock = clock

    def delete(self, declared: SObject, record_id: str, actor: Actor) -> list[tuple[SObject, str]]:
        """Into the bin, with all children that depend on the record; DELETE_FAILED where one forbids it.

        The result is all that went in, the record first.
        """
        return self._take(declared, record_id, record_id, text_of_ms(self._clock.now_ms()), actor)

    def discard(self, declared: SObject, record_id: str, actor: Actor, **values: Any) -> None:
        """Into the bin alone, children untouched: what becomes of the loser of a merge."""
        self._put(declared, record_id, record_id, text_of_ms(self._clock.now_ms()), actor, values)

    def undelete(self, declared: SObject, record_id: str, actor: Actor) -> list[tuple[SObject, str]]:
        """Out of the bin with whatever went in because of this record; all that came back, parents first."""
        row = self._database.row(declared, record_id)
        if row is None:
            raise missing_record(400)
        oldest = text_of(self._clock.now() - timedelta(days=DAYS))
        found = self._database.select("SELECT root FROM _deletions WHERE Id = ? AND at >= ?", (record_id, oldest))
        if not row.get("IsDeleted") or found != [(record_id,)] or not declared.undeletable:
            raise ApiError("UNDELETE_FAILED", "Entity is not in the recycle bin", [])
        gone = self._database.select(
            "SELECT sobject, Id FROM _deletions WHERE root = ? ORDER BY Id != root, rowid", (record_id,)
        )
        back = [(kind, one) for name, one in gone if (kind := self._schema.get(name)).restored]
        now = text_of_ms(self._clock.now_ms())
        for kind, one in back:
            unmerged = {"MasterRecordId": None} if kind.has("MasterRecordId") else {}
            self._database.update(kind, one, {"IsDeleted": 0, **unmerged, **kind.stamps(now, actor.user_id)})
            self._database.execute("DELETE FROM _deletions WHERE Id = ?", (one,))
        self._point_again(record_id, now)
        return back

    def purge(self, declared: SObject, record_id: str) -> None:
        """Out of the bin for good: neither queryAll nor undelete finds the record, getDeleted still tells of it.

        INVALID_ID_FIELD when it is not in the bin.
        """
        row = self._database.row(declared, record_id)
        if row is None or not row.get("IsDeleted"):
            raise ApiError("INVALID_ID_FIELD", "invalid record id; no recycle bin entry found", [])
        for name, one in self._database.select("SELECT sobject, Id FROM _deletions WHERE root = ?", (record_id,)):
            self._database.execute(f'DELETE FROM "{self._schema.get(name).name}" WHERE Id = ?', (one,))
            self._database.execute("DELETE FROM _cleared WHERE parent = ?", (one,))

    def empty(self, days: int) -> int:
        """Purge all that went in at least so many days ago; how many records."""
        oldest = text_of(self._clock.now() - timedelta(days=days))
        found = self._database.select("SELECT sobject, Id FROM _deletions WHERE at <= ?", (oldest,))
        return sum(
            self._database.execute(
                f'DELETE FROM "{self._schema.get(name).name}" WHERE Id = ? AND IsDeleted = 1', (one,)
            )
            for name, one in found
        )

    def _take(self, declared: SObject, record_id: str, root: str, now: str, actor: Actor) -> list[tuple[SObject, str]]:
        self._put(declared, record_id, root, now, actor, {})
        gone = [(declared, record_id)]
        for child in self._schema.children(declared):
            gone += self._leave(self._schema.get(child.sobject), child.field, record_id, root, now, actor)
        return gone

    def _put(self, declared: SObject, record_id: str, root: str, now: str, actor: Actor, values: Row) -> None:
        self._database.update(declared, record_id, {**values, "IsDeleted": 1, **declared.stamps(now, actor.user_id)})
        self._database.execute(
            "INSERT OR REPLACE INTO _deletions VALUES (?, ?, ?, ?)", (record_id, declared.name, now, root)
        )

    def _leave(
        self, child: SObject, link: Field, parent: str, root: str, now: str, actor: Actor
    ) -> list[tuple[SObject, str]]:
        """What becomes of the records that point at a deleted one; those that go with it."""
        alive = " AND IsDeleted = 0" if child.has("IsDeleted") else ""
        rows = self._database.rows(child, f'"{link.name}" = ?{alive}', (parent,))
        if rows and link.on_delete == "restrict":
            names = ", ".join(str(row.get(child.name_field) or row["Id"]) for row in rows)
            message = (
                "Your attempt to delete the record could not be completed because it is associated with the following "
                f"{child.plural.lower()}.: {names}\n"
            )
            raise ApiError("DELETE_FAILED", message, [])
        gone = []
        for row in rows:
            if link.on_delete == "cascade" and child.has("IsDeleted"):
                gone += self._take(child, row["Id"], root, now, actor)
            elif link.name != "MasterRecordId":
                stamp = {"SystemModstamp": now} if child.has("SystemModstamp") else {}
                self._database.update(child, row["Id"], {link.name: None, **stamp})
                self._database.execute(
                    "INSERT INTO _cleared VALUES (?, ?, ?, ?, ?)", (root, parent, child.name, row["Id"], link.name)
                )
        return gone

    def _point_again(self, root: str, now: str) -> None:
        """Lookups that the deletion emptied lead to the record again, unless they have got another value since."""
        for parent, name, one, link in self._database.select(
            "SELECT parent, sobject, Id, field FROM _cleared WHERE root = ?", (root,)
        ):
            child = self._schema.get(name)
            row = self._database.row(child, one)
            if row is not None and row[link] is None:
                stamp = {"SystemModstamp": now} if child.has("SystemModstamp") else {}
                self._database.update(child, one, {link: parent, **stamp})
        self._database.execute("DELETE FROM _cleared WHERE root = ?", (root,))
