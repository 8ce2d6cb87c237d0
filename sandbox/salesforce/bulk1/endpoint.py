"""/services/async/{version}/job: jobs whose batches are done by the time they are accepted."""

from __future__ import annotations

import json
import re
from typing import Any

from sandbox.salesforce.actor import Actor
from sandbox.salesforce.bulk.extract import columns
from sandbox.salesforce.bulk.jobs import ABORTED, OPEN, Job, Jobs
from sandbox.salesforce.bulk.load import Rows
from sandbox.salesforce.bulk.office import DAILY_BATCHES
from sandbox.salesforce.bulk.pieces import Pieces
from sandbox.salesforce.bulk1 import content
from sandbox.salesforce.bulk1.wording import NAMESPACE, Refused, asked, is_json, refusal, told, xml
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.ids import make_id
from sandbox.salesforce.org import NEWEST, OLDEST, Org
from sandbox.salesforce.times import text_of_ms
from sandbox.wire import Request, Response

PATH = re.compile(r"/services/async/(\d+)(?:\.0)?(/.*)", re.IGNORECASE)
CLOSED = "Closed"
QUERIES = ("query", "queryAll")
OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete", *QUERIES)
MAX_RECORDS, MAX_BYTES = 10_000, 10_000_000  # of a batch
_STEP = 200  # rows a transaction
_JOB = re.compile(r"/job/(\w{15,18})(/batch(?:/(\w{15,18})(/request|/result(?:/(\w{15,18}))?)?)?)?", re.IGNORECASE)
Lot = dict[str, Any]


class ClassicBulk:
    """The handlers of one org; jobs and batches are kept as those of Bulk API 2.0 are."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._jobs = Jobs(org.database, org.clock, org.pod)
        self._pieces = Pieces(org.database)

    def handle(self, request: Request) -> Response:
        try:
            return self._answer(request)
        except Refused as error:
            return refusal(error, as_json=is_json(request))
        except ApiError as error:
            code = "ExceededQuota" if error.code == "REQUEST_LIMIT_EXCEEDED" else "InvalidJob"
            return refusal(Refused(code, error.message), as_json=is_json(request))

    def _answer(self, request: Request) -> Response:
        found = PATH.fullmatch(request.path.rstrip("/"))
        version, path = (int(found.group(1)), found.group(2)) if found else (0, "")
        if not OLDEST <= version <= NEWEST:
            raise Refused("InvalidVersion", f"Invalid version: {version}.0")
        user_id = self._org.tokens.user_of(request.headers.get("x-sfdc-session", "").strip())
        if user_id is None:
            raise Refused("InvalidSessionId", "Invalid session id")
        self._org.usage.spend()
        if path.lower() == "/job" and request.method == "POST":
            return self._create(request, version, user_id)
        named = _JOB.fullmatch(path)
        if named is None or request.method not in ("GET", "POST"):
            raise Refused("InvalidUrl", f"Destination URL not reachable: {path}")
        job = self._job(named.group(1))
        if named.group(2) is None:
            return self._job_asked(request, job)
        if named.group(3) is None:
            return self._add(request, job) if request.method == "POST" else self._listed(job)
        return self._batch(job, named.group(3), named.group(4) or "")

    def _create(self, request: Request, version: int, user_id: str) -> Response:
        body = asked(request)
        operation = next((one for one in OPERATIONS if one.lower() == str(body.get("operation")).lower()), None)
        declared = self._org.schema.find(str(body.get("object") or ""))
        kind = str(body.get("contentType") or "XML").upper()
        if operation is None:
            raise Refused("InvalidJob", f"Unable to parse Job: operation {str(body.get('operation'))[:40]}")
        if declared is None:
            raise Refused("InvalidJob", f"Unable to find object: {str(body.get('object'))[:80]}")
        if kind not in content.TYPES:
            raise Refused("InvalidJob", f"Content type {kind[:20]} is not supported")
        if operation == "hardDelete" and not self._org.settings.bulk_hard_delete:
            raise Refused("FeatureNotEnabled", "hardDelete operation requires special user profile permission")
        key = body.get("externalIdFieldName")
        if operation == "upsert":
            field = self._org.schema.field(declared, str(key or ""))
            if field is None or not (field.external_id or field.id_lookup or field.type == "id"):
                raise Refused("InvalidJob", f"Field name provided, {key} is no external id of {declared.name}")
        facts: dict[str, Any] = {
            "operation": operation,
            "object": declared.name,
            "createdById": user_id,
            "apiVersion": f"{version}.0",
            "contentType": kind,
            "externalIdFieldName": key if operation == "upsert" else None,
            "assignmentRuleId": body.get("assignmentRuleId") or None,
            "concurrencyMode": "Serial" if str(body.get("concurrencyMode")) in ("1", "Serial") else "Parallel",
            "chunked": request.headers.get("sforce-enable-pkchunking", "").strip().lower().startswith("true"),
            "lots": [],
        }
        job = self._jobs.add("classic", OPEN, facts)
        return told("jobInfo", self._shown(job), as_json=is_json(request), status=201)

    def _job_asked(self, request: Request, job: Job) -> Response:
        if request.method == "POST":
            wanted = str(asked(request).get("state"))
            if wanted not in (CLOSED, ABORTED):
                raise Refused("InvalidJob", f"Unable to parse Job: state {wanted[:40]}")
            moved = self._jobs.move(job.id, wanted, (OPEN, CLOSED) if wanted == ABORTED else (OPEN,))
            if moved is None:
                raise Refused("InvalidJobState", f"{wanted} already {job.state} Job not allowed")
            job = moved
        return told("jobInfo", self._shown(job), as_json=is_json(request))

    def _add(self, request: Request, job: Job) -> Response:
        if job.state != OPEN:
            raise Refused("InvalidJobState", f"Job is {job.state}; batches can only be added to an open one")
        if len(request.body) > MAX_BYTES:
            raise Refused("ExceededQuota", "A batch holds up to 10,000,000 characters")
        if sum(one.facts.get("batches", 0) for one in self._jobs.of_last_day()) >= DAILY_BATCHES:
            raise Refused("ExceededQuota", "ApiBatchItems Limit exceeded.")
        lot = self._lot(job)
        self._pieces.add(job.id, f"{lot['id']}/request", 0, 0, request.body)
        lots = [lot]
        if job.facts["operation"] in QUERIES and job.facts["chunked"]:
            # The batch that asks is not processed itself: its rows are those of further ones.
            lots = [{**lot, "state": "NotProcessed"}, lot := self._lot(job)]
        work = self._query if job.facts["operation"] in QUERIES else self._write
        try:
            work(job, lot, request.body)
        except Refused as error:
            lot |= {"state": "Failed", "message": f"{error.code} : {error.message}"}
        if not any(one is lot for one in lots):
            lots[-1] = lot
        batches = job.facts.get("batches", 0) + len(lots)
        moved = self._jobs.move(job.id, OPEN, (OPEN,), lots=[*job.facts["lots"], *lots], batches=batches)
        if moved is None:
            raise Refused("InvalidJobState", "The job was closed meanwhile")
        return told("batchInfo", self._batch_shown(job, lots[0]), as_json=_is_json(job), status=201)

    def _lot(self, job: Job) -> Lot:
        identity = make_id("751", self._org.pod, self._org.database.next_number("751"))
        return {"id": identity, "state": "Completed", "at": self._now(), "records": 0, "failed": 0}

    def _write(self, job: Job, lot: Lot, body: bytes) -> None:
        declared = self._org.schema.get(job.facts["object"])
        given = content.records(self._org.schema, declared, job.facts["contentType"], body)
        if len(given) > MAX_RECORDS:
            raise Refused("InvalidBatch", f"Records not processed: a batch holds up to {MAX_RECORDS:,} records")
        work = Rows(self._org, declared, job, ())
        outcomes: list[content.Result] = []
        for start in range(0, len(given), _STEP):
            with self._org.database.transaction():
                outcomes += [self._written(work, one) for one in given[start : start + _STEP]]
        lot |= {"records": len(outcomes), "failed": sum(not one["success"] for one in outcomes)}
        shown = content.results(job.facts["contentType"], outcomes)
        self._pieces.add(job.id, f"{lot['id']}/result", 0, len(outcomes), shown)

    def _written(self, work: Rows, given: content.Given) -> content.Result:
        try:
            with self._org.database.transaction():
                record_id, created = work.write(given)
        except ApiError as error:
            errors = [{**error.to_row(), "extendedErrorDetails": None}]
            return {"success": False, "created": False, "id": None, "errors": errors}
        return {"success": True, "created": created, "id": record_id, "errors": []}

    def _query(self, job: Job, lot: Lot, body: bytes) -> None:
        text, actor = body.decode("utf-8", "replace"), Actor(job.facts["createdById"])
        include_deleted, version = job.facts["operation"] == "queryAll", job.facts["apiVersion"]
        queries = self._org.queries
        try:
            plan = queries.plan(text, include_deleted=include_deleted, user_id=actor.user_id)
            if plan.record is None or plan.children or plan.query.offset:
                raise Refused("FeatureNotEnabled", "Aggregate Relationships and OFFSET not supported in Bulk Query")
            header = columns(plan, NEWEST)
            if plan.sobject.name != job.facts["object"]:
                raise Refused("InvalidBatch", f"The query is not of the job's object {job.facts['object']}")
            found = queries.records(plan, queries.numbers(plan), version)
        except ApiError as error:
            raise Refused("InvalidBatch", f"Failed to process query: {error.code}: {error.message}") from None
        types = {name: plan.fields[index].type for name, index in header if index in plan.fields}
        moments = {name for name, kind in types.items() if kind in ("date", "datetime")}
        names = [name for name, _ in header]
        lot |= {"records": len(found)}
        shown = content.rows(job.facts["contentType"], names, found, moments)
        self._pieces.add(job.id, f"{lot['id']}/result", 0, len(found), shown)

    def _listed(self, job: Job) -> Response:
        shown = [self._batch_shown(job, lot) for lot in job.facts["lots"]]
        return told("batchInfoList", shown, as_json=_is_json(job))

    def _batch(self, job: Job, identity: str, what: str) -> Response:
        lot = next((one for one in job.facts["lots"] if one["id"][:15] == identity[:15]), None)
        if lot is None:
            raise Refused("InvalidBatch", "Invalid Batch Id")
        kind, is_query = job.facts["contentType"], job.facts["operation"] in QUERIES
        if not what:
            return told("batchInfo", self._batch_shown(job, lot), as_json=_is_json(job))
        if what.lower() == "/request":
            return content.answer("CSV" if is_query else kind, self._pieces.data(job.id, f"{lot['id']}/request"))
        if lot["state"] != "Completed":
            raise Refused("InvalidBatch", f"Batch not completed: {lot['state']}")
        result_id = f"752{lot['id'][3:]}"
        if is_query and what.lower() == "/result":
            if kind == "JSON":
                return content.answer(kind, json.dumps([result_id]).encode())
            return xml(f'<result-list xmlns="{NAMESPACE}"><result>{result_id}</result></result-list>')
        if is_query and what.rpartition("/")[2][:15] != result_id[:15]:
            raise Refused("InvalidBatch", "Invalid result id")
        return content.answer(kind, self._pieces.data(job.id, f"{lot['id']}/result"))

    def _job(self, identity: str) -> Job:
        found = self._jobs.find(identity)
        if found is None or found.kind != "classic":
            raise Refused("InvalidJob", f"Invalid job id: {identity}")
        return found

    def _shown(self, job: Job) -> dict[str, Any]:
        lots: list[Lot] = job.facts["lots"]
        states = [lot["state"] for lot in lots]
        names = ("operation", "object", "createdById")
        return {
            "id": job.id,
            **{name: job.facts[name] for name in names},
            "createdDate": _zoned(job.created),
            "systemModstamp": _zoned(job.changed),
            "state": job.state,
            "externalIdFieldName": job.facts["externalIdFieldName"],
            "concurrencyMode": job.facts["concurrencyMode"],
            "contentType": job.facts["contentType"],
            "numberBatchesQueued": 0,
            "numberBatchesInProgress": 0,
            "numberBatchesCompleted": states.count("Completed"),
            "numberBatchesFailed": states.count("Failed"),
            "numberBatchesTotal": len(lots),
            "numberRecordsProcessed": sum(lot["records"] for lot in lots),
            "numberRetries": 0,
            "apiVersion": float(job.facts["apiVersion"]),
            "assignmentRuleId": job.facts["assignmentRuleId"],
            "numberRecordsFailed": sum(lot["failed"] for lot in lots),
            "totalProcessingTime": 0,
            "apiActiveProcessingTime": 0,
            "apexProcessingTime": 0,
        }

    def _batch_shown(self, job: Job, lot: Lot) -> dict[str, Any]:
        return {
            "id": lot["id"],
            "jobId": job.id,
            "state": lot["state"],
            "stateMessage": lot.get("message"),
            "createdDate": lot["at"],
            "systemModstamp": lot["at"],
            "numberRecordsProcessed": lot["records"],
            "numberRecordsFailed": lot["failed"],
            "totalProcessingTime": 0,
            "apiActiveProcessingTime": 0,
            "apexProcessingTime": 0,
        }

    def _now(self) -> str:
        return _zoned(text_of_ms(self._org.clock.now_ms()))


def _zoned(moment: str) -> str:
    return moment.replace("+0000", "Z")


def _is_json(job: Job) -> bool:
    """Of batches the API speaks in the form of what they carry."""
    return bool(job.facts["contentType"] == "JSON")
