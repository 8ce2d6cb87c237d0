"""Bulk API 2.0 query jobs: made, waited for, read page by page while the pages arrive, taken up again by locator.

Our own rather than the SDK's, which holds whole results in memory, never renews a session here, and trips over the
empty answer to a DELETE. Waiting costs calls, so the questions grow further apart, from a second to half a minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import polars as pl

from connectors._http import unreadable
from connectors._retry import READ, retrying
from connectors._salesforce_client import Client
from connectors._salesforce_csv import CsvReader, whole_rows
from connectors._salesforce_faults import LOST_CURSOR, job_fault
from connectors._salesforce_transport import Download
from model.errors import Conflict, ConnectorError, Rejected, Unavailable

# Rows of one page of results: a page that breaks off is asked for again from its beginning.
PAGE_ROWS = 50_000
# A job needs at least to be made, asked about once, and removed.
LEAST_CALLS = 3
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _PATIENCE_S = 1.0, 30.0, 1_800.0
LAST = "null"  # the locator behind the last page, as the header spells it


class JobLost(Exception):
    """The job, or our place in its results, is gone for good: the read starts over."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a result; what follows them lies behind `skip` rows of the page at `locator`."""

    rows: pl.DataFrame
    locator: str
    skip: int
    is_last: bool


class BulkReader:
    """Reads the results of one query job at a time. `page_rows` is asked for; the remote may give fewer."""

    def __init__(self, client: Client, *, page_rows: int = PAGE_ROWS) -> None:
        self.total = 0  # rows of the job that is ready
        self._client = client
        self._page_rows = page_rows
        self._fresh = ""  # the job that this run made, or has waited for
        self._ready = ""  # the job that is known to be complete
        self._place: tuple[str, str, int] | None = None  # job, locator and rows behind it: where the stream stands
        self._stream: Iterator[Piece] = iter(())

    def start(self, soql: str, *, deleted: bool) -> str:
        """Make a job; its id. NotPermitted or Rejected when the object cannot be read this way."""
        body = {
            "operation": "queryAll" if deleted else "query",
            "query": soql,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
        answer = self._client.post("jobs/query", body, kind="bulk")
        job = answer.get("id") if isinstance(answer, dict) else None
        if not isinstance(job, str) or not job.isalnum():
            raise unreadable(self._client.name, "a job without id")
        self._fresh = job
        return job

    def piece(self, job: str, locator: str, skip: int) -> Piece:
        """The rows behind a place, about as many as PIECE_BYTES hold. JobLost when the place is gone.

        Waits for the job first, for half an hour at most: then Unavailable, and a later run waits on.
        """
        if self._ready != job:
            self.total = self._completed(job)
            self._ready = job
        return retrying(READ, sleep=self._client.clocks.sleep)(self._read, job, locator, skip)

    def remove(self, job: str) -> None:
        """Delete a job that was read; where that fails, the remote does it by itself after seven days."""
        self._place = None
        with suppress(ConnectorError):
            self._client.delete(f"jobs/query/{job}", kind="bulk")

    def _completed(self, job: str) -> int:
        """How many rows the job found, once it is complete."""
        pause_s, waited_s = _FIRST_PAUSE_S, 0.0
        while waited_s < _PATIENCE_S:
            if self._fresh == job:  # the job of an earlier run may well be complete
                self._client.clocks.sleep(pause_s)
                waited_s += pause_s
                pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)
            state = self._state(job)
            if state["state"] == "JobComplete":
                rows = state.get("numberRecordsProcessed")
                return rows if isinstance(rows, int) else 0
            if state["state"] in ("Failed", "Aborted"):
                if self._fresh != job:
                    raise JobLost
                raise job_fault(self._client.name, state["state"], str(state.get("errorMessage") or ""))
            self._fresh = job
        raise Unavailable(
            f"{self._client.name}: a bulk job is still in progress after half an hour; pull again later to go on with "
            "it.",
            connection=self._client.name,
            sent=False,
        )

    def _state(self, job: str) -> dict[str, Any]:
        try:
            answer = self._client.get(f"jobs/query/{job}", kind="bulk")
        except (Rejected, Conflict) as error:
            if self._fresh == job:
                raise
            raise JobLost from error
        if not isinstance(answer, dict) or not isinstance(answer.get("state"), str):
            raise unreadable(self._client.name, "a job without state")
        return answer

    def _read(self, job: str, locator: str, skip: int) -> Piece:
        if self._place != (job, locator, skip):
            self._stream = self._pieces(job, locator, skip)
        self._place = None
        try:
            piece = next(self._stream)
        except (Rejected, Conflict) as error:
            if isinstance(error, Rejected) and error.code not in LOST_CURSOR:
                raise
            raise JobLost from error
        self._place = (job, piece.locator, piece.skip)
        return piece

    def _pieces(self, job: str, locator: str, skip: int) -> Iterator[Piece]:
        """The result from a place on; the first row of every page is a header."""
        while True:
            query = f"maxRecords={self._page_rows}" + (f"&locator={quote(locator)}" if locator else "")
            download = self._client.download(f"jobs/query/{job}/results?{query}", kind="bulk")
            following = download.headers.get("sforce-locator", LAST)
            read, held = 0, None
            for frame in self._frames(download):
                start, read = read, read + frame.height
                if read < skip:
                    continue
                if held is not None:
                    yield held
                held = Piece(frame.slice(max(skip - start, 0)), locator, read, is_last=False)
            self._check_page(download, read, held)
            assert held is not None
            is_last = following in ("", LAST)
            yield Piece(held.rows, "" if is_last else following, 0, is_last)
            if is_last:
                return
            locator, skip = following, 0

    def _frames(self, download: Download) -> Iterator[pl.DataFrame]:
        reader = CsvReader()
        try:
            for rows in whole_rows(download):
                yield reader.read(rows)
        except ValueError:
            # Without its text, which may quote the rows.
            raise unreadable(self._client.name, "rows that are no CSV") from None

    def _check_page(self, download: Download, read: int, held: Piece | None) -> None:
        promised = download.headers.get("sforce-numberofrecords", "")
        if held is None or (promised.isdecimal() and int(promised) != read):
            raise unreadable(self._client.name, f"{read} of {promised or 'some'} rows of a bulk result")
