"""What `check` says of a portal, in words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.hubspot import Hubspot
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


def test_check_with_the_native_integration_on_says_which_writer_owns_what(portal: Portal) -> None:
    portal.app.set_salesforce_integration(True)
    made = portal.app.create("contacts", email="ada@kept.example", salesforcecontactid="0035g000000001mAAA")
    assert made
    portal.app.catch_up_index()
    told = [fact for fact in portal.connect().check().facts if "integration" in fact]
    assert told[0].endswith("its properties exist on accounts, contacts, deals")
    contacts = next(fact for fact in told if fact.startswith("contacts: the native integration keeps 1 record in step"))
    theirs, ours = contacts.split("left to Trueline: ")
    assert "phone" in theirs
    assert "lifecycle_stage" in ours
    assert "email_opt_out" in theirs
    assert "email_opt_out" in ours, "an opt-out gets across whatever the integration's rules say"
    assert "beside_native" in ours
    assert any("company merges" in fact for fact in portal.connect().check().facts)


def test_native_integration_is_told_by_its_properties_and_gone_with_them(portal: Portal) -> None:
    assert portal.connect().native_streams() == ()
    inner = portal.app._portal
    inner.define(inner.kind("companies"), text("salesforceaccountid")[0])
    assert portal.connect().native_streams() == ("accounts",)


def test_native_integration_maps_what_both_crms_have_by_default() -> None:
    native = Hubspot.native_if_on
    assert native is not None
    assert native.fields.keys() == native.links.keys()
    assert {"name", "phone", "owner_id"} <= native.fields["accounts"]
    assert not {"legal_name", "lifecycle_stage"} & native.fields["accounts"]
    assert native.links["contacts"] == ("native_contact_id", "native_lead_id")


def test_native_integration_costs_no_call_beyond_the_descriptions(portal: Portal) -> None:
    portal.app.set_salesforce_integration(True)
    hubspot = portal.connect()
    hubspot.native_streams()
    asked = hubspot.usage.total
    hubspot.native_streams()
    hubspot.describe("contacts")
    assert hubspot.usage.total == asked
    assert set(hubspot.usage.calls) <= {"describe", "auth"}


def test_pull_of_a_portal_with_the_native_integration_tells_the_counterparts(portal: Portal) -> None:
    portal.app.set_salesforce_integration(True)
    portal.app.create("contacts", email="ada@kept.example", salesforceleadid="00Q5g000000001mAAA")
    (batch,) = [page.batch for page in portal.pull("contacts") if len(page.batch)]
    assert batch.custom["native_lead_id"].values == ["00Q5g000000001mAAA"]
    assert batch.custom["native_contact_id"].values == [None]


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
