"""/jobs/query: query jobs and the pages of their results."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from sandbox.salesforce.bulk.dialect import Dialect, one_of
from sandbox.salesforce.bulk.download import csv_answer
from sandbox.salesforce.bulk.extract import RESULTS, Extract, columns
from sandbox.salesforce.bulk.jobs import ABORTED, DONE, WAITING, Job
from sandbox.salesforce.bulk.office import Office
from sandbox.salesforce.bulk.pieces import Piece
from sandbox.salesforce.errors import ApiError, not_found
from sandbox.salesforce.org import Call
from sandbox.wire import Response, Routes

SINCE, PARALLEL_SINCE = 47, 58  # API versions
MAX_ROWS, MAX_BYTES = 100_000, 32 << 20  # of a page, whatever maxRecords says
LINKS = 5
# Objects that are chunked by their ids; custom ones are too.
_CHUNKED = frozenset(
    {"Account", "Campaign", "CampaignMember", "Contact", "Event", "Lead", "Opportunity", "Task", "User"}
)


class QueryJobs:
    """The handlers of /jobs/query."""

    def __init__(self, office: Office, extract: Extract) -> None:
        self._office = office
        self._extract = extract

    def add_to(self, routes: Routes, base: str) -> None:
        path = f"{base}/jobs/query"
        routes.add("POST", path, self.create)
        routes.add("GET", path, self.listed)
        routes.add("GET", f"{path}/{{job}}", self.read)
        routes.add("PATCH", f"{path}/{{job}}", self.abort)
        routes.add("DELETE", f"{path}/{{job}}", self.delete)
        routes.add("GET", f"{path}/{{job}}/results", self.results)
        routes.add("GET", f"{path}/{{job}}/resultPages", self.pages)

    def create(self, call: Call) -> Response:
        self._check_version(call, SINCE)
        body = call.json_object()
        operation = one_of(body, "operation", ("query", "queryAll"))
        text = body.get("query")
        if not isinstance(text, str) or not text.strip():
            raise ApiError("MALFORMED_QUERY", "A query string has to be specified")
        dialect = Dialect.of(body)
        plan = self._extract.plan(text, operation, call.actor.user_id)
        self._office.check_query_quota()
        facts = self._office.facts(call, operation, plan.sobject.name, dialect)
        facts |= {"query": text, "columns": [name for name, _ in columns(plan, call.number)]}
        job = self._office.jobs.add("query", WAITING, facts)
        self._office.begin(job)
        return Response.of_json({**job.brief(), **job.dialect()})

    def listed(self, call: Call) -> Response:
        self._check_version(call, SINCE)
        return self._office.listed(call, "query", lambda job: self._office.line(job))

    def read(self, call: Call, job: str) -> Response:
        self._check_version(call, SINCE)
        return Response.of_json(self._described(self._office.poll(job, "query")))

    def abort(self, call: Call, job: str) -> Response:
        self._check_version(call, SINCE)
        one_of(call.json_object(), "state", (ABORTED,))
        return Response.of_json(self._office.abort(job, "query").brief())

    def delete(self, call: Call, job: str) -> Response:
        self._check_version(call, SINCE)
        self._office.delete(job, "query")
        return Response(204)

    def results(self, call: Call, job: str) -> Response:
        found = self._complete(call, job, SINCE)
        total = found.facts["numberRecordsProcessed"]
        start = _start(call.request.first("locator"), total)
        end = self._page_end(found, start, _most(call) or self._office.settings.bulk_page)
        dialect = Dialect.of(found.facts)
        head = Piece.of(dialect.write([self._extract.header(found)]))
        pieces = [head, *self._office.pieces.between(found.id, RESULTS, start, end, dialect)]
        locator = _locator(end) if end < total else "null"
        return csv_answer(call, pieces, {"Sforce-NumberOfRecords": str(end - start), "Sforce-Locator": locator})

    def pages(self, call: Call, job: str) -> Response:
        """Up to five links that each lead to one page, and the link to more of them."""
        found = self._complete(call, job, PARALLEL_SINCE)
        total = found.facts["numberRecordsProcessed"]
        base = f"/services/data/v{call.version}/jobs/query/{found.id}"
        start = _start(call.request.first("locator"), total)
        links: list[dict[str, str]] = []
        while len(links) < LINKS and (start < total or not links):
            links.append({"resultUrl": f"{base}/results?locator={_locator(start)}"})
            start = self._page_end(found, start, self._office.settings.bulk_page)
        done = start >= total
        more = None if done else f"{base}/resultpages?locator={_locator(start)}"
        return Response.of_json({"resultPages": links, "nextRecordsUrl": more, "done": done})

    def _described(self, job: Job) -> dict[str, Any]:
        described = {**self._office.line(job), **self._office.progress(job)}
        sobject = str(job.facts["object"])
        described["isPkChunkingSupported"] = sobject in _CHUNKED or sobject.endswith("__c")
        return described

    def _page_end(self, job: Job, start: int, most: int) -> int:
        return self._office.pieces.end(job.id, RESULTS, start, min(most, MAX_ROWS), MAX_BYTES)

    def _complete(self, call: Call, job: str, since: int) -> Job:
        """The job, when its results can be read through this version."""
        self._check_version(call, since)
        found = self._office.look(job, "query")
        if found.facts["version"] != call.number:
            message = f"The query job was created with API version {found.facts['apiVersion']}; use the same version."
            raise ApiError("VERSION_MISMATCH", message, status=409)
        if found.state != DONE:
            message = f"The results can only be read when the job's state is JobComplete; it is {found.state}."
            raise ApiError("INVALIDJOBSTATE", message)
        return found

    def _check_version(self, call: Call, since: int) -> None:
        if call.number < since:
            raise not_found()


def _locator(start: int) -> str:
    return base64.urlsafe_b64encode(str(start).encode()).decode().rstrip("=")


def _start(locator: str | None, total: int) -> int:
    """The row a locator stands for; the first without one."""
    if locator is None or locator == "":
        return 0
    try:
        start = int(base64.b64decode(locator + "=" * (-len(locator) % 4), "-_", validate=True))
    except (binascii.Error, ValueError):
        start = -1
    if not 0 <= start <= total or (start == total != 0):
        raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
    return start


def _most(call: Call) -> int | None:
    given = call.request.first("maxRecords")
    if given is None or given == "":
        return None
    if not re.fullmatch(r"[0-9]{1,18}", given) or int(given) == 0:
        raise ApiError("API_ERROR", f"maxRecords is not a positive number: {given}")
    return int(given)
