"""Opportunity with its stages, its history and the people on it."""

from __future__ import annotations

from sandbox.salesforce.fields import (
    CREATED,
    IS_DELETED,
    PART,
    SHOWN,
    STAMP,
    TRUELINE_ID,
    audit,
    boolean,
    create_only,
    currency,
    date,
    double,
    long_text,
    looked_up,
    moment,
    number,
    percent,
    picklist,
    read_only,
    reference,
    sobject,
    text,
    viewed,
)  # fmt: skip
from sandbox.salesforce.objects.values import CONTACT_ROLES, FORECAST_CATEGORIES, FORECAST_CODES, LEAD_SOURCES

_OPEN_TASK = "SELECT 1 FROM Task a WHERE a.WhatId = {0}.Id AND a.IsDeleted = 0 AND a.IsClosed = 0"
_OVERDUE_TASK = f"(EXISTS ({_OPEN_TASK} AND a.ActivityDate < today()))"
_OPEN_ACTIVITY = (
    f"(EXISTS ({_OPEN_TASK} UNION ALL SELECT 1 FROM Event a WHERE a.WhatId = {{0}}.Id AND a.IsDeleted = 0 "
    "AND a.ActivityDate >= today()))"
)

OPPORTUNITY = sobject(
    "Opportunity",
    "006",
    "Opportunities",
    reference("AccountId", "Account", children="Opportunities", on_delete="cascade"),
    reference("RecordTypeId", "RecordType", permissionable=False),
    boolean("IsPrivate"),
    text("Name", 120, nillable=False, id_lookup=True),
    long_text("Description"),
    picklist("StageName", (), nillable=False, restricted=True, label="Stage"),
    currency("Amount"),
    percent("Probability", defaulted=True),
    read_only(currency("ExpectedRevenue", label="Expected Amount")),
    double("TotalOpportunityQuantity"),
    date("CloseDate", nillable=False),
    picklist("Type", ("Existing Customer - Upgrade", "Existing Customer - Replacement",
                      "Existing Customer - Downgrade", "New Customer")),
    text("NextStep", 255),
    picklist("LeadSource", LEAD_SOURCES),
    read_only(boolean("IsClosed"), nillable=False),
    read_only(boolean("IsWon"), nillable=False),
    read_only(picklist("ForecastCategory", FORECAST_CODES, 40, restricted=True), nillable=False),
    picklist("ForecastCategoryName", FORECAST_CATEGORIES, restricted=True, defaulted=True, permissionable=False),
    reference("CampaignId", "Campaign", children="Opportunities"),
    read_only(boolean("HasOpportunityLineItem"), nillable=False),
    reference("Pricebook2Id", "Pricebook2", defaulted=True, permissionable=False),
    create_only(reference("ContactId", "Contact", children="Opportunities", relationship="", permissionable=False)),
    read_only(date("LastActivityDate")),
    read_only(number("PushCount")),
    read_only(moment("LastStageChangeDate")),
    read_only(number("FiscalQuarter", compound="Fiscal")),
    read_only(number("FiscalYear", compound="Fiscal")),
    read_only(text("Fiscal", 6)),
    looked_up(boolean("HasOpenActivity", filters=False, sorts=False), _OPEN_ACTIVITY),
    looked_up(boolean("HasOverdueTask", filters=False, sorts=False), _OVERDUE_TASK),
    read_only(reference("LastAmountChangedHistoryId", "OpportunityHistory")),
    read_only(reference("LastCloseDateChangedHistoryId", "OpportunityHistory")),
    *audit(owner=("User",)),
    *viewed(),
    TRUELINE_ID,
    feeds=True,
)  # fmt: skip

OPPORTUNITY_HISTORY = sobject(
    "OpportunityHistory",
    "008",
    "Opportunity: Stage History",
    read_only(reference("OpportunityId", "Opportunity", children="OpportunityHistories", on_delete="cascade")),
    read_only(text("StageName", 255), nillable=False),
    read_only(currency("Amount")),
    read_only(currency("ExpectedRevenue")),
    read_only(date("CloseDate")),
    read_only(percent("Probability")),
    read_only(text("ForecastCategory", 40)),
    read_only(currency("PrevAmount")),
    read_only(date("PrevCloseDate")),
    *CREATED,
    STAMP,
    IS_DELETED,
    **{**SHOWN, "replicateable": True},
    name_field="",
)

OPPORTUNITY_STAGE = sobject(
    "OpportunityStage",
    "01J",
    "Opportunity Stages",
    read_only(text("MasterLabel", 255), nillable=False),
    read_only(text("ApiName", 255), nillable=False),
    read_only(boolean("IsActive"), nillable=False),
    read_only(number("SortOrder")),
    read_only(boolean("IsClosed"), nillable=False),
    read_only(boolean("IsWon"), nillable=False),
    read_only(text("ForecastCategory", 40)),
    read_only(text("ForecastCategoryName", 255)),
    read_only(percent("DefaultProbability")),
    read_only(text("Description", 255)),
    *audit(deletable=False),
    **SHOWN,
    name_field="MasterLabel",
)

CONTACT_ROLE = sobject(
    "OpportunityContactRole",
    "00K",
    "Opportunity Contact Role",
    create_only(reference("OpportunityId", "Opportunity", children="OpportunityContactRoles", on_delete="cascade",
                          nillable=False)),
    reference("ContactId", "Contact", children="OpportunityContactRoles", on_delete="cascade", nillable=False),
    picklist("Role", CONTACT_ROLES, 40, permissionable=False),
    boolean("IsPrimary", permissionable=False),
    *audit(),
    **PART,
    restored=False,
    name_field="",
)  # fmt: skip
