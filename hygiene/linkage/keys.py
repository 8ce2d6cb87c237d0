"""Keys: each column of a table folded to what is compared, by its kind. Done once per distinct value."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from hygiene.data import words
from hygiene.distinct import over_distinct
from hygiene.kinds import company_name, person_name
from hygiene.kinds.spelling import fold

# Legal forms common enough to be cut by pattern; a name that holds anything unusual goes the careful way.
_FORMS = (
    r"(?:\s(?:inc|incorporated|llc|l\.l\.c|ltd|limited|gmbh|mbh|corp|corporation|co|company|plc|sa|s\.a|s\.p\.a|spa|"
    r"srl|s\.r\.l|bv|b\.v|nv|n\.v|ab|ag|kg|oy|as|aps|sas|sarl|pty|kk|llp|lp)\.?,?)+$"
)
_PLAIN = r"^[\x20-\x7e]*$"
_TELLING = r"(?i)\b(?:dba|d/b/a|t/a|und|et|og|och|the|the\s|trading as)\b|[&+@/(]|\b[a-z]\.\s?[a-z]\b"


def names(column: pl.Series) -> pl.Series:
    """Folded words of given, family or full names without titles, degrees and generation."""
    return _fast(column, pl.col("v").str.to_lowercase().str.strip_chars(), r"^[A-Za-z]+$", person_name.match_key_of)


def companies(column: pl.Series) -> pl.Series:
    """Core words of company names."""
    lowered = pl.col("v").str.to_lowercase().str.strip_chars(" .,")
    core = lowered.str.replace(_FORMS, "").str.strip_chars(" .,")
    plain = pl.when(core == "").then(lowered).otherwise(core)
    spaced = plain.str.replace_all(r"['`]", "").str.replace_all(r"[^a-z0-9]+", " ").str.strip_chars()
    return _fast(column, spaced, r"^[A-Za-z0-9' .,-]+$", company_name.match_key_of, unless=_TELLING)


def _fast(
    column: pl.Series, plain: pl.Expr, shape: str, careful: Callable[[str], str | None], *, unless: str = ""
) -> pl.Series:
    """`plain` where a value has the simple shape, `careful` for all others."""
    distinct = pl.DataFrame({"v": column.cast(pl.String).drop_nulls().unique()})
    is_plain = pl.col("v").str.contains(shape)
    if unless:
        is_plain = is_plain & ~pl.col("v").str.contains(unless)
    marked = distinct.with_columns(is_plain.alias("is_plain"))
    simple = marked.filter("is_plain").select("v", plain.alias("key"))
    others = marked.filter(~pl.col("is_plain")).select("v")
    others = others.with_columns(over_distinct(others["v"], careful).alias("key"))
    table = pl.concat([simple, others]).with_columns(pl.when(pl.col("key") != "").then(pl.col("key")).alias("key"))
    return pl.DataFrame({"v": column.cast(pl.String)}).join(table, on="v", how="left", maintain_order="left")["key"]


def emails(column: pl.Series) -> pl.DataFrame:
    """Columns email, local, host (null for free mail), is_shared."""
    text = column.cast(pl.String).str.to_lowercase().str.strip_chars(" <>\t\"',;")
    frame = pl.DataFrame({"email": text}).with_columns(
        pl.when(pl.col("email").str.contains(r"^[^@\s]+@[^@\s]+$")).then(pl.col("email")).alias("email")
    )
    parts = pl.col("email").str.split_exact("@", 1)
    frame = frame.with_columns(
        parts.struct.field("field_0").alias("local"), parts.struct.field("field_1").alias("domain")
    )
    free = pl.col("domain").is_in(sorted(words("free_mail.txt")))
    return frame.select(
        "email",
        "local",
        pl.when(~free).then(pl.col("domain")).alias("host"),
        pl.col("local").str.replace(r"[-_.]?\d+$", "").is_in(sorted(words("role_mailboxes.txt"))).fill_null(value=False)
        .alias("is_shared"),
    )  # fmt: skip


def sites(column: pl.Series) -> pl.Series:
    """The naming label of a domain or website: acme of www.acme.co.uk."""
    host = (
        column.cast(pl.String).str.to_lowercase().str.strip_chars()
        .str.replace(r"^[a-z]+://", "").str.replace(r"^www\d?\.", "").str.replace(r"[/:?#].*$", "")
    )  # fmt: skip
    label = host.str.replace(r"\.(?:(?:co|com|org|net|gov|ac|edu)\.)?[a-z]{2,}$", "").str.extract(r"([^.]+)$")
    return label.set(label == "", None)


def phones(column: pl.Series) -> pl.Series:
    """The last ten digits, fewer where a number has no more than seven or more of them."""
    digits = column.cast(pl.String).str.replace(r"(?i)\s*(?:x|ext).*$", "").str.replace_all(r"\D", "")
    bare = digits.str.slice(-10)
    return bare.set((bare.str.len_chars() < 7) | bare.str.contains(r"^(?:0+|1+|9+|5+|1234567890?)$"), None)


def words_of(column: pl.Series) -> pl.Series:
    """Folded words of any text, joined by single blanks."""
    lowered = pl.col("v").str.to_lowercase().str.replace_all(r"[^a-z0-9]+", " ").str.strip_chars()
    return _fast(column, lowered, _PLAIN, lambda text: " ".join(fold(text).split()))


_DIRECTIONS = {"north": "n", "south": "s", "east": "e", "west": "w"}
_STREET_KINDS = (
    "street", "st", "str", "avenue", "ave", "av", "road", "rd", "boulevard", "blvd", "blv", "drive", "dr", "place",
    "pl", "lane", "ln", "court", "ct", "parkway", "pkwy", "highway", "hwy", "square", "sq", "terrace", "ter", "way",
    "strasse", "circuit", "cct", "crescent", "cres", "close", "cl",
)  # fmt: skip
_UNIT = r"\b(?:suite|ste|apt|apartment|unit|room|rm|floor|fl|bldg|building)\b.*$"


def streets(column: pl.Series) -> pl.Series:
    """Number and name of a street: folded words without the kind of street and what lies within the house."""
    spelt = words_of(column)
    distinct = pl.DataFrame({"v": spelt.drop_nulls().unique()})
    listed = pl.col("v").str.replace(_UNIT, "").str.split(" ")
    core = listed.list.eval(
        pl.element().replace(_DIRECTIONS).filter(~pl.element().is_in(list(_STREET_KINDS)))
    ).list.join(" ")
    short = distinct.with_columns(pl.when(core == "").then(pl.col("v")).otherwise(core).alias("key"))
    return pl.DataFrame({"v": spelt}).join(short, on="v", how="left", maintain_order="left")["key"]


def dates(column: pl.Series) -> pl.Series:
    """Eight digits, year first, where a date can be read; all digits of anything else."""
    text = column.cast(pl.String).str.strip_chars()
    iso = text.str.extract_groups(r"^(\d{4})-?(\d{2})-?(\d{2})").struct.unnest()
    joined = iso.select(pl.concat_str(pl.all())).to_series()
    digits = text.str.replace_all(r"\D", "")
    return pl.select(pl.coalesce(joined, pl.when(digits != "").then(digits))).to_series()


def identifiers(column: pl.Series) -> pl.Series:
    """Letters and digits in lower case."""
    bare = column.cast(pl.String).str.to_lowercase().str.replace_all(r"[^a-z0-9]", "")
    return bare.set(bare == "", None)
