"""Which HubSpot property holds which canonical field of a stream, and which of them a portal lets us read."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from connectors._hubspot_layouts import Layout
from connectors._hubspot_values import Convert, converter, property_text, whole_of
from model.currency import to_minor
from model.errors import ConfigError
from model.remote import Option
from model.streams import STREAMS, SYSTEM_FIELDS, Value, ValueType

# A property of ours: the id of the company into which one was merged that HubSpot would not merge.
SOFT_MARK = "trueline_merged_into"
# Properties of other sensitivities need scopes and a parameter of their own.
PLAIN_SENSITIVITY = (None, "", "non_sensitive")
# What a property of each type holds where a mapping makes it a field of its own; all others hold text.
OWN_TYPES: Mapping[str, ValueType] = {"number": "real", "bool": "bool", "date": "date", "datetime": "time"}


@dataclass(frozen=True, slots=True)
class Property:
    """What HubSpot says of one property."""

    name: str
    type: str
    is_read_only: bool = False
    is_sensitive: bool = False
    options: frozenset[str] | None = None  # None: any value
    label: str = ""
    field_type: str = ""
    choices: tuple[Option, ...] = ()
    is_custom: bool = False

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Property:
        """From one entry of the properties answer; KeyError or TypeError when it is none."""
        rules = raw.get("modificationMetadata") or {}
        options = raw.get("options") or ()
        is_open = raw["type"] != "enumeration" or bool(raw.get("externalOptions")) or not options
        return cls(
            name=str(raw["name"]),
            type=str(raw["type"]),
            is_read_only=bool(rules.get("readOnlyValue")) or bool(raw.get("calculated")),
            is_sensitive=raw.get("dataSensitivity") not in PLAIN_SENSITIVITY,
            options=None if is_open else frozenset(str(option["value"]) for option in options),
            label=str(raw.get("label") or raw["name"]),
            field_type=str(raw.get("fieldType") or ""),
            choices=tuple(
                Option(str(one["value"]), str(one.get("label") or one["value"]), not one.get("hidden"))
                for one in options
            ),
            is_custom=raw.get("hubspotDefined") is not True,
        )


@dataclass(frozen=True, slots=True)
class Portal:
    """What of the account every value depends on: its time zone and its currency (None: it would not say)."""

    zone: tzinfo
    currency: str | None


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one kind of object in one portal that can be read, each with its property. `types` has all of
    them; those that are no fields of the stream are the mapping's own."""

    layout: Layout
    portal: Portal
    properties: Mapping[str, Property]  # field -> property
    types: Mapping[str, ValueType]
    gaps: tuple[str, ...]
    object_properties: Mapping[str, Property]  # by name, all that the portal shows

    @property
    def readable(self) -> frozenset[str]:
        """Canonical fields whose None is a blank."""
        told = {*self.properties, *self.layout.fixed, *self.layout.empty, *self.layout.links}
        if self.layout.span and set(self.layout.span) <= self.object_properties.keys():
            told.add("duration_s")
        if self._tells_currency():
            told.add("currency")
        return frozenset(told & set(STREAMS[self.layout.stream].field_names))

    @property
    def custom(self) -> tuple[str, ...]:
        """The mapping's own fields."""
        return tuple(name for name in self.properties if name not in STREAMS[self.layout.stream].field_names)

    @property
    def asked(self) -> tuple[str, ...]:
        """Property names to ask for, our own bookkeeping ones included, in a stable order."""
        own = {prop.name for prop in self.properties.values()}
        kept = {"hs_merged_object_ids", SOFT_MARK, *(self.layout.span or ())} & self.object_properties.keys()
        return tuple(sorted(own | kept | {self.layout.modified}))

    def _tells_currency(self) -> bool:
        has_currency = any(f.name == "currency" for f in STREAMS[self.layout.stream].fields)
        return has_currency and (self.portal.currency is not None or "currency" in self.properties)

    def currency_of(self, texts: Mapping[str, Any]) -> str | None:
        own = self.properties.get("currency")
        return (texts.get(own.name) if own else None) or self.portal.currency

    def value(self, name: str, texts: Mapping[str, Any]) -> Value:
        """One field of one object; ValueError when its text cannot be read as the field's type."""
        if name == "currency":
            return self.currency_of(texts)
        text = texts.get(self.properties[name].name)
        if text is None or text == "":
            return None
        if self.types[name] == "money":
            return to_minor(text, self.currency_of(texts))
        return self.convert(name)(text)

    def convert(self, name: str) -> Convert:
        """How a property's text becomes the field's value; money is not here, it needs each record's currency."""
        words, per_unit = self.layout.words.get(name), self.layout.per_unit.get(name)
        if words is not None:
            return lambda text: words.get(text, text if self.types[name] == "text" else None)
        plain = converter(self.types[name], self.properties[name].type, self.portal.zone)
        if per_unit is not None:
            return lambda text: whole_of(text) // per_unit
        return plain

    def keeps_hour(self, name: str) -> bool:
        """Whether the property holds a time of which the field is the day."""
        return self.types.get(name) == "date" and name in self.properties and self.properties[name].type == "datetime"

    def text(self, name: str, value: Value, currency: str | None, like: str = "") -> str:
        """The text that sets a field to a value in place of the text `like`; ValueError when the value is not of the
        field's type."""
        return property_text(value, self.types[name], self.properties[name].type, currency, self.portal.zone, like)


def resolve_fields(
    layout: Layout, properties: Mapping[str, Property], overrides: Mapping[str, str], portal: Portal
) -> Fields:
    """Match the fields of a kind of object with the properties the portal has. An override replaces the default
    property of a field, or adds a field of the mapping's own; an empty one takes it out."""
    stream = layout.stream
    canonical: dict[str, ValueType] = {field.name: field.type for field in STREAMS[stream].fields}
    wanted = {**layout.links_out, **layout.optional, **layout.properties, **overrides}
    found: dict[str, Property] = {}
    gaps: list[str] = []
    for name, property_name in wanted.items():
        prop = properties.get(property_name)
        if prop is not None and not prop.is_sensitive:
            found[name] = prop
        elif property_name and (name in overrides or name in layout.properties):
            state = "is sensitive data" if prop else "is not visible to this token or does not exist"
            gaps.append(f"{stream}.{name} is unknown: property {property_name} {state}.")
    types = {name: canonical.get(name, OWN_TYPES.get(prop.type, "text")) for name, prop in found.items()}
    if portal.currency is None and "currency" not in found:
        for name in [name for name in found if types[name] == "money"]:
            gaps.append(f"{stream}.{name} is unknown: the account did not tell its currency.")
            del found[name]
    return Fields(layout, portal, found, types, tuple(gaps), properties)


def check_overrides(stream: str, overrides: Mapping[str, str]) -> None:
    """ConfigError when an override misspells a field of the stream, or takes a name that every record has."""
    known = STREAMS[stream].field_names
    for name in overrides:
        if name in {field.name for field in SYSTEM_FIELDS}:
            raise ConfigError(f"fields.{stream}.{name} cannot be mapped: every record has a {name} of its own.")
        meant = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
        if name not in known and meant:
            raise ConfigError(f"fields.{stream}.{name} is no field of {stream}; did you mean {meant[0]}?")
