"""The two kinds of bulk jobs of one org, put together."""

from __future__ import annotations

from sandbox.salesforce.bulk.extract import Extract
from sandbox.salesforce.bulk.ingest import IngestJobs
from sandbox.salesforce.bulk.jobs import Jobs
from sandbox.salesforce.bulk.load import Load
from sandbox.salesforce.bulk.office import DAILY_BATCHES, DAILY_QUERY_JOBS, DAILY_RESULT_MB, Office
from sandbox.salesforce.bulk.pieces import Pieces
from sandbox.salesforce.bulk.queries import QueryJobs
from sandbox.salesforce.bulk.workers import Workers
from sandbox.salesforce.org import Org
from sandbox.wire import Routes


class Bulk:
    """Bulk API 2.0 of one org."""

    def __init__(self, org: Org) -> None:
        jobs, pieces, workers = Jobs(org.database, org.clock, org.pod), Pieces(org.database), Workers()
        self._office = Office(org, jobs, pieces, workers)
        extract = Extract(org.database, org.queries, jobs, pieces, workers)
        self._office.work["query"] = extract.run
        self._queries = QueryJobs(self._office, extract)
        load = Load(org, jobs, pieces, workers)
        self._office.work["ingest"] = load.run
        self._ingests = IngestJobs(org, self._office, load)

    def add_to(self, routes: Routes, base: str) -> None:
        self._queries.add_to(routes, base)
        self._ingests.add_to(routes, base)

    def usage(self) -> dict[str, tuple[int, int]]:
        """What /limits calls the daily allocations: how much there is of each and how much is spent."""
        return {
            "DailyBulkApiBatches": (DAILY_BATCHES, self._office.batches_today()),
            "DailyBulkV2QueryFileStorageMB": (DAILY_RESULT_MB, self._office.result_mb_today()),
            "DailyBulkV2QueryJobs": (DAILY_QUERY_JOBS, self._office.query_jobs_today()),
        }

    def close(self) -> None:
        """End the work under way; it goes on when somebody asks about it after the next start."""
        self._office.close()
