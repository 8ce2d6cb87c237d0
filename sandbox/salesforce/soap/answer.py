"""Answers as XML: results in the element order of the WSDL, which is alphabetical, and faults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.soap.element import XSI
from sandbox.salesforce.soap.envelope import SOAP, ClientFault
from sandbox.wire import Response

NAMES = {"u": "partner", "c": "enterprise"}
_FAULTS = {
    "INVALID_LOGIN": "LoginFault",
    "INVALID_TYPE": "InvalidSObjectFault",
    "INVALID_FIELD": "InvalidFieldFault",
    "MALFORMED_QUERY": "MalformedQueryFault",
    "MALFORMED_SEARCH": "MalformedSearchFault",
    "MALFORMED_ID": "InvalidIdFault",
    "INVALID_ID_FIELD": "InvalidIdFault",
    "INVALID_QUERY_LOCATOR": "InvalidQueryLocatorFault",
}
_WITH_PLACE = {"InvalidSObjectFault", "InvalidFieldFault", "MalformedQueryFault"}


@dataclass(frozen=True, slots=True)
class Xml:
    """Finished XML among values that are still to be written; `attributes` belong to the element around it."""

    content: str
    attributes: str = ""


def written(name: str, value: Any) -> str:
    """The element of a value: a mapping's keys become children, a list repeats the element, None is xsi:nil."""
    if isinstance(value, list | tuple):
        return "".join(written(name, one) for one in value)
    if value is None:
        return f'<{name} xsi:nil="true"/>'
    if isinstance(value, Xml):
        return f"<{name}{value.attributes}>{value.content}</{name}>"
    if isinstance(value, Mapping):
        return f"<{name}>{''.join(written(key, value[key]) for key in sorted(value))}</{name}>"
    return f"<{name}>{text(value)}</{name}>"


def text(value: Any) -> str:
    """A scalar in its XML Schema form."""
    if isinstance(value, bool):
        return "true" if value else "false"
    # What XML 1.0 cannot hold at all is left out.
    return escape(
        "".join(c for c in str(value) if c in "\t\n\r" or " " <= c < "\ufffe" or c > "\uffff"),
        {'"': "&quot;", "'": "&apos;"},
    )


def answer(api: str, operation: str, results: Iterable[Any], usage: tuple[int, int] | None) -> Response:
    """The response of a call; `usage` is (calls so far, limit), None where the call is not counted."""
    name = NAMES[api]
    header = ""
    if usage is not None:
        info = {"current": usage[0], "limit": usage[1], "type": "API REQUESTS"}
        header = f"<soapenv:Header>{written('LimitInfoHeader', {'limitInfo': info})}</soapenv:Header>"
    body = "".join(written("result", one) for one in results)
    namespaces = f' xmlns="urn:{name}.soap.sforce.com" xmlns:sf="urn:sobject.{name}.soap.sforce.com"'
    return _response(200, namespaces, f"{header}<soapenv:Body><{operation}>{body}</{operation}></soapenv:Body>")


def fault(api: str, error: ApiError | ClientFault) -> Response:
    """HTTP 500 with the fault, in the WSDL's types."""
    if isinstance(error, ClientFault):
        inner = f"<faultcode>soapenv:{error.code}</faultcode><faultstring>{text(error.message)}</faultstring>"
    else:
        kind = _FAULTS.get(error.code, "UnexpectedErrorFault")
        place = "<sf:row>-1</sf:row><sf:column>-1</sf:column>" if kind in _WITH_PLACE else ""
        inner = (
            f"<faultcode>sf:{error.code}</faultcode><faultstring>{error.code}: {text(error.message)}</faultstring>"
            f'<detail><sf:{kind} xsi:type="sf:{kind}"><sf:exceptionCode>{error.code}</sf:exceptionCode>'
            f"<sf:exceptionMessage>{text(error.message)}</sf:exceptionMessage>{place}</sf:{kind}></detail>"
        )
    namespaces = f' xmlns:sf="urn:fault.{NAMES[api]}.soap.sforce.com"'
    return _response(500, namespaces, f"<soapenv:Body><soapenv:Fault>{inner}</soapenv:Fault></soapenv:Body>")


def _response(status: int, namespaces: str, content: str) -> Response:
    envelope = f'<soapenv:Envelope xmlns:soapenv="{SOAP}"{namespaces} xmlns:xsi="{XSI}">{content}</soapenv:Envelope>'
    body = f'<?xml version="1.0" encoding="UTF-8"?>{envelope}'.encode("utf-8", "replace")
    return Response(status, body, {"Content-Type": "text/xml; charset=utf-8"})
