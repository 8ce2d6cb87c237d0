"""HubSpot associations over HTTP: sweeps and changes, labels and primaries, and writing links behind the guard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connectors import _hubspot_links as links_module
from model.batch import Page, Watermark
from model.changes import Associate, Dissociate
from model.evidence import RecordKey
from sandbox.faults import Fault
from sandbox.wire import Request, Response
from tests.connectors.hubspot_portal import TOKEN, Portal, open_portal, planned, rows

CREATE = "/contacts/companies/batch/create"
DAY_S = 24 * 3600


@pytest.fixture
def portal() -> Iterator[Portal]:
    with open_portal() as opened:
        yield opened


def make(portal: Portal, companies: int = 1, contacts: int = 1) -> tuple[list[str], list[str]]:
    return (
        [portal.app.create("companies", name=f"Company {number}") for number in range(companies)],
        [portal.app.create("contacts", firstname=f"Person {number}") for number in range(contacts)],
    )


def ids(pages: list[Page]) -> set[Any]:
    return {row["id"] for row in rows(pages)}


def test_first_pull_sweeps_all_links_with_deterministic_ids(portal: Portal) -> None:
    (acme,), (ada,) = make(portal)
    deal = portal.app.create("deals", dealname="Big", pipeline="default", dealstage="appointmentscheduled")
    portal.app.associate("contacts", ada, "companies", acme)
    portal.app.associate("deals", deal, "companies", acme)
    portal.app.associate("deals", deal, "contacts", ada)
    pages = portal.pull("associations")

    assert all(page.is_full for page in pages)
    assert ids(pages) == {
        f"contacts:{ada}>accounts:{acme}",
        f"deals:{deal}>accounts:{acme}",
        f"deals:{deal}>contacts:{ada}",
    }
    found = {row["id"]: row for row in rows(pages)}
    assert found[f"contacts:{ada}>accounts:{acme}"]["is_primary"] is True
    assert found[f"deals:{deal}>contacts:{ada}"]["is_primary"] is False
    assert found[f"deals:{deal}>contacts:{ada}"]["label"] is None


def test_thousand_records_cost_ten_lists_one_read_and_a_count(portal: Portal) -> None:
    (acme,), people = make(portal, 1, 1005)
    for person in (people[0], people[-1]):
        portal.app.associate("contacts", person, "companies", acme)
    hubspot = portal.connect(streams=("contacts", "associations"))
    pages = list(hubspot.pull("associations", Watermark()))
    assert [len(page.batch) for page in pages] == [1, 1]
    assert hubspot.usage.calls == {"describe": 1, "association": 13, "count": 1}


def test_interrupted_sweep_goes_on_and_stays_full(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    (acme,), people = make(portal, 1, 1005)
    for person in (people[0], people[-1]):
        portal.app.associate("contacts", person, "companies", acme)
    first = next(iter(portal.connect().pull("associations", Watermark())))
    rest = portal.pull("associations", first.watermark)
    assert all(page.is_full for page in rest)
    assert ids([first, *rest]) == {f"contacts:{person}>accounts:{acme}" for person in (people[0], people[-1])}


def test_links_of_changed_records_come_between_the_sweeps(portal: Portal) -> None:
    (acme,), (ada, bob) = make(portal, 1, 2)
    portal.app.clock.turn(600)
    last = portal.pull("associations")[-1]
    for person in (ada, bob):
        portal.app.associate("contacts", person, "companies", acme)
    portal.app.edit("contacts", ada, city="Leeds")
    pages = portal.pull("associations", last.watermark)
    assert not any(page.is_full for page in pages)
    assert ids(pages) == {f"contacts:{ada}>accounts:{acme}"}


def test_sweep_is_due_when_a_midnight_has_passed(portal: Portal) -> None:
    (acme,), (ada,) = make(portal)
    last = portal.pull("associations")[-1]
    portal.app.associate("contacts", ada, "companies", acme)
    portal.app.clock.turn(DAY_S)
    pages = portal.pull("associations", last.watermark)
    assert all(page.is_full for page in pages)
    assert ids(pages) == {f"contacts:{ada}>accounts:{acme}"}


def test_own_labels_are_told_and_primary_is_a_flag(portal: Portal) -> None:
    (acme,), (ada,) = make(portal)
    portal.app.associate("contacts", ada, "companies", acme)

    def label(_: Request, response: Response | None) -> Response:
        assert response is not None
        body = json.loads(response.body)
        body["results"][0]["to"][0]["associationTypes"] += [
            {"category": "USER_DEFINED", "typeId": 101, "label": "Payer"},
            {"category": "USER_DEFINED", "typeId": 100, "label": "Decider"},
        ]
        return Response.of_json(body)

    portal.listener.faults.add(Fault(route="/contacts/companies/batch/read", stage="after", act=label))
    found = rows(portal.pull("associations"))[0]
    assert (found["label"], found["is_primary"]) == ("Decider; Payer", True)


def test_many_links_of_one_record_are_paged_on(portal: Portal) -> None:
    companies, (ada,) = make(portal, 501, 1)
    for company in companies:
        portal.app.associate("contacts", ada, "companies", company)
    found = links_module.read_links(portal.connect()._gateway, "contacts", "accounts", [ada])
    assert {link.to_id for link in found} == set(companies)
    assert sum(link.is_primary for link in found) == 1


def test_source_without_scope_is_a_gap_and_nothing_is_called_gone(portal: Portal) -> None:
    (acme,), (ada,) = make(portal)
    portal.app.associate("contacts", ada, "companies", acme)
    portal.app.revoke_scope("crm.objects.deals.read")
    pages = portal.pull("associations")
    assert ids(pages) == {f"contacts:{ada}>accounts:{acme}"}
    assert not pages[-1].is_full
    assert any("crm.objects.deals.read" in gap for page in pages for gap in page.gaps)


# --- writing ---


def test_primary_link_is_made_and_read_back(portal: Portal) -> None:
    (acme,), (ada,) = make(portal)
    change = portal.link(Associate, ("contacts", ada), ("accounts", acme), "primary")
    sent = portal.connect().send(planned(change))
    assert [outcome.status for outcome in sent.outcomes] == ["applied"]
    assert portal.value("contacts", ada, "associatedcompanyid") == acme
    by_stream = {batch.stream: batch for batch in sent.records}
    assert by_stream["associations"].columns["is_primary"] == [True]
    assert by_stream["contacts"].columns["account_id"] == [acme]


def test_link_there_already_is_not_written(portal: Portal) -> None:
    (acme,), (ada,) = make(portal)
    portal.app.associate("contacts", ada, "companies", acme)
    hubspot = portal.connect()
    change = portal.link(Associate, ("contacts", ada), ("accounts", acme), "primary")
    assert hubspot.send(planned(change)).outcomes[0].status == "already"
    assert "write" not in hubspot.usage.calls


def test_primary_moves_when_the_link_it_replaces_still_stands(portal: Portal) -> None:
    (acme, globex), (ada,) = make(portal, 2)
    portal.app.associate("contacts", ada, "companies", acme)
    change = portal.link(Associate, ("contacts", ada), ("accounts", globex), "primary", replaces=acme)
    assert portal.connect().send(planned(change)).outcomes[0].status == "applied"
    assert portal.value("contacts", ada, "associatedcompanyid") == globex


def test_primary_that_somebody_made_since_the_plan_is_a_conflict(portal: Portal) -> None:
    """A link moves no modified date, so the version alone would let it be replaced unseen."""
    (acme, globex), (ada,) = make(portal, 2)
    change = portal.link(Associate, ("contacts", ada), ("accounts", globex), "primary")
    portal.app.clock.turn(1)
    portal.app.associate("contacts", ada, "companies", acme)
    outcome = portal.connect().send(planned(change)).outcomes[0]
    assert (outcome.status, outcome.found) == ("conflict", acme)
    assert portal.value("contacts", ada, "associatedcompanyid") == acme


def test_primary_somebody_made_in_the_gap_is_detected(portal: Portal) -> None:
    (acme, globex), (ada,) = make(portal, 2)
    change = portal.link(Associate, ("contacts", ada), ("accounts", globex), "primary")

    def strike(_: Request, __: Response | None) -> None:
        portal.app.clock.turn(1)
        portal.app.associate("contacts", ada, "companies", acme)
        portal.app.clock.turn(1)

    portal.listener.faults.add(Fault(route=CREATE, count=1, act=strike))
    outcome = portal.connect().send(planned(change)).outcomes[0]
    assert (outcome.status, outcome.found) == ("overwrote", acme)


def test_link_to_a_missing_company_is_rejected_and_the_others_are_made(portal: Portal) -> None:
    (acme,), (ada, bob) = make(portal, 1, 2)
    changes = planned(
        portal.link(Associate, ("contacts", ada), ("accounts", "999999"), "primary"),
        portal.link(Associate, ("contacts", bob), ("accounts", acme), "primary"),
    )
    first, second = portal.connect().send(changes).outcomes
    assert first.status == "rejected"
    assert first.message
    assert second.status == "applied"


def test_link_is_removed_and_comes_back_as_deleted(portal: Portal) -> None:
    (acme,), (ada,) = make(portal)
    portal.app.associate("contacts", ada, "companies", acme)
    change = portal.link(Dissociate, ("contacts", ada), ("accounts", acme), "")
    hubspot = portal.connect()
    sent = hubspot.send(planned(change))
    assert (sent.outcomes[0].status, sent.outcomes[0].code) == ("applied", "WAS_PRIMARY")
    assert portal.value("contacts", ada, "associatedcompanyid") is None
    removed = next(batch for batch in sent.records if batch.stream == "associations")
    assert removed.columns["is_deleted"] == [True]
    assert hubspot.send(planned(change)).outcomes[0].status == "already"


def test_lost_answer_of_a_link_is_settled_by_reading_back(portal: Portal) -> None:
    (acme,), (ada,) = make(portal)
    portal.listener.faults.add(Fault(route=CREATE, stage="after", drop=True))
    change = portal.link(Associate, ("contacts", ada), ("accounts", acme), "primary")
    assert portal.connect().send(planned(change)).outcomes[0].status == "applied"


def test_lost_request_of_a_link_is_unknown(portal: Portal) -> None:
    (acme,), (ada,) = make(portal)
    portal.listener.faults.add(Fault(route=CREATE, drop=True))
    changes = planned(portal.link(Associate, ("contacts", ada), ("accounts", acme), "primary"))
    hubspot = portal.connect()
    assert hubspot.send(changes).outcomes[0].status == "unknown"
    assert hubspot.observe(changes)[changes[0].id].value is None


def test_observe_tells_the_linked_id(portal: Portal) -> None:
    (acme, globex), (ada,) = make(portal, 2)
    portal.app.associate("contacts", ada, "companies", acme)
    changes = planned(
        portal.link(Associate, ("contacts", ada), ("accounts", globex), "primary"),
        portal.link(Dissociate, ("contacts", ada), ("accounts", acme), "primary"),
        portal.link(Associate, ("contacts", ada), ("accounts", globex), ""),
    )
    observed = portal.connect().observe(changes)
    assert [observed[change.id].value for change in changes] == [acme, acme, None]


def test_batches_put_links_after_fields_and_one_link_of_a_record_in_a_unit(portal: Portal) -> None:
    (acme, globex), (ada, bob) = make(portal, 2, 2)
    changes = planned(
        portal.link(Associate, ("contacts", ada), ("accounts", acme), ""),
        portal.link(Associate, ("contacts", ada), ("accounts", globex), "primary"),
        portal.link(Associate, ("contacts", bob), ("accounts", acme), ""),
        portal.link(Dissociate, ("contacts", bob), ("accounts", globex), ""),
        portal.set_field("contacts", ada, "phone", None, "1"),
    )
    numbers = [[int(one.id[-1]) for one in unit] for unit in portal.connect().batches(changes)]
    assert numbers == [[5], [1, 3], [2], [4]]


@pytest.mark.parametrize(
    ("one", "to", "label", "reason"),
    [
        pytest.param(("accounts", "1"), ("contacts", "2"), "", "not written", id="direction"),
        pytest.param(("deals", "1"), ("contacts", "2"), "primary", "cannot be labelled", id="no-primary"),
    ],
)
def test_link_that_cannot_be_written_is_refused(
    portal: Portal, one: tuple[str, str], to: tuple[str, str], label: str, reason: str
) -> None:
    change = Associate(RecordKey("hs", *one), RecordKey("hs", *to), label, None, "why")
    told = portal.connect().refusal(planned(change)[0])
    assert told is not None
    assert reason in told


def test_own_label_of_the_portal_is_added_beside_those_a_link_has(portal: Portal) -> None:
    person, firm = portal.app.create("contacts", firstname="Ada"), portal.app.create("companies", name="Acme")
    portal.app.associate("contacts", person, "companies", firm)
    made = httpx.post(
        f"{portal.listener.url}/crm/v4/associations/contacts/companies/labels",
        json={"label": "Payer", "name": "payer"},
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    assert made.status_code in (200, 201)
    change = portal.link(Associate, ("contacts", person), ("accounts", firm), "Payer")
    unknown = portal.link(Associate, ("contacts", person), ("accounts", firm), "Nobody")
    assert [outcome.status for outcome in portal.connect().send(planned(change)).outcomes] == ["applied"]
    assert [outcome.code for outcome in portal.connect().send(planned(unknown)).outcomes] == ["NO_LABEL"]
    (link,) = [row for row in rows(portal.pull("associations")) if row["from_id"] == person]
    assert (link["label"], link["is_primary"]) == ("Payer", True)
    taken = portal.link(Dissociate, ("contacts", person), ("accounts", firm), "Payer")
    assert [outcome.status for outcome in portal.connect().send(planned(taken)).outcomes] == ["applied"]
    (link,) = [row for row in rows(portal.pull("associations")) if row["from_id"] == person]
    assert (link["label"], link["is_primary"]) == (None, True)
