"""From what a request names to what is stored: field by field, with field-level security and references checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.salesforce.actor import Actor
from sandbox.salesforce.database import Database, Row
from sandbox.salesforce.errors import ApiError, SeveralMatches, no_such_column, not_accessible, read_only_fields
from sandbox.salesforce.fields import IDS, Field, SObject
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.picklists import Picklists
from sandbox.salesforce.rules import Rules
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.values import check_email, stored, trimmed

MASTER_RECORD_TYPE = "012000000000000AAA"  # of records that have no record type


class Incoming:
    """Reads the bodies of requests that write."""

    def __init__(self, database: Database, schema: Schema, picklists: Picklists, rules: Rules) -> None:
        self._database = database
        self._schema = schema
        self._picklists = picklists
        self._rules = rules

    def values(self, declared: SObject, given: Mapping[str, Any], actor: Actor, *, creating: bool) -> Row:
        """The stored values of the fields a request names; INVALID_FIELD_FOR_INSERT_UPDATE names all it may not."""
        row: Row = {}
        forbidden = []
        for name, value in given.items():
            if name.lower() == "attributes":
                continue
            found = self._field(declared, name, actor)
            if found is None:
                found, value = self._named_by_key(declared, name, value, actor)
            if not found.stored or not (actor.unchecked or (found.createable if creating else found.updateable)):
                forbidden.append(found.name)
                continue
            row[found.name] = self._checked(declared, found, value, actor)
        if forbidden:
            raise read_only_fields(forbidden)
        return row

    def key_field(self, declared: SObject, name: str) -> Field | None:
        """A field that may identify a record."""
        found = self._schema.field(declared, name)
        return found if found is not None and (found.external_id or found.id_lookup) else None

    def matching(self, declared: SObject, key: Field, value: str) -> list[str]:
        """Ids of the live records with this key."""
        alive = " AND IsDeleted = 0" if declared.has("IsDeleted") else ""
        wanted = long_id(value) if key.type == "id" else trimmed(value)
        found = self._database.rows(declared, f'"{key.name}" = ?{alive}', (wanted,))
        return [row["Id"] for row in found]

    def _field(self, declared: SObject, name: str, actor: Actor) -> Field | None:
        return declared.fields.get(name.lower()) if actor.unchecked else self._schema.field(declared, name)

    def _checked(self, declared: SObject, found: Field, value: Any, actor: Actor) -> Any:
        if actor.unchecked:
            return stored(found, value)
        if actor.truncate and found.length and isinstance(value, str) and found.type not in IDS:
            value = value[: found.length]
        kept = stored(found, value, self._picklists.values(declared, found) if found.restricted else ())
        if found.type == "email" and kept is not None:
            check_email(found, kept)
        if found.name == "RecordTypeId":
            return self._record_type(declared, found, kept)
        if found.type == "reference" and kept is not None:
            self._check_reference(declared, found, kept)
        return kept

    def _named_by_key(self, declared: SObject, name: str, value: Any, actor: Actor) -> tuple[Field, str | None]:
        """A lookup given by its relationship: {"Account": {"Trueline_Id__c": "..."}}; null clears it."""
        visible = declared.stored if actor.unchecked else self._schema.visible(declared)
        found = next((f for f in visible if f.relationship and f.relationship.lower() == name.lower()), None)
        if found is None or not (value is None or isinstance(value, dict)):
            raise no_such_column(name, declared.name)
        if value is None:
            return found, None
        keys = [key for key in value if key.lower() != "attributes"]
        parent = self._parent(found, value.get("attributes"), name)
        key = self.key_field(parent, keys[0]) if len(keys) == 1 else None
        if key is None:
            message = f"Field name provided, {', '.join(keys)} is not an External ID or indexed field for {parent.name}"
            raise ApiError("INVALID_FIELD", message)
        ids = self.matching(parent, key, str(value[keys[0]]))
        if len(ids) > 1:
            raise SeveralMatches(key.name, ids)
        if not ids:
            message = (
                f"Foreign key external ID: {value[keys[0]]} not found for field {key.name} in entity {parent.name}"
            )
            raise ApiError("INVALID_FIELD", message)
        return found, ids[0]

    def _parent(self, found: Field, attributes: Any, name: str) -> SObject:
        """The object a named parent belongs to; where a lookup leads to several, the attributes have to say it."""
        wanted = str(attributes.get("type", "")) if isinstance(attributes, dict) else ""
        fitting = [one for one in found.refers_to if wanted.lower() in ("", one.lower())]
        declared = self._schema.find(fitting[0]) if len(fitting) == 1 else None
        if declared is None:
            message = f"The external foreign key reference does not reference a valid entity: {name}"
            raise ApiError("INVALID_FIELD", message)
        return declared

    def _check_reference(self, declared: SObject, found: Field, wanted: str) -> None:
        targets = [target for name in found.refers_to if (target := self._schema.find(name))]
        fitting = [target for target in targets if target.prefix == wanted[:3]]
        if not fitting:
            if not targets:
                return
            message = f"{found.label}: id value of incorrect type: {wanted}"
            raise ApiError("MALFORMED_ID", message, [found.name])
        row = next((row for target in fitting if (row := self._database.row(target, wanted))), None)
        if row is None:
            raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [found.name], 400)
        if row.get("IsDeleted"):
            raise ApiError("ENTITY_IS_DELETED", "entity is deleted", [found.name], 400)
        if not self._database.is_shared(wanted):
            raise not_accessible([found.name])
        if found.name == "OwnerId":
            _check_owner(declared, fitting[0], row)
        elif row.get("IsConverted") and fitting[0].name == "Lead":
            raise ApiError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", [found.name])

    def _record_type(self, declared: SObject, found: Field, wanted: str | None) -> str | None:
        """Of this object and active; the master record type is none."""
        if wanted is None or wanted == MASTER_RECORD_TYPE:
            return None
        row = self._database.row(self._schema.get("RecordType"), wanted)
        if row is None or row["SobjectType"] != declared.name or not row["IsActive"]:
            message = f"{found.label}: this ID value isn't valid for the user: {wanted}"
            raise ApiError("INVALID_CROSS_REFERENCE_KEY", message, [found.name], 400)
        return wanted


def key_not_found(name: str) -> ApiError:
    """The refusal of a path whose field is no key."""
    return ApiError("NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {name}")


def _check_owner(declared: SObject, kind: SObject, row: Row) -> None:
    """A user who is still there, or a queue."""
    if kind.name == "User" and not row["IsActive"]:
        message = f"operation performed with inactive user [{row['Id']}] as owner of {declared.name.lower()}"
        raise ApiError("INACTIVE_OWNER_OR_USER", message, ["OwnerId"])
    if kind.name == "Group" and row["Type"] != "Queue":
        raise ApiError("FIELD_INTEGRITY_EXCEPTION", "Queue not associated with this SObject type", ["OwnerId"])
