"""An index of account names: the few accounts that a company name may mean, found by its telling words.

Words of a name that few accounts hold are looked up each by itself; words that many hold only two together, so that no
block grows with the list. A word that no account holds is looked up as a keystroke from one that is held. Neighbouring
words are looked up written as one, and initialisms as such.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from hygiene.linkage.codes import Codes
from hygiene.linkage.company_words import FILLERS, WIDTH, Bits, Vocabulary, Worded

# A word on more accounts than this finds accounts only together with another word.
BLOCK = 100
# So many accounts are compared with a name at most: those that share its rarest words.
KEPT = 12
_PAIRED = 4
_SHORTEST_MISSPELT = 4
# What a hit tells in comparison with the word itself.
_NEAR, _INITIALS = 0.7, 0.7
# A candidate's own words that the name lacks count against it, so that shorter names come first.
_MISSING = 0.2


class Postings:
    """Which rows hold a word code."""

    def __init__(self, words: pl.DataFrame, size: int) -> None:
        ordered = words.sort("word", "row")
        self._rows = ordered["row"].to_numpy()
        self._starts = np.searchsorted(ordered["word"].to_numpy(), np.arange(size + 1))

    def lookup(self, codes: Codes) -> tuple[Codes, Codes]:
        """For each code in turn all its rows: positions into `codes`, and rows."""
        counts = self._starts[codes + 1] - self._starts[codes]
        at = np.repeat(np.arange(len(codes)), counts)
        offsets = np.arange(len(at)) - np.repeat(np.cumsum(counts) - counts, counts)
        return at, self._rows[np.repeat(self._starts[codes], counts) + offsets]


def candidates(vocabulary: Vocabulary, accounts: Worded, asked: Worded) -> pl.DataFrame:
    """Columns asked and account (rows), sorted: up to KEPT accounts for each asked name."""
    ours, theirs = held(accounts.codes), held(asked.codes)
    postings = Postings(ours, len(vocabulary.values))
    found = pl.concat(
        [
            _by_words(vocabulary, postings, theirs),
            _by_near_words(vocabulary, postings, theirs),
            _by_two_words(vocabulary, accounts.codes, asked.codes),
            *_by_spelling(vocabulary, accounts.heads, asked.heads),
            *_by_initials(vocabulary, accounts.heads, asked.heads),
        ]
    )
    total = np.where(accounts.codes >= 0, vocabulary.bits[accounts.codes], 0.0).sum(axis=1)
    ranked = found.group_by("asked", "account").agg(pl.col("bits").sum())
    own = pl.Series(_MISSING * total[ranked["account"].to_numpy()], dtype=pl.Float32)
    best = ranked.with_columns((pl.col("bits") - own).alias("bits")).sort(
        ["asked", "bits", "account"], descending=[False, True, False]
    )
    kept = best.filter(pl.int_range(pl.len()).over("asked") < KEPT)
    return kept.select("asked", "account").sort("asked", "account")


def _hits(asked: pl.Series | Codes, account: pl.Series | Codes, bits: pl.Series | Bits) -> pl.DataFrame:
    return pl.DataFrame(
        {"asked": asked, "account": account, "bits": bits},
        schema={"asked": pl.UInt32, "account": pl.UInt32, "bits": pl.Float32},
        strict=False,
    )


def held(matrix: Codes) -> pl.DataFrame:
    """Columns row and word of every word code in a matrix, each pair once."""
    rows, places = np.nonzero(matrix >= 0)
    return pl.DataFrame({"row": rows.astype(np.uint32), "word": matrix[rows, places].astype(np.uint32)}).unique()


def _looked_up(v: Vocabulary, postings: Postings, wanted: pl.DataFrame, share: float) -> pl.DataFrame:
    codes = wanted["word"].to_numpy().astype(np.int64)
    few = (v.accounts[codes] > 0) & (v.accounts[codes] <= BLOCK)
    codes = codes[few]
    at, account = postings.lookup(codes)
    return _hits(wanted["row"].to_numpy()[few][at], account, share * v.weights[codes][at])


def _by_words(v: Vocabulary, postings: Postings, asked: pl.DataFrame) -> pl.DataFrame:
    return _looked_up(v, postings, asked, 1.0)


def _by_near_words(v: Vocabulary, postings: Postings, asked: pl.DataFrame) -> pl.DataFrame:
    """Words that no account holds, by those of accounts a keystroke away."""
    unknown = asked.filter(pl.col("word") >= v.known)
    ours = _shortened(v.values[: v.known]).rename({"word": "near"})
    theirs = _shortened(v.values[v.known :]).with_columns(pl.col("word") + v.known)
    near = theirs.join(ours, on="key").select("word", "near").unique()
    wanted = unknown.join(near, on="word").select("row", pl.col("near").alias("word"))
    return _looked_up(v, postings, wanted, _NEAR)


def _shortened(words: pl.Series) -> pl.DataFrame:
    """Columns word (place) and key: each word, and each word without one of its letters."""
    table = pl.DataFrame({"text": words}).with_row_index("word")
    table = table.filter(pl.col("text").str.len_chars() >= _SHORTEST_MISSPELT)
    parts = [table.select("word", pl.col("text").hash(5).alias("key"))]
    for place in range(max(table["text"].str.len_chars().to_list(), default=0)):
        shorter = pl.col("text").str.slice(0, place) + pl.col("text").str.slice(place + 1)
        reaching = table.filter(pl.col("text").str.len_chars() > place)
        parts.append(reaching.select("word", shorter.hash(5).alias("key")))
    return pl.concat(parts).unique()


def _by_two_words(v: Vocabulary, accounts: Codes, asked: Codes) -> pl.DataFrame:
    """Two words that are each too frequent to be looked up alone."""
    ours = _pairs_of_words(np.where(_frequent(v, accounts), accounts, -1))
    theirs = _pairs_of_words(_rarest(v, np.where(_frequent(v, asked), asked, -1)))
    few = ours.group_by("one", "other").len("size").filter(pl.col("size") <= BLOCK)
    hits = theirs.join(few, on=["one", "other"]).join(ours, on=["one", "other"], suffix="_account")
    bits = v.weights[hits["one"].to_numpy()] + v.weights[hits["other"].to_numpy()]
    return _hits(hits["row"], hits["row_account"], bits)


def _frequent(v: Vocabulary, matrix: Codes) -> np.ndarray:
    return (matrix >= 0) & (v.accounts[matrix] > BLOCK)


def _rarest(v: Vocabulary, matrix: Codes) -> Codes:
    """The _PAIRED rarest words of each name."""
    score = np.where(matrix >= 0, v.bits[matrix], -1.0)
    return np.take_along_axis(matrix, np.argsort(-score, axis=1, kind="stable")[:, :_PAIRED], axis=1)


def _pairs_of_words(matrix: Codes) -> pl.DataFrame:
    """Columns row, one and other: every two different words of a name, the smaller code first."""
    parts = [pl.DataFrame(schema={"row": pl.Int64, "one": pl.Int64, "other": pl.Int64})]
    for one in range(matrix.shape[1]):
        for other in range(one + 1, matrix.shape[1]):
            left, right = matrix[:, one], matrix[:, other]
            row = np.flatnonzero((left >= 0) & (right >= 0) & (left != right))
            ends = np.sort(np.stack([left[row], right[row]]), axis=0)
            parts.append(pl.DataFrame({"row": row, "one": ends[0], "other": ends[1]}))
    return pl.concat(parts).unique()


def _by_spelling(v: Vocabulary, accounts: Codes, asked: Codes) -> list[pl.DataFrame]:
    """Super Micro for Supermicro: words written as one, whole names too."""
    values = v.values
    ours, theirs = (
        held(matrix).select("row", pl.lit(values).gather(pl.col("word")).alias("key")) for matrix in (accounts, asked)
    )
    glued = [_glued(v, matrix) for matrix in (accounts, asked)]
    pairs = ((glued[0], theirs), (ours, glued[1]), (glued[0], glued[1]))
    return [_by_key(one, other, len(accounts)) for one, other in pairs]


def _by_key(accounts: pl.DataFrame, asked: pl.DataFrame, count: int) -> pl.DataFrame:
    few = accounts.group_by("key").len("size").filter(pl.col("size") <= BLOCK)
    hits = asked.join(few, on="key").join(accounts, on="key", suffix="_account")
    return _hits(hits["row"], hits["row_account"], np.log2((count + 2.0) / hits["size"].to_numpy()))


def _glued(v: Vocabulary, matrix: Codes) -> pl.DataFrame:
    """Columns row and key: each two neighbouring words written as one, and the whole name."""
    values = v.values.extend_constant("", 1)
    parts = [pl.DataFrame({"row": np.arange(len(matrix), dtype=np.uint32), "key": whole(v, matrix)})]
    for place in range(WIDTH - 1):
        row = np.flatnonzero(matrix[:, place + 1] >= 0)
        key = values.gather(matrix[row, place]) + values.gather(matrix[row, place + 1])
        parts.append(pl.DataFrame({"row": row.astype(np.uint32), "key": key}))
    return pl.concat(parts).filter(pl.col("key") != "").unique()


def whole(v: Vocabulary, matrix: Codes) -> pl.Series:
    """The words of each name written as one."""
    values = v.values.extend_constant("", 1)
    columns = [values.gather(matrix[:, place]).alias(str(place)) for place in range(matrix.shape[1])]
    return pl.DataFrame(columns).select(pl.concat_str(pl.all())).to_series()


def initials(v: Vocabulary, matrix: Codes) -> pl.Series:
    """The initials of each name that has three words or more, little words aside; null for others."""
    letters = pl.select(
        pl.when(v.values.is_in(list(FILLERS))).then(pl.lit("")).otherwise(v.values.str.slice(0, 1))
    ).to_series()
    letters = letters.extend_constant("", 1)
    columns = [letters.gather(matrix[:, place]).alias(str(place)) for place in range(matrix.shape[1])]
    joined = pl.DataFrame(columns).select(pl.concat_str(pl.all())).to_series()
    return joined.set(joined.str.len_chars() < 3, None)


def _by_initials(v: Vocabulary, accounts: Codes, asked: Codes) -> list[pl.DataFrame]:
    """IBM for International Business Machines, Wabtec for Westinghouse Air Brake Technologies; the other way too."""
    hits = []
    for long, short, is_asked_short in ((accounts, asked, True), (asked, accounts, False)):
        longer = pl.DataFrame({"row": np.arange(len(long), dtype=np.uint32), "key": initials(v, long)}).drop_nulls()
        lone = np.flatnonzero(short[:, 0] >= 0)
        first = pl.DataFrame({"row": lone.astype(np.uint32), "text": v.values.gather(short[lone, 0])})
        begun = [first.select("row", pl.col("text").alias("key"))]
        begun += [
            first.filter(pl.col("text").str.len_chars() > n).select("row", pl.col("text").str.slice(0, n).alias("key"))
            for n in (3, 4)
        ]
        shorter = pl.concat(begun).unique()
        ours, theirs = (longer, shorter) if is_asked_short else (shorter, longer)
        hits.append(_by_key(ours, theirs, len(accounts)).with_columns(pl.col("bits") * _INITIALS))
    return hits
