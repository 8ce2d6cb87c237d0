"""Links between records of any two kinds, with the numbers of their types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors._http import unreadable
from connectors._hubspot_gateway import Gateway, Reply, results_of
from connectors._hubspot_operations import LINKS_READ
from connectors._hubspot_pages import missing_ids

# The kinds of objects that records are linked to. Custom ones are not looked for.
KINDS = (
    "contacts", "companies", "deals", "tickets", "leads", "calls", "emails", "meetings", "notes", "tasks",
    "communications", "postal_mail", "line_items", "quotes",
)  # fmt: skip
Types = frozenset[tuple[str, int]]  # category, type id
RawLinks = Mapping[str, Mapping[str, Types]]  # record -> linked record -> types


def read_raw_links(gateway: Gateway, from_object: str, to_object: str, ids: Sequence[str]) -> RawLinks:
    """By record, what it is linked to of one kind; a record without links is absent."""
    found: dict[str, dict[str, Types]] = {}
    for own, linked in linked_results(gateway, from_object, to_object, ids):
        try:
            for to in linked:
                types = frozenset((str(one["category"]), int(one["typeId"])) for one in to["associationTypes"])
                found.setdefault(own, {})[str(to["toObjectId"])] = types
        except (KeyError, TypeError, ValueError, AttributeError):
            raise unreadable(gateway.name, "a link without ends or types") from None
    return found


def linked_results(
    gateway: Gateway, from_object: str, to_object: str, ids: Sequence[str]
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Record by record what it is linked to, as answered: the many links of one in several parts."""
    path = {"from_object": from_object, "to_object": to_object}
    waiting: list[dict[str, str]] = [{"id": record_id} for record_id in dict.fromkeys(ids)]
    while waiting:
        inputs, waiting = waiting[: LINKS_READ.most], waiting[LINKS_READ.most :]
        for result in _results(gateway, path, inputs):
            try:
                own, linked = str(result["from"]["id"]), list(result["to"])
                after = ((result.get("paging") or {}).get("next") or {}).get("after")
            except (KeyError, TypeError, AttributeError):
                raise unreadable(gateway.name, "a link without ends or types") from None
            if after is not None:
                more = {"id": own, "after": str(after)}
                if more in inputs:
                    raise unreadable(gateway.name, "it names the same next page again")
                waiting.append(more)
            yield own, linked


def _results(gateway: Gateway, path: Mapping[str, str], inputs: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """The results of a batch, in which each record has one, or an error that says it has no links; Unavailable when
    some have neither, also when asked again."""

    def check(reply: Reply) -> None:
        errors = reply.body.get("errors") or ()
        for error in errors:
            words = f"{error.get('category')} {error.get('subCategory')}" if isinstance(error, dict) else ""
            if "NOT_FOUND" not in words and "NO_ASSOCIATIONS" not in words:
                raise unreadable(gateway.name, "links of some records could not be read")
        told = len(results_of(gateway, reply)) + max(len(errors), len(missing_ids(reply, "fromObjectId")))
        if told < len(inputs):
            raise unreadable(gateway.name, f"links of {told} of {len(inputs)} records that were asked for")

    return results_of(gateway, gateway.call(LINKS_READ, path=path, body={"inputs": inputs}, check=check))


def link_input(from_id: str, to_id: str, types: Types) -> dict[str, Any]:
    named = [{"associationCategory": category, "associationTypeId": number} for category, number in sorted(types)]
    return {"from": {"id": from_id}, "to": {"id": to_id}, "types": named}
