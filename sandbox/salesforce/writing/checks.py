"""What a record must be for the platform to keep it: complete, unique, no circle, not frozen."""

from __future__ import annotations

from typing import Literal

from sandbox.salesforce.actor import Actor
from sandbox.salesforce.database import Database, Row
from sandbox.salesforce.errors import ApiError, not_accessible
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.rules import Rules
from sandbox.salesforce.schema import Schema

# Lookups within one object that must not lead back to where they began.
HIERARCHIES = {"Account": "ParentId", "Campaign": "ParentId", "Case": "ParentId", "Contact": "ReportsToId"}
# Two live rows may not agree in all of these.
_ONCE = {"CampaignMember": ("CampaignId", "LeadOrContactId"), "AccountContactRelation": ("AccountId", "ContactId")}
_ONCE_MESSAGES = {
    "CampaignMember": "Already a campaign member.",
    "AccountContactRelation": "There's already a relationship between this account and contact.",
}
_MESSAGES = {
    "INSUFFICIENT_ACCESS_OR_READONLY": "insufficient access rights on object id",
    "ENTITY_IS_LOCKED": "entity is locked for editing",
}


class Checks:
    """The platform's rules about whole records; `row` is the record as it would be."""

    def __init__(self, database: Database, schema: Schema, rules: Rules) -> None:
        self._database = database
        self._schema = schema
        self._rules = rules

    def check_operation(
        self, declared: SObject, operation: Literal["create", "update", "delete"], actor: Actor
    ) -> None:
        """Whether records of the kind can be written so at all, and by this user."""
        if (declared.name, operation) in self._rules.denied:
            if not actor.unchecked:
                raise ApiError("INSUFFICIENT_ACCESS_OR_READONLY", _MESSAGES["INSUFFICIENT_ACCESS_OR_READONLY"], [])
            return
        supported = {"create": declared.createable, "update": declared.updateable, "delete": declared.deletable}
        # The door may write what the API only shows, but what nobody can delete stays.
        if not supported[operation] and not (actor.unchecked and operation != "delete"):
            message = f"entity type {declared.name} does not support {operation}"
            raise ApiError("INVALID_TYPE_FOR_OPERATION", message)

    def check_deletable(self, declared: SObject, row: Row, actor: Actor) -> None:
        """Some records stay as long as what they belong to says so."""
        self._check_not_locked(row, actor)
        reason = ""
        if declared.name == "AccountContactRelation" and row["IsDirect"]:
            reason = "it is the direct relationship of the contact to its account"
        elif declared.name == "CampaignMemberStatus" and row["IsDefault"]:
            reason = "it is the default status of its campaign"
        if reason:
            raise ApiError("DELETE_FAILED", f"This record cannot be deleted: {reason}.", [])

    def _check_not_locked(self, row: Row, actor: Actor) -> None:
        if actor.unchecked:
            return
        code = self._rules.locked.get(row["Id"])
        if code is not None:
            raise ApiError(code, _MESSAGES[code], [])
        if not self._database.is_shared(row["Id"]):
            raise not_accessible()

    def check_required(self, declared: SObject, row: Row, only: set[str] | None = None) -> None:
        """All required fields have a value, or those of `only` among them."""
        required = [f.name for f in declared.stored if f.required and (only is None or f.name in only)]
        missing = [name for name in required if row.get(name) in (None, "")]
        if missing:
            message = f"Required fields are missing: [{', '.join(missing)}]"
            raise ApiError("REQUIRED_FIELD_MISSING", message, missing)

    def check_not_frozen(self, before: Row, given: Row, actor: Actor) -> None:
        """A converted lead takes no more changes; nor, where the org says so, a record whose owner has left."""
        self._check_not_locked(before, actor)
        if actor.unchecked:
            return
        if before.get("IsConverted"):
            raise ApiError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", [])
        if not self._rules.inactive_owner_blocks or given.get("OwnerId") or not before.get("OwnerId"):
            return
        owner = self._database.row(self._schema.get("User"), before["OwnerId"])
        if owner is not None and not owner["IsActive"]:
            raise ApiError("INACTIVE_OWNER_OR_USER", "operation performed with inactive user as owner", [])

    def check_when(self, declared: SObject, row: Row) -> None:
        """An event has a beginning and a length, or a day that it takes up whole."""
        if declared.name != "Event" or (row.get("IsAllDayEvent") and (row.get("ActivityDate") or _starts(row))):
            return
        needed = {
            "DurationInMinutes": row.get("DurationInMinutes") is not None or row.get("EndDateTime"),
            "ActivityDateTime": _starts(row),
        }
        missing = [name for name, given in needed.items() if not given]
        if missing:
            message = f"Required fields are missing: [{', '.join(missing)}]"
            raise ApiError("REQUIRED_FIELD_MISSING", message, missing)

    def check_whole(self, declared: SObject, row: Row, given: Row) -> None:
        """The rules that see more than one field; only those that `given` can have broken are asked."""
        self._check_unique(declared, row, given)
        self._check_once(declared, row, given)
        self._check_circle(declared, row, given)
        self._check_member(declared, row)

    def _check_unique(self, declared: SObject, row: Row, given: Row) -> None:
        for f in declared.stored:
            if not f.unique or given.get(f.name) is None:
                continue
            if other := self._other(declared, row, (f.name,)):
                message = f"duplicate value found: {f.name} duplicates value on record with id: {other}"
                raise ApiError("DUPLICATE_VALUE", message, [])

    def _check_once(self, declared: SObject, row: Row, given: Row) -> None:
        names = _ONCE.get(declared.name, ())
        if any(name in given for name in names) and self._other(declared, row, names):
            raise ApiError("DUPLICATE_VALUE", _ONCE_MESSAGES[declared.name], [])

    def _other(self, declared: SObject, row: Row, names: tuple[str, ...]) -> str | None:
        """Id of another live record with the same values."""
        alive = " AND IsDeleted = 0" if declared.has("IsDeleted") else ""
        same = " AND ".join(f'"{name}" = ?' for name in names)
        values = (*(row.get(name) for name in names), row["Id"])
        found = self._database.rows(declared, f"{same} AND Id != ?{alive}", values)
        return str(found[0]["Id"]) if found else None

    def _check_circle(self, declared: SObject, row: Row, given: Row) -> None:
        link = HIERARCHIES.get(declared.name, "")
        above = given.get(link)
        seen = {row["Id"]}
        while above is not None:
            if above in seen:
                raise ApiError("CIRCULAR_DEPENDENCY", "attempt to violate hierarchy constraints", [link])
            seen.add(above)
            parent = self._database.row(declared, above)
            above = parent[link] if parent else None

    def _check_member(self, declared: SObject, row: Row) -> None:
        """A campaign member is somebody."""
        if declared.name == "CampaignMember" and not (row.get("ContactId") or row.get("LeadId")):
            message = "Required fields are missing: [LeadId or ContactId]"
            raise ApiError("REQUIRED_FIELD_MISSING", message, ["LeadId", "ContactId"])


def _starts(row: Row) -> bool:
    return bool(row.get("StartDateTime") or row.get("ActivityDateTime"))
