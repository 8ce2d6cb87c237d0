"""What goes wrong from one page of a list to the next; each vendor says how its pages name the next one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.catalogue import Entry
from sandbox.wire import Request, Response

Page = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pages:
    """How one system pages: `rows` is the key of a page's records, the rest changes a page that has a next one."""

    system: str
    rows: str
    goes_on: Callable[[Page], bool]
    point_at: Callable[[Page, str], None]  # let the next page be on that host
    point_back: Callable[[Page, Request], None]  # let the next page be this one
    end: Callable[[Page], None]


def paging_faults(pages: Pages) -> Iterator[Entry]:
    """The paging faults of one system; they leave answers alone that are no page."""

    def changing(change: Callable[[Page], None]) -> Callable[[Request, Response], Response]:
        return lambda request, response: _changed(response, pages.rows, change)

    def going_on(change: Callable[[Page], None]) -> Callable[[Page], None]:
        def changed(page: Page) -> None:
            if pages.goes_on(page):
                change(page)

        return changed

    def elsewhere(request: Request, response: Response, to: str = "http://elsewhere.example") -> Response:
        return _changed(response, pages.rows, going_on(lambda page: pages.point_at(page, to.rstrip("/"))))

    def repeats(request: Request, response: Response) -> Response:
        return _changed(response, pages.rows, going_on(lambda page: pages.point_back(page, request)))

    def duplicates(request: Request, response: Response, memory: dict[str, Any]) -> Response:
        def change(page: Page) -> None:
            rows = page[pages.rows]
            page[pages.rows] = [*memory.get("last", []), *rows]
            memory["last"] = rows[-1:] if pages.goes_on(page) else []

        return _changed(response, pages.rows, change)

    def lose_rows(page: Page) -> None:
        page[pages.rows] = page[pages.rows][::2]

    def add_fields(page: Page) -> None:
        for row in page[pages.rows]:
            row |= {"laterField__x": {"a": [1]}, "another": None}
        page["laterWord"] = True

    name = f"{pages.system}.paging"
    yield Entry(f"{name}.elsewhere", "The address of the next page is on another host.", change=elsewhere)
    yield Entry(f"{name}.repeats", "The next page is said to be the one just read, for ever.", change=repeats)
    yield Entry(
        f"{name}.duplicates",
        "The last record of a page comes again as the first of the next.",
        change=duplicates,
    )
    yield Entry(f"{name}.ends_early", "A page that has a next one says it is the last.", change=changing(pages.end))
    yield Entry(f"{name}.loses_rows", "Every second record of a page is missing.", change=changing(lose_rows))
    yield Entry(
        f"{name}.empty_page",
        "A page without records, with more to come.",
        change=changing(going_on(lambda page: page.update({pages.rows: []}))),
    )
    yield Entry(f"{name}.unknown_fields", "Records and pages carry fields nobody knows.", change=changing(add_fields))
    yield Entry(
        f"{name}.wrong_shape",
        "The records are a text where a list should be.",
        change=changing(lambda page: page.update({pages.rows: "none"})),
    )


def _changed(response: Response, rows: str, change: Callable[[Page], None]) -> Response:
    """The answer with its page changed, where it is one."""
    try:
        page = json.loads(response.body)
    except ValueError:
        return response
    if not isinstance(page, dict) or not isinstance(page.get(rows), list):
        return response
    change(page)
    headers = {name: value for name, value in response.headers.items() if name.lower() != "content-length"}
    return Response.of_json(page, response.status, headers)
