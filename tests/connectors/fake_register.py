"""A register of legal entities small enough to be wrong in any way a test wants: pages of two, whatever size is asked.

It shares no code with the sandbox, which is the second, independent opinion of what GLEIF does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.wire import Request, Response

# A company that is called after a person: the word is in every name, and nobody else may read it.
PERSON = "Lovelace"
PAGE = 2
RECORDS = "/api/v1/lei-records"
TRADES = ("Mills", "Boats", "Clocks", "Ropeworks", "Printing")

Row = dict[str, Any]


def entity_rows() -> list[Row]:
    return [
        {
            "id": f"5299000000000000{number:02}00",
            "attributes": {
                "lei": f"5299000000000000{number:02}00",
                "entity": {
                    "legalName": {"name": f"{PERSON} {trade} GmbH", "language": "de"},
                    "otherNames": [],
                    "legalAddress": {"city": "Town", "country": "DE", "postalCode": "1"},
                    "headquartersAddress": {"country": "DE"},
                    "registeredAs": f"HRB {number}",
                    "status": "ACTIVE",
                },
                "registration": {"status": "ISSUED"},
            },
        }
        for number, trade in enumerate(TRADES, start=1)
    ]


@dataclass
class FakeRegister:
    """An App for the sandbox's Listener. It takes every entity for an answer to every search."""

    system: str = "gleif"
    rows: list[Row] = field(default_factory=entity_rows)
    extra: Row = field(default_factory=dict)  # unknown members of every answer and record

    def handle(self, request: Request) -> Response:
        if request.path != RECORDS:
            return Response.of_json({"errors": [{"status": "404"}]}, 404)
        number = int(request.first("page[number]") or 1)
        shown = self.rows[(number - 1) * PAGE : number * PAGE]
        pagination = {"currentPage": number, "perPage": PAGE, "total": len(self.rows), "lastPage": 3}
        links = {"next": f"{request.host}{RECORDS}?page[number]={number + 1}"} if number < 3 else {}
        records = [{**row, "attributes": {**row["attributes"], **self.extra}, **self.extra} for row in shown]
        return Response.of_json(
            {"meta": {"pagination": pagination, **self.extra}, "links": links, "data": records, **self.extra}
        )
