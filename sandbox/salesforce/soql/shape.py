"""Rows of a query to its JSON records: which column goes under which key, through nested parents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = Sequence[Any]
TRUE, FALSE = b"\1", b"\0"  # among values of other types


@dataclass(frozen=True, slots=True)
class Address:
    """A compound address: (key, column) of its parts; null when no part has a value."""

    parts: tuple[tuple[str, int], ...]

    def build(self, row: Row) -> dict[str, Any] | None:
        built = {key: row[index] for key, index in self.parts}
        return built if any(value is not None for value in built.values()) else None


@dataclass(frozen=True, slots=True)
class Children:
    """The place of a child query's records; they are put in when the page is complete."""

    number: int


@dataclass(slots=True)
class Record:
    """A record or a parent within one: `kind` and `identity` are the columns of its sObject name and Id."""

    type_name: str
    identity: int
    kind: int | None = None
    entries: dict[str, Part] = field(default_factory=dict)

    def builder(self, base: str) -> Callable[[Row], dict[str, Any] | None]:
        """A function from row to JSON; `base` is the path before the sObject's name in a URL."""
        flat = {key: what for key, what in self.entries.items() if isinstance(what, int)}
        if len(flat) == len(self.entries) and self.kind is None:
            return self._flat_builder(base, tuple(flat), tuple(flat.values()))
        parts = [(key, self._part(what, base)) for key, what in self.entries.items()]

        def build(row: Row) -> dict[str, Any] | None:
            if row[self.identity] is None:
                return None
            kind = self.type_name if self.kind is None else row[self.kind]
            attributes = {"type": self.type_name, "url": f"{base}/{kind}/{row[self.identity]}"}
            return {"attributes": attributes, **{key: part(row) for key, part in parts}}

        return build

    def _flat_builder(
        self, base: str, keys: tuple[str, ...], indexes: tuple[int, ...]
    ) -> Callable[[Row], dict[str, Any] | None]:
        prefix, identity, type_name = f"{base}/{self.type_name}/", self.identity, self.type_name

        def build(row: Row) -> dict[str, Any] | None:
            if row[identity] is None:
                return None
            built: dict[str, Any] = {"attributes": {"type": type_name, "url": f"{prefix}{row[identity]}"}}
            for key, index in zip(keys, indexes, strict=True):
                built[key] = row[index]
            return built

        return build

    def _part(self, what: Part, base: str) -> Callable[[Row], Any]:
        if isinstance(what, int):
            return lambda row: row[what]
        if isinstance(what, Address):
            return what.build
        if isinstance(what, Children):
            return lambda row: None
        return what.builder(base)


@dataclass(slots=True)
class Variants:
    """A record whose fields depend on its kind; `kind` is the column of its sObject name."""

    kind: int
    records: dict[str, Record]
    otherwise: Record | None

    def builder(self, base: str) -> Callable[[Row], dict[str, Any] | None]:
        builders = {name: record.builder(base) for name, record in self.records.items()}
        other = self.otherwise.builder(base) if self.otherwise else None

        def build(row: Row) -> dict[str, Any] | None:
            chosen = builders.get(row[self.kind], other)
            return chosen(row) if chosen else None

        return build


Part = int | Address | Children | Record | Variants
