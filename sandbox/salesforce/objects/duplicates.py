"""The org's own rules against duplicates and the sets of records they found."""

from __future__ import annotations

from sandbox.salesforce.fields import (
    PART,
    SHOWN,
    audit,
    boolean,
    create_only,
    kept,
    looked_up,
    moment,
    number,
    picklist,
    read_only,
    reference,
    sobject,
    text,
    viewed,
)  # fmt: skip

_ON = ("Account", "Contact", "Lead")
_LANGUAGE = read_only(picklist("Language", ("en_US",), 40, restricted=True), nillable=False)
_RULE_NAMES = (
    read_only(picklist("SobjectType", _ON, 40, restricted=True), nillable=False),
    read_only(text("DeveloperName", 80), nillable=False),
    _LANGUAGE,
    read_only(text("MasterLabel", 80), nillable=False),
    read_only(text("NamespacePrefix", 15)),
    read_only(picklist("SobjectSubtype", ("None", "PersonAccount"), restricted=True)),
)
_SIZE = "(SELECT COUNT(*) FROM DuplicateRecordItem i WHERE i.DuplicateRecordSetId = {0}.Id AND i.IsDeleted = 0)"

DUPLICATE_RULE = sobject(
    "DuplicateRule",
    "0Bm",
    "Duplicate Rules",
    *_RULE_NAMES,
    read_only(boolean("IsActive"), nillable=False),
    *audit(),
    read_only(moment("LastViewedDate")),
    **{**SHOWN, "replicateable": True},
    name_field="MasterLabel",
)

MATCHING_RULE = sobject(
    "MatchingRule",
    "0JD",
    "Matching Rules",
    *_RULE_NAMES,
    read_only(picklist("MatchEngine", ("FuzzyMatchEngine", "ExactMatchEngine"), restricted=True)),
    read_only(text("BooleanFilter", 255)),
    read_only(text("Description", 255)),
    read_only(picklist("RuleStatus", ("Inactive", "DeactivationFailed", "Activating", "Deactivating", "Active",
                                      "ActivationFailed"), restricted=True), nillable=False),
    *audit(),
    **SHOWN,
    name_field="MasterLabel",
)  # fmt: skip

MATCHING_RULE_ITEM = sobject(
    "MatchingRuleItem",
    "0JE",
    "Matching Rule Items",
    read_only(reference("MatchingRuleId", "MatchingRule", children="MatchingRuleItems", on_delete="cascade"),
              nillable=False),
    read_only(number("SortOrder", 9), nillable=False),
    read_only(picklist("Field", ())),
    read_only(picklist("MatchingMethod", ("Exact", "FirstName", "LastName", "CompanyName", "Phone", "City", "Street",
                                          "Zip", "Title"), restricted=True)),
    kept(picklist("BlankValueBehavior", ("MatchBlanks", "NullNotAllowed"), restricted=True)),
    *audit(),
    **SHOWN,
    name_field="",
)  # fmt: skip

DUPLICATE_RECORD_SET = sobject(
    "DuplicateRecordSet",
    "0GK",
    "Duplicate Record Sets",
    kept(text("Name", 255)),
    create_only(reference("DuplicateRuleId", "DuplicateRule", children="DuplicateRecordSets")),
    looked_up(number("RecordCount", 9), _SIZE),
    *audit(),
    *viewed(),
    updateable=False,
)

DUPLICATE_RECORD_ITEM = sobject(
    "DuplicateRecordItem",
    "0GL",
    "Duplicate Record Items",
    kept(text("Name", 255)),
    create_only(reference("DuplicateRecordSetId", "DuplicateRecordSet", children="DuplicateRecordItems",
                          on_delete="cascade", nillable=False)),
    create_only(reference("RecordId", "Account", "Contact", "Individual", "Lead", children="DuplicateRecordItems",
                          on_delete="cascade", nillable=False, relationship="Record")),
    *audit(),
    **{**PART, "undeletable": True},
)  # fmt: skip
