"""Small things of the portal (definitions, owners, pipelines, labels, ...) as JSON on shelves of the same database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandbox.hubspot.store import Store


def as_json(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True)


class Documents:
    """JSON objects by shelf and key; listed in the order of their keys."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, shelf: str, key: str, body: Any) -> None:
        self._store.db.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (shelf, key, as_json(body)))

    def put_texts(self, shelf: str, texts: Mapping[str, str]) -> None:
        """Put many whose JSON is at hand."""
        rows = [(shelf, key, text) for key, text in texts.items()]
        self._store.db.executemany("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", rows)

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
        return {key: json.loads(text) for key, text in self.texts(shelf).items()}

    def texts(self, shelf: str) -> dict[str, str]:
        """The JSON of the shelf's objects by key."""
        sql = "SELECT key, body FROM documents WHERE shelf = ? ORDER BY key"
        return {str(key): str(body) for key, body in self._store.db.execute(sql, (shelf,))}
