"""Going through the tokens of a statement, and what only looks at the next ones: names, values and operands."""

from __future__ import annotations

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.soql.tokens import Token, pointed, tokens
from sandbox.salesforce.soql.tree import AGGREGATES, DATE_PARTS, PLAIN, SHOWN, Call, Constant, Operand, Path, Shown

_FUNCTIONS = AGGREGATES | DATE_PARTS | PLAIN | SHOWN | {"GROUPING"}
_DIGITS_MAX = 18  # what a store can hold as a whole number


class Cursor:
    """A place among the tokens of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = tokens(text)
        self._place = 0

    @property
    def now(self) -> Token:
        return self._tokens[self._place]

    def next(self) -> Token:
        token = self.now
        self._place += token.kind != "end"
        return token

    def ahead(self, steps: int = 1) -> Token:
        return self._tokens[min(self._place + steps, len(self._tokens) - 1)]

    def unexpected(self, token: Token | None = None) -> ApiError:
        token = token or self.now
        return pointed("MALFORMED_QUERY", f"unexpected token: '{token.text}'", self.text, token.at)

    def take(self, *words: str) -> bool:
        """Go past these words or marks when they come next."""
        for step, word in enumerate(words):
            token = self.ahead(step)
            if word not in (token.word, token.text if token.kind == "mark" else ""):
                return False
        self._place += len(words)
        return True

    def expect(self, *words: str) -> None:
        for word in words:
            if not self.take(word):
                raise self.unexpected()

    def expect_end(self) -> None:
        if self.now.kind != "end":
            raise self.unexpected()

    def name(self) -> Token:
        if self.now.kind != "name":
            raise self.unexpected()
        return self.next()

    def path(self) -> Path:
        name = self.name()
        return Path(tuple(name.text.split(".")), name.at)

    def paths(self) -> tuple[Path, ...]:
        found = [self.path()]
        while self.take(","):
            found.append(self.path())
        return tuple(found)

    def whole_number(self) -> int:
        token = self.next()
        if token.kind != "number" or not token.text.isdecimal() or len(token.text) > _DIGITS_MAX:
            raise self.unexpected(token)
        return int(token.text)

    def operand(self) -> Operand:
        """A field or a function of one."""
        if self.ahead().text != "(" or self.now.kind != "name":
            return self.path()
        name = self.name()
        self.expect("(")
        if name.word not in _FUNCTIONS:
            raise self.unexpected(name)
        if self.take(")"):
            if name.word != "COUNT":
                raise self.unexpected(name)
            return Call("COUNT", None, name.at)
        argument = self.operand()
        self.expect(")")
        if name.word in PLAIN:
            return argument
        if name.word in SHOWN:
            return Shown(name.word, argument, name.at)
        if not isinstance(argument, Path):
            raise self.unexpected(name)
        return Call(name.word, argument, name.at)

    def operands(self) -> tuple[Operand, ...]:
        found = [self.operand()]
        while self.take(","):
            found.append(self.operand())
        return tuple(found)

    def constant(self) -> Constant:
        token = self.next()
        if token.kind == "string":
            return Constant("string", token.text, token.at)
        if token.kind == "number":
            number = float(token.text)
            whole = len(token.text) <= _DIGITS_MAX and not set(".eE") & set(token.text)
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
            n = self.whole_number() if self.take(":") else None
            return Constant("literal", token.word, token.at, n)
        raise self.unexpected(token)

    def constants(self) -> tuple[Constant, ...]:
        """A list of values within brackets; its opening one has been read."""
        values = [self.constant()]
        while self.take(","):
            values.append(self.constant())
        self.expect(")")
        return tuple(values)
