"""How pages of SOQL results name the next one, for the faults of paging."""

from __future__ import annotations

import re

from sandbox.paging_faults import Page, Pages, paging_faults
from sandbox.wire import Request


def _point_at(page: Page, host: str) -> None:
    page["nextRecordsUrl"] = f"{host}{page['nextRecordsUrl']}"


def _point_back(page: Page, request: Request) -> None:
    """A later page has its own address; the first is the locator's row 0."""
    is_later = re.search(r"/query(all)?/\w+-\d+$", request.path, re.IGNORECASE)
    page["nextRecordsUrl"] = request.path if is_later else re.sub(r"-\d+$", "-0", page["nextRecordsUrl"])


def _end(page: Page) -> None:
    page.pop("nextRecordsUrl", None)
    page["done"] = True


PAGING = tuple(
    paging_faults(Pages("salesforce", "records", lambda page: "nextRecordsUrl" in page, _point_at, _point_back, _end))
)
