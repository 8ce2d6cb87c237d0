"""Pulling a stream: whole by id, or what changed since a watermark with deletes and merges; resumable at each page.

A window starts at the remote's own clock minus an overlap, because a transaction that commits late carries an earlier
stamp. Deletions come first, see `_salesforce_deleted`. The next page is Salesforce's own cursor; where that has
expired, the read goes on by key from the last row.

A read of more than `bulk_from` rows becomes a bulk job: a full one where recordCount says so, any other where the first
page of its query does. A page without rows carries the job's id into the store, so that another run can go on with it;
when the job is gone, the read starts over where the job did. A read by query that came up short starts its part over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from connectors._http import unreadable
from connectors._salesforce_batches import Cells, batch_of
from connectors._salesforce_bulk import LEAST_CALLS, PAGE_ROWS, BulkReader, JobLost
from connectors._salesforce_client import QUERY_ROWS, Client
from connectors._salesforce_csv import CsvCells
from connectors._salesforce_cursor import Cursor
from connectors._salesforce_deleted import deletions
from connectors._salesforce_faults import LOST_CURSOR
from connectors._salesforce_parts import ALWAYS_FULL
from connectors._salesforce_rest import RestPage, RestReader
from connectors._salesforce_rows import JsonCells, long_id
from connectors._salesforce_schema import Schema
from connectors._salesforce_selection import Selection
from connectors._salesforce_sizes import Sizes
from connectors._salesforce_soql import is_everything, key_field, order_of, source_of
from connectors._salesforce_stages import entered
from model.batch import Batch, Page, Watermark
from model.errors import NotPermitted, Rejected, Unavailable
from model.streams import Value

# Mature extractors look back 600 s; Salesforce commits within its 10-minute call limit.
OVERLAP_US = 600 * 1_000_000
# A query may lose this many columns to permission changes while it runs before it counts as broken.
_MAX_REFUSALS = 20
# Jobs that one pull may lose, and short reads that it begins anew, before it gives up.
_MAX_LOST = 3


class Pull:
    """One pull of one stream. Iterate it once."""

    def __init__(
        self,
        client: Client,
        schema: Schema,
        stream: str,
        watermark: Watermark,
        *,
        bulk: BulkReader,
        sizes: Sizes,
        bulk_rows: int,
    ) -> None:
        self._client = client
        self._schema = schema
        self._reader = RestReader(client)
        self._bulk = bulk
        self._sizes = sizes
        self._bulk_rows = bulk_rows
        self._stream = stream
        self._watermark = watermark
        self._links: set[str] = set()
        self._lost = 0
        self._failure: Unavailable | None = None  # raised behind the page that is told next
        self._selections, self._gaps = schema.selections(stream)
        self._cursor = self._start()

    def __iter__(self) -> Iterator[Page]:
        if not self._selections:
            yield self._empty_page()
        while self._cursor.part < len(self._selections):
            if self._cursor.since is not None and not self._cursor.gone:
                yield from self._deletions(self._cursor.since)
            job = self._cursor.job
            yield self._bulk_page() if job else self._rest_page()
            if self._failure is not None:
                raise self._failure
            if job and self._cursor.job != job:
                self._bulk.remove(job)

    @property
    def _selection(self) -> Selection:
        return self._selections[self._cursor.part]

    def _start(self) -> Cursor:
        if self._watermark.cursor:
            try:
                return Cursor.parse(self._watermark.cursor)
            except (ValueError, TypeError):
                # Written by another version: reading the whole window again loses nothing.
                pass
        since = None if self._stream in ALWAYS_FULL else self._watermark.since
        return Cursor(until=self._client.server_time - OVERLAP_US, since=since)

    def _deletions(self, since: int) -> Iterator[Page]:
        """What was deleted, before what was changed: a record that was restored since comes alive again."""
        found = deletions(self._client, self._selection, since)
        if found.gap:
            self._gaps = (*self._gaps, found.gap)
        batches = found.batches(self._client.name, self._stream)
        for batch in batches[:-1]:
            yield self._told(batch)
        until = self._cursor.until if found.covered is None else min(self._cursor.until, found.covered)
        self._cursor = replace(self._cursor, gone=True, until=until)
        for batch in batches[-1:]:
            yield self._told(batch)

    def _rest_page(self) -> Page:
        """Read one page of a query and move the cursor behind it."""
        if self._is_large() and self._has_job():
            return self._told(self._no_rows())
        answer = self._followed() if self._cursor.link else None
        if answer is None:
            answer = self._queried()
            self._links.clear()
            # By key the read begins with the last row's parent or second once more.
            self._cursor = replace(self._cursor, link="", before="", expected=self._cursor.seen + answer.total)
            if answer.total > self._bulk_rows and self._has_job():
                return self._told(self._no_rows())
        cursor = self._cursor
        if answer.link and (answer.link in self._links or answer.link == cursor.link):
            raise Unavailable(
                f"{self._client.name}: {self._stream} returned the same next page twice, so reading on would never "
                "end; what was read is saved, try again later.",
                connection=self._client.name,
                sent=False,
            )
        self._links.add(answer.link)
        records = answer.records
        # A question of which nothing comes is a call all the same.
        rows = len(records) if cursor.seen else max(len(records), 1)
        self._client.usage.needs(f"rows of {self._selection.sobject.name}", rows, most=QUERY_ROWS)
        last = self._key(records[-1]) if records else cursor.last
        self._cursor = replace(cursor, link=answer.link, last=last, seen=cursor.seen + len(records))
        return self._page(JsonCells(records), is_last=not answer.link)

    def _is_large(self) -> bool:
        """Whether a full read is about to begin that is known to be long: a query of it may not end in time."""
        cursor = self._cursor
        is_begun = bool(cursor.seen or cursor.link or cursor.last)
        if cursor.since is not None or is_begun or self._stream in ALWAYS_FULL:
            return False
        return self._sizes.rows(self._selection.sobject.name) > self._bulk_rows

    def _has_job(self) -> bool:
        """Make a bulk job of the query, if this object can be read so."""
        selection, cursor = self._selection, self._cursor
        order = f" {order_of(selection, cursor)}" if selection.part.parent else ""
        soql = f"SELECT {', '.join(selection.columns)} {source_of(selection, cursor)}{order}"
        try:
            job = self._bulk.start(soql, deleted=is_everything(selection, cursor))
        except (NotPermitted, Rejected):
            return False
        self._client.usage.needs(f"job of {selection.sobject.name}", LEAST_CALLS, most=1)
        self._cursor = replace(cursor, job=job, skip=0, seen=0)
        return True

    def _bulk_page(self) -> Page:
        """Read some rows of the job's result; where that is gone, a page without rows starts the read over."""
        cursor, sobject = self._cursor, self._selection.sobject.name
        try:
            piece = self._bulk.piece(cursor.job, cursor.link, cursor.skip)
        except JobLost:
            return self._started_over()
        seen = cursor.seen + piece.rows.height
        if piece.is_last and seen < self._bulk.total:
            return self._started_over()
        self._client.usage.needs(f"rows of {sobject} by job", piece.rows.height, most=PAGE_ROWS)
        self._cursor = replace(cursor, link=piece.locator, skip=piece.skip, seen=seen, expected=0)
        return self._page(CsvCells(piece.rows), is_last=piece.is_last)

    def _started_over(self) -> Page:
        """Without the job, from where it began; Unavailable when that does not help."""
        self._lost += 1
        if self._lost > _MAX_LOST:
            raise Unavailable(
                f"{self._client.name}: the bulk results of {self._stream} come up short or vanish again and again; "
                "what was read is saved, try again later.",
                connection=self._client.name,
                sent=False,
            )
        self._cursor = replace(self._cursor, job="", link="", skip=0, seen=0, before="")
        return self._told(self._no_rows())

    def _followed(self) -> RestPage | None:
        """The page behind the remote's cursor; None when that has expired, or a permission went away with it."""
        try:
            return self._reader.next(self._selection, self._cursor.link)
        except NotPermitted:
            return None
        except Rejected as error:
            if error.code not in LOST_CURSOR:
                raise
            return None

    def _queried(self) -> RestPage:
        """The first page by query, from the key of the last row on; a field denied in mid-run is left out."""
        for _ in range(_MAX_REFUSALS):
            selection = self._selection
            query = f"{source_of(selection, self._cursor)} {order_of(selection, self._cursor)}"
            try:
                return self._reader.first(selection, query, deleted=is_everything(selection, self._cursor))
            except NotPermitted as error:
                self._schema.forget(selection.part.sobject, error.missing)
                self._selections, self._gaps = self._schema.selections(self._stream)
                left = self._selections[self._cursor.part :]
                if not left or left[0].columns == selection.columns:
                    raise
        raise unreadable(self._client.name, f"{self._stream} loses one field after another")

    def _key(self, record: dict[str, Any]) -> str:
        field = key_field(self._selection, self._cursor)
        value = str(record.get(field, ""))
        return value if field == self._selection.version else long_id(value)

    def _page(self, cells: Cells, *, is_last: bool) -> Page:
        """The page of these rows; behind the last one of a part the cursor moves on to the next."""
        selection = self._selection
        try:
            batch = batch_of(self._client.name, selection, cells)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            # Without its text, which quotes the value.
            raise unreadable(
                self._client.name, f"a {selection.part.sobject} record with an unexpected value, {type(error).__name__}"
            ) from None
        if selection.part.parent:
            batch, before = entered(batch, self._cursor.before)
            self._cursor = replace(self._cursor, before=before)
        if is_last:
            short = self._short() if self._cursor.seen < self._cursor.expected else None
            if short is None:
                self._cursor = self._cursor.next_part()
            else:
                # What it lacked may have been on any of its pages, so another run begins the part anew as well.
                self._lost += 1
                self._failure = short if self._lost > _MAX_LOST else None
                self._cursor = replace(self._cursor, link="", last="", before="", seen=0, expected=0)
        return self._told(batch)

    def _told(self, batch: Batch) -> Page:
        cursor = self._cursor
        is_full = cursor.since is None
        gaps, self._gaps = self._gaps, ()
        if cursor.part >= len(self._selections):
            return Page(batch, Watermark(cursor.until), is_full, gaps)
        return Page(batch, Watermark(self._watermark.since, str(cursor)), is_full, gaps)

    def _short(self) -> Unavailable | None:
        """Rows deleted while we read are missing rightly, so a short read is one that also misses the count of now."""
        cursor = self._cursor
        expected = cursor.expected
        if cursor.since is None:
            expected = min(expected, count_part(self._client, self._selection))
        if cursor.seen >= expected:
            return None
        return Unavailable(
            f"{self._client.name}: {self._stream} ended after {cursor.seen} of {expected} records; nothing of it "
            "is taken as complete, pull again.",
            connection=self._client.name,
            sent=False,
        )

    def _no_rows(self) -> Batch:
        columns: dict[str, list[Value]] = {"id": [], "changed_at": []}
        return Batch(self._client.name, self._stream, columns, frozenset())

    def _empty_page(self) -> Page:
        """The one page of a stream whose objects this org does not have: no rows, and nothing said to be gone."""
        return Page(self._no_rows(), Watermark(self._cursor.until), False, self._gaps)


def count_part(client: Client, selection: Selection) -> int:
    """How many live records one part has, by the remote's own count."""
    whole = Cursor(until=0, since=None)
    query = f"SELECT COUNT() {source_of(selection, whole)}"
    answer = client.query(query, kind="count", deleted=is_everything(selection, whole))
    total = answer.get("totalSize")
    if not isinstance(total, int):
        raise unreadable(client.name, "a count without totalSize")
    return total
