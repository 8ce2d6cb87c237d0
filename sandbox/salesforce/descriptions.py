"""The handlers of /sobjects that tell about objects: the list, one object, its describe and layouts."""

from __future__ import annotations

import zlib
from typing import Any

from sandbox.salesforce.database import Row
from sandbox.salesforce.describe import MASTER, describe, describe_global, layout, layouts, summary
from sandbox.salesforce.errors import not_found
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.org import Call, Org
from sandbox.salesforce.recent import recent_items
from sandbox.salesforce.times import http_date, parsed, parsed_http_date, text_of_ms
from sandbox.wire import Response, Routes

# Set-up whose rows show in describes.
_SHOWN = ("OpportunityStage", "LeadStatus", "RecordType", "CampaignMemberStatus")


class Descriptions:
    """Answers 304 to whoever asks for what has not changed since."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._seen: Any = None
        self._changed = text_of_ms(org.clock.now_ms())

    def add_to(self, routes: Routes, base: str) -> None:
        routes.add("GET", f"{base}/sobjects", self.describe_global)
        routes.add("GET", f"{base}/sobjects/{{sobject}}", self.basics)
        routes.add("GET", f"{base}/sobjects/{{sobject}}/describe", self.describe)
        routes.add("GET", f"{base}/sobjects/{{sobject}}/describe/layouts", self.layouts)
        routes.add("GET", f"{base}/sobjects/{{sobject}}/describe/layouts/{{record_type}}", self.layout)

    def describe_global(self, call: Call) -> Response:
        return self._answer(call, lambda: describe_global(self._org.schema, call.version))

    def basics(self, call: Call, sobject: str) -> Response:
        declared = self._org.schema.get(sobject)
        recent = recent_items(self._org, call, [declared])
        return Response.of_json({"objectDescribe": summary(declared, call.version), "recentItems": recent})

    def describe(self, call: Call, sobject: str) -> Response:
        org, declared = self._org, self._org.schema.get(sobject)
        types = self._record_types(declared)
        return self._answer(call, lambda: describe(org.schema, declared, org.records.picklists, types, call.version))

    def layouts(self, call: Call, sobject: str) -> Response:
        declared = self._layoutable(sobject)
        types, fields = self._record_types(declared), self._org.schema.visible(declared)
        return self._answer(call, lambda: layouts(declared, fields, types, call.version))

    def layout(self, call: Call, sobject: str, record_type: str) -> Response:
        declared = self._layoutable(sobject)
        if long_id(record_type) not in (MASTER, *(row["Id"] for row in self._record_types(declared))):
            raise not_found()
        fields = self._org.schema.visible(declared)
        return self._answer(call, lambda: layout(declared, fields))

    def _layoutable(self, sobject: str) -> SObject:
        declared = self._org.schema.get(sobject)
        if not declared.layoutable:
            raise not_found()
        return declared

    def _record_types(self, declared: SObject) -> list[Row]:
        return self._org.database.rows(self._org.schema.get("RecordType"), "SobjectType = ?", (declared.name,))

    def _answer(self, call: Call, body: Any) -> Response:
        changed = self._last_change()
        headers = {"Last-Modified": http_date(changed), "ETag": f'"{zlib.crc32(changed.encode()):08x}"'}
        since, modified = parsed_http_date(call.header("If-Modified-Since") or ""), parsed(changed)
        if since is not None and modified is not None and modified.replace(microsecond=0) <= since:
            return Response(304, headers=headers)
        return Response.of_json(body(), headers=headers)

    def _last_change(self) -> str:
        """When what can be seen last changed, as far as somebody asked."""
        counted = " UNION ALL ".join(f'SELECT COUNT(*), MAX(SystemModstamp) FROM "{name}"' for name in _SHOWN)
        seen = (self._org.schema.version, self._org.database.select(counted))
        if self._seen != seen:
            self._seen = seen
            self._changed = text_of_ms(self._org.clock.now_ms())
        return self._changed
