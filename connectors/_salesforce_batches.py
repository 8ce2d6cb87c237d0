"""From the columns of an answer, JSON or CSV, to a batch of canonical ones; from canonical values to what is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from connectors._salesforce_derived import Derived
from connectors._salesforce_fields import CURRENCY
from connectors._salesforce_rows import remote_value
from connectors._salesforce_selection import Selection
from model.batch import Batch, CustomColumn
from model.streams import STREAMS, Value, ValueType

Column = list[Value]


class Cells(Protocol):
    """The rows of one answer, column by column, converted as they are asked for.

    ValueError, TypeError or KeyError when a cell is not of the asked kind.
    """

    def __len__(self) -> int: ...

    def values(self, api_name: str, kind: ValueType) -> Column:
        """Values of any type but money."""

    def ids(self, api_name: str) -> Column:
        """Record ids in their long form."""

    def fractions(self, api_name: str) -> Column:
        """Percentages as shares from 0 to 1."""

    def amounts(self, api_name: str, currencies: Sequence[str | None]) -> Column:
        """Minor units of each row's currency."""


def batch_of(connection: str, selection: Selection, cells: Cells) -> Batch:
    """The columns of a page. ValueError, TypeError or KeyError when a cell is not of its described type."""
    sobject = selection.sobject
    columns: dict[str, Column] = {"id": cells.ids("Id"), "changed_at": cells.values(selection.version, "time")}
    if None in columns["id"] or None in columns["changed_at"]:
        raise ValueError("a record without id or version")
    if sobject.has("CreatedDate"):
        columns["created_at"] = cells.values("CreatedDate", "time")
    if sobject.has("IsDeleted"):
        columns["is_deleted"] = [bool(cell) for cell in cells.values("IsDeleted", "bool")]
    if sobject.has("MasterRecordId"):
        columns["merged_into"] = cells.ids("MasterRecordId")
    currencies: Sequence[str | None] = [selection.currency] * len(cells)
    if sobject.has(CURRENCY):
        currencies = [cell if isinstance(cell, str) else None for cell in cells.values(CURRENCY, "text")]
    columns |= _own_columns(selection, cells, currencies)
    return Batch(
        connection, selection.stream, columns, selection.readable, _custom_columns(selection, cells, currencies)
    )


def _own_columns(selection: Selection, cells: Cells, currencies: Sequence[str | None]) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for canonical, api_name in selection.remote.items():
        field = STREAMS[selection.stream].field(canonical)
        if field.kind == "reference":
            columns[canonical] = cells.ids(api_name)
        else:
            columns[canonical] = _column(selection, cells, api_name, field.type, currencies)
    for canonical, derived in selection.derived.items():
        columns[canonical] = _derived(selection, cells, derived)
    if "currency" in selection.readable:
        columns["currency"] = list(currencies)
    for canonical in selection.readable - columns.keys():
        columns[canonical] = [selection.part.fixed.get(canonical)] * len(cells)
    return columns


def _column(
    selection: Selection, cells: Cells, api_name: str, kind: ValueType, currencies: Sequence[str | None]
) -> Column:
    if kind == "money":
        return cells.amounts(api_name, currencies)
    if (selection.sobject.field(api_name) or {}).get("type") == "percent":
        # Salesforce counts a percentage from 0 to 100, the canonical streams from 0 to 1.
        return cells.fractions(api_name)
    return cells.values(api_name, kind)


def _derived(selection: Selection, cells: Cells, derived: Derived) -> Column:
    def read(api_name: str, kind: ValueType) -> Column:
        if not selection.sobject.has(api_name):
            return [None] * len(cells)
        return cells.ids(api_name) if api_name.endswith("Id") else cells.values(api_name, kind)

    asked = {**derived.sources, **derived.extras}
    return derived.make(*(read(api_name, kind) for api_name, kind in asked.items()))


def _custom_columns(selection: Selection, cells: Cells, currencies: Sequence[str | None]) -> dict[str, CustomColumn]:
    columns = {}
    for name, custom in selection.custom.items():
        if custom.api_name:
            values = _column(selection, cells, custom.api_name, custom.type, currencies)
        else:
            values = [None] * len(cells)
        columns[name] = CustomColumn(custom.type, values)
    return columns


def remote_values(selection: Selection, values: Mapping[str, Value], currency: str | None) -> dict[str, Any]:
    """Values by field as JSON values by API name; ValueError for one that cannot be written, or not exactly."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name == "currency" and selection.sobject.has(CURRENCY):
            found[CURRENCY] = value
        elif (api_name := selection.api_name(name)) is not None:
            found[api_name] = remote_value(selection.type_of(name), value, currency)
        else:
            raise ValueError(f"{selection.stream}.{name} is not mapped to a field that this user can read")
    return found
