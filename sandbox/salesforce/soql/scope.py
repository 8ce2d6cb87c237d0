"""Names to columns: the tables a query reaches through relationships, joined as they are first needed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.soql.tokens import pointed
from sandbox.salesforce.soql.tree import Path

MAX_DEPTH = 5
# What can be seen of a record through a relationship that leads to several kinds of them.
_NAME_FIELDS = frozenset(
    {
        "id", "name", "firstname", "lastname", "type", "alias", "userroleid", "recordtypeid", "isactive", "profileid",
        "title", "email", "phone", "username", "lastvieweddate", "lastreferenceddate",
    }
)  # fmt: skip
_NAME_RELATIONSHIPS = frozenset({"userrole", "recordtype", "profile"})


@dataclass(frozen=True, slots=True)
class Table:
    """One joined table under its SQL alias."""

    sobject: SObject
    alias: str

    def column(self, name: str) -> str:
        return f'{self.alias}."{name}"'

    def value(self, declared: Field) -> str:
        """What reads a field: its column, or the SQL that looks it up elsewhere."""
        return declared.read.format(self.alias) or self.column(declared.name)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a relationship leads: one table, or one for each kind of record it may point to."""

    tables: tuple[Table, ...]

    @property
    def polymorphic(self) -> bool:
        return len(self.tables) > 1

    @property
    def type_name(self) -> str:
        return "Name" if self.polymorphic else self.tables[0].sobject.name

    def identity_sql(self) -> str:
        return _first_of([table.column("Id") for table in self.tables])

    def kind_sql(self) -> str:
        """The name of the sObject a row of this place really is."""
        return self._cases([f"'{table.sobject.name}'" for table in self.tables])

    def type_sql(self) -> str:
        """What the field Type of a polymorphic relationship shows: a group tells which kind of group it is."""
        kinds = (t.column("Type") if t.sobject.name == "Group" else f"'{t.sobject.name}'" for t in self.tables)
        return f"({self._cases(list(kinds))} COLLATE NOCASE)"

    def _cases(self, values: list[str]) -> str:
        pairs = zip(self.tables, values, strict=True)
        cases = " ".join(f"WHEN {table.column('Id')} IS NOT NULL THEN {value}" for table, value in pairs)
        return f"CASE {cases} END"


@dataclass(frozen=True, slots=True)
class Column:
    """A field in its place, with the SQL that reads it."""

    field: Field
    sql: str
    place: Place


@dataclass(slots=True)
class Scope:
    """The names of one SELECT; `numbers` is shared with the queries within it, so aliases never meet."""

    schema: Schema
    text: str
    root: Table
    alias: str = ""
    related: tuple[tuple[str, Path], ...] = ()
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _places: dict[tuple[str, ...], Place] = field(default_factory=dict)
    _joins: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._places[()] = Place((self.root,))

    @property
    def source(self) -> str:
        """The FROM clause; complete when all names of the query are resolved."""
        return " ".join([f'"{self.root.sobject.name}" {self.root.alias}', *self._joins])

    def column(self, path: Path) -> Column:
        """The column of a field path; INVALID_FIELD when any step does not exist or is hidden."""
        steps = self.steps(path)
        place = self.place(steps[:-1], path)
        return self._last(place, steps[-1], path)

    def steps(self, path: Path) -> tuple[str, ...]:
        """The path from the root, without aliases and the query's own object name."""
        first = path.names[0].lower()
        for alias, to in self.related:
            if alias.lower() == first and len(path.names) > 1:
                return (*self.steps(to), *path.names[1:])
        own = (self.alias.lower(), self.root.sobject.name.lower())
        related = self._reference(self.root.sobject, first)
        if len(path.names) > 1 and first in own and (related is None or first == own[0]):
            return path.names[1:]
        return path.names

    def place(self, steps: tuple[str, ...], path: Path) -> Place:
        """Where these relationships lead from the root."""
        key = tuple(step.lower() for step in steps)
        if key in self._places:
            return self._places[key]
        if len(steps) > MAX_DEPTH:
            raise self._refusal(f"Relationship paths have at most {MAX_DEPTH} steps.", path)
        parent = self.place(steps[:-1], path)
        self._places[key] = self._join(parent, steps[-1], path)
        return self._places[key]

    def _reference(self, declared: SObject, relationship: str) -> Field | None:
        for candidate in self.schema.visible(declared):
            if candidate.relationship.lower() == relationship.lower() and candidate.relationship:
                return candidate
        return None

    def _join(self, parent: Place, relationship: str, path: Path) -> Place:
        hidden = parent.polymorphic and relationship.lower() not in _NAME_RELATIONSHIPS
        tables = () if hidden else parent.tables
        holders = [(t, f) for t in tables if (f := self._reference(t.sobject, relationship))]
        if not holders:
            raise self._refusal(
                f"Didn't understand relationship '{relationship}' in field path. If you are attempting to use a custom "
                "relationship, be sure to append the '__r' after the custom relationship name. Please reference your "
                "WSDL or the describe call for the appropriate names.",
                path,
            )
        names = dict.fromkeys(name for _, reference in holders for name in reference.refers_to)
        targets = [target for name in names if (target := self.schema.find(name))]
        if not targets:
            raise self._refusal(f"The relationship '{relationship}' leads to an object that cannot be queried.", path)
        link = _first_of([holder.value(reference) for holder, reference in holders])
        return Place(tuple(self._joined(target, link) for target in targets))

    def narrowed(self, place: Place, sobject: str) -> Place | None:
        """The place if its record is of this kind: TYPEOF sees all fields of it."""
        tables = tuple(table for table in place.tables if table.sobject.name.lower() == sobject.lower())
        return Place(tables) if tables else None

    def column_at(self, place: Place, path: Path) -> Column:
        """A field by its last name, in a place that has been found."""
        return self._last(place, path.names[-1], path)

    def _joined(self, target: SObject, link: str) -> Table:
        table = Table(target, f"t{next(self.numbers)}")
        self._joins.append(f'LEFT JOIN "{target.name}" {table.alias} ON {table.column("Id")} = {link}')
        return table

    def _last(self, place: Place, name: str, path: Path) -> Column:
        if place.polymorphic and name.lower() == "type":
            return Column(Field("Type", "picklist", length=40), place.type_sql(), place)
        tables = () if place.polymorphic and name.lower() not in _NAME_FIELDS else place.tables
        found = [(t, f) for t in tables if (f := self.schema.field(t.sobject, name))]
        if not found:
            raise self._refusal(
                f"No such column '{name}' on entity '{place.type_name}'. If you are attempting to use a custom field, "
                "be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe "
                "call for the appropriate names.",
                path,
            )
        sql = _first_of([t.value(f) for t, f in found if f.type != "address"])
        if len(found) > 1 and "NOCASE" in found[0][1].column:
            sql = f"({sql}) COLLATE NOCASE"
        return Column(found[0][1], sql, place)

    def _refusal(self, message: str, path: Path) -> ApiError:
        return pointed("INVALID_FIELD", message, self.text, path.at)


def _first_of(columns: list[str]) -> str:
    return columns[0] if len(columns) == 1 else f"coalesce({', '.join(columns)})" if columns else "NULL"
