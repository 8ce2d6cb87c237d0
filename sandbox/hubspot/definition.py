"""A property definition, and the short words in which the schemas are written down."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# The field types each type can have.
FIELD_TYPES = {
    "bool": words("booleancheckbox calculation_equation"),
    "enumeration": words("booleancheckbox checkbox radio select calculation_equation"),
    "date": words("date"),
    "datetime": words("date"),
    "string": words("text textarea html file phonenumber calculation_equation"),
    "number": words("number calculation_equation"),
    "phone_number": words("phonenumber"),
}
# HubSpot's own enumerations to which an account may add options.
_OPEN_OPTIONS = frozenset(
    words("lifecyclestage hs_lead_status industry type dealtype hs_priority hs_ticket_category source_type")
)


SENSITIVITIES = words("non_sensitive sensitive highly_sensitive")
# What a definition may say beside that has no meaning here: it is kept and told as it was sent.
EXTRAS = words(
    "calculationFormula currencyPropertyName showCurrencySymbol numberDisplayHint textDisplayHint dateDisplayHint"
    " referencedObjectType"
)


class Option(NamedTuple):
    """One choice of an enumeration."""

    value: str
    label: str
    description: str = ""
    hidden: bool = False


def option_pairs(*pairs: tuple[str, str]) -> tuple[Option, ...]:
    return tuple(Option(value, label) for value, label in pairs)


@dataclass(frozen=True, slots=True)
class Definition:
    """One property of one object type; `options` in display order."""

    name: str
    label: str
    type: str = "string"
    field_type: str = "text"
    group: str = ""
    options: tuple[Option, ...] = ()
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
    archived_at: str | None = None
    hidden: bool = False
    in_forms: bool = True
    sensitivity: str = "non_sensitive"
    created_by: int | None = None
    updated_by: int | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)

    @property
    def has_fixed_options(self) -> bool:
        return self.hubspot_defined and self.name not in _OPEN_OPTIONS

    @property
    def values(self) -> list[str]:
        """The values of the options."""
        return [option.value for option in self.options]

    def wire(self) -> dict[str, Any]:
        """The definition as the properties API tells it."""
        options = [
            {
                "label": one.label,
                "value": one.value,
                "displayOrder": place,
                "hidden": one.hidden,
                "description": one.description,
            }
            for place, one in enumerate(self.options)
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
            "hidden": self.hidden,
            "hubspotDefined": self.hubspot_defined,
            "modificationMetadata": {
                "archivable": not self.hubspot_defined,
                "readOnlyDefinition": self.hubspot_defined,
                "readOnlyOptions": self.has_fixed_options,
                "readOnlyValue": self.read_only,
            },
            "formField": self.in_forms and not self.read_only,
            "dataSensitivity": self.sensitivity,
        }
        if self.external_options:
            body["referencedObjectType"] = "OWNER"
        if self.archived:
            body["archivedAt"] = self.archived_at
        people = {"createdUserId": self.created_by, "updatedUserId": self.updated_by}
        return {**body, **{name: str(user) for name, user in people.items() if user is not None}, **self.extras}

    def stored(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def of_stored(cls, stored: Mapping[str, Any]) -> Definition:
        return cls(**{**stored, "options": tuple(Option(*one) for one in stored["options"])})


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
    options = option_pairs(("true", "Yes"), ("false", "No"))
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
    listed = options.items() if isinstance(options, Mapping) else [(one, _label(one.lower())) for one in options]
    kind = "checkbox" if many else field_type
    return [Definition(name, _label(name), "enumeration", kind, options=option_pairs(*listed), read_only=read_only)]


def owner(*names: str) -> list[Definition]:
    """An enumeration whose options are the owners."""
    return [Definition(name, _label(name), "enumeration", "select", external_options=True) for name in names]


def own(name: str, label: str, *, unique: bool = False) -> list[Definition]:
    """A custom text property of the account."""
    return [Definition(name, label, unique=unique, hubspot_defined=False)]
