"""What an administrator has set up in an org and every write obeys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

OnDuplicate = Literal["allow", "alert", "block"]

# Fields whose changes are kept in AccountHistory and its like. An org begins with none in Salesforce; the sandbox
# begins with those that two-way synchronisation writes, so that a lost change can be found.
TRACKED = {
    "Account": ("Name", "OwnerId", "ParentId", "Phone", "Website", "Industry", "Type", "AnnualRevenue",
                "NumberOfEmployees", "BillingStreet", "BillingCity", "BillingState", "BillingPostalCode",
                "BillingCountry"),
    "Contact": ("FirstName", "LastName", "AccountId", "OwnerId", "Email", "Phone", "MobilePhone", "Title", "Department",
                "LeadSource", "HasOptedOutOfEmail", "DoNotCall", "MailingStreet", "MailingCity", "MailingState",
                "MailingPostalCode", "MailingCountry"),
    "Lead": ("FirstName", "LastName", "Company", "OwnerId", "Status", "Email", "Phone", "MobilePhone", "Title",
             "LeadSource", "Industry", "HasOptedOutOfEmail", "DoNotCall"),
    "Opportunity": ("Name", "AccountId", "OwnerId", "StageName", "Amount", "CloseDate", "Probability", "NextStep",
                    "LeadSource", "Type", "CampaignId"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ValidationRule:
    """Refuses every record for which `condition`, as after WHERE in SOQL, holds."""

    sobject: str
    condition: str
    message: str
    field: str = ""  # where the message is shown; blank: at the top of the page


@dataclass(frozen=True, slots=True)
class DuplicateRule:
    """Looks for records that agree with the written one in all `fields`, letter case aside; a blank agrees with none.

    An alert stands in the way of a write that does not allow it by its header, a block of every write; what passes an
    alert or is allowed is noted in a DuplicateRecordSet.
    """

    name: str
    sobject: str
    fields: tuple[str, ...]
    on_create: OnDuplicate = "alert"
    on_update: OnDuplicate = "alert"
    against: str = ""  # the object that is searched; blank: the same
    message: str = "Use one of these records?"


@dataclass(slots=True)
class Rules:
    """Read at every write: a test changes them while the org is in use."""

    assignment: dict[str, str] = field(default_factory=dict)  # sObject name -> the owner its rule chooses
    denied: set[tuple[str, str]] = field(default_factory=set)  # sObject and operation the API user has no right to
    locked: dict[str, str] = field(default_factory=dict)  # record id -> the code that refuses its change
    inactive_owner_blocks: bool = False  # every update of a record whose owner has left is refused
    redundant_relations_block: bool = True  # merging what has an indirect relation to the same third record is refused
    former_account_goes: bool = False  # a contact that gets another account keeps no relation to the one before
    newest_individual_survives: bool = False  # a merge keeps the privacy record changed last, not the master's
    validations: list[ValidationRule] = field(default_factory=list)
    duplicates: list[DuplicateRule] = field(default_factory=list)
    tracked: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(TRACKED))
