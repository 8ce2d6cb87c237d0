"""Writes in flight: stamped when they are made, seen only when their transaction commits."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.salesforce.actor import Actor
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.org import Org

Write = Callable[[], str]


@dataclass(slots=True)
class _Open:
    began_ms: int
    writes: list[tuple[int, Write]] = field(default_factory=list)  # when, and what does it


class Transactions:
    """The doors by which a test lets somebody else's long transaction run beside the API.

    A write is done at the commit, under the time at which it was made: its stamps lie before rows that others have
    read in the meantime. What it will do is not known to anybody before, so nothing is locked.
    """

    def __init__(self, org: Org, somebody: Callable[[], Actor]) -> None:
        self._org = org
        self._somebody = somebody
        self._serial = itertools.count(1)
        self._open: dict[int, _Open] = {}
        self.doors: Mapping[str, Callable[..., Any]] = {
            "begin": self.begin,
            "write": self.write,
            "remove": self.remove,
            "commit": self.commit,
            "roll_back": self.roll_back,
        }

    def begin(self) -> int:
        """The number of a new transaction."""
        number = next(self._serial)
        self._open[number] = _Open(self._org.clock.now_ms())
        return number

    def write(self, transaction: int, sobject: str, record_id: str = "", **values: Any) -> None:
        """Update the record, or create one when no id is given, as of now."""
        declared = self._org.schema.get(sobject)

        def work() -> str:
            if not record_id:
                return self._org.records.create(declared, values, self._somebody())
            identity = self._identity(record_id)
            self._org.records.update(declared, identity, values, self._somebody())
            return identity

        self._add(transaction, work)

    def remove(self, transaction: int, sobject: str, record_id: str) -> None:
        """Delete the record as of now."""
        declared, identity = self._org.schema.get(sobject), self._identity(record_id)

        def work() -> str:
            self._org.records.delete(declared, identity, self._somebody())
            return identity

        self._add(transaction, work)

    def commit(self, transaction: int) -> list[str]:
        """Let the writes be seen; the ids of their records."""
        ended = self._take(transaction)
        ids = []
        with self._org.database.transaction():
            for at_ms, work in ended.writes:
                with self._org.clock.at(at_ms):
                    ids.append(work())
        return ids

    def roll_back(self, transaction: int) -> None:
        """Forget the writes."""
        self._take(transaction)

    def earliest_ms(self) -> int | None:
        """When the oldest transaction in flight began."""
        return min((one.began_ms for one in self._open.values()), default=None)

    def _add(self, transaction: int, work: Write) -> None:
        if transaction not in self._open:
            raise LookupError(f"no open transaction {transaction}")
        self._open[transaction].writes.append((self._org.clock.now_ms(), work))

    def _take(self, transaction: int) -> _Open:
        if transaction not in self._open:
            raise LookupError(f"no open transaction {transaction}")
        return self._open.pop(transaction)

    def _identity(self, record_id: str) -> str:
        if (found := long_id(record_id)) is None:
            raise LookupError(f"{record_id} is no record id")
        return found
