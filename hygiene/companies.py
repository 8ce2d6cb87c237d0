"""Companies: accounts of all connections as one pool, what is compared of them, and what is known of companies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from hygiene.decide import Rule
from hygiene.kinds import company_name
from hygiene.linkage import keys as fold
from hygiene.linkage.codes import Levels, Rows, Terms, Texts, distances
from hygiene.linkage.companies import ACRONYM, APART, COMMON, Companies
from hygiene.linkage.comparison import Compared, Comparison
from hygiene.linkage.values import Phones, Values, area_levels, country_levels, street_levels

_COLUMNS = ("connection", "id", "created_at", "name_key", "legal_key", "domain_key", "country_norm", "phone_norm",
            "street", "city", "lei", "registration_number", "parent_id")  # fmt: skip
_PLACE = ("same place", "places alike", "different places")
_apart, _fitting = pl.col("names_differ"), pl.col("names_fit")
_linked = pl.col("same_number") | pl.col("same_phone") | pl.col("same_street")
_elsewhere = pl.col("phones_differ") | pl.col("places_differ")
RULES = (
    Rule("parent", pl.col("is_parent"), "related", "one is recorded as the parent of the other", 0.02, parts=True),
    Rule("lei-differs", pl.col("leis_differ") & (pl.col("same_domain") | pl.col("same_name")), "related",
         "two legal entities (different LEI)", 0.05, parts=True),
    Rule("lei-differs", pl.col("leis_differ"), None, "different LEI", 0.05, parts=True),
    Rule("subsidiary", pl.col("same_domain") & pl.col("countries_differ") & _apart & ~pl.col("same_number"), "related",
         "same domain, but different countries and clearly different names", 0.05, parts=True),
    Rule("domain-name", pl.col("same_domain") & pl.col("same_name") & ~pl.col("countries_differ") & ~_elsewhere, None,
         "same domain and same name", least=0.98),
    Rule("names", _apart & ~pl.col("same_domain") & ~pl.col("same_number"), None, "different names", 0.1),
    Rule("names", _apart, None, "same domain or number, but clearly different names", 0.8),
    # A branch or subsidiary adds its place or trade to the name of its house.
    Rule("branch", _fitting & ~_linked, None, "one name holds more than the other: an alias or a branch", 0.8),
    Rule("country", pl.col("countries_differ") & ~pl.col("same_domain") & ~pl.col("same_number"), None,
         "names that fit, but different countries", 0.8),
    Rule("domains", pl.col("domains_differ") & ~pl.col("same_number"), None, "names that fit, but different domains",
         0.8),
    Rule("elsewhere", _elsewhere & ~pl.col("same_domain") & ~_linked, None,
         "names that fit, but another place or phone", 0.8),
)  # fmt: skip
CHAIN = Rule("chain", _apart & pl.col("domains_differ"), "different",
             "only a chain of other records connects them; names and domains contradict", 0.1, parts=True)  # fmt: skip


def pool(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """All accounts with a row number, in the order of their keys."""
    if "accounts" not in frames:
        return pl.DataFrame()
    accounts = frames["accounts"].select(*_COLUMNS, pl.lit("accounts").alias("stream"))
    keyed = accounts.with_columns(pl.concat_str("connection", "stream", "id", separator="/").alias("key")).sort("key")
    is_test = company_name.is_test(keyed["name_key"]) & keyed["domain_key"].is_null()
    return keyed.with_columns(is_test.fill_null(value=False).alias("is_test")).with_row_index("row")


def keys(accounts: pl.DataFrame) -> pl.DataFrame:
    """What is compared of each account, row by row; test records have nothing."""
    folded = accounts.select(
        pl.col("name_key").alias("company"),
        pl.col("domain_key").alias("domain"),
        pl.col("country_norm").alias("country"),
        pl.col("phone_norm").str.replace_all(r"\D", "").str.slice(-10).alias("phone"),
        fold.streets(accounts["street"]).alias("street"),
        fold.areas(accounts["city"]).alias("city"),
        fold.identifiers(accounts["lei"]).alias("lei"),
        fold.identifiers(accounts["registration_number"]).alias("number"),
    )
    return folded.with_columns(pl.when(~accounts["is_test"]).then(pl.all()).otherwise(None))


def comparisons(folded: pl.DataFrame, terms: Terms | None) -> list[Comparison]:
    """The comparisons of `keys`; `terms` are those of a model."""
    key = pl.col
    return [
        Companies(folded, terms=terms),
        Values(folded, "domain", "domain", _domain_levels, (0.8, 0.05, 0.05, 0.1), (1e-5, 1e-3, 1.0),
               ("same domain", "same name under another ending", "domains a keystroke apart", "different domains"),
               fine=(key("domain"), key("domain").str.extract(r"^([^.]+)")), terms=terms),
        Phones(folded, "phone", terms=terms),
        Values(folded, "street", "place", street_levels, (0.6, 0.2, 0.07, 0.05, 0.08), (1e-4, 1e-3, 0.02, 0.98),
               ("same address", "same number, street alike", "street alike", "same number", "different addresses"),
               fine=(key("street"),), terms=terms),
        Values(folded, "city", "place", area_levels, (0.85, 0.05, 0.1), (5e-3, 1.0), _PLACE, coarse=(key("city"),),
               terms=terms),
        Values(folded, "country", "country", country_levels, (0.96, 0.01, 0.03), (2e-3, 1.0),
               ("same country", "one country is a part of the other", "different countries"), terms=terms),
        Values(folded, "lei", "lei", _unequal, (0.98, 0.02), (1.0,), ("same LEI", "different LEI"), fine=(key("lei"),),
               terms=terms),
        Values(folded, "number", "number", _unequal, (0.95, 0.05), (1.0,),
               ("same registration number", "different registration numbers"), fine=(key("number"),), terms=terms),
    ]  # fmt: skip


def _unequal(left: Texts, _: Texts) -> Levels:
    return np.full(len(left), 2, np.uint8)


def _domain_levels(left: Texts, right: Texts) -> Levels:
    """2: the same label under another ending; 3: a keystroke apart; 4: different."""
    found = np.full(len(left), 4, np.uint8)
    found[distances(left, right, cutoff=1) <= 1] = 3
    labels = [one.partition(".")[0] == other.partition(".")[0] for one, other in zip(left, right, strict=True)]
    found[np.array(labels)] = 2
    return found


def facts(accounts: pl.DataFrame, compared: Sequence[Compared], left: Rows, right: Rows) -> pl.DataFrame:
    """What the rules ask of each pair, true or false."""
    one, other = accounts[left], accounts[right]

    def same(column: str) -> pl.Series:
        return (one[column] == other[column]).fill_null(value=False)

    def differ(column: str) -> pl.Series:
        return (one[column] != other[column]).fill_null(value=False)

    def says(at: int, words: str) -> pl.Series:
        return pl.Series(compared[at].words).gather(compared[at].levels).str.contains(words)

    is_parent = (one["parent_id"] == other["id"]).fill_null(value=False) | (other["parent_id"] == one["id"]).fill_null(
        value=False
    )
    names = compared[0].levels
    return pl.DataFrame(
        {
            "is_parent": same("connection") & is_parent,
            "same_name": same("name_key"),
            "names_fit": pl.Series((names >= COMMON) & (names < ACRONYM)),
            "names_differ": pl.Series(names == APART),
            "same_domain": same("domain_key"),
            "domains_differ": differ("domain_key") & ~says(1, "keystroke"),
            "same_phone": same("phone_norm"),
            "phones_differ": says(2, "different"),
            "same_street": says(3, "^same address"),
            "places_differ": says(3, "different") | says(4, "different"),
            "countries_differ": differ("country_norm"),
            "leis_differ": differ("lei"),
            "same_number": same("lei") | (same("registration_number") & ~differ("country_norm")),
        }
    )
