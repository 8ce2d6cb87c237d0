"""How clients name association types: `[{associationCategory, associationTypeId}]`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.hubspot.errors import bad_request
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.link_types import LinkType

Spec = tuple[int, str | None]  # the type id, the category where one was said


def specs(value: Any) -> list[Spec]:
    """What a body says; 400 where it is not such a list, or an empty one."""
    try:
        found = [(int(one["associationTypeId"]), one.get("associationCategory")) for one in value]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise bad_request(
            "Invalid input JSON: association types are a list of {associationCategory, associationTypeId}"
        ) from None
    if not found:
        raise bad_request("At least one association type is required")
    return found


def type_ids(known: Mapping[int, LinkType], one: Kind, other: Kind, value: Any) -> list[int]:
    """The ids of the types a body names; 400 where one is not among the `known` ones of this direction."""
    named = specs(value)
    bad = [type_id for type_id, word in named if type_id not in known or word not in (None, known[type_id].category)]
    if bad:
        raise bad_request(f"One or more association types are not valid for {one.type_id} to {other.type_id}: {bad}")
    return [type_id for type_id, _ in named]
