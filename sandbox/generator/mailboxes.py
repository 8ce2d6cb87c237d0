"""E-mail addresses: in the style of the company, or with a free provider."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from sandbox.generator import tables, text
from sandbox.generator.chance import Chance, Ints
from sandbox.generator.companies import MAIL_STYLES

FREE_MAIL = {
    "gmail.com": 50,
    "yahoo.com": 9,
    "outlook.com": 9,
    "hotmail.com": 10,
    "icloud.com": 5,
    "gmx.de": 12,
    "web.de": 12,
    "aol.com": 2,
    "orange.fr": 12,
    "wanadoo.fr": 1,
    "libero.it": 10,
    "wp.pl": 12,
    "qq.com": 20,
    "yahoo.co.uk": 2,
    "btinternet.com": 1,
    "uol.com.br": 1,
    "ziggo.nl": 0.5,
    "telia.com": 0.5,
    "protonmail.com": 1.5,
}
# Providers whose customers sit in one country.
_HOME = {
    "gmx.de": "DE",
    "web.de": "DE",
    "orange.fr": "FR",
    "wanadoo.fr": "FR",
    "libero.it": "IT",
    "wp.pl": "PL",
    "qq.com": "CN",
    "yahoo.co.uk": "GB",
    "btinternet.com": "GB",
    "uol.com.br": "BR",
    "ziggo.nl": "NL",
    "telia.com": "SE",
}


def local_parts(given: pl.Series, family: pl.Series, style: Ints) -> pl.Series:
    """Left parts of addresses from the keys of names, each in the style of its row (see `MAIL_STYLES`)."""
    frame = pl.DataFrame({"g": given, "f": family, "s": style})
    names = list(MAIL_STYLES)
    g, f, s, initial = pl.col("g"), pl.col("f"), pl.col("s"), pl.col("g").str.head(1)
    dot, line = pl.lit("."), pl.lit("_")
    forms = {
        "first.last": pl.concat_str(g, dot, f),
        "flast": pl.concat_str(initial, f),
        "first": g,
        "firstl": pl.concat_str(g, f.str.head(1)),
        "last": f,
        "first_last": pl.concat_str(g, line, f),
        "f.last": pl.concat_str(initial, dot, f),
        "last.first": pl.concat_str(f, dot, g),
        "firstlast": pl.concat_str(g, f),
    }
    expr: Any = pl.when(s == 0).then(forms[names[0]])
    for code, name in enumerate(names[1:], start=1):
        expr = expr.when(s == code).then(forms[name])
    return frame.select(
        expr.otherwise(forms["first.last"]).str.slice(0, 40).str.strip_chars(".").alias("local")
    ).to_series()


def company_addresses(given: pl.Series, family: pl.Series, company: pl.Series, companies: pl.DataFrame) -> pl.Series:
    """Addresses at the company's domain, one person each: the second John Smith is john.smith2. Null without domain."""
    at = company.to_numpy()
    local = local_parts(given, family, companies["mail_style"].to_numpy()[at])
    domain = companies["domain"].gather(at)
    email = pl.DataFrame({"l": local, "d": domain}).select(pl.concat_str("l", pl.lit("@"), "d").alias("email"))
    # Counting only among the repeated ones: they are few.
    shared = np.flatnonzero((email["email"].is_duplicated() & email["email"].is_not_null()).to_numpy())
    nth = email[shared].select(pl.col("email").cum_count().over("email")).to_series()
    numbered = pl.DataFrame({"l": local.gather(shared), "n": nth, "d": domain.gather(shared)}).select(
        pl.concat_str("l", pl.when(pl.col("n") > 1).then("n").otherwise(None), pl.lit("@"), "d", ignore_nulls=True)
    )
    return text.put(email["email"], shared, numbered.to_series())


def _providers(country: pl.Series, chance: Chance) -> pl.Series:
    """A free provider for each person; those at home in one country serve only that."""
    iso = tables.countries()["iso2"].gather(country)
    drawn = pl.Series(list(FREE_MAIL)).gather(chance.pick(list(FREE_MAIL.values()), len(country)))
    home = drawn.replace_strict(_HOME, default=None, return_dtype=pl.String)
    return text.when((home.is_not_null() & (home != iso)).fill_null(False).to_numpy(), "gmail.com", drawn)


def of_people(frame: pl.DataFrame, companies: pl.DataFrame, chance: Chance) -> list[pl.Series]:
    n = len(frame)
    work = company_addresses(frame["given_key"], frame["family_key"], frame["company"], companies)
    free = _providers(frame["country"], chance.of("free"))
    local = local_parts(frame["given_key"], frame["family_key"], chance.of("style").pick(list(MAIL_STYLES.values()), n))
    number = pl.Series(chance.of("number").below(1000, n))
    pieces = pl.DataFrame({"local": local, "number": number, "free": free}).with_row_index("row")
    tail = pl.when(pl.col("number") < 100).then(pl.lit("")).otherwise(pl.col("number").cast(pl.String))
    own = pieces.select(pl.concat_str("local", tail, pl.lit("@"), "free").alias("own_mail")).to_series()
    repeated = own.is_duplicated().to_numpy()
    unique = pieces.select(
        pl.concat_str("local", pl.lit("."), pl.col("row").cast(pl.String), pl.lit("@"), "free")
    ).to_series()
    own = text.when(repeated, unique, own)
    return [work.alias("work_mail"), own.alias("own_mail")]
