"""Phone numbers: E.164 by libphonenumber's rules, the extension kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
import polars as pl
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from hygiene.distinct import texts
from hygiene.kinds.phone_plan import EXTENSION, SMALLEST_PLAN, read_plain
from hygiene.kinds.spelling import tidy

_LABELS = re.compile(
    r"^(?:tel(?:efon|efono|ephone)?|phone|ph|fon|mob(?:ile|il)?|cell|handy|office|work|home|direct|main|fax)?[.:\s]*",
    re.IGNORECASE,
)
_EXTENSION_WORDS = re.compile(r"(?:;\s*ext=|e?xt(?:ensi[oó]n?)?n?|доб|anexo|x|#|~)[\s.:=]*\d", re.IGNORECASE)
_UNPLACED = "has no country code, and the record names no country"
_LETTER = re.compile(r"[^\W\d_]")
_WRONG_LENGTH = {
    ValidationResult.TOO_SHORT: "has too few digits for a number",
    ValidationResult.TOO_LONG: "has too many digits for a number",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text is as a phone number: `e164` (with " ext. N" where it has one), or the problem in words.

    `is_unplaced`: digits only, and nothing says in which country.
    """

    e164: str | None
    problem: str | None
    is_unplaced: bool = False


# The stages of one cycle of sync read the same numbers over and over.
@lru_cache(maxsize=32_768)
def read(text: str, region: str | None = None) -> Reading:
    """Read one number as dialled in `region` (ISO 3166) unless it has its own country code."""
    bare = _LABELS.sub("", tidy(text), count=1)
    if not bare:
        return Reading(None, "is not a phone number" if text.strip() else None)
    if not any(letter.isdigit() for letter in bare):
        return Reading(None, "is not a phone number")
    try:
        number = phonenumbers.parse(bare, region)
    except NumberParseException as error:
        is_unplaced = error.error_type == NumberParseException.INVALID_COUNTRY_CODE and "+" not in bare
        reason = _UNPLACED if is_unplaced else "is not a phone number"
        return Reading(None, reason, is_unplaced and not _LETTER.search(re.sub(EXTENSION, r"\1", bare)))
    except (ValueError, IndexError, OverflowError):
        return Reading(None, "is not a phone number")
    return _judged(bare, number, region)


def _judged(bare: str, number: phonenumbers.PhoneNumber, region: str | None) -> Reading:
    if not phonenumbers.is_valid_number(number):
        wrong = _WRONG_LENGTH.get(phonenumbers.is_possible_number_with_reason(number))
        where = f" in {region}" if region and "+" not in bare else ""
        return Reading(None, f"{wrong}{where}" if wrong else f"is not a number in use{where}")
    if _leftover(bare, number):
        return Reading(None, "holds more than one number or other text")
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return Reading(f"{e164} ext. {number.extension}" if number.extension else e164, None)


def _leftover(bare: str, number: phonenumbers.PhoneNumber) -> bool:
    """True where text beside the number would be lost: a second number, a note."""
    digits = sum(letter.isdigit() for letter in bare)
    used = len(phonenumbers.national_significant_number(number)) + len(number.extension or "")
    # Up to 3 digits of calling code, 5 of international or carrier prefix, one "(0)".
    if digits > used + 9:
        return True
    letters = _EXTENSION_WORDS.sub("", bare) if number.extension else bare
    return bool(_LETTER.search(letters)) and digits >= used


def readings(values: pl.Series, regions: pl.Series | None = None, default_region: str | None = None) -> pl.DataFrame:
    """One row per value: columns e164, problem (text), is_unplaced (bool). `regions` holds each record's ISO code."""
    places = pl.Series([None] * len(values), dtype=pl.String) if regions is None else texts(regions)
    asked = pl.DataFrame({"value": texts(values), "region": places}).with_columns(
        pl.col("region").fill_null(pl.lit(default_region, dtype=pl.String))
    )
    distinct = asked.drop_nulls("value").unique()
    # The columns have no answer for so few numbers.
    table = _read_each(distinct) if distinct.height < SMALLEST_PLAN else _read_columns(distinct)
    joined = asked.join(table, on=["value", "region"], how="left", nulls_equal=True, maintain_order="left")
    return joined.select("e164", "problem", pl.col("is_unplaced").fill_null(value=False))


def _read_columns(distinct: pl.DataFrame) -> pl.DataFrame:
    """`distinct` (value, region) with the columns of `readings`; one by one only what the columns leave open."""
    distinct = distinct.hstack(read_plain(distinct))
    place = (
        pl.when(pl.col("value").str.contains("+", literal=True))
        .then(pl.lit(""))
        .otherwise(pl.format(" in {}", "region"))
    )
    problem = (
        pl.when("is_unplaced")
        .then(pl.lit(_UNPLACED))
        .when("is_unused")
        .then(pl.format("is not a number in use{}", place.fill_null("")))
    )
    is_clear = pl.col("e164").is_not_null() | pl.col("is_unused") | pl.col("is_unplaced")
    clear = distinct.filter(is_clear).select("value", "region", "e164", problem.alias("problem"), "is_unplaced")
    return pl.concat([clear, _read_each(distinct.filter(~is_clear).select("value", "region"))])


def _read_each(distinct: pl.DataFrame) -> pl.DataFrame:
    answers = [read(value, region) for value, region in distinct.iter_rows()]
    return distinct.with_columns(
        pl.Series("e164", [answer.e164 for answer in answers], dtype=pl.String),
        pl.Series("problem", [answer.problem for answer in answers], dtype=pl.String),
        pl.Series("is_unplaced", [answer.is_unplaced for answer in answers], dtype=pl.Boolean),
    )


def normalise(values: pl.Series, regions: pl.Series | None = None, default_region: str | None = None) -> pl.Series:
    """E.164 numbers, null where a value is not certainly one valid number."""
    return readings(values, regions, default_region)["e164"].alias(values.name)


def problems(values: pl.Series, regions: pl.Series | None = None, default_region: str | None = None) -> pl.Series:
    """Reasons in words, null where the value is a valid number or blank."""
    return readings(values, regions, default_region)["problem"].alias(values.name)
