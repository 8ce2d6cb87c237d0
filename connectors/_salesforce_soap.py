"""The few SOAP calls that no REST resource replaces: merge, undelete, convertLead; as text out, as elements back.

The envelope follows the partner WSDL. Children of a type are written in its order: of an sObject the type first, then
the fields to clear, the id, and the values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLParser
from xml.sax.saxutils import escape

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_PARTNER, _SOBJECT = "urn:partner.soap.sforce.com", "urn:sobject.partner.soap.sforce.com"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
# What XML 1.0 cannot hold, escaped or not.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MAX_IDS, MAX_MERGES, MAX_LEADS = 200, 200, 100  # of one call
MAX_LOSERS = 2  # of one merge request: three records with the survivor


def envelope(session_id: str, operation: str) -> bytes:
    """The message of one call; `allowSave` lets a merge pass a duplicate rule that only warns."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{_SOAP}" xmlns:urn="{_PARTNER}" '
        f'xmlns:sobj="{_SOBJECT}"><soapenv:Header><urn:SessionHeader><urn:sessionId>{escape(session_id)}'
        "</urn:sessionId></urn:SessionHeader><urn:DuplicateRuleHeader><urn:allowSave>true</urn:allowSave>"
        "<urn:includeRecordDetails>false</urn:includeRecordDetails><urn:runAsCurrentUser>true</urn:runAsCurrentUser>"
        f"</urn:DuplicateRuleHeader></soapenv:Header><soapenv:Body>{operation}</soapenv:Body></soapenv:Envelope>"
    ).encode()


def merge_request(sobject: str, survivor: str, losers: Sequence[str], values: Mapping[str, Any]) -> str:
    """One request of a merge call; a value of None clears the survivor's field. ValueError for an unwritable text."""
    cleared = (name for name, value in values.items() if value is None)
    given = {name: value for name, value in values.items() if value is not None}
    return (
        f"<urn:request><urn:masterRecord><sobj:type>{sobject}</sobj:type>"
        f"{_elements('sobj:fieldsToNull', cleared)}<sobj:Id>{escape(survivor)}</sobj:Id>"
        f"{''.join(_element(f'sobj:{name}', value) for name, value in given.items())}</urn:masterRecord>"
        f"{_elements('urn:recordToMergeIds', losers)}</urn:request>"
    )


def merge_call(requests: Iterable[str]) -> str:
    return f"<urn:merge>{''.join(requests)}</urn:merge>"


def undelete_call(ids: Iterable[str]) -> str:
    return f"<urn:undelete>{_elements('urn:ids', ids)}</urn:undelete>"


def lead_convert(values: Mapping[str, str | bool | None]) -> str:
    """One lead of a convertLead call; of the values, those that are None are left out."""
    given = sorted((name, value) for name, value in values.items() if value is not None)
    return f"<urn:leadConverts>{''.join(_element(f'urn:{name}', value) for name, value in given)}</urn:leadConverts>"


def convert_call(leads: Iterable[str]) -> str:
    return f"<urn:convertLead>{''.join(leads)}</urn:convertLead>"


def _elements(name: str, values: Iterable[str]) -> str:
    return "".join(_element(name, value) for value in values)


def _element(name: str, value: object) -> str:
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if _UNWRITABLE.search(text):
        raise ValueError("a text with characters that XML cannot hold")
    # A line end would otherwise reach the other side as a plain line feed.
    return f"<{name}>{escape(text, {chr(13): '&#13;'})}</{name}>"


class Result:
    """One `result` element of an answer; children are found by their name, whatever their namespace."""

    def __init__(self, element: Element) -> None:
        self._element = element

    @property
    def is_success(self) -> bool:
        return self.text("success") == "true"

    @property
    def errors(self) -> list[dict[str, str]]:
        """Its errors in the shape of a REST row's."""
        return [
            {"statusCode": error.text("statusCode") or "", "message": error.text("message") or ""}
            for error in (Result(child) for child in self._named("errors"))
        ]

    def text(self, name: str) -> str | None:
        """The text of the first child of that name; None when it is missing, nil or blank."""
        found = next(iter(self._named(name)), None)
        return None if found is None or found.get(_NIL) in ("true", "1") else (found.text or "").strip() or None

    def _named(self, name: str) -> list[Element]:
        return [child for child in self._element if child.tag.rpartition("}")[2] == name]


def results(body: bytes, operation: str) -> list[Result]:
    """The results of an answer to that call; ValueError when it is none."""
    root = _parsed(body)
    envelope_body = root.find(f"{{{_SOAP}}}Body")
    answer = envelope_body[0] if envelope_body is not None and len(envelope_body) else None
    if answer is None or answer.tag.rpartition("}")[2] != f"{operation}Response":
        raise ValueError("another answer")
    return [Result(child) for child in answer if child.tag.rpartition("}")[2] == "result"]


def _parsed(body: bytes) -> Element:
    """The root element. No SOAP message has a document type, and with it come entities that grow without end."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise ValueError("a document type")
    parser = XMLParser()  # noqa: S314 - without a document type there is nothing to expand
    try:
        parser.feed(body)
        root: Element = parser.close()
    except (ParseError, LookupError):
        raise ValueError("no XML") from None
    return root
