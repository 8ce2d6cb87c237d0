"""What changes about an org as a whole while a client is at work: its limits, its pages, its tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.salesforce.org import Org
from sandbox.salesforce.queries import PAGE


class Switches:
    """The doors that touch no record."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self.doors: Mapping[str, Callable[..., Any]] = {
            "refuse_refresh": org.tokens.refuse_refresh,
            "use_up_calls": self.use_up_calls,
            "set_page_size": self.set_page_size,
            "lag_record_count": self.lag_record_count,
            "catch_up_record_count": self.catch_up_record_count,
        }

    def use_up_calls(self, left: int = 0) -> None:
        """Let so many API calls be left of the day."""
        self._org.usage.leave(left)

    def set_page_size(self, rows: int = PAGE) -> None:
        """Let a page of a query have so many rows at most, whatever the client asks for."""
        if rows < 1:
            raise ValueError("a page has at least one row")
        self._org.settings.page_rows = rows

    def lag_record_count(self, count: int | None = None) -> None:
        """Let recordCount go on telling the counts of this moment, or `count` for every object."""
        counts = {one.name: self._org.database.count(one) if count is None else count for one in self._org.schema}
        self._org.settings.stale_counts = counts

    def catch_up_record_count(self) -> None:
        """Let recordCount tell the truth."""
        self._org.settings.stale_counts = {}
