"""Fields and functions of one SELECT to SQL, with the field whose type they have."""

from __future__ import annotations

from dataclasses import replace

from sandbox.salesforce.fields import Field
from sandbox.salesforce.soql.aggregates import call_field, call_sql
from sandbox.salesforce.soql.plan import Asked
from sandbox.salesforce.soql.scope import Column, Scope
from sandbox.salesforce.soql.tree import AGGREGATES, Call, Operand, Path, Shown


class Operands:
    """Reads operands in one scope."""

    def __init__(self, scope: Scope, asked: Asked) -> None:
        self._scope = scope
        self._asked = asked

    def typed(self, what: Operand) -> tuple[str, Field]:
        if isinstance(what, Shown):
            if what.name == "CONVERTCURRENCY" and isinstance(what.what, Path):
                column = self._scope.column(what.what)
                return self._converted(column), column.field
            return self.typed(what.what)
        if isinstance(what, Path):
            column = self._scope.column(what)
            return column.sql, column.field
        return self._call(what)

    def _call(self, call: Call) -> tuple[str, Field]:
        column = self._scope.column(call.argument) if call.argument else None
        if column is not None and call.name in AGGREGATES and column.field.type == "currency":
            column = replace(column, sql=self._converted(column))
        return call_sql(call, column, self._asked), call_field(call, column)

    def _converted(self, column: Column) -> str:
        """An amount in the org's own currency, which is the API user's too."""
        table = column.place.tables[0]
        if not self._asked.multi_currency or not table.sobject.has("CurrencyIsoCode"):
            return column.sql
        rate = f"(SELECT r.ConversionRate FROM CurrencyType r WHERE r.IsoCode = {table.column('CurrencyIsoCode')})"
        return f"({column.sql} / {rate})"
