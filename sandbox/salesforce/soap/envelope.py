"""The SOAP 1.1 envelope around a call: its headers and the one element in its body."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.salesforce.soap.element import BadXml, Element, parse
from sandbox.wire import Request

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


class ClientFault(Exception):
    """The message cannot be understood: a fault of SOAP itself, with no exception code of Salesforce."""

    def __init__(self, message: str, code: str = "Client") -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Envelope:
    """What one request asks for; headers are found by name, whatever their namespace."""

    headers: Element
    operation: Element

    def header(self, name: str) -> Element:
        """The header of that name, an empty one when it was not sent."""
        return self.headers.child(name) or Element(name)

    @classmethod
    def of(cls, request: Request) -> Envelope:
        """The parsed message; ClientFault says what is wrong with it."""
        if "soapaction" not in request.headers:
            raise ClientFault("SOAPAction HTTP header missing")
        try:
            root = parse(request.body)
        except BadXml as error:
            raise ClientFault(str(error)) from None
        if root.name != "Envelope" or root.namespace != SOAP:
            raise ClientFault(f"The root element must be Envelope of {SOAP}.", "VersionMismatch")
        body = root.child("Body")
        if body is None or not body.children:
            raise ClientFault("The SOAP body holds no operation.")
        return cls(root.child("Header") or Element("Header"), body.children[0])
