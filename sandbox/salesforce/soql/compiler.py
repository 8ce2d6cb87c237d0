"""A SOQL tree to SQL: what is selected, where it is joined from, and how its rows become records."""

# Names come from the schema, values are always bound.

from __future__ import annotations

import itertools
from typing import Any

from sandbox.salesforce.describe import scopes
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import IDS, Field, SObject
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.soql.conditions import Conditions
from sandbox.salesforce.soql.grouping import Grouping
from sandbox.salesforce.soql.operands import Operands
from sandbox.salesforce.soql.plan import Asked, ChildPlan, Plan
from sandbox.salesforce.soql.scope import Column, Scope, Table
from sandbox.salesforce.soql.selection import Selection
from sandbox.salesforce.soql.semijoins import check_places
from sandbox.salesforce.soql.shape import Children
from sandbox.salesforce.soql.tokens import pointed
from sandbox.salesforce.soql.tree import Call, ChildQuery, Condition, Operand, Ordering, Path, Query, Shown, bare

MAX_LEVELS = 5  # of child queries within child queries
_OWNED_BY = {"mine": "{0} = ?", "queue_owned": "{0} LIKE '00G%'", "user_owned": "{0} LIKE '005%'"}
_OWNED_BY["team"] = "({0} = ? OR {0} IN (SELECT u.Id FROM User u WHERE u.ManagerId = ?))"


class Compiler:
    """Compiles the queries of one text."""

    def __init__(self, schema: Schema, text: str, asked: Asked) -> None:
        self._schema = schema
        self._text = text
        self._asked = asked

    def plan(self, query: Query) -> Plan:
        """INVALID_TYPE or INVALID_FIELD, with a caret, where a name does not exist or is hidden."""
        return self._plan_of(query, self._sobject(query), 1)

    def _sobject(self, query: Query) -> SObject:
        declared = self._schema.find(query.sobject)
        if declared is None:
            raise self._refusal("INVALID_TYPE", _no_such_type(query.sobject), query.sobject_at)
        return declared

    def _plan_of(self, query: Query, declared: SObject, level: int) -> Plan:
        root = Table(declared, "t0")
        scope = Scope(self._schema, self._text, root, query.alias, query.related, itertools.count(1))
        operands = Operands(scope, self._asked)
        plan = Plan(declared, query, ["t0.rowid"])
        grouping = None
        if query.counts_only:
            plan.columns = ["COUNT(*)"]
        elif query.aggregated:
            grouping = Grouping(plan, scope, operands)
            grouping.select()
        else:
            self._select(plan, Selection(plan, scope, operands), level)
        having = self._having(query, scope, operands)
        plan.where, plan.parameters = self._where(query, scope, operands)
        plan.order = "" if query.grouping else self._order(query, scope, operands)  # Grouping orders what is rolled up
        plan.source = scope.source
        if grouping is not None:
            grouping.state(having)
        return plan

    def _select(self, plan: Plan, selection: Selection, level: int) -> None:
        for selected in plan.query.selected:
            if isinstance(selected.what, ChildQuery):
                self._select_children(plan, selected.what, level)
            else:
                selection.add(selected)

    def _where(self, query: Query, scope: Scope, operands: Operands) -> tuple[str, list[Any]]:
        parts: list[str] = []
        parameters: list[Any] = []
        if query.where is not None:
            check_places(query.where, self._text)
            parts, parameters = self._condition(query.where, scope, operands)
        if query.scope is not None:
            narrowed, bound = self._scoped(query.scope, scope)
            parts, parameters = [*parts, *narrowed], [*parameters, *bound]
        if not self._asked.include_deleted:
            # What is deleted or archived shows in a queryAll alone.
            hidden = (name for name in ("IsDeleted", "IsArchived") if scope.root.sobject.has(name))
            parts += [f"{scope.root.column(name)} = 0" for name in hidden]
        if self._asked.shared_only:
            parts.append(f"{scope.root.column('Id')} NOT IN (SELECT Id FROM _unshared)")
        if self._asked.own_logins_only and scope.root.sobject.name == "LoginHistory":
            parts, parameters = [*parts, f"{scope.root.column('UserId')} = ?"], [*parameters, self._asked.user_id]
        return " AND ".join(parts) or "1", parameters

    def _condition(self, condition: Condition, scope: Scope, operands: Operands) -> tuple[list[str], list[Any]]:
        def subquery(left: Operand, query: Query) -> tuple[str, list[Any]]:
            return self._subquery(left, query, scope)

        conditions = Conditions(self._text, self._asked, operands.typed, subquery)
        return [conditions.sql(condition)], conditions.parameters

    def _having(self, query: Query, scope: Scope, operands: Operands) -> tuple[str, list[Any]]:
        if query.having is None:
            return "", []
        parts, parameters = self._condition(query.having, scope, operands)
        return f" HAVING {parts[0]}", parameters

    def _scoped(self, wanted: Path, scope: Scope) -> tuple[list[str], list[Any]]:
        name = wanted.text.lower()
        if name not in {known for known, _ in scopes(scope.root.sobject)}:
            message = f"The requested scope '{wanted.text}' is not supported for {scope.root.sobject.name}"
            raise self._refusal("INVALID_QUERY_SCOPE", message, wanted.at)
        if name == "everything":
            return [], []
        sql = _OWNED_BY[name]
        return [sql.format(scope.root.column("OwnerId"))], [self._asked.user_id] * sql.count("?")

    def _subquery(self, left: Operand, query: Query, outer: Scope) -> tuple[str, list[Any]]:
        """A semi-join: the one column its query selects."""
        declared = self._sobject(query)
        numbers = outer.numbers
        table = Table(declared, f"s{next(numbers)}")
        scope = Scope(self._schema, self._text, table, query.alias, query.related, numbers)
        what = query.selected[0].what
        if len(query.selected) != 1 or not isinstance(what, Path):
            message = "A semi join sub-select must select exactly one field"
            raise self._refusal("MALFORMED_QUERY", message, query.sobject_at)
        column = scope.column(what)
        self._check_semi_join(left, column, what, outer, scope)
        where, parameters = self._where(query, scope, Operands(scope, self._asked))
        return f"SELECT {column.sql} FROM {scope.source} WHERE {where} AND {column.sql} IS NOT NULL", parameters

    def _check_semi_join(self, left: Operand, column: Column, what: Path, outer: Scope, inner: Scope) -> None:
        if outer.root.sobject is inner.root.sobject:
            message = "The inner and outer selects should not be on the same object type"
            raise self._refusal("MALFORMED_QUERY", message, what.at)
        path = bare(left)
        outside = outer.column(path) if isinstance(path, Path) else None
        if outside is None or not _targets(outside) & _targets(column):
            shown = path.text if isinstance(path, Path) else path.name
            message = (
                f"The selected field '{what.text}' in the subquery and the left operand field in the where expression "
                f"in the outer query '{shown}' should point to the same object type"
            )
            raise self._refusal("MALFORMED_QUERY", message, what.at)

    def _select_children(self, plan: Plan, child: ChildQuery, level: int) -> None:
        name = child.query.sobject.rpartition(".")[2]
        for known in self._schema.children(plan.sobject):
            if known.field.children and known.field.children.lower() == name.lower():
                declared = self._schema.find(known.sobject)
                if declared is not None and self._schema.field(declared, known.field.name):
                    self._add_child(plan, child, declared, known.field, level)
                    return
        message = (
            f"Didn't understand relationship '{name}' in FROM part of query call. If you are attempting to use a "
            "custom relationship, be sure to append the '__r' after the custom relationship name. Please reference "
            "your WSDL or the describe call for the appropriate names."
        )
        raise self._refusal("INVALID_TYPE", message, child.query.sobject_at)

    def _add_child(self, plan: Plan, child: ChildQuery, declared: SObject, link: Field, level: int) -> None:
        if level >= MAX_LEVELS:
            message = f"Child queries are nested at most {MAX_LEVELS} levels deep"
            raise self._refusal("MALFORMED_QUERY", message, child.at)
        inner = self._plan_of(child.query, declared, level + 1)
        if inner.record is None or plan.record is None:
            raise self._refusal("MALFORMED_QUERY", "A child query selects fields.", child.at)
        if link.children in plan.record.entries:
            message = f"duplicate relationship selected: {link.children}"
            raise self._refusal("INVALID_FIELD", message, child.query.sobject_at)
        plan.record.entries[link.children] = Children(len(plan.children))
        plan.children.append(ChildPlan(link.children, inner, link))

    def _order(self, query: Query, scope: Scope, operands: Operands) -> str:
        if query.counts_only and query.order_by:
            raise ApiError("MALFORMED_QUERY", "Count() queries cannot have an ORDER BY clause")
        parts = [self._ordered(query, ordering, scope, operands) for ordering in query.order_by]
        return f" ORDER BY {', '.join(parts)}" if parts else ""

    def _ordered(self, query: Query, ordering: Ordering, scope: Scope, operands: Operands) -> str:
        what = _aliased(query, ordering)
        sql, declared = operands.typed(what)
        if not declared.sortable:
            message = f"field '{declared.name}' can not be sorted in a query call"
            raise self._refusal("INVALID_FIELD", message, bare(ordering.what).at)
        # Blank comes first in both directions unless the query says NULLS LAST.
        direction = "DESC" if ordering.descending else "ASC"
        own = isinstance(what, Path) and len(scope.steps(what)) == 1
        if own and not declared.nillable:
            return f"{sql} {direction}"
        return f"{sql} {direction} NULLS {'LAST' if ordering.nulls_last else 'FIRST'}"

    def _refusal(self, code: str, message: str, at: int) -> ApiError:
        return pointed(code, message, self._text, at)


def _aliased(query: Query, ordering: Ordering) -> Operand:
    """What to sort by; a grouped query may name it by its alias."""
    what = ordering.what
    for selected in query.selected if query.aggregated else ():
        named = isinstance(what, Path) and selected.alias.lower() == what.text.lower()
        if named and isinstance(selected.what, Path | Call | Shown):
            return selected.what
    return what


def _targets(column: Column) -> set[str]:
    """The kinds of record the ids of a column belong to; none when it holds no ids."""
    if column.field.type not in IDS:
        return set()
    return set(column.field.refers_to) or {table.sobject.name for table in column.place.tables}


def _no_such_type(name: str) -> str:
    return (
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the "
        "'__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
    )
