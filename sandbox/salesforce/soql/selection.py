"""What a query of records selects: its columns, and how a row of them becomes a record."""

from __future__ import annotations

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.soql.operands import Operands
from sandbox.salesforce.soql.plan import Plan
from sandbox.salesforce.soql.scope import Column, Place, Scope
from sandbox.salesforce.soql.shape import Address, Record, Variants
from sandbox.salesforce.soql.tokens import pointed
from sandbox.salesforce.soql.tree import (
    Condition,
    FieldGroup,
    Membership,
    Operand,
    Path,
    Selected,
    Shown,
    TypeOf,
    bare,
)  # fmt: skip

MAX_UNBOUNDED = 200  # rows of a query for FIELDS(ALL) or FIELDS(CUSTOM)


class Selection:
    """Fills the columns and the record of one plan; child queries are not its business."""

    def __init__(self, plan: Plan, scope: Scope, operands: Operands) -> None:
        self._plan = plan
        self._scope = scope
        self._operands = operands
        self._root = Record(scope.root.sobject.name, plan.add(scope.root.column("Id")))
        plan.record = self._root

    @property
    def _schema(self) -> Schema:
        return self._scope.schema

    def add(self, selected: Selected) -> None:
        what = selected.what
        if isinstance(what, FieldGroup):
            self._add_group(what)
        elif isinstance(what, TypeOf):
            self._add_type_of(what)
        elif isinstance(what, Path | Shown) and isinstance(bare(what), Path):
            self._add_field(what, selected.alias)
        elif not isinstance(what, Path | Shown):
            name = getattr(what, "name", "(")
            raise self._refusal("MALFORMED_QUERY", f"unexpected token: '{name}'", what.at)

    def _add_field(self, what: Operand, alias: str) -> None:
        path = bare(what)
        assert isinstance(path, Path)
        if alias and isinstance(what, Path):
            raise self._refusal("MALFORMED_QUERY", "only aggregate expressions use field aliasing", path.at)
        column = self._scope.column(path)
        record = self._root if alias else self._parent(path)
        key = alias or column.field.name
        if key in record.entries:
            raise self._refusal("INVALID_FIELD", f"duplicate field selected: {path.text}", path.at)
        if isinstance(what, Path):
            record.entries[key] = self._value(column)
        else:
            sql, declared = self._operands.typed(what)
            record.entries[key] = self._plan.add_field(sql, declared, formatted=what.name == "FORMAT")

    def _parent(self, path: Path) -> Record:
        """The record within records that the field belongs to."""
        steps = self._scope.steps(path)
        record = self._root
        for depth in range(1, len(steps)):
            place = self._scope.place(steps[:depth], path)
            record = self._nested(record, self._relationship(steps, depth, path), place)
        return record

    def _relationship(self, steps: tuple[str, ...], depth: int, path: Path) -> str:
        """The relationship as it is declared, whatever its case in the query."""
        for table in self._scope.place(steps[: depth - 1], path).tables:
            for declared in table.sobject.fields.values():
                if declared.relationship.lower() == steps[depth - 1].lower():
                    return declared.relationship
        return steps[depth - 1]

    def _nested(self, parent: Record, name: str, place: Place) -> Record:
        found = parent.entries.get(name)
        if isinstance(found, Record):
            return found
        kind = self._plan.add(place.kind_sql()) if place.polymorphic else None
        nested = Record(place.type_name, self._plan.add(place.identity_sql()), kind)
        parent.entries[name] = nested
        return nested

    def _value(self, column: Column) -> int | Address:
        if column.field.type != "address":
            return self._plan.add_field(column.sql, column.field)
        table = column.place.tables[0]
        seen = [(key, f) for key, name in column.field.parts if (f := self._schema.field(table.sobject, name))]
        return Address(tuple((key, self._plan.add(table.value(f))) for key, f in seen))

    def _add_group(self, group: FieldGroup) -> None:
        if group.group != "STANDARD" and not self._is_bounded():
            message = f"The SOQL FIELDS function must have a LIMIT of at most {MAX_UNBOUNDED}"
            raise ApiError("MALFORMED_QUERY", message)
        chosen = self._group_fields(self._scope.root.sobject, group.group)
        for declared in chosen:
            self._add_field(Path((declared.name,), group.at), "")

    def _group_fields(self, sobject: SObject, group: str) -> list[Field]:
        return [f for f in self._schema.visible(sobject) if group == "ALL" or f.custom == (group == "CUSTOM")]

    def _is_bounded(self) -> bool:
        query = self._plan.query
        if query.limit is not None and query.limit <= MAX_UNBOUNDED:
            return True
        return isinstance(query.where, Membership) and _lists_ids(query.where)

    def _add_type_of(self, asked: TypeOf) -> None:
        """Records of different kinds under one relationship, each with the fields asked for its kind."""
        path = Path((*asked.relationship.names, "Id"), asked.relationship.at)
        steps = self._scope.steps(path)[:-1]
        place = self._scope.place(steps, path)
        if len(steps) != 1 or not place.polymorphic:
            message = f"TYPEOF needs a polymorphic relationship, which {asked.relationship.text} is not"
            raise self._refusal("MALFORMED_QUERY", message, path.at)
        name = self._relationship(steps, 1, path)
        if name in self._root.entries:
            raise self._refusal("INVALID_FIELD", f"duplicate field selected: {name}", path.at)
        records = {}
        for kind, paths in asked.branches:
            narrowed = self._scope.narrowed(place, kind.text)
            if narrowed is None:
                raise self._refusal("INVALID_TYPE", f"sObject type '{kind.text}' is not supported here.", kind.at)
            records[narrowed.type_name] = self._branch(narrowed, paths)
        other = self._branch(place, asked.otherwise) if asked.otherwise else None
        self._root.entries[name] = Variants(self._plan.add(place.kind_sql()), records, other)

    def _branch(self, place: Place, paths: tuple[Path, ...]) -> Record:
        kind = self._plan.add(place.kind_sql()) if place.polymorphic else None
        record = Record(place.type_name, self._plan.add(place.identity_sql()), kind)
        for path in paths:
            column = self._scope.column_at(place, path)
            record.entries[column.field.name] = self._value(column)
        return record

    def _refusal(self, code: str, message: str, at: int) -> ApiError:
        return pointed(code, message, self._scope.text, at)


def _lists_ids(condition: Condition) -> bool:
    """Whether the condition names at most 200 records by their ids."""
    if not isinstance(condition, Membership) or condition.negated or condition.query is not None:
        return False
    left = bare(condition.left)
    return isinstance(left, Path) and left.names[-1].lower() == "id" and len(condition.values) <= MAX_UNBOUNDED
