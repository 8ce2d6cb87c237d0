"""Campaign, its members and their statuses, and the influence campaigns had on opportunities."""

from __future__ import annotations

from sandbox.salesforce.fields import (
    PART,
    SHOWN,
    Field,
    audit,
    boolean,
    create_only,
    currency,
    date,
    double,
    email,
    long_text,
    looked_up,
    number,
    percent,
    phone,
    picklist,
    read_only,
    reference,
    sobject,
    text,
    viewed,
)  # fmt: skip
from sandbox.salesforce.objects.values import LEAD_SOURCES, SALUTATIONS

_MEMBERS = {
    "NumberOfLeads": "c.LeadId IS NOT NULL AND c.ContactId IS NULL",
    "NumberOfConvertedLeads": "c.LeadId IS NOT NULL AND c.ContactId IS NOT NULL",
    "NumberOfContacts": "c.ContactId IS NOT NULL",
    "NumberOfResponses": "c.HasResponded = 1",
}
_DEALS = {"NumberOfOpportunities": "1", "NumberOfWonOpportunities": "c.IsWon = 1"}
_AMOUNTS = {"AmountAllOpportunities": "1", "AmountWonOpportunities": "c.IsWon = 1"}


def _counted(name: str, kind: str, condition: str, what: str = "COUNT(*)") -> Field:
    """A total over the live records of a kind that belong to the campaign."""
    sql = f"(SELECT {what} FROM {kind} c WHERE c.CampaignId = {{0}}.Id AND c.IsDeleted = 0 AND {condition})"
    declared = currency(name, nillable=False) if name.startswith("Amount") else number(name, 9, nillable=False)
    return looked_up(declared, sql)


CAMPAIGN = sobject(
    "Campaign",
    "701",
    "Campaigns",
    text("Name", 80, nillable=False),
    reference("ParentId", "Campaign", children="ChildCampaigns"),
    picklist("Type", ("Conference", "Webinar", "Trade Show", "Public Relations", "Partners", "Referral Program",
                      "Advertisement", "Banner Ads", "Direct Mail", "Email", "Telemarketing", "Other"), 40),
    picklist("Status", ("Planned", "In Progress", "Completed", "Aborted"), 40),
    date("StartDate"),
    date("EndDate"),
    currency("ExpectedRevenue"),
    currency("BudgetedCost"),
    currency("ActualCost"),
    percent("ExpectedResponse", precision=10, scale=2),
    double("NumberSent", 18, 0),
    boolean("IsActive"),
    long_text("Description"),
    *(_counted(name, "CampaignMember", condition) for name, condition in _MEMBERS.items()),
    *(_counted(name, "Opportunity", condition) for name, condition in _DEALS.items()),
    *(_counted(name, "Opportunity", condition, "coalesce(SUM(c.Amount), 0)") for name, condition in _AMOUNTS.items()),
    read_only(date("LastActivityDate")),
    *audit(owner=("User",)),
    *viewed(),
)  # fmt: skip


def _person(declared: Field, contact: str = "", lead: str = "") -> Field:
    """A field of a member that shows the one of its contact, else of its lead."""
    parts = [
        f"(SELECT p.{contact or declared.name} FROM Contact p WHERE p.Id = {{0}}.ContactId)",
        f"(SELECT p.{lead or contact or declared.name} FROM Lead p WHERE p.Id = {{0}}.LeadId)",
    ]
    return looked_up(declared, f"(coalesce({', '.join(parts)}) COLLATE NOCASE)")


_COMPANY = (
    "(coalesce((SELECT a.Name FROM Contact p JOIN Account a ON a.Id = p.AccountId WHERE p.Id = {0}.ContactId), "
    "(SELECT p.Company FROM Lead p WHERE p.Id = {0}.LeadId)) COLLATE NOCASE)"
)
_KIND = "(CASE WHEN {0}.ContactId IS NOT NULL THEN 'Contact' ELSE 'Lead' END COLLATE NOCASE)"

CAMPAIGN_MEMBER = sobject(
    "CampaignMember",
    "00v",
    "Campaign Members",
    create_only(reference("CampaignId", "Campaign", children="CampaignMembers", on_delete="cascade", nillable=False)),
    create_only(reference("LeadId", "Lead", children="CampaignMembers", on_delete="cascade")),
    create_only(reference("ContactId", "Contact", children="CampaignMembers", on_delete="cascade")),
    picklist("Status", ("Sent", "Responded", "Registered", "Attended"), 40),
    read_only(boolean("HasResponded"), nillable=False),
    read_only(date("FirstRespondedDate")),
    _person(picklist("Salutation", SALUTATIONS, 40)),
    _person(text("Name", 121)),
    _person(text("FirstName", 40)),
    _person(text("LastName", 80)),
    _person(text("Title", 128)),
    _person(Field("Street", "textarea", length=255, info="plaintextarea"), "MailingStreet", "Street"),
    _person(text("City", 40), "MailingCity", "City"),
    _person(text("State", 80), "MailingState", "State"),
    _person(text("PostalCode", 20), "MailingPostalCode", "PostalCode"),
    _person(text("Country", 80), "MailingCountry", "Country"),
    _person(email(id_lookup=False)),
    _person(phone("Phone")),
    _person(phone("Fax")),
    _person(phone("MobilePhone")),
    _person(long_text("Description")),
    _person(boolean("DoNotCall")),
    _person(boolean("HasOptedOutOfEmail")),
    _person(boolean("HasOptedOutOfFax")),
    _person(picklist("LeadSource", LEAD_SOURCES)),
    looked_up(text("CompanyOrAccount", 255), _COMPANY),
    looked_up(picklist("Type", ("Lead", "Contact"), 40), _KIND),
    read_only(reference("LeadOrContactId", "Contact", "Lead", relationship="")),
    _person(reference("LeadOrContactOwnerId", "Group", "User", relationship="LeadOrContactOwner"), "OwnerId"),
    *audit(),
    **PART,
)

CAMPAIGN_MEMBER_STATUS = sobject(
    "CampaignMemberStatus",
    "01Y",
    "Campaign Member Statuses",
    create_only(reference("CampaignId", "Campaign", children="CampaignMemberStatuses", on_delete="cascade",
                          nillable=False)),
    text("Label", 765, nillable=False),
    number("SortOrder", 9),
    boolean("IsDefault"),
    boolean("HasResponded"),
    *audit(),
    **{**PART, "layoutable": False},
    name_field="Label",
)  # fmt: skip

CAMPAIGN_INFLUENCE_MODEL = sobject(
    "CampaignInfluenceModel",
    "03V",
    "Campaign Influence Models",
    read_only(text("DeveloperName", 80), nillable=False),
    read_only(picklist("Language", ("en_US",), 40, restricted=True), nillable=False),
    read_only(text("MasterLabel", 80), nillable=False),
    read_only(text("NamespacePrefix", 15)),
    read_only(picklist("ModelType", ("1", "2"), restricted=True)),
    read_only(text("ModelDescription", 255)),
    read_only(boolean("IsDefaultModel"), nillable=False),
    read_only(boolean("IsModelLocked"), nillable=False),
    read_only(boolean("IsActive"), nillable=False),
    read_only(picklist("RecordPreference", ("AllRecords", "RecordsWithAttribution"), restricted=True), nillable=False),
    *audit(),
    **SHOWN,
    name_field="MasterLabel",
)

CAMPAIGN_INFLUENCE = sobject(
    "CampaignInfluence",
    "0KK",
    "Campaign Influences",
    create_only(reference("CampaignId", "Campaign", children="CampaignInfluences", on_delete="cascade",
                          nillable=False)),
    create_only(reference("OpportunityId", "Opportunity", children="CampaignInfluences", on_delete="cascade",
                          nillable=False)),
    create_only(reference("ContactId", "Contact", children="CampaignInfluences", on_delete="cascade")),
    create_only(reference("CampaignMemberId", "CampaignMember", on_delete="cascade")),
    create_only(reference("ModelId", "CampaignInfluenceModel", children="CampaignInfluences", nillable=False)),
    percent("Influence", precision=5, scale=2, defaulted=True),
    read_only(currency("RevenueShare")),
    *audit(),
    **PART,
    name_field="",
)  # fmt: skip
