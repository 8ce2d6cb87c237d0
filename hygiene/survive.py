"""Survivorship: which of the values that the records of one entity hold is the one to keep, and why.

A field has a chain of rules. Each rule keeps the records that are best by it; the first that leaves one value decides,
and where none does, the record that ranks first has the last word. A blank never takes part, so it never replaces a
value. Parts that make sense together only, such as those of an address, come from one record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from hygiene.kinds import country, email
from hygiene.known import blank
from model.settings import FieldRule
from model.streams import STREAMS, Field, Kind

SOURCES = pl.Schema(
    {"group": pl.String, "field": pl.String, "source": pl.String, "rule": pl.String, "reason": pl.String}
)  # fmt: skip
# Columns of `records` that are no fields.
FRAME = ("group", "key", "rank", "connection", "at")
_BY_KIND: dict[Kind, tuple[FieldRule, ...]] = {
    "consent": ("opt-out",),
    "date": ("max",),
    "time": ("max",),
    "number": ("most-recent",),
    "money": ("most-recent",),
    "title": ("most-recent",),
    "company_name": ("most-frequent",),
    "country": ("most-frequent",),
}
_BY_NAME: dict[str, tuple[FieldRule, ...]] = {"lifecycle_stage": ("furthest",), "extra_emails": ("union",)}
# Fields of which one record gives all or none: the first of them leads, and its rules choose the record.
TOGETHER = (("street", "city", "state", "postal_code", "country"), ("revenue", "currency"), ("amount", "currency"),
            ("email", "email_bounced"))  # fmt: skip
_MEANINGS = {"email": email.normalise, "country": country.normalise}
# What is no value of its kind gives way to what is.
_SOUND: Mapping[str, Callable[[pl.Series], pl.Series]] = {
    "email": lambda values: email.problems(values).is_null(),
    "phone": lambda values: values.str.contains(r"\d{4}").fill_null(value=False),
    "mobile": lambda values: values.str.contains(r"\d{4}").fill_null(value=False),
}
_WIDE = frozenset(["state", "country"])


@dataclass(frozen=True, slots=True)
class Survived:
    """`values` has group and, typed, each field that was asked for; `sources` (schema `SOURCES`) has a row per group
    and field with a value: the key it came from, null where several records have a part in it, the rule and why."""

    values: pl.DataFrame
    sources: pl.DataFrame


def usual_rules(field: Field) -> tuple[FieldRule, ...]:
    """The rules of a field that the settings do not name."""
    return _BY_NAME.get(field.name) or _BY_KIND.get(field.kind, ("survivor",))


def rules_of(stream: str, configured: Mapping[str, Sequence[FieldRule]]) -> dict[str, Sequence[FieldRule]]:
    """By field of a stream its chain of rules."""
    return {field.name: configured.get(field.name) or usual_rules(field) for field in STREAMS[stream].fields}


def survive(
    records: pl.DataFrame,
    rules: Mapping[str, Sequence[FieldRule]],
    *,
    order: Sequence[str] = (),
    stages: Sequence[str] = (),
    history: pl.DataFrame | None = None,
) -> Survived:
    """The values of one record in the place of each group.

    `records` has group, key, rank (0: the record that survives; no two of a group alike), connection, at (when the
    record last changed) and the fields. `order` lists connections, the most trusted first; `stages` the values of a
    lifecycle in its order. `history` has key, field and at, where it is known when a field changed; a null field stands
    for all fields of the record. The order of the rows does not matter.
    """
    fields = [name for name in records.columns if name not in FRAME]
    # Blanks of one sort or another are one value: none.
    empty = [pl.when(~blank(records, name)).then(pl.col(name)).alias(name) for name in fields]
    records = records.with_columns(empty)
    full = pl.sum_horizontal(~blank(records, name) for name in fields).alias("_full")
    ordered = records.with_columns(full).sort("group", "rank")
    groups = ordered.select("group").unique(maintain_order=True)
    choice = _Choice(ordered, tuple(order), tuple(stages), history)
    values, sources, done = groups, [SOURCES.to_frame()], set[str]()
    for field in rules:
        if field in done:
            continue
        parts = tuple(name for name in _block(field, rules) if name in rules)
        chosen = choice.together(parts, rules[parts[0]]) if len(parts) > 1 else choice.one(field, rules[field])
        for name, part in chosen.items():
            values = values.join(part.select("group", pl.col("value").alias(name)), on="group", how="left")
            told = part.filter(pl.col("value").is_not_null()).with_columns(pl.lit(name).alias("field"))
            sources.append(told.select(SOURCES.names()).cast(SOURCES))
        done.update(parts)
    return Survived(values.select("group", *rules).sort("group"), pl.concat(sources).sort("group", "field"))


def _block(field: str, rules: Mapping[str, Sequence[FieldRule]]) -> tuple[str, ...]:
    return next((block for block in TOGETHER if field in block and block[0] in rules), (field,))


@dataclass(frozen=True, slots=True)
class _Choice:
    """The records of all groups, sorted by group and rank, and what the rules need to judge them."""

    records: pl.DataFrame
    order: tuple[str, ...]
    stages: tuple[str, ...]
    history: pl.DataFrame | None

    def one(self, field: str, chain: Sequence[FieldRule]) -> dict[str, pl.DataFrame]:
        """A field by itself: group, value, source, rule, reason."""
        filled = self._filled(field, self.records.filter(~blank(self.records, field)))
        if chain[0] == "union":
            return {field: _united(filled, field)}
        if chain[0] == "sum":
            return {field: _summed(filled, field)}
        return {field: self._best(filled, field, chain)}

    def together(self, block: tuple[str, ...], chain: Sequence[FieldRule]) -> dict[str, pl.DataFrame]:
        """Fields that come from one record.

        Only a record that fills whatever the surviving one fills may give them, so that nothing is lost; by the rule
        `survivor` only one that also says the same there, the fullest of these. What it leaves blank is filled from
        the next record that contradicts nothing and shares something.
        """
        flags = [(~blank(self.records, name)).alias(f"_has_{name}") for name in block]
        marked = self.records.with_columns(*flags, *(_folded(self.records, name).alias(f"_{name}") for name in block))
        has = [pl.col(f"_has_{name}") for name in block]
        some = marked.filter(pl.any_horizontal(has))
        own = [flag.first().over("group") for flag in has]
        fits = [flag | ~first for flag, first in zip(has, own, strict=True)]
        if chain[0] == "survivor":
            folds = [pl.col(f"_{name}") for name in block]
            says = [(fold == fold.first().over("group")).fill_null(value=False) for fold in folds]
            fits = [~first | same for first, same in zip(own, says, strict=True)]
        leading = marked.filter(pl.all_horizontal(fits) & pl.any_horizontal(has)).with_columns(
            pl.sum_horizontal(has).alias("_full")
        )
        if len(block) == 2:  # an amount and its currency: the second means nothing without the first
            leading = leading.filter(has[0] | ~has[0].any().over("group"))
        rivals = (some if len(block) > 2 else some.filter(has[0])).group_by("group").agg(pl.len().alias("_rivals"))
        leading = leading.join(rivals, on="group", how="left", maintain_order="left")
        spelt = pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in block], separator="\n")
        fullest: Sequence[FieldRule] = ("most-complete",) if chain[0] == "survivor" and len(block) > 2 else chain
        best = self._best(self._filled(block[0], leading.with_columns(spelt.alias("_block"))), "_block", fullest)
        kept = best.select("group", pl.col("source").alias("key"), "source", "rule", "reason")
        given = kept.join(some, on=["group", "key"], how="inner", maintain_order="left")
        return {name: _with_fill(given, some, block, name) for name in block}

    def _filled(self, field: str, records: pl.DataFrame) -> pl.DataFrame:
        """Records with a value, beside them how many of their group there are and when the value changed."""
        sized = records.with_columns(pl.len().over("group").alias("_filled"))
        return sized.with_columns(self._changed(sized, field).alias("_at"))

    def _changed(self, records: pl.DataFrame, field: str) -> pl.Series:
        if self.history is None or self.history.is_empty():
            return records["at"]
        own = self.history.filter(pl.col("field") == field).select("key", pl.col("at").alias("_own"))
        whole = self.history.filter(pl.col("field").is_null()).select("key", pl.col("at").alias("_whole"))
        told = records.select("key", "at")
        for part in (own, whole):
            told = told.join(part.unique("key", keep="last"), on="key", how="left", maintain_order="left")
        return told.select(pl.coalesce("_own", "_whole", "at")).to_series()

    def _best(self, filled: pl.DataFrame, field: str, chain: Sequence[FieldRule]) -> pl.DataFrame:
        """Of each group the value that the chain leaves: group, value, source, rule, reason."""
        told = filled.with_columns(_folded(filled, field).alias("_fold")).with_columns(
            pl.col("_fold").n_unique().over("group").alias("_values"),
            pl.lit(value=True).alias("_alive"),
            pl.lit(None, pl.String).alias("_rule"),
        )
        if field in _SOUND:
            sound = pl.Series("_sound", _SOUND[field](told[field]))
            told = told.with_columns(sound).with_columns(
                (pl.col("_sound") | ~pl.col("_sound").any().over("group")).alias("_alive")
            )
            left = pl.col("_fold").filter("_alive").n_unique().over("group")
            decides = (pl.col("_values") > 1) & (left == 1)
            told = told.with_columns(pl.when(decides).then(pl.lit("sound")).alias("_rule"))
        for rule in chain:
            told = told.with_columns(self._score(rule, told, field).cast(pl.Float64).fill_null(-1e308).alias("_score"))
            top = pl.col("_score").filter("_alive").max().over("group")
            told = told.with_columns((pl.col("_alive") & (pl.col("_score") == top)).alias("_alive"))
            left = pl.col("_fold").filter("_alive").n_unique().over("group")
            decides = pl.col("_rule").is_null() & (pl.col("_values") > 1) & (left == 1)
            told = told.with_columns(pl.when(decides).then(pl.lit(rule)).otherwise("_rule").alias("_rule"))
        first = told.filter("_alive").unique("group", keep="first", maintain_order=True)
        decided = pl.coalesce("_rule", pl.lit("survivor"))
        named = pl.when(pl.col("_values") == 1).then(pl.lit("agreed")).otherwise(decided)
        ruled = first.with_columns(named.alias("rule"), self._held(told, first).alias("_held"))
        return ruled.select(
            "group", pl.col(field).alias("value"), pl.col("key").alias("source"), "rule", _reason(ruled).alias("reason")
        )

    @staticmethod
    def _held(told: pl.DataFrame, first: pl.DataFrame) -> pl.Series:
        """How many records of its group hold each chosen value."""
        counts = told.group_by("group", "_fold").agg(pl.len().alias("_held"))
        return first.join(counts, on=["group", "_fold"], how="left", maintain_order="left")["_held"]

    def _score(self, rule: FieldRule, told: pl.DataFrame, field: str) -> pl.Expr:
        """What a rule goes by; more is better."""
        if rule == "most-recent":
            return pl.col("_at").cast(pl.Int64)
        if rule == "most-complete":
            return pl.col("_full")
        if rule == "most-frequent":
            return pl.len().over("group", "_fold")
        if rule == "system-order":
            return -pl.col("connection").replace_strict(
                {name: place for place, name in enumerate(self.order)}, default=len(self.order), return_dtype=pl.Int64
            )
        if rule == "longest":
            return pl.col(field).cast(pl.String).str.strip_chars().str.len_chars()
        if rule == "furthest":
            places = {_plain(stage): place for place, stage in enumerate(self.stages)}
            spelt = pl.col(field).cast(pl.String).str.to_lowercase().str.replace_all(r"[\W_]", "")
            return spelt.replace_strict(places, default=-1, return_dtype=pl.Int64)
        if rule in ("min", "max", "opt-out"):
            ranks = (pl.col(field).cast(pl.Int8) if rule == "opt-out" else pl.col(field)).rank("dense").cast(pl.Int64)
            return -ranks if rule == "min" else ranks
        return -pl.col("rank").cast(pl.Int64)


def _plain(stage: str) -> str:
    return re.sub(r"[\W_]", "", stage.lower())


def _folded(records: pl.DataFrame, field: str) -> pl.Series:
    """The values as they are compared: text without case and outer blanks, countries and e-mails by what they mean."""
    values = records[field]
    if values.dtype != pl.String:
        return values
    lowered = values.str.strip_chars().str.to_lowercase()
    meant = _MEANINGS[field](values) if field in _MEANINGS else lowered
    return meant.zip_with(meant.is_not_null(), lowered)


def _united(filled: pl.DataFrame, field: str) -> pl.DataFrame:
    """All options that any record names, each once, those of the first record first."""
    parts = filled.select(
        "group", "key", pl.col(field).cast(pl.String).str.split(";").alias("part"), "_filled"
    ).explode("part").with_columns(pl.col("part").str.strip_chars())  # fmt: skip
    named = parts.filter(pl.col("part") != "").with_columns(pl.col("part").str.to_lowercase().alias("_fold"))
    once = named.unique(["group", "_fold"], keep="first", maintain_order=True)
    whole = once.group_by("group", maintain_order=True).agg(
        pl.col("part").str.join(";").alias("value"),
        pl.when(pl.col("key").n_unique() == 1).then(pl.col("key").first()).alias("source"),
        pl.col("_filled").first(),
    )
    reason = pl.format("all that the {} records with a value name", "_filled")
    return whole.select("group", "value", "source", pl.lit("union").alias("rule"), reason.alias("reason"))


def _summed(filled: pl.DataFrame, field: str) -> pl.DataFrame:
    whole = filled.group_by("group", maintain_order=True).agg(
        pl.col(field).sum().alias("value"),
        pl.when(pl.len() == 1).then(pl.col("key").first()).alias("source"),
        pl.len().alias("_filled"),
    )
    reason = pl.format("the sum over {} records", "_filled")
    return whole.select("group", "value", "source", pl.lit("sum").alias("rule"), reason.alias("reason"))


def _with_fill(given: pl.DataFrame, some: pl.DataFrame, block: tuple[str, ...], field: str) -> pl.DataFrame:
    """One field of a block: from the record that gives the block, or filled from one that fits it."""
    filled = pl.when(f"_has_{field}").then(pl.col(field))
    own = given.select("group", filled.alias("value"), "source", "rule", "reason")
    lacking = given.filter(~pl.col(f"_has_{field}"))
    others = some.filter(f"_has_{field}").select("group", "key", "rank", *block)
    paired = lacking.select("group", *block).join(others, on="group", suffix="_other")
    both = {name: (_text(name), _text(f"{name}_other")) for name in block if name != field}
    # Two places in one country are not one place.
    narrow = [pair for name, pair in both.items() if name not in _WIDE]
    shares = pl.any_horizontal((one == other).fill_null(value=False) for one, other in narrow)
    opposes = pl.any_horizontal((one != other).fill_null(value=False) for one, other in both.values())
    fitting = paired.filter(shares & ~opposes).sort("group", "rank").unique("group", keep="first", maintain_order=True)
    fill = fitting.select("group", pl.col(f"{field}_other").alias("_value"), pl.col("key").alias("_source"))
    joined = own.join(fill, on="group", how="left", maintain_order="left")
    is_filled = pl.col("_source").is_not_null()
    return joined.select(
        "group",
        pl.coalesce("value", "_value").alias("value"),
        pl.coalesce(pl.when(is_filled).then("_source"), "source").alias("source"),
        pl.when(is_filled).then(pl.lit("fill")).otherwise("rule").alias("rule"),
        pl.when(is_filled).then(pl.lit("fills a gap of the address")).otherwise("reason")
        .alias("reason"),
    )  # fmt: skip


def _text(name: str) -> pl.Expr:
    spelt = pl.col(name).cast(pl.String).str.strip_chars().str.to_lowercase()
    return pl.when(spelt != "").then(spelt)


def _reason(chosen: pl.DataFrame) -> pl.Expr:
    """Why this value, in words."""
    when = pl.col("_at").cast(pl.Datetime("us")).dt.strftime("%Y-%m-%d")
    words: dict[str, pl.Expr] = {
        "most-recent": pl.concat_str(pl.lit("the newest, of "), when),
        "most-complete": pl.lit("of the fullest record"),
        "most-frequent": pl.format("held by {} of {} records", "_held", "_filled"),
        "system-order": pl.format("from {}, which comes first", "connection"),
        "longest": pl.lit("the longest"),
        "opt-out": pl.lit("an opt-out always wins"),
        "furthest": pl.lit("the furthest stage"),
        "sound": pl.lit("the only one that is valid"),
        "min": pl.lit("the least"),
        "max": pl.lit("the greatest"),
    }
    rivals = pl.col("_rivals") if "_rivals" in chosen.columns else pl.col("_filled")
    agreed = (
        pl.when(rivals > pl.col("_filled")).then(pl.lit("the fullest address"))
        .when(pl.col("_filled") == 1).then(pl.lit("the only value"))
        .otherwise(pl.lit("all agree"))
    )  # fmt: skip
    own = pl.when(pl.col("rank") == 0).then(pl.lit("the survivor's"))
    reason = own.otherwise(pl.lit("of the first record that has one"))
    for rule, said in words.items():
        reason = pl.when(pl.col("rule") == rule).then(said).otherwise(reason)
    return pl.when(pl.col("rule") == "agreed").then(agreed).otherwise(reason)
