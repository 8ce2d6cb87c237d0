"""The tree of a SOQL statement; `at` is the place in the text that an error message points to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Path:
    """A field, with the relationships that lead to it: Account.Owner.Name."""

    names: tuple[str, ...]
    at: int

    @property
    def text(self) -> str:
        return ".".join(self.names)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of a field: COUNT(Id), CALENDAR_YEAR(CloseDate); no argument is COUNT()."""

    name: str
    argument: Path | None
    at: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A value in a condition; kind string has its escapes still in `value`."""

    kind: Literal["string", "number", "boolean", "null", "date", "datetime", "literal"]
    value: Any
    at: int
    n: int | None = None  # of LAST_N_DAYS:n


@dataclass(frozen=True, slots=True)
class Shown:
    """toLabel, FORMAT or convertCurrency: how a value is to be shown."""

    name: str
    what: Operand
    at: int


Operand = Path | Call | Shown


@dataclass(frozen=True, slots=True)
class Comparison:
    """`operator` is one of = != < <= > >= LIKE."""

    left: Operand
    operator: str
    right: Constant


@dataclass(frozen=True, slots=True)
class Membership:
    """field [NOT] IN (values) or (a query)."""

    left: Operand
    negated: bool
    values: tuple[Constant, ...]
    query: Query | None


@dataclass(frozen=True, slots=True)
class Inclusion:
    """field INCLUDES or EXCLUDES (values) of a multi-select picklist."""

    left: Operand
    negated: bool
    values: tuple[Constant, ...]


@dataclass(frozen=True, slots=True)
class Both:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    part: Condition


Condition = Comparison | Membership | Inclusion | Both | Either | Negation


@dataclass(frozen=True, slots=True)
class Selected:
    """One entry of the field list with its alias."""

    what: Operand | ChildQuery | FieldGroup | TypeOf
    alias: str = ""


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """FIELDS(ALL), FIELDS(STANDARD) or FIELDS(CUSTOM)."""

    group: str
    at: int


@dataclass(frozen=True, slots=True)
class ChildQuery:
    query: Query
    at: int


@dataclass(frozen=True, slots=True)
class TypeOf:
    """TYPEOF relationship WHEN sObject THEN fields ... ELSE fields END."""

    relationship: Path
    branches: tuple[tuple[Path, tuple[Path, ...]], ...]
    otherwise: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Ordering:
    what: Operand
    descending: bool = False
    nulls_last: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT; `sobject` is a relationship name within a child query."""

    selected: tuple[Selected, ...]
    sobject: str
    sobject_at: int
    alias: str = ""
    related: tuple[tuple[str, Path], ...] = ()  # further aliases: FROM Contact c, c.Account a
    scope: Path | None = None
    where: Condition | None = None
    group_by: tuple[Operand, ...] = ()
    grouping: Literal["", "ROLLUP", "CUBE"] = ""
    having: Condition | None = None
    order_by: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int = 0
    views: frozenset[str] = frozenset()  # VIEW and REFERENCE of the FOR clauses

    @property
    def counts_only(self) -> bool:
        """SELECT COUNT() without anything else."""
        what = self.selected[0].what
        return len(self.selected) == 1 and isinstance(what, Call) and what.name == "COUNT" and what.argument is None

    @property
    def aggregated(self) -> bool:
        shown = (bare(one.what) for one in self.selected if isinstance(one.what, Path | Call | Shown))
        return bool(self.group_by) or any(isinstance(what, Call) and what.name in AGGREGATES for what in shown)


def bare(what: Operand) -> Path | Call:
    """The field or function without the way it is shown."""
    while isinstance(what, Shown):
        what = what.what
    return what


AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
DATE_PARTS = frozenset(
    {
        "CALENDAR_YEAR", "CALENDAR_QUARTER", "CALENDAR_MONTH", "FISCAL_YEAR", "FISCAL_QUARTER", "FISCAL_MONTH",
        "DAY_IN_MONTH", "DAY_IN_WEEK", "DAY_IN_YEAR", "DAY_ONLY", "HOUR_IN_DAY", "WEEK_IN_MONTH", "WEEK_IN_YEAR",
    }
)  # fmt: skip
SHOWN = frozenset({"TOLABEL", "FORMAT", "CONVERTCURRENCY"})
# The API user's zone is GMT, so a time in that zone is the time itself.
PLAIN = frozenset({"CONVERTTIMEZONE"})
