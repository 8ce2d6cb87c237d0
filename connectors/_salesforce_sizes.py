"""About how many records each object has, from one call: recordCount, which may lag and counts what sharing hides."""

from __future__ import annotations

from connectors._salesforce_client import Client
from connectors._salesforce_parts import PARTS
from model.errors import NotPermitted, Rejected


class Sizes:
    """The sizes of one org's objects, asked for when one is first needed. An object it does not tell of has none."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._told: dict[str, int] | None = None

    def rows(self, sobject: str) -> int:
        if self._told is None:
            self._told = self._ask()
        return self._told.get(sobject, 0)

    def _ask(self) -> dict[str, int]:
        names = ",".join(part.sobject for parts in PARTS.values() for part in parts)
        try:
            answer = self._client.get(f"limits/recordCount?sObjects={names}", kind="count")
        except (NotPermitted, Rejected):
            return {}
        rows = answer.get("sObjects") if isinstance(answer, dict) else None
        return {
            str(row.get("name")): row["count"]
            for row in rows or []
            if isinstance(row, dict) and isinstance(row.get("count"), int)
        }
