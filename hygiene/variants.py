"""Spelling variants: one thing written in several ways within a column, and words one keystroke from a known one."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import OSA

from hygiene.data import words
from hygiene.findings import found, gathered
from hygiene.kinds import country
from hygiene.kinds.spelling import fold, tidy
from hygiene.known import live
from model.streams import STREAMS, Field

VARIANTS = pl.Schema(
    {"connection": pl.String, "stream": pl.String, "field": pl.String, "value": pl.String, "count": pl.Int64,
     "suggestion": pl.String, "suggestion_count": pl.Int64, "reason": pl.String}
)  # fmt: skip
# A column of more distinct values than this is free text, not a vocabulary.
_MAX_CATEGORIES = 500
_FEW_WORDS = re.compile(r"^[^\W\d_]{6,}$")


@dataclass(frozen=True, slots=True)
class Variants:
    """One row per value that should probably be written otherwise, and the same as findings (one per value and stream,
    so without record id)."""

    table: pl.DataFrame
    findings: pl.DataFrame


def variants(
    frames: Mapping[str, pl.DataFrame], vocabularies: Mapping[tuple[str, str], Collection[str]] | None = None
) -> Variants:
    """Compare the distinct values of categorical, country and company-name columns, over all connections together.

    `vocabularies` lists by (stream, field) values that are right by definition, such as the names in a product list.
    """
    known = vocabularies or {}
    parts = [
        _varied(frame, stream, field, known.get((stream, field.name), ()))
        for stream, frame in sorted(frames.items())
        if stream in STREAMS
        for field in STREAMS[stream].fields
        if field.name in frame.columns and field.kind in ("picklist", "country", "company_name")
    ]
    table = pl.concat([VARIANTS.to_frame(), *parts]).sort("stream", "field", "connection", "value")
    message = pl.format(
        "{} ({} {}) is probably meant to be {}: {}", pl.format('"{}"', "value"), "count",
        pl.when(pl.col("count") == 1).then(pl.lit("record")).otherwise(pl.lit("records")),
        pl.format('"{}"', "suggestion"), "reason",
    )  # fmt: skip
    told = table.with_columns(pl.lit("").alias("id"))
    return Variants(
        table, gathered([found(told, "spelling-variant", message, field=pl.col("field"), value=pl.col("value"))])
    )


def _varied(frame: pl.DataFrame, stream: str, field: Field, vocabulary: Collection[str]) -> pl.DataFrame:
    values = live(stream, frame).select("connection", pl.col(field.name).cast(pl.String).alias("value"))
    filled = values.filter(pl.col("value").str.strip_chars() != "")
    counts = dict(filled.group_by("value").agg(pl.len()).sort("value").iter_rows())
    meant = _suggestions(counts, field, vocabulary)
    if not meant:
        return VARIANTS.to_frame()
    rows = [
        (value, suggestion, counts.get(suggestion, 0), reason) for value, (suggestion, reason) in sorted(meant.items())
    ]
    columns = {"value": pl.String, "suggestion": pl.String, "suggestion_count": pl.Int64, "reason": pl.String}
    table = pl.DataFrame(rows, schema=columns, orient="row")
    counted = filled.group_by("connection", "value").agg(pl.len().cast(pl.Int64).alias("count"))
    joined = counted.join(table, on="value", how="inner")
    return joined.with_columns(pl.lit(stream).alias("stream"), pl.lit(field.name).alias("field")).select(
        VARIANTS.names()
    )


def _suggestions(counts: Mapping[str, int], field: Field, vocabulary: Collection[str]) -> dict[str, tuple[str, str]]:
    """By value, what it should probably be and why; the first explanation that fits."""
    if field.kind == "country":
        return _countries(counts)
    meant = _same_letters(counts, vocabulary)
    if field.kind == "company_name":
        return meant
    if len(counts) <= _MAX_CATEGORIES:
        for explain in (_near_vocabulary, _near_words, _glued, _near_each_other):
            for value, answer in explain(counts, vocabulary).items():
                meant.setdefault(value, answer)
    return {value: answer for value, answer in meant.items() if value not in vocabulary}


def _countries(counts: Mapping[str, int]) -> dict[str, tuple[str, str]]:
    meant = {}
    for value in counts:
        code = country.code_of(value)
        near = country.suggestion(value)
        if near:
            meant[value] = (country.names()[near], "not a country, but a keystroke from one")
        elif code and country.is_misspelt(value):
            meant[value] = (country.names()[code], "a known misspelling")
    return meant


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", fold(tidy(text)))


def _same_letters(counts: Mapping[str, int], vocabulary: Collection[str]) -> dict[str, tuple[str, str]]:
    """Values that differ in case, blanks, punctuation or diacritics only: the listed or most frequent one is meant."""
    groups: dict[str, list[str]] = {}
    for value in {*counts, *vocabulary}:
        if _letters(value):
            groups.setdefault(_letters(value), []).append(value)
    meant = {}
    for listed in groups.values():
        if len(listed) < 2:
            continue
        best = min(listed, key=lambda value: (value not in vocabulary, -counts.get(value, 0), value))
        meant.update({value: (best, "same letters") for value in listed if value != best and value in counts})
    return meant


def _near_vocabulary(counts: Mapping[str, int], vocabulary: Collection[str]) -> dict[str, tuple[str, str]]:
    listed = sorted(vocabulary)
    known = {_letters(value) for value in listed}
    meant = {}
    for value in counts:
        if len(value) >= 6 and _letters(value) not in known and listed:
            near = process.extract(value, listed, scorer=OSA.distance, score_cutoff=1, limit=2)
            if len(near) == 1:
                meant[value] = (near[0][0], "one keystroke from a listed value")
    return meant


def _near_words(counts: Mapping[str, int], _: Collection[str]) -> dict[str, tuple[str, str]]:
    """Values with a word one keystroke from a word of the bundled vocabulary: technolgy."""
    known = sorted(words("vocabulary.txt"))
    meant = {}
    for value in counts:
        fixed, listed = value, re.findall(r"[^\W\d_]+", value)
        for word in listed:
            right = _right_word(word, known)
            if right:
                fixed = re.sub(rf"\b{re.escape(word)}\b", _in_case(right, word), fixed)
        if fixed != value:
            meant[value] = (fixed, "one keystroke from a known word")
    return meant


def _right_word(word: str, known: list[str]) -> str | None:
    lowered = word.lower()
    if not _FEW_WORDS.match(lowered) or lowered in words("vocabulary.txt") or _is_inflected(lowered):
        return None
    near = process.extract(lowered, known, scorer=OSA.distance, score_cutoff=1, limit=2)
    return near[0][0] if len(near) == 1 and len(near[0][0]) >= 7 else None


def _is_inflected(word: str) -> bool:
    """A listed word with or without a plural, or with a common ending of its own, is no misspelling."""
    known = words("vocabulary.txt")
    return any(
        candidate in known
        for candidate in (
            f"{word}s",
            word.removesuffix("s"),
            word.removesuffix("es"),
            f"{word}es",
            word.removesuffix("d"),
        )
        if candidate != word
    ) or any(word.endswith(ending) and f"{word.removesuffix(ending)}{other}" in known for ending, other in _ENDINGS)


_ENDINGS = (("or", "ing"), ("er", "ing"), ("ed", "ing"), ("ary", "aries"), ("y", "ies"), ("ies", "y"), ("er", "e"))


def _in_case(right: str, written: str) -> str:
    if written.isupper():
        return right.upper()
    return right.capitalize() if written[:1].isupper() else right


def _glued(counts: Mapping[str, int], vocabulary: Collection[str]) -> dict[str, tuple[str, str]]:
    """Words run together that other values write apart: GTXPro beside GTX Basic and MG Pro."""
    parts = {
        word for value in {*counts, *vocabulary} for word in value.split() if " " in value.strip() and len(word) >= 2
    }
    meant = {}
    for value in counts:
        if " " in value or value in parts:
            continue
        cuts = [
            f"{value[:cut]} {value[cut:]}"
            for cut in range(2, len(value) - 1)
            if value[:cut] in parts and value[cut:] in parts and value[cut].isupper()
        ]
        if len(cuts) == 1:
            meant[value] = (cuts[0], "written apart in other values")
    return meant


def _near_each_other(counts: Mapping[str, int], _: Collection[str]) -> dict[str, tuple[str, str]]:
    """A rare long value one keystroke from one that is at least ten times as frequent."""
    listed = sorted(value for value in counts if len(value) >= 8 and not any(letter.isdigit() for letter in value))
    meant = {}
    for value in listed:
        near = process.extract(value, listed, scorer=OSA.distance, score_cutoff=1, limit=5)
        often = [other for other, _, _ in near if other != value and counts[other] >= 10 * counts[value]]
        if len(often) == 1 and fold(often[0]).rstrip("s") != fold(value).rstrip("s"):
            meant[value] = (often[0], "rare, and one keystroke from a frequent value")
    return meant
