"""The doors of an administrator: rules that every later write of the API user obeys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sandbox.salesforce.actor import Actor
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.org import Org
from sandbox.salesforce.rules import DuplicateRule, OnDuplicate, ValidationRule
from sandbox.salesforce.writing.duplicates import matching_rule

_OPERATIONS = ("create", "update", "delete")
_ACTIONS = ("allow", "alert", "block")


class Administration:
    """Sets up one org; a rule that makes no sense raises ValueError."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self.doors: Mapping[str, Callable[..., Any]] = {
            "set_assignment_rule": self.set_assignment_rule,
            "add_validation_rule": self.add_validation_rule,
            "add_duplicate_rule": self.add_duplicate_rule,
            "add_record_type": self.add_record_type,
            "track_fields": self.track_fields,
            "archive_activities": self.archive_activities,
            "empty_recycle_bin": self.empty_recycle_bin,
            "deny": self.deny,
            "hide_record": self.hide_record,
            "show_record": self.show_record,
            "lock_record": self.lock_record,
            "clear_rules": self.clear_rules,
        }

    def set_assignment_rule(self, sobject: str, owner_id: str | None) -> None:
        """Creates and updates of the object go to this owner unless a request says otherwise; None: no rule."""
        rules, name = self._org.settings.rules.assignment, self._sobject(sobject).name
        if owner_id is None:
            rules.pop(name, None)
        else:
            rules[name] = owner_id

    def add_validation_rule(self, sobject: str, condition: str, message: str, field: str = "") -> None:
        """Refuse each record for which the condition, as after WHERE in SOQL, holds."""
        name = self._sobject(sobject).name
        try:
            self._org.queries.plan(f"SELECT Id FROM {name} WHERE ({condition})")
        except ApiError as error:
            raise ValueError(f"The condition is no SOQL: {error.message.strip()}") from error
        self._org.settings.rules.validations.append(ValidationRule(name, condition, message, field))

    def add_duplicate_rule(
        self,
        name: str,
        sobject: str,
        fields: Sequence[str],
        *,
        on_create: OnDuplicate = "alert",
        on_update: OnDuplicate = "alert",
        against: str = "",
        message: str = "Use one of these records?",
    ) -> None:
        """Look for records that agree in all the fields; see `DuplicateRule`."""
        declared = self._sobject(sobject)
        searched = self._sobject(against) if against else declared
        wanted = [f for one in fields if (f := declared.fields.get(one.lower())) and searched.has(one)]
        if len(wanted) < max(len(fields), 1) or not {on_create, on_update} <= set(_ACTIONS):
            raise ValueError("A duplicate rule needs fields that both objects have; it allows, alerts or blocks.")
        names = tuple(f.name for f in wanted)
        rule = DuplicateRule(name, declared.name, names, on_create, on_update, searched.name, message)
        self._org.settings.rules.duplicates.append(rule)
        self._show(rule)

    def add_record_type(self, sobject: str, name: str, *, active: bool = True) -> str:
        """Id of the new record type."""
        label = name.replace("_", " ")
        values = {"Name": label, "DeveloperName": name, "SobjectType": self._sobject(sobject).name, "IsActive": active}
        return self._create("RecordType", values)

    def track_fields(self, sobject: str, fields: Sequence[str]) -> None:
        """Keep the history of these fields of the object and of no others."""
        declared = self._sobject(sobject)
        self._org.settings.rules.tracked[declared.name] = tuple(declared.fields[one.lower()].name for one in fields)

    def archive_activities(self, days: int = 365) -> int:
        """Put closed tasks and events older than so many days where only queryAll finds them; how many."""
        before = (self._org.clock.today() - timedelta(days=days)).isoformat()
        condition = "SET IsArchived = 1 WHERE IsArchived = 0 AND IsDeleted = 0 AND ActivityDate < ?"
        with self._org.database.transaction():
            return sum(
                self._org.database.execute(f"UPDATE {kind} {condition}{only}", (before,))
                for kind, only in (("Task", " AND IsClosed = 1"), ("Event", ""))
            )

    def empty_recycle_bin(self, days: int = 0) -> int:
        """Delete for good what has been in the bin for so many days, which Salesforce does after 15; how many."""
        with self._org.database.transaction():
            return self._org.records.bin.empty(days)

    def deny(self, sobject: str, operation: str) -> None:
        """Take the right to create, update or delete records of an object from the API user; describes show it."""
        declared = self._sobject(sobject)
        if operation not in _OPERATIONS:
            raise ValueError(f"There is no operation {operation!r}; there are {', '.join(_OPERATIONS)}.")
        self._org.settings.rules.denied.add((declared.name, operation))
        denied = replace(
            declared,
            createable=declared.createable and operation != "create",
            updateable=declared.updateable and operation != "update",
            deletable=declared.deletable and operation != "delete",
        )
        self._org.schema.replace(denied)

    def hide_record(self, record_id: str) -> None:
        """Stop sharing the record with the API user, whose queries and reads no longer find it."""
        self._org.database.execute("INSERT OR IGNORE INTO _unshared VALUES (?)", (long_id(record_id),))

    def show_record(self, record_id: str) -> None:
        """Share the record again."""
        self._org.database.execute("DELETE FROM _unshared WHERE Id = ?", (long_id(record_id),))

    def lock_record(self, record_id: str, code: str | None = "ENTITY_IS_LOCKED") -> None:
        """Let the API user neither change nor delete the record: it is in an approval, or another's; None unlocks."""
        found = long_id(record_id)
        if found is None or code not in (None, "ENTITY_IS_LOCKED", "INSUFFICIENT_ACCESS_OR_READONLY"):
            raise ValueError("Locking takes a record id and ENTITY_IS_LOCKED or INSUFFICIENT_ACCESS_OR_READONLY.")
        self._org.settings.rules.locked.pop(found, None)
        if code is not None:
            self._org.settings.rules.locked[found] = code

    def clear_rules(self) -> None:
        """No assignment, validation or duplicate rules and no locks any more."""
        rules = self._org.settings.rules
        rules.locked.clear()
        rules.assignment.clear()
        rules.validations.clear()
        rules.duplicates.clear()

    def _show(self, rule: DuplicateRule) -> None:
        """The rows by which the API tells of a duplicate rule and of the matching rule behind it."""
        named = {"SobjectType": rule.sobject, "Language": "en_US", "SobjectSubtype": "None"}
        match = matching_rule(rule)
        states = {"MatchEngine": "ExactMatchEngine", "RuleStatus": "Active"}
        of_match = {**named, "DeveloperName": match, "MasterLabel": match, **states}
        matching = self._create("MatchingRule", of_match)
        for order, field in enumerate(rule.fields, start=1):
            item = {"Field": field, "MatchingMethod": "Exact", "BlankValueBehavior": "NullNotAllowed"}
            self._create("MatchingRuleItem", {"MatchingRuleId": matching, "SortOrder": order, **item})
        values = {**named, "DeveloperName": rule.name, "MasterLabel": rule.name, "IsActive": True}
        self._create("DuplicateRule", values)

    def _create(self, name: str, values: Mapping[str, Any]) -> str:
        actor = Actor(self._org.user_id, unchecked=True)
        return self._org.records.create(self._org.schema.get(name), values, actor)

    def _sobject(self, name: str) -> SObject:
        found = self._org.schema.find(name)
        if found is None:
            raise ValueError(f"The Salesforce sandbox has no sObject {name}.")
        return found
