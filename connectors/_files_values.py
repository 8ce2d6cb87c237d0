"""Columns of text as columns of the wire types: texts, references, booleans, numbers and money.

Each reader returns the typed column; a cell that held something but could not be read is null there, and `unread`
finds it by comparing both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import polars as pl
import pycountry

from connectors._files_headings import squash
from model.currency import minor_digits

_NOTHING = (
    "null", "none", "n/a", "#n/a", "na", "nan", "-", "--", "\\n", "nil", "(blank)", "unknown", "undefined",
    "#value!", "#ref!",
)  # fmt: skip
_TRUE = (
    "true", "t", "yes", "y", "1", "1.0", "x", "on", "checked", "do not allow", "active", "enabled", "ja", "oui",
    "si", "sí", "wahr", "vrai", "✓",
)  # fmt: skip
_FALSE = (
    "false", "f", "no", "n", "0", "0.0", "off", "unchecked", "allow", "inactive", "disabled", "nein", "non",
    "falsch", "faux",
)  # fmt: skip
_PLAIN = r"^\s*[+-]?\d{1,16}(?:\.\d*)?\s*$"
_SPACES = "\\s\u00a0\u202f"
_NUMBER = (
    r"^\(?\s*(?P<sign>[-+\u2212])?\s*(?P<before>[\p{Sc}\p{L}]{1,3}\$?\.?)?\s*(?P<sign2>[-+\u2212])?\s*"
    rf"(?P<digits>\d(?:[\d.,'’{_SPACES}]*\d)?[.,]?-?|[.,]\d+)(?P<exponent>[eE][+-]?\d{{1,2}})?"
    r"\s*(?P<unit>[kK]|[mM]|[mM][mMnN]|[mM]io\.?|[mM]illion|[bB]n?|[bB]illion)?\s*(?P<after>%|[\p{Sc}\p{L}]{1,3}\$?\.?)?\s*\)?$"
)
_UNITS = {"k": 3, "m": 6, "mm": 6, "mn": 6, "mio": 6, "mio.": 6, "million": 6, "b": 9, "bn": 9, "billion": 9}
_DOLLARS = frozenset(("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "CLP", "COP", "ARS", "TWD"))
_CROWNS = frozenset(("SEK", "NOK", "DKK", "ISK"))
_SYMBOLS = {
    "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₽": "RUB", "₩": "KRW", "₪": "ILS", "₺": "TRY", "₫": "VND",
    "฿": "THB", "₱": "PHP", "₴": "UAH", "₦": "NGN", "zł": "PLN", "kč": "CZK", "ft": "HUF", "fr.": "CHF", "sfr": "CHF",
    "us$": "USD", "c$": "CAD", "ca$": "CAD", "a$": "AUD", "au$": "AUD", "nz$": "NZD", "s$": "SGD", "hk$": "HKD",
    "r$": "BRL", "mx$": "MXN", "rs": "INR", "rs.": "INR", "лв": "BGN", "lei": "RON", "eur": "EUR", "元": "CNY",
    "円": "JPY",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Money:
    """Minor units and, per row, the ISO currency they are in."""

    minor: pl.Series
    currency: pl.Series
    doubt: str | None = None


def texts(column: pl.Series) -> pl.Series:
    """Any column as text: whole numbers without a fraction, dates and times in ISO form."""
    if column.dtype == pl.String:
        return column
    if column.dtype.is_float():
        whole = (column == column.round(0)).all() and not column.is_infinite().any()
        return column.cast(pl.Int64, strict=False).cast(pl.String) if whole else column.cast(pl.String)
    if column.dtype == pl.Boolean:
        return column.replace_strict({True: "true", False: "false"}, return_dtype=pl.String)
    return column.cast(pl.String)


def references(column: pl.Series) -> pl.Series:
    """Ids: trimmed, words for nothing null, and without the ".0" that a detour over a numeric column leaves."""
    text = texts(column).str.strip_chars()
    text = text.set(text.str.to_lowercase().is_in(_NOTHING).fill_null(value=False), None)
    filled = text.drop_nulls()
    if len(filled) and filled.str.contains(r"^\d+\.0$").all():
        return text.str.strip_suffix(".0")
    return text


def truths(column: pl.Series) -> pl.Series:
    if column.dtype == pl.Boolean:
        return column
    words = texts(column).str.strip_chars().str.to_lowercase()
    known = {**dict.fromkeys(_TRUE, True), **dict.fromkeys(_FALSE, False)}
    return words.replace_strict(list(known), list(known.values()), default=None, return_dtype=pl.Boolean)


def unread(source: pl.Series, read: pl.Series) -> pl.Series:
    """Rows where the source holds something, other than a word for nothing, and the typed column does not."""
    lost = source.is_not_null() & read.is_null()
    if source.dtype == pl.String and lost.any():
        lost = lost & ~source.str.strip_chars().str.to_lowercase().is_in(_NOTHING).fill_null(value=False)
    return lost


def wholes(column: pl.Series) -> pl.Series:
    """Whole numbers, also with separators or an empty fraction; fractions and ranges are not numbers."""
    if column.dtype.is_integer():
        return column.cast(pl.Int64)
    text = texts(column)
    # Whole numbers have no decimals, so that a point before three digits parts thousands as well as a comma does.
    grouped = text.str.contains(r"^\s*\d{1,3}(?:[.,]\d{3})+\s*$").fill_null(value=False)
    number = _decimals(text.zip_with(~grouped, text.str.replace_all(r"[.,]", "")), comma=False)[0]
    read = number.cast(pl.Int64, strict=False)
    return read.set((number != read).fill_null(value=False), None)


def shares(column: pl.Series) -> pl.Series:
    """Probabilities from 0 to 1: a column with a value above 1, or with percent signs, counts in percent."""
    if column.dtype.is_numeric():
        number = column.cast(pl.Float64)
    else:
        text = texts(column)
        number = _decimals(text, comma=decimal_comma(text) is True)[0].cast(pl.Float64)
        percent = text.str.contains("%", literal=True).any()
        if percent:
            return number / 100
    top = number.max()
    return number / 100 if isinstance(top, float) and top > 1 else number


def decimal_comma(column: pl.Series) -> bool | None:
    """True when the column writes decimals with a comma, False with a point, None when its values do not tell."""
    text = column.drop_nulls()
    commas = int(text.str.contains(r"\d,\d{1,2}\D*$|\d{4,},\d+\D*$|^\D*0,\d|\.\d{3},|\.\d{3}\.\d{3}").sum())
    points = int(text.str.contains(r"\d\.\d{1,2}\D*$|\d{4,}\.\d+\D*$|^\D*0\.\d|,\d{3}\.|,\d{3},\d{3}").sum())
    if commas == points:
        return None
    return commas > points


def money(column: pl.Series, *, currencies: pl.Series | None, default: str, european: bool, scale: int = 0) -> Money:
    """Minor units of amounts as people write them, each row in its own currency.

    A row's currency is that of `currencies`, else the sign or code beside the amount, else `default`. Where the
    values do not tell a decimal comma from a thousands separator, `european` decides. `scale` is the power of ten
    that the heading counts in.
    """
    if column.dtype.is_numeric():
        number = column.cast(pl.Decimal(38, 6), strict=False)
        beside = pl.Series([None], dtype=pl.String).new_from_index(0, len(column))
        doubt = None
    else:
        text = texts(column)
        comma = decimal_comma(text)
        number, beside = _decimals(text, comma=european if comma is None else comma)
        # Beyond doubt is a comma before three digits where points part decimals.
        unsure = r"\d[.,]\d{3}\D*$" if european else r"\d\.\d{3}\D*$"
        mark = "a decimal comma" if european else "a decimal point"
        told = comma is not None or not text.str.contains(unsure).any()
        doubt = (
            None if told else f"the amounts of {column.name!r} do not tell thousands from decimals; {mark} was taken"
        )
    codes = currency_codes(beside, default)
    # "5 %" and "5 pcs" are no amounts; a crown of an unknown country is one, in the default currency.
    alien = beside.is_not_null() & codes.is_null() & ~beside.str.to_lowercase().str.contains(r"^kr\.?$")
    number = number.set(alien.fill_null(value=False), None)
    if currencies is not None:
        codes = currency_codes(currencies, default).fill_null(codes)
    codes = codes.fill_null(default)
    return Money(_minor(number, codes, scale), codes, doubt)


def currency_codes(column: pl.Series, default: str) -> pl.Series:
    """ISO codes from codes, signs or English names of currencies; null where it is none."""
    text = texts(column).str.strip_chars()
    known = {value: _code(value, default) for value in text.drop_nulls().unique().to_list()}
    return (
        text.replace_strict(list(known), list(known.values()), default=None, return_dtype=pl.String) if known else text
    )


def _code(text: str, default: str) -> str | None:
    lowered = text.casefold().strip()
    if lowered == "$":
        return default if default in _DOLLARS else "USD"
    if lowered in ("kr", "kr."):
        return default if default in _CROWNS else None
    if lowered in _SYMBOLS:
        return _SYMBOLS[lowered]
    if re.fullmatch(r"[A-Za-z]{3}", text) and pycountry.currencies.get(alpha_3=text.upper()):
        return text.upper()
    found = re.search(r"\b([A-Z]{3})\b", text)
    if found and pycountry.currencies.get(alpha_3=found[1]):
        return found[1]
    return _names().get(squash(text))


@cache
def _names() -> dict[str, str]:
    names = {squash(currency.name): currency.alpha_3 for currency in pycountry.currencies}
    return {
        **names,
        "dollar": "USD",
        "dollars": "USD",
        "euros": "EUR",
        "pound": "GBP",
        "pounds": "GBP",
        "britishpound": "GBP",
    }


def _decimals(text: pl.Series, *, comma: bool) -> tuple[pl.Series, pl.Series]:
    """Numbers as decimals, and what stands beside them (a currency); null where the text is no number."""
    plain = text.str.contains(_PLAIN).fill_null(value=False)
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(text))
    if plain.sum() == len(text) - text.null_count() and not comma:
        return text.str.strip_chars().cast(pl.Decimal(38, 6), strict=False), nothing
    parts = text.str.strip_chars().str.extract_groups(_NUMBER).struct.unnest()
    digits = parts["digits"].str.replace_all(rf"['’{_SPACES}]", "").str.strip_chars_end("-")
    number = _unseparated(digits, comma=comma)
    number = number + parts["exponent"].fill_null("")
    # Decimals of 38 digits overflow beyond this; no amount of money is that long.
    number = number.set((number.str.len_chars() > 22).fill_null(value=False), None)
    value = number.cast(pl.Decimal(38, 6), strict=False)
    minus = (
        parts["sign"].is_in(["-", "\u2212"]).fill_null(value=False)
        | parts["sign2"].is_in(["-", "\u2212"]).fill_null(value=False)
        # In Switzerland "1'000.-" is a whole amount, not a negative one.
        | parts["digits"].str.contains(r"[^.]-$").fill_null(value=False)
        | (text.str.contains(r"^\s*\(") & text.str.contains(r"\)\s*$")).fill_null(value=False)
    )
    signed = pl.DataFrame({"value": value, "minus": minus, "unit": parts["unit"].str.to_lowercase()})
    powers = {unit: 10**power for unit, power in _UNITS.items()}
    factor = pl.col("unit").replace_strict(powers, default=1, return_dtype=pl.Int64).fill_null(1)
    result = signed.select(
        pl.when("minus")
        .then(-pl.col("value"))
        .otherwise(pl.col("value"))
        .mul(factor)
        .cast(pl.Decimal(38, 6), strict=False)
    ).to_series()
    return result.alias(text.name), parts["before"].fill_null(parts["after"])


def _unseparated(digits: pl.Series, *, comma: bool) -> pl.Series:
    """Digits with a point for decimals alone: each value's own evidence first, then the column's (`comma`)."""
    frame = pl.DataFrame({"d": digits})
    d = pl.col("d")
    both = d.str.contains(",", literal=True) & d.str.contains(".", literal=True)
    comma_last = d.str.contains(r",\d*$")
    many_commas, many_points = d.str.count_matches(",") > 1, d.str.count_matches(r"\.") > 1
    own = (
        pl.when(both).then(comma_last)
        .when(many_commas).then(pl.lit(value=False))
        .when(many_points).then(pl.lit(value=True))
        .when(d.str.contains(r"^(?:0|\d{4,}),\d+$")).then(pl.lit(value=True))
        .when(d.str.contains(r"^(?:0|\d{4,})\.\d+$")).then(pl.lit(value=False))
        .when(d.str.contains(r",\d{3}$|\.\d{3}$")).then(pl.lit(value=comma))
        .when(d.str.contains(r",\d+$")).then(pl.lit(value=True))
        .otherwise(pl.lit(value=False))
    )  # fmt: skip
    with_comma = d.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    with_point = d.str.replace_all(",", "", literal=True)
    return frame.select(pl.when(own).then(with_comma).otherwise(with_point)).to_series()


def _minor(number: pl.Series, codes: pl.Series, scale: int) -> pl.Series:
    """Minor units, halves away from zero; null where 64 bits do not hold them."""
    digits = {code: 10.0 ** (minor_digits(code) + scale) for code in codes.unique().drop_nulls().to_list()}
    frame = pl.DataFrame({"number": number, "codes": codes})
    factor = pl.col("codes").replace_strict(digits, default=100, return_dtype=pl.Int64)
    half = pl.when(pl.col("number") < 0).then(pl.lit(-0.5)).otherwise(pl.lit(0.5)).cast(pl.Decimal(38, 6))
    fits = pl.col("number").cast(pl.Float64).abs() * factor < 9.2e18
    exact = (pl.when(fits).then(pl.col("number")) * factor.cast(pl.Decimal(38, 0)) + half).cast(pl.Decimal(38, 6))
    return frame.select(exact.cast(pl.Int64, strict=False)).to_series().alias(number.name)
