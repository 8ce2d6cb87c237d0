"""The org itself, its record types and its currencies."""

from __future__ import annotations

from sandbox.salesforce.fields import (
    SETUP,
    SHOWN,
    address,
    audit,
    boolean,
    double,
    moment,
    number,
    phone,
    picklist,
    read_only,
    reference,
    sobject,
    text,
)  # fmt: skip

_ACCESS = ("None", "Read", "Edit", "ReadEditTransfer", "ControlledByParent", "All")
_SHARED = ("Account", "Contact", "Opportunity", "Lead", "Case", "Campaign")

ORGANIZATION = sobject(
    "Organization",
    "00D",
    "Organizations",
    text("Name", 80, nillable=False),
    text("Division", 80),
    *address(""),
    phone("Phone"),
    phone("Fax"),
    text("PrimaryContact", 80),
    text("DefaultLocaleSidKey", 40, nillable=False),
    text("TimeZoneSidKey", 40, nillable=False),
    text("LanguageLocaleKey", 40, nillable=False),
    boolean("ReceivesInfoEmails"),
    boolean("ReceivesAdminInfoEmails"),
    boolean("PreferencesRequireOpportunityProducts"),
    boolean("PreferencesConsentManagementEnabled"),
    boolean("PreferencesAutoSelectIndividualOnMerge"),
    read_only(number("FiscalYearStartMonth", 9)),
    read_only(boolean("UsesStartDateAsFiscalYearName"), nillable=False),
    *(read_only(picklist(f"Default{name}Access", _ACCESS, 40, restricted=True)) for name in _SHARED),
    read_only(picklist("OrganizationType", ("Team Edition", "Professional Edition", "Enterprise Edition",
                                            "Developer Edition", "Unlimited Edition"), 40)),
    read_only(text("NamespacePrefix", 15)),
    read_only(text("InstanceName", 5)),
    read_only(boolean("IsSandbox"), nillable=False),
    read_only(boolean("IsReadOnly"), nillable=False),
    read_only(moment("TrialExpirationDate")),
    *audit(deletable=False),
    **{**SHOWN, "updateable": True},
)  # fmt: skip

RECORD_TYPE = sobject(
    "RecordType",
    "012",
    "Record Types",
    text("Name", 80, nillable=False),
    text("DeveloperName", 80, nillable=False),
    text("NamespacePrefix", 15),
    text("Description", 255),
    reference("BusinessProcessId", "BusinessProcess", relationship=""),
    picklist("SobjectType", (), 40, nillable=False),
    boolean("IsActive"),
    *audit(deletable=False),
    deletable=False,
    **SETUP,
)

CURRENCY_TYPE = sobject(
    "CurrencyType",
    "01L",
    "Currency Type",
    text("IsoCode", 3, nillable=False),
    double("ConversionRate", 18, 6, nillable=False),
    number("DecimalPlaces", 9, nillable=False),
    boolean("IsActive"),
    boolean("IsCorporate"),
    *audit(deletable=False),
    deletable=False,
    **{**SETUP, "searchable": False},
    name_field="",
)
