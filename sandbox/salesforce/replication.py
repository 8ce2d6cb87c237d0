"""getUpdated and getDeleted: which records changed in a window, and how far the answer can be trusted."""

from __future__ import annotations

# Names come from the schema, values are always bound.
from datetime import datetime, timedelta

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.org import Call, Org
from sandbox.salesforce.times import parsed, text_of
from sandbox.wire import Response, Routes

UPDATED_DAYS, DELETED_DAYS = 30, 15
MAX_IDS = 600_000


class Replication:
    """The handlers of /sobjects/{sobject}/updated and /deleted."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def add_to(self, routes: Routes, base: str) -> None:
        routes.add("GET", f"{base}/sobjects/{{sobject}}/updated", self.updated)
        routes.add("GET", f"{base}/sobjects/{{sobject}}/deleted", self.deleted)

    def updated(self, call: Call, sobject: str) -> Response:
        declared, start, end = self._window(call, sobject, UPDATED_DAYS)
        alive = " AND IsDeleted = 0" if declared.has("IsDeleted") else ""
        rows = self._org.database.select(
            f'SELECT Id FROM "{declared.name}" WHERE SystemModstamp >= ? AND SystemModstamp < ?{alive}'
            " ORDER BY SystemModstamp LIMIT ?",
            (text_of(start), text_of(end), MAX_IDS + 1),
        )
        self._check_count(len(rows))
        return Response.of_json({"ids": [name for (name,) in rows], "latestDateCovered": self._covered(end)})

    def deleted(self, call: Call, sobject: str) -> Response:
        declared, start, end = self._window(call, sobject, DELETED_DAYS)
        rows = self._org.database.select(
            "SELECT Id, at FROM _deletions WHERE sobject = ? AND at >= ? AND at < ? ORDER BY at, Id LIMIT ?",
            (declared.name, text_of(start), text_of(end), MAX_IDS + 1),
        )
        self._check_count(len(rows))
        earliest = self._org.clock.now() - timedelta(days=DELETED_DAYS)
        body = {
            "deletedRecords": [{"deletedDate": at, "id": record_id} for record_id, at in rows],
            "earliestDateAvailable": text_of(earliest),
            "latestDateCovered": self._covered(end),
        }
        return Response.of_json(body)

    def _window(self, call: Call, sobject: str, days: int) -> tuple[SObject, datetime, datetime]:
        """Object, start and end; an end in the future is the present."""
        declared = self._org.schema.get(sobject)
        if not declared.replicateable:
            raise ApiError("INVALID_TYPE_FOR_OPERATION", f"entity type {declared.name} is not replicateable")
        # A plus sign that the client left unescaped has become a blank.
        start, end = (parsed((call.request.first(name) or "").replace(" ", "+")) for name in ("start", "end"))
        if start is None or end is None:
            raise ApiError("INVALID_REPLICATION_DATE", "start and end must be given as UTC times")
        if end <= start:
            raise ApiError("INVALID_REPLICATION_DATE", "endDate must be after startDate")
        if start < self._org.clock.now() - timedelta(days=days):
            raise ApiError("INVALID_REPLICATION_DATE", f"startDate cannot be more than {days} days ago")
        return declared, start, end

    def _covered(self, end: datetime) -> str:
        """The next window must start here: changes after it may not be committed yet."""
        return text_of(min(end, self._org.clock.now()))

    def _check_count(self, count: int) -> None:
        if count > MAX_IDS:
            raise ApiError("EXCEEDED_ID_LIMIT", f"The window has more than {MAX_IDS} records; ask for a shorter one.")
