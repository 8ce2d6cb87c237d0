"""Aggregate queries: what they select, group and roll up, as one SQL statement."""

from __future__ import annotations

import itertools
from typing import Any

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.soql.operands import Operands
from sandbox.salesforce.soql.plan import Plan
from sandbox.salesforce.soql.scope import Scope
from sandbox.salesforce.soql.tokens import pointed
from sandbox.salesforce.soql.tree import AGGREGATES, Call, Operand, Path, Selected, Shown, bare


class Grouping:
    """Fills the keys, columns and statement of one plan."""

    def __init__(self, plan: Plan, scope: Scope, operands: Operands) -> None:
        self._plan = plan
        self._scope = scope
        self._operands = operands
        self._groups = [self._group(what) for what in plan.query.group_by]
        self._columns: list[tuple[str, str]] = []  # the key of what is selected and its SQL
        self._unnamed = itertools.count()
        plan.columns = []

    def select(self) -> None:
        query = self._plan.query
        if query.limit is not None and not query.group_by:
            message = "LIMIT is not allowed in a query that uses an aggregate function but no GROUP BY"
            raise ApiError("MALFORMED_QUERY", message)
        for selected in query.selected:
            self._add(selected)

    def state(self, having: tuple[str, list[Any]]) -> None:
        """Write the statement, once the plan knows where its rows come from and their order."""
        plan = self._plan
        parts, parameters = [], []
        for kept in self._levels():
            groups = [sql for key, sql in self._groups if key in kept]
            columns = ", ".join(self._column(key, sql, kept) for key, sql in self._columns)
            grouped = f" GROUP BY {', '.join(groups)}" if groups else ""
            parts.append(f"SELECT {columns} FROM {plan.source} WHERE {plan.where}{grouped}{having[0]}")
            parameters += [*plan.parameters, *having[1]]
        order = plan.order if len(parts) == 1 else self._rolled_order()
        plan.statement = f"{' UNION ALL '.join(parts)}{order}{plan.limits}", parameters

    def _group(self, what: Operand) -> tuple[str, str]:
        inner = bare(what)
        sql, declared = self._operands.typed(what)
        if isinstance(inner, Path) and not declared.groupable:
            raise self._refusal(f"field '{declared.name}' can not be grouped in a query call", inner.at)
        if isinstance(inner, Call) and inner.name in AGGREGATES:
            raise self._refusal(f"unexpected token: '{inner.name}'", inner.at)
        return self._key(inner), sql

    def _add(self, selected: Selected) -> None:
        what = selected.what
        if not isinstance(what, Path | Call | Shown):
            raise self._refusal("Grouped queries select fields and functions.", 0)
        inner = bare(what)
        key = self._key(inner)
        grouped = {group for group, _ in self._groups}
        is_rolled = isinstance(inner, Call) and inner.name == "GROUPING"
        if is_rolled and self._argument(key) not in grouped:
            raise self._refusal("GROUPING needs a field of the GROUP BY ROLLUP or CUBE", inner.at)
        if not is_rolled and key not in grouped and not (isinstance(inner, Call) and inner.name in AGGREGATES):
            shown = inner.text if isinstance(inner, Path) else inner.name
            raise self._refusal(f"Field must be grouped or aggregated: {shown}", inner.at)
        sql, declared = ("0", None) if is_rolled else self._operands.typed(what)
        name = selected.alias or (declared.name if isinstance(inner, Path) and declared else self._next_name())
        if name.lower() in (known.lower() for known in self._plan.keys):
            raise self._refusal(f"duplicate alias: {name}", inner.at)
        self._plan.keys.append(name)
        self._columns.append((key, sql))
        if declared is None:
            self._plan.add(sql)
        else:
            self._plan.add_field(sql, declared, formatted=isinstance(what, Shown) and what.name == "FORMAT")

    def _next_name(self) -> str:
        return f"expr{next(self._unnamed)}"

    def _levels(self) -> list[set[str]]:
        """The groups kept at each level, all of them first."""
        keys = [key for key, _ in self._groups]
        if self._plan.query.grouping == "ROLLUP":
            return [set(keys[:size]) for size in range(len(keys), -1, -1)]
        if self._plan.query.grouping == "CUBE":
            sizes = range(len(keys), -1, -1)
            return [set(kept) for size in sizes for kept in itertools.combinations(keys, size)]
        return [set(keys)]

    def _column(self, key: str, sql: str, kept: set[str]) -> str:
        if key.startswith("grouping("):
            return "0" if self._argument(key) in kept else "1"
        rolled = key not in kept and any(key == group for group, _ in self._groups)
        return "NULL" if rolled else sql

    def _rolled_order(self) -> str:
        """By the positions of what is ordered by, else by the groups with their totals behind them."""
        query = self._plan.query
        known = [key for key, _ in self._columns]
        names = [name.lower() for name in self._plan.keys]
        parts = []
        for ordering in query.order_by:
            what = bare(ordering.what)
            key = self._key(what)
            alias = what.text.lower() if isinstance(what, Path) else ""
            if key not in known and alias not in names:
                raise self._refusal("A rolled-up query is ordered by what it selects", what.at)
            place = known.index(key) if key in known else names.index(alias)
            nulls = "LAST" if ordering.nulls_last else "FIRST"
            parts.append(f"{place + 1} {'DESC' if ordering.descending else 'ASC'} NULLS {nulls}")
        if not parts:
            parts = [f"{known.index(key) + 1} NULLS LAST" for key, _ in self._groups if key in known]
        return f" ORDER BY {', '.join(parts)}" if parts else ""

    def _key(self, what: Path | Call) -> str:
        if isinstance(what, Path):
            return ".".join(self._scope.steps(what)).lower()
        argument = ".".join(self._scope.steps(what.argument)).lower() if what.argument else ""
        return f"{what.name.lower()}({argument})"

    def _argument(self, key: str) -> str:
        return key.partition("(")[2].removesuffix(")")

    def _refusal(self, message: str, at: int) -> ApiError:
        return pointed("MALFORMED_QUERY", message, self._scope.text, at)
