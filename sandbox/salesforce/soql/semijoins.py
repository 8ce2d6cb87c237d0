"""Where a semi-join may stand within a WHERE."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.soql.tokens import pointed
from sandbox.salesforce.soql.tree import Both, Condition, Either, Membership, Negation, bare

MAX_SEMI_JOINS = 2


def check_places(condition: Condition, text: str) -> None:
    """MALFORMED_QUERY when there are too many, beside an OR, deeper than the top level or within each other."""
    found = list(_all(condition))
    if not found:
        return
    if isinstance(condition, Either) and any(part in found for part in condition.parts):
        raise _refusal("Semi join sub-selects are not allowed with the 'OR' operator", found[0], text)
    top = condition.parts if isinstance(condition, Both) else (condition,)
    if any(one not in top for one in found):
        message = (
            "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE "
            "expressions."
        )
        raise _refusal(message, found[0], text)
    if len(found) > MAX_SEMI_JOINS:
        raise _refusal(f"Maximum {MAX_SEMI_JOINS} semi join sub-selects are allowed in a query", found[-1], text)
    for one in found:
        if one.query is not None and one.query.where is not None and list(_all(one.query.where)):
            raise _refusal("Nesting of semi join sub-selects is not supported", one, text)


def _all(condition: Condition) -> Iterator[Membership]:
    if isinstance(condition, Membership):
        if condition.query is not None:
            yield condition
    elif isinstance(condition, Both | Either):
        for part in condition.parts:
            yield from _all(part)
    elif isinstance(condition, Negation):
        yield from _all(condition.part)


def _refusal(message: str, at: Membership, text: str) -> ApiError:
    return pointed("MALFORMED_QUERY", message, text, bare(at.left).at)
