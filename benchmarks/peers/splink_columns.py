"""How the peer folds columns before Splink compares them."""

from __future__ import annotations

import polars as pl

LEGAL_FORMS = (
    r"\b(incorporated|inc|llc|ltd|limited|gmbh|corporation|corp|sa|bv|nv|ab|plc|company|co|ag|spa|srl|kg|oy|as|holdings?"
    r"|groupe?|kgaa|se|the|and)\b\.?"
)
_DIRECTION = r"^(n|s|e|w|north|south|east|west) "
_WAY = r" (st|street|ave|avenue|blv|blvd|rd|road|pl|dr|pkwy)\b.*$"


def text(column: str) -> pl.Expr:
    """Lower-case ASCII without marks, one blank between words."""
    plain = pl.col(column).str.normalize("NFKD").str.replace_all(r"[^\x00-\x7f]", "").str.to_lowercase()
    return filled(plain.str.replace_all(r"\s+", " ").str.strip_chars())


def words(column: str) -> pl.Expr:
    """Text without anything but letters and digits."""
    return filled(text(column).str.replace_all(r"[^a-z0-9 ]+", " ").str.replace_all(r"\s+", " ").str.strip_chars())


def company(column: str) -> pl.Expr:
    """Words without legal forms, or all words where nothing else is left."""
    plain = words(column)
    bare = plain.str.replace_all(LEGAL_FORMS, "").str.replace_all(r"\s+", " ").str.strip_chars()
    return pl.coalesce(filled(bare), plain)


def digits(column: str) -> pl.Expr:
    """The last ten digits."""
    return filled(pl.col(column).str.replace_all(r"\D", "").str.slice(-10))


def host(column: str) -> pl.Expr:
    return pl.col(column).str.to_lowercase().str.extract(r"^(?:https?://)?(?:www\.)?([^/]+)")


def day(column: str) -> pl.Expr:
    """Dates as people write them in the United States, or ISO, as ISO."""
    formats = ("%m/%d/%Y", "%m/%d/%y", "%Y-%m-%d")
    return pl.coalesce(pl.col(column).str.to_date(form, strict=False) for form in formats).cast(pl.String)


def filled(value: pl.Expr) -> pl.Expr:
    return pl.when(value != "").then(value)


def contacts(table: pl.DataFrame) -> pl.DataFrame:
    return table.select(
        text("first").alias("first_name"),
        text("last").alias("last_name"),
        pl.col("email").str.to_lowercase(),
        digits("phone").alias("phone"),
        company("company").alias("company"),
    ).with_columns(local())


def crm_people(table: pl.DataFrame) -> pl.DataFrame:
    return table.select(
        text("given_name").alias("first_name"),
        words("family_name").alias("last_name"),
        text("email").alias("email"),
        digits("phone").alias("phone"),
        digits("mobile").alias("mobile"),
        company("company").alias("company"),
    ).with_columns(local())


def local() -> pl.Expr:
    return pl.col("email").str.extract(r"^([^@]*)").alias("local")


def fake_1000(table: pl.DataFrame) -> pl.DataFrame:
    plain = (text(name).alias(name) for name in ("first_name", "surname", "city", "email"))
    return table.select(*plain, "dob")


def febrl(table: pl.DataFrame) -> pl.DataFrame:
    named = {"given_name": "given_name", "surname": "surname", "number": "street_number", "street": "address_1",
             "suburb": "suburb", "postcode": "postcode", "dob": "date_of_birth", "ssn": "soc_sec_id"}  # fmt: skip
    return table.select(text(column).alias(name) for name, column in named.items())


def senzing(table: pl.DataFrame) -> pl.DataFrame:
    return table.select(
        text("first").alias("first_name"),
        words("last").alias("last_name"),
        company("org").alias("org"),
        day("dob").alias("dob"),
        digits("phone").alias("phone"),
        text("email").alias("email"),
        words("address").alias("address"),
        *(text(name).alias(name) for name in ("ssn", "licence", "passport", "national")),
    )


def sites(table: pl.DataFrame) -> pl.DataFrame:
    plain = table.select(
        company("Site name").alias("name"),
        words("Address").alias("address"),
        text("Zip").alias("zip"),
        digits("Phone").alias("phone"),
    )
    return plain.with_columns(*_street())


def restaurants(table: pl.DataFrame) -> pl.DataFrame:
    phone = digits("phone") if "phone" in table.columns else pl.lit(None, pl.String)
    plain = table.select(company("name").alias("name"), words("address").alias("address"), phone.alias("phone"))
    return plain.with_columns(*_street())


def _street() -> list[pl.Expr]:
    """The house number apart from the street: they agree for different reasons."""
    street = pl.col("address").str.replace(r"^\d+ ", "").str.replace(_DIRECTION, "").str.replace(_WAY, "")
    return [pl.col("address").str.extract(r"^(\d+)").alias("number"), street.alias("street")]


def companies(table: pl.DataFrame) -> pl.DataFrame:
    country = text("country") if "country" in table.columns else pl.lit(None, pl.String)
    plain = table.select(company("name").alias("name"), words("name").alias("full_name"), country.alias("country"))
    return plain.with_columns(*_parts())


def crm_companies(table: pl.DataFrame) -> pl.DataFrame:
    plain = table.select(
        company("name").alias("name"),
        host("website").alias("site"),
        digits("phone").alias("phone"),
        text("country").alias("country"),
        text("city").alias("city"),
    )
    return plain.with_columns(*_parts())


def _parts() -> list[pl.Expr]:
    name = pl.col("name")
    return [
        name.str.extract(r"^(\S+)").alias("first"),
        name.str.extract(r"^\S+ (.*)$").alias("rest"),
        name.str.extract(r"(\S+)$").alias("last"),
        name.str.replace_all(" ", "").alias("tight"),
    ]
