"""Read all contacts with hubspot-api-client, alone in a process: `python -m benchmarks.read_hubspot JSON`."""

from __future__ import annotations

import json
import sys
from typing import Any

from hubspot import HubSpot

from benchmarks.meter import Meter
from sandbox.start import HUBSPOT_CREDENTIALS


def _measure(job: dict[str, Any]) -> dict[str, Any]:
    meter = Meter()
    meter.tap()
    client = HubSpot(access_token=HUBSPOT_CREDENTIALS["token"], host=job["url"], base_url=job["url"])
    found = client.crm.contacts.get_all(properties=job["properties"], archived=False)
    return {**meter.to_json(), "rows": len(found)}


if __name__ == "__main__":
    print(json.dumps(_measure(json.loads(sys.argv[1]))))
