"""Which grants the org gives tokens for, in every spelling clients use, and when it takes them back."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.salesforce.tokens import JWT_GRANT
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


def test_jwt_with_exp_as_text_gives_a_token(org: Org, key: rsa.RSAPrivateKey) -> None:
    org.app.settings.jwt_public_key = public(key)
    assert org.token(grant_type=JWT_GRANT, assertion=assertion(key)).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"exp": "1000"}, id="expired"),
        pytest.param({"iss": "other"}, id="another client"),
        pytest.param({"sub": "nobody@sandbox.example"}, id="unknown user"),
        pytest.param({"aud": ""}, id="no audience"),
        pytest.param({"exp": "soon"}, id="exp that is no number"),
    ],
)
def test_jwt_with_a_wrong_claim_is_refused(org: Org, key: rsa.RSAPrivateKey, changed: dict[str, Any]) -> None:
    assert org.token(grant_type=JWT_GRANT, assertion=assertion(key, **changed)).status_code == 400


def test_jwt_signed_with_another_key_is_refused(org: Org, key: rsa.RSAPrivateKey) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    org.app.settings.jwt_public_key = public(stranger)
    assert org.token(grant_type=JWT_GRANT, assertion=assertion(key)).json()["error"] == "invalid_grant"


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
