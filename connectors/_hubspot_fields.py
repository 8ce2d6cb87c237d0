"""Which HubSpot property holds which canonical field of a stream, and which of them a portal lets us read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from connectors._hubspot_values import converter, property_text
from model.currency import to_minor
from model.errors import ConfigError
from model.streams import STREAMS, Value

# Properties of other sensitivities need scopes and a parameter of their own.
PLAIN_SENSITIVITY = (None, "", "non_sensitive")
SALESFORCE_MARKS = frozenset(
    {"salesforceaccountid", "salesforcecontactid", "salesforceleadid", "salesforcelastsynctime",
     "hs_salesforceopportunityid"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layout:
    """A stream of CRM objects as HubSpot has it. `optional` fields are read only where the portal has the property,
    without a word when it has not; `derived` ones are never written."""

    stream: str
    object: str
    modified: str
    properties: Mapping[str, str]  # canonical field -> property
    optional: Mapping[str, str] = field(default_factory=dict)
    derived: frozenset[str] = frozenset()


_PLACE = {
    "street": "address",
    "city": "city",
    "state": "state",
    "postal_code": "zip",
    "country": "country",
}
LAYOUTS: dict[str, Layout] = {
    layout.stream: layout
    for layout in (
        Layout(
            "accounts",
            "companies",
            "hs_lastmodifieddate",
            {
                "name": "name",
                "domain": "domain",
                "website": "website",
                "phone": "phone",
                "industry": "industry",
                "employees": "numberofemployees",
                "revenue": "annualrevenue",
                **_PLACE,
                "type": "type",
                "lifecycle_stage": "lifecyclestage",
                "owner_id": "hubspot_owner_id",
                "last_activity_on": "notes_last_updated",
            },
            {
                "legal_name": "legal_name",
                "lei": "lei",
                "registration_number": "registration_number",
                "parent_id": "hs_parent_company_id",
                "currency": "hs_annual_revenue_currency_code",
            },
        ),
        Layout(
            "contacts",
            "contacts",
            "lastmodifieddate",
            {
                "given_name": "firstname",
                "family_name": "lastname",
                "email": "email",
                "phone": "phone",
                "mobile": "mobilephone",
                "title": "jobtitle",
                "company": "company",
                "website": "website",
                **_PLACE,
                "owner_id": "hubspot_owner_id",
                "email_opt_out": "hs_email_optout",
                "last_activity_on": "notes_last_updated",
                "extra_emails": "hs_additional_emails",
                "account_id": "associatedcompanyid",
                "lifecycle_stage": "lifecyclestage",
            },
            {
                "salutation": "salutation",
                "lead_source": "hs_analytics_source",
                "email_bounced": "hs_email_bounce",
                "department": "department",
            },
            frozenset({"email_bounced", "account_id"}),
        ),
        Layout(
            "deals",
            "deals",
            "hs_lastmodifieddate",
            {
                "name": "dealname",
                "owner_id": "hubspot_owner_id",
                "pipeline_id": "pipeline",
                "stage": "dealstage",
                "amount": "amount",
                "opened_on": "createdate",
                "close_on": "closedate",
                "is_closed": "hs_is_closed",
                "is_won": "hs_is_closed_won",
                "last_activity_on": "notes_last_updated",
            },
            {
                "account_id": "hs_primary_associated_company",
                "currency": "deal_currency_code",
                "probability": "hs_deal_stage_probability",
                "forecast_category": "hs_manual_forecast_category",
                "next_step": "hs_next_step",
                "type": "dealtype",
                "lead_source": "hs_analytics_source",
                "stage_changed_at": "hs_v2_date_entered_current_stage",
            },
            frozenset({"account_id"}),
        ),
    )
}
OBJECT_OF = {stream: layout.object for stream, layout in LAYOUTS.items()}


@dataclass(frozen=True, slots=True)
class Property:
    """What HubSpot says of one property."""

    name: str
    type: str
    is_read_only: bool = False
    is_sensitive: bool = False
    options: frozenset[str] | None = None  # None: any value

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
        )


@dataclass(frozen=True, slots=True)
class Portal:
    """What of the account every value depends on: its time zone and its currency (None: it would not say)."""

    zone: tzinfo
    currency: str | None


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one stream in one portal that can be read, each with its property."""

    layout: Layout
    portal: Portal
    properties: Mapping[str, Property]  # canonical field -> property
    gaps: tuple[str, ...]
    object_properties: frozenset[str]

    @property
    def readable(self) -> frozenset[str]:
        return frozenset(self.properties) | ({"currency"} if self._tells_currency() else frozenset())

    @property
    def asked(self) -> tuple[str, ...]:
        """Property names to ask for, our own bookkeeping ones included, in a stable order."""
        own = {prop.name for prop in self.properties.values()}
        kept = {"hs_merged_object_ids"} & self.object_properties
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
        kind = STREAMS[self.layout.stream].field(name)
        if kind.type == "money":
            return to_minor(text, self.currency_of(texts))
        return converter(kind.type, self.properties[name].type, self.portal.zone)(text)

    def text(self, name: str, value: Value, currency: str | None) -> str:
        """The text that sets a field to a value; ValueError when the value is not of the field's type."""
        kind = STREAMS[self.layout.stream].field(name)
        return property_text(value, kind.type, self.properties[name].type, currency, self.portal.zone)


def resolve_fields(
    stream: str, properties: Mapping[str, Property], overrides: Mapping[str, str], portal: Portal
) -> Fields:
    """Match a stream's fields with the properties the portal has. An override replaces the default property of a
    field, an empty one takes it out."""
    layout = LAYOUTS[stream]
    wanted = {**layout.optional, **layout.properties, **overrides}
    found: dict[str, Property] = {}
    gaps: list[str] = []
    for name, property_name in wanted.items():
        prop = properties.get(property_name)
        if prop is not None and not prop.is_sensitive:
            found[name] = prop
        elif property_name and (name in overrides or name in layout.properties):
            state = "is sensitive data" if prop else "is not visible to this token or does not exist"
            gaps.append(f"{stream}.{name} is unknown: property {property_name} {state}.")
    if portal.currency is None and "currency" not in found:
        for name in [name for name in found if STREAMS[stream].field(name).type == "money"]:
            gaps.append(f"{stream}.{name} is unknown: the account did not tell its currency.")
            del found[name]
    return Fields(layout, portal, found, tuple(gaps), frozenset(properties))


def check_overrides(stream: str, overrides: Mapping[str, str]) -> None:
    """ConfigError when an override names a field that the stream does not have."""
    for name in overrides:
        if name not in STREAMS[stream].field_names:
            raise ConfigError(f"fields.{stream}.{name} maps a field that {stream} does not have; remove or correct it.")
