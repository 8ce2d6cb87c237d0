"""Conversions of leads that are a contact already, and the opt-outs that a conversion would lose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from hygiene.known import Readable, blank
from model.changes import Change, Chosen, Convert, Merge, Planned, SetField
from model.evidence import Evidence, RecordKey
from model.streams import Value
from sync.workspace import Workspace

RULE, CONSENT_RULE = "convert-lead", "opt-out-kept"
_FLAGS = ("email_opt_out", "do_not_call")
_DEAL_NAME = 120  # characters
Flags = Mapping[RecordKey, Mapping[str, Value]]


def with_conversions(
    workspace: Workspace,
    merges: Sequence[Merge],
    leads: pl.DataFrame,
    ready: pl.DataFrame,
    stored: Mapping[str, pl.DataFrame],
    survivors: Mapping[RecordKey, RecordKey],
) -> list[Change]:
    """The merges, and a conversion for each lead of `ready` that can be converted.

    `leads` (connection, id, contact_id, sure, why) are all that surely are a contact: where such a lead opted out, its
    contact does too, now and not only when the lead is converted. Where that cannot be written it is not converted.
    """
    leads_now = _flags("leads", stored["leads"], leads.select("connection", "id"))
    contacts_now = _flags("contacts", stored["contacts"], leads.select("connection", pl.col("contact_id").alias("id")))
    by_survivor: dict[RecordKey, Merge] = {merge.key: merge for merge in merges}
    settings: dict[tuple[RecordKey, str], SetField] = {}
    lossy: set[RecordKey] = set()
    for connection, lead_id, contact_id in leads.select("connection", "id", "contact_id").iter_rows():
        lead, contact = RecordKey(connection, "leads", lead_id), RecordKey(connection, "contacts", contact_id)
        for flag in (flag for flag in _FLAGS if leads_now[lead].get(flag) is True):
            reason = f"the lead {lead_id}, which is this contact, opted out"
            if not _may_write(workspace, stored["contacts"], contact, flag):
                lossy.add(lead)
            elif contact in by_survivor:
                by_survivor[contact] = _opted_out(by_survivor[contact], flag, contacts_now, lead, reason)
            elif contacts_now[contact].get(flag) is not True:
                settings[contact, flag] = _opt_out(contact, flag, contacts_now, reason)
    converts = [one for one in _conversions(workspace, ready, stored, survivors) if one.key not in lossy]
    return [*settings.values(), *by_survivor.values(), *converts]


def _opt_out(contact: RecordKey, flag: str, now: Flags, reason: str) -> SetField:
    version = now[contact]["changed_at"]
    seen_at = None if version is None else int(version)
    return SetField(contact, flag, now[contact].get(flag), True, seen_at, reason, CONSENT_RULE)


def _conversions(
    workspace: Workspace,
    leads: pl.DataFrame,
    stored: Mapping[str, pl.DataFrame],
    survivors: Mapping[RecordKey, RecordKey],
) -> list[Convert]:
    """A conversion for each lead whose contact has an account: without one none can be joined."""
    contacts = stored["contacts"]
    homes = contacts.filter(~blank(contacts, "account_id")).select(
        "connection", pl.col("id").alias("contact_id"), "account_id",
        pl.col("changed_at").dt.epoch("us").alias("contact_at"),
    )  # fmt: skip
    plan = workspace.settings.plan
    versions = stored["leads"].select(
        "connection", "id", pl.col("changed_at").dt.epoch("us").alias("seen_at"),
        pl.coalesce("company", "family_name").str.slice(0, _DEAL_NAME).alias("deal_name"),
    )  # fmt: skip
    told = leads.join(homes, on=["connection", "contact_id"]).join(versions, on=["connection", "id"])
    found = []
    for row in told.sort("connection", "id").iter_rows(named=True):
        account = RecordKey(row["connection"], "accounts", row["account_id"])
        change = Convert(
            RecordKey(row["connection"], "leads", row["id"]),
            RecordKey(row["connection"], "contacts", row["contact_id"]),
            survivors.get(account, account),
            row["seen_at"], f"the lead is a contact already: {row['why']}", RULE, (Evidence(row["sure"], row["why"]),),
            plan.convert_status, row["deal_name"] if plan.convert_deal else None, row["contact_at"],
        )  # fmt: skip
        found.append(change)
    sinks = workspace.sinks()
    return [change for change in found if sinks[change.key.connection].refusal(Planned("", change)) is None]


def _flags(stream: str, records: pl.DataFrame, keys: pl.DataFrame) -> Flags:
    """By record its consents and its version."""
    chosen = records.join(keys, on=["connection", "id"], how="semi")
    shown = chosen.select("connection", "id", pl.col("changed_at").dt.epoch("us"), *_FLAGS)
    return {
        RecordKey(row["connection"], stream, row["id"]): {name: row[name] for name in ("changed_at", *_FLAGS)}
        for row in shown.iter_rows(named=True)
    }


def _may_write(workspace: Workspace, contacts: pl.DataFrame, contact: RecordKey, flag: str) -> bool:
    known = Readable(workspace.store.readable()).is_known(contacts, contact.connection, "contacts", flag)
    return known and f"contacts.{flag}" not in workspace.settings.plan.never


def _opted_out(merge: Merge, flag: str, now: Flags, lead: RecordKey, reason: str) -> Merge:
    """The merge with the opt-out among the values of its survivor."""
    values = dict(merge.values)
    if values.get(flag, now[merge.key].get(flag)) is True:
        return merge
    chosen = [one for one in merge.chosen if one.field != flag]
    return replace(
        merge,
        values=tuple({**values, flag: True}.items()),
        chosen=(*chosen, Chosen(flag, True, lead, reason)),
    )
