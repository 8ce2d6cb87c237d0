"""Which object and field holds what: Salesforce's names for the canonical streams and their fields, as data.

A stream is read from one or more parts (users: people and queues). A name here is asked for only if describe shows it
to our user; what describe lacks is unknown, not blank.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from model.errors import ConfigError
from model.streams import STREAMS, Value, ValueType

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
    },
    "contacts": {
        **_PERSON,
        **_place("Mailing"),
        "department": "Department",
        "account_id": "AccountId",
        "email_bounced": "IsEmailBounced",
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
    "associations": {
        "from_id": "OpportunityId",
        "to_id": "ContactId",
        "label": "Role",
        "is_primary": "IsPrimary",
    },
}
# Read where the org has them; nobody is told when it has not.
OPTIONAL = frozenset({"legal_name", "lei", "registration_number", "pushes", "contact_id"})
CURRENCY = "CurrencyIsoCode"

# describe types a canonical type can be read from; text takes all but compounds and files.
READABLE_AS: dict[ValueType, frozenset[str]] = {
    "int": frozenset({"int", "long", "double", "percent"}),
    "real": frozenset({"int", "long", "double", "percent", "currency"}),
    "bool": frozenset({"boolean"}),
    "time": frozenset({"datetime"}),
    "date": frozenset({"date", "datetime"}),
    "money": frozenset({"currency", "double", "int"}),
}
UNREADABLE_AS_TEXT = frozenset({"address", "location", "base64", "complexvalue"})


@dataclass(frozen=True, slots=True)
class Part:
    """One object a stream is read from. `fixed` fields have one value for all its rows; of the stream's fields in
    `empty` its rows have none, so that all parts of a stream answer the same fields."""

    sobject: str
    where: str = ""
    fixed: Mapping[str, Value] = field(default_factory=dict)
    empty: frozenset[str] = frozenset()
    is_optional: bool = False


PARTS: dict[str, tuple[Part, ...]] = {
    "users": (
        Part("User", fixed={"type": "person"}),
        Part(
            "Group",
            where="Type = 'Queue'",
            fixed={"type": "queue", "is_active": True},
            empty=frozenset({"department", "manager_id", "last_login_at", "role"}),
            is_optional=True,
        ),
    ),
    "stages": (Part("OpportunityStage"),),
    "accounts": (Part("Account"),),
    "contacts": (Part("Contact"),),
    "leads": (Part("Lead"),),
    "deals": (Part("Opportunity"),),
    "associations": (
        Part(
            "OpportunityContactRole",
            fixed={"from_stream": "deals", "to_stream": "contacts"},
            is_optional=True,
        ),
    ),
}
# In an order in which references resolve.
STREAM_NAMES = tuple(PARTS)
# Small and without a trace of what was removed: read whole each time.
ALWAYS_FULL = frozenset({"stages"})
WRITABLE = ("accounts", "contacts", "leads", "deals")

_API_NAME = re.compile(r"[A-Za-z]\w{0,79}")


def checked_fields(connection: str, overrides: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """FIELDS with the settings' own mapping laid over it; ConfigError for a stream or name that cannot be right.

    A name that is no canonical field is an extra one and is carried in the payload.
    """
    merged = {stream: dict(names) for stream, names in FIELDS.items()}
    for stream, names in overrides.items():
        where = f"connections.{connection}.fields.{stream}"
        if stream not in merged:
            raise ConfigError(f"{where}: there is no such stream; streams are {', '.join(merged)}.")
        for canonical, remote in names.items():
            if not _API_NAME.fullmatch(remote):
                raise ConfigError(f"{where}.{canonical} must be a Salesforce API name such as LEI__c.")
            known = STREAMS[stream].field_names
            meant = difflib.get_close_matches(canonical, known, n=1, cutoff=0.85)
            if canonical not in known and meant:
                raise ConfigError(f"{where}.{canonical}: did you mean {meant[0]}?")
            merged[stream][canonical] = remote
    return merged


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
