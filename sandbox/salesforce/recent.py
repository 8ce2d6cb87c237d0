"""Which records the API user last worked on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.salesforce.fields import SObject
from sandbox.salesforce.org import Call, Org

MAX_RECENT = 200


def recent_items(org: Org, call: Call, sobjects: Iterable[SObject], limit: int = MAX_RECENT) -> list[dict[str, Any]]:
    """The records the user looked at or wrote last, newest first, each by its id and name."""
    found: list[tuple[str, str, str, str]] = []
    for declared in sobjects:
        if declared.recent and declared.has("LastViewedDate") and declared.has(declared.name_field):
            alive = " AND IsDeleted = 0" if declared.has("IsDeleted") else ""
            rows = org.database.select(
                f'SELECT LastViewedDate, Id, "{declared.name_field}" FROM "{declared.name}" '
                f"WHERE LastViewedDate IS NOT NULL{alive} ORDER BY LastViewedDate DESC, Id LIMIT ?",
                (limit,),
            )
            found += [(str(at), str(record_id), declared.name, name) for at, record_id, name in rows]
    found.sort(key=lambda item: item[0], reverse=True)
    base = f"/services/data/v{call.version}/sobjects"
    return [
        {"attributes": {"type": kind, "url": f"{base}/{kind}/{record_id}"}, "Id": record_id, "Name": name}
        for _, record_id, kind, name in found[:limit]
    ]
