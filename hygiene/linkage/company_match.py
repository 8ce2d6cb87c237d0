"""Company names to account names: the likely ones for each, with log-odds and the reason in words."""

from __future__ import annotations

import numpy as np
import polars as pl

from hygiene.distinct import over_distinct, texts
from hygiene.kinds.spelling import is_no_value
from hygiene.linkage.company_compare import FEATURES, Asked, features
from hygiene.linkage.company_index import candidates
from hygiene.linkage.company_words import Vocabulary, Worded, parts, words

FITS = pl.Schema(
    {"name": pl.String, "account": pl.String, "log_odds": pl.Float64, "reason": pl.String, "is_same": pl.Boolean}
)
# Natural log-odds by feature, fitted once, as a choice among all candidates and none, on names of the S&P 500, exchange
# listings, Forbes' lists, DNB's misspelt names and generated CRMs, each also with a third of the accounts taken away.
LOG_ODDS = {
    "one": -0.66, "over": 0.33, "common": -0.11, "spare": -0.15, "missing": -0.14, "covers asked": 0.58,
    "covers account": 0.08, "same": 1.76, "asked within": 0.79, "account within": 0.86, "begins": 0.58, "ratio": 1.69,
    "spelling": 1.22, "first": 1.53, "initials": 0.86, "numbers": -2.0, "adds region": -0.76, "lacks region": -0.49,
    "form": 0.9,
}  # fmt: skip
# Candidates less likely than this are not told.
_LEAST = -7.0
_REASONS = (
    ("same", "same company name"),
    ("initials", "one name is the initials of the other"),
    ("numbers", "names with different numbers"),
    ("asked within", "the account's name holds all words of the company name"),
    ("account within", "the company name holds all words of the account's name"),
    ("first", "company names that begin with the same word"),
)
_OTHERWISE = "company names that are alike"
_FOLDED = ("head", "tail", "form")


def name_fits(names: pl.Series, accounts: pl.Series) -> pl.DataFrame:
    """Columns of FITS: for each distinct name the accounts' names that it may mean. Stand-ins ("n/a") mean none.

    The log-odds are those of this account against none at all, before several candidates compete. Sorted by name and
    account; the work grows with the distinct names. How rare a word is, is learned from both columns.
    """
    (our_values, ours), (their_values, theirs) = _folded(accounts), _folded(names)
    if ours.is_empty() or theirs.is_empty():
        return FITS.to_frame()
    found = _folded_fits(ours, theirs)
    named = found.join(their_values.rename({"value": "name"}), left_on="asked", right_on="code")
    told = named.join(our_values.rename({"value": "account"}), left_on="account", right_on="code", suffix="_name")
    return told.drop("account").rename({"account_name": "account"}).select(FITS.names()).sort("name", "account")


def _folded(names: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The distinct names with the row (code) of the folded one they have; the folded ones."""
    values = texts(names).drop_nulls().unique()
    values = values.filter(~over_distinct(values, is_no_value, pl.Boolean))
    table = parts(values).with_columns(values.alias("value")).drop_nulls("head")
    folded = table.select(_FOLDED).unique().sort(_FOLDED).with_row_index("code")
    coded = table.join(folded, on=_FOLDED, nulls_equal=True).select("value", "code")
    return coded, folded


def _folded_fits(ours: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    our_words, their_words = words(ours), words(theirs)
    vocabulary = Vocabulary.of(our_words, their_words, (len(ours), len(theirs)))
    accounts, asked = (
        Worded.of(listed, len(table), vocabulary) for listed, table in ((our_words, ours), (their_words, theirs))
    )
    pairs = candidates(vocabulary, accounts, asked)
    told = features(Asked(vocabulary, accounts, asked, ours["form"], theirs["form"]), pairs)
    log_odds = told @ np.array([LOG_ODDS[name] for name in FEATURES])
    marks = pl.DataFrame({name: told[:, FEATURES.index(name)] > 0 for name, _ in _REASONS})
    rated = pairs.with_columns(
        pl.Series("log_odds", log_odds, dtype=pl.Float64),
        marks.select(
            pl.coalesce(*(pl.when(pl.col(name)).then(pl.lit(words)) for name, words in _REASONS), pl.lit(_OTHERWISE))
            .alias("reason")
        ).to_series(),
        marks["same"].alias("is_same"),
    )  # fmt: skip
    return rated.filter(pl.col("log_odds") >= _LEAST)
