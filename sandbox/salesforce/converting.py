"""Converting leads: the person becomes or joins a contact at an account, with an opportunity where one is wanted."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from sandbox.clock import SandboxClock
from sandbox.salesforce.actor import Actor
from sandbox.salesforce.database import Database, Row
from sandbox.salesforce.derived import derive
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.records import Records
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.times import text_of_ms

_ADDRESS = ("Street", "City", "State", "PostalCode", "Country", "Latitude", "Longitude", "GeocodeAccuracy")
# Field of the new record -> field of the lead, as the platform maps its standard fields.
TO_ACCOUNT = {
    "Name": "Company",
    **{name: name for name in ("Phone", "Fax", "Website", "Industry", "Rating", "AnnualRevenue", "NumberOfEmployees")},
    "AccountSource": "LeadSource",
    "DunsNumber": "CompanyDunsNumber",
    **{f"Billing{part}": part for part in _ADDRESS},
}
TO_CONTACT = {
    **{name: name for name in ("Salutation", "FirstName", "LastName", "Title", "Email", "Phone", "MobilePhone", "Fax")},
    **{name: name for name in ("Description", "LeadSource", "HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall")},
    "IndividualId": "IndividualId",
    **{f"Mailing{part}": part for part in _ADDRESS},
}


@dataclass(frozen=True, slots=True)
class LeadConvert:
    """One lead to convert; the ids name records to join instead of making new ones, ids have 18 characters."""

    lead_id: str
    status: str
    account_id: str | None = None
    contact_id: str | None = None
    opportunity_id: str | None = None
    opportunity: bool = True  # make one when none is named
    opportunity_name: str | None = None  # the company's name by default
    owner_id: str | None = None  # of what is new; the lead's owner by default
    overwrite_lead_source: bool = False  # of the contact joined
    any_account: bool = False  # also one that a duplicate rule warns of
    any_contact: bool = False


@dataclass(frozen=True, slots=True)
class Converted:
    """The records a lead ended up in."""

    account_id: str
    contact_id: str
    opportunity_id: str | None


class Converting:
    """The lead conversions of one org; they cannot be undone."""

    def __init__(self, database: Database, schema: Schema, clock: SandboxClock, records: Records) -> None:
        self._database = database
        self._schema = schema
        self._clock = clock
        self._records = records

    def convert(self, wanted: LeadConvert, actor: Actor) -> Converted:
        actor = replace(actor, auto_assign=False)
        with self._database.transaction():
            lead = self._lead(wanted)
            owner = self._owner(wanted, lead)
            self._check_join(wanted)
            account = self._join_account(wanted, lead, owner, _allowing(actor, wanted.any_account))
            contact = self._join_contact(wanted, lead, account, owner, _allowing(actor, wanted.any_contact))
            opportunity = self._join_opportunity(wanted, lead, account, contact, owner, actor)
            done = Converted(account, contact, opportunity)
            self._move_members(lead["Id"], contact, actor)
            self._move_activities(lead["Id"], done, actor)
            self._close(wanted, done, actor)
        return done

    def _lead(self, wanted: LeadConvert) -> Row:
        lead = self._records.existing(self._schema.get("Lead"), wanted.lead_id)
        if lead["IsConverted"]:
            raise ApiError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", [])
        statuses = self._database.rows(self._schema.get("LeadStatus"), "ApiName = ? AND IsConverted", (wanted.status,))
        if not statuses:
            raise ApiError("INVALID_STATUS", f"invalid convertedStatus: {wanted.status}", ["Status"])
        return lead

    def _owner(self, wanted: LeadConvert, lead: Row) -> str:
        owner = str(wanted.owner_id or lead["OwnerId"])
        users = self._schema.get("User")
        if not owner.startswith(users.prefix):
            message = (
                "Converted objects can only be owned by users.  If the lead is not owned by a user, you must specify a "
                "user for the Owner field."
            )
            raise ApiError("INVALID_OWNER", message, [])
        user = self._database.row(users, owner)
        if user is None:
            raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ["OwnerId"], 400)
        if not user["IsActive"]:
            raise ApiError("INACTIVE_OWNER_OR_USER", "operation performed with inactive user as owner", ["OwnerId"])
        return owner

    def _check_join(self, wanted: LeadConvert) -> None:
        """A contact can be joined only together with its own account, an opportunity only with the account it is of."""
        for kind, record_id in (("Contact", wanted.contact_id), ("Opportunity", wanted.opportunity_id)):
            if record_id is None:
                continue
            row = self._records.existing(self._schema.get(kind), record_id)
            if wanted.account_id is None:
                message = f"An account must be specified along with the {kind.lower()}."
                raise ApiError("MISSING_ARGUMENT", message, ["accountId"])
            if row["AccountId"] != wanted.account_id:
                message = f"The {kind.lower()} {record_id} does not belong to the account {wanted.account_id}."
                raise ApiError("INVALID_CROSS_REFERENCE_KEY", message, ["accountId"], 400)

    def _join_account(self, wanted: LeadConvert, lead: Row, owner: str, actor: Actor) -> str:
        declared = self._schema.get("Account")
        mapped = self._mapped(declared, TO_ACCOUNT, lead)
        if wanted.account_id is None:
            return self._records.create(declared, {**mapped, "OwnerId": owner}, actor)
        return self._fill(declared, wanted.account_id, mapped, actor)

    def _join_contact(self, wanted: LeadConvert, lead: Row, account: str, owner: str, actor: Actor) -> str:
        declared = self._schema.get("Contact")
        mapped = self._mapped(declared, TO_CONTACT, lead)
        if wanted.contact_id is None:
            return self._records.create(declared, {**mapped, "AccountId": account, "OwnerId": owner}, actor)
        source = {"LeadSource": lead["LeadSource"]} if wanted.overwrite_lead_source and lead["LeadSource"] else {}
        return self._fill(declared, wanted.contact_id, mapped, actor, source)

    def _join_opportunity(
        self, wanted: LeadConvert, lead: Row, account: str, contact: str, owner: str, actor: Actor
    ) -> str | None:
        if wanted.opportunity_id is None and not wanted.opportunity:
            return None
        made = wanted.opportunity_id or self._new_opportunity(wanted, lead, account, owner, actor)
        roles = self._schema.get("OpportunityContactRole")
        if not self._database.rows(roles, "OpportunityId = ? AND ContactId = ? AND IsDeleted = 0", (made, contact)):
            role = {"OpportunityId": made, "ContactId": contact, "IsPrimary": wanted.opportunity_id is None}
            self._records.create(roles, role, actor)
        return made

    def _new_opportunity(self, wanted: LeadConvert, lead: Row, account: str, owner: str, actor: Actor) -> str:
        """In the first stage, due at the end of the quarter, for the campaign the lead joined last."""
        stages = self._database.rows(self._schema.get("OpportunityStage"), "IsActive AND NOT IsClosed")
        first = min(stages, key=lambda stage: stage["SortOrder"] or 0, default=None)
        members = self._database.rows(self._schema.get("CampaignMember"), "LeadId = ? AND IsDeleted = 0", (lead["Id"],))
        latest = max(members, key=lambda member: str(member["CreatedDate"]), default=None)
        declared = self._schema.get("Opportunity")
        values = {
            "Name": (wanted.opportunity_name or lead["Company"] or "")[:120],
            "AccountId": account,
            "OwnerId": owner,
            "StageName": first["ApiName"] if first else None,
            "CloseDate": _quarter_end(self._clock.today()).isoformat(),
            "LeadSource": lead["LeadSource"],
            "CampaignId": latest["CampaignId"] if latest else None,
        }
        return self._records.create(declared, self._writable(declared, values), actor)

    def _mapped(self, declared: SObject, fields: Mapping[str, str], lead: Row) -> Row:
        return self._writable(declared, {name: lead.get(source) for name, source in fields.items()})

    def _writable(self, declared: SObject, values: Row) -> Row:
        """The values that are there, in fields the org has: conversion maps what it can."""
        return {
            name: bool(value) if field.type == "boolean" else value
            for name, value in values.items()
            if value not in (None, "") and (field := self._schema.field(declared, name)) and field.createable
        }

    def _fill(self, declared: SObject, record_id: str, mapped: Row, actor: Actor, over: Row | None = None) -> str:
        """Put the lead's values where the record to join has none; a checkbox is never blank."""
        row = self._records.existing(declared, record_id)
        blank = {name: value for name, value in mapped.items() if row[name] in (None, "")}
        if blank or over:
            self._records.update(declared, record_id, {**blank, **(over or {})}, actor)
        return record_id

    def _move_members(self, lead_id: str, contact: str, actor: Actor) -> None:
        """Memberships get the contact and keep the lead; where the contact is a member too, the further one counts."""
        declared = self._schema.get("CampaignMember")
        for row in self._database.rows(declared, "LeadId = ? AND IsDeleted = 0", (lead_id,)):
            twins = self._database.rows(
                declared, "CampaignId = ? AND ContactId = ? AND IsDeleted = 0 AND Id != ?",
                (row["CampaignId"], contact, row["Id"]),
            )  # fmt: skip
            if not twins:
                self._write(declared, row, {"ContactId": contact}, actor)
                continue
            further = row["HasResponded"] and not twins[0]["HasResponded"]
            kept = ("Status", "HasResponded", "FirstRespondedDate") if further else ()
            self._records.bin.delete(declared, row["Id"], actor)
            self._write(declared, twins[0], {"LeadId": lead_id, **{name: row[name] for name in kept}}, actor)

    def _move_activities(self, lead_id: str, done: Converted, actor: Actor) -> None:
        """Tasks and events are with the contact now, and about the opportunity or the account."""
        for name in ("Task", "Event"):
            declared = self._schema.get(name)
            for row in self._database.rows(declared, "WhoId = ? AND IsDeleted = 0", (lead_id,)):
                about = row["WhatId"] or done.opportunity_id or done.account_id
                self._write(declared, row, {"WhoId": done.contact_id, "WhatId": about}, actor)

    def _write(self, declared: SObject, row: Row, values: Row, actor: Actor) -> None:
        """What the platform itself writes: nobody counts as having modified the record."""
        stamp = {"SystemModstamp": text_of_ms(self._clock.now_ms())}
        written = {**derive(self._database, declared.name, row, values), **stamp}
        self._database.update(declared, row["Id"], written)
        self._records.effects.after_write(declared, row, {**row, **written}, actor)

    def _close(self, wanted: LeadConvert, done: Converted, actor: Actor) -> None:
        declared = self._schema.get("Lead")
        self._records.update(declared, wanted.lead_id, {"Status": wanted.status}, actor)
        frozen = {
            "IsConverted": 1,
            "ConvertedDate": self._clock.today().isoformat(),
            "ConvertedAccountId": done.account_id,
            "ConvertedContactId": done.contact_id,
            "ConvertedOpportunityId": done.opportunity_id,
            "IsUnreadByOwner": 0,
        }
        self._database.update(declared, wanted.lead_id, frozen)


def _allowing(actor: Actor, duplicates: bool) -> Actor:
    return replace(actor, allow_duplicates=actor.allow_duplicates or duplicates)


def _quarter_end(day: date) -> date:
    month = (day.month + 2) // 3 * 3
    return day.replace(month=month, day=monthrange(day.year, month)[1])
