"""Properties that HubSpot computes from others when a record is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.stage_times import stage_property, stage_times, time_inputs
from sandbox.hubspot.values import as_text

Values = Mapping[str, str | None]
# By object the properties that hold a telephone number, and where its searchable form stands.
PHONES = {
    "contacts": {
        "phone": "hs_searchable_calculated_phone_number",
        "mobilephone": "hs_searchable_calculated_mobile_number",
    },
    "companies": {"phone": "hs_searchable_calculated_phone_number"},
}
DEAL_INPUTS = ("amount", "deal_currency_code", "dealstage")
# What `of_deal` computes of them.
OF_DEAL = (
    *("hs_is_closed", "hs_is_closed_won", "hs_is_closed_lost", "hs_deal_stage_probability"),
    *("hs_projected_amount", "hs_closed_amount", "amount_in_home_currency"),
)


def inputs(portal: Portal, kind: Kind, new: Iterable[str]) -> set[str]:
    """What `derived` reads of a record of which the properties `new` are written."""
    found: set[str] = set(kind.stage_fields or ())
    field = stage_property(kind)
    if field and field in new:
        found |= {field, *time_inputs(portal.stage_ids(kind))}
    return found | (set(DEAL_INPUTS) if kind.plural == "deals" else set())


def derived(portal: Portal, kind: Kind, old: Values, new: Values, now: str) -> dict[str, str | None]:
    """The computed properties that follow from the changes `new` to a record that held `old`."""
    found: dict[str, str | None] = {}
    if "hubspot_owner_id" in new:
        found["hubspot_owner_assigneddate"] = now if new["hubspot_owner_id"] else None
    if kind.plural == "contacts" and "email" in new:
        found["hs_email_domain"] = (new["email"] or "").partition("@")[2] or None
    for name, searchable in PHONES.get(kind.plural, {}).items():
        if name in new:
            digits = "".join(letter for letter in new[name] or "" if letter.isdigit())
            # Area code and local number, without the country's.
            found[searchable] = digits[-10:] or None
    field = stage_property(kind)
    if field and field in new and new[field] != old.get(field):
        found |= stage_times(old, old.get(field), new[field], now)
        if kind.plural == "deals" and new[field]:
            found["hs_v2_date_entered_current_stage"] = now
    if kind.plural == "deals" and new.keys() & set(DEAL_INPUTS):
        found |= of_deal(portal, {**old, **new})
    return found


def of_deal(portal: Portal, values: Values) -> dict[str, str | None]:
    """The properties `OF_DEAL` of a deal that holds these `DEAL_INPUTS`; none for an unknown stage."""
    stage = portal.stages("deals").get(values.get("dealstage") or "")
    if stage is None:
        return {}
    amount = float(values["amount"] or 0) if values.get("amount") else None
    is_won = stage.is_closed and stage.probability >= 1
    is_home = values.get("deal_currency_code") in (None, portal.settings.currency)
    return {
        "hs_is_closed": as_text(stage.is_closed),
        "hs_is_closed_won": as_text(is_won),
        "hs_is_closed_lost": as_text(stage.is_closed and not is_won),
        "hs_deal_stage_probability": as_text(stage.probability),
        "hs_projected_amount": None if amount is None else as_text(round(amount * stage.probability, 4)),
        "hs_closed_amount": None if amount is None else as_text(amount if is_won else 0.0),
        "amount_in_home_currency": as_text(amount) if amount is not None and is_home else None,
    }
