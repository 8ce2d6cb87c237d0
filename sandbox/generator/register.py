"""A register of legal entities in the manner of GLEIF: a good part of the companies, and decoys."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import companies, company_names, tables, text
from sandbox.generator.chance import Chance


def entries(firms: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """lei, legal_name, other_names, country (ISO 2), city, region, postal_code, address_lines, registered_as,
    jurisdiction, status (ISSUED, LAPSED, RETIRED); sorted by lei."""
    n = len(firms)
    big = np.clip(0.25 + np.log10(firms["employees"].to_numpy() + 1) / 6, 0.2, 0.95)
    rows = np.flatnonzero(chance.of("which").hits(big, n))
    real = _entry(
        firms[rows],
        firms["lei"].gather(rows),
        firms["registration"].gather(rows),
        firms["legal_name"].gather(rows),
        chance.of("real"),
    )
    decoys = _decoys(firms, chance.of("decoys"))
    return pl.concat([real, decoys]).sort("lei")


def _entry(
    firms: pl.DataFrame, lei: pl.Series, number: pl.Series, legal_name: pl.Series, chance: Chance
) -> pl.DataFrame:
    n = len(firms)
    iso = tables.countries()["iso2"].gather(firms["country"])
    upper = pl.Series(chance.of("upper").hits(0.3, n))
    trades_as = pl.Series(chance.of("trades").hits(0.25, n))
    frame = firms.with_columns(legal_name.alias("legal"), lei.alias("code"), number.alias("number"), iso.alias("iso"))
    return frame.select(
        pl.col("code").alias("lei"),
        pl.when(upper).then(pl.col("legal").str.to_uppercase()).otherwise("legal").alias("legal_name"),
        pl.when(trades_as)
        .then(pl.concat_list("core"))
        .otherwise(pl.lit([], dtype=pl.List(pl.String)))
        .alias("other_names"),
        pl.col("iso").alias("country"),
        pl.col("city_local").alias("city"),
        pl.when(pl.col("state") == "").then(None).otherwise("state").alias("region"),
        pl.col("postal").alias("postal_code"),
        pl.concat_list("street").alias("address_lines"),
        pl.col("number").alias("registered_as"),
        pl.col("iso").alias("jurisdiction"),
        pl.Series(["ISSUED", "LAPSED", "RETIRED"]).gather(chance.of("status").pick([84, 13, 3], n)).alias("status"),
    )


def _decoys(firms: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """Entities of nearly the same name in another country, which no CRM knows."""
    rows = chance.of("which").some(np.arange(len(firms)), 0.18)
    n = len(rows)
    place = chance.of("place").below(len(tables.places()), n)
    places = tables.places()
    country = places["country_row"].to_numpy()[place]
    form = company_names.legal_forms(country, chance.of("form"))
    name = pl.DataFrame({"c": firms["core"].gather(rows), "f": tables.legal_forms()["form"].gather(form)})
    legal = name.select(pl.format("{} {}", "c", "f")).to_series()
    elsewhere = firms[rows].with_columns(
        pl.Series("country", country),
        places["city"].gather(place).alias("city"),
        places["local"].gather(place).alias("city_local"),
        places["state"].gather(place).alias("state"),
        companies.postal_codes(place, country, chance.of("postal")).alias("postal"),
        companies.streets(country, chance.of("street")).alias("street"),
    )
    number = text.padded(chance.of("number").below(10**8, n), 8)
    return _entry(elsewhere, companies.legal_entity_identifiers(n, chance.of("lei")), number, legal, chance.of("entry"))
