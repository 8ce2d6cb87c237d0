"""Writing records with the platform's own checks: create, update, delete, and what follows from each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.salesforce.actor import Actor
from sandbox.salesforce.database import Database, Row
from sandbox.salesforce.derived import derive, history_changed
from sandbox.salesforce.errors import (
    ApiError,
    deleted_record,
    missing_record,
    no_such_column,
    not_found,
    read_only_fields,
)
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.ids import long_id, make_id
from sandbox.salesforce.picklists import Picklists
from sandbox.salesforce.recycle_bin import RecycleBin
from sandbox.salesforce.rules import Rules
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.times import text_of_ms
from sandbox.salesforce.values import stored


@dataclass(frozen=True, slots=True)
class Upserted:
    """What an upsert did."""

    id: str
    created: bool


class SeveralMatches(ApiError):
    """More than one record has the key of an upsert; `ids` are theirs."""

    def __init__(self, key: Field, ids: list[str]) -> None:
        message = f"{key.name}: more than one record found for external id field: [{', '.join(ids)}]"
        super().__init__("DUPLICATE_EXTERNAL_ID", message, [])
        self.ids = ids


class Records:
    """The write side of one org."""

    def __init__(self, database: Database, schema: Schema, clock: SandboxClock, pod: str, rules: Rules) -> None:
        self._database = database
        self._schema = schema
        self._clock = clock
        self._pod = pod
        self._rules = rules
        self.picklists = Picklists(database)
        self.bin = RecycleBin(database, schema, clock)

    def new_id(self, declared: SObject) -> str:
        """An id that no record of the org has."""
        return make_id(declared.prefix, self._pod, self._database.next_number(declared.prefix))

    def create(self, declared: SObject, values: Mapping[str, Any], actor: Actor) -> str:
        """The id of the new record."""
        if not declared.createable and not actor.unchecked:
            raise _not_supported(declared, "create")
        if any(name.lower() == "id" for name in values):
            raise ApiError("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ["Id"])
        with self._database.transaction():
            given = self._given(declared, values, actor, creating=True)
            row = {f.name: stored(f, f.default) for f in declared.stored if f.default not in (None, "")}
            row |= given
            self._require(declared, row)
            return self._insert(declared, row, actor)

    def _insert(self, declared: SObject, row: Row, actor: Actor) -> str:
        now = text_of_ms(self._clock.now_ms())
        row["Id"] = self.new_id(declared)
        row |= declared.stamps(now, actor.user_id)
        row |= {name: row.get(name, now) for name in ("CreatedDate",) if declared.has(name)}
        row |= {name: row.get(name, actor.user_id) for name in ("CreatedById",) if declared.has(name)}
        if declared.has("OwnerId"):
            row["OwnerId"] = self._owner(declared, row, actor) or actor.user_id
        if declared.has("IsDeleted"):
            row["IsDeleted"] = 0
        row = derive(self._database, declared.name, {}, row)
        self._check_unique(declared, row, row["Id"])
        self._database.insert(declared, row)
        if declared.name == "Opportunity":
            self._keep_history({}, row, actor)
        return str(row["Id"])

    def update(self, declared: SObject, record_id: str, values: Mapping[str, Any], actor: Actor) -> None:
        """Write the given fields; the stamps move even when no value does."""
        if not declared.updateable and not actor.unchecked:
            raise _not_supported(declared, "update")
        with self._database.transaction():
            before = self.existing(declared, record_id)
            if before.get("IsConverted") and not actor.unchecked:
                raise ApiError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", [])
            given = self._given(declared, values, actor, creating=False)
            self._require(declared, given, only=set(given))
            if declared.has("OwnerId"):
                self._check_owner_left(before, given)
                given |= {"OwnerId": owner} if (owner := self._owner(declared, given, actor)) else {}
            now = text_of_ms(self._clock.now_ms())
            given |= declared.stamps(now, actor.user_id)
            given = derive(self._database, declared.name, before, given)
            if declared.name == "Opportunity" and before["StageName"] != given.get("StageName", before["StageName"]):
                given["LastStageChangeDate"] = now
            self._check_unique(declared, given, record_id)
            self._database.update(declared, record_id, given)
            if declared.name == "Opportunity" and history_changed(before, {**before, **given}):
                self._keep_history(before, {**before, **given}, actor)

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
                raise SeveralMatches(key, found)
            if found:
                self.update(declared, found[0], values, actor)
                return Upserted(found[0], created=False)
            if update_only:
                raise not_found()
            if key.type == "id":
                raise missing_record()
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
        if not declared.deletable:
            raise _not_supported(declared, "delete")
        with self._database.transaction():
            self.existing(declared, record_id)
            self.bin.delete(declared, record_id, actor)

    def undelete(self, declared: SObject, record_id: str, actor: Actor) -> None:
        """Out of the recycle bin, with what went in because of this record; UNDELETE_FAILED when it is not there."""
        with self._database.transaction():
            self.bin.undelete(declared, record_id, actor)

    def _given(self, declared: SObject, values: Mapping[str, Any], actor: Actor, *, creating: bool) -> Row:
        """The stored values of the fields a request names."""
        given: Row = {}
        forbidden = []
        for name, value in values.items():
            if name.lower() == "attributes":
                continue
            found = declared.fields.get(name.lower()) if actor.unchecked else self._schema.field(declared, name)
            if found is None and isinstance(value, dict):
                given |= self._linked(declared, name, value)
                continue
            if found is None:
                raise no_such_column(name, declared.name)
            if not (found.createable if creating else found.updateable) and not actor.unchecked:
                forbidden.append(found.name)
                continue
            given[found.name] = self._checked(declared, found, value, actor)
        if forbidden:
            raise read_only_fields(forbidden)
        return given

    def _checked(self, declared: SObject, found: Field, value: Any, actor: Actor) -> Any:
        if not found.stored:
            raise read_only_fields([found.name])
        known = self.picklists.values(declared, found) if found.restricted and not actor.unchecked else ()
        kept = stored(found, value, known)
        if found.type == "reference" and kept is not None and not actor.unchecked:
            self._check_reference(declared, found, kept)
        return kept

    def _linked(self, declared: SObject, relationship: str, value: Mapping[str, Any]) -> Row:
        """A parent named by one of its external ids: {"Account": {"Trueline_Id__c": "..."}}."""
        reference = next((f for f in declared.stored if f.relationship.lower() == relationship.lower() != ""), None)
        keys = [key for key in value if key.lower() != "attributes"]
        if reference is None or len(keys) != 1 or not reference.updateable:
            raise no_such_column(relationship, declared.name)
        wanted = value.get("attributes", {}).get("type") or reference.refers_to[0]
        parent = self._schema.get(wanted)
        ids = self.matching(parent, self.key_field(parent, keys[0]), str(value[keys[0]]))
        if len(ids) != 1:
            message = f"Foreign key external ID: {value[keys[0]]} not found for field {keys[0]} in entity {parent.name}"
            raise ApiError("INVALID_FIELD", message, [])
        return {reference.name: ids[0]}

    def key_field(self, declared: SObject, name: str) -> Field:
        """A field that may identify a record in a path; NOT_FOUND for every other."""
        found = self._schema.field(declared, name)
        if found is None or not (found.external_id or found.id_lookup):
            message = "Provided external ID field does not exist or is not accessible: " + name
            raise ApiError("NOT_FOUND", message)
        return found

    def matching(self, declared: SObject, key: Field, value: str) -> list[str]:
        """Ids of the live records with this key."""
        alive = " AND IsDeleted = 0" if declared.has("IsDeleted") else ""
        wanted = long_id(value) if key.type == "id" else value
        found = self._database.rows(declared, f'"{key.name}" = ?{alive}', (wanted,))
        return [row["Id"] for row in found]

    def _check_reference(self, declared: SObject, found: Field, wanted: str) -> None:
        targets = [target for name in found.refers_to if (target := self._schema.find(name))]
        fitting = [target for target in targets if target.prefix == wanted[:3]]
        if not fitting:
            if not targets:
                return
            message = f"{found.label}: id value of incorrect type: {wanted}"
            raise ApiError("MALFORMED_ID", message, [found.name])
        row = self._database.row(fitting[0], wanted)
        if row is None:
            raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [found.name], 400)
        if row.get("IsDeleted"):
            raise ApiError("ENTITY_IS_DELETED", "entity is deleted", [found.name], 400)
        if found.name == "OwnerId" and fitting[0].name == "User" and not row["IsActive"]:
            raise _owner_left(wanted, declared)

    def _owner(self, declared: SObject, row: Row, actor: Actor) -> str | None:
        """The owner to write: the assignment rule's where it applies, else the one given."""
        chosen = self._rules.assignment.get(declared.name)
        return chosen if chosen and actor.auto_assign and not actor.unchecked else row.get("OwnerId")

    def _check_owner_left(self, before: Row, given: Row) -> None:
        if not self._rules.inactive_owner_blocks or given.get("OwnerId"):
            return
        owner = self._database.row(self._schema.get("User"), before["OwnerId"] or "")
        if owner is not None and not owner["IsActive"]:
            raise ApiError("INACTIVE_OWNER_OR_USER", "operation performed with inactive user as owner", [])

    def _require(self, declared: SObject, row: Row, only: set[str] | None = None) -> None:
        required = [f.name for f in declared.stored if f.required and (only is None or f.name in only)]
        missing = [name for name in required if row.get(name) in (None, "")]
        if missing:
            message = f"Required fields are missing: [{', '.join(missing)}]"
            raise ApiError("REQUIRED_FIELD_MISSING", message, missing)

    def _check_unique(self, declared: SObject, row: Row, record_id: str) -> None:
        for f in declared.stored:
            if not f.unique or row.get(f.name) is None:
                continue
            others = [other for other in self.matching(declared, f, row[f.name]) if other != record_id]
            if others:
                message = f"duplicate value found: {f.name} duplicates value on record with id: {others[0]}"
                raise ApiError("DUPLICATE_VALUE", message, [])

    def _keep_history(self, before: Row, after: Row, actor: Actor) -> None:
        history = self._schema.get("OpportunityHistory")
        copied = ("StageName", "Amount", "ExpectedRevenue", "CloseDate", "Probability", "ForecastCategory")
        changed = {"PrevAmount": "Amount", "PrevCloseDate": "CloseDate"}
        previous = {name: before.get(of) for name, of in changed.items() if before and before.get(of) != after.get(of)}
        row = {
            "Id": self.new_id(history),
            "OpportunityId": after["Id"],
            "CreatedById": actor.user_id,
            "CreatedDate": after["SystemModstamp"],
            "SystemModstamp": after["SystemModstamp"],
            **{name: after.get(name) for name in copied},
            **previous,
        }
        self._database.insert(history, row)


def _not_supported(declared: SObject, operation: str) -> ApiError:
    return ApiError("INVALID_TYPE_FOR_OPERATION", f"entity type {declared.name} does not support {operation}")


def _owner_left(owner_id: str, declared: SObject) -> ApiError:
    message = f"operation performed with inactive user [{owner_id}] as owner of {declared.name.lower()}"
    return ApiError("INACTIVE_OWNER_OR_USER", message, ["OwnerId"])
