"""What a compiled query is made of, and the SQL that runs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.soql.shape import TRUE, Record
from sandbox.salesforce.soql.tree import Query


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, when, and in what kind of org."""

    today: date
    user_id: str = ""
    include_deleted: bool = False  # queryAll
    fiscal_start: int = 1  # the month in which the fiscal year begins
    multi_currency: bool = False
    shared_only: bool = False  # some records are not shared with the user
    own_logins_only: bool = False  # the user may not manage users


@dataclass(frozen=True, slots=True)
class ChildPlan:
    """A child query: `link` is the child's field that holds the parent's id."""

    key: str
    plan: Plan
    link: Field


@dataclass(slots=True)
class Plan:
    """One compiled SELECT. The first column is the row's number, so that a page can be read by numbers alone."""

    sobject: SObject
    query: Query
    columns: list[str]
    source: str = ""
    where: str = ""
    parameters: list[Any] = field(default_factory=list)
    order: str = ""
    statement: tuple[str, list[Any]] = ("", [])  # of an aggregate
    booleans: list[int] = field(default_factory=list)
    loose: list[int] = field(default_factory=list)  # columns whose values have types of their own
    formatted: dict[int, Field] = field(default_factory=dict)  # columns shown as people read them
    fields: dict[int, Field] = field(default_factory=dict)  # of the columns that show one as it is
    record: Record | None = None  # None: an aggregate, whose `keys` name the columns
    keys: list[str] = field(default_factory=list)
    children: list[ChildPlan] = field(default_factory=list)

    def add(self, sql: str) -> int:
        """The number of a new column."""
        self.columns.append(sql)
        return len(self.columns) - 1

    def add_field(self, sql: str, declared: Field, *, formatted: bool = False) -> int:
        """The number of a new column that shows a field."""
        index = self.add(sql)
        self.fields[index] = declared
        if declared.type == "boolean":
            self.booleans.append(index)
        if declared.type == "anyType":
            self.loose.append(index)
        if formatted:
            self.formatted[index] = declared
        return index

    @property
    def limits(self) -> str:
        if self.query.limit is None and not self.query.offset:
            return ""
        return f" LIMIT {-1 if self.query.limit is None else self.query.limit} OFFSET {self.query.offset}"

    def numbers_sql(self) -> str:
        """All matching row numbers, in order."""
        return f"SELECT t0.rowid FROM {self.source} WHERE {self.where}{self.order}{self.limits}"

    def count_sql(self) -> str:
        return f"SELECT COUNT(*) FROM {self.source} WHERE {self.where}"

    def rows_sql(self, condition: str) -> str:
        """The columns of the rows under another condition than the query's own."""
        return f"SELECT {', '.join(self.columns)} FROM {self.source} WHERE {condition}"

    def shown(self, rows: Sequence[tuple[Any, ...]]) -> list[Sequence[Any]]:
        """The rows with true and false for 1 and 0, and formatted values as text."""
        if not rows or not (self.booleans or self.loose or self.formatted):
            return list(rows)
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        for index in self.booleans:
            columns[index] = [None if value is None else value != 0 for value in columns[index]]
        for index in self.loose:
            columns[index] = [value == TRUE if isinstance(value, bytes) else value for value in columns[index]]
        for index, declared in self.formatted.items():
            columns[index] = [formatted(declared, value) for value in columns[index]]
        return list(zip(*columns, strict=True))


def formatted(declared: Field, value: Any) -> str | None:
    """The value as a user of the locale en_US sees it."""
    if value is None:
        return None
    if declared.type == "currency":
        return f"${value:,.2f}" if value >= 0 else f"-${-value:,.2f}"
    if declared.type in ("int", "double", "percent"):
        text = f"{value:,.{declared.scale}f}" if isinstance(value, float) else f"{value:,}"
        return f"{text}%" if declared.type == "percent" else text
    if declared.type in ("date", "datetime"):
        day = date.fromisoformat(value[:10])
        shown = f"{day.month}/{day.day}/{day.year}"
        if declared.type == "date":
            return shown
        hour, minute = int(value[11:13]), value[14:16]
        return f"{shown}, {(hour + 11) % 12 + 1}:{minute} {'AM' if hour < 12 else 'PM'}"
    return str(value).lower() if isinstance(value, bool) else str(value)
