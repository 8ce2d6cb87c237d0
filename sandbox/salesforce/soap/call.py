"""One SOAP call on its way: who asks for what, and how the org's own resources are asked for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.salesforce.actor import Actor
from sandbox.salesforce.bounds import at_most
from sandbox.salesforce.bundles.subrequests import Answer
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.org import Call
from sandbox.salesforce.soap.element import Element
from sandbox.salesforce.soap.envelope import Envelope
from sandbox.wire import Request


@dataclass(frozen=True, slots=True)
class SoapCall:
    """An authenticated call; `user_id` is blank in a login."""

    request: Request
    envelope: Envelope
    api: str  # u partner, c enterprise
    version: str  # 59.0
    user_id: str
    answer: Answer

    @property
    def arguments(self) -> Element:
        return self.envelope.operation

    @property
    def actor(self) -> Actor:
        """Assignment rules run only when asked for, unlike in REST."""
        assignment = self.envelope.header("AssignmentRuleHeader")
        assign = assignment.flag("useDefaultRule") or assignment.value("assignmentRuleId") is not None
        duplicates = self.envelope.header("DuplicateRuleHeader")
        return Actor(
            self.user_id,
            auto_assign=assign,
            allow_duplicates=duplicates.flag("allowSave"),
            duplicate_details=duplicates.flag("includeRecordDetails"),
            update_mru=self.envelope.header("MruHeader").flag("updateMru"),
            truncate=self.envelope.header("AllowFieldTruncationHeader").flag("allowFieldTruncation"),
            version=self.version,
        )

    @property
    def all_or_none(self) -> bool:
        return self.envelope.header("AllOrNoneHeader").flag("allOrNone")

    @property
    def page_size(self) -> int | None:
        """QueryOptions' batchSize within 200 and 2,000."""
        size = self.envelope.header("QueryOptions").value("batchSize") or ""
        return max(at_most(size, 2000), 200) if size.isdecimal() else None

    def ask(self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Any:
        """The JSON of a REST resource of the same version; its refusal becomes the call's."""
        target = f"/services/data/v{self.version}{path}"
        listed = {name: [value] for name, value in (query or {}).items()}
        sent = b"" if body is None else json.dumps(body).encode()
        request = Request(method, target, listed, {}, sent, self.request.host, target)
        response = self.answer(Call(request, self.version, self.actor))
        if response.status < 400:
            return json.loads(response.body)
        error = json.loads(response.body)[0]
        raise ApiError(error["errorCode"], error["message"], error.get("fields"))
