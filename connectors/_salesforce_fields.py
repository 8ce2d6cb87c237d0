"""Which object and field holds what: Salesforce's names for the canonical streams and their fields, as data.

A name here is asked for only if describe shows it to our user; what describe lacks is unknown, not blank.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from model.errors import ConfigError
from model.streams import STREAMS, SYSTEM_FIELDS, ValueType

_ADDRESS = ("Street", "City", "State", "PostalCode", "Country")


def _place(prefix: str) -> dict[str, str]:
    return dict(zip(("street", "city", "state", "postal_code", "country"), (prefix + a for a in _ADDRESS), strict=True))


_PERSON = {
    "salutation": "Salutation",
    "given_name": "FirstName",
    "family_name": "LastName",
    "email": "Email",
    "phone": "Phone",
    "mobile": "MobilePhone",
    "title": "Title",
    "lead_source": "LeadSource",
    "owner_id": "OwnerId",
    "email_opt_out": "HasOptedOutOfEmail",
    "do_not_call": "DoNotCall",
    "last_activity_on": "LastActivityDate",
}

FIELDS: dict[str, dict[str, str]] = {
    "users": {
        "name": "Name",
        "email": "Email",
        "is_active": "IsActive",
        "department": "Department",
        "manager_id": "ManagerId",
        "last_login_at": "LastLoginDate",
        "login_id": "Id",
    },
    "stages": {
        "key": "ApiName",
        "name": "MasterLabel",
        "position": "SortOrder",
        "probability": "DefaultProbability",
        "forecast_category": "ForecastCategoryName",
        "is_closed": "IsClosed",
        "is_won": "IsWon",
        "is_active": "IsActive",
    },
    "accounts": {
        "name": "Name",
        "legal_name": "Legal_Name__c",
        "website": "Website",
        "phone": "Phone",
        "industry": "Industry",
        "employees": "NumberOfEmployees",
        "revenue": "AnnualRevenue",
        **_place("Billing"),
        "type": "Type",
        "parent_id": "ParentId",
        "owner_id": "OwnerId",
        "lei": "LEI__c",
        "registration_number": "Registration_Number__c",
        "last_activity_on": "LastActivityDate",
        "is_person": "IsPersonAccount",
    },
    "contacts": {
        **_PERSON,
        **_place("Mailing"),
        "department": "Department",
        "account_id": "AccountId",
        "email_bounced": "IsEmailBounced",
        "is_person_account": "IsPersonAccount",
    },
    "leads": {
        **_PERSON,
        "company": "Company",
        "website": "Website",
        **_place(""),
        "industry": "Industry",
        "employees": "NumberOfEmployees",
        "revenue": "AnnualRevenue",
        "status": "Status",
        "is_converted": "IsConverted",
        "converted_account_id": "ConvertedAccountId",
        "converted_contact_id": "ConvertedContactId",
        "converted_deal_id": "ConvertedOpportunityId",
    },
    "deals": {
        "name": "Name",
        "account_id": "AccountId",
        "contact_id": "ContactId",
        "owner_id": "OwnerId",
        "stage": "StageName",
        "amount": "Amount",
        "opened_on": "CreatedDate",
        "close_on": "CloseDate",
        "probability": "Probability",
        "forecast_category": "ForecastCategoryName",
        "next_step": "NextStep",
        "type": "Type",
        "lead_source": "LeadSource",
        "is_closed": "IsClosed",
        "is_won": "IsWon",
        "stage_changed_at": "LastStageChangeDate",
        "pushes": "PushCount",
        "last_activity_on": "LastActivityDate",
    },
    "stage_history": {
        "deal_id": "OpportunityId",
        "stage": "StageName",
        "entered_at": "CreatedDate",
        "amount": "Amount",
        "close_on": "CloseDate",
        "probability": "Probability",
        "by_id": "CreatedById",
    },
    "campaigns": {
        "name": "Name",
        "type": "Type",
        "status": "Status",
        "parent_id": "ParentId",
        "owner_id": "OwnerId",
        "starts_on": "StartDate",
        "ends_on": "EndDate",
        "is_active": "IsActive",
        "budget": "BudgetedCost",
        "cost": "ActualCost",
    },
    "campaign_members": {
        "campaign_id": "CampaignId",
        "contact_id": "ContactId",
        "lead_id": "LeadId",
        "status": "Status",
        "has_responded": "HasResponded",
        "responded_at": "FirstRespondedDate",
    },
    "activities": {
        "subject": "Subject",
        "owner_id": "OwnerId",
    },
    "associations": {},  # each of its objects has names of its own, see the parts
    "licences": {
        "used": "UsedLicenses",
        "status": "Status",
    },
    "licence_holders": {
        "licence_id": "PackageLicenseId",
        "login_id": "UserId",
    },
    "logins": {
        "login_id": "UserId",
        "logged_in_at": "LoginTime",
        "type": "LoginType",
        "application": "Application",
        "browser": "Browser",
        "platform": "Platform",
        "status": "Status",
        "country": "CountryIso",
    },
}
# Read where the org has them; nobody is told when it has not.
OPTIONAL = frozenset(
    {
        "accounts.legal_name", "accounts.lei", "accounts.registration_number", "accounts.is_person",
        "contacts.is_person_account", "deals.pushes", "deals.contact_id",
    }
)  # fmt: skip
CURRENCY = "CurrencyIsoCode"

# describe types a canonical type can be read from; text takes all but compounds and files.
READABLE_AS: dict[ValueType, frozenset[str]] = {
    "int": frozenset({"int", "long", "double", "percent"}),
    "real": frozenset({"int", "long", "double", "percent", "currency"}),
    "bool": frozenset({"boolean"}),
    "time": frozenset({"datetime", "date"}),
    "date": frozenset({"date", "datetime"}),
    "money": frozenset({"currency", "double", "int"}),
}
UNREADABLE_AS_TEXT = frozenset({"address", "location", "base64", "complexvalue"})


# A mapped field that is no canonical one is typed by what describe says of it; all others are text.
CUSTOM_TYPES: dict[str, ValueType] = {
    "boolean": "bool", "int": "int", "long": "int", "double": "real", "percent": "real", "currency": "money",
    "date": "date", "datetime": "time",
}  # fmt: skip

_API_NAME = re.compile(r"[A-Za-z]\w{0,79}", re.ASCII)
_SYSTEM = frozenset(field.name for field in SYSTEM_FIELDS)


def checked_fields(connection: str, overrides: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, str]]:
    """The settings' own mapping, stream by stream; ConfigError for a stream or name that cannot be right.

    A name that is no canonical field is a custom one: its values travel under that name, typed by describe.
    """
    for stream, names in overrides.items():
        where = f"connections.{connection}.fields.{stream}"
        if stream not in FIELDS:
            raise ConfigError(f"{where}: there is no such stream; streams are {', '.join(FIELDS)}.")
        for canonical, remote in names.items():
            if not _API_NAME.fullmatch(remote):
                raise ConfigError(f"{where}.{canonical} must be a Salesforce API name such as LEI__c.")
            known = STREAMS[stream].field_names
            meant = difflib.get_close_matches(canonical, known, n=1, cutoff=0.85)
            if canonical not in known and meant:
                raise ConfigError(f"{where}.{canonical}: did you mean {meant[0]}?")
            if canonical in _SYSTEM or not _API_NAME.fullmatch(canonical):
                raise ConfigError(f"{where}.{canonical}: a field of your own needs a plain name that is not in use.")
    return overrides


_EURO = "AT BE CY DE EE ES FI FR GR HR IE IT LT LU LV MT NL PT SI SK"
_OWN = (
    "AE:AED AR:ARS AU:AUD BG:EUR BR:BRL CA:CAD CH:CHF CL:CLP CN:CNY CO:COP CZ:CZK DK:DKK GB:GBP HK:HKD HU:HUF ID:IDR "
    "IL:ILS IN:INR IS:ISK JP:JPY KR:KRW KW:KWD MX:MXN MY:MYR NO:NOK NZ:NZD PE:PEN PH:PHP PK:PKR PL:PLN RO:RON SA:SAR "
    "SE:SEK SG:SGD TH:THB TR:TRY TW:TWD UA:UAH US:USD VN:VND ZA:ZAR"
)
_LOCALE_CURRENCIES = dict.fromkeys(_EURO.split(), "EUR") | dict(pair.split(":") for pair in _OWN.split())


def locale_currency(locale: str) -> str | None:
    """ISO currency a locale such as en_US or de_DE_EURO suggests; None where the country is not in the table."""
    parts = locale.upper().split("_")
    if len(parts) > 2 and parts[2] == "EURO":
        return "EUR"
    return _LOCALE_CURRENCIES.get(parts[1]) if len(parts) > 1 else None
