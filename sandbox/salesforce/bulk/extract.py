"""The work of a query job: its rows as they are now, written down as CSV and read from there ever after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sandbox.salesforce.bulk.dialect import Dialect
from sandbox.salesforce.bulk.jobs import DONE, FAILED, RUNNING, Job, Jobs
from sandbox.salesforce.bulk.pieces import Pieces
from sandbox.salesforce.bulk.workers import Workers
from sandbox.salesforce.database import Database
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import Field
from sandbox.salesforce.queries import Queries
from sandbox.salesforce.soql.plan import Plan
from sandbox.salesforce.soql.shape import Record, Variants

RESULTS = "results"
ALPHABETICAL_UNTIL = 49  # from v50 on the columns come in the order of the query
_STEP = 2000  # rows a piece; other requests have their turn between two pieces


class Extract:
    """Plans and runs the queries of jobs."""

    def __init__(self, database: Database, queries: Queries, jobs: Jobs, pieces: Pieces, workers: Workers) -> None:
        self._database = database
        self._queries = queries
        self._jobs = jobs
        self._pieces = pieces
        self._workers = workers

    def plan(self, text: str, operation: str, user_id: str) -> Plan:
        """The plan of a query that a job may run; refusals as the API makes them when the job is created."""
        plan = self._queries.plan(text, include_deleted=operation == "queryAll", user_id=user_id)
        query = plan.query
        if plan.record is None or query.group_by or query.having is not None or plan.children:
            message = "Aggregate Relationships not supported in Bulk V2 Query with CSV content type"
            raise ApiError("FEATURENOTENABLED", message)
        if query.offset:
            raise ApiError("FEATURENOTENABLED", "OFFSET not supported in Bulk V2 Query")
        list(_entries(plan.record, ""))
        return plan

    def header(self, job: Job) -> list[str]:
        return list(job.facts["columns"])

    def run(self, job: Job) -> None:
        """Write all rows down; ends early when the job is aborted or deleted, or the sandbox closes."""
        try:
            plan = self.plan(job.facts["query"], job.facts["operation"], job.facts["createdById"])
            numbers = self._numbers(plan)
        except ApiError as error:  # the schema has changed since the job was created
            self._jobs.move(job.id, FAILED, (RUNNING,), errorMessage=f"{error.code} : {error.message}")
            return
        self._pieces.drop(job.id)
        dialect = Dialect.of(job.facts)
        sql = _rows_sql(plan, columns(plan, int(job.facts["version"])))
        for start in range(0, len(numbers), _STEP):
            chosen = numbers[start : start + _STEP]
            rows = self._database.select(sql.format(",".join(map(str, chosen))))
            if plan.order:
                place = {number: place for place, number in enumerate(chosen)}
                rows.sort(key=lambda row: place[row[0]])
            with self._database.transaction():
                done = start + len(rows)
                if self._workers.closing.is_set() or not self._jobs.move(
                    job.id, RUNNING, (RUNNING,), numberRecordsProcessed=done
                ):
                    return
                self._pieces.add(job.id, RESULTS, start, len(rows), dialect.write(row[1:] for row in rows))
        self._jobs.move(job.id, DONE, (RUNNING,), numberRecordsProcessed=len(numbers))

    def _numbers(self, plan: Plan) -> Sequence[int]:
        """Row numbers in the query's order, else that in which the records were made, which is that of their ids."""
        found = self._queries.numbers(plan)
        return found if plan.order else sorted(found)


def columns(plan: Plan, version: int) -> list[tuple[str, int]]:
    """Each column's name in the header and its number in the plan, in the order the version gives them."""
    found = list(_entries(plan.record, "")) if plan.record else []
    return found if version > ALPHABETICAL_UNTIL else sorted(found, key=lambda entry: entry[0].lower())


def _entries(record: Record, path: str) -> Iterator[tuple[str, int]]:
    for name, what in record.entries.items():
        if isinstance(what, Record):
            yield from _entries(what, f"{path}{name}.")
        elif isinstance(what, Variants):
            raise ApiError("FEATURENOTENABLED", "TYPEOF not supported in Bulk V2 Query")
        elif not isinstance(what, int):
            raise ApiError("INVALID_FIELD", "Selecting compound data not supported in Bulk Query")
        else:
            yield f"{path}{name}", what


def _rows_sql(plan: Plan, chosen: list[tuple[str, int]]) -> str:
    """Row number and values as text where CSV has them otherwise than JSON, for the rows of a list to be put in."""
    values = [_shown(plan.columns[index], plan.fields.get(index)) for _, index in chosen]
    listed = ", ".join(value.replace("{", "{{").replace("}", "}}") for value in values)
    return f"SELECT t0.rowid, {listed} FROM {plan.source} WHERE t0.rowid IN ({{}})"


def _shown(sql: str, field: Field | None) -> str:
    kind: Any = field.type if field else ""
    if kind == "boolean":
        return f"CASE {sql} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
    if kind == "datetime":
        return f"substr({sql}, 1, 23) || 'Z'"
    return sql
