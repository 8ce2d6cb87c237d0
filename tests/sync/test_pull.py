"""What a pull believes: resumed, counted, and never emptied by a short answer."""

from __future__ import annotations

import json
from collections.abc import Iterator

import polars as pl
import pytest

from model.errors import QuotaSpent
from sandbox.faults import Fault
from sync.pull import StreamPull, pull_all, pull_connection
from sync.records import stored_frames
from sync.workspace import Workspace
from tests.sync.conftest import Crm
from tests.sync.scene import Scene


@pytest.fixture
def crm(scene: Scene) -> Crm:
    """The shared sandbox, put back to where it was."""
    return scene.crm


@pytest.fixture
def workspace(scene: Scene) -> Iterator[Workspace]:
    """A store that was pulled from it before."""
    with scene.open() as opened:
        yield opened


def live(workspace: Workspace, connection: str, stream: str) -> int:
    counts = workspace.store.counts().filter((pl.col("connection") == connection) & (pl.col("stream") == stream))
    return int(counts["live"][0]) if counts.height else 0


def result(results: list[StreamPull], connection: str, stream: str) -> StreamPull:
    return next(one for one in results if (one.connection, one.stream) == (connection, stream))


def test_empty_salesforce_answer_never_empties_the_store(crm: Crm, workspace: Workspace) -> None:
    pull_all(workspace)
    before = live(workspace, "sf", "contacts")
    empty = json.dumps({"totalSize": 0, "done": True, "records": []})
    crm.sandbox.salesforce[0].faults.add(Fault(route="/query", contains="FROM Contact ORDER BY", body=empty))
    again = result(pull_all(workspace, full=True), "sf", "contacts")
    assert live(workspace, "sf", "contacts") == before > 0
    assert again.stopped or again.gaps, "the short read is said, not swallowed"


def test_empty_hubspot_answer_never_empties_the_store(crm: Crm, workspace: Workspace) -> None:
    pull_all(workspace)
    before = live(workspace, "hs", "contacts")
    crm.sandbox.hubspot.faults.add(Fault(route="objects/2026-03/contacts$", method="GET", body='{"results":[]}'))
    again = result(pull_all(workspace, full=True), "hs", "contacts")
    assert live(workspace, "hs", "contacts") == before > 0
    assert again.stopped or again.gaps, "the short read is said, not swallowed"


def test_record_deleted_remotely_is_deleted_here_with_the_next_pull(crm: Crm, workspace: Workspace) -> None:
    pull_all(workspace)
    org, portal = crm.sandbox.salesforce[0].app, crm.sandbox.hubspot.app
    contact, lead = org.rows("Contact")[0]["Id"], org.rows("Lead")[0]["Id"]
    person = portal.rows("contacts")[0]["hs_object_id"]
    org.delete("Contact", str(contact))
    org.delete("Lead", str(lead))
    portal.delete("contacts", str(person))
    pull_all(workspace)
    left = {(row[0], row[1]) for row in workspace.store.frame("contacts").select("connection", "id").iter_rows()}
    assert ("sf", contact) not in left
    assert ("hs", person) not in left
    assert lead not in workspace.store.frame("leads")["id"]


def test_merge_made_by_somebody_else_arrives_with_the_next_pull(crm: Crm, workspace: Workspace) -> None:
    pull_all(workspace)
    portal = crm.sandbox.hubspot.app
    first, second = (str(row["hs_object_id"]) for row in portal.rows("contacts")[:2])
    survivor = str(portal.merge("contacts", first, second))
    portal.catch_up_index()
    pull_all(workspace)
    contacts = workspace.store.frame("contacts", deleted=True, connections=["hs"])
    led = {row[0]: row[1] for row in contacts.select("id", "merged_into").iter_rows() if row[1]}
    assert led == {first: survivor, second: survivor}
    assert survivor in workspace.store.frame("contacts", connections=["hs"])["id"]


def test_second_pull_reads_only_what_changed(crm: Crm, workspace: Workspace) -> None:
    pull_all(workspace)
    crm.sandbox.salesforce[0].app.edit(
        "Contact", str(crm.sandbox.salesforce[0].app.rows("Contact")[3]["Id"]), Title="CEO"
    )
    again = pull_all(workspace)
    contacts = result(again, "sf", "contacts")
    assert not contacts.full
    assert contacts.rows == 1


def test_one_system_out_of_quota_leaves_the_other_pulled(crm: Crm, workspace: Workspace) -> None:
    spent = json.dumps([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}])
    crm.sandbox.salesforce[0].faults.add(Fault(route="/query", status=403, body=spent))
    results = pull_all(workspace)
    stopped = [one for one in results if one.connection == "sf" and one.stopped]
    assert stopped
    assert "sf" in str(stopped[0].stopped)
    assert live(workspace, "hs", "contacts") > 0
    assert QuotaSpent.__name__ not in str(stopped[0].stopped), "a sentence, not a class name"


def test_field_hidden_from_us_is_unknown_and_not_blank(crm: Crm, workspace: Workspace) -> None:
    pull_all(workspace)
    app = crm.sandbox.salesforce[0].app
    app.hide_field("Contact", "Phone")
    try:
        results = pull_all(workspace, full=True)
    finally:
        app.show_field("Contact", "Phone")
    readable = workspace.store.readable().filter(
        (pl.col("connection") == "sf") & (pl.col("stream") == "contacts") & (pl.col("field") == "phone")
    )
    assert readable["readable"].to_list() == [False]
    assert any("phone" in gap.lower() for gap in result(results, "sf", "contacts").gaps)


def test_field_that_is_shown_again_is_read_anew_for_all_records(scene: Scene, workspace: Workspace) -> None:
    def pulled() -> StreamPull:
        with scene.open() as anew:  # a command looks at the fields once
            return result(pull_all(anew), "sf", "contacts")

    app = scene.sf
    hidden, shown = (row["Id"] for row in app.rows("Contact")[:2])
    for number, record, act in ((1, hidden, app.hide_field), (2, shown, app.show_field)):
        act("Contact", "Phone")
        app.clock.turn(700)
        app.edit("Contact", record, Phone=f"+1212555010{number}")
        app.clock.turn(60)
        contacts = pulled()
    assert contacts.full
    assert contacts.gaps == ["shown anew, so that all contacts were read again: phone"]
    held = workspace.store.frame("contacts", columns=["phone"], connections=["sf"]).filter(pl.col("id") == hidden)
    assert held["phone"].to_list() == ["+12125550101"], "set while nobody showed it to us"
    app.edit("Contact", shown, Phone="+12125550103")
    app.clock.turn(60)
    assert not pulled().full


def test_link_made_by_somebody_else_is_seen_though_it_moves_no_date(crm: Crm, workspace: Workspace) -> None:
    pull_all(workspace)
    portal = crm.sandbox.hubspot.app
    lonely = next(row for row in portal.rows("contacts") if not row["associatedcompanyid"])
    company = str(portal.rows("companies")[0]["hs_object_id"])
    before = lonely["lastmodifieddate"]
    portal.associate("contacts", str(lonely["hs_object_id"]), "companies", company)
    assert (portal.row("contacts", str(lonely["hs_object_id"])) or {})["lastmodifieddate"] == before
    workspace.store.reset_watermark("hs", "associations")  # as the daily sweep does
    pull_all(workspace)
    assert account_of(workspace, str(lonely["hs_object_id"])) == company


@pytest.mark.parametrize(
    "was_seen", [pytest.param(True, id="link that was swept"), pytest.param(False, id="link no sweep saw")]
)
def test_link_ended_by_somebody_else_is_gone_though_the_contact_still_names_the_account(
    crm: Crm, workspace: Workspace, was_seen: bool
) -> None:
    pull_all(workspace)
    portal = crm.sandbox.hubspot.app
    rows = portal.rows("contacts")
    linked = next(row for row in rows if row["associatedcompanyid"])
    contact, company = str(linked["hs_object_id"]), str(linked["associatedcompanyid"])
    if not was_seen:
        contact = next(str(row["hs_object_id"]) for row in rows if not row["associatedcompanyid"])
        portal.associate("contacts", contact, "companies", company, types=[1])
        portal.edit("contacts", contact, jobtitle="Clerk")
        portal.clock.turn(600)  # the search knows of it
        [source] = workspace.sources(["hs"])
        for _ in range(2):  # the first one's window ends where the last answer was stamped
            pull_connection(workspace.store, source, "r1", workspace.settings.caps, streams=["contacts"])
    assert account_of(workspace, contact) == company
    portal.dissociate("contacts", contact, "companies", company)
    portal.clock.turn(90_000)
    pull_all(workspace)
    assert account_of(workspace, contact) is None
    held = workspace.store.frame("contacts", columns=["account_id"], connections=["hs"])
    assert held.filter(pl.col("id") == contact)["account_id"].to_list() == [None], "nor does the contact say so"


def account_of(workspace: Workspace, contact: str) -> str | None:
    """The account a contact of HubSpot is linked to, as the stages see it."""
    contacts = stored_frames(workspace.store, ["contacts"])["contacts"]
    seen = contacts.filter((pl.col("connection") == "hs") & (pl.col("id") == contact))
    account: str | None = seen["account_id"].item()
    return account


def test_full_pull_that_could_not_be_counted_marks_what_is_gone_with_the_next_pull(
    crm: Crm, workspace: Workspace
) -> None:
    pull_all(workspace)
    org = crm.sandbox.salesforce[0]
    [source] = workspace.sources(["sf"])

    def pull_leads(*, full: bool = False) -> StreamPull:
        [_, told] = pull_connection(
            workspace.store, source, "r1", workspace.settings.caps, streams=["users", "leads"], full=full
        )
        return told

    [gone, *_] = workspace.store.frame("leads", connections=["sf"])["id"]
    org.app.delete("Lead", gone)
    org.app.clock.turn(90_000)
    org.faults.add(Fault(contains="COUNT() FROM Lead", status=400))
    assert pull_leads(full=True).stopped
    org.faults.clear()
    assert pull_leads().vanished == 1
    assert gone not in workspace.store.frame("leads", connections=["sf"])["id"].to_list()
    assert pull_leads().vanished == 0
