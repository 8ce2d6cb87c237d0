"""What query and ingest jobs have in common: being created, begun, asked about, aborted, deleted and listed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.salesforce.bulk.dialect import Dialect
from sandbox.salesforce.bulk.jobs import ABORTED, ENDED, FAILED, RUNNING, UNDER_WAY, Job, Jobs
from sandbox.salesforce.bulk.pieces import Pieces
from sandbox.salesforce.bulk.workers import Workers
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.org import Call, Org
from sandbox.salesforce.settings import Settings
from sandbox.salesforce.times import parsed
from sandbox.wire import Response

PAGE = 1000  # jobs a list holds
DAILY_QUERY_JOBS = 10_000
DAILY_BATCHES = 15_000
DAILY_RESULT_MB = 976_562
JOB_TYPES = {"query": "V2Query", "ingest": "V2Ingest"}
# Small jobs are done by the first question, so that their clients need not ask again.
_PATIENCE_S = 1.0


class Office:
    """The jobs of one org and who works on them."""

    def __init__(self, org: Org, jobs: Jobs, pieces: Pieces, workers: Workers) -> None:
        self.jobs = jobs
        self.pieces = pieces
        self._org = org
        self._workers = workers
        self.work: dict[str, Callable[[Job], None]] = {}

    @property
    def settings(self) -> Settings:
        return self._org.settings

    def facts(self, call: Call, operation: str, sobject: str, dialect: Dialect) -> dict[str, Any]:
        """What every job notes when it is created."""
        return {
            "operation": operation,
            "object": sobject,
            "createdById": call.actor.user_id,
            "apiVersion": call.version,
            "version": call.number,
            "lineEnding": dialect.ending,
            "columnDelimiter": dialect.delimiter,
            "polls": 0,
            "begun": False,
            "numberRecordsProcessed": 0,
        }

    def begin(self, job: Job) -> None:
        """Start the work when the settings let it start now; jobs that wait are begun by later questions."""
        if job.state not in UNDER_WAY or not self._due(job):
            return
        if self.settings.bulk_failure and not job.facts["begun"]:
            self.jobs.move(job.id, FAILED, UNDER_WAY, errorMessage=self.settings.bulk_failure)
            return
        running = self.jobs.move(job.id, RUNNING, UNDER_WAY, begun=True)
        if running is not None:
            self._workers.start(job.id, lambda: self._work(running))

    def poll(self, identity: str, kind: str) -> Job:
        """The job as a question about it finds it; counts the question."""
        job = self.jobs.get(identity, kind)
        counted = self.jobs.move(job.id, RUNNING, UNDER_WAY, polls=job.facts["polls"] + 1)
        if counted is not None and not self._due(counted):
            return counted
        return self.look(identity, kind)

    def look(self, identity: str, kind: str) -> Job:
        """The job after its work, if that is under way, had a moment."""
        job = self.jobs.get(identity, kind)
        self.begin(job)
        self._workers.wait(job.id, _PATIENCE_S)
        return self.jobs.get(identity, kind)

    def abort(self, identity: str, kind: str, only_from: tuple[str, ...] = UNDER_WAY) -> Job:
        job = self.jobs.get(identity, kind)
        aborted = self.jobs.move(job.id, ABORTED, only_from)
        if aborted is None:
            raise ApiError("INVALIDJOBSTATE", "Aborting already Completed Job not allowed")
        self._workers.wait(job.id, _PATIENCE_S)
        return self.jobs.get(identity, kind)

    def delete(self, identity: str, kind: str, only_in: tuple[str, ...] = ENDED) -> None:
        job = self.jobs.get(identity, kind)
        if job.state not in only_in:
            message = "Error encountered when deleting the job because the job is not terminated"
            raise ApiError("API_ERROR", message)
        self.jobs.remove(job.id)
        self.pieces.drop(job.id)

    def line(self, job: Job) -> dict[str, Any]:
        """A job as a list shows it."""
        return {**job.brief(), "jobType": JOB_TYPES[job.kind], **job.dialect()}

    def progress(self, job: Job) -> dict[str, Any]:
        """The counts that only the question about one job answers."""
        created, changed = parsed(job.created), parsed(job.changed)
        spent = (changed - created).total_seconds() * 1000 if created and changed else 0
        body = {
            "numberRecordsProcessed": job.facts["numberRecordsProcessed"],
            "retries": 0,
            "totalProcessingTime": max(round(spent), 0),
        }
        return body | ({"errorMessage": job.facts["errorMessage"]} if "errorMessage" in job.facts else {})

    def listed(self, call: Call, kind: str, line: Callable[[Job], Mapping[str, Any]]) -> Response:
        """A page of the jobs; `queryLocator` is a name and the number of the first job of the page."""
        wanted = call.request.first("jobType")
        kinds = [one for one, name in JOB_TYPES.items() if wanted in (None, "", name)]
        kinds = kinds if wanted else [kind]
        name, _, start = (call.request.first("queryLocator") or f"{self._locator_name()}-0").rpartition("-")
        if name != self._locator_name() or not re.fullmatch("[0-9]{1,9}", start):
            raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
        size = self.settings.bulk_list_page
        found = self.jobs.listed(kinds, int(start), size + 1) if kinds else []
        done = len(found) <= size
        more = f"/services/data/v{call.version}/jobs/{kind}?queryLocator={name}-{int(start) + size}"
        records = [line(job) for job in found[:size]]
        return Response.of_json({"done": done, "records": records, "nextRecordsUrl": None if done else more})

    def check_query_quota(self) -> None:
        if self.query_jobs_today() >= DAILY_QUERY_JOBS:
            message = f"Max bulk v2 query jobs ({DAILY_QUERY_JOBS}) per 24 hrs has been exceeded"
            raise ApiError("LIMIT_EXCEEDED", message)

    def check_batch_quota(self) -> None:
        if self.batches_today() >= DAILY_BATCHES:
            raise ApiError("EXCEEDEDQUOTA", "ApiBatchItems Limit exceeded.")

    def query_jobs_today(self) -> int:
        return sum(job.kind == "query" for job in self.jobs.of_last_day())

    def batches_today(self) -> int:
        """Uploads are cut into batches of 10,000 records; the empty batch that every job begins with is free."""
        return sum(job.facts.get("batches", 0) for job in self.jobs.of_last_day())

    def result_mb_today(self) -> int:
        """What the results of query jobs take; a deleted job's no longer count here."""
        return sum(self.pieces.size(job.id) for job in self.jobs.of_last_day() if job.kind == "query") >> 20

    def close(self) -> None:
        self._workers.close()

    def _locator_name(self) -> str:
        return f"01g{self._org.org_id[3:]}"

    def _due(self, job: Job) -> bool:
        """Whether the job has been in progress for as long as the settings want it to be."""
        created, now = parsed(job.created), self._org.clock.now()
        waited = (now - created).total_seconds() if created else 0
        asked = self.settings.bulk_polls == 0 or job.facts["polls"] > self.settings.bulk_polls
        return job.facts["begun"] or (asked and waited >= self.settings.bulk_seconds)

    def _work(self, job: Job) -> None:
        try:
            self.work[job.kind](job)
        except BaseException:
            if not self._workers.closing.is_set():
                self.jobs.move(job.id, FAILED, (RUNNING,), errorMessage="Unknown : the sandbox itself failed")
                raise
