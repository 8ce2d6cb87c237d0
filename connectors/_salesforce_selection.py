"""How one part of a stream is read from one org: which API fields answer which canonical ones, found from describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connectors._salesforce_derived import Derived
from connectors._salesforce_fields import (
    CURRENCY,
    CUSTOM_TYPES,
    FIELDS,
    OPTIONAL,
    READABLE_AS,
    UNREADABLE_AS_TEXT,
)
from connectors._salesforce_parts import Part
from model.streams import STREAMS, ValueType

Described = Mapping[str, Any]  # one field of a describe answer
OrgCurrency = Callable[[], tuple[str | None, str]]


@dataclass(frozen=True, slots=True)
class Sobject:
    """One described object: its fields by lower-case name, the flags that are on (mergeable, deletable, ...), and the
    (object, field) by which others name its records."""

    name: str
    fields: Mapping[str, Described]
    flags: frozenset[str] = frozenset()
    children: tuple[tuple[str, str], ...] = ()

    def field(self, api_name: str) -> Described | None:
        return self.fields.get(api_name.lower())

    def has(self, api_name: str) -> bool:
        return api_name.lower() in self.fields


@dataclass(frozen=True, slots=True)
class Custom:
    """A mapped field of the org's own. `api_name` is blank where this part's object has no such field."""

    api_name: str
    type: ValueType


@dataclass(frozen=True, slots=True)
class Selection:
    """How one part of a stream is read: `remote` maps canonical fields to API names as Salesforce spells them.

    `version` is the field that holds the record's version; `gaps` says in sentences what is mapped but not readable.
    """

    stream: str
    part: Part
    sobject: Sobject
    remote: Mapping[str, str]
    derived: Mapping[str, Derived]
    custom: Mapping[str, Custom]
    version: str
    readable: frozenset[str]
    currency: str | None  # of all rows where the object has no currency of its own
    gaps: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """API names to select, each once."""
        wanted = ["Id", self.version, "CreatedDate", "IsDeleted", "MasterRecordId", CURRENCY]
        for derived in self.derived.values():
            wanted += [*derived.sources, *derived.extras]
        shown = [name for name in wanted if self.sobject.has(name)]
        own = [custom.api_name for custom in self.custom.values() if custom.api_name]
        return tuple(dict.fromkeys([*shown, *self.remote.values(), *own]))

    def api_name(self, name: str) -> str | None:
        """The API name of a field, canonical or of the org's own; None where it is not readable."""
        own = self.custom.get(name)
        return self.remote.get(name) or (own.api_name if own else "") or None

    def type_of(self, name: str) -> ValueType:
        """The type of a field's values; KeyError for a field that is neither canonical nor mapped."""
        return self.custom[name].type if name in self.custom else STREAMS[self.stream].field(name).type

    @property
    def conditions(self) -> list[str]:
        """What narrows the rows of the part, as far as the org shows the fields it is about."""
        return [text for name, text in self.part.only.items() if self.sobject.has(name)]


def version_field(sobject: Sobject, part: Part) -> str | None:
    """The field that dates a record's last change; None where the object shows none."""
    names = ("SystemModstamp", "LastModifiedDate", part.version)
    return next((name for name in names if name and sobject.has(name)), None)


def selection_of(
    stream: str, part: Part, sobject: Sobject, version: str, mapped: Mapping[str, str], org_currency: OrgCurrency
) -> Selection:
    """The selection of a part; `mapped` is the settings' own mapping of the stream."""
    return _Selecting(stream, part, sobject, mapped).selection(version, org_currency)


class _Selecting:
    """One selection in the making."""

    def __init__(self, stream: str, part: Part, sobject: Sobject, mapped: Mapping[str, str]) -> None:
        self._stream = stream
        self._part = part
        self._sobject = sobject
        self._mapped = mapped
        self._types: dict[str, ValueType] = {field.name: field.type for field in STREAMS[stream].fields}
        self._remote: dict[str, str] = {}
        self._custom: dict[str, Custom] = {}
        self._gaps: list[str] = []

    def selection(self, version: str, org_currency: OrgCurrency) -> Selection:
        part = self._part
        for name, api_name in {**FIELDS[self._stream], **part.names, **self._mapped}.items():
            if name not in part.fixed and name not in part.empty:
                self._add(name, api_name)
        derived = {name: one for name, one in part.derived.items() if self._can_derive(name, one)}
        currency = self._currency(org_currency)
        readable = self._remote.keys() | derived.keys() | part.fixed.keys() | (part.empty & self._types.keys())
        if "currency" in self._types and (currency or self._sobject.has(CURRENCY)):
            readable |= {"currency"}
        return Selection(
            self._stream, part, self._sobject, self._remote, derived, self._custom, version, frozenset(readable),
            currency, tuple(self._gaps),
        )  # fmt: skip

    def _add(self, name: str, api_name: str) -> None:
        described = self._sobject.field(api_name)
        where = f"{self._stream}.{name}: {self._sobject.name}.{api_name}"
        if described is None:
            if f"{self._stream}.{name}" not in OPTIONAL or name in self._mapped:
                self._gaps.append(f"{where} is not readable, so it is unknown")
            return
        kind = str(described.get("type", ""))
        if name in self._types:
            if _fits(self._types[name], kind):
                self._remote[name] = described["name"]
            else:
                self._gaps.append(f"{where} is of type {kind}, not {self._types[name]}, so it was not read")
        elif kind in UNREADABLE_AS_TEXT:
            self._gaps.append(f"{where} is of type {kind}, which holds no single value, so it was not read")
        else:
            self._custom[name] = Custom(described["name"], CUSTOM_TYPES.get(kind, "text"))

    def _can_derive(self, name: str, derived: Derived) -> bool:
        """Whether the org shows what a derived field is made of; the settings' own mapping goes before it."""
        if name in self._mapped:
            return False
        hidden = [api_name for api_name in derived.sources if not self._sobject.has(api_name)]
        if hidden:
            where = f"{self._stream}.{name}: {self._sobject.name}.{hidden[0]}"
            self._gaps.append(f"{where} is not readable, so it is unknown")
        return not hidden

    def _currency(self, org_currency: OrgCurrency) -> str | None:
        """The currency of all rows, where they carry none of their own; amounts in no known currency are unknown."""
        amounts = [name for name in self._remote if self._types[name] == "money"]
        amounts += [name for name, custom in self._custom.items() if custom.type == "money"]
        if self._sobject.has(CURRENCY) or not (amounts or "currency" in self._types):
            return None
        currency, doubt = org_currency()
        if doubt and amounts:
            self._gaps.append(f"{self._stream}: {doubt}")
        if currency is None:
            for name in amounts:
                self._remote.pop(name, None)
                self._custom.pop(name, None)
        return currency


def _fits(wanted: ValueType, kind: str) -> bool:
    return kind not in UNREADABLE_AS_TEXT if wanted == "text" else kind in READABLE_AS[wanted]


def aligned(selections: list[Selection]) -> list[Selection]:
    """The selections of all parts of a stream with only the fields that every part can answer.

    Of the custom fields each part answers all: as blanks where its object has no field of that name and type.
    """
    if not selections:
        return []
    readable = frozenset.intersection(*(selection.readable for selection in selections))
    types: dict[str, ValueType] = {}
    for selection in selections:
        for name, custom in selection.custom.items():
            types.setdefault(name, custom.type)
    return [
        replace(
            selection,
            remote={name: api_name for name, api_name in selection.remote.items() if name in readable},
            derived={name: derived for name, derived in selection.derived.items() if name in readable},
            custom={name: _custom(selection, name, kind) for name, kind in types.items()},
            readable=readable,
        )
        for selection in selections
    ]


def _custom(selection: Selection, name: str, kind: ValueType) -> Custom:
    own = selection.custom.get(name)
    return own if own is not None and own.type == kind else Custom("", kind)
