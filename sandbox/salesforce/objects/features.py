"""What an org has only when an administrator has turned it on; until then its objects and fields do not exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sandbox.salesforce.fields import (
    Field,
    SObject,
    address,
    boolean,
    date,
    email,
    moment,
    phone,
    picklist,
    read_only,
    reference,
    text,
    whole_address,
)  # fmt: skip
from sandbox.salesforce.objects.accounts import ACCOUNT, ACCOUNT_CONTACT_RELATION, CONTACT
from sandbox.salesforce.objects.campaigns import CAMPAIGN, CAMPAIGN_INFLUENCE, CAMPAIGN_INFLUENCE_MODEL, CAMPAIGN_MEMBER
from sandbox.salesforce.objects.deals import OPPORTUNITY, OPPORTUNITY_HISTORY
from sandbox.salesforce.objects.leads import LEAD
from sandbox.salesforce.objects.organization import CURRENCY_TYPE, ORGANIZATION
from sandbox.salesforce.objects.people import USER
from sandbox.salesforce.objects.values import LEAD_SOURCES, SALUTATIONS

CURRENCIES = ("USD", "EUR", "GBP", "CHF", "JPY")
STATES = ("CA", "NY", "TX", "WA", "MA", "IL", "BY", "BE", "NW", "ENG", "SCT")
COUNTRIES = ("US", "CA", "GB", "IE", "DE", "FR", "ES", "IT", "NL", "BE", "CH", "AT", "SE", "JP", "AU")


@dataclass(frozen=True, slots=True)
class Feature:
    """The objects and fields that come with a feature; a field takes the place of one of its name."""

    sobjects: tuple[SObject, ...] = ()
    fields: Mapping[str, tuple[Field, ...]] = field(default_factory=dict)


def _currency(*sobjects: SObject) -> dict[str, tuple[Field, ...]]:
    code = picklist("CurrencyIsoCode", CURRENCIES, 3, nillable=True, restricted=True, defaulted=True, default="USD")
    code = replace(code, permissionable=False)
    return {
        **{declared.name: (code,) for declared in sobjects},
        "OpportunityHistory": (read_only(code),),
        "User": (code, picklist("DefaultCurrencyIsoCode", CURRENCIES, 3, restricted=True, default="USD")),
    }


def _codes(prefixes: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[Field, ...]]:
    """State and country codes beside the names, in the compound too."""
    made: dict[str, tuple[Field, ...]] = {}
    for name, of_object in prefixes.items():
        made[name] = tuple(part for prefix in of_object for part in _coded(prefix))
    return made


def _coded(prefix: str) -> Iterable[Field]:
    compound = f"{prefix}Address"
    codes = (
        picklist(f"{prefix}StateCode", STATES, 10, restricted=True, compound=compound),
        picklist(f"{prefix}CountryCode", COUNTRIES, 10, restricted=True, compound=compound),
    )
    parts = tuple(part for part in address(prefix) if part.type != "address")
    return (*codes, whole_address(prefix, (*parts, *codes)))


_PERSON = (
    text("LastName", 80, compound="Name", info="switchablepersonname"),
    text("FirstName", 40, compound="Name", info="switchablepersonname"),
    picklist("Salutation", SALUTATIONS, 40, compound="Name", info="switchablepersonname"),
    read_only(boolean("IsPersonAccount"), nillable=False),
    read_only(reference("PersonContactId", "Contact")),
    *address("PersonMailing"),
    *address("PersonOther"),
    phone("PersonMobilePhone"),
    phone("PersonHomePhone"),
    phone("PersonOtherPhone"),
    phone("PersonAssistantPhone"),
    email("PersonEmail", id_lookup=False),
    text("PersonTitle", 80),
    text("PersonDepartment", 80),
    text("PersonAssistantName", 40),
    picklist("PersonLeadSource", LEAD_SOURCES),
    date("PersonBirthdate"),
    boolean("PersonHasOptedOutOfEmail"),
    boolean("PersonHasOptedOutOfFax"),
    boolean("PersonDoNotCall"),
    read_only(moment("PersonLastCURequestDate")),
    read_only(moment("PersonLastCUUpdateDate")),
    text("PersonEmailBouncedReason", 255),
    moment("PersonEmailBouncedDate"),
    reference("PersonIndividualId", "Individual"),
)

FEATURES: Mapping[str, Feature] = {
    "campaign_influence": Feature((CAMPAIGN_INFLUENCE_MODEL, CAMPAIGN_INFLUENCE)),
    "contacts_to_multiple_accounts": Feature((ACCOUNT_CONTACT_RELATION,)),
    "multi_currency": Feature(
        (CURRENCY_TYPE,),
        _currency(ACCOUNT, CONTACT, LEAD, OPPORTUNITY, OPPORTUNITY_HISTORY, CAMPAIGN, CAMPAIGN_MEMBER),
    ),
    "person_accounts": Feature(
        fields={
            "Account": _PERSON,
            "Contact": (read_only(boolean("IsPersonAccount"), nillable=False),),
        }
    ),
    "state_and_country_picklists": Feature(
        fields=_codes(
            {
                ACCOUNT.name: ("Billing", "Shipping"),
                CONTACT.name: ("Mailing", "Other"),
                LEAD.name: ("",),
                USER.name: ("",),
                ORGANIZATION.name: ("",),
            }
        )
    ),
}
