"""The fixtures that give each test a CRM of its own."""

from __future__ import annotations

import httpx
import pytest

from sandbox.hubspot import HubspotApp
from sandbox.salesforce import SalesforceApp
from tests.wire import Wire

LIST = "/crm/v3/objects/companies"


@pytest.mark.parametrize("turn", [1, 2])
def test_wire_begins_anew_for_every_test(
    salesforce_wire: Wire[SalesforceApp], hubspot_wire: Wire[HubspotApp], turn: int
) -> None:
    for wire in (salesforce_wire, hubspot_wire):
        assert (wire.changes(), wire.calls(), wire.faults.to_json()) == ([], {}, [])
    headers = {"Authorization": f"Bearer {hubspot_wire.credentials['token']}"}
    with httpx.Client(base_url=hubspot_wire.url, headers=headers, verify=False) as client:
        hubspot_wire.faults.raise_("hubspot.503", stage="after")
        assert client.post(LIST, json={"properties": {"name": f"Turn {turn}"}}).status_code == 503
    assert hubspot_wire.calls() == {"write": 1}
    assert [one.change for one in hubspot_wire.changes() if one.table == "companies"] == ["added"]
    contact = salesforce_wire.app.rows("Contact")[0]["Id"]
    salesforce_wire.app.edit("Contact", contact, Phone="7")
    assert "Phone" in next(one.fields for one in salesforce_wire.changes() if one.table == "Contact")
