"""The SOAP envelope and the session in it: what is understood, what is refused, and how one logs in."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed

from tests.sandbox.salesforce_org import BASE, CREDENTIALS, Org, Rewriting
from tests.sandbox.soap.soap_client import PARTNER, URL, Answer, SoapClient, elements

USER, PASSWORD = "admin@sandbox.example", "sandbox"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"


def login(soap: SoapClient, password: str = PASSWORD, url: str = URL) -> Answer:
    return SoapClient(soap.org).call("login", elements({"username": USER, "password": password}), url)


def user_info(session: str, body: str = "", head: str = "") -> str:
    return (
        f'{head}<s:Envelope xmlns:s="{ENVELOPE}"><s:Header><SessionHeader><sessionId>\n {session}\n</sessionId>'
        f"</SessionHeader></s:Header><s:Body>{body or f'<x:getUserInfo xmlns:x={chr(34)}{PARTNER}{chr(34)}/>'}"
        "</s:Body></s:Envelope>"
    )


@pytest.mark.parametrize("password", ["sandbox", "sandboxsandbox-token"])
def test_login_opens_a_session_for_soap_and_rest(soap: SoapClient, password: str) -> None:
    answer = login(soap, password)
    org = soap.org
    place = f"59.0/{org.app.org_id[:15]}"
    assert answer.one("serverUrl") == f"{org.url}/services/Soap/u/{place}"
    assert answer.one("metadataServerUrl") == f"{org.url}/services/Soap/m/{place}"
    assert (answer.one("userId"), answer.one("userName")) == (org.app.user_id, USER)
    assert answer.one("passwordExpired") == "false"
    session = SoapClient(org, answer.one("sessionId"))
    assert session.call("getUserInfo", url=f"/services/Soap/u/{place}").one("userId") == org.app.user_id
    bearer = {"Authorization": f"Bearer {session.session}"}
    assert org.client.get(f"{BASE}/limits", headers=bearer).status_code == 200
    assert org.listener.requests.count("auth") == 2


def test_login_with_a_wrong_password_is_a_fault(soap: SoapClient) -> None:
    answer = login(soap, "wrong")
    assert answer.fault == (500, "sf:INVALID_LOGIN")
    assert answer.one("exceptionMessage") == "Invalid username, password, security token; or user locked out."


@pytest.mark.parametrize("version", ["31.0", "64.0"])
def test_login_is_there_up_to_version_64(soap: SoapClient, version: str) -> None:
    assert login(soap, url=f"/services/Soap/u/{version}").one("userName") == USER


@pytest.mark.parametrize("version", ["65.0", "68.0"])
def test_login_is_gone_from_version_65_on(soap: SoapClient, version: str) -> None:
    answer = login(soap, url=f"/services/Soap/u/{version}")
    assert answer.fault == (500, "sf:INVALID_OPERATION")
    assert f"not available in the API version specified ({version})" in answer.one("faultstring")


def test_login_can_be_off_in_the_org(soap: SoapClient) -> None:
    soap.org.app.settings.soap_login = False
    assert login(soap).fault == (500, "sf:INVALID_OPERATION")


@pytest.mark.parametrize("version", ["30.0", "20.0", "69.0", "59.5", "v59.0"])
def test_version_that_is_not_served_is_a_fault(soap: SoapClient, version: str) -> None:
    answer = soap.call("getUserInfo", url=f"/services/Soap/u/{version}")
    assert answer.fault == (500, "sf:UNSUPPORTED_API_VERSION")


@pytest.mark.parametrize(
    "url", ["/services/Soap/u/59", "/services/soap/U/59.0/00D000000000001/", "/services/Soap/u/68.0"]
)
def test_version_is_found_in_every_spelling(soap: SoapClient, url: str) -> None:
    assert soap.call("getUserInfo", url=url).status == 200


def test_unknown_session_is_a_fault_of_status_500(soap: SoapClient) -> None:
    for session in ("", "00D!nope"):
        answer = SoapClient(soap.org, session).call("getUserInfo")
        assert answer.fault == (500, "sf:INVALID_SESSION_ID")
        assert answer.one("exceptionMessage") == "Invalid Session ID found in SessionHeader: Illegal Session"


def test_logout_ends_the_session(soap: SoapClient) -> None:
    assert soap.call("logout").status == 200
    assert soap.call("getUserInfo").fault == (500, "sf:INVALID_SESSION_ID")


def test_token_in_jwt_form_is_good_for_rest_and_refused_by_soap(soap: SoapClient) -> None:
    org = soap.org
    org.app.settings.jwt_access_tokens = True
    org.log_in()
    token = org.client.headers["Authorization"].removeprefix("Bearer ")
    assert token.count(".") == 2
    assert org.client.get(f"{BASE}/limits").status_code == 200
    assert SoapClient(org, token).call("getUserInfo").fault == (500, "sf:INVALID_SESSION_ID")


@pytest.mark.parametrize(
    "head",
    [
        pytest.param("", id="no declaration"),
        pytest.param('<?xml version="1.0" encoding="utf-8" ?>\n', id="declaration"),
        pytest.param("<!-- a comment -->", id="comment"),
    ],
)
def test_prefixes_and_white_space_do_not_matter(soap: SoapClient, head: str) -> None:
    assert soap.post(user_info(soap.session, head=head)).status_code == 200


def test_envelope_in_utf_16_is_read(soap: SoapClient) -> None:
    head = '<?xml version="1.0" encoding="utf-16"?>'
    assert soap.post(user_info(soap.session, head=head).encode("utf-16")).status_code == 200


LAUGHS = '<!DOCTYPE b [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
FILE = '<!DOCTYPE b [<!ENTITY b SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(
    ("envelope", "code"),
    [
        pytest.param(user_info("&b;", head=LAUGHS), "Client", id="entities"),
        pytest.param(user_info("&b;", head=FILE), "Client", id="external entity"),
        pytest.param(user_info("s", "<a>" * 500 + "</a>" * 500), "Client", id="depth"),
        pytest.param(user_info("s")[:-3], "Client", id="cut"),
        pytest.param("{}", "Client", id="json"),
        pytest.param("", "Client", id="empty"),
        pytest.param(f'<s:Envelope xmlns:s="{ENVELOPE}"><s:Body/></s:Envelope>', "Client", id="no operation"),
        pytest.param(f'<s:Envelope xmlns:s="{ENVELOPE}"/>', "Client", id="no body"),
        pytest.param('<?xml version="1.0" encoding="nope"?><a/>', "Client", id="encoding"),
        pytest.param("<Envelope><Body><x/></Body></Envelope>", "VersionMismatch", id="no namespace"),
        pytest.param(
            user_info("s").replace(ENVELOPE, "http://www.w3.org/2003/05/soap-envelope"),
            "VersionMismatch",
            id="SOAP 1.2",
        ),
        pytest.param(user_info("s", '<nope xmlns="urn:partner.soap.sforce.com"/>'), "Client", id="unknown call"),
        pytest.param(
            user_info("s", '<getUserInfo xmlns="urn:enterprise.soap.sforce.com"/>'), "Client", id="other endpoint's"
        ),
    ],
)
def test_message_that_cannot_be_understood_is_a_client_fault(soap: SoapClient, envelope: str, code: str) -> None:
    answer = soap.post(envelope)
    assert Answer(answer.status_code, answer.text).fault == (500, f"soapenv:{code}")


def test_request_without_soap_action_is_a_client_fault(soap: SoapClient) -> None:
    answer = soap.org.client.post(URL, content=user_info(soap.session), headers={"Content-Type": "text/xml"})
    assert answer.status_code == 500
    assert "<faultstring>SOAPAction HTTP header missing</faultstring>" in answer.text


def test_other_methods_and_media_types_are_refused(soap: SoapClient) -> None:
    assert soap.org.client.get(URL).status_code == 405
    assert soap.post(user_info(soap.session), **{"Content-Type": "application/json"}).status_code == 415


def test_enterprise_endpoint_has_its_own_names(soap: SoapClient) -> None:
    account = soap.org.app.create("Account", Name="A")
    operation = (
        '<query xmlns="urn:enterprise.soap.sforce.com"><queryString>SELECT Id, Phone FROM Account</queryString></query>'
    )
    answer = soap.post(user_info(soap.session, operation), "/services/Soap/c/59.0")
    assert f'<records xsi:type="sf:Account"><sf:Id>{account}</sf:Id></records>' in answer.text
    assert 'xmlns:sf="urn:sobject.enterprise.soap.sforce.com"' in answer.text
    record = (
        '<sObjects xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="e:Account"><Name>B</Name></sObjects>'
    )
    created = soap.post(
        user_info(soap.session, f'<create xmlns="urn:enterprise.soap.sforce.com">{record}</create>'),
        "/services/Soap/c/59.0",
    )
    assert "<success>true</success>" in created.text


@pytest.fixture
def session(org: Org) -> Any:
    with requests.Session() as opened:
        opened.mount("https://", Rewriting(org.url))
        yield opened


@pytest.mark.parametrize("extra", [{"security_token": "sandbox-token"}, {"organizationId": "00D000000000001"}])
def test_simple_salesforce_logs_in_by_soap(session: requests.Session, extra: dict[str, Any]) -> None:
    opened = Salesforce(session=session, username=USER, password=PASSWORD, version="59.0", **extra)
    assert opened.query("SELECT Id FROM User")["done"]


def test_simple_salesforce_is_told_what_is_wrong(session: requests.Session) -> None:
    with pytest.raises(SalesforceAuthenticationFailed, match=r"INVALID_LOGIN\): Invalid username"):
        Salesforce(session=session, username=USER, password="no", security_token="")
    with pytest.raises(SalesforceAuthenticationFailed, match="INVALID_OPERATION"):
        Salesforce(session=session, username=USER, password=PASSWORD, security_token="", version="65.0")


def test_session_of_client_credentials_serves_soap(org: Org) -> None:
    token = org.token(grant_type="client_credentials", **CREDENTIALS).json()["access_token"]
    assert SoapClient(org, token).call("getUserInfo").status == 200
