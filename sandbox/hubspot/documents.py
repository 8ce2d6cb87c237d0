"""Small things of the portal (definitions, owners, pipelines, labels, ...) as JSON on shelves of the same database."""

from __future__ import annotations

import json
from typing import Any

from sandbox.hubspot.store import Store


class Documents:
    """JSON objects by shelf and key; listed in the order of their keys."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, shelf: str, key: str, body: Any) -> None:
        text = json.dumps(body, ensure_ascii=False, sort_keys=True)
        self._store.db.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (shelf, key, text))

    def get(self, shelf: str, key: str) -> Any:
        """The object, or None."""
        sql = "SELECT body FROM documents WHERE shelf = ? AND key = ?"
        row = self._store.db.execute(sql, (shelf, key)).fetchone()
        return None if row is None else json.loads(row[0])

    def drop(self, shelf: str, key: str) -> None:
        self._store.db.execute("DELETE FROM documents WHERE shelf = ? AND key = ?", (shelf, key))

    def any(self, shelf: str) -> bool:
        sql = "SELECT 1 FROM documents WHERE shelf = ? LIMIT 1"
        return self._store.db.execute(sql, (shelf,)).fetchone() is not None

    def clear(self, shelf: str) -> None:
        self._store.db.execute("DELETE FROM documents WHERE shelf = ?", (shelf,))

    def list(self, shelf: str) -> dict[str, Any]:
        """The shelf's objects by key."""
        sql = "SELECT key, body FROM documents WHERE shelf = ? ORDER BY key"
        return {str(key): json.loads(body) for key, body in self._store.db.execute(sql, (shelf,))}
