"""What `check` says of a portal, in words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from model.errors import AuthFailed
from sandbox.faults import Fault
from sandbox.hubspot.definition import text
from tests.connectors.hubspot_portal import Portal, open_portal


@pytest.fixture
def portal() -> Iterator[Portal]:
    with open_portal() as opened:
        yield opened


def test_check_tells_portal_zone_currency_streams_and_allowance(portal: Portal) -> None:
    access = portal.connect().check()
    told = "\n".join(access.facts)
    assert access.identity == f"HubSpot portal {portal.app.settings.portal_id}"
    assert "time zone UTC" in told
    assert "currency EUR" in told
    assert "contacts: may be read" in told
    assert "crm.objects.contacts.write" in told
    assert "of 650,000 used" in told
    assert "Salesforce" not in told
    assert access.problems == ()


def test_check_names_missing_scopes_per_stream_and_goes_on(portal: Portal) -> None:
    portal.app.revoke_scope("crm.objects.deals.read")
    portal.app.revoke_scope("crm.schemas.deals.read")
    portal.app.revoke_scope("crm.objects.owners.read")
    access = portal.connect().check()
    assert any(p.startswith("users cannot be read") and "crm.objects.owners.read" in p for p in access.problems)
    assert any(p.startswith("deals cannot be read") and "crm.objects.deals.read" in p for p in access.problems)
    assert "contacts: may be read" in access.facts


def test_check_sees_the_native_salesforce_integration_by_its_properties(portal: Portal) -> None:
    inner = portal.app._portal
    inner.define(inner.kind("companies"), text("salesforceaccountid")[0])
    told = [fact for fact in portal.connect().check().facts if "native Salesforce integration" in fact]
    assert len(told) == 1
    assert "accounts" in told[0]


def test_check_with_a_refused_token_fails_auth(portal: Portal) -> None:
    portal.app.expire_tokens()
    with pytest.raises(AuthFailed):
        portal.connect().check()


def test_check_without_account_details_says_what_follows(portal: Portal) -> None:
    portal.listener.faults.add(Fault(route="/account-info/", status=403, body="{}"))
    told = "\n".join(portal.connect().check().facts)
    assert "amounts of money stay unknown" in told


def test_check_asks_only_for_the_streams_of_the_settings(portal: Portal) -> None:
    told = "\n".join(portal.connect(streams=("contacts",)).check().facts)
    assert "deals" not in told
