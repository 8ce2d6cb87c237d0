"""SOQL by recursive descent: one method for each rule of the grammar."""

from __future__ import annotations

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.soql.tokens import Token, pointed, tokens
from sandbox.salesforce.soql.tree import (
    AGGREGATES,
    DATE_PARTS,
    PLAIN,
    Both,
    Call,
    ChildQuery,
    Comparison,
    Condition,
    Constant,
    Either,
    FieldGroup,
    Membership,
    Negation,
    Operand,
    Ordering,
    Path,
    Query,
    Selected,
)  # fmt: skip

_COMPARISONS = frozenset({"=", "!=", "<>", "<", "<=", ">", ">="})
_CLAUSES = frozenset(
    {"FROM", "WHERE", "WITH", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FOR", "UPDATE", "ALL", "USING"}
)
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


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._place = 0

    @property
    def _now(self) -> Token:
        return self._tokens[self._place]

    def _next(self) -> Token:
        token = self._now
        self._place += token.kind != "end"
        return token

    def _ahead(self, steps: int = 1) -> Token:
        return self._tokens[min(self._place + steps, len(self._tokens) - 1)]

    def _unexpected(self, token: Token | None = None) -> ApiError:
        token = token or self._now
        return pointed("MALFORMED_QUERY", f"unexpected token: '{token.text}'", self._text, token.at)

    def _take(self, *words: str) -> bool:
        """Go past these words or marks when they come next."""
        for step, word in enumerate(words):
            token = self._ahead(step)
            if word not in (token.word, token.text if token.kind == "mark" else ""):
                return False
        self._place += len(words)
        return True

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise self._unexpected()

    def expect_end(self) -> None:
        if self._now.kind != "end":
            raise self._unexpected()

    def query(self) -> Query:
        self._expect("SELECT")
        selected = [self._selected()]
        while self._take(","):
            selected.append(self._selected())
        self._expect("FROM")
        source = self._name()
        alias = self._alias()
        if self._take("USING", "SCOPE"):
            self._name()
        where = self._condition() if self._take("WHERE") else None
        if self._take("WITH"):
            self._name()
        group_by = self._group_by()
        having = self._condition() if self._take("HAVING") else None
        order_by = self._order_by()
        limit = self._whole_number() if self._take("LIMIT") else None
        offset = self._offset()
        self._endings()
        return Query(tuple(selected), source.text, source.at, alias, where, group_by, having, order_by, limit, offset)

    def _name(self) -> Token:
        if self._now.kind != "name":
            raise self._unexpected()
        return self._next()

    def _alias(self) -> str:
        self._take("AS")
        return self._next().text if self._now.kind == "name" and self._now.word not in _CLAUSES else ""

    def _selected(self) -> Selected:
        if self._now.text == "(":
            at = self._next().at
            child = ChildQuery(self.query(), at)
            self._expect(")")
            return Selected(child)
        if self._now.word == "FIELDS" and self._ahead().text == "(":
            return Selected(self._field_group())
        what = self._operand()
        alias = ""
        if self._now.kind == "name" and self._now.word not in _CLAUSES:
            alias = self._next().text
        return Selected(what, alias)

    def _field_group(self) -> FieldGroup:
        at = self._next().at
        self._expect("(")
        group = self._name()
        if group.word not in ("ALL", "STANDARD", "CUSTOM"):
            raise self._unexpected(group)
        self._expect(")")
        return FieldGroup(group.word, at)

    def _operand(self) -> Operand:
        name = self._name()
        if not self._take("("):
            return Path(tuple(name.text.split(".")), name.at)
        if name.word not in AGGREGATES | DATE_PARTS | PLAIN:
            raise self._unexpected(name)
        if self._take(")"):
            if name.word != "COUNT":
                raise self._unexpected(name)
            return Call("COUNT", None, name.at)
        argument = self._operand()
        self._expect(")")
        if isinstance(argument, Call):
            if argument.name not in PLAIN and name.word not in PLAIN:
                raise self._unexpected(name)
            argument = argument.argument or Path(("Id",), name.at)
        return argument if name.word in PLAIN else Call(name.word, argument, name.at)

    def _condition(self) -> Condition:
        """One condition, or several joined by AND or by OR; the two are mixed only with brackets."""
        first = self._single()
        parts = [first]
        joint = self._now.word
        if joint not in ("AND", "OR"):
            return first
        while self._now.word in ("AND", "OR"):
            if self._now.word != joint:
                raise self._unexpected()
            self._next()
            parts.append(self._single())
        return Both(tuple(parts)) if joint == "AND" else Either(tuple(parts))

    def _single(self) -> Condition:
        if self._take("NOT"):
            return Negation(self._single())
        if self._take("("):
            inner = self._condition()
            self._expect(")")
            return inner
        left = self._operand()
        if self._take("LIKE"):
            return Comparison(left, "LIKE", self._constant())
        if self._take("NOT", "IN"):
            return self._membership(left, negated=True)
        if self._take("IN"):
            return self._membership(left, negated=False)
        if self._now.text not in _COMPARISONS:
            raise self._unexpected()
        operator = self._next().text
        return Comparison(left, "!=" if operator == "<>" else operator, self._constant())

    def _membership(self, left: Operand, *, negated: bool) -> Membership:
        self._expect("(")
        if self._now.word == "SELECT":
            inner = self.query()
            self._expect(")")
            return Membership(left, negated, (), inner)
        values = [self._constant()]
        while self._take(","):
            values.append(self._constant())
        self._expect(")")
        return Membership(left, negated, tuple(values), None)

    def _constant(self) -> Constant:
        token = self._next()
        if token.kind == "string":
            return Constant("string", token.text, token.at)
        if token.kind == "number":
            number = float(token.text)
            whole = not set(".eE") & set(token.text)
            return Constant("number", int(token.text) if whole else number, token.at)
        if token.kind == "date":
            return Constant("date", token.text, token.at)
        if token.kind == "datetime":
            return Constant("datetime", token.text, token.at)
        if token.word in ("TRUE", "FALSE"):
            return Constant("boolean", token.word == "TRUE", token.at)
        if token.word == "NULL":
            return Constant("null", None, token.at)
        if token.kind == "name":
            n = self._whole_number() if self._take(":") else 0
            return Constant("literal", token.word, token.at, n)
        raise self._unexpected(token)

    def _group_by(self) -> tuple[Operand, ...]:
        if not self._take("GROUP"):
            return ()
        self._expect("BY")
        groups = [self._operand()]
        while self._take(","):
            groups.append(self._operand())
        return tuple(groups)

    def _order_by(self) -> tuple[Ordering, ...]:
        if not self._take("ORDER"):
            return ()
        self._expect("BY")
        orderings = [self._ordering()]
        while self._take(","):
            orderings.append(self._ordering())
        return tuple(orderings)

    def _ordering(self) -> Ordering:
        what = self._operand()
        descending = self._take("DESC")
        if not descending:
            self._take("ASC")
        nulls_last = self._take("NULLS", "LAST")
        if not nulls_last:
            self._take("NULLS", "FIRST")
        return Ordering(what, descending, nulls_last)

    def _whole_number(self) -> int:
        token = self._next()
        if token.kind != "number" or not token.text.isdigit():
            raise self._unexpected(token)
        return int(token.text)

    def _offset(self) -> int:
        if not self._take("OFFSET"):
            return 0
        offset = self._whole_number()
        if offset > MAX_OFFSET:
            raise ApiError("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}")
        return offset

    def _endings(self) -> None:
        """FOR VIEW, UPDATE TRACKING and their like change nothing that is read; ALL ROWS is for Apex alone."""
        while self._now.word in ("FOR", "UPDATE"):
            self._next()
            self._name()
            while self._take(","):
                self._name()
        if self._now.word == "ALL":
            raise pointed("MALFORMED_QUERY", "ALL ROWS not allowed in this context", self._text, self._now.at)
