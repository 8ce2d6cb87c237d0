"""A property definition, and the short words in which the schemas are written down."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


TYPES = words("bool enumeration date datetime string number phone_number json object_coordinates")
FIELD_TYPES = words(
    "text textarea number date booleancheckbox checkbox radio select file html phonenumber calculation_equation"
)


@dataclass(frozen=True, slots=True)
class Definition:
    """One property of one object type. `options` are (value, label) in display order."""

    name: str
    label: str
    type: str = "string"
    field_type: str = "text"
    group: str = ""
    options: tuple[tuple[str, str], ...] = ()
    description: str = ""
    read_only: bool = False
    calculated: bool = False
    unique: bool = False
    hubspot_defined: bool = True
    external_options: bool = False
    display_order: int = -1
    created: str = "2020-01-01T00:00:00.000Z"
    updated: str = "2020-01-01T00:00:00.000Z"
    archived: bool = False

    def wire(self) -> dict[str, Any]:
        """The definition as the properties API tells it."""
        options = [
            {"label": label, "value": value, "displayOrder": place, "hidden": False, "description": ""}
            for place, (value, label) in enumerate(self.options)
        ]
        body: dict[str, Any] = {
            "updatedAt": self.updated,
            "createdAt": self.created,
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group,
            "options": options,
            "displayOrder": self.display_order,
            "calculated": self.calculated,
            "externalOptions": self.external_options,
            "archived": self.archived,
            "hasUniqueValue": self.unique,
            "hidden": False,
            "hubspotDefined": self.hubspot_defined,
            "modificationMetadata": {
                "archivable": not self.hubspot_defined,
                "readOnlyDefinition": self.hubspot_defined,
                "readOnlyOptions": self.hubspot_defined,
                "readOnlyValue": self.read_only,
            },
            "formField": not self.read_only,
            "dataSensitivity": "non_sensitive",
        }
        if self.external_options:
            body["referencedObjectType"] = "OWNER"
        return body

    def stored(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def of_stored(cls, stored: Mapping[str, Any]) -> Definition:
        return cls(**{**stored, "options": tuple((value, label) for value, label in stored["options"])})


Options = Sequence[str] | Mapping[str, str]


def _label(name: str) -> str:
    return name.removeprefix("hs_").replace("_", " ").capitalize()


def text(*names: str, read_only: bool = False, field_type: str = "text") -> list[Definition]:
    return [Definition(name, _label(name), field_type=field_type, read_only=read_only) for name in names]


def number(*names: str, read_only: bool = False) -> list[Definition]:
    field_type = "calculation_equation" if read_only else "number"
    return [
        Definition(name, _label(name), "number", field_type, read_only=read_only, calculated=read_only)
        for name in names
    ]


def flag(*names: str, read_only: bool = False) -> list[Definition]:
    options = (("true", "True"), ("false", "False"))
    return [
        Definition(name, _label(name), "bool", "booleancheckbox", options=options, read_only=read_only)
        for name in names
    ]


def day(*names: str, read_only: bool = False) -> list[Definition]:
    return [Definition(name, _label(name), "date", "date", read_only=read_only) for name in names]


def moment(*names: str, read_only: bool = False) -> list[Definition]:
    return [Definition(name, _label(name), "datetime", "date", read_only=read_only) for name in names]


def choice(
    name: str, options: Options, *, field_type: str = "select", read_only: bool = False, many: bool = False
) -> list[Definition]:
    """An enumeration; an empty `options` takes any value (options that HubSpot keeps elsewhere)."""
    pairs = tuple(options.items()) if isinstance(options, Mapping) else tuple((o, _label(o.lower())) for o in options)
    kind = "checkbox" if many else field_type
    return [Definition(name, _label(name), "enumeration", kind, options=pairs, read_only=read_only)]


def owner(*names: str) -> list[Definition]:
    """An enumeration whose options are the owners."""
    return [Definition(name, _label(name), "enumeration", "select", external_options=True) for name in names]


def own(name: str, label: str, *, unique: bool = False) -> list[Definition]:
    """A custom text property of the account."""
    return [Definition(name, label, unique=unique, hubspot_defined=False)]
