"""query, queryMore and queryAll: a query's row numbers are kept, so that a next page runs nothing again."""

from __future__ import annotations

import itertools
import re
import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.salesforce.cursors import Cursor, Cursors
from sandbox.salesforce.database import Database
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.settings import Settings
from sandbox.salesforce.soql.compiler import Compiler
from sandbox.salesforce.soql.parser import parse
from sandbox.salesforce.soql.plan import Asked, ChildPlan, Plan
from sandbox.salesforce.times import text_of_ms

PAGE = 2000
Record = dict[str, Any]
ChildNumbers = dict[str, "array[int]"]  # a parent's id -> the numbers of its children's rows


class Queries:
    """Runs SOQL in one org."""

    def __init__(self, database: Database, schema: Schema, clock: SandboxClock, settings: Settings) -> None:
        self._database = database
        self._schema = schema
        self._clock = clock
        self._settings = settings
        self._cursors = Cursors(clock, settings)

    def plan(self, text: str, *, include_deleted: bool = False, user_id: str = "") -> Plan:
        return Compiler(self._schema, text, self._asked(user_id, include_deleted)).plan(parse(text))

    def _asked(self, user_id: str, include_deleted: bool) -> Asked:
        """What the org is like now, and what it keeps from the user; nothing from nobody, who is the org itself."""
        starts = self._database.select("SELECT FiscalYearStartMonth FROM Organization")
        managers = self._database.select(
            "SELECT 1 FROM User u JOIN Profile p ON p.Id = u.ProfileId WHERE u.Id = ? AND p.PermissionsManageUsers",
            (user_id,),
        )
        return Asked(
            self._clock.today(),
            user_id,
            include_deleted,
            starts[0][0] or 1 if starts else 1,
            self._schema.find("CurrencyType") is not None,
            shared_only=bool(user_id and self._database.select("SELECT 1 FROM _unshared LIMIT 1")),
            own_logins_only=bool(user_id and not managers),
        )

    def run(
        self, text: str, version: str, *, size: int = PAGE, include_deleted: bool = False, user_id: str = ""
    ) -> dict[str, Any]:
        """The first page of a query as its JSON, with records whose URLs have the API version."""
        plan = self.plan(text, include_deleted=include_deleted, user_id=user_id)
        if plan.query.counts_only:
            count = self._count(plan)
            limit = plan.query.limit
            return {"totalSize": count if limit is None else min(count, limit), "done": True, "records": []}
        if plan.record is None:
            return self._aggregate(plan)
        return self._page(Cursor(plan, self.numbers(plan), min(size, self._settings.page_rows)), 0, version)

    def more(self, locator: str, version: str, size: int | None = None) -> dict[str, Any]:
        """The page a locator names; INVALID_QUERY_LOCATOR when it is unknown or too old."""
        name, _, start = locator.rpartition("-")
        cursor = self._cursors.find(name)
        if cursor is None or not re.fullmatch(r"\d{1,9}", start) or int(start) > len(cursor.numbers):
            raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
        wanted = min(size or cursor.size, self._settings.page_rows)
        if wanted != cursor.size:
            cursor = Cursor(cursor.plan, cursor.numbers, wanted)
        return self._page(cursor, int(start), version, name=name)

    def explain(self, text: str, user_id: str) -> dict[str, Any]:
        """How the query would be run: by an index where its filter names one row, else through the whole table."""
        plan = self.plan(text, user_id=user_id)
        found, rows = self._count(plan), self._database.select(f'SELECT COUNT(*) FROM "{plan.sobject.name}"')[0][0]
        described = {
            "cardinality": found,
            "fields": [],
            "leadingOperationType": "TableScan",
            "notes": [],
            "relativeCost": 1.0 + found / max(rows, 1),
            "sobjectCardinality": rows,
            "sobjectType": plan.sobject.name,
        }
        return {"plans": [described], "sourceQuery": text}

    def numbers(self, plan: Plan) -> array[int]:
        found = self._select(plan.numbers_sql(), plan.parameters)
        return array("q", itertools.chain.from_iterable(found))

    def records(self, plan: Plan, numbers: Sequence[int], version: str, size: int = PAGE) -> list[Record]:
        """The records of these row numbers, in their order."""
        if plan.record is None or not numbers:
            return []
        rows = self._rows(plan, numbers)
        build = plan.record.builder(f"/services/data/v{version}/sobjects")
        built = [record for row in plan.shown(rows) if (record := build(row)) is not None]
        ids = [row[1] for row in rows]
        for child in plan.children:
            found = self._child_numbers(child, ids)
            for parent, identity in zip(built, ids, strict=True):
                parent[child.key] = self._children(child, found.get(identity), version, size)
        return built

    def _rows(self, plan: Plan, numbers: Sequence[int]) -> list[tuple[Any, ...]]:
        listed = ",".join(map(str, numbers))
        rows = self._select(plan.rows_sql(f"t0.rowid IN ({listed})"))
        order = {number: place for place, number in enumerate(numbers)}
        rows.sort(key=lambda row: order[row[0]])
        return rows

    def _count(self, plan: Plan) -> int:
        return int(self._select(plan.count_sql(), plan.parameters)[0][0])

    def _select(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._database.select(sql, parameters)
        except sqlite3.OperationalError:  # more terms or deeper nesting than SQLite's parser takes
            message = "Query is either selecting too many fields or the filter conditions are too complicated."
            raise ApiError("QUERY_TOO_COMPLICATED", message) from None

    def _page(self, cursor: Cursor, start: int, version: str, *, name: str = "") -> dict[str, Any]:
        numbers = cursor.numbers[start : start + cursor.size]
        if cursor.plan.children:
            numbers = self._fitting(cursor.plan, numbers, cursor.size)
        end = start + len(numbers)
        answer: dict[str, Any] = {"totalSize": len(cursor.numbers), "done": end >= len(cursor.numbers)}
        if not answer["done"]:
            name = name or self._cursors.keep(cursor)
            answer["nextRecordsUrl"] = f"/services/data/v{version}/query/{name}-{end}"
        answer["records"] = self.records(cursor.plan, numbers, version, cursor.size)
        self._view(cursor.plan, numbers)
        return answer

    def _fitting(self, plan: Plan, numbers: array[int], size: int) -> array[int]:
        """As many parents as make a page together with their children, one at least."""
        parents = dict(self._select(f'SELECT rowid, Id FROM "{plan.sobject.name}" WHERE rowid IN ({_listed(numbers)})'))
        counted = [self._child_numbers(child, list(parents.values())) for child in plan.children]
        rows = 0
        for place, number in enumerate(numbers):
            rows += 1 + sum(len(found.get(parents.get(number, ""), ())) for found in counted)
            if rows > size and place:
                return numbers[:place]
        return numbers

    def _view(self, plan: Plan, numbers: Sequence[int]) -> None:
        """FOR VIEW and FOR REFERENCE say that somebody looks at the records."""
        names = {"VIEW": ("LastViewedDate", "LastReferencedDate"), "REFERENCE": ("LastReferencedDate",)}
        moved = {name for word in plan.query.views for name in names.get(word, ()) if plan.sobject.has(name)}
        if not moved or not numbers:
            return
        listed = ", ".join(f'"{name}" = ?' for name in sorted(moved))
        now = text_of_ms(self._clock.now_ms())
        sql = f'UPDATE "{plan.sobject.name}" SET {listed} WHERE rowid IN ({_listed(numbers)})'
        self._database.execute(sql, [now] * len(moved))

    def _aggregate(self, plan: Plan) -> dict[str, Any]:
        rows = self._select(*plan.statement)
        if len(rows) > PAGE:
            message = (
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
            )
            raise ApiError("EXCEEDED_ID_LIMIT", message)
        records = [
            {"attributes": {"type": "AggregateResult"}, **dict(zip(plan.keys, row, strict=True))}
            for row in plan.shown(rows)
        ]
        return {"totalSize": len(records), "done": True, "records": records}

    def _child_numbers(self, child: ChildPlan, ids: Sequence[str]) -> ChildNumbers:
        """Each parent's own children, in the order of the child query and within its limits."""
        plan, link = child.plan, f't0."{child.link.name}"'
        marks = ",".join("?" * len(ids))
        sql = f"SELECT {link}, t0.rowid FROM {plan.source} WHERE {plan.where} AND {link} IN ({marks}){plan.order}"
        found: ChildNumbers = defaultdict(lambda: array("q"))
        for parent, number in self._select(sql, [*plan.parameters, *ids]):
            found[parent].append(number)
        first, limit = plan.query.offset, plan.query.limit
        if not first and limit is None:
            return found
        return {one: numbers[first : None if limit is None else first + limit] for one, numbers in found.items()}

    def _children(self, child: ChildPlan, numbers: array[int] | None, version: str, size: int) -> Record | None:
        """What stands under the relationship's name; null when the parent has no children."""
        if not numbers:
            return None
        answer: Record = {"totalSize": len(numbers), "done": len(numbers) <= size}
        if not answer["done"]:
            name = self._cursors.keep(Cursor(child.plan, numbers, size))
            answer["nextRecordsUrl"] = f"/services/data/v{version}/query/{name}-{size}"
        answer["records"] = self.records(child.plan, numbers[:size], version, size)
        return answer


def _listed(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers))
