"""Telephone numbers of persons: a direct line in the block of the company, and a mobile."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import tables, text
from sandbox.generator.chance import Chance, Ints


def of_people(frame: pl.DataFrame, companies: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    n = len(frame)
    company, country = frame["company"].to_numpy(), frame["country"].to_numpy()
    main = companies["phone_number"].gather(company)
    block = companies["block"].to_numpy()[company]
    tail = text.padded(chance.of("line").below(10 ** np.maximum(block, 0), n), 3)
    parts = pl.DataFrame({"main": main, "block": pl.Series(block), "tail": tail})
    line = parts.select(
        pl.when(pl.col("block") == 0)
        .then("main")
        .otherwise(pl.concat_str(pl.col("main").str.head(-pl.col("block")), pl.col("tail").str.tail(pl.col("block"))))
        .alias("work_number")
    )
    area = companies["phone_area"].gather(company)
    mobile = _mobiles(country, companies["place"].to_numpy()[company], area, chance.of("mobile"))
    out = pl.DataFrame({"work_area": area, "work_number": line["work_number"]}).hstack(mobile)
    # Relatives at one company sit at one telephone.
    source = np.arange(n)
    kin = np.flatnonzero(frame["family_of"].is_not_null().to_numpy())
    source[kin] = frame["family_of"].to_numpy()[kin].astype(np.int64)
    return out.with_columns(out["work_number"].gather(source), out["work_area"].gather(source))


def _mobiles(country: Ints, place: Ints, area: pl.Series, chance: Chance) -> pl.DataFrame:
    templates: list[str] = []
    prefixes: list[str] = []
    start, size = [], []
    for listed in tables.countries()["mobile"]:
        start.append(len(templates))
        for item in [] if listed == "same" else listed.split(","):
            prefix, template = item.split(":")
            prefixes.append("" if prefix == "area9" else prefix)
            templates.append(("9" if prefix == "area9" else "") + template)
        size.append(len(templates) - start[-1])
    same = np.array(size)[country] == 0
    rows = np.minimum(
        np.array(start)[country] + chance.of("which").below(np.array(size)[country], len(country)), len(templates) - 1
    )
    number = text.digits(pl.Series(templates), rows, chance.of("digits"))
    prefix = pl.Series(prefixes).gather(rows)
    prefix = text.when((prefix == "").to_numpy() | same, area, prefix)
    fixed = text.digits(tables.places()["subscriber"], place, chance.of("same"))
    return pl.DataFrame({"mobile_area": prefix, "mobile_number": text.when(same, fixed, number)})
