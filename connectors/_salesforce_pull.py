"""Pulling a stream: whole by id, or what changed since a watermark with deletes and merges; resumable at each page.

A window starts at the remote's own clock minus an overlap, because a transaction that commits late carries an earlier
stamp. The next page is Salesforce's own cursor; where that has expired, the read goes on by key from the last row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from simple_salesforce.format import format_soql

from connectors._http import unreadable
from connectors._salesforce_client import Client, soql_time
from connectors._salesforce_faults import LOST_CURSOR
from connectors._salesforce_fields import ALWAYS_FULL
from connectors._salesforce_rows import Record, batch_of, long_id, time_of
from connectors._salesforce_schema import Schema, Selection
from model.batch import Batch, Page, Watermark
from model.errors import NotPermitted, Rejected, Unavailable

# Mature extractors look back 600 s; Salesforce commits within its 10-minute call limit.
OVERLAP_US = 600 * 1_000_000
# A query may lose this many columns to permission changes while it runs before it counts as broken.
_MAX_REFUSALS = 20


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where an interrupted pull goes on; stored as JSON.

    `until` (µs) is the next watermark, taken when the pull began; `since` is None in a full pull; `link` is the
    remote's cursor of the next page; `last` the id (full) or version (window) of the last row saved, of `part`;
    `seen` rows of the part so far, `expected` what its query said there are.
    """

    until: int
    since: int | None
    part: int = 0
    link: str = ""
    last: str = ""
    seen: int = 0
    expected: int = 0

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """ValueError when the text is not one of ours."""
        value = json.loads(text)
        if not isinstance(value, dict) or set(value) != set(cls.__dataclass_fields__):
            raise ValueError("not a cursor of this version")
        return cls(**value)

    def __str__(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))


class Reader(Protocol):
    """One way to read the rows of a query page by page: REST here, Bulk 2.0 beside it for large reads."""

    def first(self, soql: str, *, deleted: bool) -> dict[str, Any]: ...

    def next(self, link: str) -> dict[str, Any]: ...


class RestReader:
    """Query pages of 2,000 records over REST."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def first(self, soql: str, *, deleted: bool) -> dict[str, Any]:
        return self._client.query(soql, deleted=deleted)

    def next(self, link: str) -> dict[str, Any]:
        return self._client.more(link)


class Pull:
    """One pull of one stream. Iterate it once."""

    def __init__(self, client: Client, schema: Schema, reader: Reader, stream: str, watermark: Watermark) -> None:
        self._client = client
        self._schema = schema
        self._reader = reader
        self._stream = stream
        self._watermark = watermark
        self._links: set[str] = set()
        self._selections, self._gaps = schema.selections(stream)
        self._cursor = self._start()

    def __iter__(self) -> Iterator[Page]:
        if not self._selections:
            yield self._empty_page()
        while self._cursor.part < len(self._selections):
            records, cursor = self._next_page()
            cursor = self._moved_on(cursor)
            yield self._page(records, cursor)
            self._cursor = cursor

    def _start(self) -> Cursor:
        if self._watermark.cursor:
            try:
                return Cursor.parse(self._watermark.cursor)
            except (ValueError, TypeError):
                # Written by another version: reading the whole window again loses nothing.
                pass
        since = None if self._stream in ALWAYS_FULL else self._watermark.since
        return Cursor(until=self._client.server_time - OVERLAP_US, since=since)

    def _next_page(self) -> tuple[list[Record], Cursor]:
        """The records of the next page and the cursor behind them."""
        cursor = self._cursor
        answer = None
        if cursor.link:
            try:
                answer = self._reader.next(cursor.link)
            except (Rejected, NotPermitted) as error:
                # The remote's cursor has expired, or a permission went away with it: go on by key.
                if isinstance(error, Rejected) and error.code not in LOST_CURSOR:
                    raise
        if answer is None:
            answer = self._queried()
            self._links.clear()
            expected = cursor.seen + int(answer.get("totalSize") or 0)
            cursor = replace(cursor, link="", expected=expected)
        records: list[Record] = answer["records"]
        link = "" if answer["done"] else answer["nextRecordsUrl"]
        if link and (link in self._links or link == cursor.link):
            raise Unavailable(
                f"{self._client.name}: {self._stream} returned the same next page twice, so reading on would never "
                "end; what was read is saved, try again later.",
                connection=self._client.name,
                sent=False,
            )
        self._links.add(link)
        last = self._key(records[-1]) if records else cursor.last
        return records, replace(cursor, link=link, last=last, seen=cursor.seen + len(records))

    def _queried(self) -> dict[str, Any]:
        """The first page by query, from the key of the last row on; a field denied in mid-run is left out."""
        for _ in range(_MAX_REFUSALS):
            selection = self._selections[self._cursor.part]
            try:
                return self._reader.first(self._soql(selection), deleted=self._cursor.since is not None)
            except NotPermitted as error:
                self._schema.forget(selection.part.sobject, error.missing)
                self._selections, self._gaps = self._schema.selections(self._stream)
                left = self._selections[self._cursor.part :]
                if not left or left[0].columns == selection.columns:
                    raise
        raise unreadable(self._client.name, f"{self._stream} loses one field after another")

    def _soql(self, selection: Selection) -> str:
        cursor = self._cursor
        terms = [selection.part.where] if selection.part.where else []
        if cursor.since is None:
            if cursor.last:
                terms.append(format_soql("Id > {id}", id=cursor.last))
            order = "Id"
        else:
            start = time_of(cursor.last) if cursor.last else cursor.since
            terms.append(f"{selection.version} >= {soql_time(start)}")
            order = selection.version
        where = f" WHERE {' AND '.join(terms)}" if terms else ""
        columns = ", ".join(selection.columns)
        return f"SELECT {columns} FROM {selection.part.sobject}{where} ORDER BY {order}"  # noqa: S608 - names by describe

    def _key(self, record: Record) -> str:
        if self._cursor.since is None:
            return long_id(str(record.get("Id", "")))
        return str(record.get(self._selections[self._cursor.part].version, ""))

    def _moved_on(self, cursor: Cursor) -> Cursor:
        """The cursor of the next part when this one is at its end, which must not come early."""
        if cursor.link:
            return cursor
        if cursor.seen < cursor.expected:
            self._check_short(cursor)
        return Cursor(until=cursor.until, since=cursor.since, part=cursor.part + 1)

    def _check_short(self, cursor: Cursor) -> None:
        """Rows deleted while we read are missing rightly, so a short read is one that also misses the count of now."""
        selection = self._selections[cursor.part]
        expected = cursor.expected
        if cursor.since is None:
            expected = min(expected, count_part(self._client, selection))
        if cursor.seen < expected:
            raise Unavailable(
                f"{self._client.name}: {self._stream} ended after {cursor.seen} of {expected} records; nothing of it "
                "is taken as complete, pull again.",
                connection=self._client.name,
                sent=False,
            )

    def _page(self, records: list[Record], cursor: Cursor) -> Page:
        selection = self._selections[self._cursor.part]
        try:
            batch = batch_of(self._client.name, selection, records)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            # Without its text, which quotes the value.
            raise unreadable(
                self._client.name, f"a {selection.part.sobject} record with an unexpected value, {type(error).__name__}"
            ) from None
        is_last = cursor.part >= len(self._selections)
        gaps, self._gaps = self._gaps, ()
        if is_last:
            return Page(batch, Watermark(cursor.until), cursor.since is None, gaps)
        return Page(batch, Watermark(self._watermark.since, str(cursor)), cursor.since is None, gaps)

    def _empty_page(self) -> Page:
        """The one page of a stream whose objects this org does not have: no rows, and nothing said to be gone."""
        columns: dict[str, list[Any]] = {"id": [], "changed_at": []}
        batch = Batch(self._client.name, self._stream, columns, frozenset())
        return Page(batch, Watermark(self._cursor.until), False, self._gaps)


def count_part(client: Client, selection: Selection) -> int:
    """How many live records one part has, by the remote's own count."""
    where = f" WHERE {selection.part.where}" if selection.part.where else ""
    answer = client.query(f"SELECT COUNT() FROM {selection.part.sobject}{where}", kind="count")  # noqa: S608 - constants
    total = answer.get("totalSize")
    if not isinstance(total, int):
        raise unreadable(client.name, "a count without totalSize")
    return total
