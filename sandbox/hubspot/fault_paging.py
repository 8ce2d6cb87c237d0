"""How pages of lists and searches name the next one, for the faults of paging."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from sandbox.paging_faults import Page, Pages, paging_faults
from sandbox.wire import Request


def _point_at(page: Page, host: str) -> None:
    following = page["paging"]["next"]
    parts = urlsplit(following.get("link") or "/")
    following["link"] = f"{host}{parts.path}?{parts.query}"


def _point_back(page: Page, request: Request) -> None:
    """The `after` this page was asked for with; a first list page begins with the id of its first record."""
    after = request.first("after")
    if request.method == "POST":
        after = str(json.loads(request.body or b"{}").get("after") or "0")
    rows = page["results"]
    page["paging"]["next"]["after"] = after or str(rows[0].get("id") or rows[0].get("toObjectId") if rows else "0")


def _end(page: Page) -> None:
    page.pop("paging", None)


PAGING = tuple(
    paging_faults(
        Pages("hubspot", "results", lambda page: bool(page.get("paging", {}).get("next")), _point_at, _point_back, _end)
    )
)
