"""What was deleted since a watermark, by getDeleted: also what no query shows any more.

The rule. Each window is read by queryAll, which shows deleted and merged records while they are in the recycle bin. It
does not show what has left the bin: hard deletes, emptied bins, and objects whose rows never enter it (campaign
members, contact roles). So each window of an object that describe calls deletable and replicateable begins with one
call of `/deleted`, which knows 15 days. A longer window is told as a gap: a full pull finds what it cannot. getUpdated
is not used: the window by SystemModstamp brings the rows themselves, not only their ids. `latestDateCovered` lies
before any transaction that is still open, so the next window starts no later than there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from connectors._http import unreadable
from connectors._salesforce_client import Client
from connectors._salesforce_rows import long_id, time_of
from connectors._salesforce_selection import Selection
from connectors._salesforce_soql import soql_time
from model.batch import Batch
from model.errors import NotPermitted, Rejected
from model.streams import Value

_MINUTE_US = 60 * 1_000_000
# A little less than the 15 days, since the remote's clock is known to the second only.
_MEMORY_US = 15 * 86_400 * 1_000_000 - 10 * _MINUTE_US
_PAGE_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Deletions:
    """Ids and times (µs) of deletions; `covered` (µs) is where the next window starts at the latest."""

    ids: list[Value]
    times: list[Value]
    covered: int | None
    gap: str = ""

    def batches(self, connection: str, stream: str) -> list[Batch]:
        found = []
        for start in range(0, len(self.ids), _PAGE_ROWS):
            ids = self.ids[start : start + _PAGE_ROWS]
            times = self.times[start : start + _PAGE_ROWS]
            columns: dict[str, list[Value]] = {"id": ids, "changed_at": times, "is_deleted": [True] * len(ids)}
            found.append(Batch(connection, stream, columns, frozenset()))
        return found


NOTHING = Deletions([], [], None)


def deletions(client: Client, selection: Selection, since: int) -> Deletions:
    """What getDeleted tells of one object since then (µs); nothing where the object has no such record."""
    sobject = selection.sobject
    if not {"deletable", "replicateable"} <= sobject.flags or selection.part.parent:
        return NOTHING
    now = client.server_time
    earliest = now - _MEMORY_US
    start = max(since, earliest)
    if now - start < _MINUTE_US:
        return NOTHING  # the call rounds to minutes and wants at least one
    window = "&".join(f"{name}={quote(_moment(at), safe='')}" for name, at in (("start", start), ("end", now)))
    client.usage.needs(f"deletes of {sobject.name}", 1, most=1)
    try:
        answer = client.get(f"sobjects/{sobject.name}/deleted/?{window}", kind="deleted")
    except (NotPermitted, Rejected) as error:
        code = error.code if isinstance(error, Rejected) else "not permitted"
        return Deletions([], [], None, f"{selection.stream}: {sobject.name} does not tell what was purged ({code})")
    try:
        return _told(answer, since, start, selection)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise unreadable(client.name, f"deletions of {sobject.name} in another shape") from None


def _told(answer: Any, since: int, start: int, selection: Selection) -> Deletions:
    rows = answer["deletedRecords"] or []
    known_from = max(start, time_of(answer["earliestDateAvailable"])) if answer.get("earliestDateAvailable") else start
    gap = ""
    if known_from > since + _MINUTE_US:
        gap = f"{selection.stream}: what was purged before {soql_time(known_from)} is not known; a full pull finds it"
    ids: list[Value] = [long_id(row["id"]) for row in rows]
    times: list[Value] = [time_of(row["deletedDate"]) for row in rows]
    return Deletions(ids, times, time_of(answer["latestDateCovered"]), gap)


def _moment(micros: int) -> str:
    return soql_time(micros).replace("Z", "+00:00")
