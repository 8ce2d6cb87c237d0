"""The Salesforce sandbox: one org behind one host, and the doors through which tests reach into it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import wraps
from pathlib import Path
from typing import Any

import polars as pl

from sandbox.clock import SandboxClock
from sandbox.salesforce import loading
from sandbox.salesforce.actor import Actor, actor_of
from sandbox.salesforce.administration import Administration
from sandbox.salesforce.bulk import Bulk
from sandbox.salesforce.bulk1 import PATH as CLASSIC_PATH
from sandbox.salesforce.bulk1 import ClassicBulk
from sandbox.salesforce.bundles.batch import Batch
from sandbox.salesforce.bundles.composite import Composite
from sandbox.salesforce.bundles.graph import CompositeGraph
from sandbox.salesforce.bundles.tree import Tree
from sandbox.salesforce.collection import Collection
from sandbox.salesforce.converting import Converting, LeadConvert
from sandbox.salesforce.database import Database, Row
from sandbox.salesforce.descriptions import Descriptions
from sandbox.salesforce.errors import ApiError, bad_json, not_found
from sandbox.salesforce.faults import FAULTS
from sandbox.salesforce.fields import Field
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.merging import Merging
from sandbox.salesforce.oauth import OAuth
from sandbox.salesforce.org import NEWEST, OLDEST, RETIRED, Call, Org
from sandbox.salesforce.overview import Overview, identity, versions
from sandbox.salesforce.queries import Queries
from sandbox.salesforce.query_resources import QueryResources
from sandbox.salesforce.records import Records
from sandbox.salesforce.replication import Replication
from sandbox.salesforce.rows import Rows
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.search import Search
from sandbox.salesforce.seed import complete, seed
from sandbox.salesforce.settings import Settings
from sandbox.salesforce.soap import PATH as SOAP_PATH
from sandbox.salesforce.soap import Soap, is_login
from sandbox.salesforce.switches import Switches
from sandbox.salesforce.times import text_of_ms
from sandbox.salesforce.tokens import Tokens
from sandbox.salesforce.transactions import Transactions
from sandbox.salesforce.usage import Usage
from sandbox.wire import Request, Response, Routes

MAX_URI = 16_384
# An org has one set of these: a frame of them takes the place of what every org begins with.
_ONE_SET = {"Organization", "OpportunityStage", "LeadStatus", "UserLicense", "Profile"}
_DATA = re.compile(r"/services/data/v(\d+)\.0(/.*)?", re.IGNORECASE)
_KINDS = (
    ("auth", r"/services/oauth2/"),
    ("soap", r"/services/soap/"),
    ("collections", r"/composite/sobjects"),
    ("composite", r"/composite"),
    ("describe", r"/describe/?$|/sobjects/?$"),
    ("query", r"/query(all)?(/|$)"),
    ("bulk", r"/jobs/|/services/async/"),
    ("search", r"/(search|parameterizedsearch)/?$"),
    ("limits", r"/limits"),
    ("replication", r"/(updated|deleted)/?$"),
    ("rows", r"/sobjects/"),
)


class SalesforceApp:
    """One org. `load` fills it; the other public methods act in it without the API, as somebody else."""

    system = "salesforce"
    faults = FAULTS

    def __init__(
        self,
        path: Path | None = None,
        *,
        clock: SandboxClock | None = None,
        settings: Settings | None = None,
        org: int = 1,
    ) -> None:
        """Rows live in the file at `path`, or in memory; `org` numbers the orgs of one sandbox, from 1."""
        self.clock = clock or SandboxClock()
        self.settings = settings or Settings()
        self._org = self._build(Database(path), f"S{org % 10}")
        seed(self._org)
        self._bulk = Bulk(self._org)
        self._oauth = OAuth(self.settings, self.clock, self._org.tokens, lambda: self._org.org_id, self._find_user)
        parts = (self._org.database, self._org.schema, self.clock, self._org.records)
        self._merging = Merging(*parts, self.settings.rules)
        self._converting = Converting(*parts)
        self._transactions = Transactions(self._org, self._somebody)
        self._replication = Replication(self._org, self._transactions)
        self._routes = Routes()
        self._add_routes()
        self.admin = Administration(self._org)
        doors: Mapping[str, Callable[..., Any]] = {
            "edit": self.edit,
            "create": self.create,
            "delete": self.delete,
            "undelete": self.undelete,
            "merge": self.merge,
            "convert": self.convert,
            "row": self.row,
            "rows": self.rows,
            "count": self.count,
            "hide_field": self.hide_field,
            "lock_field": self.lock_field,
            "show_field": self.show_field,
            "turn_on": self.turn_on,
            "expire_tokens": self.expire_tokens,
            "turn_clock": self.clock.turn,
            **self.admin.doors,
            **self._transactions.doors,
            **self._replication.doors,
            "set_bulk": self.set_bulk,
            "set_oauth": self._oauth.set_oauth,
            "add_app": self._oauth.add_app,
            "add_password": self._oauth.add_password,
        }
        self.doors = {name: _told(door) for name, door in {**doors, **Switches(self._org).doors}.items()}

    def _build(self, database: Database, pod: str) -> Org:
        schema = Schema(self.settings.features)
        database.create(list(schema))
        database.define("today", lambda: self.clock.today().isoformat())
        tokens = Tokens(self.settings, self.clock, database, lambda: self._org.org_id, self._find_user)
        queries = Queries(database, schema, self.clock, self.settings)
        records = Records(database, schema, self.clock, pod, self.settings.rules, queries)
        usage = Usage(self.clock, self.settings)
        return Org(database, schema, self.clock, self.settings, records, queries, tokens, usage, pod)

    def _add_routes(self) -> None:
        """The first route that fits wins, so fixed words come before record ids and field names."""
        base = "/services/data/v{version}"
        rows = Rows(self._org)
        Overview(self._org, self._bulk).add_to(self._routes, base)
        Descriptions(self._org).add_to(self._routes, base)
        self._replication.add_to(self._routes, base)
        Search(self._org).add_to(self._routes, base)
        QueryResources(self._org).add_to(self._routes, base)
        self._bulk.add_to(self._routes, base)
        Composite(self._org, self._answer).add_to(self._routes, base)
        Batch(self._answer).add_to(self._routes, base)
        CompositeGraph(self._org, self._answer).add_to(self._routes, base)
        Tree(self._org).add_to(self._routes, base)
        Collection(self._org, rows).add_to(self._routes, base)
        rows.add_to(self._routes, base)
        self._classic_bulk = ClassicBulk(self._org)
        self._soap = Soap(self._org, self._merging, self._converting, self._answer, self._org.usage.spend)

    # The wire

    def kind(self, request: Request) -> str:
        found = next((kind for kind, pattern in _KINDS if re.search(pattern, request.path.lower())), "other")
        return "auth" if found == "soap" and is_login(request) else found

    def handle(self, request: Request) -> Response:
        path = request.path.rstrip("/").lower()
        if path == "/services/data":
            return versions()
        try:
            if (granted := self._oauth.handle(request)) is not None:
                return granted
            if path == "/services/oauth2/userinfo" or path.startswith("/id/"):
                return identity(self._org, request, self._authenticated(request))
            if SOAP_PATH.fullmatch(path):
                return self._soap.handle(request)
            if CLASSIC_PATH.fullmatch(path):
                return self._classic_bulk.handle(request)
            return self._data(request)
        except ApiError as error:
            return error.response()

    def _data(self, request: Request) -> Response:
        found = _DATA.fullmatch(request.path)
        if found is None:
            raise not_found()
        if len(request.target) > MAX_URI:
            return _plain(414, "URI Too Long")
        if len(request.target) + sum(len(k) + len(v) + 4 for k, v in request.headers.items()) > MAX_URI:
            return _plain(431, "Request Header Fields Too Large")
        number = int(found.group(1))
        if RETIRED <= number < OLDEST:
            message = f"API version {number}.0 is retired. Use a newer version."
            raise ApiError("UNSUPPORTED_API_VERSION", message)
        if not OLDEST <= number <= NEWEST:
            raise not_found()
        user_id = self._authenticated(request)
        try:
            self._org.usage.spend()
            response = self._answer(Call(request, f"{number}.0", actor_of(user_id, request)))
        except ApiError as error:
            response = error.response()
        response.headers |= self.usage_headers(request, response.status)
        return response

    def usage_headers(self, request: Request, status: int) -> dict[str, str]:
        """On every answer of the data API but that to a caller nobody knows."""
        is_told = status != 401 and _DATA.fullmatch(request.path)
        return {"Sforce-Limit-Info": self._org.usage.header()} if is_told else {}

    def _answer(self, call: Call) -> Response:
        """The answer to one request, also to one within another; refusals become their JSON."""
        request = call.request
        method = request.first("_HttpMethod") or request.method
        found = self._routes.match(method.upper(), request.path)
        try:
            if found is None:
                if self._routes.methods(request.path):
                    message = f"HTTP Method '{method}' not allowed. Allowed are {self._routes.methods(request.path)}"
                    raise ApiError("METHOD_NOT_ALLOWED", message)
                raise not_found()
            handler, arguments = found
            return handler(replace(call, version=arguments.pop("version")), **arguments)
        except ApiError as error:
            return error.response()
        except RecursionError:
            return bad_json("The request body is nested too deeply.").response()

    def _authenticated(self, request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        user_id = self._org.tokens.user_of(token.strip()) if scheme.lower() in ("bearer", "oauth") else None
        if user_id is None:
            raise ApiError("INVALID_SESSION_ID", "Session expired or invalid")
        return user_id

    # The doors

    def load(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Add many records as they are, without the checks the API makes; stamps come from the frames."""
        now = text_of_ms(self.clock.now_ms())
        people = dict.fromkeys(("CreatedById", "LastModifiedById", "OwnerId"), self._org.user_id)
        database = self._org.database
        with database.transaction():
            for name in _ONE_SET & frames.keys():
                database.execute(f'DELETE FROM "{name}"')
            loading.load(database, self._org.schema, frames, {"CreatedDate": now, **people})
            database.execute(
                "UPDATE User SET ProfileId = (SELECT Id FROM Profile ORDER BY PermissionsModifyAllData DESC) "
                "WHERE ProfileId IS NULL OR ProfileId NOT IN (SELECT Id FROM Profile)"
            )
            complete(self._org)

    def edit(self, sobject: str, record_id: str, **values: Any) -> Row:
        """Change a record as another user would, read-only and hidden fields included; the row afterwards."""
        declared = self._org.schema.get(sobject)
        self._org.records.update(declared, self._id(record_id), values, self._somebody())
        return self.row(sobject, record_id)

    def create(self, sobject: str, **values: Any) -> str:
        return self._org.records.create(self._org.schema.get(sobject), values, self._somebody())

    def delete(self, sobject: str, record_id: str) -> None:
        self._org.records.delete(self._org.schema.get(sobject), self._id(record_id), self._somebody())

    def undelete(self, sobject: str, record_id: str) -> None:
        self._org.records.undelete(self._org.schema.get(sobject), self._id(record_id), self._somebody())

    def merge(self, sobject: str, master: str, losers: Sequence[str], **values: Any) -> Row:
        """Merge as another user would; `values` take the place of the master's. What it did, as of a Merged."""
        ids = [self._id(loser) for loser in losers]
        declared = self._org.schema.get(sobject)
        return asdict(self._merging.merge(declared, self._id(master), values, ids, self._somebody()))

    def convert(self, lead: str, status: str = "Closed - Converted", **wanted: Any) -> Row:
        """Convert a lead as another user would; `wanted` are more fields of LeadConvert. The ids of a Converted."""
        return asdict(self._converting.convert(LeadConvert(self._id(lead), status, **wanted), self._somebody()))

    def row(self, sobject: str, record_id: str) -> Row:
        """All stored values, deleted or not; LookupError when there is no such record."""
        found = self._org.database.row(self._org.schema.get(sobject), self._id(record_id))
        if found is None:
            raise LookupError(f"no {sobject} {record_id}")
        return found

    def rows(self, sobject: str) -> list[Row]:
        """All live records in the order they were made."""
        declared = self._org.schema.get(sobject)
        return self._org.database.rows(declared, "IsDeleted = 0" if declared.has("IsDeleted") else "1")

    def count(self, sobject: str) -> int:
        """How many live records there are."""
        return self._org.database.count(self._org.schema.get(sobject))

    def hide_field(self, sobject: str, field: str) -> None:
        """Field-level security: the API user no longer sees the field at all."""
        self._org.schema.hide(sobject, field)

    def lock_field(self, sobject: str, field: str) -> None:
        """Field-level security: the API user sees the field but may not edit it."""
        self._org.schema.lock(sobject, field)

    def show_field(self, sobject: str, field: str) -> None:
        self._org.schema.show(sobject, field)

    def add_field(self, sobject: str, field: Field) -> None:
        """Give the object one more custom field."""
        declared = self._org.schema.get(sobject)
        self._org.schema.replace(declared.with_field(field))
        self._org.database.create([self._org.schema.get(sobject)])

    def turn_on(self, feature: str) -> None:
        """Have an administrator turn on a feature: person_accounts, multi_currency, ..."""
        self._org.database.create(self._org.schema.turn_on(feature))
        seed(self._org)

    def expire_tokens(self) -> None:
        self._org.tokens.expire()

    def set_bulk(self, *, polls: int = 0, seconds: float = 0.0, failure: str = "") -> None:
        """How bulk jobs go from now on: in progress for so many questions and seconds; with a message they fail."""
        settings = self.settings
        settings.bulk_polls, settings.bulk_seconds, settings.bulk_failure = int(polls), float(seconds), str(failure)

    @property
    def api_calls(self) -> int:
        """API requests counted so far."""
        return self._org.usage.total

    @property
    def user_id(self) -> str:
        """The API user's id."""
        return self._org.user_id

    @property
    def org_id(self) -> str:
        return self._org.org_id

    def dump(self) -> bytes:
        return self._org.database.dump()

    def restore(self, state: bytes) -> None:
        self._org.database.restore(state)

    def close(self) -> None:
        self._bulk.close()
        self._org.database.close()

    def _somebody(self) -> Actor:
        """A user of the org who is not the API user."""
        return Actor(self._find_user("somebody@sandbox.example") or self._org.user_id, unchecked=True)

    def _find_user(self, username: str) -> str | None:
        found = self._org.database.select("SELECT Id FROM User WHERE Username = ? AND IsActive = 1", (username,))
        return found[0][0] if found else None

    def _id(self, record_id: str) -> str:
        found = long_id(record_id)
        if found is None:
            raise LookupError(f"{record_id} is no record id")
        return found


def _told(door: Callable[..., Any]) -> Callable[..., Any]:
    """The door, with the org's refusals as words about its arguments."""

    @wraps(door)
    def open_door(**arguments: Any) -> Any:
        try:
            return door(**arguments)
        except ApiError as error:
            raise LookupError(f"{error.code}: {error.message}") from error

    return open_door


def _plain(status: int, reason: str) -> Response:
    """An answer of the web server in front, which knows no JSON."""
    body = f"<h1>Bad Message {status}</h1><pre>reason: {reason}</pre>".encode()
    return Response(status, body, {"Content-Type": "text/html;charset=iso-8859-1"})
