"""People without account, people with one, and accounts, as `candidates` and `account_odds` read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from hygiene.known import blank, completed
from hygiene.linkage import keys
from hygiene.normalise import normalise

KEY = ["connection", "stream", "id"]


@dataclass(frozen=True, slots=True)
class Pool:
    """Who is to be resolved, and into what.

    `people` and `linked`: connection, stream, id, entity, company, company_key, is_told (the company stands on this
    record, not on another one of the person), domain (of the e-mail), email_free, site, phone, mobile, country, city,
    place; people are numbered by `person`, linked ones have that of their `account`. `accounts`: account (number),
    connection, id, entity, name, legal_name, label, domain, phone, country, city, place, parent, open_deals, contacts,
    age (older is greater), house (the same for duplicates) and family (the same under one ultimate parent). A place is
    street and postal code folded, a label a name without blanks.
    """

    people: pl.DataFrame
    accounts: pl.DataFrame
    linked: pl.DataFrame

    def with_links(self, links: pl.DataFrame) -> Pool:
        """The pool once the people of `links` (person, account) are linked."""
        joined = self.people.join(links.select("person", "account"), on="person").select(self.linked.columns)
        rest = self.people.join(links, on="person", how="anti", maintain_order="left")
        return Pool(rest, self.accounts, pl.concat([self.linked, joined])).counted()

    def of(self, numbers: pl.Series) -> Pool:
        """The pool with only these people to be resolved, numbered anew."""
        some = self.people.filter(pl.col("person").is_in(numbers.implode()))
        return Pool(some.drop("person").with_row_index("person"), self.accounts, self.linked)

    def counted(self) -> Pool:
        """With `contacts`, how many are linked, on each account."""
        counts = self.linked.group_by("account").agg(pl.len().cast(pl.Int64).alias("contacts"))
        bare = self.accounts.drop("contacts", strict=False)
        known = bare.join(counts, on="account", how="left", maintain_order="left")
        return Pool(self.people, known.with_columns(pl.col("contacts").fill_null(0)), self.linked)


@dataclass(frozen=True, slots=True)
class Own:
    """What records say themselves, before anything is known of others: `people` and `accounts` as in `Pool`, without
    numbers and what is counted, sorted by key; people with account_id, accounts with made_at (µs); and the open `deals`
    (connection, id, account_id)."""

    people: pl.DataFrame
    accounts: pl.DataFrame
    deals: pl.DataFrame

    def pooled(self) -> Pool:
        accounts = _counted(self.accounts, self.deals)
        numbers = accounts.select("connection", pl.col("id").alias("account_id"), "account")
        everyone = _named_elsewhere(self.people)
        people = everyone.filter(pl.col("account_id").is_null()).with_row_index("person").drop("account_id")
        linked = everyone.join(numbers, on=["connection", "account_id"]).drop("account_id")
        return Pool(people, accounts, linked).counted()


def own(frames: Mapping[str, pl.DataFrame], memberships: pl.DataFrame | None) -> Own:
    """From normalised frames by stream; `memberships` (connection, stream, id, entity) tells who is who."""
    return Own(_people(frames, memberships), _accounts(frames, memberships), _open_deals(frames))


def _accounts(frames: Mapping[str, pl.DataFrame], memberships: pl.DataFrame | None) -> pl.DataFrame:
    known = frames["accounts"] if "accounts" in frames else normalise("accounts", completed("accounts", pl.DataFrame()))
    told = _with_entity(known.with_columns(pl.lit("accounts").alias("stream")), memberships)
    own = pl.concat_str("connection", pl.lit("/"), "id")
    alike = pl.concat_str("connection", pl.lit("/"), "name_key", pl.lit("@"), "domain_key")
    return told.select(
        "connection", "id", pl.coalesce("entity", alike, own).alias("entity"), "name", "legal_name",
        pl.col("name_key").str.replace_all(" ", "").alias("label"), pl.col("domain_key").alias("domain"),
        pl.col("phone_norm").alias("phone"), pl.col("country_norm").alias("country"),
        keys.words_of(told["city"]).alias("city"), _place(told).alias("place"),
        pl.col("parent_id").alias("parent"), pl.col("created_at").dt.epoch("us").alias("made_at"),
    ).sort("connection", "id")  # fmt: skip


def _counted(accounts: pl.DataFrame, deals: pl.DataFrame) -> pl.DataFrame:
    """Accounts with their number, age, open deals, house and family."""
    open_deals = deals.group_by("connection", pl.col("account_id").alias("id")).len("open_deals")
    older = (-pl.col("made_at").rank("ordinal").cast(pl.Int64)).fill_null(-(2**31))
    numbered = accounts.with_row_index("account").with_columns(older.alias("age")).drop("made_at")
    joined = numbered.join(open_deals, on=["connection", "id"], how="left", maintain_order="left")
    return with_family(joined.with_columns(pl.col("open_deals").cast(pl.Int64).fill_null(0)))


def with_family(accounts: pl.DataFrame) -> pl.DataFrame:
    """House, a number for each entity of a connection, and family, that of its ultimate parent."""
    numbered = accounts.with_columns(pl.struct("connection", "entity").rank("dense").alias("house"))
    parents = accounts.select("connection", pl.col("parent").alias("id")).join(
        numbered.select("connection", "id", pl.col("house").alias("above")), on=["connection", "id"], how="left",
        maintain_order="left",
    )  # fmt: skip
    lines = pl.DataFrame({"house": numbered["house"], "above": parents["above"]}).drop_nulls()
    known = dict(lines.filter(pl.col("above") != pl.col("house")).iter_rows())
    tops = {house: _top(house, known) for house in known}
    return numbered.with_columns(pl.col("house").replace(tops).alias("family"))


def _top(house: int, above: Mapping[int, int]) -> int:
    """The last one up the line; where the line goes in a circle, the smallest number in it."""
    line = [house]
    while (parent := above.get(line[-1])) is not None:
        if parent in line:
            return min(line[line.index(parent) :])
        line.append(parent)
    return line[-1]


def _open_deals(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    deals = completed("deals", frames.get("deals", pl.DataFrame()))
    is_open = deals.filter(~pl.col("is_closed").fill_null(value=False)).drop_nulls("account_id")
    return is_open.select("connection", "id", "account_id").sort("connection", "id")


def _people(frames: Mapping[str, pl.DataFrame], memberships: pl.DataFrame | None) -> pl.DataFrame:
    parts = []
    for stream in ("contacts", "leads"):
        if stream not in frames:
            continue
        frame = frames[stream]
        owned = stream == "contacts"
        account = pl.when(~blank(frame, "account_id")).then("account_id") if owned else pl.lit(None, pl.String)
        parts.append(
            frame.select(
                "connection", pl.lit(stream).alias("stream"), "id", "company", "company_key",
                pl.col("email_domain").alias("domain"), "email_free", pl.col("site_key").alias("site"),
                pl.col("phone_norm").alias("phone"), pl.col("mobile_norm").alias("mobile"),
                pl.col("country_norm").alias("country"), keys.words_of(frame["city"]).alias("city"),
                _place(frame).alias("place"), account.alias("account_id"),
            )
        )  # fmt: skip
    return _with_entity(pl.concat(parts), memberships).sort(KEY)


def _named_elsewhere(people: pl.DataFrame) -> pl.DataFrame:
    """The company that other records of a person name where this one names none; is_told where it does itself."""
    is_told = pl.col("company_key").is_not_null()
    silent = people.filter(~is_told).select("entity").drop_nulls().unique()
    named = people.drop_nulls(["entity", "company_key"]).join(silent, on="entity", how="semi")
    counted = (
        named.group_by("entity", "company").len().sort("entity", "len", "company", descending=[False, True, False])
    )
    told = counted.unique("entity", keep="first", maintain_order=True)
    joined = people.join(told.select("entity", pl.col("company").alias("elsewhere")), on="entity", how="left",
                         maintain_order="left")  # fmt: skip
    company = pl.when(is_told).then("company").otherwise("elsewhere")
    return joined.with_columns(is_told.alias("is_told"), company.alias("company")).drop("elsewhere")


def _place(frame: pl.DataFrame) -> pl.Series:
    parts = {"street": keys.streets(frame["street"]), "code": keys.identifiers(frame["postal_code"])}
    return pl.DataFrame(parts).select(pl.concat_str("street", "code", separator="|")).to_series()


def _with_entity(frame: pl.DataFrame, memberships: pl.DataFrame | None) -> pl.DataFrame:
    if memberships is None:
        return frame.with_columns(pl.lit(None, pl.String).alias("entity"))
    return frame.join(memberships.select(*KEY, "entity"), on=KEY, how="left", maintain_order="left")
