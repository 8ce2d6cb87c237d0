"""Finding a record without an external id: by what no two records of one person or company share.

People are found by their e-mail address, accounts by name and website. It is how a create goes on where a duplicate
rule of the org stops it, and how one is found again in an org that has no field for our external id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors._salesforce_client import Client
from connectors._salesforce_read import Readback
from connectors._salesforce_rows import long_id, time_of
from connectors._salesforce_soql import IDS_PER_QUERY, fitting
from model.changes import Create, Planned
from model.streams import Value

PEOPLE = ("contacts", "leads")
# The first is searched for and must be given.
KEYS: Mapping[str, tuple[str, ...]] = {"contacts": ("email",), "leads": ("email",), "accounts": ("name", "website")}
Found = tuple[str, int]  # id and version (µs)


def is_found_alike(change: Create) -> bool:
    """Whether a record has what it can be found by."""
    names = KEYS.get(change.key.stream)
    return names is not None and bool(dict(change.values).get(names[0]))


class Alike:
    """Look-ups in one org."""

    def __init__(self, client: Client, readback: Readback) -> None:
        self._client = client
        self._readback = readback

    def there(self, stream: str, changes: Sequence[Planned], *, ours: bool = False) -> dict[str, list[Found]]:
        """By change id, the live records that are like the one to be made; with `ours` only those our user made."""
        wanted = {planned.id: self._key(stream, planned.change) for planned in changes}
        selection = self._readback.selection(stream)
        names = [selection.remote[name] for name in KEYS[stream] if name in selection.remote]
        found: dict[tuple[str, ...], list[Found]] = {}
        for some in fitting(sorted({key[0] for key in wanted.values() if key[0]})):
            self._client.usage.needs("reads by what is alike", len(some), most=IDS_PER_QUERY)
            rows: list[dict[str, Any]] = self._client.rows(
                "SELECT Id, {version:literal}, CreatedById, {names:literal} FROM {sobject:literal} "
                "WHERE {key:literal} IN {some}",
                {
                    "version": selection.version,
                    "names": ", ".join(names),
                    "sobject": selection.sobject.name,
                    "key": names[0],
                    "some": some,
                },
                kind="read",
            )
            for row in rows:
                if not ours or long_id(str(row["CreatedById"])) == long_id(self._client.user_id):
                    key = tuple(_folded(row.get(name)) for name in names)
                    found.setdefault(key, []).append((str(row["Id"]), time_of(str(row[selection.version]))))
        return {change_id: found.get(key, []) for change_id, key in wanted.items()}

    def _key(self, stream: str, change: object) -> tuple[str, ...]:
        values = dict(change.values) if isinstance(change, Create) else {}
        readable = self._readback.selection(stream).remote
        return tuple(_folded(values.get(name)) for name in KEYS[stream] if name in readable)


def _folded(value: Value | Any) -> str:
    return str(value or "").strip().casefold()
