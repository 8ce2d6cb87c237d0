"""What the histories of HubSpot's properties tell: who set a value and when, and the hour of a day that was cleared."""

from __future__ import annotations

import json

import pytest

from sandbox.faults import Fault
from tests.connectors.hubspot_portal import open_portal, planned

READ = "/contacts/batch/read"


@pytest.mark.parametrize(("source", "is_exact"), [("CRM_UI", True), ("MERGE_CONTACTS", False)])
def test_time_of_an_entry_that_a_merge_made_is_no_more_than_a_bound(source: str, is_exact: bool) -> None:
    with open_portal() as portal:
        entry = {"value": "CEO", "timestamp": "2026-03-04T16:25:00Z", "sourceType": source, "updatedByUserId": 7}
        answer = {"id": "5", "properties": {"jobtitle": "CEO"}, "propertiesWithHistory": {"jobtitle": [entry]}}
        portal.listener.faults.add(Fault(route=READ, status=200, body=json.dumps({"results": [answer]})))
        told = portal.connect().edits("contacts", {"5": {"title"}})
        assert (told["5", "title"].is_exact, told["5", "title"].by) == (is_exact, "7")


def test_day_that_was_cleared_comes_back_with_its_hour() -> None:
    with open_portal() as portal:
        deal = portal.app.create(
            "deals", dealname="Big", dealstage="appointmentscheduled", closedate="2026-03-04T16:25:00.000Z"
        )
        portal.app.clock.turn(1)
        day = 20_516
        for before, after in ((day, None), (None, day)):
            change = portal.set_field("deals", deal, "close_on", before, after)
            assert [one.status for one in portal.connect().send(planned(change)).outcomes] == ["applied"]
            portal.app.clock.turn(1)
        assert portal.value("deals", deal, "closedate") == "2026-03-04T16:25:00.000Z"
