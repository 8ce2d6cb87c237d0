"""The part of the store that says what is to be looked at: which records changed since it was last done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl
from sqlalchemy import select

from model.evidence import RecordKey
from store import marks, numbers
from store.agreements import Agreements
from store.derived import frame_of
from store.marks import WORKS, Work


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
        with self._database.write() as connection:
            marks.settle(connection, work, settings, back, seen)

    def numbers(self, kind: str) -> dict[str, int]:
        """By name the numbers of a kind that were put last."""
        with self._database.read() as connection:
            return numbers.named(connection, kind)

    def put_numbers(self, kind: str, values: Mapping[str, int]) -> None:
        """Put these numbers by name in the place of all of the kind."""
        with self._database.write() as connection:
            numbers.put_named(connection, kind, values)
