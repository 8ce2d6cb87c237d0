"""The properties that the native Salesforce integration brings; its presence is told by them."""

from __future__ import annotations

from dataclasses import replace

from sandbox.hubspot.definition import Definition, choice, flag, moment, text
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.schema import group_of

_SHARED = [
    *text("hs_salesforceownerid", read_only=True),
    *moment("salesforcelastsynctime", read_only=True),
    *flag("salesforcedeleted", read_only=True),
]
PROPERTIES: dict[str, list[Definition]] = {
    "contacts": [
        *text("salesforceaccountid", "salesforcecontactid", "salesforceleadid", read_only=True),
        *choice("hs_salesforcecampaignids", (), many=True, read_only=True),
        *_SHARED,
    ],
    "companies": [*text("salesforceaccountid", read_only=True), *_SHARED],
    "deals": [*text("hs_salesforceopportunityid", read_only=True), *_SHARED],
}


def define(portal: Portal, *, on: bool) -> None:
    """Let the properties exist, or not exist any more."""
    for plural, definitions in PROPERTIES.items():
        kind = portal.kind(plural)
        for definition in definitions:
            if on or definition.name in portal.definitions(kind):
                portal.define(kind, replace(definition, group=group_of(kind), archived=not on))
