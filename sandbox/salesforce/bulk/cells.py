"""Columns and cells of an upload to the values the platform writes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import NUMBERS, Field, SObject
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.times import parsed, parsed_date

NULL = "#N/A"
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Column:
    """Where a column's cells go: to a field, or to a lookup through a key of the record it leads to."""

    field: Field
    key: Field | None = None
    target: str = ""  # the sObject of that record

    def value(self, cell: str) -> tuple[str, Any]:
        """Name and value as JSON would have them."""
        if cell == NULL:
            return self.field.name, None
        if self.key is None:
            return self.field.name, typed(self.field, cell)
        return self.field.relationship, {"attributes": {"type": self.target}, self.key.name: typed(self.key, cell)}


def column(schema: Schema, declared: SObject, name: str) -> Column | None:
    """The column of a header's name, None when nothing of the object that the user sees is called so.

    `Account.Ext__c` is a lookup by a key of the account; where the lookup may lead to several kinds of record the
    name says which: `Lead:Who.Email`.
    """
    path, dot, key = name.partition(".")
    if not dot:
        found = schema.field(declared, name)
        return Column(found) if found is not None and found.stored else None
    kind, colon, relationship = path.rpartition(":")
    for candidate in schema.visible(declared):
        if candidate.relationship and candidate.relationship.lower() == relationship.lower():
            return _lookup(schema, candidate, kind if colon else None, key)
    return None


def _lookup(schema: Schema, reference: Field, kind: str | None, key: str) -> Column | None:
    if (kind is None) != (len(reference.refers_to) == 1):
        return None
    target = schema.find(kind or reference.refers_to[0])
    if target is None or target.name not in reference.refers_to:
        return None
    found = schema.field(target, key)
    if found is None or not (found.external_id or found.id_lookup):
        return None
    return Column(reference, found, target.name)


def values(columns: Sequence[Column], cells: Sequence[str]) -> dict[str, Any]:
    """What a row sets: an empty cell sets nothing, #N/A clears."""
    return dict(one.value(cell) for one, cell in zip(columns, cells, strict=True) if cell != "")


def typed(declared: Field, cell: str) -> Any:
    """The value that a cell's text stands for in a field of that type."""
    read = _READERS.get(declared.type) or (_number if declared.type in NUMBERS else None)
    value = read(cell) if read else cell
    if value is None:
        message = f"{declared.label}: value not of required type: {cell}"
        raise ApiError("INVALID_TYPE_ON_FIELD_IN_RECORD", message, [declared.name])
    return value


def _number(cell: str) -> float | None:
    return float(cell) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", cell) else None


def _date(cell: str) -> str | None:
    day = parsed_date(cell.removesuffix("Z"))
    return day.isoformat() if day else None


def _moment(cell: str) -> str | None:
    day = parsed_date(cell) if len(cell) == 10 else None
    return f"{day.isoformat()}T00:00:00.000Z" if day else cell if parsed(cell) else None


_READERS: dict[str, Callable[[str], Any]] = {
    "boolean": lambda cell: _FLAGS.get(cell.lower()),
    "date": _date,
    "datetime": _moment,
}
