"""The bundled tables: names, nicknames, countries, places, legal forms, trades, titles. See data/ORIGIN.txt."""

from __future__ import annotations

import functools
import gzip
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from sandbox.generator import text
from sandbox.generator.chance import Floats, Ints

_DATA = Path(__file__).parent / "data"
# A German ä is written ae in an address far more often than a.
_UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"}


def _read(name: str) -> pl.DataFrame:
    raw = (_DATA / name).read_bytes()
    if name.endswith(".gz"):
        raw = gzip.decompress(raw)
    return pl.read_csv(io.BytesIO(raw), separator="\t", quote_char=None, infer_schema=False).fill_null("")


@dataclass(frozen=True)
class NameList:
    """The names of one language and part (m, f, family): their rows in the table of all names, and weights."""

    rows: Ints
    weights: Floats


@dataclass(frozen=True)
class Names:
    """All names: `table` has name, latin, key (as in an e-mail address); `lists` is keyed by (language, part)."""

    table: pl.DataFrame
    lists: dict[tuple[str, str], NameList]
    nicknames: pl.DataFrame  # name, nickname

    def of(self, language: str, part: str) -> NameList:
        return self.lists.get((language, part)) or self.lists[language, part.partition("_")[0]]


@functools.cache
def names() -> Names:
    """The names, read once per process."""
    table = _read("names.tsv.gz").with_columns(pl.col("weight").cast(pl.Float64))
    table = pl.concat([table, _polish_women(table)])
    latin = pl.when(pl.col("latin") == "").then(pl.col("name")).otherwise(pl.col("latin"))
    table = table.with_columns(latin.alias("latin")).with_columns(
        pl.when(pl.col("language") == "de")
        .then(pl.col("name").str.replace_many(_UMLAUTS))
        .otherwise(latin)
        .alias("key")
    )
    table = table.with_columns(text.key(table["key"]).alias("key"))
    weights = table["weight"].to_numpy()
    groups = table.with_row_index("row").group_by("language", "part", maintain_order=True).agg("row")
    lists = {}
    for language, part, rows in groups.iter_rows():
        at = np.array(rows, dtype=np.int64)
        lists[str(language), str(part)] = NameList(at, weights[at])
    nicknames = _read("nicknames.tsv.gz").select("name", "nickname").unique(maintain_order=True)
    return Names(table.select("name", "latin", "key"), lists, nicknames)


def _polish_women(table: pl.DataFrame) -> pl.DataFrame:
    """Kowalski is Kowalska where she is a woman; other Polish names stay."""
    family = table.filter((pl.col("language") == "pl") & (pl.col("part") == "family"))
    ending = r"(s|c|dz)ki$"
    return family.with_columns(
        pl.lit("family_f").alias("part"),
        pl.col("name").str.replace(ending, "${1}ka"),
        pl.col("latin").str.replace(ending, "${1}ka"),
    )


@functools.cache
def countries() -> pl.DataFrame:
    """One row per country; `weight` is its share of companies."""
    return _read("countries.tsv").with_columns(pl.col("weight").cast(pl.Float64))


@functools.cache
def places() -> pl.DataFrame:
    """Cities with `country` as a row of `countries`, area code, subscriber template, postal prefixes, weight."""
    codes = countries().with_row_index("country_row").select("iso2", pl.col("country_row").cast(pl.Int64))
    table = _read("places.tsv").with_columns(pl.col("weight").cast(pl.Float64))
    return table.join(codes, left_on="country", right_on="iso2", how="left", maintain_order="left")


@functools.cache
def legal_forms() -> pl.DataFrame:
    """country, form, weight, variants (list of other spellings)."""
    return _read("legal_forms.tsv").with_columns(pl.col("weight").cast(pl.Float64), pl.col("variants").str.split("|"))


@functools.cache
def trades() -> pl.DataFrame:
    """industry (Salesforce), hubspot, weight, language, trades (list of words)."""
    return _read("trades.tsv").with_columns(pl.col("weight").cast(pl.Float64), pl.col("trades").str.split("|"))


@functools.cache
def titles() -> pl.DataFrame:
    """language, level, department, title, weight."""
    return _read("titles.tsv").with_columns(pl.col("weight").cast(pl.Float64))


@functools.cache
def stems() -> dict[str, pl.Series]:
    """Words and syllables of company names by kind: adjective, noun, head, middle, tail."""
    table = _read("stems.tsv")
    return {kind: pl.Series(words.split("|")) for kind, words in table.iter_rows()}


@functools.cache
def streets() -> dict[str, pl.Series]:
    """Street names by the style named in `countries`."""
    return {style: pl.Series(names.split("|")) for style, names in _read("streets.tsv").iter_rows()}


def industries() -> pl.DataFrame:
    """One row per industry: industry, hubspot, weight."""
    return trades().select("industry", "hubspot", "weight").unique(maintain_order=True)
