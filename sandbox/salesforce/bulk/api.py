"""The two kinds of bulk jobs of one org, put together."""

from __future__ import annotations

from sandbox.salesforce.bulk.extract import Extract
from sandbox.salesforce.bulk.jobs import Jobs
from sandbox.salesforce.bulk.office import Office
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

    def add_to(self, routes: Routes, base: str) -> None:
        self._queries.add_to(routes, base)

    def close(self) -> None:
        """End the work under way; it goes on when somebody asks about it after the next start."""
        self._office.close()
