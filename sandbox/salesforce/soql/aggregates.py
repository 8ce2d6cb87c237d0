"""SOQL's functions in SQL, and the type of what they give."""

from __future__ import annotations

from dataclasses import replace

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import NUMBERS, Field, date, double, number
from sandbox.salesforce.soql.plan import Asked
from sandbox.salesforce.soql.scope import Column
from sandbox.salesforce.soql.tree import AGGREGATES, DATE_PARTS, Call

_PARTS = {
    "YEAR": "CAST(substr({0}, 1, 4) AS INTEGER)",
    "QUARTER": "(CAST(substr({0}, 6, 2) AS INTEGER) + 2) / 3",
    "MONTH": "CAST(substr({0}, 6, 2) AS INTEGER)",
    "DAY_IN_MONTH": "CAST(substr({0}, 9, 2) AS INTEGER)",
    "DAY_IN_WEEK": "CAST(strftime('%w', substr({0}, 1, 10)) AS INTEGER) + 1",
    "DAY_IN_YEAR": "CAST(strftime('%j', substr({0}, 1, 10)) AS INTEGER)",
    "HOUR_IN_DAY": "CAST(substr({0}, 12, 2) AS INTEGER)",
    "DAY_ONLY": "substr({0}, 1, 10)",
    "WEEK_IN_MONTH": "(CAST(substr({0}, 9, 2) AS INTEGER) + 6) / 7",
    "WEEK_IN_YEAR": "(CAST(strftime('%j', substr({0}, 1, 10)) AS INTEGER) + 6) / 7",
}


def call_sql(call: Call, column: Column | None, asked: Asked) -> str:
    """The SQL of a function; a refusal when it does not fit the field's type."""
    if column is None:
        return "COUNT(*)"
    if call.name not in AGGREGATES:
        return _part_sql(call, column, asked)
    if call.name in ("SUM", "AVG") and column.field.type not in NUMBERS:
        raise _unfit(call, column)
    if call.name in ("MIN", "MAX") and column.field.type in ("boolean", "id", "reference", "address"):
        raise _unfit(call, column)
    if not column.field.aggregatable:
        raise _unfit(call, column)
    if call.name == "COUNT_DISTINCT":
        return f"COUNT(DISTINCT {column.sql})"
    return f"{call.name}({column.sql})"


def _part_sql(call: Call, column: Column, asked: Asked) -> str:
    """A part of a date; the fiscal year is named after the calendar year in which it ends."""
    if column.field.type not in ("date", "datetime") or call.name not in DATE_PARTS:
        raise _unfit(call, column)
    name = call.name.removeprefix("CALENDAR_").removeprefix("FISCAL_")
    late = asked.fiscal_start - 1 if call.name.startswith("FISCAL_") else 0
    if not late:
        return _PARTS[name].format(column.sql)
    shifted = f"date(substr({column.sql}, 1, 10), 'start of month', '-{late} months')"
    return f"{_PARTS[name].format(shifted)}{' + 1' if name == 'YEAR' else ''}"


def call_field(call: Call, column: Column | None) -> Field:
    """A field of the type the function gives, for comparing and sorting."""
    if call.name in ("COUNT", "COUNT_DISTINCT") or column is None:
        return number(call.name)
    if call.name == "DAY_ONLY":
        return date(call.name)
    if call.name not in AGGREGATES:
        return number(call.name)
    if call.name == "AVG":
        return double(call.name)
    return replace(column.field, nillable=True)


def _unfit(call: Call, column: Column) -> ApiError:
    return ApiError("MALFORMED_QUERY", f"field {column.field.name} does not support aggregate operator {call.name}")
