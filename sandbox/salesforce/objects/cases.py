"""Cases and contracts, as far as accounts and contacts cannot be deleted while they have some."""

from __future__ import annotations

from dataclasses import replace

from sandbox.salesforce.fields import (
    PART,
    audit,
    boolean,
    create_only,
    date,
    email,
    long_text,
    looked_up,
    moment,
    number,
    phone,
    picklist,
    read_only,
    reference,
    sobject,
    text,
    viewed,
)  # fmt: skip
from sandbox.salesforce.objects.values import CONTACT_ROLES

_OF_CONTACT = "(SELECT p.{1} FROM Contact p WHERE p.Id = {0}.ContactId)"

CASE = sobject(
    "Case",
    "500",
    "Cases",
    read_only(reference("MasterRecordId", "Case")),
    read_only(replace(text("CaseNumber", 30, id_lookup=True), defaulted=True), nillable=False),
    reference("ContactId", "Contact", children="Cases", on_delete="restrict"),
    reference("AccountId", "Account", children="Cases", on_delete="restrict"),
    reference("ParentId", "Case", children="Cases"),
    text("SuppliedName", 80),
    email("SuppliedEmail", id_lookup=False),
    text("SuppliedPhone", 40),
    text("SuppliedCompany", 80),
    picklist("Type", ("Mechanical", "Electrical", "Electronic", "Structural", "Other")),
    picklist("Status", ("New", "Working", "Escalated", "Closed"), default="New", permissionable=False),
    picklist("Reason", ("Installation", "Equipment Complexity", "Performance", "Breakdown", "Equipment Design",
                        "Feedback", "Other")),
    picklist("Origin", ("Phone", "Email", "Web")),
    text("Subject", 255),
    picklist("Priority", ("High", "Medium", "Low"), default="Medium"),
    long_text("Description"),
    read_only(boolean("IsClosed"), nillable=False),
    read_only(moment("ClosedDate")),
    boolean("IsEscalated"),
    *audit(owner=("Group", "User")),
    looked_up(phone("ContactPhone"), _OF_CONTACT.replace("{1}", "Phone")),
    looked_up(phone("ContactMobile"), _OF_CONTACT.replace("{1}", "MobilePhone")),
    looked_up(email("ContactEmail", id_lookup=False), _OF_CONTACT.replace("{1}", "Email")),
    *viewed(),
    feeds=True,
    name_field="CaseNumber",
)  # fmt: skip

CASE_CONTACT_ROLE = sobject(
    "CaseContactRole",
    "03j",
    "Case Contact Role",
    create_only(reference("CasesId", "Case", children="CaseContactRoles", on_delete="cascade", nillable=False,
                          relationship="Cases")),
    reference("ContactId", "Contact", children="CaseContactRoles", on_delete="cascade", nillable=False),
    picklist("Role", ("Technical Contact", "Business Contact", "Decision Maker", "Other"), 40),
    *audit(),
    **PART,
    name_field="",
)  # fmt: skip

CONTRACT = sobject(
    "Contract",
    "800",
    "Contracts",
    reference("AccountId", "Account", children="Contracts", on_delete="restrict", nillable=False),
    date("StartDate"),
    read_only(date("EndDate")),
    number("ContractTerm", 4),
    picklist("Status", ("Draft", "In Approval Process", "Activated"), 40, nillable=False, default="Draft"),
    reference("CustomerSignedId", "Contact", children="ContractsSigned", on_delete="restrict"),
    date("CustomerSignedDate"),
    long_text("Description"),
    read_only(replace(text("ContractNumber", 30, id_lookup=True), defaulted=True), nillable=False),
    *audit(owner=("User",)),
    *viewed(),
    name_field="ContractNumber",
)

CONTRACT_CONTACT_ROLE = sobject(
    "ContractContactRole",
    "02a",
    "Contract Contact Role",
    create_only(reference("ContractId", "Contract", children="ContractContactRoles", on_delete="cascade",
                          nillable=False)),
    reference("ContactId", "Contact", children="ContractContactRoles", on_delete="cascade", nillable=False),
    picklist("Role", CONTACT_ROLES, 40),
    boolean("IsPrimary"),
    *audit(),
    **PART,
    name_field="",
)  # fmt: skip
