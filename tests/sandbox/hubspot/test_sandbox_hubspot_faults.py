"""Faults on a real portal: single inputs of a batch, pages, and what other people do between two calls."""

from __future__ import annotations

import json
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest
from hubspot import HubSpot
from hubspot.crm.contacts import ApiException

from sandbox.desk import FaultDesk
from tests.sandbox.hubspot.conftest import Account

CONTACTS = "/crm/v3/objects/contacts"


@pytest.fixture
def faults(account: Account) -> FaultDesk:
    return account.faults


def updates(*ids: str) -> dict[str, object]:
    return {"inputs": [{"id": one, "properties": {"phone": "7"}} for one in ids]}


def test_input_not_found_in_an_update_is_named_and_the_others_are_written(account: Account, faults: FaultDesk) -> None:
    faults.raise_("hubspot.OBJECT_NOT_FOUND", rows=(2,))
    answer = account.post(f"{CONTACTS}/batch/update", updates("1", "2", "3"))
    assert answer.status_code == 207
    assert answer.json()["errors"][0]["context"]["ids"] == ["2"]
    phones = [(account.app.row("contacts", one) or {})["phone"] for one in ("1", "2", "3")]
    assert phones == ["7", None, "7"]


def test_input_not_found_in_a_read_is_named(account: Account, faults: FaultDesk) -> None:
    faults.raise_("hubspot.OBJECT_NOT_FOUND", row_contains='"3"')
    answer = account.post(f"{CONTACTS}/batch/read", {"inputs": [{"id": "1"}, {"id": "3"}]})
    assert answer.status_code == 207
    assert [one["id"] for one in answer.json()["results"]] == ["1"]


@pytest.mark.parametrize(("traced", "status", "made"), [(False, 409, 0), (True, 207, 1)])
def test_input_in_conflict_fails_a_create_alone_only_when_all_are_traced(
    account: Account, faults: FaultDesk, traced: bool, status: int, made: int
) -> None:
    faults.raise_("hubspot.CONFLICT", rows=(1,), existing_id=99)
    before = account.app.count("contacts")
    inputs = [{"properties": {"lastname": str(n)}} | ({"objectWriteTraceId": f"t{n}"} if traced else {}) for n in "ab"]
    answer = account.post(f"{CONTACTS}/batch/create", {"inputs": inputs})
    assert answer.status_code == status
    assert "Existing ID: 99" in answer.text
    assert account.app.count("contacts") == before + made


def test_invalid_input_of_an_update_fails_the_whole(account: Account, faults: FaultDesk) -> None:
    faults.raise_("hubspot.VALIDATION_ERROR.INVALID_OPTION", rows=(2,), property_name="lifecyclestage")
    answer = account.post(f"{CONTACTS}/batch/update", updates("1", "2"))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["context"] == {"propertyName": ["lifecyclestage"]}
    assert (account.app.row("contacts", "1") or {})["phone"] is None


def test_missing_scopes_name_those_that_were_given(account: Account, faults: FaultDesk) -> None:
    faults.raise_("hubspot.MISSING_SCOPES", scopes=["crm.export"])
    context = account.get(CONTACTS).json()["errors"][0]["context"]
    assert context == {"requiredGranularScopes": ["crm.export"]}


def ids(answer: httpx.Response) -> list[str]:
    return [one["id"] for one in answer.json()["results"]]


@pytest.mark.parametrize(
    ("name", "found", "goes_on"),
    [
        pytest.param("ends_early", ["1", "2"], False, id="ends early"),
        pytest.param("loses_rows", ["1"], True, id="loses rows"),
        pytest.param("empty_page", [], True, id="empty page"),
    ],
)
def test_paging_fault_changes_the_page(
    account: Account, faults: FaultDesk, name: str, found: list[str], goes_on: bool
) -> None:
    faults.raise_(f"hubspot.paging.{name}")
    answer = account.get(CONTACTS, limit=2)
    assert ids(answer) == found
    assert ("paging" in answer.json()) is goes_on


def test_paging_link_to_another_host_keeps_its_query(account: Account, faults: FaultDesk) -> None:
    faults.raise_("hubspot.paging.elsewhere")
    following = account.get(CONTACTS, limit=2).json()["paging"]["next"]
    assert following["link"] == f"http://elsewhere.example{CONTACTS}?limit=2&after=3"
    assert following["after"] == "3"


def test_paging_that_repeats_gives_the_same_page_of_lists_and_searches(account: Account, faults: FaultDesk) -> None:
    faults.raise_("hubspot.paging.repeats")
    after = account.get(CONTACTS, limit=2).json()["paging"]["next"]["after"]
    assert ids(account.get(CONTACTS, limit=2, after=after)) == ["1", "2"]
    after = account.search("contacts", limit=2).json()["paging"]["next"]["after"]
    assert ids(account.search("contacts", limit=2, after=after)) == ["1", "2"]


def test_paging_with_duplicates_repeats_a_row_across_pages(account: Account, faults: FaultDesk) -> None:
    faults.raise_("hubspot.paging.duplicates")
    first = account.get(CONTACTS, limit=2)
    second = account.get(CONTACTS, limit=2, after=first.json()["paging"]["next"]["after"])
    assert ids(first) + ids(second) == ["1", "2", "2", "3", "4"]


def test_world_scope_is_revoked_and_tokens_expire_in_mid_run(account: Account, faults: FaultDesk) -> None:
    faults.raise_("hubspot.scope_revoked", nth=2, scope="crm.objects.contacts.read")
    faults.raise_("hubspot.tokens_expire", nth=3)
    answers = [account.get(CONTACTS) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 403, 401]
    assert answers[1].json()["category"] == "MISSING_SCOPES"


def test_world_refused_refresh_locks_an_oauth_app_out(account: Account, faults: FaultDesk) -> None:
    form = {"grant_type": "refresh_token", "client_id": "sandbox-client", "client_secret": "sandbox-secret"}
    form["refresh_token"] = "sandbox-refresh"
    assert account.client.post("/oauth/v1/token", data=form).status_code == 200
    faults.raise_("hubspot.refresh_refused")
    assert account.client.post("/oauth/v1/token", data=form).json()["status"] == "BAD_REFRESH_TOKEN"


def test_world_daily_limit_is_reached_in_mid_run(account: Account, faults: FaultDesk) -> None:
    account.app.limits.enabled = True
    faults.raise_("hubspot.daily_limit_reached", nth=2, left=1)
    answers = [account.get(CONTACTS) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["policyName"] == "DAILY"


def test_world_search_lags_behind_a_write_until_its_time(account: Account, faults: FaultDesk) -> None:
    faults.raise_("hubspot.search_lags", ms=60_000)
    account.patch(f"{CONTACTS}/1", {"phone": "7"})
    wanted = {"propertyName": "phone", "operator": "EQ", "value": "7"}
    assert account.found("contacts", wanted) == []
    account.clock.turn(61)
    assert account.found("contacts", wanted) == ["1"]


def test_world_clock_skew_moves_dates_and_stamps(account: Account, faults: FaultDesk) -> None:
    before = account.clock.now()
    faults.raise_("hubspot.clock_skew", seconds=7200)
    answer = account.post(CONTACTS, {"properties": {"lastname": "A"}})
    dated = parsedate_to_datetime(answer.headers["Date"])
    assert dated > before + timedelta(minutes=110)
    assert answer.json()["createdAt"][:13] == f"{dated:%Y-%m-%dT%H}"


def test_world_people_edit_merge_and_delete_between_our_calls(account: Account, faults: FaultDesk) -> None:
    edit = {"kind": "contacts", "record_id": "1", "firstname": "Eve"}
    faults.raise_("hubspot.edited", nth=1, arguments=edit)
    faults.raise_("hubspot.deleted", nth=2, record_id="2", arguments={"kind": "contacts"})
    faults.raise_("hubspot.merged", nth=3, kind="contacts", primary="3", other="4")
    answers = [account.get(f"{CONTACTS}/{one}", properties="firstname") for one in ("1", "2", "4")]
    assert answers[0].json()["properties"]["firstname"] == "Eve"
    assert answers[1].status_code == 404
    assert answers[2].json()["id"] not in ("3", "4")


@pytest.mark.parametrize(("retry_after_s", "calls"), [(0, 3), (None, 1)])
def test_client_of_hubspot_retries_a_limit_only_when_told_how_long_to_wait(
    account: Account, faults: FaultDesk, retry_after_s: int | None, calls: int
) -> None:
    faults.raise_("hubspot.TEN_SECONDLY_ROLLING", count=2, retry_after_s=retry_after_s)
    client = HubSpot(access_token="pat-sandbox-token", host=account.url, base_url=account.url)
    try:
        found = client.crm.contacts.basic_api.get_page(limit=1)
        assert found.results[0].id == "1"
    except ApiException as error:
        assert (error.status, json.loads(error.body)["policyName"]) == (429, "TEN_SECONDLY_ROLLING")
    assert account.requests.count("list") == calls
