"""Calls to one org through simple-salesforce: our login, our retries, our budget around the SDK's requests.

The SDK object is made with a ready session, so it never logs in by itself: its own refresh drops the caller's headers
(and with them the guard against lost updates) and can recurse without end. Here a refused session is renewed once and
the same request, headers included, is made again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from requests.exceptions import JSONDecodeError
from simple_salesforce.api import Salesforce
from simple_salesforce.format import format_soql
from tenacity.retry import retry_base

from connectors._http import Origins, loopback_url, unreadable
from connectors._pace import Budget
from connectors._retry import READ, WRITE, retrying
from connectors._salesforce_auth import Login, SaveSecret, Secret, Session
from connectors._salesforce_faults import SessionExpired
from connectors._salesforce_soap import Result, envelope, results
from connectors._salesforce_transport import Download, Transport
from connectors.connector import Usage
from model.errors import AuthFailed, ConfigError, NotPermitted, Unavailable
from model.settings import SalesforceConnection

# Hosts a token answer may send us to (My Domain, instances, government cloud).
Item = TypeVar("Item")
HOST_SUFFIXES = ("salesforce.com", "force.com", "salesforce.mil")
QUERY_ROWS = 2_000
_HOST = re.compile(r"(?i)[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?")
_USAGE = re.compile(r"\bapi-usage=(\d+)/(\d+)")
# An update must neither re-route ownership, nor fill somebody's "recently viewed", nor stop at an alert-only rule.
WRITE_HEADERS = {
    "Sforce-Auto-Assign": "FALSE",
    "Sforce-Mru": "updateMru=false",
    "Sforce-Duplicate-Rule-Header": "allowSave=true",
}


NO_SOAP = (
    "SOAP takes no access tokens in JWT form, and merges, conversions and restores need SOAP; switch off JWT-based "
    "access tokens in the settings of the app."
)


def is_jwt(token: str) -> bool:
    return token.startswith("eyJ") and token.count(".") == 2


@dataclass(frozen=True, slots=True)
class Clocks:
    """Time as the connector sees it: `now` (s since epoch), `monotonic` (s) and `sleep`; replaced in tests."""

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def checked_host(name: str, settings: SalesforceConnection) -> str:
    """The configured host; ConfigError when it is no bare host name, or no Salesforce host and no sandbox."""
    host = settings.host
    known = settings.base_url is not None or host.lower().endswith(tuple(f".{suffix}" for suffix in HOST_SUFFIXES))
    if not _HOST.fullmatch(host) or not known:
        raise ConfigError(
            f"connections.{name}.host must be the org's My Domain host such as acme.my.salesforce.com, without "
            "https:// and path."
        )
    return host


# So often a query is asked that gives fewer rows than it says there are.
_MOST_READS = 3


class Client:
    """One org, one thread at a time. Every method counts its calls by kind and raises the errors of the tree."""

    def __init__(
        self,
        name: str,
        settings: SalesforceConnection,
        secret: Secret,
        save_secret: SaveSecret | None,
        usage: Usage,
        clocks: Clocks,
    ) -> None:
        host = checked_host(name, settings)
        base_url = None if settings.base_url is None else loopback_url(name, settings.base_url)
        self.name = name
        self.api_version = settings.api_version
        self.clocks = clocks
        self._home = f"https://{host}"
        self._base_url = base_url
        self.usage = usage
        self._budget = Budget(name, usage, daily_share=settings.daily_share)
        suffixes = () if base_url else HOST_SUFFIXES
        self._origins = Origins(name, [self._home, *([base_url] if base_url else [])], suffixes=suffixes)
        self._transport = Transport(
            name, self._origins, timeout_s=settings.timeout_s, base_url=base_url, clock=clocks.monotonic
        )
        self.login = Login(name, settings, self._transport, self._origins, secret, save_secret)
        self._session: Session | None = None
        self._sdk: Salesforce | None = None

    # --- reading ---

    def query(self, soql: str, *, kind: str = "list", deleted: bool = False) -> dict[str, Any]:
        """The first page of a SOQL query; with `deleted`, records in the recycle bin too."""
        headers = {"Sforce-Query-Options": f"batchSize={QUERY_ROWS}"}
        answer = self._call(kind, lambda sdk: sdk.query(soql, include_deleted=deleted, headers=headers))
        return self._page(answer)

    def more(self, link: str, *, kind: str = "list") -> dict[str, Any]:
        """The page behind a `nextRecordsUrl`; ConnectorError when that leads to another host."""
        path = self._own_path(link)
        return self._page(self._call(kind, lambda sdk: sdk.query_more(path, identifier_is_url=True)))

    def rows(
        self, soql: str, values: Mapping[str, object], *, kind: str, deleted: bool = False
    ) -> list[dict[str, Any]]:
        """All rows of a query with `{name}` places, whose values are quoted for SOQL; Unavailable when they are fewer
        than it says itself, each time it is asked."""
        query = format_soql(soql, **values)
        told = ""
        for _ in range(_MOST_READS):
            page = self.query(query, kind=kind, deleted=deleted)
            total, found = page.get("totalSize"), list(page["records"])
            while not page["done"]:
                page = self.more(page["nextRecordsUrl"], kind=kind)
                found += page["records"]
            if not isinstance(total, int) or len(found) >= total:
                return found
            told = f"{len(found)} of {total} rows"
        raise unreadable(self.name, told)

    def get(self, path: str, *, kind: str) -> Any:
        """A GET below /services/data/vNN.0/."""
        return self._call(kind, lambda sdk: sdk.restful(path))

    def post(self, path: str, body: object, *, kind: str) -> Any:
        """A POST that may be repeated whatever becomes of it: what it makes is nobody's data."""
        return self._call(kind, lambda sdk: sdk.restful(path, method="POST", json=body))

    def delete(self, path: str, *, kind: str) -> None:
        """A DELETE of what we made ourselves; what is gone already is no error of the caller's."""
        self._call(kind, lambda sdk: sdk.restful(path, method="DELETE"))

    def download(self, path: str, *, kind: str) -> Download:
        """A GET whose body is read while it arrives; the caller repeats it."""
        self._connect()
        answer: Download = self._attempt(kind, lambda sdk: self._transport.download(f"{sdk.base_url}{path}"))
        return answer

    # --- writing ---

    def write(self, method: str, path: str, body: object, headers: Mapping[str, str] | None = None) -> Any:
        """One write; None where the answer has no body.

        Repeated only while provably nothing was written; Unavailable(sent) when the answer is lost.
        """
        sent = {**WRITE_HEADERS, **(headers or {})}
        return self._call(
            "write", lambda sdk: sdk.restful(path, method=method, json=body, headers=dict(sent)), policy=WRITE
        )

    def soap(self, operation: str, content: str) -> list[Result]:
        """The results of one SOAP call, which is repeated like a write; `content` is the element of the operation.

        NotPermitted where the org gives out tokens that SOAP does not take.
        """

        def request(sdk: Salesforce) -> list[Result]:
            token = self._session.token if self._session else ""
            if is_jwt(token):
                raise NotPermitted(f"{self.name}: {NO_SOAP}", connection=self.name, missing="opaque access tokens")
            url = f"https://{sdk.sf_instance}/services/Soap/u/{self.api_version}"
            headers = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'}
            response = self._transport.post(url, data=envelope(token, content), headers=headers)
            try:
                return results(response.content, operation)
            except ValueError:
                raise unreadable(self.name, "no SOAP answer") from None

        answer: list[Result] = self._call("write", request, policy=WRITE)
        return answer

    # --- around it ---

    @property
    def has_soap(self) -> bool:
        """Whether our access token is of the kind that SOAP takes."""
        self._connect()
        return self._session is None or not is_jwt(self._session.token)

    @property
    def server_time(self) -> int:
        """µs: the remote's clock now, to the second and never ahead of it, or ours where it never told."""
        told = self._transport.server_time()
        return int(self.clocks.now() * 1_000_000) if told is None else told

    @property
    def user_id(self) -> str:
        """The user we are logged in as; blank where the token answer did not say."""
        self._connect()
        return self._session.user_id if self._session else ""

    def close(self) -> None:
        self._transport.close()

    def _call(self, kind: str, request: Callable[[Salesforce], Any], *, policy: retry_base = READ) -> Any:
        self._connect()  # before the policy: a login has its own patience, which must not be multiplied
        return retrying(policy, sleep=self.clocks.sleep)(self._attempt, kind, request)

    def _attempt(self, kind: str, request: Callable[[Salesforce], Any]) -> Any:
        try:
            return self._once(kind, request)
        except SessionExpired:
            self._sdk = None
        try:
            return self._once(kind, request)
        except SessionExpired as error:
            raise AuthFailed(
                f"{self.name}: Salesforce refused the session again right after a new login; check the user's and the "
                "app's permission to use the API.",
                connection=self.name,
            ) from error

    def _once(self, kind: str, request: Callable[[Salesforce], Any]) -> Any:
        sdk = self._connect()
        self._budget.spend(kind)
        try:
            return request(sdk)
        except (JSONDecodeError, RecursionError, TypeError):
            # TypeError: the SDK takes the length of whatever it parsed, a bare null or number included.
            raise unreadable(self.name, "not JSON") from None
        finally:
            self._read_usage()

    def _connect(self) -> Salesforce:
        """The SDK with a live session; a failed login never counts as a sent request."""
        if self._sdk is None:
            try:
                self._session = retrying(READ, sleep=self.clocks.sleep)(self._log_in)
            except Unavailable as error:
                raise Unavailable(str(error), connection=self.name, sent=False) from error
            self._transport.token = self._session.token
            self._sdk = Salesforce(
                session_id=self._session.token,
                instance_url=self._home if self._base_url else self._session.instance_url,
                version=self.api_version,
                session=self._transport,
                parse_float=str,  # digits as sent: an amount must not pass through a float
                object_pairs_hook=None,
            )
        return self._sdk

    def _log_in(self) -> Session:
        self._budget.spend("auth")
        return self.login.new_session()

    def _read_usage(self) -> None:
        found = _USAGE.search(self._transport.limit_info)
        if found:
            self.usage.daily_used, self.usage.daily_limit = int(found[1]), int(found[2])

    def _own_path(self, link: str) -> str:
        """The path of a paging link that stays with this org."""
        home = self._home if self._base_url or self._session is None else self._session.instance_url
        if link.startswith("/services/data/"):
            return link
        self._origins.check(link if "://" in link else f"{home}{link}", source="a paging link")
        return urlsplit(link)._replace(scheme="", netloc="").geturl()

    def _page(self, answer: Any) -> dict[str, Any]:
        """A query answer of the documented shape; Unavailable otherwise."""
        if not isinstance(answer, dict) or not isinstance(answer.get("records"), list):
            raise unreadable(self.name, "a query answer without records")
        if not all(isinstance(record, dict) for record in answer["records"]):
            raise unreadable(self.name, "a record that is no object")
        if not isinstance(answer.get("done"), bool):
            raise unreadable(self.name, "a query answer that does not say whether it is done")
        if not answer["done"] and not isinstance(answer.get("nextRecordsUrl"), str):
            raise unreadable(self.name, "an unfinished query answer without a next page")
        return answer


def chunks(ids: Sequence[Item], size: int) -> list[Sequence[Item]]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]
