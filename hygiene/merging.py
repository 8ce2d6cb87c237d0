"""Merges and conversions of sure duplicates: records of one entity, connection and stream, every one of them sure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from hygiene.cluster import components
from hygiene.corrections import dialled
from hygiene.kinds import company_name, country
from hygiene.known import Readable, blank
from hygiene.normalise import normalise
from hygiene.survive import SOURCES, Survived, rules_of, survive
from hygiene.survivors import ranked
from model.settings import FieldRule, RecordRule

_KEY = ("connection", "stream", "id")
# What a system works out itself, or what tells what a record is: no merge sets it.
_DERIVED = frozenset(
    ["last_activity_on", "email_bounced", "extra_emails", "is_person", "is_person_account", "is_converted",
     "converted_account_id", "converted_contact_id", "converted_deal_id", "parent_name"]
)  # fmt: skip


_ENDS = [f"{side}_{name}" for side in ("left", "right") for name in _KEY]


@dataclass(frozen=True, slots=True)
class Groups:
    """`members` has group, key, connection, stream, id, rank (0: survives), reason (of the survivor: why it does) and
    why (the reason of the group's weakest pair) and sure (that pair's probability). `leads` are those to be converted:
    connection, id, contact_id, sure, why."""

    members: pl.DataFrame
    leads: pl.DataFrame


def sure_groups(
    memberships: pl.DataFrame,
    pairs: pl.DataFrame,
    told: pl.DataFrame,
    rules: Sequence[RecordRule],
    merge_from: float,
    apart: pl.DataFrame | None = None,
) -> Groups:
    """The groups of records that may be merged, and the leads that may be converted onto a contact.

    All pairs of the entity that were judged must be decided "same", and pairs of at least `merge_from` must hold a
    group together. `told` is what `survivors.facts` gives; records it lacks take no part. Nor do the pairs of `apart`
    (what `job_changes` and `looked_up_alike` give).
    """
    edges = _sure_edges(memberships, pairs, merge_from)
    if apart is not None:
        edges = edges.join(apart, on=_ENDS, how="anti", maintain_order="left")
    records = told.with_columns(pl.concat_str(_KEY, separator="/").alias("key"))
    alike = edges.filter(pl.col("left_stream") == pl.col("right_stream"))
    leads = _conversions(edges, _joined(records, alike, rules))
    converted = leads.select("connection", pl.lit("leads").alias("stream"), "id")
    return Groups(_joined(records.join(converted, on=_KEY, how="anti"), alike, rules), leads)


def _sure_edges(memberships: pl.DataFrame, pairs: pl.DataFrame, merge_from: float) -> pl.DataFrame:
    """Pairs within one connection that are sure, of entities in which nothing is unsure."""
    ends = [
        memberships.select(*(pl.col(name).alias(f"{side}_{name}") for name in _KEY), pl.col("entity").alias(side))
        for side in ("left", "right")
    ]
    inside = pairs
    for side, end in zip(("left", "right"), ends, strict=True):
        inside = inside.join(end, on=[f"{side}_{name}" for name in _KEY], how="inner", maintain_order="left")
    inside = inside.filter(pl.col("left") == pl.col("right"))
    doubted = inside.filter(pl.col("decision") != "same").select("left").unique()
    sure = inside.join(doubted, on="left", how="anti").filter(
        (pl.col("probability") >= merge_from) & (pl.col("left_connection") == pl.col("right_connection"))
    )
    keys = [
        pl.concat_str([f"{side}_{name}" for name in _KEY], separator="/").alias(f"{side}_key")
        for side in ("left", "right")
    ]
    return sure.with_columns(keys)


def _joined(records: pl.DataFrame, edges: pl.DataFrame, rules: Sequence[RecordRule]) -> pl.DataFrame:
    """The records that the edges hold together, ranked within their group, and the group's weakest edge."""
    rows = records.sort("key").with_row_index("row")
    number = rows.select("key", "row")
    numbered = edges.join(number.rename({"key": "left_key", "row": "_left"}), on="left_key").join(
        number.rename({"key": "right_key", "row": "_right"}), on="right_key"
    )
    roots = components(rows.height, numbered.select(pl.col("_left").alias("left"), pl.col("_right").alias("right")))
    grouped = rows.with_columns(pl.Series("root", roots, dtype=pl.Int64))
    weakest = (
        numbered.join(grouped.select(pl.col("row").alias("_left"), "root"), on="_left")
        .sort("root", "probability", "left_key", "right_key")
        .unique("root", keep="first", maintain_order=True)
        .select("root", pl.col("probability").alias("sure"), pl.col("reason").alias("why"))
    )
    held = grouped.join(weakest, on="root", how="inner").with_columns(pl.col("key").min().over("root").alias("group"))
    return ranked(held, rules).select("group", "key", *_KEY, "rank", "reason", "why", "sure")


def _conversions(edges: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """Leads that are surely one contact, after the merges: the survivor, where the contact is to be merged."""
    sides = [
        edges.filter((pl.col(f"{lead}_stream") == "leads") & (pl.col(f"{contact}_stream") == "contacts")).select(
            pl.col(f"{lead}_connection").alias("connection"), pl.col(f"{lead}_id").alias("id"),
            pl.col(f"{contact}_key").alias("key"), pl.col(f"{contact}_id").alias("contact_id"),
            pl.col("probability").alias("sure"), pl.col("reason").alias("why"),
        )
        for lead, contact in (("left", "right"), ("right", "left"))
    ]  # fmt: skip
    survivors = groups.filter(pl.col("rank") == 0).select("group", pl.col("id").alias("_survivor"))
    placed = groups.select("key", "group").join(survivors, on="group")
    told = pl.concat(sides).join(placed, on="key", how="left")
    told = told.with_columns(pl.coalesce("_survivor", "contact_id").alias("contact_id"))
    one = pl.col("contact_id").n_unique().over("connection", "id") == 1
    ordered = told.filter(one).sort("connection", "id", "sure", "key", descending=[False, False, True, False])
    once = ordered.unique(["connection", "id"], keep="first", maintain_order=True)
    return once.select("connection", "id", "contact_id", "sure", "why")


def job_changes(pairs: pl.DataFrame, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The pairs of people (their six key columns) whose records name different employers: one person who moved.

    Told by the sites of their mailboxes, where the companies are not the same; where one has none, by the companies.
    One mailbox is one place of work, whatever the companies are called.
    """
    same = pairs.filter((pl.col("decision") == "same") & (pl.col("left_stream") != "accounts"))
    if same.is_empty():
        return same.select(_ENDS)
    keys = pl.concat(
        [same.select(pl.col(f"{side}_{name}").alias(name) for name in _KEY) for side in ("left", "right")]
    ).unique()  # fmt: skip
    work = _employers(keys, frames)
    told = same.select(_ENDS)
    for side in ("left", "right"):
        told = told.join(
            work.rename({name: f"{side}_{name}" for name in work.columns}),
            on=[f"{side}_{name}" for name in _KEY], how="inner", maintain_order="left",
        )  # fmt: skip

    def differ(name: str) -> pl.Expr:
        return (pl.col(f"left_{name}") != pl.col(f"right_{name}")).fill_null(value=False)

    def same_in(name: str) -> pl.Expr:
        return (pl.col(f"left_{name}") == pl.col(f"right_{name}")).fill_null(value=False)

    by_site = differ("email_domain") & ~same_in("company_key")
    by_name = ~same_in("email_domain") & ~differ("email_domain") & differ("company_word")
    return told.filter(~same_in("email_key") & (by_site | by_name)).select(_ENDS)


def looked_up_alike(pairs: pl.DataFrame, accounts: pl.DataFrame, looked_up: pl.DataFrame) -> pl.DataFrame:
    """The pairs of accounts (their six key columns) that an identifier from a register may have made one.

    A register is asked by name, so two companies of one name get one answer. Where an end is among `looked_up`
    (connection, id), another site, or another phone without the same site, speaks louder than the identifier.
    """
    same = pairs.filter((pl.col("decision") == "same") & (pl.col("left_stream") == "accounts"))
    if same.is_empty() or looked_up.is_empty():
        return same.clear().select(_ENDS)
    asked = pl.concat([same.select(pl.col(f"{side}_connection").alias("connection"), pl.col(f"{side}_id").alias("id"))
                       for side in ("left", "right")]).unique()  # fmt: skip
    known = normalise("accounts", accounts.join(asked, on=["connection", "id"], how="semi")).join(
        looked_up.select("connection", "id").unique().with_columns(pl.lit(value=True).alias("asked")),
        on=["connection", "id"], how="left", maintain_order="left",
    ).select("connection", "id", "domain_key", "phone_norm", pl.col("asked").fill_null(value=False))  # fmt: skip
    told = same.select(_ENDS)
    for side in ("left", "right"):
        told = told.join(
            known.rename({name: f"{side}_{name}" for name in known.columns}),
            on=[f"{side}_connection", f"{side}_id"], how="inner", maintain_order="left",
        )  # fmt: skip
    same_site = (pl.col("left_domain_key") == pl.col("right_domain_key")).fill_null(value=False)
    other_site = (pl.col("left_domain_key") != pl.col("right_domain_key")).fill_null(value=False)
    other_phone = (pl.col("left_phone_norm") != pl.col("right_phone_norm")).fill_null(value=False)
    is_asked = pl.col("left_asked") | pl.col("right_asked")
    return told.filter(is_asked & (other_site | (other_phone & ~same_site))).select(_ENDS)


def _employers(keys: pl.DataFrame, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The people of `keys` with email_key, email_domain, company_key and its first word; a contact's company is that of
    its account where it names none."""
    parts = []
    for stream in ("contacts", "leads"):
        if stream in frames:
            mine = keys.filter(pl.col("stream") == stream)
            parts.append(
                _with_account(
                    normalise(stream, frames[stream].join(mine, on=["connection", "id"], how="semi")), frames
                ).select("connection", pl.lit(stream).alias("stream"), "id", "email_key", "email_domain", "company_key")
            )
    word = pl.col("company_key").str.split(" ").list.first().alias("company_word")
    return pl.concat(parts).with_columns(word) if parts else keys.clear()


def _with_account(people: pl.DataFrame, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    if "account_id" not in people.columns or "accounts" not in frames:
        return people
    accounts = frames["accounts"].select("connection", pl.col("id").alias("account_id"), pl.col("name").alias("_name"))
    joined = people.join(accounts, on=["connection", "account_id"], how="left", maintain_order="left")
    name = company_name.match_key(joined["_name"])
    return joined.with_columns(pl.coalesce("company_key", pl.lit(name)).alias("company_key"))


def surviving(
    stream: str,
    members: pl.DataFrame,
    frame: pl.DataFrame,
    configured: Mapping[str, Sequence[FieldRule]],
    *,
    readable: pl.DataFrame | None = None,
    never: Collection[str] = (),
    order: Sequence[str] = (),
    stages: Sequence[str] = (),
    history: pl.DataFrame | None = None,
    filling: Collection[str] = (),
    dials: bool = False,
    default_country: str | None = None,
) -> Survived:
    """The values that each group of one stream is to have after its merge.

    `frame` holds the stream's records. A field that a group's connection does not show stays out of it: unknown is
    not blank. `never` lists stream.field that nothing may write. `filling` connections fill whatever would be blank.
    With `dials`, phone numbers are brought into the form that the surviving country gives them.
    """
    known = Readable(readable)
    rules = {
        field: chain
        for field, chain in rules_of(stream, configured).items()
        if field in frame.columns and field not in _DERIVED and f"{stream}.{field}" not in never
    }
    mine = members.filter(pl.col("stream") == stream)
    joined = mine.join(frame, on=["connection", "id"], how="inner", maintain_order="left")
    hidden = {
        field: [name for name in joined["connection"].unique().to_list()
                if not known.is_known(frame, name, stream, field)]
        for field in rules
    }  # fmt: skip
    shown = joined.with_columns(
        pl.when(~pl.col("connection").is_in(names)).then(pl.col(field)).alias(field)
        for field, names in hidden.items()
        if names
    )
    records = shown.select(
        "group", "key", "rank", "connection", pl.col("changed_at").dt.epoch("us").alias("at"), *rules
    )
    survived = survive(records, rules, order=order, stages=stages, history=history)
    whole = _filled(survived, records, rules, filling)
    return _dialled(whole, default_country) if dials else whole


def _filled(
    survived: Survived, records: pl.DataFrame, rules: Mapping[str, Sequence[FieldRule]], filling: Collection[str]
) -> Survived:
    """The values with the blanks filled that the connections of `filling` would fill: by the first record that can."""
    mine = records.filter(pl.col("connection").is_in(list(filling))).sort("group", "rank")
    values, sources = survived.values, [survived.sources]
    for field in rules:
        lacking = values.filter(pl.col(field).is_null()).select("group")
        some = mine.filter(~blank(mine, field)).join(lacking, on="group", how="semi")
        first = some.unique("group", keep="first", maintain_order=True)
        fill = first.select("group", pl.col(field).alias("_fill"))
        values = values.join(fill, on="group", how="left", maintain_order="left").with_columns(
            pl.coalesce(field, "_fill").alias(field)
        ).drop("_fill")  # fmt: skip
        told = first.select(
            "group", pl.lit(field).alias("field"), pl.col("key").alias("source"), pl.lit("fill").alias("rule"),
            pl.lit("the system fills blanks").alias("reason"),
        )  # fmt: skip
        sources.append(told.cast(SOURCES))
    return Survived(values, pl.concat(sources).sort("group", "field"))


def _dialled(survived: Survived, default_country: str | None) -> Survived:
    """The values with phone numbers in the form that the surviving country gives them."""
    values = survived.values
    if "country" not in values.columns:
        return survived
    regions = country.normalise(values["country"])
    formed = [
        pl.coalesce(dialled(values[name], regions, default_country), values[name]).alias(name)
        for name in ("phone", "mobile")
        if name in values.columns
    ]
    return Survived(values.with_columns(formed), survived.sources)


def loses_itself(members: pl.DataFrame, accounts: pl.DataFrame) -> pl.Series:
    """Groups of accounts of which one stands above another: merged, an account would become its own parent.

    Groups may do so together, where one of each stands above one of the next. Of those one is left out, the last by
    name, and the others may be merged.
    """
    here = members.filter(pl.col("stream") == "accounts").select("group", "connection", "id")
    parents = accounts.select("connection", "id", "parent_id").drop_nulls("parent_id")
    left = here
    while not (circles := _circles(left, parents)).is_empty():
        left = left.filter(~pl.col("group").is_in(circles.implode()))
    return here.join(left, on="group", how="anti")["group"].unique().sort()


def _circles(members: pl.DataFrame, parents: pl.DataFrame) -> pl.Series:
    """The groups from which the way up leads back to them, each group taken as one account and every circle told of
    its last group."""
    steps = parents.rename({"id": "at", "parent_id": "above"})
    for end in ("at", "above"):
        named = members.select("connection", pl.col("id").alias(end), "group")
        steps = steps.join(named, on=["connection", end], how="left").with_columns(
            pl.coalesce("group", end).alias(end)
        ).drop("group")  # fmt: skip
    groups = members["group"].unique().implode()
    walked = members.select("group", "connection", pl.col("group").alias("at")).unique()
    found = [walked["group"].clear()]
    for _ in range(_DEEPEST):
        up = walked.join(steps, on=["connection", "at"]).select("group", "connection", pl.col("above").alias("at"))
        found.append(up.filter(pl.col("at") == pl.col("group"))["group"])
        walked = up.filter(~pl.col("at").is_in(groups) | (pl.col("at") < pl.col("group"))).unique()
        if walked.is_empty():
            break
    return pl.concat(found).unique()


# More generations than any real hierarchy has; a circle ends here.
_DEEPEST = 12
