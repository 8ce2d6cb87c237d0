"""Converting leads over SOAP into, or onto, a contact and an account. There is no way back from it.

A contact can be joined only together with its account, so a change that names none gets the contact's own. What is made
belongs to the lead's owner; where that is a queue, which can own leads only, to the owner of the account it joins, or
to our user.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors._salesforce_client import Client
from connectors._salesforce_deeds import Deeds
from connectors._salesforce_read import Current, Readback
from connectors._salesforce_soap import MAX_LEADS, convert_call, lead_convert
from connectors.connector import Observed
from model.batch import Batch
from model.changes import Convert, Planned
from model.streams import Value

QUEUE = "00G"  # key prefix of a group


class Converting:
    """Conversions of one org, one unit at a time."""

    def __init__(self, client: Client, readback: Readback) -> None:
        self._client = client
        self._readback = readback
        self._status: str | None = None
        self._before: Mapping[str, Current] = {}
        self._contacts: Mapping[str, Current] = {}
        self._accounts: Mapping[str, Current] = {}

    def guard(self, deeds: Deeds) -> None:
        changes = [_convert(planned) for planned in deeds.batch]
        self._contacts = self._read("contacts", [change.contact.id for change in changes if change.contact])
        owned = [change.account.id for change in changes if change.account]
        owned += [str(one.values.get("account_id")) for one in self._contacts.values()]
        self._before = self._readback.read("leads", [change.key.id for change in changes], "guards")
        has_queue = any(_owner(one).startswith(QUEUE) for one in self._before.values())
        self._accounts = self._read("accounts", owned) if has_queue else {}
        for planned in deeds.batch:
            self._check(deeds, planned, _convert(planned))

    def _read(self, stream: str, ids: Sequence[str]) -> Mapping[str, Current]:
        return self._readback.read(stream, list(dict.fromkeys(ids)), "guards") if ids else {}

    def _check(self, deeds: Deeds, planned: Planned, change: Convert) -> None:
        lead = self._before.get(change.key.id)
        if lead is None or not lead.exists:
            deeds.settle(planned, "conflict", "GONE", "the lead was deleted or merged since it was read")
        elif lead.values.get("is_converted"):
            contact = _contact(lead)
            if change.contact is None or change.contact.id == contact:
                deeds.settle(planned, "already", "", "it was converted already", version=lead.version, made=contact)
            else:
                text = "the lead was converted into another contact"
                deeds.settle(planned, "conflict", "CONVERTED", text, version=lead.version, found=contact)
        elif change.seen_at not in (None, lead.version):
            deeds.settle(planned, "conflict", "MOVED", "the lead was changed since it was read", version=lead.version)
        elif change.contact and self._account(change) is None:
            text = "the contact to join has no account, and Salesforce converts onto a contact of an account only"
            deeds.settle(planned, "rejected", "NO_ACCOUNT", text)

    def _account(self, change: Convert) -> str | None:
        if change.account:
            return change.account.id
        contact = self._contacts.get(change.contact.id) if change.contact else None
        account = contact.values.get("account_id") if contact else None
        return str(account) if account else None

    def call(self, deeds: Deeds, some: Sequence[Planned]) -> list[Planned]:
        leads = []
        for planned in some:
            change = _convert(planned)
            leads.append(
                lead_convert(
                    {
                        "accountId": self._account(change),
                        "contactId": change.contact.id if change.contact else None,
                        "convertedStatus": change.status or self._converted_status(),
                        "doNotCreateOpportunity": change.deal_name is None,
                        "leadId": change.key.id,
                        "opportunityName": change.deal_name,
                        "overwriteLeadSource": False,
                        "ownerId": self._new_owner(change),
                        "sendNotificationEmail": False,
                    }
                )
            )
        self._client.usage.needs("conversions", len(leads), most=MAX_LEADS)
        answers = self._client.soap("convertLead", convert_call(leads))
        locked = []
        for planned, answer in zip(some, answers, strict=False):
            if answer.is_success:
                deeds.accepted[planned.id] = answer.text("contactId")
            elif deeds.refuse(planned, answer.errors):
                locked.append(planned)
        return locked

    def _new_owner(self, change: Convert) -> str | None:
        """Of what is made; None: the lead's owner."""
        if not _owner(self._before[change.key.id]).startswith(QUEUE):
            return None
        account = self._accounts.get(self._account(change) or "")
        return (_owner(account) if account else "") or self._client.user_id

    def _converted_status(self) -> str | None:
        """The org's first status that means converted."""
        if self._status is None:
            rows = self._client.rows(
                "SELECT ApiName FROM LeadStatus WHERE IsConverted = true ORDER BY SortOrder LIMIT 1",
                {},
                kind="describe",
            )
            self._status = str(rows[0].get("ApiName")) if rows else None
        return self._status

    def prove(self, deeds: Deeds, started_us: int) -> Sequence[Batch]:
        now = self._readback.read("leads", [planned.change.key.id for planned in deeds.unproved], "proofs")
        batch = self._readback.last_batch
        for planned in deeds.unproved:
            lead = now.get(planned.change.key.id)
            deeds.settle(planned, "applied", version=lead.version if lead else None, made=deeds.accepted[planned.id])
        return () if batch is None else (batch,)


def observed_conversions(readback: Readback, changes: Sequence[Planned]) -> dict[str, Observed]:
    """By change id, the contact the lead became."""
    now = readback.read("leads", [planned.change.key.id for planned in changes], "observations")
    found = {}
    for planned in changes:
        lead = now.get(planned.change.key.id)
        if lead is None or not lead.exists:
            found[planned.id] = Observed(None, None, exists=False)
        else:
            value: Value = _contact(lead) if lead.values.get("is_converted") else None
            found[planned.id] = Observed(value, lead.version, is_known="is_converted" in lead.values)
    return found


def _convert(planned: Planned) -> Convert:
    assert isinstance(planned.change, Convert)
    return planned.change


def _owner(record: Current) -> str:
    return str(record.values.get("owner_id") or "")


def _contact(lead: Current) -> str | None:
    contact = lead.values.get("converted_contact_id")
    return str(contact) if contact else None
