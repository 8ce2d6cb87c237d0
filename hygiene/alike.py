"""Whether two values of one field are the same value in two forms, by the kind of the field."""

from __future__ import annotations

import polars as pl

from hygiene.kinds import country, domain, email, phone
from model.streams import Kind

# Text with so many digits is a number, though nothing tells of which country.
_DIGITS = 6


def formed(
    values: pl.Series, kind: Kind, regions: pl.Series | None = None, default_country: str | None = None
) -> pl.Series:
    """The values in the form in which equal ones are equal; what cannot be read stays as it is, blanks are null.

    `regions` are the countries (text) of the records, for phone numbers dialled from within.
    """
    if values.dtype != pl.String:
        return values.fill_null(value=False) if kind == "consent" else values
    text = pl.col(values.name).str.replace_all("\r\n", "\n", literal=True).str.strip_chars()
    bare = values.to_frame().select(pl.when(text != "").then(text)).to_series()
    if kind == "email":
        return _or_bare(email.normalise(bare), bare.str.to_lowercase())
    if kind == "phone":
        placed = country.normalise(regions) if regions is not None else pl.Series([None] * len(bare), dtype=pl.String)
        dialled = bare.str.replace_all(r"[^\d+]", "")
        readable = dialled.zip_with(dialled.str.len_chars() >= _DIGITS, bare)
        return _or_bare(phone.normalise(bare, placed, default_country), readable)
    if kind == "country":
        return _or_bare(country.normalise(bare), bare)
    if kind == "domain":
        return _or_bare(domain.normalise(bare), bare)
    return bare


def _or_bare(normal: pl.Series, bare: pl.Series) -> pl.Series:
    return normal.zip_with(normal.is_not_null(), bare)
