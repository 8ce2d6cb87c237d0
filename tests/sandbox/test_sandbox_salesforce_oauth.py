"""Which grants the org gives tokens for, in every spelling clients use, and when it takes them back."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.salesforce.oauth import JWT_GRANT
from tests.sandbox.salesforce_org import BASE, CREDENTIALS, Org


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def assertion(key: rsa.RSAPrivateKey, **changed: Any) -> str:
    claims = {"iss": "sandbox-client", "sub": "admin@sandbox.example", "aud": "https://login.salesforce.com"}
    exp = str(int(time.time()) + 60)
    # PyJWT refuses to encode an exp that is text, which simple-salesforce's own older encoder sends.
    return jwt.api_jws.encode(json.dumps({**claims, "exp": exp, **changed}).encode(), key, algorithm="RS256")


def public(key: rsa.RSAPrivateKey) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(encoding, form).decode()


def test_token_has_the_form_that_the_command_line_client_checks(org: Org) -> None:
    for _ in range(20):
        token = org.token(grant_type="client_credentials", **CREDENTIALS).json()["access_token"]
        assert re.fullmatch(r"00D\w{12,15}![.\w]+", token)


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({"grant_type": "client_credentials", **CREDENTIALS}, id="client credentials in the form"),
        pytest.param(
            {"grant_type": "password", "username": "admin@sandbox.example", "password": "sandbox", **CREDENTIALS},
            id="password",
        ),
        pytest.param(
            {"grant_type": "refresh_token", "refresh_token": "sandbox-refresh", **CREDENTIALS}, id="refresh token"
        ),
    ],
)
def test_grant_with_good_credentials_gives_a_working_token(org: Org, form: dict[str, str]) -> None:
    body = org.token(**form).json()
    assert body["instance_url"] == org.url
    assert body["id"] == f"{org.url}/id/{org.app.org_id}/{org.app.user_id}"
    assert {"token_type", "issued_at", "signature"} <= body.keys()
    answer = httpx.get(f"{org.url}{BASE}/limits", headers={"Authorization": f"Bearer {body['access_token']}"})
    assert answer.status_code == 200


def test_client_credentials_in_a_basic_header_give_a_token(org: Org) -> None:
    encoded = base64.b64encode(b"sandbox-client:sandbox-secret").decode()
    headers = {"Authorization": f"Basic {encoded}"}
    form = {"grant_type": "client_credentials"}
    assert httpx.post(f"{org.url}/services/oauth2/token", data=form, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        pytest.param({"grant_type": "client_credentials", "client_id": "x"}, "invalid_client_id", id="client id"),
        pytest.param(
            {"grant_type": "client_credentials", "client_id": "sandbox-client", "client_secret": "x"},
            "invalid_client",
            id="secret",
        ),
        pytest.param(
            {"grant_type": "refresh_token", "refresh_token": "x", **CREDENTIALS}, "invalid_grant", id="refresh token"
        ),
        pytest.param({"grant_type": "password", "username": "x", **CREDENTIALS}, "invalid_grant", id="password"),
        pytest.param({"grant_type": "magic", **CREDENTIALS}, "unsupported_grant_type", id="grant"),
    ],
)
def test_grant_with_a_wrong_part_answers_an_error_object(org: Org, form: dict[str, str], error: str) -> None:
    answer = org.token(**form)
    assert answer.status_code == 400
    assert answer.json().keys() == {"error", "error_description"}
    assert answer.json()["error"] == error


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({}, id="exp as text"),
        pytest.param({"exp": 2**31}, id="exp as a number"),
        pytest.param({"aud": "https://acme.my.salesforce.com"}, id="my domain"),
        pytest.param({"aud": "http://localhost:8701/"}, id="the sandbox"),
        pytest.param({"aud": "login.salesforce.com"}, id="host without scheme"),
        pytest.param({"aud": "127.0.0.1:8701"}, id="the sandbox without scheme"),
        pytest.param({"aud": ["https://test.salesforce.com"]}, id="list of audiences"),
    ],
)
def test_jwt_signed_with_the_registered_key_gives_a_token(
    org: Org, key: rsa.RSAPrivateKey, changed: dict[str, Any]
) -> None:
    org.app.settings.jwt_public_key = public(key)
    assert org.token(grant_type=JWT_GRANT, assertion=assertion(key, **changed)).status_code == 200


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        pytest.param({"exp": "1000"}, "invalid_grant", id="expired"),
        pytest.param({"exp": None}, "invalid_grant", id="no exp"),
        pytest.param({"iss": "other"}, "invalid_client_id", id="another client"),
        pytest.param({"sub": "nobody@sandbox.example"}, "invalid_grant", id="unknown user"),
        pytest.param({"aud": ""}, "invalid_grant", id="no audience"),
        pytest.param({"aud": "https://login.example"}, "invalid_grant", id="foreign audience"),
        pytest.param({"exp": "soon"}, "invalid_grant", id="exp that is no number"),
    ],
)
def test_jwt_with_a_wrong_claim_is_refused(
    org: Org, key: rsa.RSAPrivateKey, changed: dict[str, Any], error: str
) -> None:
    org.app.settings.jwt_public_key = public(key)
    answer = org.token(grant_type=JWT_GRANT, assertion=assertion(key, **changed))
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_jwt_that_the_registered_key_did_not_sign_is_refused(org: Org, key: rsa.RSAPrivateKey) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for registered in (public(stranger), None, "no key"):
        org.app.settings.jwt_public_key = registered
        assert org.token(grant_type=JWT_GRANT, assertion=assertion(key)).json()["error"] == "invalid_grant"
    unsigned = jwt.encode({"iss": "sandbox-client", "exp": 2**31}, "", algorithm="none")
    for wrong in ("", "a.b.c", unsigned):
        assert org.token(grant_type=JWT_GRANT, assertion=wrong).json()["error"] == "invalid_grant"


def test_refresh_with_rotation_gives_a_new_token_for_one_use(org: Org) -> None:
    org.app.settings.rotate_refresh_tokens = True
    form = {"grant_type": "refresh_token", **CREDENTIALS}
    renewed = org.token(refresh_token="sandbox-refresh", **form).json()["refresh_token"]
    assert org.token(refresh_token="sandbox-refresh", **form).status_code == 400
    assert org.token(refresh_token=renewed, **form).status_code == 200


def test_expired_token_answers_401_with_an_error_list(org: Org) -> None:
    org.app.expire_tokens()
    answer = org.client.get(f"{BASE}/limits")
    assert answer.status_code == 401
    assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def test_token_idle_for_longer_than_its_life_is_refused(org: Org) -> None:
    org.app.clock.turn(7000)
    assert org.client.get(f"{BASE}/limits").status_code == 200
    org.app.clock.turn(7000)
    assert org.client.get(f"{BASE}/limits").status_code == 200
    org.app.clock.turn(7300)
    assert org.client.get(f"{BASE}/limits").status_code == 401


def test_revoked_token_is_refused(org: Org) -> None:
    token = org.client.headers["Authorization"].removeprefix("Bearer ")
    assert org.client.post("/services/oauth2/revoke", data={"token": token}).status_code == 200
    assert org.client.get(f"{BASE}/limits").status_code == 401


@pytest.mark.parametrize("path", ["/services/oauth2/userinfo", "id"])
def test_identity_names_user_and_org(org: Org, path: str) -> None:
    url = path if path != "id" else f"/id/{org.app.org_id}/{org.app.user_id}"
    body = org.client.get(url).json()
    assert (body["user_id"], body["organization_id"]) == (org.app.user_id, org.app.org_id)


def test_wrong_secret_in_a_basic_header_answers_401(org: Org) -> None:
    for encoded in (base64.b64encode(b"sandbox-client:x").decode(), "%%"):
        answer = org.client.post(
            "/services/oauth2/token",
            data={"grant_type": "client_credentials"},
            headers={"Authorization": f"Basic {encoded}"},
        )
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_parameters_in_the_query_count_too(org: Org) -> None:
    form = {"grant_type": "client_credentials", **CREDENTIALS}
    assert org.client.post("/services/oauth2/token", params=form).status_code == 200


def test_password_takes_the_security_token_behind_it(org: Org) -> None:
    form = {"grant_type": "password", "username": "admin@sandbox.example", **CREDENTIALS}
    assert org.token(password="sandboxsandbox-token", **form).status_code == 200
    assert org.token(password="sandbox-token", **form).json()["error"] == "invalid_grant"


def test_rotated_refresh_token_is_still_good_after_a_restart(org: Org) -> None:
    org.app.doors["set_oauth"](rotate_refresh_tokens=True)
    form = {"grant_type": "refresh_token", **CREDENTIALS}
    renewed = org.token(refresh_token="sandbox-refresh", **form).json()["refresh_token"]
    org.app.restore(org.app.dump())
    assert org.token(refresh_token="sandbox-refresh", **form).json() == {
        "error": "invalid_grant",
        "error_description": "expired access/refresh token",
    }
    assert org.token(refresh_token=renewed, **form).status_code == 200


def test_refresh_token_of_another_app_is_refused(org: Org) -> None:
    org.app.doors["add_app"](client_id="other", client_secret="secret")
    form = {"grant_type": "refresh_token", "client_id": "other", "client_secret": "secret"}
    assert org.token(refresh_token="sandbox-refresh", **form).json()["error"] == "invalid_grant"


def test_apps_and_people_get_tokens_of_their_own(org: Org, key: rsa.RSAPrivateKey) -> None:
    person = "somebody@sandbox.example"
    org.app.doors["add_app"](client_id="other", client_secret="secret", run_as=person, public_key=public(key))
    org.app.doors["add_password"](username=person, password="pass")
    client = {"client_id": "other", "client_secret": "secret"}
    somebody = org.records("SELECT Id FROM User WHERE Username = 'somebody@sandbox.example'")[0]["Id"]
    for form in (
        {"grant_type": "client_credentials", **client},
        {"grant_type": "password", "username": "somebody@sandbox.example", "password": "pass", **client},
        {"grant_type": JWT_GRANT, "assertion": assertion(key, iss="other", sub="somebody@sandbox.example")},
    ):
        token = org.token(**form).json()
        assert token["id"].endswith(f"/{somebody}")
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        made = org.client.post(f"{BASE}/sobjects/Account", json={"Name": "A"}, headers=headers).json()["id"]
        assert org.app.row("Account", made)["OwnerId"] == somebody
    with pytest.raises(LookupError):
        org.app.doors["add_password"](username="nobody@sandbox.example", password="x")


def test_app_without_a_run_as_user_has_no_client_credentials(org: Org) -> None:
    org.app.doors["add_app"](client_id="other", client_secret="secret")
    answer = org.token(grant_type="client_credentials", client_id="other", client_secret="secret")
    assert answer.json() == {"error": "invalid_grant", "error_description": "no client credentials user enabled"}


def test_introspection_tells_of_own_good_tokens_only(org: Org) -> None:
    org.app.doors["add_app"](client_id="other", client_secret="secret")
    token = org.client.headers["Authorization"].removeprefix("Bearer ")

    def introspect(token: str, **client: str) -> dict[str, Any]:
        form = {"token": token, **(client or CREDENTIALS)}
        found: dict[str, Any] = org.client.post("/services/oauth2/introspect", data=form).json()
        return found

    told = introspect(token)
    assert (told["active"], told["client_id"], told["token_type"]) == (True, "sandbox-client", "access_token")
    assert told["exp"] == pytest.approx(told["iat"] + 7200, abs=2)
    assert introspect("sandbox-refresh")["token_type"] == "refresh_token"
    assert introspect(token, client_id="other", client_secret="secret") == introspect("x") == {"active": False}
    assert introspect(token, client_id="other", client_secret="x")["error"] == "invalid_client"
    org.app.expire_tokens()
    assert introspect(token) == {"active": False}


def test_revoking_a_refresh_token_ends_its_sessions(org: Org) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "sandbox-refresh", **CREDENTIALS}
    token = org.token(**form).json()["access_token"]
    url = "/services/oauth2/revoke"
    assert org.client.get(url, params={"token": "sandbox-refresh"}).status_code == 200
    assert org.client.get(f"{BASE}/limits", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert org.client.get(f"{BASE}/limits").status_code == 200
    assert org.token(**form).status_code == 400
    again = org.client.post(url, data={"token": "sandbox-refresh"})
    assert (again.status_code, again.json()["error"]) == (400, "invalid_token")


def authorize(org: Org, **query: str) -> httpx.QueryParams:
    asked = {"response_type": "code", "client_id": "sandbox-client", "redirect_uri": "https://app.example/cb?x=1"}
    answer = org.client.get("/services/oauth2/authorize", params={**asked, **query})
    assert answer.status_code == 302
    return httpx.URL(answer.headers["Location"]).params


def test_code_of_the_web_server_flow_is_good_once(org: Org) -> None:
    back = authorize(org, state="s")
    assert (back["state"], back["x"]) == ("s", "1")
    form = {"grant_type": "authorization_code", "code": back["code"], **CREDENTIALS}
    assert org.token(redirect_uri="https://evil.example", **form).json()["error"] == "redirect_uri_mismatch"
    token = org.token(redirect_uri="https://app.example/cb?x=1", **form).json()
    refreshed = org.token(grant_type="refresh_token", refresh_token=token["refresh_token"], **CREDENTIALS)
    assert refreshed.status_code == 200
    assert org.token(redirect_uri="https://app.example/cb?x=1", **form).json()["error"] == "invalid_grant"


def test_code_with_pkce_needs_its_verifier_and_no_secret(org: Org) -> None:
    verifier = "v" * 64
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    back = authorize(org, code_challenge=challenge, code_challenge_method="S256")
    form = {"grant_type": "authorization_code", "code": back["code"], "client_id": "sandbox-client"}
    form["redirect_uri"] = "https://app.example/cb?x=1"
    assert org.token(code_verifier="w" * 64, **form).json()["error"] == "invalid_grant"
    assert org.token(code_verifier=verifier, **form).status_code == 200


def test_code_expires_and_wrong_requests_for_one_are_refused(org: Org) -> None:
    code = authorize(org)["code"]
    org.app.clock.turn(16 * 60)
    form = {"grant_type": "authorization_code", "redirect_uri": "https://app.example/cb?x=1", **CREDENTIALS}
    assert org.token(code=code, **form).json()["error_description"] == "expired authorization code"
    assert org.token(code="x", **form).json()["error"] == "invalid_grant"
    assert authorize(org, response_type="token")["error"] == "unsupported_response_type"
    for query in ({"client_id": "x"}, {"client_id": "sandbox-client"}):
        assert org.client.get("/services/oauth2/authorize", params=query).status_code == 400
