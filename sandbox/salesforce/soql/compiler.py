"""A SOQL tree to SQL: what is selected, where it is joined from, and how its rows become records."""

# Names come from the schema, values are always bound.

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.soql.aggregates import CALLS, call_field, call_sql
from sandbox.salesforce.soql.conditions import Conditions
from sandbox.salesforce.soql.scope import Column, Place, Scope, Table
from sandbox.salesforce.soql.shape import Address, Children, Record
from sandbox.salesforce.soql.tokens import pointed
from sandbox.salesforce.soql.tree import (
    Call,
    ChildQuery,
    FieldGroup,
    Operand,
    Ordering,
    Path,
    Query,
    Selected,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChildPlan:
    """A child query: `link` is the child's field that holds the parent's id."""

    key: str
    plan: Plan
    link: Field


@dataclass(slots=True)
class Plan:
    """One compiled SELECT. The first column is the row's number, so that a page can be read by numbers alone."""

    sobject: SObject
    query: Query
    columns: list[str]
    source: str
    where: str
    parameters: list[Any]
    order: str
    tail: str = ""  # GROUP BY and HAVING
    tail_parameters: list[Any] = field(default_factory=list)
    booleans: list[int] = field(default_factory=list)
    mixed: list[int] = field(default_factory=list)  # columns of anyType
    fields: dict[int, Field] = field(default_factory=dict)  # of the columns that show one as it is
    record: Record | None = None  # None: an aggregate, whose `keys` name the columns
    keys: list[str] = field(default_factory=list)
    children: list[ChildPlan] = field(default_factory=list)

    @property
    def limits(self) -> str:
        if self.query.limit is None and not self.query.offset:
            return ""
        return f" LIMIT {-1 if self.query.limit is None else self.query.limit} OFFSET {self.query.offset}"

    def numbers_sql(self) -> str:
        """All matching row numbers, in order."""
        return f"SELECT t0.rowid FROM {self.source} WHERE {self.where}{self.order}{self.limits}"

    def count_sql(self) -> str:
        return f"SELECT COUNT(*) FROM {self.source} WHERE {self.where}"

    def rows_sql(self, condition: str) -> str:
        """The columns of the rows under another condition than the query's own."""
        return f"SELECT {', '.join(self.columns)} FROM {self.source} WHERE {condition}"

    def aggregate_sql(self) -> str:
        columns = ", ".join(self.columns)
        return f"SELECT {columns} FROM {self.source} WHERE {self.where}{self.tail}{self.order}{self.limits}"


class Compiler:
    """Compiles queries for one API user at one time; `include_deleted` makes it a queryAll."""

    def __init__(self, schema: Schema, text: str, today: date, *, include_deleted: bool) -> None:
        self._schema = schema
        self._text = text
        self._today = today
        self._include_deleted = include_deleted

    def plan(self, query: Query) -> Plan:
        """INVALID_TYPE or INVALID_FIELD, with a caret, where a name does not exist or is hidden."""
        declared = self._schema.find(query.sobject)
        if declared is None:
            raise pointed("INVALID_TYPE", _no_such_type(query.sobject), self._text, query.sobject_at)
        return self._plan_of(query, declared)

    def _plan_of(self, query: Query, declared: SObject) -> Plan:
        scope = Scope(self._schema, self._text, Table(declared, "t0"), query.alias, itertools.count(1))
        plan = Plan(declared, query, ["t0.rowid"], "", "", [], "")
        if query.counts_only:
            plan.columns = ["COUNT(*)"]
        elif query.aggregated:
            self._select_aggregates(plan, scope)
        else:
            self._select_records(plan, scope)
        plan.where, plan.parameters = self._where(query, scope)
        plan.order = self._order(plan, scope)
        self._check_limits(query)
        plan.source = scope.source
        return plan

    def _where(self, query: Query, scope: Scope) -> tuple[str, list[Any]]:
        parts, parameters = [], []
        if query.where is not None:
            conditions = self._conditions(scope)
            parts.append(conditions.sql(query.where))
            parameters = conditions.parameters
        if scope.root.sobject.has("IsDeleted") and not self._include_deleted:
            parts.append(f"{scope.root.column('IsDeleted')} = 0")
        return " AND ".join(parts) or "1", parameters

    def _conditions(self, scope: Scope) -> Conditions:
        def operand(what: Operand) -> tuple[str, Field]:
            return self._operand(what, scope)

        def subquery(query: Query) -> tuple[str, list[Any]]:
            return self._subquery(query, scope.numbers)

        return Conditions(self._text, self._today, operand, subquery)

    def _operand(self, what: Operand, scope: Scope) -> tuple[str, Field]:
        if isinstance(what, Path):
            column = scope.column(what)
            return column.sql, column.field
        column_of = scope.column(what.argument) if what.argument else None
        return call_sql(what, column_of), call_field(what, column_of)

    def _subquery(self, query: Query, numbers: Iterator[int]) -> tuple[str, list[Any]]:
        """A semi-join: the one column its query selects."""
        declared = self._schema.find(query.sobject)
        if declared is None:
            raise pointed("INVALID_TYPE", _no_such_type(query.sobject), self._text, query.sobject_at)
        scope = Scope(self._schema, self._text, Table(declared, f"s{next(numbers)}"), query.alias, numbers)
        what = query.selected[0].what
        if len(query.selected) != 1 or not isinstance(what, Path):
            raise pointed("MALFORMED_QUERY", "A semi-join selects exactly one field.", self._text, query.sobject_at)
        column = scope.column(what)
        where, parameters = self._where(query, scope)
        return f"SELECT {column.sql} FROM {scope.source} WHERE {where} AND {column.sql} IS NOT NULL", parameters

    def _select_records(self, plan: Plan, scope: Scope) -> None:
        plan.record = Record(scope.root.sobject.name, self._add(plan, scope.root.column("Id")))
        for selected in plan.query.selected:
            what = selected.what
            if isinstance(what, ChildQuery):
                self._select_children(plan, what)
            elif isinstance(what, FieldGroup):
                self._select_group(plan, scope, what)
            elif isinstance(what, Path):
                self._select_path(plan, scope, what)
            else:
                raise pointed("MALFORMED_QUERY", f"unexpected token: '{what.name}'", self._text, what.at)

    def _select_path(self, plan: Plan, scope: Scope, path: Path) -> None:
        steps = scope.steps(path)
        record = plan.record
        for depth in range(1, len(steps)):
            place = scope.place(steps[:depth], path)
            record = self._nested(plan, record, _relationship_name(scope, steps, depth, path), place)
        column = scope.column(path)
        if record is None or column.field.name in record.entries:
            raise pointed("INVALID_FIELD", f"duplicate field selected: {path.text}", self._text, path.at)
        record.entries[column.field.name] = self._value(plan, column)

    def _nested(self, plan: Plan, parent: Record | None, name: str, place: Place) -> Record | None:
        if parent is None:
            return None
        found = parent.entries.get(name)
        if isinstance(found, Record):
            return found
        identity = [table.column("Id") for table in place.tables]
        sql = identity[0] if len(identity) == 1 else f"coalesce({', '.join(identity)})"
        kind = self._add(plan, place.kind_sql()) if place.polymorphic else None
        nested = Record(place.type_name, self._add(plan, sql), kind)
        parent.entries[name] = nested
        return nested

    def _value(self, plan: Plan, column: Column) -> int | Address:
        if column.field.type == "address":
            table = column.place.tables[0]
            seen = [(key, name) for key, name in column.field.parts if self._schema.field(table.sobject, name)]
            return Address(tuple((key, self._add(plan, table.column(name))) for key, name in seen))
        index = self._add(plan, column.sql)
        plan.fields[index] = column.field
        if column.field.type == "boolean":
            plan.booleans.append(index)
        elif column.field.type == "anyType":
            plan.mixed.append(index)
        return index

    def _add(self, plan: Plan, sql: str) -> int:
        plan.columns.append(sql)
        return len(plan.columns) - 1

    def _select_group(self, plan: Plan, scope: Scope, group: FieldGroup) -> None:
        if group.group != "STANDARD" and (plan.query.limit is None or plan.query.limit > 200):
            message = "The SOQL FIELDS function must have a LIMIT of at most 200"
            raise ApiError("MALFORMED_QUERY", message)
        for declared in self._schema.visible(scope.root.sobject):
            if group.group == "ALL" or declared.custom == (group.group == "CUSTOM"):
                path = Path((declared.name,), group.at)
                if plan.record is not None and declared.name not in plan.record.entries:
                    self._select_path(plan, scope, path)

    def _select_children(self, plan: Plan, child: ChildQuery) -> None:
        name = child.query.sobject
        for known in self._schema.children(plan.sobject):
            if known.field.children and known.field.children.lower() == name.lower():
                declared = self._schema.find(known.sobject)
                if declared is not None and self._schema.field(declared, known.field.name):
                    self._add_child(plan, child, declared, known.field)
                    return
        message = (
            f"Didn't understand relationship '{name}' in FROM part of query call. If you are attempting to use a "
            "custom relationship, be sure to append the '__r' after the custom relationship name. Please reference "
            "your WSDL or the describe call for the appropriate names."
        )
        raise pointed("INVALID_TYPE", message, self._text, child.query.sobject_at)

    def _add_child(self, plan: Plan, child: ChildQuery, declared: SObject, link: Field) -> None:
        inner = self._plan_of(child.query, declared)
        if inner.record is None or plan.record is None:
            raise pointed("MALFORMED_QUERY", "A child query selects fields.", self._text, child.at)
        inner.columns.append(f't0."{link.name}"')
        plan.record.entries[link.children] = Children(len(plan.children))
        plan.children.append(ChildPlan(link.children, inner, link))

    def _select_aggregates(self, plan: Plan, scope: Scope) -> None:
        plan.columns = []
        unnamed = itertools.count()
        groups = {_group_key(what, scope) for what in plan.query.group_by}
        for selected in plan.query.selected:
            plan.keys.append(self._aggregate(plan, scope, selected, groups, unnamed))
        self._group(plan, scope)

    def _aggregate(self, plan: Plan, scope: Scope, selected: Selected, groups: set[str], unnamed: Iterator[int]) -> str:
        what = selected.what
        if not isinstance(what, Path | Call):
            raise pointed("MALFORMED_QUERY", "Grouped queries select fields and functions.", self._text, 0)
        sql, declared = self._operand(what, scope)
        grouped = _group_key(what, scope) in groups
        if not grouped and not (isinstance(what, Call) and what.name in CALLS):
            shown = what.text if isinstance(what, Path) else what.name
            message = f"Field must be grouped or aggregated: {shown}"
            raise pointed("MALFORMED_QUERY", message, self._text, what.at)
        index = self._add(plan, sql)
        if declared.type == "boolean":
            plan.booleans.append(index)
        if selected.alias:
            return selected.alias
        return declared.name if isinstance(what, Path) else f"expr{next(unnamed)}"

    def _group(self, plan: Plan, scope: Scope) -> None:
        groups = [self._operand(what, scope)[0] for what in plan.query.group_by]
        plan.tail = f" GROUP BY {', '.join(groups)}" if groups else ""
        if plan.query.having is not None:
            conditions = self._conditions(scope)
            plan.tail += f" HAVING {conditions.sql(plan.query.having)}"
            plan.tail_parameters = conditions.parameters

    def _order(self, plan: Plan, scope: Scope) -> str:
        parts = []
        for ordering in plan.query.order_by:
            sql, declared = self._ordered(plan, ordering, scope)
            if not declared.sortable:
                message = f"field '{declared.name}' can not be sorted in a query call"
                raise pointed("INVALID_FIELD", message, self._text, ordering.what.at)
            # Blank comes first in both directions unless the query says NULLS LAST.
            direction = f"{'DESC' if ordering.descending else 'ASC'} NULLS {'LAST' if ordering.nulls_last else 'FIRST'}"
            own = isinstance(ordering.what, Path) and len(scope.steps(ordering.what)) == 1
            parts.append(f"{sql} {direction.split()[0] if own and not declared.nillable else direction}")
        return f" ORDER BY {', '.join(parts)}" if parts else ""

    def _ordered(self, plan: Plan, ordering: Ordering, scope: Scope) -> tuple[str, Field]:
        """What to sort by; a grouped query may name it by its alias."""
        what = ordering.what
        if isinstance(what, Path) and len(what.names) == 1:
            for selected in plan.query.selected if plan.query.aggregated else ():
                if selected.alias.lower() == what.text.lower() and isinstance(selected.what, Path | Call):
                    return self._operand(selected.what, scope)
        return self._operand(what, scope)

    def _check_limits(self, query: Query) -> None:
        if query.counts_only and query.order_by:
            message = "Count() queries cannot have an ORDER BY clause"
            raise ApiError("MALFORMED_QUERY", message)


def _relationship_name(scope: Scope, steps: tuple[str, ...], depth: int, path: Path) -> str:
    """The relationship as it is declared, whatever its case in the query."""
    for table in scope.place(steps[: depth - 1], path).tables:
        for declared in table.sobject.fields.values():
            if declared.relationship.lower() == steps[depth - 1].lower():
                return declared.relationship
    return steps[depth - 1]


def _group_key(what: Operand, scope: Scope) -> str:
    if isinstance(what, Path):
        return ".".join(scope.steps(what)).lower()
    return f"{what.name}({'.'.join(what.argument.names).lower() if what.argument else ''})"


def _no_such_type(name: str) -> str:
    return (
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the "
        "'__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
    )
