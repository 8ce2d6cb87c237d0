"""Everything one org consists of, handed to the parts of its API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.salesforce.actor import Actor, actor_of
from sandbox.salesforce.database import Database
from sandbox.salesforce.errors import ApiError, bad_json
from sandbox.salesforce.ids import make_id
from sandbox.salesforce.queries import Queries
from sandbox.salesforce.records import Records
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.settings import Settings
from sandbox.salesforce.tokens import Tokens
from sandbox.salesforce.usage import Usage
from sandbox.wire import Request

RETIRED, OLDEST, NEWEST = 21, 31, 68  # API versions: retired from 21 on, served from 31 on
SUCCESS: Mapping[str, Any] = {"success": True, "errors": []}


@dataclass(slots=True)
class Org:
    """The state and the machinery of one org."""

    database: Database
    schema: Schema
    clock: SandboxClock
    settings: Settings
    records: Records
    queries: Queries
    tokens: Tokens
    usage: Usage
    pod: str  # two characters in the ids of records made here
    user_id: str = ""  # the API user's

    @property
    def org_id(self) -> str:
        """Id of the one Organization record."""
        found = self.database.select("SELECT Id FROM Organization")
        return str(found[0][0]) if found else make_id("00D", self.pod, 1)


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request on its way through the API."""

    request: Request
    version: str  # 59.0
    actor: Actor

    @property
    def number(self) -> int:
        return int(self.version.partition(".")[0])

    def json_object(self) -> dict[str, Any]:
        """The body; JSON_PARSER_ERROR when it is no JSON object, UNSUPPORTED_MEDIA_TYPE when it is said to be none."""
        kind = (self.header("Content-Type") or "json").partition(";")[0].strip().lower()
        if "json" not in kind:
            raise ApiError("UNSUPPORTED_MEDIA_TYPE", f"Unsupported content type: {kind}")
        try:
            body = self.request.json()
        except ValueError:
            raise bad_json("Unexpected character in the request body at [line:1, column:1]") from None
        if not isinstance(body, dict):
            raise bad_json("The HTTP entity body is required, but this request has no JSON object in it.")
        return body

    def header(self, name: str) -> str | None:
        return self.request.headers.get(name.lower())

    def with_request(self, request: Request) -> Call:
        """The call of a request that came inside another one."""
        return replace(self, request=request, actor=actor_of(self.actor.user_id, request))
