"""What happened in the account, by shelf and moment: logins, security actions, the audit log, form submissions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.hubspot.store import Store

Row = tuple[str, str, int | None, str, str]
Entry = tuple[int, str, int | None, dict[str, Any]]  # id, moment, actor, body


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: those of these actors (all when empty) and this key, from `since` and before `until` (stamps)."""

    who: Sequence[int] = ()
    key: str | None = None
    since: str = ""
    until: str = "~"


class Journal:
    """Entries on shelves. Each has a moment, an actor (a user's or a record's id), a key and a JSON body."""

    def __init__(self, store: Store) -> None:
        self._db = store.db

    def append(self, shelf: str, at: str, who: int | None, body: dict[str, Any], key: str = "") -> int:
        """Add one entry; its id."""
        sql = "INSERT INTO journal (shelf, at, who, key, body) VALUES (?, ?, ?, ?, ?)"
        return int(self._db.execute(sql, (shelf, at, who, key, _text(body))).lastrowid or 0)

    def extend(self, rows: Iterable[Row]) -> None:
        """Add many (shelf, at, who, key, JSON text)."""
        self._db.executemany("INSERT INTO journal (shelf, at, who, key, body) VALUES (?, ?, ?, ?, ?)", rows)

    def page(
        self, shelf: str, wanted: Wanted, size: int, *, after: int | None = None, oldest_first: bool = False
    ) -> list[Entry]:
        """Up to `size` entries, those that follow the entry `after` when that is given; the newest first."""
        clause = "shelf = ? AND at >= ? AND at < ?"
        parameters: list[Any] = [shelf, wanted.since, wanted.until]
        if after is not None:
            sign = ">" if oldest_first else "<"
            clause += f" AND (at, id) {sign} (SELECT at, id FROM journal WHERE id = ?)"
            parameters.append(after)
        if wanted.key is not None:
            clause += " AND key = ?"
            parameters.append(wanted.key)
        if wanted.who:
            clause += f" AND who IN ({','.join(str(int(one)) for one in wanted.who)})"
        order = "at, id" if oldest_first else "at DESC, id DESC"
        sql = f"SELECT id, at, who, body FROM journal WHERE {clause} ORDER BY {order} LIMIT ?"
        return [(key, at, who, json.loads(body)) for key, at, who, body in self._db.execute(sql, (*parameters, size))]


def _text(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True)
