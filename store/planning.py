"""The part of the store that says what is to be planned: which records changed since a plan looked at them."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
from sqlalchemy import select

from model.evidence import RecordKey
from store import marks
from store.agreements import Agreements
from store.derived import delete_rows, frame_of
from store.marks import PLANNED, UNPLANNED

_KEY = ["connection", "stream", "id"]


class Planning(Agreements):
    """Marks of an open store."""

    def planned(self) -> str | None:
        """Under what the newest plan of all records was made, as it was given to `settle_plan`; None where records
        may be otherwise than any plan saw them."""
        with self._database.read() as connection:
            return connection.execute(select(PLANNED.c.settings)).scalar()

    def unplanned(self) -> pl.DataFrame:
        """Records and links (connection, stream, id) that the next plan is to look at."""
        return frame_of(self._database, UNPLANNED)

    def mark_unplanned(self, keys: Iterable[RecordKey]) -> None:
        """Have the next plan look at these records."""
        with self._database.write() as connection:
            marks.mark_unplanned(connection, keys)

    def settle_plan(self, settings: str, back: Iterable[RecordKey], seen: pl.DataFrame | None = None) -> None:
        """Note that a plan has looked at all records, or at those `seen`; those of `back` it is to look at again."""
        with self._database.write() as connection:
            if seen is None:
                connection.execute(UNPLANNED.delete())
                connection.execute(PLANNED.delete())
                connection.execute(PLANNED.insert().values(settings=settings))
            else:
                delete_rows(connection, UNPLANNED.name, _KEY, seen)
            marks.mark_unplanned(connection, back)
