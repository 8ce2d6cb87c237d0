"""Hierarchies of accounts: who stands at the top, circles, and accounts that probably belong under another."""

from __future__ import annotations

import numpy as np
import polars as pl

from hygiene.findings import found, gathered
from hygiene.kinds import company_name, country
from hygiene.known import Readable, live
from hygiene.normalise import normalise, site_of_account

# Words in which a branch's name differs from that of its house; places are told apart below.
_DIVISION = (
    "america", "americas", "apac", "asia", "branch", "central", "deutschland", "east", "emea", "espana", "europe",
    "france", "italia", "north", "office", "operations", "region", "sales", "service", "services", "solutions", "south",
    "west",
)  # fmt: skip
# What may as well stand above the house.
_ABOVE = ("global", "group", "holding", "holdings", "international")
_LONGEST = 5  # words of a house's name
_LARGEST = 60  # accounts on sites called alike; more share a provider, not a house


def tops(accounts: pl.DataFrame) -> pl.DataFrame:
    """Of each account the one at the top of its tree: connection, id, top_id, in_circle.

    A parent that is not among the accounts counts as none; an account whose parents lead in a circle is its own top,
    and `in_circle` where it is part of the circle.
    """
    rows = accounts.select("connection", "id", "parent_id").sort("connection", "id").with_row_index("row")
    known = rows.select("connection", pl.col("id").alias("parent_id"), pl.col("row").alias("up"))
    joined = rows.join(known, on=["connection", "parent_id"], how="left", maintain_order="left")
    own = np.arange(rows.height)
    above = joined["up"].fill_null(pl.Series(own)).to_numpy().astype(np.int64) if rows.height else own
    is_root = joined["up"].is_null().to_numpy()
    top = above
    for _ in range(max(rows.height, 1).bit_length() + 1):
        top = top[top]
    in_circle = np.zeros(rows.height, dtype=np.bool_)
    lost = top[~is_root[top]]
    # Far enough up, everything that has no root is in a circle.
    in_circle[lost] = True
    ends = np.where(is_root[top], top, own)
    return rows.select("connection", "id").with_columns(
        rows["id"].gather(ends).alias("top_id"), pl.Series("in_circle", in_circle)
    )


def houses(accounts: pl.DataFrame, memberships: pl.DataFrame | None = None) -> pl.DataFrame:
    """Which account an account probably belongs under: connection, id, parent_id, house_id, same_site, is_local,
    is_sure, reason.

    The house bears the beginning of the account's name; their sites must be one, or one name under two suffixes. It
    is sure for an account without parent, where the site is the same and the rest of the name is a place or a
    division, and where no second account could be the house. Records of one entity are duplicates, not a house and
    its branch.
    """
    ready = normalise("accounts", live("accounts", accounts))
    named = _with_entities(ready, memberships).select(
        "connection", "id", "parent_id", "entity", "name", "name_key", "domain_key", "country_norm", "city"
    )
    pairs = _families(named.filter(pl.col("name_key").is_not_null() & pl.col("domain_key").is_not_null()))
    free = pairs.join(tops(accounts), on=["connection", "id"]).join(
        tops(accounts).select("connection", pl.col("id").alias("house_id"), pl.col("top_id").alias("house_top")),
        on=["connection", "house_id"],
    ).filter(pl.col("house_top") != pl.col("id"))  # fmt: skip
    return _decided(free)


def _with_entities(accounts: pl.DataFrame, memberships: pl.DataFrame | None) -> pl.DataFrame:
    own = pl.concat_str("connection", "id", separator="/")
    if memberships is None:
        return accounts.with_columns(own.alias("entity"))
    told = memberships.filter(pl.col("stream") == "accounts").select("connection", "id", "entity")
    joined = accounts.join(told, on=["connection", "id"], how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("entity", own).alias("entity"))


def _label(domains: pl.Series) -> pl.Series:
    """What a registrable domain is called without its suffix: acme of acme.com and acme.co.jp."""
    return domains.str.extract(r"^([^.]{3,})\.").alias("label")


def site_labels(accounts: pl.DataFrame) -> pl.Series:
    """What the site of each account is called: those of one label may be a house and its branches. Null without one."""
    sites = site_of_account(accounts)
    return pl.DataFrame({"site": sites}).select(pl.coalesce(_label(sites), "site")).to_series()


def _families(accounts: pl.DataFrame) -> pl.DataFrame:
    """Accounts, each beside those whose site is called alike and whose name begins with the same words.

    The house bears nothing but these words, or a trade after them where the account has a place or a division.
    """
    worded = accounts.with_columns(
        pl.col("name_key").str.split(" ").alias("words"),
        pl.coalesce(_label(accounts["domain_key"]), "domain_key").alias("label"),
    )
    small = worded.filter(pl.len().over("connection", "label") <= _LARGEST)
    heads = small.select(
        "connection", "label", pl.col("words").alias("house_words"), pl.col("id").alias("house_id"),
        pl.col("name").alias("house_name"), pl.col("entity").alias("house_entity"),
        pl.col("domain_key").alias("house_domain"),
    )  # fmt: skip
    paired = small.join(heads, on=["connection", "label"]).filter(pl.col("entity") != pl.col("house_entity"))
    common = [
        (pl.col("words").list.head(size) == pl.col("house_words").list.head(size))
        & (pl.col("words").list.len() > size) & (pl.col("house_words").list.len() >= size)
        for size in range(1, _LONGEST + 1)
    ]  # fmt: skip
    counted = paired.with_columns(pl.sum_horizontal(common).alias("shared")).filter(pl.col("shared") > 0)
    rests = counted.with_columns(
        pl.col("words").list.slice(pl.col("shared")).list.join(" ").alias("rest"),
        pl.col("house_words").list.slice(pl.col("shared")).list.join(" ").alias("house_rest"),
    )
    told = rests.with_columns(
        _is_local(rests["rest"], rests["city"]).alias("is_local"),
        (pl.col("house_rest") == "").alias("is_bare"),
    )
    trade = ~_is_local(rests["house_rest"], rests["city"])
    return told.filter(pl.col("is_bare") | (pl.col("is_local") & trade))


def _decided(pairs: pl.DataFrame) -> pl.DataFrame:
    """The nearest house of each account: the one that shares most of its name, a bare name first."""
    nearest = pairs.filter(pl.col("shared") == pl.col("shared").max().over("connection", "id"))
    same_site = pl.col("domain_key") == pl.col("house_domain")
    ranked = nearest.with_columns(
        same_site.alias("same_site"), pl.col("house_id").n_unique().over("connection", "id").alias("houses")
    ).sort("connection", "id", "is_bare", "same_site", "house_id", descending=[False, False, True, True, False])
    first = ranked.unique(["connection", "id"], keep="first", maintain_order=True)
    lower = pl.col("is_local") & ~pl.col("rest").str.split(" ").list.set_intersection(list(_ABOVE)).list.len().cast(
        pl.Boolean
    )
    is_sure = pl.col("parent_id").is_null() & pl.col("same_site") & pl.col("is_bare") & lower
    return first.select(
        "connection", "id", "parent_id", "house_id", "same_site", "is_local",
        (is_sure & (pl.col("houses") == 1)).alias("is_sure"), _reason().alias("reason"),
    )  # fmt: skip


def _reason() -> pl.Expr:
    name = pl.when("is_bare").then(pl.format('its name is that of {} and "{}"', "house_name", "rest")).otherwise(
        pl.format('its name begins as {} and ends on "{}"', "house_name", "rest")
    )  # fmt: skip
    site = pl.when("same_site").then(pl.format("the same site {}", "domain_key")).otherwise(
        pl.format("the sites {} and {}", "domain_key", "house_domain")
    )  # fmt: skip
    others = pl.when(pl.col("houses") > 1).then(pl.format("; {} accounts come into question", "houses"))
    return pl.format("{}, and they have {}{}", name, site, others.otherwise(pl.lit("")))


def _is_local(rest: pl.Series, city: pl.Series) -> pl.Series:
    """Whether words of a name are a place or a division: "japan", "services", the account's own city."""
    is_country = country.certain(rest).is_not_null()
    is_division = rest.str.split(" ").list.set_difference([*_DIVISION, *_ABOVE]).list.len() == 0
    is_city = (rest == company_name.match_key(city)).fill_null(value=False)
    return (is_country | is_division | is_city).fill_null(value=False)


def hierarchy_findings(
    accounts: pl.DataFrame, belonging: pl.DataFrame, readable: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Findings: circles, accounts that belong under another (`houses`), parents that nothing speaks for.

    A parent with another name and site is usual after an acquisition; it is told only where a house is there that has
    both.
    """
    known = Readable(readable).where(accounts, "accounts", "parent_id")
    shown = accounts.filter(known)
    circles = tops(shown).filter("in_circle").join(shown, on=["connection", "id"], how="left", maintain_order="left")
    told = belonging.join(shown.select("connection", "id"), on=["connection", "id"], how="semi", maintain_order="left")
    lacking = told.filter(pl.col("parent_id").is_null())
    by = "its parents lead back to it, by way of {}"
    doubt = "its parent {} shares neither name nor site with it, but {} does: {}"
    return gathered(
        [
            found(circles, "account-circle", pl.format(by, "parent_id"),
                  stream="accounts", field="parent_id", value=pl.col("parent_id")),
            found(lacking, "account-parent", pl.format("it probably belongs under {}: {}", "house_id", "reason"),
                  stream="accounts", field="parent_id", value=pl.col("house_id")),
            found(_doubtful(told, shown), "parent-doubtful", pl.format(doubt, "parent_id", "house_id", "reason"),
                  stream="accounts", field="parent_id", value=pl.col("parent_id")),
        ]
    )  # fmt: skip


def _doubtful(told: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    """Accounts under another tree than their house's, whose parent has neither a word of their name nor their site."""
    ready = normalise("accounts", live("accounts", accounts))
    keys = ready.select(
        "connection", "id", pl.col("name_key").str.split(" ").list.first().alias("word"),
        _label(ready["domain_key"]),
    )  # fmt: skip
    top = tops(accounts).select("connection", "id", "top_id")
    placed = told.filter(pl.col("parent_id").is_not_null() & pl.col("same_site") & pl.col("is_local")).join(
        keys, on=["connection", "id"]
    )
    for name in ("parent_id", "house_id"):
        placed = placed.join(top.rename({"id": name, "top_id": f"{name}_top"}), on=["connection", name])
    parents = keys.rename({"id": "parent_id", "word": "parent_word", "label": "parent_label"})
    beside = placed.join(parents, on=["connection", "parent_id"])
    strange = (pl.col("word") != pl.col("parent_word")) & (pl.col("label") != pl.col("parent_label")).fill_null(
        value=True
    )
    return beside.filter(strange & (pl.col("parent_id_top") != pl.col("house_id_top")))
