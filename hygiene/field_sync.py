"""Field sync: pairs of partner records, field by field, against what they last agreed on; and the bases that follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from hygiene.alike import formed
from hygiene.threeway import Policy, moves
from model.streams import Kind

SIDES = ("left", "right")


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """One field to be kept alike. `translation` (left, right: text) turns values of one side into those of the other,
    and what it does not hold has no counterpart; None where both sides hold the same values. With `newest`, of two
    changes the one that surely was made later counts."""

    name: str
    kind: Kind
    policy: Policy
    translation: pl.DataFrame | None = None
    newest: bool = False


def paired(pairs: pl.DataFrame, left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """The pairs of which both records are at hand, each column of a record with its side in front of the name."""
    for side, records in zip(SIDES, (left, right), strict=True):
        named = records.rename({name: f"{side}_{name}" for name in records.columns})
        pairs = pairs.join(named, on=[f"{side}_stream", f"{side}_id"], how="inner", maintain_order="left")
    return pairs


def with_bases(table: pl.DataFrame, bases: pl.DataFrame, between: tuple[str, str], types: pl.Schema) -> pl.DataFrame:
    """The pairs with a column `{side}_{field}_was` for each field: a list of the value of the base, null without one.

    A base counts only while its partner is the other record of the pair. `bases` is what the store holds, `types` the
    fields' types.
    """
    told = pl.Struct({name: pl.List(kind) for name, kind in types.items()})
    key = [pl.format("{}/{}/{}", pl.lit(name), f"{side}_stream", f"{side}_id")
           for side, name in zip(SIDES, between, strict=True)]  # fmt: skip
    table = table.with_columns(key[0].alias("left_key"), key[1].alias("right_key"))
    for side, other in (("left", "right"), ("right", "left")):
        mine = bases.select(
            pl.format("{}/{}/{}", "connection", "stream", "id").alias(f"{side}_key"),
            pl.col("partner").alias(f"{other}_key"),
            pl.col("fields").str.json_decode(told).alias("_told"),
        ).unnest("_told")
        mine = mine.rename({name: f"{side}_{name}_was" for name in types})
        table = table.join(mine, on=["left_key", "right_key"], how="left", maintain_order="left")
    return table


def decided(
    table: pl.DataFrame, field: FieldPlan, default_country: str | None, overruled: Mapping[int, str] | None = None
) -> pl.DataFrame:
    """What is to be done about one field of each pair: the table's rows with move, left_to and right_to.

    `left_to` is the left value as the right system would hold it, null where it has no counterpart, and the other way
    round. `overruled` has moves by row that a person decided. Pairs of which a side does not know the field stay.
    """
    name = field.name
    columns = {side: table[f"{side}_{name}"] for side in SIDES}
    left_to, right_to = _translated(columns["left"], columns["right"], field.translation)
    forms = {
        side: formed(values, field.kind, _regions(table, side), default_country)
        for side, values in (("left", columns["left"]), ("right", columns["right"]))
    }
    across = forms
    if field.translation is not None:
        across = {
            "left": formed(left_to, field.kind, _regions(table, "left"), default_country),
            "right": formed(right_to, field.kind, _regions(table, "right"), default_country),
        }
    lost = {
        "left": forms["left"].is_not_null() & across["left"].is_null(),
        "right": forms["right"].is_not_null() & across["right"].is_null(),
    }
    same = (_alike(forms["left"], across["right"]) & ~lost["right"]) | (
        _alike(across["left"], forms["right"]) & ~lost["left"]
    )
    known = table[f"left_{name}_known"] & table[f"right_{name}_known"]
    asked = pl.DataFrame(
        {
            "left": columns["left"], "right": columns["right"], "same": same,
            **{f"{side}_now": table[f"{side}_{name}_now"] for side in SIDES},
            **{f"{side}_was": table[f"{side}_{name}_was"].list.first() for side in SIDES},
            "based": table[f"left_{name}_was"].is_not_null() & table[f"right_{name}_was"].is_not_null(),
        }
    )  # fmt: skip
    wanted = moves(asked, field.policy).set(~known, "stay")
    if overruled:
        rows = list(overruled)
        wanted = wanted.scatter(rows, [overruled[row] for row in rows])
    return asked.with_columns(wanted.alias("move"), left_to.alias("left_to"), right_to.alias("right_to"))


def _regions(table: pl.DataFrame, side: str) -> pl.Series | None:
    name = f"{side}_region"
    return table[name] if name in table.columns else None


def _translated(left: pl.Series, right: pl.Series, translation: pl.DataFrame | None) -> tuple[pl.Series, pl.Series]:
    if translation is None:
        return left, right
    to_right = dict(translation.select("left", "right").iter_rows())
    to_left = dict(translation.select("right", "left").iter_rows())
    return (
        left.replace_strict(to_right, default=None, return_dtype=left.dtype),
        right.replace_strict(to_left, default=None, return_dtype=right.dtype),
    )


def _alike(one: pl.Series, other: pl.Series) -> pl.Series:
    return one.eq_missing(other)


def new_bases(table: pl.DataFrame, decisions: Mapping[str, pl.DataFrame], between: tuple[str, str]) -> pl.DataFrame:
    """The bases that are to be written (columns as the store's) where pairs came to agree: `decisions` has the frames
    of `decided` by field, rows as in `table`."""
    made = []
    for side, other, name in (("left", "right", between[0]), ("right", "left", between[1])):
        columns = []
        moved = pl.Series([False] * len(table), dtype=pl.Boolean)
        for field, rows in decisions.items():
            now, was = rows[f"{side}_now"], table[f"{side}_{field}_was"]
            fresh = (rows["move"] == "agree") & ~(was.is_not_null() & was.list.first().eq_missing(now))
            moved |= fresh
            held = pl.DataFrame({"now": now, "was": was, "fresh": fresh})
            columns.append(
                held.select(pl.when("fresh").then(pl.concat_list("now")).otherwise("was").alias(field)).to_series()
            )
        fields = pl.DataFrame(columns).select(pl.struct(pl.all()).struct.json_encode().alias("fields")).to_series()
        whole = table.select(
            pl.lit(name).alias("connection"), pl.col(f"{side}_stream").alias("stream"),
            pl.col(f"{side}_id").alias("id"), pl.col(f"{other}_key").alias("partner"),
        ).with_columns(fields)  # fmt: skip
        made.append(whole.filter(moved))
    return pl.concat(made)


def chosen(table: pl.DataFrame, where: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """The pairs that were agreed before, or one side of which has one of the values that `where` names per field."""
    wanted = pl.lit(value=True)
    for name, values in where.items():
        sides = [pl.col(f"{side}_{name}").is_in(list(values)).fill_null(value=False) for side in SIDES]
        wanted &= sides[0] | sides[1]
    based = [column for column in table.columns if column.endswith("_was")]
    return table.filter(wanted | pl.any_horizontal(pl.col(name).is_not_null() for name in based))


def moved_bases(bases: pl.DataFrame, heirs: pl.DataFrame) -> pl.DataFrame:
    """The bases of records that live on in another, as bases of that one: after a merge the survivor takes the place
    that a loser had, after a conversion the contact that of the lead. One that has a base of its own keeps it.

    `heirs` has connection, stream, id and heir (connection/stream/id); chains lead to their end. Columns as of the
    store's bases.
    """
    ends = _ends(heirs)
    if ends.is_empty():
        return bases.clear()
    own = bases.with_columns(pl.concat_str("connection", "stream", "id", separator="/").alias("key"))
    told = own.join(ends, on="key", how="left").join(
        ends.select(pl.col("key").alias("partner"), pl.col("heir").alias("_partner")), on="partner", how="left"
    )
    moved = told.filter(pl.col("heir").is_not_null() | pl.col("_partner").is_not_null()).with_columns(
        pl.coalesce("heir", "key").alias("heir"), pl.coalesce("_partner", "partner").alias("partner")
    )
    taken = moved.filter((pl.col("heir") != pl.col("key")) & pl.col("heir").is_in(own["key"].implode()))
    free = moved.join(taken, on="key", how="anti").sort("key").unique("heir", keep="first", maintain_order=True)
    parts = pl.col("heir").str.splitn("/", 3)
    return free.select(
        parts.struct.field("field_0").alias("connection"), parts.struct.field("field_1").alias("stream"),
        parts.struct.field("field_2").alias("id"), "partner", "fields",
    )  # fmt: skip


def _ends(heirs: pl.DataFrame) -> pl.DataFrame:
    """key and heir of every record that lives on in another, which is the last of its chain."""
    step = dict(heirs.select(pl.concat_str("connection", "stream", "id", separator="/"), "heir").iter_rows())
    ends: dict[str, str] = {}
    for key in step:
        at, seen = key, {key}
        while (after := step.get(at)) is not None and after not in seen:
            at = after
            seen.add(at)
        if at != key:
            ends[key] = at
    return pl.DataFrame(list(ends.items()), schema={"key": pl.String, "heir": pl.String}, orient="row")
