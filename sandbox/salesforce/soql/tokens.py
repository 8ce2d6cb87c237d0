"""SOQL text to tokens, and errors that point into the text with a caret as Salesforce's do."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox.salesforce.errors import ApiError

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<string>'(?:[^'\\\r\n]|\\.)*')
    |(?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    |(?P<date>\d{4}-\d\d-\d\d(?![\dT]))
    |(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    |(?P<name>[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*)
    |(?P<mark><=|>=|!=|<>|[=<>(),:])
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
MAX_LENGTH = 100_000


@dataclass(frozen=True, slots=True)
class Token:
    kind: str  # string, datetime, date, number, name, mark, end
    text: str
    at: int

    @property
    def word(self) -> str:
        """A name in capitals, blank for everything else."""
        return self.text.upper() if self.kind == "name" else ""


def tokens(text: str) -> list[Token]:
    """All tokens with an end mark after them; MALFORMED_QUERY where the text is none of SOQL."""
    if len(text) > MAX_LENGTH:
        raise ApiError("MALFORMED_QUERY", f"SOQL statements cannot be longer than {MAX_LENGTH} characters.")
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            problem = (
                "line breaks not allowed in string literals" if text[at] == "'" else f"unexpected token: '{text[at]}'"
            )
            raise pointed("MALFORMED_QUERY", problem, text, at)
        kind = match.lastgroup or ""
        if kind != "space":
            value = re.sub(r"\s+", "", match.group()) if kind == "name" else match.group()
            found.append(Token(kind, value, at))
        at = match.end()
    return [*found, Token("end", "<EOF>", len(text))]


def pointed(code: str, message: str, text: str, at: int) -> ApiError:
    """An error whose message repeats the line, points at the place and names it."""
    before = text[:at]
    row = before.count("\n") + 1
    column = at - (before.rfind("\n") + 1)
    line = text.split("\n")[row - 1]
    return ApiError(code, f"\n{line}\n{' ' * column}^\nERROR at Row:{row}:Column:{column + 1}\n{message}")


_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


def unescaped(quoted: str) -> str | None:
    """The value of a quoted string; None when it has an escape that SOQL does not know."""
    return _resolved(quoted, {**_ESCAPES, "_": "_", "%": "%"})


def like_pattern(quoted: str) -> str | None:
    """The pattern of a LIKE, a backslash before each wildcard that stands for itself."""
    return _resolved(quoted, {**_ESCAPES, "\\": "\\\\", "_": "\\_", "%": "\\%"})


def _resolved(quoted: str, escapes: dict[str, str]) -> str | None:
    pieces = re.split(r"\\(u[0-9A-Fa-f]{4}|.)", quoted[1:-1], flags=re.DOTALL)
    for place in range(1, len(pieces), 2):
        escape = pieces[place]
        if len(escape) == 5:
            pieces[place] = chr(int(escape[1:], 16))
        elif escape in escapes or escape.lower() in escapes:
            pieces[place] = escapes.get(escape, escapes[escape.lower()] if escape not in escapes else "")
        else:
            return None
    return "".join(pieces)
