"""A store as those see it who work on some of its records only: what they read and replace is of these alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import polars as pl

from model.conflicts import Conflict
from model.evidence import RecordKey
from store import conflicts, derived, matches
from store.database import Database
from store.derived import FINDINGS, LINKS, MEMBERSHIPS, PARTNERS, SCORES
from store.plans import Recorded
from store.store import Store

_KEY = ["connection", "stream", "id"]
_SCOPED = frozenset(("accounts", "contacts", "leads"))


class ScopedStore(Store):
    """`keys` (connection, stream, id) are accounts, contacts and leads. Their records are shown together with those of
    `context`, of which nothing else is told; of other streams all records, and of links those of the shown ones."""

    @classmethod
    def within(cls, store: Store, keys: pl.DataFrame, context: pl.DataFrame) -> ScopedStore:
        return cls(store._database, keys, context)

    def __init__(self, database: Database, keys: pl.DataFrame, context: pl.DataFrame) -> None:
        super().__init__(database)
        self.keys = keys.select(_KEY).unique().sort(_KEY)
        self._shown = pl.concat([self.keys, context.select(_KEY)]).unique().sort(_KEY)

    def frame(
        self,
        stream: str,
        *,
        columns: Sequence[str] | None = None,
        connections: Collection[str] | None = None,
        deleted: bool = False,
        custom: Sequence[str] = (),
        only: pl.DataFrame | None = None,
    ) -> pl.DataFrame:
        if stream == "associations" and only is None:
            only = self.links_of(self._shown).select("connection", "id")
        if stream in _SCOPED and only is None:
            only = self._shown.filter(pl.col("stream") == stream)
        return super().frame(
            stream, columns=columns, connections=connections, deleted=deleted, custom=custom, only=only
        )

    def memberships(self, *, ended: bool = False) -> pl.DataFrame:
        every = matches.rows_of(self._database, MEMBERSHIPS, self.keys)
        return every if ended else every.filter(pl.col("until_at").is_null())

    def pairs(self) -> pl.DataFrame:
        return self.pairs_of(self.keys)

    def links(self) -> pl.DataFrame:
        return matches.rows_of(self._database, LINKS, self.keys)

    def findings(self, step: str | None = None) -> pl.DataFrame:
        found = matches.rows_of(self._database, FINDINGS, self.keys)
        return derived.in_order(found if step is None else found.filter(pl.col("step") == step))

    def tombstones(self, streams: Iterable[str], *, only: pl.DataFrame | None = None) -> pl.DataFrame:
        return super().tombstones(streams, only=self.keys if only is None else only)

    def partners(self) -> pl.DataFrame:
        """Of the entities that these records are in, and where one of these records is the partner."""
        found = [
            self.partners_of(self.memberships()["entity"].unique().to_list()),
            matches.rows_of(self._database, PARTNERS, self.keys),
        ]
        return pl.concat(found).unique().sort(PARTNERS.primary_key.columns.keys())

    def save_partners(self, frame: pl.DataFrame) -> None:
        before = self.partners()
        with self._database.write() as connection:
            derived.delete_rows(connection, PARTNERS.name, list(PARTNERS.primary_key.columns.keys()), before)
            derived.insert_frame(self._database, connection, PARTNERS, frame, {})

    def bases(self, only: pl.DataFrame | None = None) -> pl.DataFrame:
        return super().bases(self.keys if only is None else only)

    def conflicts(self, *, closed: bool = False) -> list[Conflict]:
        mine = self._records()
        return [one for one in super().conflicts(closed=closed) if not mine.isdisjoint((one.left, one.right))]

    def keep_conflicts(self, found: Iterable[Conflict], at: int) -> None:
        with self._database.write() as connection:
            conflicts.keep(connection, found, at, self._records())

    def outcomes(
        self,
        *,
        run_id: str | None = None,
        plan_id: str | None = None,
        kind: str | None = None,
        with_settled: bool = False,
    ) -> list[Recorded]:
        """Asked for all, those of changes of these records, and of those that made them."""
        if (run_id, plan_id, kind) != (None, None, None):
            return super().outcomes(run_id=run_id, plan_id=plan_id, kind=kind, with_settled=with_settled)
        return self.outcomes_of(self._records())

    def replace_findings(self, run_id: str, frame: pl.DataFrame, *, step: str = "score") -> None:
        self.renew_findings(run_id, frame, step, "", self.keys)

    def renew_findings(self, run_id: str, frame: pl.DataFrame, step: str, but: str, keys: pl.DataFrame) -> None:
        """Put findings about the records of `keys` in the place of the step's earlier ones, those of the rule `but`
        apart."""
        with self._database.write() as connection:
            more = f" AND step = '{step}' AND rule <> '{but}'"
            derived.delete_rows(connection, FINDINGS.name, _KEY, keys, more)
            positioned = frame.with_row_index("position", offset=derived.next_position(connection, step))
            derived.insert_frame(self._database, connection, FINDINGS, positioned, {"step": step, "run_id": run_id})

    def renew_scores(self, frame: pl.DataFrame, keys: pl.DataFrame) -> None:
        """Put scores of the records of `keys` in the place of the earlier ones."""
        with self._database.write() as connection:
            derived.delete_rows(connection, SCORES.name, _KEY, keys)
            derived.insert_frame(self._database, connection, SCORES, frame, {})

    def _records(self) -> frozenset[RecordKey]:
        return frozenset(RecordKey(*row) for row in self.keys.rows())
