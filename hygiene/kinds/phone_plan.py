"""Numbering plans as column expressions: a fast path for plain phone numbers.

phonenumbers takes about 60 µs per number. Its validity rules are regular expressions over the national number, so they
run over whole columns as well. Only numbers whose reading is beyond doubt are answered here; the library decides about
all others, and a property test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import polars as pl
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberDesc

_KINDS_OF_NUMBER = ("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip",
                    "pager", "uan", "voicemail")  # fmt: skip
_PLAIN = r"^\s*\+?[0-9 ()./\-\x{a0}]*[0-9]\s*$"
EXTENSION = r"^(.*[0-9)])\s*,?\s*(?:;ext=|ext\.?|x|#)\s*:?\s*([0-9]{1,6})\s*$"
# For plans with fewer numbers the library is faster.
SMALLEST_PLAN = 64
_NONE = pl.Schema({"row": pl.UInt32, "e164": pl.String, "is_unused": pl.Boolean})


@cache
def _metadata(region: str) -> PhoneMetadata | None:
    return PhoneMetadata.metadata_for_region(region)


def _matches(number: pl.Expr, description: PhoneNumberDesc | None) -> pl.Expr:
    if description is None or not description.national_number_pattern:
        return pl.lit(value=False)
    is_match = number.str.contains(f"^(?:{description.national_number_pattern})$")
    lengths = list(description.possible_length or ())
    return is_match & number.str.len_bytes().is_in(lengths) if lengths and lengths != [-1] else is_match


def _in_use(number: pl.Expr, regions: Sequence[str]) -> pl.Expr:
    """True where the national number is in use in one of the regions."""
    answer = pl.lit(value=False)
    for region in regions:
        metadata = _metadata(region)
        if metadata is not None:
            kinds = [_matches(number, getattr(metadata, kind)) for kind in _KINDS_OF_NUMBER]
            answer = answer | (_matches(number, metadata.general_desc) & pl.any_horizontal(kinds))
    return answer


def _answered(numbers: pl.DataFrame, code: int) -> pl.DataFrame:
    """`numbers` (row, number: a clearly read national number) with e164 and is_unused, without those left open.

    In use counts in the main region of the calling code (for +1 in Canada too): regions with own leading digits
    are for the library. Unused means in none of its regions.
    """
    regions = COUNTRY_CODE_TO_REGION_CODE[code]
    main = (regions[0], "CA") if code == 1 else regions[:1]
    marked = numbers.with_columns(_in_use(pl.col("number"), main).alias("is_used"))
    used = marked.filter("is_used").select("row", pl.format(f"+{code}{{}}", "number").alias("e164"), is_unused=False)
    rest = marked.filter(~pl.col("is_used"))
    if rest.is_empty():
        return used
    unused = rest.filter(~_in_use(pl.col("number"), regions))
    return pl.concat([used, unused.select("row", pl.lit(None, pl.String).alias("e164"), is_unused=True)])


def _read(numbers: pl.DataFrame, metadata: PhoneMetadata, code: int) -> pl.DataFrame:
    """Answers for `number` as it stands behind the calling code or as dialled at home, without a national prefix."""
    prefix = metadata.national_prefix_for_parsing
    if prefix and (metadata.national_prefix_transform_rule or "(" in prefix.replace("(?:", "")):
        read = numbers.filter(~pl.col("number").str.contains(f"^(?:{prefix})"))
    elif prefix:
        read = numbers.with_columns(pl.col("number").str.replace(f"^(?:{prefix})", ""))
    else:
        read = numbers
    return _answered(read.filter(_matches(pl.col("number"), metadata.general_desc)), code)


def _international(numbers: pl.DataFrame, code: int) -> pl.DataFrame:
    """Answers for `digits` that begin with this calling code."""
    metadata = _metadata(COUNTRY_CODE_TO_REGION_CODE[code][0])
    if metadata is None:
        return _NONE.to_frame()
    return _read(numbers.select("row", pl.col("digits").str.slice(len(str(code))).alias("number")), metadata, code)


def _national(numbers: pl.DataFrame, region: str) -> pl.DataFrame:
    """Answers for `digits` as dialled in this region."""
    metadata = _metadata(region)
    if metadata is None or not metadata.country_code:
        return _NONE.to_frame()
    return _read(numbers.select("row", pl.col("digits").alias("number")), metadata, metadata.country_code)


def _dialled_abroad(numbers: pl.DataFrame, region: str) -> pl.DataFrame:
    """`digits` without the international prefix of this region where they begin with it; `is_international` says so.

    Behind the prefix libphonenumber wants a calling code, which never begins with 0.
    """
    metadata = _metadata(region)
    if metadata is None or not metadata.international_prefix:
        return numbers
    begins = pl.col("digits").str.contains(f"^(?:{metadata.international_prefix})[1-9]")
    rest = pl.col("digits").str.replace(f"^(?:{metadata.international_prefix})", "")
    return numbers.with_columns(
        pl.when(begins).then(rest).otherwise("digits").alias("digits"), begins.alias("is_international")
    )


def _calling_code(digits: pl.Expr) -> pl.Expr:
    known = [str(code) for code, regions in COUNTRY_CODE_TO_REGION_CODE.items() if "001" not in regions]
    answer = pl.lit(None, dtype=pl.String)
    for length in (3, 2, 1):
        head = digits.str.slice(0, length)
        answer = pl.when(head.is_in([code for code in known if len(code) == length])).then(head).otherwise(answer)
    return answer


def _by_plan(numbers: pl.DataFrame, smallest: int) -> list[tuple[str, pl.DataFrame]]:
    sized = numbers.drop_nulls("plan").filter(pl.len().over("plan") >= smallest)
    return [(str(plan), part) for (plan,), part in sized.partition_by("plan", as_dict=True).items()]


def _split_extensions(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds `base` and `extension` (null where the value has none)."""
    extension = pl.col("value").str.extract(EXTENSION, 2)
    base = pl.when(extension.is_not_null()).then(pl.col("value").str.extract(EXTENSION, 1)).otherwise("value")
    return rows.with_columns(base.alias("base"), extension.alias("extension"))


def read_plain(numbers: pl.DataFrame, *, smallest: int = SMALLEST_PLAN) -> pl.DataFrame:
    """For `value` and `region` (ISO 3166, may be null): e164 (with its extension), is_unused, is_unplaced.

    is_unused: certainly no number in use. is_unplaced: digits without a calling code, and no region. Where none of the
    three answers, the library must decide; it is also faster for plans with less than `smallest` numbers.
    """
    rows = _split_extensions(numbers.with_row_index("row"))
    plain = rows.filter(pl.col("base").str.contains(_PLAIN)).with_columns(
        pl.col("base").str.replace_all(r"[^0-9]", "").alias("digits"),
        pl.col("base").str.contains("+", literal=True).alias("is_international"),
    )
    home = plain.filter(~pl.col("is_international")).with_columns(pl.col("region").alias("plan"))
    read = [
        plain.filter("is_international"),
        *(_dialled_abroad(part, plan).drop("plan") for plan, part in _by_plan(home, 1)),
    ]
    numbered = pl.concat(read)
    abroad = numbered.filter("is_international").with_columns(_calling_code(pl.col("digits")).alias("plan"))
    dialled = numbered.filter(~pl.col("is_international")).with_columns(pl.col("region").alias("plan"))
    answers = [_international(part, int(plan)) for plan, part in _by_plan(abroad, smallest)]
    answers += [_national(part, plan) for plan, part in _by_plan(dialled, smallest)]
    unplaced = home.filter(pl.col("region").is_null() & (pl.col("digits").str.len_bytes() >= 3)).select(
        "row", pl.lit(value=True).alias("is_unplaced")
    )
    told = rows.join(pl.concat([_NONE.to_frame(), *answers]), on="row", how="left", maintain_order="left")
    placed = told.join(unplaced, on="row", how="left", maintain_order="left")
    with_extension = (
        pl.when(pl.col("extension").is_null()).then("e164").otherwise(pl.format("{} ext. {}", "e164", "extension"))
    )
    return placed.select(
        with_extension.alias("e164"),
        pl.col("is_unused").fill_null(value=False),
        pl.col("is_unplaced").fill_null(value=False),
    )
