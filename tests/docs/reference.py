"""The tables of the docs that are made from the code, between `<!-- made from … -->` and `<!-- end -->`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from hygiene.rules import RULES
from model.streams import STREAMS, SYSTEM_FIELDS

_PART = re.compile(r"(?<=<!-- made from )(?P<source>[\w./]+)(?P<open> -->\n)(?P<table>.*?)(?=<!-- end -->)", re.DOTALL)


def refreshed(text: str) -> str:
    """A page with its made tables as the code now has them."""
    return _PART.sub(lambda part: f"{part['source']}{part['open']}\n{TABLES[part['source']]()}\n", text)


def _table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [headings, tuple("---" for _ in headings), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _rules() -> str:
    rows = [(f"`{rule.slug}`", rule.severity, rule.group, rule.description) for rule in RULES.values()]
    return _table(("Rule", "Weight", "Chapter", "What it says"), rows)


def _streams() -> str:
    rows = []
    for stream in STREAMS.values():
        fields = ", ".join(
            f"`{field.name}`" + ("" if field.type == "text" else f" {field.type}") for field in stream.fields
        )
        rows.append((f"`{stream.name}`", fields))
    own = ", ".join(f"`{field.name}`" + ("" if field.type == "text" else f" {field.type}") for field in SYSTEM_FIELDS)
    return _table(("Table", "Columns (text where no type is named)"), [("each of them", f"`connection`, {own}"), *rows])


TABLES: dict[str, Callable[[], str]] = {"hygiene/rules.py": _rules, "model/streams.py": _streams}
