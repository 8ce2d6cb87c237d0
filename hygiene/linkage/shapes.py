"""What a column's values look like: shares of a sample, judged without its heading."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import polars as pl

from hygiene.data import rows
from hygiene.distinct import over_distinct
from hygiene.kinds.company_name import legal_forms
from hygiene.kinds.country import code_of
from hygiene.kinds.person_name import TITLES

SAMPLE, SEED = 2_000, 7
# Spelling by spelling, a country takes longest to tell.
_COUNTRIES = 200
_MAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
_HOST = r"(?i)^(?:https?://)?(?:[a-z0-9-]+\.)+[a-z]{2,24}(?:[/?#]\S*)?$"
_PHONE = r"(?i)^\+?[\d\s().\-/]{6,24}(?:\s*(?:x|ext\.?)\s*\d+)?$"
_SPACED = r"^\+|[\s().\-/]"
_DATE = (
    r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ].*)?$|^\d{1,2}[-/.]\d{1,2}[-/.](?:\d{2}|\d{4})$|"
    r"^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])$|(?i)^\d{1,2}[ -][a-z]{3,9}[ -,]+\d{2,4}$"
)
_NUMBER = r"^[-+]?[$€£]?\d{1,3}(?:[,.]?\d{3})*(?:[.,]\d+)?(?:e[+-]?\d+)?%?$|^[-+]?\d+(?:[.,]\d+)?$"
_HASH = r"^(?:[0-9a-fA-F]{32,128}|[A-Za-z0-9+/]{20,}={1,2}|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})$"
_STREET = r"(?i)^\d+[a-z]?[\s,]+(?:\S+\s+)*\S{2,}|^\S.*\s\d+\s?[a-z]?$"


@dataclass(frozen=True, slots=True)
class Shape:
    """Shares (0 to 1) of a column's values that look so; `length` and `words` are means, `hosts` counts distinct."""

    mail: float
    host: float
    hosts: int
    phone: float
    spaced: float
    date: float
    number: float
    hashed: float
    letters: float
    digits: float
    street: float
    legal: float
    given: float
    country: float
    title: float
    length: float
    words: float


def shape_of(column: pl.Series) -> Shape:
    """The shape of a column of text that is not blank throughout, by a sample that is the same for the same column."""
    known = column.drop_nulls()
    values = known.sample(min(SAMPLE, len(known)), seed=SEED).str.strip_chars()
    lowered = values.str.to_lowercase()
    hosts = lowered.str.extract(r"^(?:https?://)?(?:www\.)?([^/?#]+)")
    last = lowered.str.replace_all(r"[.,()]", "").str.split(" ").list
    digits = values.str.count_matches(r"\d")
    is_phone = values.str.contains(_PHONE) & (digits >= 7) & (digits <= 15)
    return Shape(
        mail=_share(values.str.contains(_MAIL)),
        host=_share(values.str.contains(_HOST)),
        hosts=hosts.n_unique(),
        phone=_share(is_phone),
        spaced=_share(is_phone & values.str.contains(_SPACED)),
        date=_share(values.str.contains(_DATE)),
        number=_share(values.str.contains(_NUMBER)),
        hashed=_share(values.str.contains(_HASH)),
        letters=_share(values.str.contains(r"\p{L}")),
        digits=_share(digits > 0),
        street=_share(values.str.contains(_STREET)),
        legal=_share(last.last().is_in(_forms()) & (last.len() > 1)),
        given=_share(last.first().is_in(_given_names())),
        country=_share(over_distinct(values.head(_COUNTRIES), lambda text: code_of(text) is not None, pl.Boolean)),
        title=_share(lowered.str.replace_all(".", "", literal=True).is_in(sorted(TITLES))),
        length=_mean(values.str.len_chars()),
        words=_mean(values.str.count_matches(r"\S+")),
    )


def _share(holds: pl.Series) -> float:
    return _mean(holds.cast(pl.Float64))


def _mean(values: pl.Series) -> float:
    mean = values.mean()
    return float(mean) if isinstance(mean, (int, float)) else 0.0


@cache
def _forms() -> list[str]:
    """Legal forms of one word."""
    return sorted(form[0] for form in legal_forms() if len(form) == 1)


@cache
def _given_names() -> list[str]:
    """Given names that have nicknames, and those."""
    return sorted({name for row in rows("nicknames.txt") for cell in row for name in cell.split() if name.isalpha()})
