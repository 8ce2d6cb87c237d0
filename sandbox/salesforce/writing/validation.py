"""Validation rules: an administrator's conditions that no record may meet."""

from __future__ import annotations

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.queries import Queries
from sandbox.salesforce.rules import Rules, ValidationRule


class Validation:
    """Asks the org's rules about a record that has just been written, before the write is final."""

    def __init__(self, queries: Queries, rules: Rules) -> None:
        self._queries = queries
        self._rules = rules

    def check(self, declared: SObject, record_id: str) -> None:
        """FIELD_CUSTOM_VALIDATION_EXCEPTION with the message of the first rule that the record breaks."""
        for rule in self._rules.validations:
            if rule.sobject.lower() == declared.name.lower() and self.breaks(rule, record_id):
                fields = [rule.field] if rule.field else []
                raise ApiError("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, fields)

    def breaks(self, rule: ValidationRule, record_id: str) -> bool:
        soql = f"SELECT Id FROM {rule.sobject} WHERE Id = '{record_id}' AND ({rule.condition})"
        return bool(self._queries.numbers(self._queries.plan(soql)))
