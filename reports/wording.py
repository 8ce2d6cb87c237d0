"""How figures and foreign text are written for people: shares that do not lie, values that cannot be disguised."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

import polars as pl

from hygiene.kinds.money import in_words

LIMIT = 300
_MARKS_IN_A_ROW = 4
_SIGNS = {"\n": " ↵ ", "\t": " ⇥ "}
_JOINERS = "\u200c\u200d"
# Letters of the scripts that write with joiners, and emoji, all lie behind this one.
_FIRST_JOINED = "\u0600"


def percent(share: float) -> str:
    """A share (0 to 1) in whole per cent; 0% and 100% are said of nothing and of everything only."""
    rounded = round(share * 100)
    if rounded <= 0 < share:
        return "<1%"
    if rounded >= 100 and share < 1:
        return ">99%"
    return f"{rounded}%"


def counted(number: int, singular: str, plural: str = "") -> str:
    """`1 record`, `2,000 records`."""
    return f"{number:,} {singular if number == 1 else plural or f'{singular}s'}"


def amounts(units: dict[str | None, int]) -> str:
    """Amounts by currency, in minor units, side by side: currencies are never added up. A dash where there are none."""
    known = sorted(units.items(), key=lambda item: (item[0] is None, item[0] or ""))
    return " + ".join(in_words(unit, currency) for currency, unit in known) or "–"


def text_of(value: object) -> str:
    """One field's value in a table: blank is said, numbers have all their digits, length is bounded."""
    if value is None:
        return "(blank)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return brief(f"{value:f}" if isinstance(value, Decimal) else str(value))


def brief(text: str, limit: int = LIMIT) -> str:
    """The text, or its beginning and how long it is: one value of 10 MB must not be the whole page."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"


def brief_column(name: str) -> pl.Expr:
    """`brief` for a column, nulls kept."""
    text = pl.col(name).cast(pl.String)
    long = pl.concat_str(text.str.slice(0, LIMIT), pl.lit("…"))
    return pl.when(text.str.len_chars() > LIMIT).then(long).otherwise(text).alias(name)


def shown(text: str) -> str:
    """Foreign text for a page: bounded, and every character that hides, reorders or stacks others made visible.

    Zero-width joiners stay between letters of scripts that need them; a blank that is not a plain space shows as ␣.
    """
    out: list[str] = []
    marks = 0
    short = brief(text, 2 * LIMIT).replace("\r\n", "\n")
    for place, char in enumerate(short):
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= _MARKS_IN_A_ROW:
            out.append(_SIGNS.get(char) or _visible(char, short[place - 1 : place], short[place + 1 : place + 2]))
    return "".join(out)


def _visible(char: str, before: str, after: str) -> str:
    if char.isprintable():
        return char
    if unicodedata.category(char) == "Zs":
        return "␣"
    joined = before >= _FIRST_JOINED and after >= _FIRST_JOINED
    return char if char in _JOINERS and joined else "\ufffd"
