"""SOQL by recursive descent: one method for each rule of the grammar."""

from __future__ import annotations

from typing import Literal

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.soql.cursor import Cursor
from sandbox.salesforce.soql.tokens import pointed
from sandbox.salesforce.soql.tree import (
    Both,
    ChildQuery,
    Comparison,
    Condition,
    Either,
    FieldGroup,
    Inclusion,
    Membership,
    Negation,
    Operand,
    Ordering,
    Path,
    Query,
    Selected,
    TypeOf,
)  # fmt: skip

_COMPARISONS = frozenset({"=", "!=", "<>", "<", "<=", ">", ">="})
_CLAUSES = frozenset(
    {"FROM", "WHERE", "WITH", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FOR", "UPDATE", "ALL", "USING"}
)
_SECURITY = frozenset({"SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"})
MAX_OFFSET = 2000


def parse(text: str) -> Query:
    """The tree of a whole statement; MALFORMED_QUERY with a caret when it is none."""
    parser = _Parser(text)
    try:
        query = parser.query()
    except RecursionError:
        raise ApiError("MALFORMED_QUERY", "The query is nested too deeply.") from None
    parser.expect_end()
    return query


class _Parser(Cursor):
    def query(self) -> Query:
        self.expect("SELECT")
        selected = [self._selected()]
        while self.take(","):
            selected.append(self._selected())
        self.expect("FROM")
        source = self.name()
        alias = self._alias()
        related = self._related()
        scope = self.path() if self.take("USING", "SCOPE") else None
        where = self._condition() if self.take("WHERE") else None
        self._with()
        grouping, group_by = self._group_by()
        having = self._condition() if self.take("HAVING") else None
        order_by = self._order_by()
        limit = self.whole_number() if self.take("LIMIT") else None
        return Query(
            tuple(selected), source.text, source.at, alias, related, scope, where, group_by, grouping, having, order_by,
            limit, self._offset(), self._endings(),
        )  # fmt: skip

    def _alias(self) -> str:
        self.take("AS")
        return self.next().text if self.now.kind == "name" and self.now.word not in _CLAUSES else ""

    def _related(self) -> tuple[tuple[str, Path], ...]:
        found = []
        while self.take(","):
            path = self.path()
            found.append((self._alias() or path.names[-1], path))
        return tuple(found)

    def _selected(self) -> Selected:
        if self.now.text == "(":
            at = self.next().at
            child = ChildQuery(self.query(), at)
            self.expect(")")
            return Selected(child)
        if self.now.word == "FIELDS" and self.ahead().text == "(":
            return Selected(self._field_group())
        if self.now.word == "TYPEOF" and self.ahead().kind == "name" and self.ahead().word not in _CLAUSES:
            return Selected(self._type_of())
        what = self.operand()
        alias = ""
        if self.now.kind == "name" and self.now.word not in _CLAUSES:
            alias = self.next().text
        return Selected(what, alias)

    def _field_group(self) -> FieldGroup:
        at = self.next().at
        self.expect("(")
        group = self.name()
        if group.word not in ("ALL", "STANDARD", "CUSTOM"):
            raise self.unexpected(group)
        self.expect(")")
        return FieldGroup(group.word, at)

    def _type_of(self) -> TypeOf:
        self.expect("TYPEOF")
        relationship = self.path()
        branches = []
        while self.take("WHEN"):
            kind = self.path()
            self.expect("THEN")
            branches.append((kind, self.paths()))
        if not branches:
            raise self.unexpected()
        otherwise = self.paths() if self.take("ELSE") else ()
        self.expect("END")
        return TypeOf(relationship, tuple(branches), otherwise)

    def _condition(self) -> Condition:
        """One condition, or several joined by AND or by OR; the two are mixed only with brackets."""
        first = self._single()
        parts = [first]
        joint = self.now.word
        if joint not in ("AND", "OR"):
            return first
        while self.now.word in ("AND", "OR"):
            if self.now.word != joint:
                raise self.unexpected()
            self.next()
            parts.append(self._single())
        return Both(tuple(parts)) if joint == "AND" else Either(tuple(parts))

    def _single(self) -> Condition:
        if self.take("NOT"):
            return Negation(self._single())
        if self.take("("):
            inner = self._condition()
            self.expect(")")
            return inner
        left = self.operand()
        if self.take("LIKE"):
            return Comparison(left, "LIKE", self.constant())
        if self.take("NOT", "IN"):
            return self._membership(left, negated=True)
        if self.take("IN"):
            return self._membership(left, negated=False)
        if self.now.word in ("INCLUDES", "EXCLUDES"):
            negated = self.next().word == "EXCLUDES"
            self.expect("(")
            return Inclusion(left, negated, self.constants())
        if self.now.text not in _COMPARISONS:
            raise self.unexpected()
        operator = self.next().text
        return Comparison(left, "!=" if operator == "<>" else operator, self.constant())

    def _membership(self, left: Operand, *, negated: bool) -> Membership:
        self.expect("(")
        if self.now.word == "SELECT":
            inner = self.query()
            self.expect(")")
            return Membership(left, negated, (), inner)
        return Membership(left, negated, self.constants(), None)

    def _with(self) -> None:
        """WITH SECURITY_ENFORCED changes nothing: a field that is hidden is refused in any case."""
        if self.take("WITH") and self.name().word not in _SECURITY:
            raise self.unexpected(self.ahead(-1))

    def _group_by(self) -> tuple[Literal["", "ROLLUP", "CUBE"], tuple[Operand, ...]]:
        if not self.take("GROUP"):
            return "", ()
        self.expect("BY")
        if self.ahead().text != "(" or self.now.word not in ("ROLLUP", "CUBE"):
            return "", self.operands()
        grouping: Literal["ROLLUP", "CUBE"] = "ROLLUP" if self.next().word == "ROLLUP" else "CUBE"
        self.expect("(")
        groups = self.operands()
        self.expect(")")
        return grouping, groups

    def _order_by(self) -> tuple[Ordering, ...]:
        if not self.take("ORDER"):
            return ()
        self.expect("BY")
        orderings = [self._ordering()]
        while self.take(","):
            orderings.append(self._ordering())
        return tuple(orderings)

    def _ordering(self) -> Ordering:
        what = self.operand()
        descending = self.take("DESC")
        if not descending:
            self.take("ASC")
        nulls_last = self.take("NULLS", "LAST")
        if not nulls_last:
            self.take("NULLS", "FIRST")
        return Ordering(what, descending, nulls_last)

    def _offset(self) -> int:
        if not self.take("OFFSET"):
            return 0
        offset = self.whole_number()
        if offset > MAX_OFFSET:
            raise ApiError("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}")
        return offset

    def _endings(self) -> frozenset[str]:
        """What the FOR clauses ask for; UPDATE TRACKING changes nothing here, ALL ROWS is for Apex alone."""
        views: set[str] = set()
        while self.now.word in ("FOR", "UPDATE"):
            known = ("VIEW", "REFERENCE", "UPDATE") if self.next().word == "FOR" else ("TRACKING", "VIEWSTAT")
            for path in self.paths():
                if path.text.upper() not in known:
                    raise pointed("MALFORMED_QUERY", f"unexpected token: '{path.text}'", self.text, path.at)
                views.add(path.text.upper())
        if self.now.word == "ALL":
            raise pointed("MALFORMED_QUERY", "ALL ROWS not allowed in this context", self.text, self.now.at)
        return frozenset(views)
