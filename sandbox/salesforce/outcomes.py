"""Many records in one call, each with a result of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sandbox.salesforce.database import Database
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.refusals import refuse_row

Result = dict[str, Any]


def each(database: Database, items: Iterable[Any], work: Callable[[Any], Result], *, all_or_none: bool) -> list[Result]:
    """Each item in a transaction of its own, and all of them in one that is undone when it has to be."""
    results: list[Result] = []
    try:
        with database.transaction():
            results += [_one(database, number, item, work) for number, item in enumerate(items, start=1)]
            if all_or_none and not all(result["success"] for result in results):
                raise RolledBack
    except RolledBack:
        return [_rolled_back() if result["success"] else result for result in results]
    return results


class RolledBack(Exception):
    """Ends a transaction whose work must not stay."""


def _one(database: Database, number: int, item: Any, work: Callable[[Any], Result]) -> Result:
    try:
        with database.transaction():
            refuse_row(number, item)
            return work(item)
    except ApiError as error:
        return {"success": False, "errors": [error.to_row()]}


def _rolled_back() -> Result:
    message = "Record rolled back because not all records were valid and the request was using AllOrNone header"
    error = {"statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK", "message": message, "fields": []}
    return {"success": False, "errors": [error]}
