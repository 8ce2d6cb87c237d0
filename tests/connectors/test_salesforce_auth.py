"""Logging in by each flow, and what a login must never do."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.salesforce import SalesforceConnector, connect
from model.batch import Watermark
from model.errors import AuthFailed, ConfigError, ConnectorError, QuotaSpent, Unavailable
from sandbox.faults import Fault
from sandbox.server import Listener
from tests.connectors.fake_org import SECRET, TOKEN, FakeOrg
from tests.connectors.harness_salesforce import connector_for, settings_for


@pytest.fixture
def org() -> FakeOrg:
    return FakeOrg()


@pytest.fixture
def listener(org: FakeOrg) -> Iterator[Listener]:
    with Listener(org) as opened:
        yield opened


def pull(connector: SalesforceConnector) -> int:
    try:
        return sum(len(page.batch) for page in connector.pull("contacts", Watermark()))
    finally:
        connector.close()


def test_client_credentials_travel_in_the_form(org: FakeOrg, listener: Listener) -> None:
    assert pull(connector_for(listener.url, [])) == 5
    assert org.forms == [{"grant_type": "client_credentials", "client_id": "client", "client_secret": SECRET}]


def test_one_login_serves_all_calls(org: FakeOrg, listener: Listener) -> None:
    connector = connector_for(listener.url, [])
    list(connector.pull("contacts", Watermark()))
    pull(connector)
    assert org.logins == 1
    assert connector.usage.calls["auth"] == 1


def test_jwt_names_app_user_and_host_and_expires_soon(org: FakeOrg, listener: Listener) -> None:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    settings = settings_for(listener.url, auth="jwt", username="robot@acme.example")
    assert pull(connect("sf", settings, lambda _: pem)) == 5

    claims = jwt.decode(
        org.forms[0]["assertion"], key.public_key(), algorithms=["RS256"], audience="https://acme.my.salesforce.com"
    )
    assert (claims["iss"], claims["sub"]) == ("client", "robot@acme.example")


@pytest.mark.parametrize(
    ("changes", "secret", "said"),
    [
        pytest.param({"auth": "jwt", "username": "x"}, "no key at all", "RSA private key", id="jwt-key"),
        pytest.param({"auth": "jwt"}, "k", "username is needed", id="jwt-user"),
        pytest.param({"auth": "refresh-token"}, "r", "could not be saved", id="refresh-token-in-environment"),
    ],
)
def test_login_that_cannot_work_is_refused_before_any_call(
    org: FakeOrg, listener: Listener, changes: dict[str, Any], secret: str, said: str
) -> None:
    connector = connect("sf", settings_for(listener.url, **changes), lambda _: secret)
    with pytest.raises(ConfigError, match=said) as caught:
        pull(connector)
    assert secret not in str(caught.value).split()
    assert org.logins == 0


def test_check_refuses_a_refresh_token_that_could_not_be_saved(org: FakeOrg, listener: Listener) -> None:
    connector = connect("sf", settings_for(listener.url, auth="refresh-token"), lambda _: "r")
    access = connector.check()
    assert "could not be saved" in access.problems[0]
    assert org.logins == 0


def test_rotated_refresh_token_is_saved_before_the_new_session_is_used(org: FakeOrg, listener: Listener) -> None:
    org.token_answer = {"refresh_token": "rotated"}
    saved: list[tuple[str, str, int]] = []
    settings = settings_for(listener.url, auth="refresh-token", secret="keyring:sf", client_secret="env:CLIENT")
    connector = connect(
        "sf", settings, lambda ref: f"value of {ref}", lambda ref, value: saved.append((ref, value, len(org.headers)))
    )
    assert pull(connector) == 5
    assert saved == [("keyring:sf", "rotated", 0)]
    assert org.forms[0]["refresh_token"] == "value of keyring:sf"
    assert org.forms[0]["client_secret"] == "value of env:CLIENT"


def test_refresh_token_that_cannot_be_saved_ends_the_login(org: FakeOrg, listener: Listener) -> None:
    org.token_answer = {"refresh_token": "rotated"}

    def refuse(reference: str, _: str) -> None:
        raise ConfigError(f"{reference} cannot be written")

    connector = connect("sf", settings_for(listener.url, auth="refresh-token", secret="file:x"), lambda _: "r", refuse)
    with pytest.raises(ConfigError, match="cannot be written"):
        pull(connector)
    assert org.headers == []


def test_refresh_token_that_stays_the_same_is_not_saved(org: FakeOrg, listener: Listener) -> None:
    org.token_answer = {"refresh_token": "r"}
    saved: list[str] = []
    settings = settings_for(listener.url, auth="refresh-token", secret="keyring:sf")
    assert pull(connect("sf", settings, lambda _: "r", lambda ref, _: saved.append(ref))) == 5
    assert saved == []


@pytest.mark.parametrize("status", [400, 401, 403])
def test_refused_login_names_the_code_and_no_secret(listener: Listener, status: int) -> None:
    body = f'{{"error":"invalid_grant","error_description":"bad {SECRET}"}}'
    listener.faults.add(Fault(route="/token", status=status, body=body))
    with pytest.raises(AuthFailed, match="refused to log in") as caught:
        pull(connector_for(listener.url, []))
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert len(listener.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"access_token": None}, id="no-token"),
        pytest.param({"access_token": f"{TOKEN}\r\nX-Evil: 1"}, id="line-break"),
        pytest.param({"access_token": "tökén"}, id="not-ascii"),
    ],
)
def test_unusable_token_answer_is_unavailable_and_not_quoted(
    org: FakeOrg, listener: Listener, answer: dict[str, Any]
) -> None:
    org.token_answer = answer
    with pytest.raises(Unavailable) as caught:
        pull(connector_for(listener.url, []))
    told = "".join(traceback.format_exception(caught.value))
    assert TOKEN not in told
    assert "tökén" not in told


def test_token_answer_that_names_a_foreign_host_ends_the_login(org: FakeOrg, listener: Listener) -> None:
    org.token_answer = {"instance_url": "https://evil.example"}
    with pytest.raises(ConnectorError, match=r"token answer points to https://evil\.example"):
        pull(connector_for(listener.url, []))
    assert org.headers == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"host": "https://acme.my.salesforce.com"}, id="scheme"),
        pytest.param({"host": "acme.my.salesforce.com/x"}, id="path"),
        pytest.param({"host": "acme@evil.example"}, id="user-info"),
        pytest.param({"host": ""}, id="empty"),
        pytest.param({"host": "acme.my.salesforce.co", "base_url": None}, id="not-salesforce"),
        pytest.param({"base_url": "http://192.0.2.1"}, id="base-url-not-loopback"),
    ],
)
def test_host_that_cannot_be_right_is_refused_at_connect(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"connections\.sf\."):
        connect("sf", settings_for("http://127.0.0.1:9", **changes), lambda _: SECRET)


def test_unreachable_org_is_unavailable_and_nothing_was_sent() -> None:
    with pytest.raises(Unavailable) as caught:
        pull(connector_for("http://127.0.0.1:9", []))
    assert not caught.value.sent


def test_credentials_in_netrc_are_not_picked_up(
    org: FakeOrg, listener: Listener, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine acme.my.salesforce.com login someone password else\n", "utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    assert pull(connector_for(listener.url, [])) == 5
    assert all(headers["authorization"] == f"Bearer {TOKEN}" for headers in org.headers)


def test_daily_share_stops_before_the_call_that_would_exceed_it(org: FakeOrg, listener: Listener) -> None:
    connector = connector_for(listener.url, [], daily_share=0.00004)  # of 100,000: four calls
    with pytest.raises(QuotaSpent, match="its share"):
        pull(connector)
    assert len(listener.requests) == 4
    assert (connector.usage.daily_limit, connector.usage.total) == (100_000, 4)


def test_settings_repr_and_connector_repr_hold_no_secret(listener: Listener) -> None:
    connector = connector_for(listener.url, [])
    list(connector.pull("contacts", Watermark()))
    for thing in (connector, connector._client, connector._client._session, connector._client._transport):
        assert TOKEN not in repr(thing)
        assert SECRET not in repr(thing)
    connector.close()
