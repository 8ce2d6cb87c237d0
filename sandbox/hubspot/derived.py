"""Properties that HubSpot computes from others when a record is written."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.portal import Portal, stage_slug
from sandbox.hubspot.values import as_text

Values = Mapping[str, str | None]
# What the functions below read, so that a writer knows which old values to fetch.
INPUTS = {
    "contacts": ("email", "phone", "hubspot_owner_id"),
    "companies": ("hubspot_owner_id",),
    "deals": ("pipeline", "dealstage", "amount", "hubspot_owner_id"),
    "tickets": ("hs_pipeline", "hs_pipeline_stage", "hubspot_owner_id"),
}


def derived(portal: Portal, kind: Kind, old: Values, new: Values, now: str) -> dict[str, str | None]:
    """The computed properties that follow from the changes `new` to a record that held `old`."""
    found: dict[str, str | None] = {}
    if "hubspot_owner_id" in new:
        found["hubspot_owner_assigneddate"] = now if new["hubspot_owner_id"] else None
    if kind.plural == "contacts":
        found |= _of_contact(new)
    if kind.stage_fields:
        found |= _of_stage(portal, kind, kind.stage_fields[1], old, new, now)
    if kind.plural == "deals" and new.keys() & {"dealstage", "amount"}:
        found |= _of_deal(portal, {**old, **new})
    return found


def _of_contact(new: Values) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    if "email" in new:
        found["hs_email_domain"] = (new["email"] or "").partition("@")[2] or None
    if "phone" in new:
        digits = "".join(letter for letter in new["phone"] or "" if letter.isdigit())
        # Area code and local number, without the country's.
        found["hs_searchable_calculated_phone_number"] = digits[-10:] or None
    return found


def _of_stage(portal: Portal, kind: Kind, field: str, old: Values, new: Values, now: str) -> dict[str, str | None]:
    stage, before = new.get(field), old.get(field)
    if not stage or stage == before:
        return {}
    found: dict[str, str | None] = {f"hs_v2_date_entered_{stage_slug(stage)}": now}
    if before and before in portal.stages(kind.plural):
        found[f"hs_v2_date_exited_{stage_slug(before)}"] = now
    if kind.plural == "deals":
        found["hs_v2_date_entered_current_stage"] = now
    return found


def _of_deal(portal: Portal, values: Values) -> dict[str, str | None]:
    stage = portal.stages("deals").get(values.get("dealstage") or "")
    if stage is None:
        return {}
    amount = float(values["amount"] or 0) if values.get("amount") else None
    is_won = stage.is_closed and stage.probability >= 1
    return {
        "hs_is_closed": as_text(stage.is_closed),
        "hs_is_closed_won": as_text(is_won),
        "hs_is_closed_lost": as_text(stage.is_closed and not is_won),
        "hs_deal_stage_probability": as_text(stage.probability),
        "hs_projected_amount": None if amount is None else as_text(round(amount * stage.probability, 4)),
        "hs_closed_amount": None if amount is None else as_text(amount if is_won else 0.0),
    }
