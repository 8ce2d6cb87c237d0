"""The part of the store that says what is to be looked at: which records changed since a plan or a scoring saw them."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
from sqlalchemy import select

from model.evidence import RecordKey
from store import marks
from store.agreements import Agreements
from store.derived import delete_rows, frame_of
from store.marks import WORKS, Work

_KEY = ["connection", "stream", "id"]


class Planning(Agreements):
    """Marks of an open store."""

    def settled(self, work: Work) -> str | None:
        """Under what this was last done to all records, as it was given to `settle`; None where records may be
        otherwise than it ever saw them."""
        with self._database.read() as connection:
            return connection.execute(select(WORKS[work][0].c.settings)).scalar()

    def waiting(self, work: Work) -> pl.DataFrame:
        """Records and links (connection, stream, id) that this is to look at."""
        return frame_of(self._database, WORKS[work][1])

    def mark_concerned(self, keys: Iterable[RecordKey]) -> None:
        """Have the next plan and the next scoring look at these records."""
        with self._database.write() as connection:
            marks.mark_concerned(connection, keys)

    def settle(
        self, work: Work, settings: str, back: Iterable[RecordKey] = (), seen: pl.DataFrame | None = None
    ) -> None:
        """Note that this was done to all records, or to those `seen`; to those of `back` it is to be done again."""
        done, waiting = WORKS[work]
        rows = sorted({(key.connection, key.stream, key.id) for key in back})
        with self._database.write() as connection:
            if seen is None:
                connection.execute(waiting.delete())
                connection.execute(done.delete())
                connection.execute(done.insert().values(settings=settings))
            else:
                delete_rows(connection, waiting.name, _KEY, seen)
            marks.mark_rows(connection, rows, [waiting])
