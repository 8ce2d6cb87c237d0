"""A Salesforce org behind a port."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from sandbox.salesforce import SalesforceApp
from sandbox.server import Listener
from tests.sandbox.salesforce_org import Org


@pytest.fixture
def org() -> Iterator[Org]:
    app = SalesforceApp()
    # Nothing here is encrypted, and not loading the certificate store saves a third of each test's time.
    with Listener(app) as listener, httpx.Client(base_url=listener.url, verify=False) as client:
        started = Org(app, listener, client)
        started.log_in()
        yield started
    app.close()
