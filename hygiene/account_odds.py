"""How much each piece of evidence speaks for a person's belonging to an account, as a number and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from hygiene.resolve_pool import Pool

# Shares of colleagues are smoothed by so many on both sides, and count no further than this.
_SMOOTH, _SHARE_CAP = 0.3, 6.0
_NAME_LEAST, _NAME_CAP, _CONTACTS_CAP = 4.0, 8.0, 5.0
# The last digits of a phone number are the desk's; the first are those of country and area.
_DESK, _AREA = 3, 4
_COUNTED = ("domain", "company", "office", "entity")


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of evidence: its value on pairs, its natural log-odds for each unit, its words where it is above 0."""

    name: str
    value: pl.Expr
    log_odds: float
    words: str = ""


def _is(condition: pl.Expr) -> pl.Expr:
    return condition.fill_null(value=False).cast(pl.Float64)


def _has(column: str) -> pl.Expr:
    return pl.col(column).is_not_null()


def _share(name: str) -> pl.Expr:
    """Log-odds of the share of colleagues that hang here; 0 where there are none at all."""
    here, total = pl.col(f"{name}_here").fill_null(0), pl.col(f"{name}_total")
    return ((here + _SMOOTH) / (total - here + _SMOOTH)).log().clip(-_SHARE_CAP, _SHARE_CAP).fill_null(0.0)


_fits, _told, _same = _has("name_odds"), pl.col("is_told"), pl.col("same_name").fill_null(value=False)
_named = _has("company") & _has("account_name")
_odds = pl.col("name_odds").clip(-_NAME_LEAST, _NAME_CAP).fill_null(0.0)
_by_domain = _has("by_domain") | _has("by_site") | _has("domain_here")
_other_domain = pl.col("domain") != pl.col("account_domain")
_elsewhere = _other_domain.fill_null(value=False)
_other_site = pl.col("site") != pl.col("account_domain")
_office, _account_office = pl.col("phone").str.head(-_DESK), pl.col("account_phone").str.head(-_DESK)
# Offices of one town: the same country and area code.
_other_office = (_office != _account_office) & (_office.str.head(_AREA) == _account_office.str.head(_AREA))

# Fitted as a choice among all candidates and none on generated CRMs of several sizes and degrees of dirt, with many and
# with no linked contacts; what the generator makes more telling than life is held back (phones of other offices).
PIECES: tuple[Piece, ...] = (
    Piece("prior", pl.lit(1.0), 1.15),
    Piece("domain", _is(_has("by_domain")), 1.15, "same domain"),
    # Where no linked contact has the domain it tells by itself what colleagues tell elsewhere.
    Piece("domain alone", _is(_has("by_domain") & pl.col("domain_total").is_null()), 1.35),
    Piece("site", _is(_has("by_site") & ~_has("by_domain")), 1.55, "same website"),
    Piece("label", _is(_has("by_label") & ~_has("by_domain")), 0.8, "the domain spells its name"),
    Piece("label and domain", _is(_has("by_label") & _has("by_domain")), 0.8),
    Piece("near domain", _is(_has("by_near")), 0.6, "a domain a keystroke from its own"),
    Piece("domain differs", _is(_other_domain & ~_has("domain_here") & ~_has("by_near")), -3.0, "another domain"),
    Piece("site differs", _is(pl.col("domain").is_null() & _other_site), -1.2, "another website"),
    Piece("colleagues", _is(_has("domain_here")), 0.4, "its contacts use the same mail domain"),
    Piece("colleagues' share", _share("domain"), 0.4),
    Piece("name fits", _is(_fits & _told), -3.1),
    Piece("name", pl.when(_told).then(_odds).otherwise(0.0), 0.8),
    Piece("same name", _is(_same & _told & ~_elsewhere), 0.4),
    Piece("exact among others", _is(_same & _told & pl.col("others_fit")), 0.8),
    Piece("name alone", _is(_same & _told & pl.col("company_total").is_null() & ~_by_domain & ~_elsewhere), 0.4),
    Piece("name differs", _is(~_fits & _named & _told), -1.45, "another company name"),
    Piece("name elsewhere fits", _is(_fits & ~_told), -0.8),
    Piece("name elsewhere", pl.when(_told).then(0.0).otherwise(_odds), 0.3),
    Piece("name elsewhere differs", _is(~_fits & _named & ~_told), -0.25, "another company name on other records"),
    Piece("domain and name", _is(_by_domain & _fits & _told), -0.25),
    Piece("domain but name", _is(_by_domain & ~_fits & _named & _told), -1.7),
    Piece("alias", _is(_has("company_here")), 0.15, "its contacts name the same company"),
    Piece("alias' share", _share("company"), 0.25),
    Piece("phone", _is(_has("by_phone")), 0.65, "same phone"),
    Piece("office", _is(_has("office_here") & ~_has("by_phone")), 1.65, "a phone of the same office"),
    Piece("office and phone", _is(_has("office_here") & _has("by_phone")), 0.65),
    Piece("office's share", _share("office"), 1.5),
    Piece("phone differs", _is(_other_office & ~_has("office_here")), -1.5, "a phone of another office"),
    Piece("address", _is(_has("by_place")), 2.3, "same address"),
    Piece("city differs", _is(pl.col("city") != pl.col("account_city")), -1.35, "another city"),
    Piece("country differs", _is(pl.col("country") != pl.col("account_country")), -3.1, "another country"),
    Piece("other records", _is(_has("entity_here")), 0.0, "other records of the person belong to it"),
    Piece("other records' share", _share("entity"), 0.6),
    Piece("contacts", (pl.col("contacts") + 1.0).log().clip(0.0, _CONTACTS_CAP), 0.2),
)  # fmt: skip


def compared(pairs: pl.DataFrame, pool: Pool) -> pl.DataFrame:
    """Candidate pairs with what both sides say; those of the account under account_…, and the counts' …_total."""
    theirs = pool.accounts.rename({name: f"account_{name}" for name in ("name", "domain", "phone", "country", "city")})
    full = pairs.join(pool.people, on="person", how="left", maintain_order="left").join(
        theirs.drop("id", "place", "label", "connection", "entity", "legal_name"),
        on="account",
        how="left",
        maintain_order="left",
    )
    partly = (_has("name_odds") & ~pl.col("same_name")).fill_null(value=False)
    return full.with_columns(
        *(pl.col(f"{name}_all").max().over("person").alias(f"{name}_total") for name in _COUNTED),
        partly.any().over("person").alias("others_fit"),
    )


def weighed(full: pl.DataFrame, pieces: Sequence[Piece] = PIECES) -> pl.DataFrame:
    """`full` with log_odds: of this account against none, before candidates compete."""
    return full.with_columns(
        pl.sum_horizontal(piece.value.cast(pl.Float64) * piece.log_odds for piece in pieces).alias("log_odds")
    )


def reasons(full: pl.DataFrame, pieces: Sequence[Piece] = PIECES) -> pl.Series:
    """What speaks for each pair of `compared`, in words, and what against it."""
    told = [(piece, pl.when(piece.value > 0).then(pl.lit(piece.words))) for piece in pieces if piece.words]
    speaking = [words for piece, words in told if piece.log_odds >= 0]
    against = [words for piece, words in told if piece.log_odds < 0]
    said = full.select(
        pl.concat_str(*speaking, "name_reason", separator=", ", ignore_nulls=True).alias("for"),
        pl.concat_str(*against, separator=", ", ignore_nulls=True).alias("against"),
    )
    both = pl.format("{}, but {}", "for", "against")
    return said.select(pl.when(pl.col("against") == "").then("for").otherwise(both)).to_series()
