"""Tokens: bearer headers, OAuth in all its versions, scopes and authors by token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlparse

import httpx
import pytest

from tests.sandbox.hubspot.conftest import bearer

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

CONTACTS = "/crm/v3/objects/contacts"
VERSIONS = ("v1", "v3", "2026-03", "2026-09", "2026-09-beta")
CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
REFRESH = {**CLIENT, "grant_type": "refresh_token", "refresh_token": "sandbox-refresh"}


def post(account: Account, path: str, form: dict[str, str]) -> httpx.Response:
    return account.client.post(f"/oauth/{path}", data=form, headers={"Authorization": ""})


@pytest.mark.parametrize("text", ["no token", "pat-\u00e9", "pat;1"])
def test_bearer_that_is_no_token_at_all_answers_530_and_no_json(account: Account, text: str) -> None:
    answer = account.client.get(CONTACTS, headers=[(b"Authorization", f"Bearer {text}".encode("latin-1"))])
    assert answer.status_code == 530
    assert "html" in answer.headers["Content-Type"]


@pytest.mark.parametrize("version", VERSIONS)
def test_oauth_token_lives_thirty_minutes(account: Account, version: str) -> None:
    issued = post(account, f"{version}/token", REFRESH).json()
    assert issued["expires_in"] == 1800 and issued["token_type"] == "bearer"
    assert issued["refresh_token"] == "sandbox-refresh"
    assert len(issued["access_token"]) == 300
    headers = bearer(issued["access_token"])
    answer = account.client.get(CONTACTS, headers=headers)
    assert answer.status_code == 200 and "X-HubSpot-RateLimit-Daily" not in answer.headers
    account.clock.turn(1801)
    late = account.client.get(CONTACTS, headers=headers)
    assert late.status_code == 401
    assert late.json()["message"] == "The OAuth token used to make this call expired 1 second(s) ago."
    assert post(account, f"{version}/token", REFRESH).status_code == 200


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"refresh_token": "x"}, "BAD_REFRESH_TOKEN", "invalid_grant"),
        ({"client_id": "x"}, "BAD_CLIENT_ID", "invalid_client"),
        ({"client_secret": "x"}, "BAD_CLIENT_SECRET", "invalid_client"),
        ({"grant_type": "authorization_code", "code": "x"}, "BAD_AUTH_CODE", "invalid_grant"),
        ({"grant_type": "password"}, "BAD_GRANT_TYPE", "unsupported_grant_type"),
    ],
)
def test_bad_token_request_says_why_in_old_and_new_words(
    account: Account, version: str, change: dict[str, str], status: str, error: str
) -> None:
    answer = post(account, f"{version}/token", {**REFRESH, **change})
    assert answer.status_code == 400
    body = answer.json()
    assert (body["status"], body["error"]) == (status, error)
    assert body["error_description"] == body["message"]


def test_only_v1_takes_parameters_in_the_query(account: Account) -> None:
    assert account.client.post("/oauth/v1/token", params=REFRESH).status_code == 200
    assert account.client.post("/oauth/2026-03/token", params=REFRESH).status_code == 400


def test_installing_gives_a_code_good_for_one_exchange_and_the_scopes_agreed_to(account: Account) -> None:
    wanted = {
        "client_id": "sandbox-client", "redirect_uri": "http://127.0.0.1/back?x=1", "state": "s 1",
        "scope": "oauth crm.objects.contacts.read", "optional_scope": "tickets",
    }  # fmt: skip
    answer = account.client.get("/oauth/authorize", params=wanted)
    assert answer.status_code == 302
    back = parse_qs(urlparse(answer.headers["Location"]).query)
    assert back["state"] == ["s 1"] and back["x"] == ["1"]
    form = {**CLIENT, "grant_type": "authorization_code", "code": back["code"][0]}
    assert post(account, "2026-03/token", {**form, "redirect_uri": "http://else.example"}).status_code == 400
    issued = post(account, "2026-03/token", {**form, "redirect_uri": wanted["redirect_uri"]}).json()
    assert issued["scopes"] == ["crm.objects.contacts.read", "oauth", "tickets"]
    assert post(account, "2026-03/token", {**form, "redirect_uri": wanted["redirect_uri"]}).status_code == 400
    again = post(account, "2026-03/token", {**REFRESH, "refresh_token": issued["refresh_token"]}).json()
    headers = bearer(again["access_token"])
    assert account.client.get(CONTACTS, headers=headers).status_code == 200
    assert account.client.get("/crm/v3/objects/companies", headers=headers).status_code == 403


def test_tokens_are_inspected_by_path_in_v1_and_by_form_later(account: Account) -> None:
    told = account.client.get("/oauth/v1/access-tokens/pat-sandbox-token").json()
    assert "crm.objects.contacts.read" in told["scopes"] and told["token_type"] == "access"
    assert account.client.get("/oauth/v1/refresh-tokens/sandbox-refresh").json()["client_id"] == "sandbox-client"
    assert account.client.get("/oauth/2026-03/access-tokens/pat-sandbox-token").status_code == 404
    for version in VERSIONS[1:]:
        path = f"{version}/token/introspect"
        active = post(account, path, {**CLIENT, "token": "pat-sandbox-token"}).json()
        assert active["active"] is True and active["token_use"] == "access_token"
        assert post(account, path, {**CLIENT, "token": "sandbox-refresh"}).json()["token_use"] == "refresh_token"
        assert post(account, path, {**CLIENT, "token": "x"}).json() == {"active": False}
        assert post(account, path, {"client_id": "x", "token": "x"}).status_code == 400


def test_first_version_of_oauth_can_be_gone(account: Account) -> None:
    account.post("/__sandbox__/doors/set_account", {"oauth_v1": False})
    assert post(account, "v1/token", REFRESH).status_code == 404
    assert account.client.get("/oauth/v1/access-tokens/pat-sandbox-token").status_code == 404
    assert post(account, "2026-03/token", REFRESH).status_code == 200


def _revoked_new(account: Account) -> httpx.Response:
    return post(account, "2026-03/token/revoke", {**CLIENT, "token": "sandbox-refresh"})


def _revoked_old(account: Account) -> httpx.Response:
    return account.client.delete("/oauth/v1/refresh-tokens/sandbox-refresh")


@pytest.mark.parametrize("revoke", [_revoked_new, _revoked_old])
def test_revoked_refresh_token_gives_no_more_tokens_until_installed_again(account: Account, revoke: Any) -> None:
    assert revoke(account).status_code == 204
    assert post(account, "v3/token", REFRESH).json()["status"] == "BAD_REFRESH_TOKEN"
    code = {**CLIENT, "grant_type": "authorization_code", "code": "sandbox-code"}
    assert post(account, "v1/token", code).json()["refresh_token"] == "sandbox-refresh"
    assert post(account, "v3/token", REFRESH).status_code == 200


def test_each_token_has_its_own_scopes_and_name_in_the_history(account: Account) -> None:
    account.app.add_token("pat-reader", 3001, scopes=["crm.objects.contacts.read"])
    account.app.add_token("pat-writer", 3002, "Enricher", 7009)
    body = {"properties": {"city": "Leeds"}}
    refused = account.client.patch(f"{CONTACTS}/1", json=body, headers=bearer("pat-reader"))
    assert refused.status_code == 403
    assert refused.json()["errors"][0]["context"]["requiredGranularScopes"] == ["crm.objects.contacts.write"]
    assert account.client.patch(f"{CONTACTS}/1", json=body, headers=bearer("pat-writer")).status_code == 200
    past = account.get(f"{CONTACTS}/1", propertiesWithHistory="city").json()["propertiesWithHistory"]["city"][0]
    assert (past["sourceId"], past["sourceLabel"], past["updatedByUserId"]) == ("3002", "Enricher", 7009)
    account.app.revoke_scope("crm.objects.contacts.read", "pat-reader")
    assert account.client.get(CONTACTS, headers=bearer("pat-reader")).status_code == 403
    assert account.get(CONTACTS).status_code == 200
