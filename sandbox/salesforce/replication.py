"""getUpdated and getDeleted: which records changed in a window, and how far the answer can be trusted."""

from __future__ import annotations

# Names come from the schema, values are always bound.
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.org import Call, Org
from sandbox.salesforce.times import parsed, text_of, text_of_ms
from sandbox.salesforce.transactions import Transactions
from sandbox.wire import Response, Routes

UPDATED_DAYS, DELETED_DAYS = 30, 15
MAX_IDS = 600_000


class Replication:
    """The handlers of /sobjects/{sobject}/updated and /deleted, and the doors of what they have to live with."""

    def __init__(self, org: Org, transactions: Transactions) -> None:
        self._org = org
        self._transactions = transactions
        self._forgotten: datetime | None = None
        self.doors: Mapping[str, Callable[..., Any]] = {
            "touch": self.touch,
            "forget_deletions": self.forget_deletions,
        }

    def add_to(self, routes: Routes, base: str) -> None:
        routes.add("GET", f"{base}/sobjects/{{sobject}}/updated", self.updated)
        routes.add("GET", f"{base}/sobjects/{{sobject}}/deleted", self.deleted)

    def updated(self, call: Call, sobject: str) -> Response:
        declared, start, end = self._window(call, sobject, UPDATED_DAYS)
        names = ("SystemModstamp", "LastModifiedDate", "CreatedDate")
        stamp = next(name for name in names if declared.has(name))
        alive = " AND IsDeleted = 0" if declared.has("IsDeleted") else ""
        alive += " AND Id NOT IN (SELECT Id FROM _unshared)"
        rows = self._org.database.select(
            f'SELECT Id FROM "{declared.name}" WHERE {stamp} >= ? AND {stamp} < ?{alive} ORDER BY {stamp} LIMIT ?',
            (text_of(start), text_of(end), MAX_IDS + 1),
        )
        self._check_count(len(rows))
        return Response.of_json({"ids": [name for (name,) in rows], "latestDateCovered": self._covered(end)})

    def deleted(self, call: Call, sobject: str) -> Response:
        declared, start, end = self._window(call, sobject, DELETED_DAYS)
        earliest = self._org.clock.now() - timedelta(days=DELETED_DAYS)
        if self._forgotten is not None:
            earliest = max(earliest, self._forgotten)
        rows = self._org.database.select(
            "SELECT Id, at FROM _deletions WHERE sobject = ? AND at >= ? AND at < ? ORDER BY at, Id LIMIT ?",
            (declared.name, text_of(max(start, earliest)), text_of(end), MAX_IDS + 1),
        )
        self._check_count(len(rows))
        body = {
            "deletedRecords": [{"deletedDate": at, "id": record_id} for record_id, at in rows],
            "earliestDateAvailable": text_of(earliest),
            "latestDateCovered": self._covered(end),
        }
        return Response.of_json(body)

    def touch(self, sobject: str, record_id: str, **values: Any) -> None:
        """Have a process of the system move the SystemModstamp and perhaps values, as roll-ups do, and nothing else."""
        declared, identity = self._org.schema.get(sobject), long_id(record_id) or ""
        if unknown := sorted(name for name in values if not declared.has(name)):
            raise LookupError(f"{declared.name} has no field {unknown[0]}")
        stamped = {**values, "SystemModstamp": text_of_ms(self._org.clock.now_ms())}
        if self._org.database.row(declared, identity) is None:
            raise LookupError(f"no {sobject} {record_id}")
        self._org.database.update(declared, identity, stamped)

    def forget_deletions(self) -> None:
        """Purge the log of deletions, as the platform does when it grows too long; the recycle bin stays."""
        self._forgotten = self._org.clock.now()

    def _window(self, call: Call, sobject: str, days: int) -> tuple[SObject, datetime, datetime]:
        """Object, start and end of the window, its seconds left out where the org is set up so."""
        declared = self._org.schema.get(sobject)
        if not declared.replicateable:
            raise ApiError("INVALID_TYPE_FOR_OPERATION", f"entity type {declared.name} is not replicateable")
        # A plus sign that the client left unescaped has become a blank.
        start, end = (parsed((call.request.first(name) or "").replace(" ", "+")) for name in ("start", "end"))
        if start is None or end is None:
            raise ApiError("INVALID_REPLICATION_DATE", "start and end must be given as UTC times")
        if self._org.settings.whole_minutes:
            start, end = (moment.replace(second=0, microsecond=0) for moment in (start, end))
        if end <= start:
            raise ApiError("INVALID_REPLICATION_DATE", "endDate must be after startDate")
        if start < self._org.clock.now() - timedelta(days=days):
            raise ApiError("INVALID_REPLICATION_DATE", f"startDate cannot be more than {days} days ago")
        return declared, start, end

    def _covered(self, end: datetime) -> str:
        """The next window must start here: changes after it may not be committed yet."""
        covered = min(end, self._org.clock.now())
        began_ms = self._transactions.earliest_ms()
        return text_of(covered) if began_ms is None else min(text_of(covered), text_of_ms(began_ms))

    def _check_count(self, count: int) -> None:
        if count > MAX_IDS:
            raise ApiError("EXCEEDED_ID_LIMIT", f"The window has more than {MAX_IDS} records; ask for a shorter one.")
