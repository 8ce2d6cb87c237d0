"""Duplicate rules: which records are like the one written, and what the rule makes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.salesforce.actor import Actor
from sandbox.salesforce.database import Database, Row
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.reading import Reading
from sandbox.salesforce.rules import DuplicateRule, Rules
from sandbox.salesforce.schema import Schema

MAX_MATCHES = 100
Insert = Callable[[SObject, Row, Actor], str]


@dataclass(frozen=True, slots=True)
class Match:
    """What one rule found."""

    rule: DuplicateRule
    found: SObject
    ids: tuple[str, ...]


class DuplicatesDetected(ApiError):
    """The refusal; at the top level of an answer it tells the matches, in the result of one record of many it does not.

    The misspelling of `duplicateResut` is Salesforce's own.
    """

    def __init__(self, match: Match, records: list[dict[str, Any]], *, allow_save: bool) -> None:
        super().__init__("DUPLICATES_DETECTED", match.rule.message, [])
        self.match = match
        self.records = records
        self.allow_save = allow_save

    def to_json(self) -> dict[str, Any]:
        told = duplicate_result(self.match, self.records, allow_save=self.allow_save)
        return {"duplicateResut": told, "errorCode": self.code, "message": self.message}


class Duplicates:
    """Applies the org's duplicate rules to a record that has just been written, before the write is final."""

    def __init__(self, database: Database, schema: Schema, rules: Rules, reading: Reading) -> None:
        self._database = database
        self._schema = schema
        self._rules = rules
        self._reading = reading

    def check(self, declared: SObject, before: Row, row: Row, actor: Actor) -> list[Match]:
        """What the rules found and let pass; a rule looks at an update only when one of its fields changes."""
        passed = []
        for rule in self._rules.duplicates:
            if rule.sobject.lower() != declared.name.lower():
                continue
            if before and all(before.get(name) == row.get(name) for name in rule.fields):
                continue
            match = self._match(rule, declared, row)
            if not match.ids:
                continue
            action = rule.on_update if before else rule.on_create
            if action == "block" or (action == "alert" and not actor.allow_duplicates):
                raise DuplicatesDetected(match, self._told(match, actor), allow_save=action == "alert")
            passed.append(match)
        return passed

    def find(self, declared: SObject, row: Row, actor: Actor) -> list[dict[str, Any]]:
        """What each rule of the object finds for a row, also one without an Id, in the form a refusal tells it.

        NO_ACTIVE_DUPLICATE_RULE when the object has no rule.
        """
        rules = [rule for rule in self._rules.duplicates if rule.sobject.lower() == declared.name.lower()]
        if not rules:
            message = f"No active duplicate rules are defined for the [{declared.name}] object type."
            raise ApiError("NO_ACTIVE_DUPLICATE_RULE", message)
        found = [self._match(rule, declared, {"Id": "", **row}) for rule in rules]
        return [
            duplicate_result(match, self._told(match, actor), allow_save=match.rule.on_create != "block")
            for match in found
        ]

    def note(self, match: Match, record_id: str, actor: Actor, insert: Insert) -> None:
        """Put the record and its matches into one set; a set of this rule that has a match takes the record in."""
        sets, items = (self._schema.find(name) for name in ("DuplicateRecordSet", "DuplicateRecordItem"))
        if sets is None or items is None:
            return
        marks = ",".join("?" * len(match.ids))
        known = self._database.rows(items, f"RecordId IN ({marks}) AND IsDeleted = 0", match.ids)
        held = {row["RecordId"] for row in known}
        rule = self._rule_id(match.rule)
        set_id = known[0]["DuplicateRecordSetId"] if known else insert(sets, {"DuplicateRuleId": rule}, actor)
        for one in (record_id, *match.ids):
            if one not in held:
                insert(items, {"DuplicateRecordSetId": set_id, "RecordId": one}, actor)

    def _match(self, rule: DuplicateRule, declared: SObject, row: Row) -> Match:
        found = self._schema.get(rule.against or rule.sobject)
        values = [row.get(name) for name in rule.fields]
        if any(value in (None, "") for value in values):
            return Match(rule, found, ())
        same = " AND ".join(f'"{name}" = ?' for name in rule.fields)
        where = f"{same} AND Id != ? AND IsDeleted = 0"
        rows = self._database.rows(found, where, (*values, row["Id"]))[:MAX_MATCHES]
        return Match(rule, found, tuple(str(one["Id"]) for one in rows))

    def _told(self, match: Match, actor: Actor) -> list[dict[str, Any]]:
        """The matches as the answer shows them: by their ids, in full when the request asks for it."""
        visible: Sequence[str] = [f.name for f in self._schema.visible(match.found)] if actor.duplicate_details else ()
        found = self._reading.records(match.found, match.ids, visible, actor.version)
        return [record for record in found if record is not None]

    def _rule_id(self, rule: DuplicateRule) -> str | None:
        declared = self._schema.find("DuplicateRule")
        rows = self._database.rows(declared, "DeveloperName = ?", (rule.name,)) if declared else []
        return str(rows[0]["Id"]) if rows else None


def duplicate_result(match: Match, records: list[dict[str, Any]], *, allow_save: bool) -> dict[str, Any]:
    """The JSON of what a rule found."""
    result = {
        "entityType": match.found.name,
        "errors": [],
        "matchEngine": "ExactMatchEngine",
        "matchRecords": [
            {"additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0, "record": record}
            for record in records
        ],
        "rule": matching_rule(match.rule),
        "size": len(records),
        "success": True,
    }
    return {
        "allowSave": allow_save,
        "duplicateRule": match.rule.name,
        "duplicateRuleEntityType": match.rule.sobject,
        "errorMessage": match.rule.message,
        "matchResults": [result],
    }


def matching_rule(rule: DuplicateRule) -> str:
    """The name of the matching rule behind a duplicate rule."""
    return f"{rule.name}_Match"
