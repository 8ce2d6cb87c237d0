"""SOSL: what is looked for, in which fields, and what is returned of each object."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox.salesforce.bounds import at_most
from sandbox.salesforce.errors import ApiError

MAX_FOUND = 2000
_STATEMENT = re.compile(
    r"\s*FIND\s+(?P<braces>\{(?P<term>(?:[^\\}]|\\.)*)\})"
    r"(?:\s+IN\s+(?P<group>ALL|NAME|EMAIL|PHONE|SIDEBAR)\s+FIELDS)?"
    r"(?:\s+RETURNING\s+(?P<rest>.*))?(?P<tail>.*)",
    re.IGNORECASE | re.DOTALL,
)
_LIMIT = re.compile(r"\bLIMIT\s+(\d+)\s*$", re.IGNORECASE)
_CLAUSE = re.compile(r"\s+(?=(?:WHERE|USING|ORDER\s+BY|LIMIT|OFFSET)\b)", re.IGNORECASE)
_WORDS = re.compile(r'"(?:[^"\\]|\\.)*"|[()]|(?:\\.|[^\s()"])+', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Returned:
    """One object to search; `soql` selects what is shown of its records."""

    sobject: str
    soql: str


@dataclass(frozen=True, slots=True)
class Search:
    """`term` as it was typed; no objects means all that can be searched."""

    term: str
    group: str = "ALL"  # ALL, NAME, EMAIL, PHONE or SIDEBAR
    returned: tuple[Returned, ...] = ()
    limit: int = MAX_FOUND


def parse(text: str) -> Search:
    """MALFORMED_SEARCH when the text is no SOSL."""
    found = _STATEMENT.fullmatch(text)
    if found is None:
        if "{" not in text:
            raise _malformed("No search term found. The search term must be enclosed in braces.")
        raise _malformed(f"unexpected token: {text.strip()[:40]}")
    rest = found["rest"] or ""
    listed, tail = _objects(rest)
    tail = tail or found["tail"]
    limit = _LIMIT.search(tail)
    return Search(
        found["term"],
        (found["group"] or "ALL").upper(),
        tuple(_returned(one) for one in listed),
        at_most(limit[1], MAX_FOUND) if limit else MAX_FOUND,
    )


def returned(sobject: str, fields: list[str], clauses: str = "") -> Returned:
    """What a search returns of an object; only the Id when no field is named."""
    chosen = ", ".join(fields) or "Id"
    return Returned(sobject, f"SELECT {chosen} FROM {sobject} {clauses}".strip())


def pattern(term: str) -> list[tuple[str, str]]:
    """The words of a term as (joint, regular expression over case-folded text); joint is AND, OR or NOT."""
    parts: list[tuple[str, str]] = []
    joint = "AND"
    for word in _WORDS.findall(term):
        upper = word.upper()
        if word in "()":
            continue
        if upper in ("AND", "OR", "NOT"):
            joint = upper
            continue
        parts.append((joint, _expression(word)))
        joint = "AND"
    if not parts or len(re.sub(r"[\s*?]", "", term)) < 2:
        raise _malformed("search term must be longer than one character")
    return parts


def _expression(word: str) -> str:
    quoted = word.startswith('"')
    inner = word[1:-1] if quoted else word
    inner = re.sub(r"\\(.)", r"\1", inner).casefold()
    text = re.escape(inner).replace(r"\*", r"\w*").replace(r"\?", r"\w")
    return rf"(?<!\w){text}(?!\w)"


def _objects(rest: str) -> tuple[list[str], str]:
    """The objects after RETURNING, each with what stands in its brackets, and the text behind them."""
    listed, depth, start = [], 0, 0
    for place, sign in enumerate(rest):
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and sign == ",":
            listed.append(rest[start:place])
            start = place + 1
    last = rest[start:]
    behind = re.search(r"\s+(?=(?:WITH|LIMIT|UPDATE)\b)", last, re.IGNORECASE)
    cut = last.rfind(")") + 1 or (behind.start() if behind else len(last))
    if last[:cut].strip():
        listed.append(last[:cut])
    return listed, last[cut:]


def _returned(text: str) -> Returned:
    found = re.fullmatch(r"\s*(\w+)\s*(?:\((.*)\))?\s*", text, re.DOTALL)
    if found is None:
        raise _malformed(f"unexpected token: {text.strip()[:40]}")
    name, inner = found[1], (found[2] or "").strip()
    clause = _CLAUSE.search(f" {inner}")
    fields = f" {inner}"[: clause.start()].strip() if clause else inner
    return returned(name, [fields] if fields else [], f" {inner}"[clause.end() :] if clause else "")


def _malformed(message: str) -> ApiError:
    return ApiError("MALFORMED_SEARCH", message)
