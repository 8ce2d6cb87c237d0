"""Company names as words: which words they hold, and how rare each word is among accounts and among what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from hygiene.kinds.company_name import legal_forms
from hygiene.linkage import keys
from hygiene.linkage.codes import Codes

Bits = npt.NDArray[np.float32]
Marks = npt.NDArray[np.bool_]
# A name's words beyond these tell no more.
WIDTH = 10
# Little words: an initialism has no letter for them.
FILLERS = ("the", "and", "of", "for", "de", "la", "du", "des", "der", "die", "und", "et", "y", "e", "og", "och", "in")
# What follows one of these is no part of the name any more: a place, a class of shares.
_CLOSING = ("inc", "incorporated", "llc", "ltd", "limited", "gmbh", "corp", "corporation", "plc", "llp")
_GOING_ON = ("of", "for", "and")
_TRADING = r"(?i)^(.*?\S)\s+\b(?:d/?b/?a|t/a|trading as|doing business as)\b\.?\s*(\S.*)$"
_ASIDES = (
    r"^(.*?\S)\s*[(\[](.*)$",
    r"^(.*?\S)\s+[-–—|]+\s+(.*)$",
    r"^(.*?[^\W\d_]{2}\.?)\s*[/\\]\s*([^/\\]*)[/\\]\s*$",
    r"^(.*?[^\W\d_]{2}\.?)\s*[/\\]\s*([^\W\d_]{2,3})$",
)
# Legal forms that tell namesakes apart, by their usual spellings.
_FORM = (
    r"(?i)\b(inc|incorporated|corp|corporation|co|company|ltd|limited|llc|plc|llp|gmbh|ag|sa|nv|bv|ab|oy|spa|srl|se)\b"
)
_SAME_FORM = {"incorporated": "inc", "corporation": "corp", "company": "co", "limited": "ltd"}
# How much the words of accounts count beside the words of the names that are asked for.
_ACCOUNTS_WEIGH = 50.0
# A shorter list of accounts tells of no word that it is frequent.
_SMALLEST = 1_000


def parts(names: pl.Series) -> pl.DataFrame:
    """Columns head, tail and form, folded: the name, what stands in brackets, after a dash or beside it, legal form."""
    text = pl.DataFrame({"head": names.cast(pl.String), "tail": pl.Series([""] * len(names), dtype=pl.String)})
    head, tail = pl.col("head"), pl.col("tail")
    text = text.with_columns(
        pl.coalesce(head.str.extract(_TRADING, 2), head).alias("head"),
        pl.coalesce(head.str.extract(_TRADING, 1), tail).alias("tail"),
    )
    for pattern in _ASIDES:
        text = text.with_columns(
            pl.coalesce(head.str.extract(pattern, 1), head).alias("head"),
            pl.concat_str(head.str.extract(pattern, 2).fill_null(""), tail, separator=" ").alias("tail"),
        )
    form = text["head"].str.replace_all(r"\.", "").str.extract(_FORM).str.to_lowercase().replace(_SAME_FORM)
    return pl.DataFrame({"head": keys.companies(text["head"]), "tail": keys.words_of(text["tail"]), "form": form})


@cache
def _forms() -> list[str]:
    return sorted({form[0] for form in legal_forms() if len(form) == 1})


def words(folded: pl.DataFrame) -> pl.DataFrame:
    """Columns name (the row in `folded`), place, word and is_tail.

    Single letters that follow each other are one word. Legal forms are left out, except a name's first word; what
    follows one within the head is tail.
    """
    listed = pl.concat(
        [
            folded.select(
                pl.int_range(pl.len(), dtype=pl.UInt32).alias("name"),
                pl.col(part).str.split(" ").alias("word"),
                pl.lit(part == "tail").alias("is_tail"),
            )
            for part in ("head", "tail")
        ]
    )
    each = (
        listed.drop_nulls()
        .explode("word", empty_as_null=True)
        .filter(pl.col("word") != "")
        .sort("name", "is_tail", maintain_order=True)
    )
    joined = _letters_joined(each)
    is_first = pl.col("name") != pl.col("name").shift(1, fill_value=2**32 - 1)
    goes_on = pl.col("word").shift(-1).is_in(list(_GOING_ON)).fill_null(value=False)
    closes = pl.col("word").is_in(list(_CLOSING)) & ~is_first & ~goes_on
    marked = joined.with_columns(
        is_first.alias("is_first"), (pl.col("is_tail") | closes.cum_max().over("name")).alias("is_tail")
    )
    kept = marked.filter(pl.col("is_first") | ~pl.col("word").is_in(_forms()))
    placed = kept.with_columns(pl.int_range(pl.len()).over("name").alias("place"))
    return placed.filter(pl.col("place") < WIDTH).select("name", "place", "word", "is_tail")


def _letters_joined(listed: pl.DataFrame) -> pl.DataFrame:
    is_letter = pl.col("word").str.contains(r"^[a-z]$")
    is_new = pl.struct("name", "is_tail").ne_missing(pl.struct("name", "is_tail").shift(1))
    begins = is_new | ~is_letter | ~is_letter.shift(1, fill_value=False)
    runs = listed.with_columns(begins.cum_sum().alias("run"))
    several = runs.group_by("run").len().filter(pl.col("len") > 1).select("run")
    if several.is_empty():
        return listed
    joined = (
        runs.join(several, on="run", how="semi")
        .group_by("run", maintain_order=True)
        .agg(pl.col("name").first(), pl.col("word").str.join(), pl.col("is_tail").first())
    )
    lone = runs.join(several, on="run", how="anti").select(joined.columns)
    return pl.concat([lone, joined]).sort("run").drop("run")


@dataclass(frozen=True)
class Vocabulary:
    """The distinct words of accounts, then those only asked for; a word's code is its place.

    `accounts` counts the accounts' names that hold each. `bits` is how rare a word is among accounts, `spare` how
    surprising it is that an asked name adds it: words that many asked names add, and accounts lack, say nothing.
    """

    values: pl.Series
    accounts: npt.NDArray[np.int64]
    bits: Bits
    spare: Bits
    known: int

    @classmethod
    def of(cls, accounts: pl.DataFrame, asked: pl.DataFrame, sizes: tuple[int, int]) -> Vocabulary:
        ours = accounts.unique(["name", "word"]).group_by("word").agg(pl.len().alias("accounts"))
        theirs = asked.unique(["name", "word"]).group_by("word").agg(pl.len().alias("asked"))
        table = ours.join(theirs, on="word", how="full", coalesce=True).with_columns(
            pl.col("accounts", "asked").fill_null(0).cast(pl.Int64)
        )
        table = table.sort(pl.col("accounts") == 0, "word")
        held, wanted = table["accounts"].to_numpy(), table["asked"].to_numpy()
        share = (held + 0.5) / (max(sizes[0], _SMALLEST) + 1.0)
        top = np.log2(max(sum(sizes), _SMALLEST) + 2.0)
        bits = np.clip(-np.log2(share), 0.0, top)
        expected = (np.maximum(wanted - 1, 0) + _ACCOUNTS_WEIGH * share) / (max(sizes[1] - 1, 0) + _ACCOUNTS_WEIGH)
        spare = np.clip(-np.log2(expected), 0.0, top)
        return cls(table["word"], held, bits.astype(np.float32), spare.astype(np.float32), int((held > 0).sum()))

    @cached_property
    def weights(self) -> Bits:
        """What it tells that both names hold a word."""
        return np.minimum(self.bits, self.spare)


@dataclass(frozen=True)
class Worded:
    """Names as word codes (names, WIDTH), -1 where a name has no more words, and which of the words are its tail."""

    codes: Codes
    tail: Marks

    @classmethod
    def of(cls, listed: pl.DataFrame, count: int, vocabulary: Vocabulary) -> Worded:
        table = pl.DataFrame({"word": vocabulary.values}).with_row_index("code")
        coded = listed.join(table, on="word", how="left", maintain_order="left")
        codes, tail = np.full((count, WIDTH), -1, np.int64), np.zeros((count, WIDTH), np.bool_)
        at = coded["name"].to_numpy(), coded["place"].to_numpy()
        codes[at], tail[at] = coded["code"].to_numpy(), coded["is_tail"].to_numpy()
        return cls(codes, tail)

    @cached_property
    def heads(self) -> Codes:
        return np.where(self.tail, -1, self.codes)
