"""What ?columns=true tells of a query in place of its rows: the columns a client should show."""

from __future__ import annotations

from typing import Any

from sandbox.salesforce.fields import NUMBERS, Field
from sandbox.salesforce.soql.plan import Plan
from sandbox.salesforce.soql.shape import Record
from sandbox.salesforce.soql.tree import Call, Path, Shown, bare


def columns(plan: Plan) -> dict[str, Any]:
    """The columns in the order of the query; those of a parent or of child records are joined to one."""
    found = _aggregated(plan) if plan.record is None else _of(plan, plan.record)
    return {
        "columnMetadata": found,
        "entityName": plan.sobject.name,
        "groupBy": bool(plan.query.group_by),
        "idSelected": any(one["columnName"] == "Id" for one in found),
        "keyPrefix": plan.sobject.prefix,
    }


def _of(plan: Plan, record: Record) -> list[dict[str, Any]]:
    """Of a record or, within it, of a parent."""
    children = {child.key: child.plan for child in plan.children} if record is plan.record else {}
    told = []
    for name, part in record.entries.items():
        if isinstance(part, Record):
            told.append(_column(name, joined=_of(plan, part)))
        elif name not in children:
            told.append(_column(name, plan.fields.get(part) if isinstance(part, int) else None))
    for name, child in children.items():
        joined = _of(child, child.record) if child.record else []
        told.append(_column(name, aggregate=True, joined=joined))
    return told


def _aggregated(plan: Plan) -> list[dict[str, Any]]:
    told = []
    for index, (name, selected) in enumerate(zip(plan.keys, plan.query.selected, strict=False)):
        what = selected.what
        inner = bare(what) if isinstance(what, Path | Call | Shown) else None
        if isinstance(inner, Call):
            shown = f"{inner.name.lower()}({inner.argument.text if inner.argument else ''})"
            told.append(_column(name, aggregate=True, shown=shown))
        else:
            told.append(_column(name, plan.fields.get(index)))
    return told


def _column(
    name: str,
    field: Field | None = None,
    *,
    aggregate: bool = False,
    shown: str = "",
    joined: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    kind = field.type if field else ""
    return {
        "aggregate": aggregate,
        "apexType": None if joined else kind or None,
        "booleanType": kind == "boolean",
        "columnName": name,
        "custom": name.endswith("__c"),
        "displayName": shown or name,
        "foreignKeyName": None,
        "insertable": bool(field and field.createable),
        "joinColumns": joined or [],
        "numberType": kind in NUMBERS,
        "textType": kind in ("string", "textarea"),
        "updatable": bool(field and field.updateable),
    }
