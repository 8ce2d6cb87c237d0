"""/jobs/ingest: jobs that write what a client uploads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email import message_from_bytes
from typing import Any

from sandbox.salesforce.bulk.dialect import Dialect, one_of
from sandbox.salesforce.bulk.download import csv_answer
from sandbox.salesforce.bulk.jobs import ABORTED, DONE, ENDED, OPEN, UNDER_WAY, WAITING, Job
from sandbox.salesforce.bulk.load import BAD, GOOD, UPLOAD, Load, unprocessed
from sandbox.salesforce.bulk.office import Office
from sandbox.salesforce.bulk.pieces import Piece
from sandbox.salesforce.bulk.sheet import Unreadable
from sandbox.salesforce.errors import ApiError, bad_json, not_found
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.org import Call, Org
from sandbox.wire import Response, Routes

SINCE = 41
OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
MAX_INLINE = 100_000  # characters of data in the request that creates a job
MAX_UPLOAD = 150 << 20  # bytes after base64, which the platform keeps uploads in


class IngestJobs:
    """The handlers of /jobs/ingest."""

    def __init__(self, org: Org, office: Office, load: Load) -> None:
        self._org = org
        self._office = office
        self._load = load

    def add_to(self, routes: Routes, base: str) -> None:
        path = f"{base}/jobs/ingest"
        routes.add("POST", path, self.create)
        routes.add("GET", path, self.listed)
        routes.add("GET", f"{path}/{{job}}", self.read)
        routes.add("PATCH", f"{path}/{{job}}", self.change)
        routes.add("DELETE", f"{path}/{{job}}", self.delete)
        routes.add("PUT", f"{path}/{{job}}/batches", self.upload)
        routes.add("GET", f"{path}/{{job}}/successfulResults", self.successful)
        routes.add("GET", f"{path}/{{job}}/failedResults", self.failed)
        routes.add("GET", f"{path}/{{job}}/unprocessedrecords", self.unprocessed)

    def create(self, call: Call) -> Response:
        self._check_version(call)
        body, data = _parts(call)
        operation = one_of(body, "operation", OPERATIONS)
        declared = self._sobject(body, operation)
        facts = self._office.facts(call, operation, declared.name, Dialect.of(body)) | {"numberRecordsFailed": 0}
        if operation == "upsert":
            facts["externalIdFieldName"] = self._key(body, declared)
        facts |= _assignment(body)
        self._office.check_batch_quota()
        job = self._office.jobs.add("ingest", OPEN, facts)
        if data is not None:
            job = self._received(job, data)
            job = self._office.jobs.move(job.id, WAITING, (OPEN,)) or job
            self._office.begin(job)
        return Response.of_json({**job.brief(), **self._content_url(job), **job.dialect()})

    def listed(self, call: Call) -> Response:
        self._check_version(call)
        return self._office.listed(call, "ingest", lambda job: {**self._office.line(job), **self._content_url(job)})

    def read(self, call: Call, job: str) -> Response:
        self._check_version(call)
        found = self._office.poll(job, "ingest")
        body = {**self._office.line(found), **self._content_url(found), **self._office.progress(found)}
        counts = {"numberRecordsFailed": found.facts["numberRecordsFailed"], "apexProcessingTime": 0}
        return Response.of_json({**body, **counts, "apiActiveProcessingTime": body["totalProcessingTime"]})

    def change(self, call: Call, job: str) -> Response:
        self._check_version(call)
        if one_of(call.json_object(), "state", (WAITING, ABORTED)) == ABORTED:
            return Response.of_json(self._office.abort(job, "ingest", (OPEN, *UNDER_WAY)).brief())
        found = self._office.jobs.get(job, "ingest")
        waiting = self._office.jobs.move(found.id, WAITING, (OPEN,))
        if waiting is None:
            raise ApiError("INVALIDJOBSTATE", f"Closing already {found.state} Job not allowed")
        self._office.begin(waiting)
        return Response.of_json(waiting.brief())

    def delete(self, call: Call, job: str) -> Response:
        self._check_version(call)
        self._office.delete(job, "ingest", (WAITING, *ENDED))
        return Response(204)

    def upload(self, call: Call, job: str) -> Response:
        self._check_version(call)
        found = self._office.jobs.get(job, "ingest")
        kind = (call.header("Content-Type") or "text/csv").partition(";")[0].strip().lower()
        if kind != "text/csv":
            message = f"Unsupported content type {kind} for this resource; it takes text/csv"
            raise ApiError("UNSUPPORTED_MEDIA_TYPE", message, status=415)
        if found.state != OPEN or found.facts.get("uploaded"):
            raise ApiError("INVALIDJOBSTATE", "Data can only be uploaded once, to a job whose state is Open")
        self._received(found, call.request.body)
        return Response(201)

    def successful(self, call: Call, job: str) -> Response:
        return self._results(call, job, GOOD, ["sf__Id", "sf__Created"])

    def failed(self, call: Call, job: str) -> Response:
        return self._results(call, job, BAD, ["sf__Id", "sf__Error"])

    def unprocessed(self, call: Call, job: str) -> Response:
        found = self._ended(call, job)
        dialect = Dialect.of(found.facts)
        rows = [self._header(found)]
        if found.state != DONE:
            rows += unprocessed(self._load.sheet(found), found.facts["numberRecordsProcessed"])
        return csv_answer(call, [Piece.of(dialect.write(row for row in rows if row))], {})

    def _results(self, call: Call, job: str, name: str, first: list[str]) -> Response:
        found = self._ended(call, job)
        head = Piece.of(Dialect.of(found.facts).write([[*first, *self._header(found)]]))
        # Neither the rows nor their runs come in the order of the upload.
        return csv_answer(call, [head, *reversed(self._office.pieces.all(found.id, name))], {})

    def _header(self, job: Job) -> list[str]:
        if "columns" in job.facts:
            return list(job.facts["columns"])
        try:
            return self._load.sheet(job).header()
        except Unreadable:
            return []

    def _ended(self, call: Call, job: str) -> Job:
        self._check_version(call)
        found = self._office.look(job, "ingest")
        if not found.ended:
            raise ApiError("INVALIDJOBSTATE", f"The job has no results while its state is {found.state}")
        return found

    def _received(self, job: Job, data: bytes) -> Job:
        if -(-len(data) // 3) * 4 > MAX_UPLOAD:
            message = "Request body is too large; data must not exceed 150 MB after base64 encoding"
            raise ApiError("REQUEST_ENTITY_TOO_LARGE", message, status=413)
        self._office.pieces.add(job.id, UPLOAD, 0, 0, data)
        batches = -(-data.count(b"\n") // 10_000)
        return self._office.jobs.move(job.id, OPEN, (OPEN,), uploaded=True, batches=batches) or job

    def _content_url(self, job: Job) -> dict[str, str]:
        if job.state != OPEN:
            return {}
        return {"contentUrl": f"services/data/v{job.facts['apiVersion']}/jobs/ingest/{job.id}/batches"}

    def _sobject(self, body: Mapping[str, Any], operation: str) -> SObject:
        name = body.get("object")
        if not isinstance(name, str) or not name:
            raise ApiError("INVALIDJOB", "InvalidJob : No object specified")
        declared = self._org.schema.find(name)
        if declared is None:
            raise ApiError("INVALIDJOB", f"InvalidJob : Unable to find object: {name}")
        if not (declared.deletable if "elete" in operation else declared.createable or declared.updateable):
            raise ApiError(
                "INVALIDENTITY", f"InvalidEntity : Entity '{declared.name}' is not supported by the Bulk API."
            )
        if operation == "hardDelete" and not self._org.settings.bulk_hard_delete:
            message = "hardDelete operation requires special user profile permission"
            raise ApiError("FEATURENOTENABLED", f"FeatureNotEnabled : {message}")
        return declared

    def _key(self, body: Mapping[str, Any], declared: SObject) -> str:
        name = body.get("externalIdFieldName")
        if not isinstance(name, str) or not name:
            message = f"External ID was blank for {declared.name}. An External ID must be specified for upsert."
            raise ApiError("INVALIDJOB", f"InvalidJob : {message}")
        found = self._org.schema.field(declared, name)
        if found is None or not (found.external_id or found.id_lookup):
            message = (
                f"Field name provided, {name} does not match an External ID, Salesforce Id, or indexed field for "
                f"{declared.name}"
            )
            raise ApiError("INVALIDJOB", f"InvalidJob : {message}")
        return found.name

    def _check_version(self, call: Call) -> None:
        if call.number < SINCE:
            raise not_found()


def _assignment(body: Mapping[str, Any]) -> dict[str, str]:
    rule = body.get("assignmentRuleId")
    if rule in (None, ""):
        return {}
    if not isinstance(rule, str) or (found := long_id(rule)) is None:
        raise ApiError("MALFORMED_ID", f"Assignment Rule ID: id value of incorrect type: {rule}", ["assignmentRuleId"])
    return {"assignmentRuleId": found}


def _parts(call: Call) -> tuple[dict[str, Any], bytes | None]:
    """The job's description and, from a multipart request, its data."""
    content_type = call.header("Content-Type") or ""
    if not content_type.lower().startswith("multipart/form-data"):
        return call.json_object(), None
    message = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + call.request.body)
    found: dict[str, bytes] = {}
    for part in message.walk():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            found[name] = payload
    try:
        body = json.loads(found.get("job", b""))
    except ValueError:
        body = None
    if not isinstance(body, dict) or "content" not in found:
        raise bad_json("A multipart request has the JSON part 'job' and the CSV part 'content'.")
    if len(found["content"].decode("utf-8", "replace")) > MAX_INLINE:
        raise ApiError("LIMIT_EXCEEDED", f"A multipart request holds up to {MAX_INLINE:,} characters of data")
    return body, found["content"]
