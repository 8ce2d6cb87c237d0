"""Company names: invented brands, families, places and pairs of plain words, each with a trade and a legal form."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import tables
from sandbox.generator.chance import Chance, Ints

# How a name is built: brand, brand + trade, family + trade, place + trade, letters + trade, two plain words + trade,
# two families.
_KINDS = (16, 20, 18, 11, 7, 22, 6)
# Which table of trades a country reads; everybody else uses English words.
TRADE_LANGUAGE = {
    "DE": "de",
    "AT": "de",
    "CH": "de",
    "FR": "fr",
    "BE": "nl",
    "NL": "nl",
    "ES": "es",
    "MX": "es",
    "IT": "it",
    "SE": "sv",
    "NO": "sv",
    "DK": "sv",
    "PL": "pl",
    "PT": "pt",
    "BR": "pt",
    "TR": "tr",
}
_FAMILY_LANGUAGE = {
    **TRADE_LANGUAGE,
    "US": "en",
    "GB": "gb",
    "IE": "gb",
    "CA": "en",
    "AU": "gb",
    "IN": "in",
    "CN": "zh",
    "JP": "ja",
    "AE": "ar",
    "UA": "uk",
    "DK": "da",
    "NO": "da",
    "FI": "fi",
    "SG": "zh",
}


def cores(country: Ints, industry: Ints, city: pl.Series, chance: Chance) -> pl.DataFrame:
    """Names without legal form: `core`, and `short`, the part a domain and an alias are made of."""
    n = len(country)
    kind = chance.of("kind").pick(_KINDS, n)
    trade = _trade(country, industry, chance.of("trade"))
    family, second = _family(country, chance.of("family")), _family(country, chance.of("second"))
    brand, plain = _brand(n, chance.of("brand")), _plain(n, chance.of("plain"))
    letters = _letters(n, chance.of("letters"))
    joint = chance.of("joint").below(4, n)
    frame = pl.DataFrame(
        {
            "kind": kind,
            "trade": trade,
            "family": family,
            "second": second,
            "brand": brand,
            "plain": plain,
            "letters": letters,
            "city": city,
            "joint": joint,
        }
    )
    k, short = pl.col("kind"), _short()
    bare = (k == 0) | ((k == 5) & (pl.col("joint") == 0))
    core = pl.when(bare).then(short).otherwise(pl.format("{} {}", short, "trade"))
    the = (k == 5) & (pl.col("joint") == 3) & (pl.col("kind").cum_count() % 3 == 0)
    return frame.select(
        pl.when(the).then(pl.format("The {}", core)).otherwise(core).alias("core"), short.alias("short")
    )


def _short() -> pl.Expr:
    """The first part of the name, by kind."""
    joint = pl.col("joint")
    pair = (
        pl.when(joint == 0)
        .then(pl.format("{} & {}", "family", "second"))
        .when(joint == 1)
        .then(pl.format("{} and {}", "family", "second"))
        .when(joint == 2)
        .then(pl.format("{} & Sons", "family"))
        .otherwise(pl.format("{}-{}", "family", "second"))
    )
    short = pair
    for code, column in ((5, "plain"), (4, "letters"), (3, "city"), (2, "family"), (1, "brand"), (0, "brand")):
        short = pl.when(pl.col("kind") == code).then(pl.col(column)).otherwise(short)
    return short


def _trade(country: Ints, industry: Ints, chance: Chance) -> pl.Series:
    iso = tables.countries()["iso2"].to_list()
    names = tables.industries()["industry"].to_list()
    lists = {(row["industry"], row["language"]): row["trades"] for row in tables.trades().iter_rows(named=True)}
    words: list[str] = []
    start = np.zeros((len(iso), len(names)), dtype=np.int64)
    size = np.zeros_like(start)
    for c, code in enumerate(iso):
        for i, name in enumerate(names):
            found = lists[name, TRADE_LANGUAGE.get(code, "en")]
            start[c, i], size[c, i] = len(words), len(found)
            words += found
    n = len(country)
    # Squaring favours the first words of each list, as in life: more "Software" than "Cybersecurity".
    skewed = (chance.random(n) ** 1.6 * size[country, industry]).astype(np.int64)
    return pl.Series(words).gather(start[country, industry] + skewed)


def _family(country: Ints, chance: Chance) -> pl.Series:
    names = tables.names()
    n = len(country)
    rows = np.zeros(n, dtype=np.int64)
    for c, code in enumerate(tables.countries()["iso2"].to_list()):
        of_country = np.flatnonzero(country == c)
        listed = names.of(_FAMILY_LANGUAGE[code], "family")
        rows[of_country] = listed.rows[chance.of(code).pick(listed.weights, len(of_country))]
    return names.table["latin"].gather(rows)


def _brand(n: int, chance: Chance) -> pl.Series:
    stems = tables.stems()
    head, middle, tail = (chance.of(kind).word(stems[kind], n) for kind in ("head", "middle", "tail"))
    cut = pl.Series(chance.of("cut").below(3, n))
    frame = pl.DataFrame({"head": head, "middle": middle, "tail": tail, "cut": cut})
    name = (
        pl.when(pl.col("cut") == 0)
        .then(pl.concat_str("head", "tail"))
        .when(pl.col("cut") == 1)
        .then(pl.concat_str("head", "middle", "tail"))
        .otherwise(pl.concat_str("head", "middle"))
    )
    return frame.select(name.str.to_titlecase().alias("brand")).to_series()


def _plain(n: int, chance: Chance) -> pl.Series:
    stems = tables.stems()
    first = stems["adjective"].gather((chance.of("first").random(n) ** 1.5 * len(stems["adjective"])).astype(np.int64))
    second = chance.of("second").word(stems["noun"], n)
    joined = pl.Series(chance.of("joined").hits(0.4, n))
    frame = pl.DataFrame({"a": first, "b": second, "joined": joined})
    name = (
        pl.when("joined")
        .then(pl.concat_str("a", pl.col("b").str.to_lowercase()))
        .otherwise(pl.format("{} {}", "a", "b"))
    )
    return frame.select(name.alias("plain")).to_series()


def _letters(n: int, chance: Chance) -> pl.Series:
    letters = pl.Series(list("ABCDEFGHIJKLMNOPRSTVW"))
    drawn = [chance.of(str(place)).word(letters, n) for place in range(4)]
    long = pl.Series(chance.of("long").hits(0.3, n))
    frame = pl.DataFrame({"a": drawn[0], "b": drawn[1], "c": drawn[2], "d": drawn[3], "long": long})
    return frame.select(
        pl.concat_str("a", "b", "c", pl.when("long").then("d").otherwise(pl.lit(""))).alias("x")
    ).to_series()


def legal_forms(country: Ints, chance: Chance) -> Ints:
    """For each company, a row of the table of legal forms of its country."""
    table = tables.legal_forms().with_row_index("row")
    rows = np.zeros(len(country), dtype=np.int64)
    for c, code in enumerate(tables.countries()["iso2"].to_list()):
        of_country = np.flatnonzero(country == c)
        forms = table.filter(pl.col("country") == code)
        at = forms["row"].to_numpy().astype(np.int64)
        rows[of_country] = at[chance.of(code).pick(forms["weight"].to_numpy(), len(of_country))]
    return rows
