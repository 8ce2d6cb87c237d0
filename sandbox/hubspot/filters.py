"""The filters of a search, compiled to SQL over a record table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.hubspot.definition import Definition
from sandbox.hubspot.errors import bad_request
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.store import column
from sandbox.hubspot.values import as_text, ms_of, natural, stamp

MAX_GROUPS, MAX_FILTERS, MAX_TOTAL = 5, 6, 18
_COMPARED = {"EQ": "=", "NEQ": "<>", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
# What SQLite can compare an id with.
_WIDEST = 2**63 - 1
Clause = tuple[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter as it was sent, with the property it is about."""

    definition: Definition
    operator: str
    sent: Mapping[str, Any]

    def value(self, name: str = "value") -> str:
        if self.sent.get(name) is None:
            raise bad_request(f"operator {self.operator} requires a {name}")
        return as_text(self.sent[name])

    def values(self) -> list[str]:
        found = self.sent.get("values")
        if not isinstance(found, list) or not found:
            raise bad_request(f"operator {self.operator} requires values")
        return [as_text(value) for value in found]


def groups_of(body: Mapping[str, Any]) -> list[Any]:
    """The filter groups of a body; bare `filters` are one more group. 400 where there is no list."""
    groups, bare = body.get("filterGroups") or [], body.get("filters")
    if not isinstance(groups, list):
        raise bad_request("Invalid input JSON: `filterGroups` must be a list")
    return [*groups, {"filters": bare}] if bare else groups


def compiled(portal: Portal, kind: Kind, groups: list[Any]) -> Clause:
    """The WHERE of all filter groups: filters of a group all hold, of the groups any one. 400 for a bad filter."""
    found: list[Clause] = []
    total = 0
    if len(groups) > MAX_GROUPS:
        raise bad_request(f"There must be at most {MAX_GROUPS} filterGroups")
    for group in groups:
        filters = group.get("filters") if isinstance(group, dict) else None
        if not isinstance(filters, list) or not all(isinstance(f, dict) for f in filters):
            raise bad_request("Invalid input JSON: every filter group needs a list of `filters`")
        total += len(filters)
        if len(filters) > MAX_FILTERS or total > MAX_TOTAL:
            raise bad_request(f"There must be at most {MAX_FILTERS} filters in a group and {MAX_TOTAL} in total")
        clauses = [_filter(portal, kind, one) for one in filters]
        if clauses:
            found.append((" AND ".join(f"({sql})" for sql, _ in clauses), [p for _, ps in clauses for p in ps]))
    if not found:
        return "1", []
    return " OR ".join(f"({sql})" for sql, _ in found), [p for _, ps in found for p in ps]


def sort_expression(portal: Portal, kind: Kind, name: str) -> str:
    """What a search sorts by: numbers as numbers, text without case. 400 for an unknown property."""
    definition = portal.definition(kind, name)
    if definition is None:
        raise bad_request(f"There was a problem with the request: property '{name}' does not exist")
    return _operand(definition)


def _filter(portal: Portal, kind: Kind, sent: Mapping[str, Any]) -> Clause:
    name, operator = str(sent.get("propertyName") or ""), str(sent.get("operator") or "")
    if name.lower().startswith("associations."):
        return _linked(portal, kind, portal.kind(name.partition(".")[2]), operator, sent)
    definition = portal.definition(kind, name)
    if definition is None:
        raise bad_request(f"There was a problem with the request: property '{name}' does not exist")
    condition = Condition(definition, operator, sent)
    if operator in _COMPARED:
        if operator == "EQ" and _is_text(definition) and portal.store.is_large(kind):
            portal.store.index_folded(kind, definition.name)
        return f"{_operand(definition)} {_COMPARED[operator]} ?", [_parameter(definition, condition.value())]
    special = _SPECIAL.get(operator)
    if special is None:
        raise bad_request(f"Invalid input JSON: unknown operator {operator!r}")
    return special(portal, kind, condition)


def _is_text(definition: Definition) -> bool:
    return definition.type in ("string", "phone_number") and definition.name != "hs_object_id"


def _operand(definition: Definition) -> str:
    if definition.name == "hs_object_id":
        return "_id"
    expression = column(definition.name)
    if definition.type == "number":
        return f"CAST({expression} AS REAL)"
    return f"fold({expression})" if _is_text(definition) else expression


def _parameter(definition: Definition, text: str, *, is_folded: bool = True) -> str | int | float:
    """A filter value in the form its operand has; 400 when it cannot be."""
    try:
        if definition.name == "hs_object_id":
            return max(-_WIDEST, min(_WIDEST, int(text)))
        if definition.type == "number":
            return float(text)
        if definition.type == "datetime":
            return stamp(ms_of(text))
        if definition.type == "date":
            return stamp(ms_of(text))[:10]
    except (ValueError, OverflowError):
        raise bad_request(f"Invalid value for {definition.name}: {text!r} is not a {definition.type}") from None
    return text.casefold() if is_folded and _is_text(definition) else text


def _between(portal: Portal, kind: Kind, condition: Condition) -> Clause:
    definition = condition.definition
    ends = [_parameter(definition, condition.value(name)) for name in ("value", "highValue")]
    return f"{_operand(definition)} BETWEEN ? AND ?", ends


def _among(portal: Portal, kind: Kind, condition: Condition) -> Clause:
    """The index holds text in lower case, and the values are taken as they are: upper-case ones find nothing."""
    definition = condition.definition
    values = [_parameter(definition, value, is_folded=False) for value in condition.values()]
    if _is_text(definition) and portal.store.is_large(kind):
        portal.store.index_folded(kind, definition.name)
    word = "IN" if condition.operator == "IN" else "NOT IN"
    if definition.field_type == "checkbox":
        # A record with several options is among them when any of its options is.
        holds = " OR ".join([f"instr(';' || {column(definition.name)} || ';', ';' || ? || ';')"] * len(values))
        return (f"({holds})" if word == "IN" else f"NOT ({holds})"), values
    return f"{_operand(definition)} {word} ({','.join('?' * len(values))})", values


def _known(portal: Portal, kind: Kind, condition: Condition) -> Clause:
    word = "IS NOT NULL" if condition.operator == "HAS_PROPERTY" else "IS NULL"
    return f"{column(condition.definition.name)} {word}", []


def _token(portal: Portal, kind: Kind, condition: Condition) -> Clause:
    sql = f"has_token({column(condition.definition.name)}, ?)"
    return (sql if condition.operator == "CONTAINS_TOKEN" else f"NOT {sql}"), [condition.value()]


_SPECIAL = {
    "BETWEEN": _between,
    "IN": _among,
    "NOT_IN": _among,
    "HAS_PROPERTY": _known,
    "NOT_HAS_PROPERTY": _known,
    "CONTAINS_TOKEN": _token,
    "NOT_CONTAINS_TOKEN": _token,
}


def _linked(portal: Portal, kind: Kind, other: Kind, operator: str, sent: Mapping[str, Any]) -> Clause:
    """The pseudo-property `associations.<object type>`: records linked to these."""
    if kind.is_custom or other.is_custom:
        raise bad_request("Searching through associations is not supported for custom objects")
    if operator not in ("EQ", "IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        raise bad_request(f"operator {operator} is not supported for associations")
    word = "NOT IN" if operator == "NOT_HAS_PROPERTY" else "IN"
    live = f"EXISTS (SELECT 1 FROM {other.plural} AS other WHERE other._id = %s AND other._archived = 0)"
    if operator.endswith("HAS_PROPERTY"):
        sql = f"_id {word} (SELECT source_id FROM links WHERE source = ? AND target = ? AND {live % 'target_id'})"
        return sql, [kind.number, other.number]
    values = sent.get("values") if operator == "IN" else [sent.get("value")]
    numbers = [natural(as_text(value)) for value in values] if isinstance(values, list) else [None]
    if None in numbers:
        raise bad_request(f"operator {operator} on associations requires record ids")
    marks = ",".join("?" * len(numbers))
    sql = f"_id IN (SELECT target_id FROM links WHERE source = ? AND source_id IN ({marks}) AND target = ?"
    sql += f" AND {live % 'source_id'})"
    return sql, [other.number, *numbers, kind.number]
