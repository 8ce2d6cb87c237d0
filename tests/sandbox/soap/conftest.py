"""A SOAP client in the session of an org's API user."""

from __future__ import annotations

import pytest

from tests.sandbox.salesforce_org import Org
from tests.sandbox.soap.soap_client import SoapClient


@pytest.fixture
def soap(org: Org) -> SoapClient:
    return SoapClient(org, org.client.headers["Authorization"].removeprefix("Bearer "))
