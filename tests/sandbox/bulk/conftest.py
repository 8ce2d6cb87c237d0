"""The query and ingest jobs of an org behind a port."""

from __future__ import annotations

import pytest

from tests.sandbox.bulk.client import Jobs
from tests.sandbox.salesforce_org import Org


@pytest.fixture
def queries(org: Org) -> Jobs:
    return Jobs(org, "query")


@pytest.fixture
def ingests(org: Org) -> Jobs:
    return Jobs(org, "ingest")
