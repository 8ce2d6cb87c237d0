"""query, queryMore and queryAll: a query's row numbers are kept, so that a next page runs nothing again."""

from __future__ import annotations

import itertools
import sqlite3
import threading
from array import array
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.salesforce.database import Database
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.ids import make_id
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.soql.compiler import ChildPlan, Compiler, Plan
from sandbox.salesforce.soql.parser import parse
from sandbox.salesforce.soql.shape import with_booleans

PAGE = 2000
OPEN_CURSORS = 100
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cursor:
    """A query under way: its plan and the numbers of all its rows."""

    plan: Plan
    numbers: array[int]
    size: int  # rows a page


class Queries:
    """Runs SOQL for the API user of one org."""

    def __init__(self, database: Database, schema: Schema, clock: SandboxClock) -> None:
        self._database = database
        self._schema = schema
        self._clock = clock
        self._cursors: OrderedDict[str, Cursor] = OrderedDict()
        self._serial = itertools.count(1)
        self._lock = threading.Lock()

    def plan(self, text: str, *, include_deleted: bool = False) -> Plan:
        compiler = Compiler(self._schema, text, self._clock.today(), include_deleted=include_deleted)
        return compiler.plan(parse(text))

    def run(self, text: str, version: str, *, size: int = PAGE, include_deleted: bool = False) -> dict[str, Any]:
        """The first page of a query as its JSON."""
        plan = self.plan(text, include_deleted=include_deleted)
        if plan.query.counts_only:
            count = self._select(plan.count_sql(), plan.parameters)[0][0]
            limit = plan.query.limit
            return {"totalSize": count if limit is None else min(count, limit), "done": True, "records": []}
        if plan.record is None:
            return self._aggregate(plan)
        cursor = Cursor(plan, self.numbers(plan), size)
        return self._page(cursor, 0, version, include_deleted=include_deleted)

    def more(self, locator: str, version: str, size: int | None = None) -> dict[str, Any]:
        """The page a locator names; INVALID_QUERY_LOCATOR when it is unknown or too old."""
        name, _, start = locator.rpartition("-")
        with self._lock:
            cursor = self._cursors.get(name)
        if cursor is None or not start.isdigit() or int(start) > len(cursor.numbers):
            raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
        if size is not None and size != cursor.size:
            cursor = Cursor(cursor.plan, cursor.numbers, size)
        return self._page(cursor, int(start), version, name=name)

    def numbers(self, plan: Plan) -> array[int]:
        found = self._select(plan.numbers_sql(), plan.parameters)
        return array("q", itertools.chain.from_iterable(found))

    def records(self, plan: Plan, numbers: Sequence[int], version: str) -> list[Record]:
        """The records of these row numbers, in their order."""
        if plan.record is None or not numbers:
            return []
        listed = ",".join(map(str, numbers))
        rows = self._select(plan.rows_sql(f"t0.rowid IN ({listed})"))
        order = {number: place for place, number in enumerate(numbers)}
        rows.sort(key=lambda row: order[row[0]])
        build = plan.record.builder(_base(version))
        built = [record for row in with_booleans(rows, plan.booleans, plan.mixed) if (record := build(row)) is not None]
        for child in plan.children:
            self._add_children(child, built, [row[1] for row in rows], version)
        return built

    def _select(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._database.select(sql, parameters)
        except sqlite3.OperationalError:  # more terms or deeper nesting than SQLite's parser takes
            message = "Query is either selecting too many fields or the filter conditions are too complicated."
            raise ApiError("QUERY_TOO_COMPLICATED", message) from None

    def _page(
        self, cursor: Cursor, start: int, version: str, *, name: str = "", include_deleted: bool = False
    ) -> dict[str, Any]:
        end = start + cursor.size
        answer: dict[str, Any] = {"totalSize": len(cursor.numbers), "done": end >= len(cursor.numbers)}
        if not answer["done"]:
            name = name or self._keep(cursor)
            answer["nextRecordsUrl"] = f"/services/data/v{version}/query/{name}-{end}"
        answer["records"] = self.records(cursor.plan, cursor.numbers[start:end], version)
        return answer

    def _keep(self, cursor: Cursor) -> str:
        with self._lock:
            name = make_id("01g", "SB", next(self._serial))
            self._cursors[name] = cursor
            while len(self._cursors) > OPEN_CURSORS:
                self._cursors.popitem(last=False)
            return name

    def _aggregate(self, plan: Plan) -> dict[str, Any]:
        rows = self._select(plan.aggregate_sql(), [*plan.parameters, *plan.tail_parameters])
        if len(rows) > PAGE:
            message = (
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
            )
            raise ApiError("EXCEEDED_ID_LIMIT", message)
        records = [
            {"attributes": {"type": "AggregateResult"}, **dict(zip(plan.keys, row, strict=True))}
            for row in with_booleans(rows, plan.booleans, plan.mixed)
        ]
        return {"totalSize": len(records), "done": True, "records": records}

    def _add_children(self, child: ChildPlan, parents: list[Record], ids: list[str], version: str) -> None:
        """Put each parent's own records under the relationship's name; null where it has none."""
        plan = child.plan
        marks = ",".join("?" * len(ids))
        condition = f'{plan.where} AND t0."{child.link.name}" IN ({marks})'
        rows = self._select(plan.rows_sql(condition) + plan.order, [*plan.parameters, *ids])
        built = plan.record.builder(_base(version)) if plan.record else None
        grouped: dict[str, list[Record]] = defaultdict(list)
        for row in with_booleans(rows, plan.booleans, plan.mixed):
            record = built(row) if built else None
            if record is not None:
                grouped[row[-1]].append(record)
        first, limit = plan.query.offset, plan.query.limit
        for parent, identity in zip(parents, ids, strict=True):
            found = grouped[identity][first : None if limit is None else first + limit]
            parent[child.key] = {"totalSize": len(found), "done": True, "records": found} if found else None


def _base(version: str) -> str:
    return f"/services/data/v{version}/sobjects"
