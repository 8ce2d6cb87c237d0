"""Which seats the org has, who sits on which, and who logged in when."""

from __future__ import annotations

from sandbox.salesforce.fields import (
    CREATED,
    MODIFIED,
    SETUP,
    SHOWN,
    STAMP,
    audit,
    boolean,
    create_only,
    moment,
    number,
    picklist,
    read_only,
    reference,
    sobject,
    text,
)  # fmt: skip

_TIMES = (CREATED[0], MODIFIED[0], STAMP)

USER_LICENSE = sobject(
    "UserLicense",
    "100",
    "User Licenses",
    read_only(text("LicenseDefinitionKey", 40, label="License Def. ID"), nillable=False),
    read_only(number("TotalLicenses", 9), nillable=False),
    read_only(picklist("Status", ("Active", "Disabled"), 40, restricted=True), nillable=False),
    read_only(number("UsedLicenses", 9), nillable=False),
    read_only(moment("UsedLicensesLastUpdated"), nillable=False),
    read_only(text("Name", 40, id_lookup=True), nillable=False),
    read_only(text("MasterLabel", 40), nillable=False),
    read_only(number("MonthlyLoginsUsed", 9, filters=False)),
    read_only(number("MonthlyLoginsEntitlement", 9)),
    *_TIMES,
    **SHOWN,
)

PACKAGE_LICENSE = sobject(
    "PackageLicense",
    "050",
    "Package Licenses",
    read_only(picklist("Status", ("Trial", "Active", "Expired", "Free"), 40, restricted=True), nillable=False),
    read_only(boolean("IsProvisioned"), nillable=False),
    read_only(boolean("IsAvailableForIntegrations"), nillable=False),
    read_only(number("AllowedLicenses", 9), nillable=False),
    read_only(number("UsedLicenses", 9), nillable=False),
    read_only(moment("ExpirationDate")),
    read_only(text("NamespacePrefix", 15), nillable=False),
    *_TIMES,
    **SHOWN,
    name_field="",
)

USER_PACKAGE_LICENSE = sobject(
    "UserPackageLicense",
    "051",
    "User Package License",
    create_only(reference("PackageLicenseId", "PackageLicense", nillable=False)),
    create_only(reference("UserId", "User", relationship="", nillable=False)),
    *audit(deletable=False),
    **{**SETUP, "updateable": False, "searchable": False, "replicateable": False},
    name_field="",
)

_LOGIN_TYPES = (
    "Application", "Remote Access 2.0", "Remote Access Client", "Other Apex API", "SAML Sfdc Initiated SSO",
    "SAML Idp Initiated SSO", "Partner Product", "Data Loader", "Bulk API", "i", "9",
)  # fmt: skip

# What a client says about itself can be shown, grouped and sorted, but not filtered by.
LOGIN_HISTORY = sobject(
    "LoginHistory",
    "0Ya",
    "Login History",
    read_only(reference("UserId", "User", relationship="")),
    read_only(moment("LoginTime"), nillable=False),
    read_only(picklist("LoginType", _LOGIN_TYPES, 40), nillable=False),
    read_only(text("SourceIp", 39)),
    read_only(text("LoginUrl", 255)),
    read_only(reference("AuthenticationServiceId", "AuthProvider", "SamlSsoConfig", relationship="")),
    read_only(reference("LoginGeoId", "LoginGeo")),
    read_only(picklist("TlsProtocol", ("TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3", "Unknown"), 40, restricted=True)),
    read_only(picklist("CipherSuite", (), 40)),
    read_only(boolean("OptionsIsGet"), nillable=False),
    read_only(boolean("OptionsIsPost"), nillable=False),
    read_only(text("Browser", 64, filters=False)),
    read_only(text("Platform", 64, filters=False)),
    read_only(text("Status", 128, filters=False)),
    read_only(text("Application", 64, filters=False)),
    read_only(text("ClientVersion", 64, filters=False)),
    read_only(text("ApiType", 64, filters=False)),
    read_only(text("ApiVersion", 32, filters=False)),
    read_only(text("CountryIso", 3)),
    read_only(picklist("LoginSubType", (), 40)),
    **SHOWN,
    name_field="",
)
