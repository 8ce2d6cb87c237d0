"""Companies: accounts of all connections as one pool, their candidate pairs, comparisons and rules."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from hygiene import levels
from hygiene.decide import Clause, Comparison
from hygiene.kinds import company_name
from hygiene.levels import CLOSE, DIFFERENT, FITTING, NOTHING, SAME

_COLUMNS = ("connection", "id", "created_at", "name_key", "legal_key", "domain_key", "country_norm", "phone_norm",
            "lei", "registration_number", "parent_id")  # fmt: skip
_EQUAL = (None, 0.0, None, None, 1.0)
COMPARISONS = (
    Comparison("name", ("", "clearly different names", "names a few letters apart", "one name begins with the other",
                        "same name without legal form"), (None, 0.0, 0.85, 0.9, 1.0)),
    Comparison("domain", ("", "different domain", "", "", "same domain"), _EQUAL),
    Comparison("country", ("", "different country", "", "", "same country"), _EQUAL),
    Comparison("phone", ("", "different phone", "", "", "same phone"), _EQUAL),
    Comparison("lei", ("", "different LEI", "", "", "same LEI"), _EQUAL),
    Comparison("registration", ("", "different registration number", "", "", "same registration number"), _EQUAL),
)  # fmt: skip

_name, _domain, _country = pl.col("name"), pl.col("domain"), pl.col("country")
_unopposed = (_domain != DIFFERENT) & (_country != DIFFERENT)
_same_id = (pl.col("lei") == SAME) | ((pl.col("registration") == SAME) & (_country != DIFFERENT))
CLAUSES = (
    Clause("parent", pl.col("is_parent"), "related", 0.02, "one is recorded as the parent of the other", parts=True),
    Clause("identifier", _same_id & (_name >= CLOSE), "same", 0.99, "same legal identifier and names that fit"),
    Clause("identifier-only", _same_id, "unsure", 0.7, "same legal identifier, but different names"),
    Clause("lei-differs", (pl.col("lei") == DIFFERENT) & ((_domain == SAME) | (_name == SAME)), "related", 0.05,
           "two legal entities (different LEI)", parts=True),
    Clause("domain-name", (_domain == SAME) & (_name == SAME) & (_country != DIFFERENT), "same", 0.98,
           "same domain and same name"),
    Clause("domain-close", (_domain == SAME) & (_name == CLOSE) & (_country != DIFFERENT), "same", 0.93,
           "same domain and names a few letters apart"),
    # A branch or subsidiary adds its place or trade to the name of its house.
    Clause("domain-fitting", (_domain == SAME) & (_name == FITTING) & (_country != DIFFERENT), "unsure", 0.6,
           "same domain, and one name begins with the other: an alias or a branch"),
    Clause("domain-region", (_domain == SAME) & (_name >= CLOSE), "unsure", 0.6,
           "same domain and names that fit, but different countries"),
    Clause("subsidiary", (_domain == SAME) & (_name == DIFFERENT) & (_country == DIFFERENT), "related", 0.05,
           "same domain, but different countries and clearly different names", parts=True),
    Clause("domain", (_domain == SAME) & (_name == NOTHING), "same", 0.9, "same domain; no name to compare"),
    Clause("domain-names", (_domain == SAME) & (_name == DIFFERENT), "unsure", 0.4,
           "same domain, but clearly different names"),
    Clause("name", (_name == SAME) & _unopposed & pl.col("is_telling") & (pl.col("phone") != DIFFERENT), "same", 0.9,
           "same name, and neither domain, country nor phone contradicts"),
    Clause("name-phone", (_name == SAME) & _unopposed & pl.col("is_telling"), "unsure", 0.6,
           "same name, but another phone and no domain to compare"),
    Clause("name-country", (_name == SAME) & (_domain != DIFFERENT) & (_country == DIFFERENT), "unsure", 0.45,
           "same name in different countries"),
    Clause("name-domain", (_name == SAME) & (_domain == DIFFERENT) & (_country == SAME), "unsure", 0.5,
           "same name and country, but different domains"),
    Clause("name-short", (_name == SAME) & (_domain != DIFFERENT), "unsure", 0.5,
           "same name, but a very short or frequent one"),
    Clause("phone-name", (pl.col("phone") == SAME) & (_name >= CLOSE), "unsure", 0.6, "same phone and names that fit"),
)  # fmt: skip


def pool(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """All accounts with a row number, in the order of their keys."""
    if "accounts" not in frames:
        return pl.DataFrame()
    accounts = frames["accounts"].select(*_COLUMNS, pl.lit("accounts").alias("stream"))
    keyed = accounts.with_columns(pl.concat_str("connection", "stream", "id", separator="/").alias("key")).sort("key")
    domains = keyed.select("name_key", "domain_key").drop_nulls().unique().group_by("name_key").len("name_domains")
    known = keyed.join(domains, on="name_key", how="left", maintain_order="left")
    is_test = company_name.is_test(keyed["name_key"]) & keyed["domain_key"].is_null()
    return known.with_columns(is_test.alias("is_test")).with_row_index("row")


def block_keys(accounts: pl.DataFrame) -> pl.DataFrame:
    """Block keys (row, key, finer): domain, name, legal name, identifiers, phone with the name's first word."""
    real = accounts.filter(~pl.col("is_test"))
    keys = (
        (pl.format("domain {}", "domain_key"), "name_key"),
        (pl.format("name {}", pl.col("name_key").str.replace_all(" ", "")), "domain_key"),
        (pl.format("name {}", pl.col("legal_key").str.replace_all(" ", "")), "domain_key"),
        (pl.format("lei {}", "lei"), "name_key"),
        (pl.format("number {}", "registration_number"), "name_key"),
        (pl.format("phone {} {}", "phone_norm", pl.col("name_key").str.slice(0, 4)), "name_key"),
    )
    return pl.concat([real.select("row", key.alias("key"), pl.col(finer).alias("finer")) for key, finer in keys])


def compare(accounts: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs with one level column per comparison, `is_parent` `is_telling` (a name of some length)."""
    left, right = accounts[pairs["left"]], accounts[pairs["right"]]
    legal_against_name = [
        levels.company_names(left["name_key"], right["name_key"]),
        levels.company_names(left["legal_key"], right["name_key"]),
        levels.company_names(left["name_key"], right["legal_key"]),
        levels.company_names(left["legal_key"], right["legal_key"]),
    ]
    best = pl.select(pl.max_horizontal(legal_against_name)).to_series()
    is_parent = (left["connection"] == right["connection"]) & (
        (left["parent_id"] == right["id"]).fill_null(value=False)
        | (right["parent_id"] == left["id"]).fill_null(value=False)
    )
    return pairs.with_columns(
        best.alias("name"),
        levels.equality(left["domain_key"], right["domain_key"]).alias("domain"),
        levels.equality(left["country_norm"], right["country_norm"]).alias("country"),
        levels.equality(left["phone_norm"], right["phone_norm"]).alias("phone"),
        levels.equality(left["lei"], right["lei"]).alias("lei"),
        levels.equality(left["registration_number"], right["registration_number"]).alias("registration"),
        is_parent.alias("is_parent"),
        # A name that several domains bear tells no company from its namesakes.
        ((left["name_key"].str.len_chars().fill_null(0) >= 4) & (left["name_domains"].fill_null(0) < 2)).alias(
            "is_telling"
        ),
    )
