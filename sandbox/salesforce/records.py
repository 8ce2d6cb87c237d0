"""Writing records with the platform's own checks: create, update, delete, and what follows from each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.salesforce.actor import Actor
from sandbox.salesforce.database import Database, Row
from sandbox.salesforce.derived import derive
from sandbox.salesforce.errors import ApiError, SeveralMatches, deleted_record, missing_record, not_found
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.ids import make_id
from sandbox.salesforce.picklists import Picklists
from sandbox.salesforce.queries import Queries
from sandbox.salesforce.reading import Reading
from sandbox.salesforce.recycle_bin import RecycleBin
from sandbox.salesforce.rules import Rules
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.times import text_of_ms
from sandbox.salesforce.values import stored, trimmed
from sandbox.salesforce.writing.checks import Checks
from sandbox.salesforce.writing.duplicates import Duplicates
from sandbox.salesforce.writing.effects import Effects
from sandbox.salesforce.writing.history import History
from sandbox.salesforce.writing.incoming import Incoming, key_not_found
from sandbox.salesforce.writing.persons import Persons
from sandbox.salesforce.writing.validation import Validation


@dataclass(frozen=True, slots=True)
class Upserted:
    """What an upsert did."""

    id: str
    created: bool


class Records:
    """The write side of one org."""

    def __init__(
        self, database: Database, schema: Schema, clock: SandboxClock, pod: str, rules: Rules, queries: Queries
    ) -> None:
        self._database = database
        self._clock = clock
        self._pod = pod
        self._rules = rules
        self.picklists = Picklists(database)
        self.bin = RecycleBin(database, schema, clock)
        self.history = History(database, schema, rules, self.new_id)
        self.effects = Effects(database, schema, rules, self._insert)
        self._persons = Persons(database, schema, self._insert)
        self._incoming = Incoming(database, schema, self.picklists, rules)
        self._checks = Checks(database, schema, rules)
        self._validation = Validation(queries, rules)
        self.duplicates = Duplicates(database, schema, rules, Reading(database, queries))

    def new_id(self, declared: SObject) -> str:
        """An id that no record of the org has."""
        return make_id(declared.prefix, self._pod, self._database.next_number(declared.prefix))

    def create(self, declared: SObject, values: Mapping[str, Any], actor: Actor) -> str:
        """The id of the new record."""
        self._checks.check_operation(declared, "create", actor)
        if any(name.lower() == "id" for name in values):
            raise ApiError("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ["Id"])
        with self._database.transaction():
            given = self._incoming.values(declared, values, actor, creating=True)
            row = {**self._defaults(declared), **given}
            self._persons.complete(declared, {}, row)
            self._checks.check_required(declared, row)
            if not actor.unchecked:
                self._checks.check_when(declared, row)
            return self._insert(declared, row, actor)

    def _defaults(self, declared: SObject) -> Row:
        found = {f: self.picklists.default(declared, f) for f in declared.stored if f.default not in (None, "")}
        return {f.name: stored(f, value) for f, value in found.items()}

    def _insert(self, declared: SObject, row: Row, actor: Actor) -> str:
        """Keep a new row of stored values; its id."""
        now = text_of_ms(self._clock.now_ms())
        row["Id"] = self.new_id(declared)
        row |= declared.stamps(now, actor.user_id)
        row |= {name: row.get(name, now) for name in ("CreatedDate",) if declared.has(name)}
        row |= {name: row.get(name, actor.user_id) for name in ("CreatedById",) if declared.has(name)}
        if declared.has("OwnerId"):
            row["OwnerId"] = self._owner(declared, row, actor) or actor.user_id
        if declared.has("IsDeleted"):
            row["IsDeleted"] = 0
        row |= _viewed(declared, now, actor)
        row = derive(self._database, declared.name, {}, row)
        self._checks.check_whole(declared, row, row)
        self._database.insert(declared, row)
        self._follow_up(declared, {}, row, actor)
        return str(row["Id"])

    def update(self, declared: SObject, record_id: str, values: Mapping[str, Any], actor: Actor) -> None:
        """Write the given fields; the stamps move even when no value does."""
        self._checks.check_operation(declared, "update", actor)
        with self._database.transaction():
            before = self.existing(declared, record_id)
            given = self._incoming.values(declared, values, actor, creating=False)
            self._checks.check_not_frozen(before, given, actor)
            self._persons.complete(declared, before, given)
            self._checks.check_required(declared, given, only=set(given))
            if declared.has("OwnerId") and (owner := self._owner(declared, given, actor)):
                given["OwnerId"] = owner
            now = text_of_ms(self._clock.now_ms())
            given |= {**declared.stamps(now, actor.user_id), **_viewed(declared, now, actor)}
            given = derive(self._database, declared.name, before, given)
            after = {**before, **given}
            self._checks.check_whole(declared, after, given)
            self._database.update(declared, record_id, given)
            self._follow_up(declared, before, after, actor)

    def _follow_up(self, declared: SObject, before: Row, after: Row, actor: Actor) -> None:
        """The org's own rules, which may yet undo the write, and what it brings about."""
        if not actor.unchecked:
            self._validation.check(declared, after["Id"])
            for match in self.duplicates.check(declared, before, after, actor):
                self.duplicates.note(match, after["Id"], actor, self._insert)
        self.history.keep(declared, before, after, actor.user_id)
        self.effects.after_write(declared, before, after, actor)
        self._persons.follow(declared, before, after, actor)

    def upsert(
        self,
        declared: SObject,
        key: Field,
        value: Any,
        values: Mapping[str, Any],
        actor: Actor,
        *,
        update_only: bool = False,
    ) -> Upserted:
        """Update the one record whose `key` has this value, or create it; `values` do not hold the key.

        SeveralMatches when there is more than one; NOT_FOUND when there is none and only updates are wanted.
        """
        with self._database.transaction():
            found = self.matching(declared, key, str(value))
            if len(found) > 1:
                raise SeveralMatches(key.name, found)
            if found:
                self.update(declared, found[0], values, actor)
                return Upserted(found[0], created=False)
            if update_only:
                raise not_found()
            if key.type == "id":
                raise missing_record()
            if not trimmed(str(value)):
                raise ApiError("MISSING_ARGUMENT", f"{key.name} not specified", [])
            return Upserted(self.create(declared, {**values, key.name: value}, actor), created=True)

    def existing(self, declared: SObject, record_id: str) -> Row:
        """The live row; refusals for an id that is missing or deleted."""
        row = self._database.row(declared, record_id)
        if row is None:
            raise missing_record()
        if row.get("IsDeleted"):
            raise deleted_record()
        return row

    def delete(self, declared: SObject, record_id: str, actor: Actor) -> None:
        """Into the recycle bin, with all children that depend on the record."""
        self._checks.check_operation(declared, "delete", actor)
        with self._database.transaction():
            self._checks.check_deletable(declared, self.existing(declared, record_id), actor)
            gone = self.bin.delete(declared, record_id, actor)
            self.effects.after_removal(gone, text_of_ms(self._clock.now_ms()))

    def undelete(self, declared: SObject, record_id: str, actor: Actor) -> None:
        """Out of the recycle bin, with what went in because of this record; UNDELETE_FAILED when it is not there."""
        with self._database.transaction():
            back = self.bin.undelete(declared, record_id, actor)
            for kind, one in back:
                row = self.existing(kind, one)
                self._checks.check_whole(kind, row, row)
            self.effects.after_return(back, actor)
            self.effects.after_removal(back, text_of_ms(self._clock.now_ms()))

    def key_field(self, declared: SObject, name: str) -> Field:
        """A field that may identify a record in a path; NOT_FOUND for every other."""
        if (found := self._incoming.key_field(declared, name)) is None:
            raise key_not_found(name)
        return found

    def matching(self, declared: SObject, key: Field, value: str) -> list[str]:
        """Ids of the live records with this key."""
        return self._incoming.matching(declared, key, value)

    def _owner(self, declared: SObject, row: Row, actor: Actor) -> str | None:
        """The owner to write: the assignment rule's where it applies, else the one given."""
        chosen = self._rules.assignment.get(declared.name)
        return chosen if chosen and actor.auto_assign and not actor.unchecked else row.get("OwnerId")


def _viewed(declared: SObject, now: str, actor: Actor) -> Row:
    """A write counts as a look at the record, which is what the list of recently used ones goes by."""
    viewed = actor.update_mru and declared.has("LastViewedDate")
    return {"LastViewedDate": now, "LastReferencedDate": now} if viewed else {}
