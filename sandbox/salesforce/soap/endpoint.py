"""/services/Soap/u/{version} and /services/Soap/c/{version}: from a request to the call it names, and back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sandbox.salesforce.bundles.subrequests import Answer
from sandbox.salesforce.converting import Converting
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.merging import Merging
from sandbox.salesforce.org import NEWEST, OLDEST, Org
from sandbox.salesforce.soap.answer import NAMES, answer, fault
from sandbox.salesforce.soap.call import SoapCall
from sandbox.salesforce.soap.envelope import ClientFault, Envelope
from sandbox.salesforce.soap.reading import Reading
from sandbox.salesforce.soap.saving import Saving
from sandbox.salesforce.soap.sessions import Sessions
from sandbox.wire import Request, Response

PATH = re.compile(r"/services/soap/([uc])/([^/]+)(?:/\w+)?/?", re.IGNORECASE)
_LOGIN = re.compile(rb"<(?:[\w.-]+:)?login[\s/>]")
Operation = Callable[[SoapCall], Any]


def is_login(request: Request) -> bool:
    """Whether the request asks for a session, told from its text alone."""
    return _LOGIN.search(request.body) is not None


class Soap:
    """Both SOAP endpoints of one org."""

    def __init__(
        self, org: Org, merging: Merging, converting: Converting, answer_rest: Answer, spend: Callable[[], None]
    ) -> None:
        """`answer_rest` answers a REST call; `spend` counts an API call, REQUEST_LIMIT_EXCEEDED when it is too many."""
        self._org = org
        self._answer_rest = answer_rest
        self._spend = spend
        self._sessions = Sessions(org)
        reading, saving = Reading(org), Saving(org, merging, converting)
        self._operations: dict[str, Operation] = {
            "logout": self._sessions.logout,
            "getUserInfo": self._sessions.user_info,
            "getServerTimestamp": self._sessions.server_time,
            "describeGlobal": reading.describe_global,
            "describeSObject": reading.describe,
            "describeSObjects": reading.describe,
            "query": reading.query,
            "queryAll": reading.query_all,
            "queryMore": reading.query_more,
            "search": reading.search,
            "retrieve": reading.retrieve,
            "getUpdated": reading.updated,
            "getDeleted": reading.deleted,
            "findDuplicates": reading.duplicates,
            "findDuplicatesByIds": reading.duplicates_by_ids,
            "create": saving.create,
            "update": saving.update,
            "upsert": saving.upsert,
            "delete": saving.delete,
            "undelete": saving.undelete,
            "emptyRecycleBin": saving.empty_recycle_bin,
            "merge": saving.merge,
            "convertLead": saving.convert_lead,
        }

    def handle(self, request: Request) -> Response:
        """The answer to a request whose path fits PATH."""
        found = PATH.fullmatch(request.path)
        api = found.group(1).lower() if found else "u"
        if request.method != "POST":
            return Response(405, b"", {"Allow": "POST"})
        if not request.headers.get("content-type", "").lower().startswith("text/xml"):
            return Response(415, b"Unsupported Media Type", {"Content-Type": "text/plain"})
        try:
            version = _version(found.group(2) if found else "")
            return self._answer(SoapCall(request, Envelope.of(request), api, version, "", self._answer_rest))
        except (ApiError, ClientFault) as error:
            return fault(api, error)

    def _answer(self, call: SoapCall) -> Response:
        name, namespace = call.arguments.name, call.arguments.namespace
        operation = self._operations.get(name)
        if name == "login":
            operation = self._sessions.login
        if operation is None or namespace not in ("", f"urn:{NAMES[call.api]}.soap.sforce.com"):
            wanted = f"{{{namespace}}}{name}"
            raise ClientFault(f"No operation available for request {wanted}, please check the WSDL for the service.")
        if name == "login":
            return answer(call.api, "loginResponse", operation(call), None)
        token = call.envelope.header("SessionHeader").value("sessionId") or ""
        user_id = None if is_jwt(token) else self._org.tokens.user_of(token)
        if user_id is None:
            message = "Invalid Session ID found in SessionHeader: Illegal Session"
            raise ApiError("INVALID_SESSION_ID", message)
        self._spend()
        call = SoapCall(call.request, call.envelope, call.api, call.version, user_id, call.answer)
        usage = (self._org.usage.used(), self._org.settings.daily_limit)
        return answer(call.api, f"{name}Response", operation(call), usage)


def is_jwt(token: str) -> bool:
    """Whether it is an access token in JWT form, which SOAP does not take."""
    return token.count(".") == 2 and token.startswith("eyJ")


def _version(text: str) -> str:
    """59.0 for 59.0 and for 59; UNSUPPORTED_API_VERSION for what is not served."""
    whole, _, part = text.partition(".")
    if not whole.isdecimal() or part.strip("0") or not OLDEST <= int(whole) <= NEWEST:
        raise ApiError("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
    return f"{int(whole)}.0"
