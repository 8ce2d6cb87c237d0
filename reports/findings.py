"""Findings for people: by rule with examples, by chapter with what to do, and by record with the gravest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from hygiene.rules import RULES
from reports.content import Chapter, Example, FindingGroup, Gravity
from reports.records import KEY, Frames, key_text, keys_of, named
from reports.wording import brief, brief_column

EXAMPLES = 8
SEVERITIES = ("high", "medium", "low", "info")
_FLAWS = SEVERITIES[:3]


@dataclass(frozen=True, slots=True)
class _Kind:
    title: str
    advice: str


# By `hygiene.rules.Rule.group`.
_CHAPTERS: Mapping[str, _Kind] = {
    "consent": _Kind("Consent", "Set the opt-out on every record of the person before the next mailing."),
    "duplicates": _Kind("Duplicates", "Look through the planned merges; decide unsure pairs with trueline review."),
    "sync": _Kind("Two CRMs kept alike", "Answer trueline conflicts; add missing values to [sync]."),
    "hierarchy": _Kind("Account hierarchies", "Break the circles; let trueline plan set the parents that are sure."),
    "deals": _Kind("Deals", "Ask the owners for a next step and a close date, or close the deals."),
    "fields": _Kind("Wrong values", "Let trueline plan correct what is certain; the rest needs a person."),
    "completeness": _Kind("Missing values", "Fill what is required, or take the field off the list in trueline.toml."),
    "links": _Kind("People without account", "Let trueline plan link what is certain; a person must link the rest."),
}  # fmt: skip
_OTHER = _Kind("Other", "Look at the records below.")


def still_true(findings: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """Findings about live records, about values and about streams the report does not judge."""
    live = keys_of(frames, frames).with_columns(is_live=pl.lit(value=True))
    told = findings.join(live, on=KEY, how="left", maintain_order="left")
    is_live = pl.col("is_live").fill_null(value=False) | (pl.col("id") == "") | ~pl.col("stream").is_in(list(frames))
    return told.filter(is_live).drop("is_live")


def on_records(findings: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """Columns rule, severity, connection, stream, id: which record each finding is about, each once per rule.

    A finding about a value (without id, with field and value) is about all records that hold the value.
    """
    columns = ["rule", "severity", *KEY]
    parts = [findings.filter(pl.col("id") != "").select(columns)]
    values = findings.filter((pl.col("id") == "") & pl.col("value").is_not_null() & pl.col("field").is_not_null())
    for (stream, field), part in values.partition_by("stream", "field", as_dict=True).items():
        frame = frames.get(str(stream))
        if frame is None or str(field) not in frame.columns:
            continue
        held = frame.select("connection", pl.col("id"), pl.col(str(field)).cast(pl.String).alias("value"))
        blamed = part.select("rule", "severity", "connection", "stream", "value")
        parts.append(held.join(blamed, on=["connection", "value"], how="inner").select(columns))
    return pl.concat(parts).unique()


def gravity_of(about: pl.DataFrame, frames: Frames) -> Gravity:
    """Judged records by their gravest finding; `about` as `on_records` gives it. Info is no flaw."""
    return _gravity(about.join(keys_of(frames), on=KEY, how="semi"))


def _gravity(about: pl.DataFrame) -> Gravity:
    rank = pl.col("severity").replace_strict({name: place for place, name in enumerate(_FLAWS)}, return_dtype=pl.Int8)
    flaws = about.filter(pl.col("severity").is_in(_FLAWS)).group_by(KEY).agg(rank.min().alias("rank"))
    counts = dict(flaws.group_by("rank").len().iter_rows())
    return Gravity(*(counts.get(place, 0) for place in range(len(_FLAWS))))


def chapters_of(about: pl.DataFrame, frames: Frames) -> tuple[Chapter, ...]:
    """The kinds of trouble judged records have, the gravest and most frequent first."""
    judged = about.join(keys_of(frames), on=KEY, how="semi")
    slugs = {rule: RULES[rule].group for rule in judged["rule"].unique().to_list()}
    grouped = judged.with_columns(pl.col("rule").replace_strict(slugs, return_dtype=pl.String).alias("chapter"))
    chapters = []
    for (slug,), part in grouped.partition_by("chapter", as_dict=True).items():
        kind, gravity = _CHAPTERS.get(str(slug), _OTHER), _gravity(part)
        if gravity.records:
            chapters.append(Chapter(str(slug), kind.title, gravity, kind.advice))
    return tuple(sorted(chapters, key=_weight))


def _weight(chapter: Chapter) -> tuple[int, int, int, str]:
    gravity = chapter.gravity
    return -gravity.high, -gravity.medium, -gravity.low, chapter.slug


def finding_groups(findings: pl.DataFrame, about: pl.DataFrame, frames: Frames) -> tuple[FindingGroup, ...]:
    """Findings by rule, the gravest and most frequent first, each with its first examples."""
    totals = dict(findings.group_by("rule").len().iter_rows())
    records = dict(about.group_by("rule").agg(pl.struct(KEY).n_unique()).iter_rows())
    examples = _examples(findings, frames)
    groups = [
        FindingGroup(rule, known.description, known.severity, _CHAPTERS.get(known.group, _OTHER).title,
                     records.get(rule, 0), totals[rule], tuple(examples[rule]))
        for rule, known in ((rule, RULES[rule]) for rule in totals)
    ]  # fmt: skip
    return tuple(sorted(groups, key=lambda group: (SEVERITIES.index(group.severity), -group.records, group.rule)))


def _examples(findings: pl.DataFrame, frames: Frames) -> dict[str, list[Example]]:
    chosen = findings.group_by("rule", maintain_order=True).head(EXAMPLES)
    names = named(chosen.filter(pl.col("id") != ""), frames)
    columns = ("rule", *KEY, brief_column("message"), brief_column("value"))
    examples: dict[str, list[Example]] = {}
    for rule, connection, stream, record_id, message, value in chosen.select(columns).iter_rows():
        sentence = message if value is None or value in message else f"{message}: {brief(value, 80)}"
        name = brief(names.get((connection, stream, record_id), ""), 120)
        key = brief(key_text(connection, stream, record_id), 120)
        examples.setdefault(rule, []).append(Example(key, name, sentence))
    return examples
