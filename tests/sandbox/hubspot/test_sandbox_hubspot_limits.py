"""How often an account may be called: the ten-second window, searches, associations, the day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.hubspot.conftest import bearer

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

CONTACTS = "/crm/v3/objects/contacts"


def test_burst_limit_rolls_over_ten_seconds(account: Account) -> None:
    account.app.set_limits(enabled=True, burst=3)
    first = account.get(CONTACTS)
    assert first.headers["X-HubSpot-RateLimit-Max"] == "3"
    assert first.headers["X-HubSpot-RateLimit-Remaining"] == "2"
    assert first.headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    account.get(CONTACTS), account.get(CONTACTS)
    refused = account.get(CONTACTS)
    assert refused.status_code == 429
    body = refused.json()
    assert body["message"] == "You have reached your ten_secondly_rolling limit."
    assert (body["errorType"], body["policyName"]) == ("RATE_LIMIT", "TEN_SECONDLY_ROLLING")
    assert "Retry-After" not in refused.headers
    other = account.client.get(CONTACTS, headers=bearer("pat-sandbox-other-token"))
    assert other.status_code == 200
    account.app.set_limits(retry_after=True)
    assert account.get(CONTACTS).headers["Retry-After"] == "10"
    account.clock.turn(10)
    assert account.get(CONTACTS).status_code == 200


def test_sixth_search_of_a_second_is_refused_and_is_not_in_the_burst(account: Account) -> None:
    account.app.set_limits(enabled=True, burst=1)
    answers = [account.search("contacts", limit=1) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[-1].json()["policyName"] == "SECONDLY"
    assert answers[-1].json()["message"] == "You have reached your secondly limit."
    names = {name.lower() for name in answers[0].headers if "ratelimit" in name.lower()}
    assert names == {"x-hubspot-ratelimit-daily", "x-hubspot-ratelimit-daily-remaining"}
    assert account.get(CONTACTS).status_code == 200
    account.clock.turn(1)
    assert account.search("contacts").status_code == 200


def test_daily_limit_ends_at_midnight(account: Account) -> None:
    account.app.set_limits(enabled=True, daily=2)
    assert [account.get(CONTACTS).status_code for _ in range(3)] == [200, 200, 429]
    body = account.get(CONTACTS).json()
    assert body["policyName"] == "DAILY" and "requestId" in body
    account.clock.turn(14 * 3600)
    assert account.get(CONTACTS).status_code == 200


def test_daily_limit_ends_at_midnight_of_the_account(account: Account) -> None:
    account.app.settings.time_zone = "America/New_York"
    account.app.set_limits(enabled=True, daily=1)
    account.clock.turn(19 * 3600 - 1)
    assert [account.get(CONTACTS).status_code for _ in range(2)] == [200, 429]
    account.clock.turn(2)
    assert account.get(CONTACTS).status_code == 200
    account.clock.turn(-10)


def test_calls_of_an_oauth_app_have_their_own_burst_and_no_daily_limit(account: Account) -> None:
    account.app.add_token("oauth-token", 2002, is_oauth=True)
    account.app.set_limits(enabled=True, daily=1, oauth_burst=2)
    answers = [account.client.get(CONTACTS, headers=bearer("oauth-token")) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert answers[2].json()["policyName"] == "TEN_SECONDLY_ROLLING"
    assert answers[0].headers["X-HubSpot-RateLimit-Max"] == "2"
    assert account.get(CONTACTS).status_code == 200


def test_associations_have_a_burst_and_a_day_of_their_own(account: Account) -> None:
    account.app.set_limits(enabled=True, association_burst=2, association_daily=3, retry_after=True)
    linked = "/crm/objects/2026-03/contacts/1/associations/companies"
    batch = "/crm/associations/2026-03/contacts/companies/batch/read"
    assert account.get(linked).status_code == account.post(batch, {"inputs": [{"id": "1"}]}).status_code == 200
    refused = account.get(linked)
    assert refused.json()["policyName"] == "TEN_SECONDLY_ROLLING" and "associations" in refused.json()["groupName"]
    assert refused.headers["Retry-After"] == "10"
    assert account.get(CONTACTS, associations="companies").status_code == 200
    account.clock.turn(10)
    assert account.get(linked).status_code == 200
    refused = account.get(linked)
    assert refused.json()["policyName"] == "DAILY"
    assert int(refused.headers["Retry-After"]) > 3600
    assert account.get(CONTACTS).status_code == 200


@pytest.mark.parametrize(
    ("tier", "increases", "burst", "daily", "associations"),
    [
        ("free", 0, 100, 250_000, 100),
        ("professional", 0, 190, 650_000, 150),
        ("enterprise", 0, 190, 1_000_000, 200),
        ("enterprise", 2, 250, 3_000_000, 200),
    ],
)
def test_tier_sets_the_limits(
    account: Account, tier: str, increases: int, burst: int, daily: int, associations: int
) -> None:
    account.app.set_limits(tier=tier, increases=increases)
    limits = account.app.limits
    assert (limits.burst, limits.daily, limits.association_burst) == (burst, daily, associations)


def test_unknown_limits_are_refused_at_the_door(account: Account) -> None:
    for arguments in ({"tier": "gold"}, {"tier": "free", "increases": 3}, {"bursts": 5}):
        assert account.post("/__sandbox__/doors/set_limits", arguments).status_code == 400
