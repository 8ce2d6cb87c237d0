"""The store: everything Trueline remembers, behind one object. The only place that knows where it lies."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import polars as pl
from sqlalchemy import Table, false, func, select

from model.batch import Batch, Page, Watermark
from model.errors import StoreError
from model.evidence import Verdict
from model.streams import STREAMS, SYSTEM_FIELDS, Value
from store import derived, erase, lookups, marks, matches, pulls, runs
from store.chosen import frame_of_chosen
from store.custom import having, with_custom
from store.derived import FINDINGS, MEMBERSHIPS, PAIRS, PARTNERS, SCORES, VERDICTS
from store.erase import Person
from store.journaling import Journaling
from store.matches import Matched, MatchUpdate, StoredModel
from store.mirror import MIRROR
from store.place import database_at
from store.resolving import Resolving
from store.runs import Run
from store.schema import migrate

# No index leads from a record to those that name it: a look for so many costs one pass over the stream.
_SCANS = 500


class Store(Journaling, Resolving):
    """An open store. Times are µs, dates days; every method is one transaction; every failure a StoreError."""

    @classmethod
    def open(cls, url: str | Path, *, create: bool = True, busy_timeout_s: float = 30.0) -> Self:
        """Open the store at a path, `sqlite:///PATH` or `postgresql://…`, and bring its schema up to date.

        StoreError when it is missing (and `create` is False), damaged, somebody else's, newer than this program, not
        writable or locked for longer than `busy_timeout_s`; ConfigError when the URL is none of the three.
        """
        database = database_at(url, create=create, busy_timeout_s=busy_timeout_s)
        try:
            migrate(database)
        except BaseException:
            database.close()
            raise
        return cls(database)

    def close(self) -> None:
        """Let go of the database. Safe to call twice."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Runs

    def begin_run(self, kind: str, started_at: int) -> str:
        """Note a run and give its id; later runs have greater ids."""
        with self._database.write() as connection:
            return runs.begin(connection, kind, started_at)

    def end_run(self, run_id: str, status: str, ended_at: int, summary: Mapping[str, Any]) -> None:
        with self._database.write() as connection:
            runs.end(connection, run_id, status, ended_at, summary)

    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        with self._database.read() as connection:
            return runs.listed(connection)

    # Mirror

    def save_page(self, run_id: str, page: Page) -> int:
        """Save a page's rows, watermark, readable fields and what its full pull has seen, all or nothing.

        An older version never overwrites a newer one, and only the columns of the page are set. Rows of people who
        were forgotten are left out; how many they are is returned.
        """
        with self._database.write() as connection:
            return pulls.save_page(self._database, connection, page)

    def save_batch(self, batch: Batch) -> None:
        """Save records that were read outside a pull. Watermark and readable fields stay."""
        with self._database.write() as connection:
            pulls.save_batch(self._database, connection, batch)

    def watermark(self, connection: str, stream: str) -> Watermark:
        """Where the next pull of a stream starts; an empty watermark before the first."""
        with self._database.read() as opened:
            return pulls.watermark(opened, connection, stream)

    def reset_watermark(self, connection: str, stream: str) -> None:
        """Make the next pull of a stream a full one. Records stay."""
        with self._database.write() as opened:
            pulls.reset_watermark(opened, connection, stream)

    def shown(self, connection: str, stream: str) -> int:
        """How many live records the newest full pull has shown, with those saved since; to compare with `count`."""
        with self._database.read() as opened:
            return pulls.shown(opened, connection, stream)

    def vanished(self, connection: str, stream: str) -> int:
        """How many live records the full pull that has just ended did not show."""
        with self._database.read() as opened:
            return pulls.vanished(opened, connection, stream)

    def finish_full_pull(self, run_id: str, connection: str, stream: str) -> int:
        """Mark the records that the full pull did not show as deleted, and return how many they are.

        One that shows up later is live again. StoreError while the full pull still has pages to come.
        """
        with self._database.write() as opened:
            return pulls.finish_full_pull(opened, connection, stream)

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
        """The records of a stream, sorted by (connection, id) in code-point order; `only` those named there
        (connection, id) when that is given.

        Columns are connection, id and then `columns`, which by default are all but `payload`, and the `custom` fields
        asked for. A field that is unknown in a connection (see `readable`) is null there. Deleted records come only
        with `deleted`.
        """
        pulls.known_stream(stream)
        table = MIRROR[stream]
        query = select(*(table.c[name] for name in _frame_columns(stream, columns)))
        query = query.order_by(table.c.connection, table.c.id)
        if connections is not None:
            query = query.where(table.c.connection.in_(sorted(connections)))
        if not deleted:
            query = query.where(table.c.is_deleted.is_(False))
        if only is None:
            records = self._database.frame(query)
        else:
            key = [table.c.connection, table.c.id]
            some = frame_of_chosen(self._database, query, key, only.select("connection", "id"))
            records = some.sort("connection", "id")
        records = with_custom(self._database, records, stream, custom)
        return pulls.without_unknown(self._database, records, stream)

    def value_counts(self, stream: str, field: str) -> pl.DataFrame:
        """Columns connection, value and number, of live records; for fields of text."""
        pulls.known_stream(stream)
        table = MIRROR[stream]
        query = select(table.c.connection, table.c[field], func.count()).where(table.c.is_deleted.is_(False))
        if stream == "leads":
            query = query.where(func.coalesce(table.c.is_converted, false()).is_(False))
        with self._database.read() as opened:
            rows = [tuple(row) for row in opened.execute(query.group_by(table.c.connection, table.c[field]))]
        schema = {"connection": pl.String, "value": pl.String, "number": pl.Int64}
        return pl.DataFrame(rows, schema=schema, orient="row").sort("connection", "value")

    def having_custom(self, stream: str, fields: Sequence[str], *, connection: str) -> pl.DataFrame:
        """Column id, sorted: the records of a connection that have text in one of these custom fields."""
        return having(self._database, stream, fields, connection)

    def naming(self, stream: str, field: str, records: pl.DataFrame) -> pl.DataFrame:
        """Connection and id of the live records whose field names one of these records (connection, and their id)."""
        if records.height > _SCANS:
            named = records.select("connection", pl.exclude("connection").alias(field))
            return self.frame(stream, columns=[field]).join(named, on=named.columns, how="semi").drop(field)
        table = MIRROR[stream]
        query = select(table.c.connection, table.c.id).where(table.c.is_deleted.is_(False))
        found = frame_of_chosen(self._database, query, [table.c.connection, table.c[field]], records)
        return found.sort("connection", "id")

    def links_of(self, keys: pl.DataFrame) -> pl.DataFrame:
        """The associations that go out from these records (connection, stream, id), deleted ones too, in the order of
        `frame`."""
        table = MIRROR["associations"]
        # Asked for more than it holds, SQLite would not look into the index of the ends, but at every link there is.
        query = select(table.c.connection, table.c.id)
        columns = [table.c.connection, table.c.from_stream, table.c.from_id]
        found = frame_of_chosen(self._database, query, columns, keys.select("connection", "stream", "id"))
        return self.frame("associations", deleted=True, only=found)

    def readable(self) -> pl.DataFrame:
        """Columns connection, stream, field, shown (the remote shows it now) and readable (the store holds it for every
        record). A field that is shown but not readable becomes so by a full pull."""
        return self._database.frame(select(*pulls.READABLE.c).order_by(*pulls.READABLE.primary_key))

    def late(self, connection: str, stream: str) -> frozenset[str]:
        """The fields that the remote shows and the store does not hold for every record before the next full pull."""
        with self._database.read() as opened:
            return pulls.late(opened, connection, stream)

    def counts(self) -> pl.DataFrame:
        """Columns connection, stream, live, deleted; a row per connection and stream that has records."""
        found: list[tuple[str, str, int, int]] = []
        with self._database.read() as opened:
            for stream, table in MIRROR.items():
                live = func.count().filter(table.c.is_deleted.is_(False))
                query = select(table.c.connection, func.count(), live).group_by(table.c.connection)
                found += [(name, stream, kept, every - kept) for name, every, kept in opened.execute(query)]
        schema = {"connection": pl.String, "stream": pl.String, "live": pl.Int64, "deleted": pl.Int64}
        return pl.DataFrame(found, schema=schema, orient="row").sort("connection", "stream")

    # What hygiene worked out

    def replace_findings(self, run_id: str, frame: pl.DataFrame, *, step: str = "score") -> None:
        """Put a step's findings in the place of that step's earlier ones; row order is kept."""
        positioned = frame.with_row_index("position")
        self._replace(FINDINGS, positioned, {"step": step, "run_id": run_id})

    def findings(self, step: str | None = None) -> pl.DataFrame:
        """Findings of all steps or of one, in the order they were given."""
        where = () if step is None else (FINDINGS.c.step == step,)
        return derived.in_order(derived.frame_of(self._database, FINDINGS, *where))

    def replace_scores(self, frame: pl.DataFrame) -> None:
        self._replace(SCORES, frame)

    def scores(self) -> pl.DataFrame:
        return derived.frame_of(self._database, SCORES)

    def save_pairs(self, frame: pl.DataFrame) -> None:
        """Put these compared pairs in the place of the earlier ones."""
        self._replace(PAIRS, frame)

    def pairs(self) -> pl.DataFrame:
        return derived.frame_of(self._database, PAIRS)

    def save_memberships(self, frame: pl.DataFrame, at: int) -> None:
        """Make `frame` (connection, stream, id, entity) the memberships from `at` on; what it lacks ends then."""
        current = self.memberships()
        with self._database.write() as connection:
            derived.save_memberships(self._database, connection, frame, at, current)

    def memberships(self, *, ended: bool = False) -> pl.DataFrame:
        """Memberships that hold now, with `ended` also those that once did."""
        every = derived.frame_of(self._database, MEMBERSHIPS)
        return every if ended else every.filter(pl.col("until_at").is_null())

    def save_match(self, run_id: str, update: MatchUpdate, at: int) -> None:
        """Save what a match found, all or nothing: pairs, memberships from `at` on, findings and block keys."""
        held = self.memberships() if update.only is None else self.memberships_of(update.only)
        with self._database.write() as connection:
            matches.save(self._database, connection, run_id, at, update, held)

    def matched(self) -> dict[str, Matched]:
        """By kind of entity, what the last match was made with; empty before the first."""
        with self._database.read() as connection:
            return matches.matched(connection)

    def unmatched(self) -> pl.DataFrame:
        """Records and links (connection, stream, id) that came, changed or went since the last match."""
        return derived.frame_of(self._database, marks.UNMATCHED)

    def newest_verdict(self) -> int:
        """The number of the verdict given last, 0 where there is none."""
        with self._database.read() as connection:
            return matches.newest_verdict(connection)

    def block_keys(self, kind: str) -> list[dict[str, bytes]]:
        """The block keys of what was matched: segments in order, each with its parts."""
        with self._database.read() as connection:
            return matches.segments(connection, kind)

    def pairs_of(self, keys: pl.DataFrame) -> pl.DataFrame:
        """The compared pairs that one of these records (connection, stream, id) is in."""
        found = [matches.rows_of(self._database, PAIRS, keys, side=side) for side in ("left_", "right_")]
        return pl.concat(found).unique().sort(PAIRS.primary_key.columns.keys())

    def memberships_of(self, keys: pl.DataFrame) -> pl.DataFrame:
        """The memberships of these records (connection, stream, id) that hold now."""
        return matches.rows_of(self._database, MEMBERSHIPS, keys).filter(pl.col("until_at").is_null())

    def members(self, entities: Collection[str]) -> pl.DataFrame:
        """The memberships in these entities that hold now."""
        held = select(*MEMBERSHIPS.c).where(MEMBERSHIPS.c.until_at.is_(None))
        wanted = pl.DataFrame({"entity": sorted(entities)}, schema={"entity": pl.String})
        found = frame_of_chosen(self._database, held, [MEMBERSHIPS.c.entity], wanted)
        return found.sort(MEMBERSHIPS.primary_key.columns.keys())

    def ever_with(self, keys: pl.DataFrame) -> pl.DataFrame:
        """The records (connection, stream, id) that ever were in an entity which one of these is, or was, in."""
        entities = matches.rows_of(self._database, MEMBERSHIPS, keys).select("entity").unique()
        query = select(*(MEMBERSHIPS.c[name] for name in ("connection", "stream", "id")))
        return frame_of_chosen(self._database, query, [MEMBERSHIPS.c.entity], entities).unique()

    def save_model(self, kind: str, model: StoredModel) -> None:
        """Keep what was learned to match a kind of entity; it is the model in use from now on."""
        with self._database.write() as connection:
            matches.save_model(connection, kind, model)

    def model(self, kind: str) -> StoredModel | None:
        """The model in use for a kind of entity, or None when none was learned."""
        with self._database.read() as connection:
            return matches.newest_model(connection, kind)

    def save_partners(self, frame: pl.DataFrame) -> None:
        """Put these partner records in the place of the earlier ones."""
        self._replace(PARTNERS, frame)

    def partners(self) -> pl.DataFrame:
        """Columns connection, entity, stream, id, reason: of entities with several records in a connection, the one
        that takes field sync."""
        return derived.frame_of(self._database, PARTNERS)

    def partners_of(self, entities: Collection[str]) -> pl.DataFrame:
        """`partners` of these entities."""
        wanted = pl.DataFrame({"entity": sorted(entities)}, schema={"entity": pl.String})
        return frame_of_chosen(self._database, select(*PARTNERS.c), [PARTNERS.c.entity], wanted)

    def add_verdict(self, verdict: Verdict) -> None:
        with self._database.write() as connection:
            derived.add_verdict(connection, verdict)
            marks.mark_concerned(connection, (verdict.left, verdict.right))

    def verdicts(self, *, superseded: bool = False) -> pl.DataFrame:
        """The answer that counts for each pair, with `superseded` every answer ever given, oldest first."""
        every = derived.frame_of(self._database, VERDICTS)
        return every if superseded else derived.newest_verdicts(every)

    def alone(self, what: str) -> AbstractContextManager[None]:
        """While open, no other process does `what` ("push") on this store; it ends with the process at the latest.

        StoreError at once when another process is at it.
        """
        return self._database.alone(what)

    # Enrichment

    def save_lookup(self, connection: str, key: str, answered_at: int, answer: Mapping[str, Any] | None) -> None:
        """Keep the answer of an enrichment connection; None is kept too: it abstained."""
        with self._database.write() as opened:
            lookups.save(opened, connection, key, answered_at, answer)

    def lookup(self, connection: str, key: str) -> tuple[int, Mapping[str, Any] | None] | None:
        """When (µs) it answered and what, or None when it was never asked."""
        with self._database.read() as opened:
            return lookups.find(opened, connection, key)

    # Erasure

    def forget(self, person: Person, at: int, *, apply: bool) -> dict[str, int]:
        """Erase a person: by table, how many rows go or lose their values. Without `apply` it only counts.

        Rows of theirs are left out of every later page. InputError while a change to them has no known end.
        """
        with self._database.write() as connection:
            counts = erase.erase(connection, person, at)
            if not apply:
                connection.rollback()
        if apply:
            self._database.scrub()
        return counts

    def _replace(self, table: Table, frame: pl.DataFrame, constants: Mapping[str, Value] | None = None) -> None:
        with self._database.write() as connection:
            derived.replace(self._database, connection, table, frame, constants or {})


def _frame_columns(stream: str, columns: Sequence[str] | None) -> list[str]:
    fields = STREAMS[stream].field_names
    system = [field.name for field in SYSTEM_FIELDS]
    if columns is None:
        columns = [name for name in (*system, *fields) if name != "payload"]
    unknown = sorted(set(columns) - {"connection", *system, *fields})
    if unknown:
        raise StoreError(f"{stream} have no column {', '.join(unknown)}")
    return list(dict.fromkeys(("connection", "id", *columns)))
