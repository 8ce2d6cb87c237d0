"""Numbering plans as column expressions: a fast path for plain phone numbers.

phonenumbers takes about 60 µs per number. Its validity rules are regular expressions over the national number, so they
run over whole columns as well. Only numbers whose reading is beyond doubt are answered here; the library decides about
all others, and a property test holds the two against each other.
"""

from __future__ import annotations

from functools import cache

import polars as pl
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberDesc

_KINDS_OF_NUMBER = ("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip",
                    "pager", "uan", "voicemail")  # fmt: skip
_PLAIN = r"^\s*\+?[0-9 ().\-\x{a0}]*[0-9]\s*$"
NO_ANSWER = pl.lit(None, dtype=pl.String)


@cache
def _metadata(region: str) -> PhoneMetadata | None:
    return PhoneMetadata.metadata_for_region(region)


def _matches(number: pl.Expr, description: PhoneNumberDesc | None) -> pl.Expr:
    if description is None or not description.national_number_pattern:
        return pl.lit(value=False)
    is_match = number.str.contains(f"^(?:{description.national_number_pattern})$")
    lengths = list(description.possible_length or ())
    return is_match & number.str.len_bytes().is_in(lengths) if lengths and lengths != [-1] else is_match


def _is_valid(number: pl.Expr, code: int) -> pl.Expr:
    """True where the national number is in use in the main region of a calling code (for +1 in Canada too)."""
    regions = COUNTRY_CODE_TO_REGION_CODE[code]
    answer = pl.lit(value=False)
    for region in (regions[0], "CA") if code == 1 else regions[:1]:
        metadata = _metadata(region)
        if metadata is None:
            continue
        kinds = [_matches(number, getattr(metadata, kind)) for kind in _KINDS_OF_NUMBER]
        answer = answer | (_matches(number, metadata.general_desc) & pl.any_horizontal(kinds))
    return answer


def _international(code: int) -> pl.Expr:
    """E.164 of `digits` that begin with this calling code, null where the library must decide."""
    number = pl.col("digits").str.slice(len(str(code)))
    metadata = _metadata(COUNTRY_CODE_TO_REGION_CODE[code][0])
    prefix = metadata.national_prefix_for_parsing if metadata else None
    is_clear = ~number.str.contains(f"^(?:{prefix})") if prefix else pl.lit(value=True)
    return pl.when(is_clear & _is_valid(number, code)).then(pl.format("+{}", "digits")).otherwise(NO_ANSWER)


def _national(region: str) -> pl.Expr:
    """E.164 of `digits` as dialled in this region, null where the library must decide."""
    metadata = _metadata(region)
    if metadata is None:
        return NO_ANSWER
    digits, prefix = pl.col("digits"), metadata.national_prefix_for_parsing
    number, is_clear = digits, pl.lit(value=True)
    if metadata.international_prefix:
        is_clear = ~digits.str.contains(f"^(?:{metadata.international_prefix})")
    if prefix and (metadata.national_prefix_transform_rule or "(" in prefix.replace("(?:", "")):
        is_clear = is_clear & ~digits.str.contains(f"^(?:{prefix})")
    elif prefix:
        number = digits.str.replace(f"^(?:{prefix})", "")
    is_valid = _matches(number, metadata.general_desc) & _is_valid(number, metadata.country_code or 0)
    return pl.when(is_clear & is_valid).then(pl.format(f"+{metadata.country_code}{{}}", number)).otherwise(NO_ANSWER)


def _calling_code(digits: pl.Expr) -> pl.Expr:
    known = [str(code) for code in COUNTRY_CODE_TO_REGION_CODE if "001" not in COUNTRY_CODE_TO_REGION_CODE[code]]
    answer = NO_ANSWER
    for length in (3, 2, 1):
        head = digits.str.slice(0, length)
        answer = pl.when(head.is_in([code for code in known if len(code) == length])).then(head).otherwise(answer)
    return answer


def _by_plan(numbers: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    parts = numbers.drop_nulls("plan").partition_by("plan", as_dict=True)
    return [(str(plan), part) for (plan,), part in parts.items()]


def read_plain(numbers: pl.DataFrame) -> pl.Series:
    """E.164 for `value` and `region` (ISO 3166, may be null); null where the library must decide."""
    plain = numbers.with_row_index("row").filter(pl.col("value").str.contains(_PLAIN))
    plain = plain.with_columns(
        pl.col("value").str.replace_all(r"[^0-9]", "").alias("digits"),
        pl.col("value").str.contains("+", literal=True).alias("is_international"),
    )
    abroad = plain.filter("is_international").with_columns(_calling_code(pl.col("digits")).alias("plan"))
    home = plain.filter(~pl.col("is_international")).with_columns(pl.col("region").alias("plan"))
    answers = [part.select("row", _international(int(plan)).alias("e164")) for plan, part in _by_plan(abroad)]
    answers += [part.select("row", _national(plan).alias("e164")) for plan, part in _by_plan(home)]
    if not answers:
        return pl.Series("e164", [None] * len(numbers), dtype=pl.String)
    rows = pl.DataFrame({"row": pl.Series(range(len(numbers)), dtype=pl.UInt32)})
    return rows.join(pl.concat(answers), on="row", how="left", maintain_order="left")["e164"]
