"""What an org keeps of changes: stage history of every opportunity, field history of the fields it tracks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.salesforce.database import Database, Row
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.rules import Rules
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.soql.shape import FALSE, TRUE

_HISTORIES = {
    "Account": "AccountHistory",
    "Contact": "ContactHistory",
    "Lead": "LeadHistory",
    "Opportunity": "OpportunityFieldHistory",
}
_STAGED = ("StageName", "Amount", "CloseDate", "Probability")
_COPIED = (
    "StageName", "Amount", "ExpectedRevenue", "CloseDate", "Probability", "ForecastCategory", "CurrencyIsoCode",
)  # fmt: skip
_PREVIOUS = {"PrevAmount": "Amount", "PrevCloseDate": "CloseDate"}
# The opportunity's own pointers to the history rows in which these changed last.
_POINTERS = {"Amount": "LastAmountChangedHistoryId", "CloseDate": "LastCloseDateChangedHistoryId"}
_DATA_TYPES = {
    "string": "Text",
    "textarea": "TextArea",
    "phone": "PhoneNumber",
    "email": "EmailAddress",
    "url": "URL",
    "picklist": "Enum",
    "multipicklist": "MultiEnum",
    "boolean": "Boolean",
    "currency": "Currency",
    "percent": "Percent",
    "date": "DateOnly",
    "datetime": "DateTime",
    "reference": "EntityId",
}
MAX_SHOWN = 255  # of a longer text a history tells only that it changed
NewId = Callable[[SObject], str]


class History:
    """Writes history rows; `new_id` gives them their ids."""

    def __init__(self, database: Database, schema: Schema, rules: Rules, new_id: NewId) -> None:
        self._database = database
        self._schema = schema
        self._rules = rules
        self._new_id = new_id

    def keep(self, declared: SObject, before: Row, after: Row, user_id: str) -> None:
        """Note what the write of one record changed; `before` is empty for a new one."""
        if declared.name == "Opportunity":
            self._keep_stage(before, after, user_id)
        tracked = [f for name in self._rules.tracked.get(declared.name, ()) if (f := declared.fields.get(name.lower()))]
        if not tracked or declared.name not in _HISTORIES:
            return
        if not before:
            self.note(declared, after, "created", None, None, None, user_id)
            return
        for f in tracked:
            if before.get(f.name) != after.get(f.name):
                self._keep_field(declared, after, f, before.get(f.name), after.get(f.name), user_id)

    def note(
        self, declared: SObject, row: Row, field: str, data_type: str | None, old: Any, new: Any, user_id: str
    ) -> None:
        """One row of the object's history; `field` may also be an event such as created or leadConverted."""
        history = self._schema.find(_HISTORIES[declared.name])
        if history is None:
            return
        values = {
            "Id": self._new_id(history),
            f"{declared.name}Id": row["Id"],
            "Field": field,
            "DataType": data_type,
            "OldValue": old,
            "NewValue": new,
            "CreatedById": user_id,
            "CreatedDate": row["SystemModstamp"],
            "IsDeleted": 0,
        }
        self._database.insert(history, {name: value for name, value in values.items() if history.has(name)})

    def _keep_field(self, declared: SObject, row: Row, f: Field, old: Any, new: Any, user_id: str) -> None:
        """A lookup makes two rows, one with the names and one with the ids."""
        kind = _DATA_TYPES.get(f.type, "Double")
        if f.type == "reference":
            names = (self._name_of(f, old), self._name_of(f, new))
            self.note(declared, row, f.name.removesuffix("Id"), "Text", *names, user_id)
        if f.type == "textarea" and f.length > MAX_SHOWN:
            old = new = None
        if f.type == "boolean":
            old, new = TRUE if old else FALSE, TRUE if new else FALSE
        name = f.name.removesuffix("Id") if f.type == "reference" and not f.custom else f.name
        self.note(declared, row, name, kind, old, new, user_id)

    def _name_of(self, f: Field, record_id: str | None) -> str | None:
        if record_id is None:
            return None
        for target in self._schema.of_id(record_id):
            row = self._database.row(target, record_id) if target.name in f.refers_to else None
            if row is not None:
                return str(row.get(target.name_field) or record_id)
        return record_id

    def _keep_stage(self, before: Row, after: Row, user_id: str) -> None:
        """A row of OpportunityHistory for a new deal, and for every change of one of four fields."""
        changed = [name for name in _STAGED if before.get(name) != after.get(name)]
        if not changed:
            return
        history = self._schema.get("OpportunityHistory")
        previous = {name: before.get(of) for name, of in _PREVIOUS.items() if before and of in changed}
        row = {
            "Id": self._new_id(history),
            "OpportunityId": after["Id"],
            "CreatedById": user_id,
            "CreatedDate": after["SystemModstamp"],
            "SystemModstamp": after["SystemModstamp"],
            **{name: after.get(name) for name in _COPIED if history.has(name)},
            **previous,
        }
        self._database.insert(history, row)
        pointers = {name: row["Id"] for of, name in _POINTERS.items() if before and of in changed}
        if pointers:
            self._database.update(self._schema.get("Opportunity"), after["Id"], pointers)
