"""SOAP by hand: envelopes in the spellings that clients use, and answers as trees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import httpx

from tests.sandbox.salesforce_org import Org

PARTNER = "urn:partner.soap.sforce.com"
URL = "/services/Soap/u/59.0"


@dataclass
class Answer:
    """A SOAP answer: its status and the texts of its elements by name without prefix."""

    status: int
    text: str
    root: ElementTree.Element = field(init=False)

    def __post_init__(self) -> None:
        self.root = ElementTree.fromstring(self.text)

    def all(self, name: str) -> list[str]:
        return [one.text or "" for one in self.root.iter() if one.tag.rpartition("}")[2] == name]

    def one(self, name: str) -> str:
        """The text of the first element of that name."""
        return self.all(name)[0]

    @property
    def errors(self) -> list[tuple[str, str]]:
        return list(zip(self.all("statusCode"), self.all("message"), strict=True))

    @property
    def fault(self) -> tuple[int, str]:
        return self.status, self.one("faultcode")


@dataclass
class SoapClient:
    """Posts calls to one org in its session."""

    org: Org
    session: str = ""
    headers: str = ""  # further SOAP headers

    def post(self, envelope: str | bytes, url: str = URL, **headers: str) -> httpx.Response:
        sent = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""', **headers}
        return self.org.client.post(url, content=envelope, headers=sent)

    def call(self, operation: str, arguments: str = "", url: str = URL, headers: str = "") -> Answer:
        """A call with its arguments as finished XML, in the partner's default namespace."""
        session = f"<SessionHeader><sessionId>{self.session}</sessionId></SessionHeader>" if self.session else ""
        answer = self.post(
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
            'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            'xmlns:sobj="urn:sobject.partner.soap.sforce.com">'
            f'<soapenv:Header xmlns="{PARTNER}">{session}{self.headers}{headers}</soapenv:Header>'
            f'<soapenv:Body xmlns="{PARTNER}"><{operation}>{arguments}</{operation}></soapenv:Body></soapenv:Envelope>',
            url,
        )
        return Answer(answer.status_code, answer.text)

    def merge(self, sobject: str, master: str, *losers: str, nulls: tuple[str, ...] = (), **values: Any) -> Answer:
        return self.call("merge", merge_request(sobject, master, *losers, nulls=nulls, **values))

    def convert(self, lead: str, status: str = "Closed - Converted", **values: Any) -> Answer:
        given = {"convertedStatus": status, "leadId": lead, **values}
        return self.call("convertLead", f"<leadConverts>{elements(given)}</leadConverts>")

    def undelete(self, *ids: str, headers: str = "") -> Answer:
        return self.call("undelete", "".join(f"<ids>{one}</ids>" for one in ids), headers=headers)


def elements(values: dict[str, Any], prefix: str = "") -> str:
    texts = {name: str(v).lower() if isinstance(v, bool) else escape(str(v)) for name, v in values.items()}
    return "".join(f"<{prefix}{name}>{text}</{prefix}{name}>" for name, text in texts.items())


def sobject(kind: str, nulls: tuple[str, ...] = (), **values: Any) -> str:
    """The content of an sObject element, type first."""
    cleared = "".join(f"<sobj:fieldsToNull>{name}</sobj:fieldsToNull>" for name in nulls)
    return f"<sobj:type>{kind}</sobj:type>{cleared}{elements(values, 'sobj:')}"


def merge_request(kind: str, master: str, *losers: str, nulls: tuple[str, ...] = (), **values: Any) -> str:
    ids = "".join(f"<recordToMergeIds>{one}</recordToMergeIds>" for one in losers)
    return f"<request><masterRecord>{sobject(kind, nulls, Id=master, **values)}</masterRecord>{ids}</request>"
