"""A Salesforce org behind a port."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.salesforce import SalesforceApp
from tests.sandbox.salesforce_org import Org, running


@pytest.fixture
def org() -> Iterator[Org]:
    with running(SalesforceApp()) as started:
        yield started
