"""Links between records of any two kinds, with the numbers of their types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors._http import unreadable
from connectors._hubspot_gateway import Gateway, results_of
from connectors._hubspot_operations import LINKS_READ

# The kinds of objects that records are linked to. Custom ones are not looked for.
KINDS = (
    "contacts", "companies", "deals", "tickets", "leads", "calls", "emails", "meetings", "notes", "tasks",
    "communications", "postal_mail", "line_items", "quotes",
)  # fmt: skip
Types = frozenset[tuple[str, int]]  # category, type id
RawLinks = Mapping[str, Mapping[str, Types]]  # record -> linked record -> types


def read_raw_links(gateway: Gateway, from_object: str, to_object: str, ids: Sequence[str]) -> RawLinks:
    """By record, what it is linked to of one kind; a record without links is absent."""
    path = {"from_object": from_object, "to_object": to_object}
    waiting: list[dict[str, str]] = [{"id": record_id} for record_id in ids]
    found: dict[str, dict[str, Types]] = {}
    while waiting:
        inputs, waiting = waiting[: LINKS_READ.most], waiting[LINKS_READ.most :]
        for result in results_of(gateway, gateway.call(LINKS_READ, path=path, body={"inputs": inputs})):
            try:
                own = str(result["from"]["id"])
                for to in result["to"]:
                    types = frozenset((str(one["category"]), int(one["typeId"])) for one in to["associationTypes"])
                    found.setdefault(own, {})[str(to["toObjectId"])] = types
            except (KeyError, TypeError, ValueError, AttributeError):
                raise unreadable(gateway.name, "a link without ends or types") from None
            after = ((result.get("paging") or {}).get("next") or {}).get("after")
            more = {"id": own, "after": str(after)}
            if after is not None and more in inputs:
                raise unreadable(gateway.name, "it names the same next page again")
            waiting += [more] if after is not None else []
    return found


def link_input(from_id: str, to_id: str, types: Types) -> dict[str, Any]:
    named = [{"associationCategory": category, "associationTypeId": number} for category, number in sorted(types)]
    return {"from": {"id": from_id}, "to": {"id": to_id}, "types": named}
