"""The part of the store that field sync works on: what records agreed on, and where they came to differ."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from model.conflicts import Answer, Conflict
from model.evidence import Verdict
from store import bases, conflicts, derived, tombstones
from store.database import Database


class Agreements:
    """Bases and conflicts of an open store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def bases(self, only: pl.DataFrame | None = None) -> pl.DataFrame:
        """Columns connection, stream, id, partner (connection/stream/id) and fields: what each record held when it last
        agreed with its partner, as JSON with a list of one value per field; `only` of these records when given."""
        return bases.frame_of(self._database, only)

    def save_bases(self, frame: pl.DataFrame, at: int) -> None:
        """Put these bases (columns as of `bases`) in the place of those of the same records."""
        with self._database.write() as connection:
            bases.save(connection, frame, at)

    def add_new_verdicts(self, verdicts: Iterable[Verdict]) -> None:
        """Add verdicts about pairs of which nobody has said anything yet."""
        with self._database.write() as connection:
            derived.add_new_verdicts(connection, verdicts)

    def tombstones(self, streams: Iterable[str], *, only: pl.DataFrame | None = None) -> pl.DataFrame:
        """Records of these streams that are deleted: connection, stream, id, merged_into, changed_at and vanished, true
        of those that a full pull did not show any more; `only` those named there (connection, stream, id) when that is
        given."""
        return tombstones.frame_of(self._database, streams, only)

    def conflicts(self, *, closed: bool = False) -> list[Conflict]:
        """The open conflicts, with `closed` all there ever were, in the order they were opened."""
        with self._database.read() as connection:
            return conflicts.listed(connection, closed=closed)

    def keep_conflicts(self, found: Iterable[Conflict], at: int) -> None:
        """Make these the open conflicts: new ones are opened, known ones keep id and answer, the others are closed."""
        with self._database.write() as connection:
            conflicts.keep(connection, found, at)

    def answer_conflict(self, conflict_id: str, answer: Answer, by: str, at: int) -> None:
        """Note what a person says to an open conflict; InputError when there is none of that id."""
        with self._database.write() as connection:
            conflicts.answer(connection, conflict_id, answer, by, at)
