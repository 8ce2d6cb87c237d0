"""Sending rows and reading what became of each: guarded composites, collections, and rows that met a lock."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from connectors._http import redacted
from connectors._salesforce_client import WRITE_HEADERS, Client
from connectors._salesforce_faults import LOCK, error_code
from connectors._salesforce_parts import PARTS
from connectors._salesforce_read import Current, Readback
from connectors._salesforce_rows import remote_value
from connectors._salesforce_unit import Unit, Write
from model.changes import Planned
from model.errors import Conflict, Rejected

COLLECTION_RECORDS = 200
COMPOSITE_RECORDS = 25
REFUSED = "Salesforce refused: the record was changed since it was read"
_LOCK_TRIES = 4
_SECOND_US = 1_000_000

Rows = Sequence[Write]
Currents = Mapping[str, Current]


class Sender:
    """Sends at most one call's worth of rows at a time. A row that is accepted stays open for the read-back."""

    def __init__(self, client: Client, readback: Readback, *, jitter: Callable[[], float] = random.random) -> None:
        self._client = client
        self._readback = readback
        self._jitter = jitter

    def composite(self, unit: Unit, rows: Rows, current: Currents) -> None:
        """Up to COMPOSITE_RECORDS updates, each on condition that its record is still as `current` has it."""
        self._until_unlocked(unit, rows, current, self._send_composite)

    def collection(self, unit: Unit, rows: Rows, current: Currents) -> None:
        """Up to COLLECTION_RECORDS updates without condition."""
        self._until_unlocked(unit, rows, current, self._send_collection)

    def single(self, unit: Unit, rows: Rows, current: Currents) -> None:
        """Updates on the same condition, a call each. Only its code is known of what is refused here."""
        self._until_unlocked(unit, rows, current, self._send_single)

    def _until_unlocked(
        self,
        unit: Unit,
        rows: Sequence[Write],
        current: Mapping[str, Current],
        send: Callable[[Unit, Sequence[Write], Mapping[str, Current]], list[Write]],
    ) -> None:
        """Send rows, and those again that met a lock, after a short random wait each time."""
        for attempt in range(_LOCK_TRIES):
            locked = send(unit, rows, current)
            unit.was_sent = True
            if not locked:
                return
            rows = locked
            if attempt + 1 < _LOCK_TRIES:
                self._client.clocks.sleep((0.2 + self._jitter()) * (attempt + 1))
        for write in rows:
            unit.settle(
                unit.open_changes(write), "rejected", LOCK, f"the record stayed locked through {_LOCK_TRIES} tries"
            )

    def _body(self, unit: Unit, write: Write, now: Current) -> dict[str, Any]:
        """The JSON fields of one row; a value that cannot be written exactly is settled as rejected and left out."""
        selection = self._readback.selection(unit.stream)
        body: dict[str, Any] = {}
        for name, changes in unit.open_fields(write).items():
            try:
                value = remote_value(selection.type_of(name), write.after[name], now.currency)
            except ValueError as error:
                unit.settle(changes, "rejected", "NOT_EXACT", str(error))
                continue
            body[self._readback.remote_name(unit.stream, name)] = value
        return body

    def _send_composite(self, unit: Unit, rows: Sequence[Write], current: Mapping[str, Current]) -> list[Write]:
        sobject = PARTS[unit.stream][0].sobject
        requests, asked = [], {}
        for number, write in enumerate(rows):
            body = self._body(unit, write, current[write.id])
            if not body:
                continue
            headers = {**WRITE_HEADERS, **_condition(current[write.id])}
            reference = f"row{number}"
            asked[reference] = write
            requests.append(
                {
                    "method": "PATCH",
                    "url": f"/services/data/v{self._client.api_version}/sobjects/{sobject}/{write.id}",
                    "referenceId": reference,
                    "httpHeaders": headers,
                    "body": body,
                }
            )
        if not requests:
            return []
        self._client.usage.needs(f"guarded updates of {sobject}", len(requests), most=COMPOSITE_RECORDS)
        answer = self._client.write("POST", "composite", {"allOrNone": False, "compositeRequest": requests})
        answers = answer.get("compositeResponse") if isinstance(answer, dict) else None
        by_reference = {a.get("referenceId"): a for a in answers or [] if isinstance(a, dict)}
        return [
            write for reference, write in asked.items() if self._is_locked(unit, write, by_reference.get(reference))
        ]

    def _is_locked(self, unit: Unit, write: Write, answer: Mapping[str, Any] | None) -> bool:
        """Take note of a subrequest's answer; True when the row met a lock and may be sent again."""
        status = answer.get("httpStatusCode") if answer else None
        changes = unit.open_changes(write)
        if answer is None or not isinstance(status, int) or status >= 500:
            errors = row_errors(answer.get("body")) if answer else []
            if errors and error_code(errors[0]) == LOCK:
                return True
            unit.settle(changes, "unknown", "NO_ANSWER", "Salesforce did not say what became of this row")
        elif status == 412:
            unit.settle(changes, "conflict", "MOVED", REFUSED)
        elif status >= 300:
            return self._settle_errors(unit, changes, row_errors(answer.get("body")), f"HTTP {status}")
        else:
            unit.accepted.add(write.id)
        return False

    def _send_single(self, unit: Unit, rows: Sequence[Write], current: Mapping[str, Current]) -> list[Write]:
        sobject = PARTS[unit.stream][0].sobject
        for write in rows:
            body = self._body(unit, write, current[write.id])
            if not body:
                continue
            self._client.usage.needs(f"updates of {sobject} alone", 1, most=1)
            try:
                self._client.write("PATCH", f"sobjects/{sobject}/{write.id}", body, _condition(current[write.id]))
            except Conflict:
                unit.settle(unit.open_changes(write), "conflict", "MOVED", REFUSED)
            except Rejected as error:
                unit.settle(unit.open_changes(write), "rejected", error.code, str(error))
            else:
                unit.accepted.add(write.id)
        return []

    def _send_collection(self, unit: Unit, rows: Sequence[Write], current: Mapping[str, Current]) -> list[Write]:
        sobject = PARTS[unit.stream][0].sobject
        records, asked = [], []
        for write in rows:
            body = self._body(unit, write, current[write.id])
            if body:
                asked.append(write)
                records.append({"attributes": {"type": sobject}, "id": write.id, **body})
        if not records:
            return []
        self._client.usage.needs(f"updates of {sobject}", len(records), most=COLLECTION_RECORDS)
        answer = self._client.write("PATCH", "composite/sobjects", {"allOrNone": False, "records": records})
        if not isinstance(answer, list) or len(answer) != len(records):
            for write in asked:
                unit.settle(unit.open_changes(write), "unknown", "NO_ANSWER", "Salesforce answered for other rows")
            return []
        locked = []
        for write, row in zip(asked, answer, strict=True):
            if isinstance(row, dict) and row.get("success") is True:
                unit.accepted.add(write.id)
            elif self._settle_errors(unit, unit.open_changes(write), row_errors(row), ""):
                locked.append(write)
        return locked

    def _settle_errors(
        self, unit: Unit, changes: Sequence[Planned], errors: Sequence[Mapping[str, Any]], otherwise: str
    ) -> bool:
        """Reject with the remote's reason, unless it is a lock: then True."""
        first = errors[0] if errors else {}
        code = error_code(first) or otherwise or "UNKNOWN"
        if code == LOCK:
            return True
        message = redacted(str(first.get("message", ""))) or "Salesforce gave no reason"
        unit.settle(changes, "rejected", code, message)
        return False


def row_errors(body: Any) -> list[Mapping[str, Any]]:
    """Error objects of a composite body (a list) or of a collection row (its `errors`)."""
    if isinstance(body, Mapping):
        body = body.get("errors", [body])
    return [item for item in body if isinstance(item, Mapping)] if isinstance(body, list) else []


def _condition(now: Current) -> dict[str, str]:
    moment = datetime.fromtimestamp(now.modified_at // _SECOND_US, UTC)
    return {"If-Unmodified-Since": format_datetime(moment, usegmt=True)}
