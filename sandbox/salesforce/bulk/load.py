"""The work of an ingest job: each row of the upload written through the platform's own checks."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from sandbox.salesforce.actor import Actor
from sandbox.salesforce.bulk.cells import Column, column, values
from sandbox.salesforce.bulk.dialect import Dialect
from sandbox.salesforce.bulk.jobs import DONE, FAILED, RUNNING, Job, Jobs
from sandbox.salesforce.bulk.pieces import Pieces
from sandbox.salesforce.bulk.sheet import Cells, Sheet, Unreadable
from sandbox.salesforce.bulk.workers import Workers
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.org import Org
from sandbox.salesforce.refusals import JobStops, refuse_row

UPLOAD, GOOD, BAD = "upload", "successful", "failed"
_STEP = 200  # rows a transaction, as the platform's triggers get them
Write = Callable[[dict[str, Any]], tuple[str, bool]]  # a row's values to its record's id and whether it is new


class Load:
    """Runs the uploads of jobs."""

    def __init__(self, org: Org, jobs: Jobs, pieces: Pieces, workers: Workers) -> None:
        self._org = org
        self._jobs = jobs
        self._pieces = pieces
        self._workers = workers

    def sheet(self, job: Job) -> Sheet:
        return Sheet(self._pieces.data(job.id, UPLOAD), Dialect.of(job.facts))

    def run(self, job: Job) -> None:
        """Write the rows from where an earlier run ended; a file with a fault in it is refused as a whole."""
        sheet = self.sheet(job)
        declared = self._org.schema.get(job.facts["object"])
        try:
            header = sheet.header()
            columns = self._columns(declared, header, job.facts["operation"])
            total = sum(1 for _ in sheet.rows())
        except Unreadable as refusal:
            self._jobs.move(job.id, FAILED, (RUNNING,), errorMessage=str(refusal))
            return
        work = Rows(self._org, declared, job, columns)
        rows = islice(sheet.rows(), job.facts["numberRecordsProcessed"], None)
        for start in range(job.facts["numberRecordsProcessed"], total, _STEP):
            if self._workers.closing.is_set() or not self._step(job, work, start, list(islice(rows, _STEP))):
                return
            if work.stopped:
                self._jobs.move(job.id, FAILED, (RUNNING,), errorMessage=work.stopped)
                return
        if self._jobs.move(job.id, DONE, (RUNNING,), columns=header):
            self._pieces.drop(job.id, UPLOAD)

    def _columns(self, declared: SObject, header: Cells, operation: str) -> list[Column]:
        found = []
        for name in header:
            match = column(self._org.schema, declared, name)
            if match is None:
                raise Unreadable(f"InvalidBatch : Field name not found : {name}")
            found.append(match)
        if operation in ("delete", "hardDelete") and [one.field.type for one in found] != ["id"]:
            raise Unreadable(f"InvalidBatch : The '{operation}' batch must contain only ids")
        return found

    def _step(self, job: Job, work: Rows, start: int, rows: list[Cells]) -> bool:
        """Write some rows and what became of them at once; False when the job goes on no more."""
        with self._org.database.transaction():
            current = self._jobs.find(job.id)
            if current is None or current.state != RUNNING:
                return False
            good, bad = work.written(start, rows)
            dialect = Dialect.of(job.facts)
            for name, outcome in ((GOOD, good), (BAD, bad)):
                if outcome:
                    self._pieces.add(job.id, name, start, len(outcome), dialect.write(outcome))
            failed = current.facts["numberRecordsFailed"] + len(bad)
            processed = start + len(good) + len(bad)
            self._jobs.move(job.id, RUNNING, (RUNNING,), numberRecordsProcessed=processed, numberRecordsFailed=failed)
        return True


class Rows:
    """Rows of one job to records, a failure of one leaving the others alone."""

    def __init__(self, org: Org, declared: SObject, job: Job, columns: Sequence[Column]) -> None:
        self._org = org
        self._declared = declared
        self._job = job
        self._columns = columns
        # Assignment rules run for the job that names one, and for no other.
        self._actor = Actor(job.facts["createdById"], auto_assign=bool(job.facts.get("assignmentRuleId")))
        operations: dict[str, Write] = {
            "insert": self._insert,
            "update": self._update,
            "upsert": self._upsert,
            "delete": self._delete,
            "hardDelete": self._hard_delete,
        }
        self.write = operations[job.facts["operation"]]
        self.stopped = ""  # why the job ends before its rows do

    def written(self, start: int, rows: Sequence[Cells]) -> tuple[list[Cells], list[Cells]]:
        """The successful and the failed rows as the results have them, in an order that is not the upload's."""
        good, bad = {}, {}
        for number, cells in enumerate(rows, start):
            try:
                with self._org.database.transaction():
                    refuse_row(number + 1, cells)
                    record_id, created = self.write(values(self._columns, cells))
                good[number] = [record_id, "true" if created else "false", *cells]
            except ApiError as error:
                bad[number] = [self._given_id(cells), _error(error), *cells]
            except JobStops as stop:
                self.stopped = str(stop)
                break
        return self._shuffled(good), self._shuffled(bad)

    def _shuffled(self, rows: dict[int, Cells]) -> list[Cells]:
        return [rows[number] for number in sorted(rows, key=self._place)]

    def _place(self, number: int) -> int:
        return zlib.crc32(f"{self._job.id}{number}".encode())

    def _given_id(self, cells: Cells) -> str:
        """The id a failed row came with: blank for a row that was to be created."""
        pairs = zip(self._columns, cells, strict=True)
        return next((long_id(cell) or "" for one, cell in pairs if one.field.type == "id"), "")

    def _insert(self, given: dict[str, Any]) -> tuple[str, bool]:
        return self._org.records.create(self._declared, given, self._actor), True

    def _update(self, given: dict[str, Any]) -> tuple[str, bool]:
        record_id = self._identity(given)
        self._org.records.update(self._declared, record_id, given, self._actor)
        return record_id, False

    def _upsert(self, given: dict[str, Any]) -> tuple[str, bool]:
        key = self._org.records.key_field(self._declared, self._job.facts["externalIdFieldName"])
        value = given.pop(key.name, None)
        if value is None:
            if key.type != "id":
                raise ApiError("MISSING_ARGUMENT", f"{key.name} not specified", [])
            return self._insert(given)
        done = self._org.records.upsert(self._declared, key, value, given, self._actor)
        return done.id, done.created

    def _delete(self, given: dict[str, Any]) -> tuple[str, bool]:
        record_id = self._identity(given)
        self._org.records.delete(self._declared, record_id, self._actor)
        return record_id, False

    def _hard_delete(self, given: dict[str, Any]) -> tuple[str, bool]:
        record_id, _ = self._delete(given)
        self._org.records.bin.purge(self._declared, record_id)
        return record_id, False

    def _identity(self, given: dict[str, Any]) -> str:
        text = given.pop("Id", None)
        if text is None:
            raise ApiError("MISSING_ARGUMENT", f"Id not specified in an {self._job.facts['operation']} call", [])
        found = long_id(str(text))
        if found is None or found[:3] != self._declared.prefix:
            raise ApiError("MALFORMED_ID", f"{self._declared.label} ID: id value of incorrect type: {text}", ["Id"])
        return found


def _error(error: ApiError) -> str:
    """CODE:message:fields --, without a blank before the dashes where there are no fields."""
    fields = ",".join(error.fields or ())
    return f"{error.code}:{error.message}:{fields}{' ' if fields else ''}--"


def unprocessed(sheet: Sheet, processed: int) -> Iterator[Cells]:
    """The rows that a job which ended early never came to; up to the first that cannot be read."""
    try:
        yield from islice(sheet.rows(), processed, None)
    except Unreadable:
        return
