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
    held = {f"{side}_{part}": table[f"{side}_{name}_{part}"] for part in ("now", "was", "known") for side in SIDES}
    told = pl.DataFrame(
        {
            **columns, "left_to": left_to, "right_to": right_to, **held,
            **{f"{side}_form": form for side, form in forms.items()},
            **{f"{side}_across": form for side, form in across.items()},
        }
    )  # fmt: skip
    asked = told.select(
        "left", "right", (_same("left") | _same("right")).alias("same"), "left_now", "right_now",
        *(pl.col(f"{side}_was").list.first() for side in SIDES),
        *((_is_based(f"{side}_was") & (_is_agreed() | _is_contested())).alias(f"{side}_based") for side in SIDES),
        _is_contested().alias("contested"),
        (pl.col("left_known") & pl.col("right_known")).alias("known"), "left_to", "right_to",
    )  # fmt: skip
    wanted = pl.when("known").then(moves(asked, field.policy)).otherwise(pl.lit("stay"))
    decisions = asked.with_columns(wanted.alias("move")).drop("known")
    if not overruled:
        return decisions
    rows = list(overruled)
    return decisions.with_columns(decisions["move"].scatter(rows, [overruled[row] for row in rows]))


def _is_based(was: str) -> pl.Expr:
    """Whether a base says what the side held: an empty one says that its record took the place of another."""
    return (pl.col(was).list.len() > 0).fill_null(value=False)


def _is_agreed() -> pl.Expr:
    return pl.all_horizontal(_is_based(f"{side}_was") for side in SIDES)


def _is_contested() -> pl.Expr:
    """Where the two agreed once, and a join of records left a value that neither is known to have agreed on."""
    return pl.all_horizontal(pl.col(f"{side}_was").is_not_null() for side in SIDES) & ~_is_agreed()


def _same(side: str) -> pl.Expr:
    """Where the value of a side, carried over, is what the other side has; not where it has no counterpart there."""
    form, across = pl.col(f"{side}_form"), pl.col(f"{side}_across")
    other = pl.col("right_form" if side == "left" else "left_form")
    return across.eq_missing(other) & ~(form.is_not_null() & across.is_null())


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


def new_bases(table: pl.DataFrame, decisions: Mapping[str, pl.DataFrame], between: tuple[str, str]) -> pl.DataFrame:
    """The bases that are to be written (columns as the store's) where pairs came to agree: `decisions` has the frames
    of `decided` by field, rows as in `table`."""
    made = []
    for side, other, name in (("left", "right", between[0]), ("right", "left", between[1])):
        held = table.with_columns(
            column.alias(f"{field}_{column.name}")
            for field, rows in decisions.items()
            for column in (rows[f"{side}_now"].alias("now"), rows["move"])
        )
        fresh, fields = {}, []
        for field in decisions:
            now, was = pl.col(f"{field}_now"), pl.col(f"{side}_{field}_was")
            is_known = _is_based(f"{side}_{field}_was") & was.list.first().eq_missing(now)
            fresh[field] = (pl.col(f"{field}_move") == "agree") & ~is_known
            fields.append(pl.when(fresh[field]).then(pl.concat_list(now)).otherwise(was).alias(field))
        moved = held.filter(pl.any_horizontal(list(fresh.values())))
        made.append(
            moved.select(
                pl.lit(name).alias("connection"), pl.col(f"{side}_stream").alias("stream"),
                pl.col(f"{side}_id").alias("id"), pl.col(f"{other}_key").alias("partner"),
                pl.struct(fields).struct.json_encode().alias("fields"),
            )
        )  # fmt: skip
    return pl.concat(made)


def chosen(table: pl.DataFrame, where: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """The pairs that were agreed before, or one side of which has one of the values that `where` names per field."""
    wanted = pl.lit(value=True)
    for name, values in where.items():
        sides = [pl.col(f"{side}_{name}").is_in(list(values)).fill_null(value=False) for side in SIDES]
        wanted &= sides[0] | sides[1]
    based = [column for column in table.columns if column.endswith("_was")]
    return table.filter(wanted | pl.any_horizontal(pl.col(name).is_not_null() for name in based))
