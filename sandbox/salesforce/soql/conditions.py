"""WHERE and HAVING to SQL with bound values.

SOQL knows two truth values where SQL knows three: a comparison with a blank is false, its negation true.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import IDS, NUMBERS, Field
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.soql.dates import day_range
from sandbox.salesforce.soql.plan import Asked
from sandbox.salesforce.soql.tokens import like_pattern, pointed, unescaped
from sandbox.salesforce.soql.tree import (
    Both,
    Comparison,
    Condition,
    Constant,
    Either,
    Inclusion,
    Membership,
    Negation,
    Operand,
    Query,
)  # fmt: skip
from sandbox.salesforce.times import parsed, text_of

Typed = tuple[str, Field]  # the SQL of an operand and the field whose type it has
ReadOperand = Callable[[Operand], Typed]
ReadQuery = Callable[[Operand, Query], tuple[str, list[Any]]]


class Conditions:
    """Writes one condition tree; the values it binds are collected in `parameters`, in order."""

    def __init__(self, text: str, asked: Asked, operand: ReadOperand, subquery: ReadQuery) -> None:
        self._text = text
        self._asked = asked
        self._operand = operand
        self._subquery = subquery
        self.parameters: list[Any] = []

    def sql(self, condition: Condition) -> str:
        if isinstance(condition, Both):
            return "(" + " AND ".join(self.sql(part) for part in condition.parts) + ")"
        if isinstance(condition, Either):
            return "(" + " OR ".join(self.sql(part) for part in condition.parts) + ")"
        if isinstance(condition, Negation):
            return f"NOT coalesce({self.sql(condition.part)}, 0)"
        if isinstance(condition, Membership):
            return self._membership(condition)
        if isinstance(condition, Inclusion):
            return self._inclusion(condition)
        return self._comparison(condition)

    def _comparison(self, comparison: Comparison) -> str:
        sql, declared = self._operand(comparison.left)
        self._check_filterable(declared, comparison.right)
        operator, right = comparison.operator, comparison.right
        if declared.type == "address":
            raise self._wrong_operator(declared, right)
        if operator == "LIKE":
            return self._like(sql, declared, right)
        if right.kind in ("literal", "date", "datetime") and declared.type in ("date", "datetime"):
            return self._in_time(sql, declared, operator, right)
        value = self._value(declared, right)
        if value is None or value == "":
            return self._blank(sql, operator, right)
        if declared.type == "datetime":
            raise self._wrong_type(declared, right)
        if isinstance(value, str) and not value.isascii() and declared.type not in IDS:
            sql, value = f"fold({sql})", value.casefold()
        self.parameters.append(value)
        return f"{sql} IS NOT ?" if operator == "!=" else f"{sql} {operator} ?"

    def _blank(self, sql: str, operator: str, right: Constant) -> str:
        if operator not in ("=", "!="):
            raise pointed("MALFORMED_QUERY", f"operator {operator} cannot be used with null", self._text, right.at)
        return f"{sql} IS NULL" if operator == "=" else f"{sql} IS NOT NULL"

    def _like(self, sql: str, declared: Field, right: Constant) -> str:
        unlike = IDS | NUMBERS | {"boolean", "date", "datetime", "multipicklist"}
        if declared.type in unlike or right.kind != "string":
            raise self._wrong_operator(declared, right)
        pattern = like_pattern(right.value)
        if pattern is None:
            raise self._bad_escape(right)
        if not pattern.isascii():
            sql, pattern = f"fold({sql})", pattern.casefold()
        self.parameters.append(pattern)
        return f"{sql} LIKE ? ESCAPE '\\'"

    def _in_time(self, sql: str, declared: Field, operator: str, right: Constant) -> str:
        """Every constant is a range of days or one second; comparing with a range never looks at milliseconds."""
        start, end = self._range(declared, right)
        bounds = {
            "=": (f"({sql} >= ? AND {sql} < ?)", [start, end]),
            "!=": (f"NOT coalesce({sql} >= ? AND {sql} < ?, 0)", [start, end]),
            "<": (f"{sql} < ?", [start]),
            "<=": (f"{sql} < ?", [end]),
            ">": (f"{sql} >= ?", [end]),
            ">=": (f"{sql} >= ?", [start]),
        }
        written, values = bounds[operator]
        self.parameters += values
        return written

    def _range(self, declared: Field, right: Constant) -> tuple[str, str]:
        if right.kind == "literal":
            days = day_range(right.value, right.n, self._asked.today, self._asked.fiscal_start)
            if days is None:
                raise pointed("MALFORMED_QUERY", f"unexpected token: '{right.value}'", self._text, right.at)
        elif right.kind == "datetime" and declared.type == "datetime":
            moment = parsed(right.value)
            if moment is None:
                raise self._wrong_type(declared, right)
            second = moment.replace(microsecond=0)
            return text_of(second), text_of(second + timedelta(seconds=1))
        elif right.kind == declared.type == "date":
            days = self._day(declared, right)
        else:
            raise self._wrong_type(declared, right)
        tail = "T00:00:00.000+0000" if declared.type == "datetime" else ""
        return f"{days[0].isoformat()}{tail}", f"{days[1].isoformat()}{tail}"

    def _day(self, declared: Field, right: Constant) -> tuple[date, date]:
        try:
            day = date.fromisoformat(right.value)
        except ValueError:
            raise self._wrong_type(declared, right) from None
        return day, day + timedelta(days=1)

    def _membership(self, membership: Membership) -> str:
        sql, declared = self._operand(membership.left)
        negation = "NOT " if membership.negated else ""
        if membership.query is not None:
            inner, parameters = self._subquery(membership.left, membership.query)
            self.parameters += parameters
            return f"{negation}coalesce({sql} IN ({inner}), 0)"
        self._check_filterable(declared, membership.values[0])
        if declared.type == "datetime" or any(value.kind == "literal" for value in membership.values):
            parts = [self._in_time(sql, declared, "=", value) for value in membership.values]
            return f"{negation}coalesce({' OR '.join(parts)}, 0)"
        values = [self._value(declared, value) for value in membership.values]
        parts = [f"{sql} IS NULL"] if any(value in (None, "") for value in values) else []
        given = [value for value in values if value not in (None, "")]
        folded = any(isinstance(value, str) and not value.isascii() for value in given)
        self.parameters += [value.casefold() for value in given] if folded else given
        marks = ", ".join("?" * len(given))
        parts.append(f"{f'fold({sql})' if folded else sql} IN ({marks})")
        written = " OR ".join(parts)
        return f"NOT coalesce({written}, 0)" if membership.negated else f"({written})"

    def _inclusion(self, inclusion: Inclusion) -> str:
        """Each value is a set, its members parted by semicolons; one of the sets must be there as a whole."""
        sql, declared = self._operand(inclusion.left)
        if declared.type != "multipicklist":
            raise self._wrong_operator(declared, inclusion.values[0])
        sets = []
        for value in inclusion.values:
            members = str(self._value(declared, value) or "").split(";")
            self.parameters += [f"%;{_literally(member)};%" for member in members]
            sets.append(" AND ".join([f"(';' || {sql} || ';') LIKE ? ESCAPE '\\'"] * len(members)))
        written = f"coalesce({' OR '.join(f'({one})' for one in sets)}, 0)"
        return f"NOT {written}" if inclusion.negated else written

    def _value(self, declared: Field, right: Constant) -> Any:
        """The value as it is stored; INVALID_FIELD when its type is not the field's."""
        if right.kind == "null":
            return None
        if declared.type in NUMBERS:
            expected = "number"
        elif declared.type in ("boolean", "date"):
            expected = declared.type
        else:
            expected = "string"
        if right.kind != expected:
            raise self._wrong_type(declared, right)
        if expected != "string":
            return int(right.value) if expected == "boolean" else right.value
        value = unescaped(right.value)
        if value is None:
            raise self._bad_escape(right)
        if declared.type in IDS and value:
            return self._id(value, right)
        return value

    def _id(self, value: str, right: Constant) -> str:
        if (found := long_id(value)) is None:
            raise pointed("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {value}", self._text, right.at)
        return found

    def _check_filterable(self, declared: Field, right: Constant) -> None:
        if not declared.filterable:
            message = f"field '{declared.name}' can not be filtered in a query call"
            raise pointed("INVALID_FIELD", message, self._text, right.at)

    def _wrong_operator(self, declared: Field, right: Constant) -> ApiError:
        kind = "id" if declared.type in IDS else declared.type
        return pointed("INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on {kind} field", self._text, right.at)

    def _bad_escape(self, right: Constant) -> ApiError:
        return pointed("MALFORMED_QUERY", "Invalid string literal: illegal escape", self._text, right.at)

    def _wrong_type(self, declared: Field, right: Constant) -> ApiError:
        quoted = declared.type not in NUMBERS | {"boolean", "date", "datetime"}
        kind = {"datetime": "dateTime", "reference": "string", "id": "string"}.get(declared.type, declared.type)
        kind = "string" if quoted else kind
        message = (
            f"value of filter criterion for field '{declared.name}' must be of type {kind} and "
            f"should {'' if quoted else 'not '}be enclosed in quotes"
        )
        return pointed("INVALID_FIELD", message, self._text, right.at)


def _literally(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
