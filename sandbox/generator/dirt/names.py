"""What happens to names of persons."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import records, tables, text
from sandbox.generator.chance import Chance
from sandbox.generator.dirt import typos
from sandbox.generator.dirt.soil import Soil

_UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"}
_TITLES = ("Dr. {}", "Prof. {}", "Mr {}", "Mrs. {}", "Dipl.-Ing. {}", "Dott. {}", "Ing. {}", "Sr. {}")
_SUFFIXES = ("{} PhD", "{} Jr.", "{}, MBA", "{} III", "{} CPA", "{}, Dr.", "{} (left)")
_PLACEHOLDERS = (".", "-", "Unknown", "[not provided]", "xxx", "n/a")


def soil_names(soil: Soil, said: pl.DataFrame) -> pl.DataFrame:
    """All faults of names, the ones that replace a name first, the ones that change its letters last."""
    chance = soil.chance.of("names")
    for step in (_scripts, _short_forms, _married, _slips, _titles, _fields, _letters):
        said = step(soil, said, chance.of(step.__name__))
    return said


def _rates(soil: Soil, copies: float, others: float) -> np.ndarray:
    """A rate for duplicates and one for all others, times the mess of each hand."""
    copied = soil.people["relation"].to_numpy() == records.DUPLICATE
    return np.clip(np.where(copied, copies, others) * soil.mess(soil.people), 0, 0.9) * (
        soil.people["person"].to_numpy() >= 0
    )


def _scripts(soil: Soil, said: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """Names in their own script are romanised in some records."""
    who = np.maximum(soil.people["person"].to_numpy(), 0)
    native = (soil.persons["native"].to_numpy()[who] == 1) & (soil.people["person"].to_numpy() >= 0)
    mask = native & chance.hits(_rates(soil, 0.7, 0.35), len(said))
    latin = tables.names().table["latin"]
    for name in ("given", "family"):
        said = soil.soil(said, mask, name, "name_romanised", latin.gather(soil.persons[f"{name}_row"].gather(who)))
    return said


def _short_forms(soil: Soil, said: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """Nicknames, initials, and a middle initial that only one record has."""
    nicknames = tables.names().nicknames.with_row_index("nick")
    first = nicknames.group_by("name", maintain_order=True).agg(
        pl.col("nick").first().alias("start"), pl.len().alias("many")
    )
    found = said.select(pl.col("given").alias("name")).join(first, on="name", how="left", maintain_order="left")
    n = len(said)
    has = found["start"].is_not_null().to_numpy()
    row = found["start"].fill_null(0).to_numpy() + chance.of("which").below(found["many"].fill_null(1).to_numpy(), n)
    mask = has & chance.of("nickname").hits(_rates(soil, 0.22, 0.035), n)
    said = soil.soil(said, mask, "given", "nickname", nicknames["nickname"].gather(row))
    initial = chance.of("initial").hits(_rates(soil, 0.06, 0.01), n) & ~mask
    dotted = pl.Series(chance.of("dot").hits(0.6, n))
    letter = said["given"].str.head(1)
    short = (letter + ".").zip_with(dotted, letter)
    said = soil.soil(said, initial, "given", "initial", short)
    middle = chance.of("middle").hits(_rates(soil, 0.04, 0.015), n) & ~initial & ~mask
    added = said["given"] + " " + text.capitals(n, 1, chance.of("letter")) + "."
    return soil.soil(said, middle, "given", "middle_initial", added)


def _married(soil: Soil, said: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """A woman's older or newer surname in a copy; sometimes both with a hyphen."""
    n = len(said)
    who = np.maximum(soil.people["person"].to_numpy(), 0)
    mask = soil.persons["woman"].to_numpy()[who] & chance.hits(_rates(soil, 0.025, 0.0), n)
    other = said["family"].gather(chance.of("other").below(n, n))
    joined = pl.Series(chance.of("joined").hits(0.4, n))
    both = said["family"] + "-" + other
    return soil.soil(said, mask, "family", "surname_changed", both.zip_with(joined, other))


def _slips(soil: Soil, said: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    for name, share in (("given", 0.05), ("family", 0.07)):
        mask = chance.of(name).hits(_rates(soil, share, share / 7), len(said)) & said[name].is_not_null().to_numpy()
        dirty = typos.slipped_at(said[name], mask, chance.of(f"{name} slip"))
        said = soil.soil(said, mask, name, "name_typo", dirty)
    return said


def _titles(soil: Soil, said: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    n = len(said)
    before = pl.Series([form.removesuffix("{}") for form in _TITLES]).gather(chance.of("title").below(len(_TITLES), n))
    after = pl.Series([form.removeprefix("{}") for form in _SUFFIXES]).gather(
        chance.of("tail").below(len(_SUFFIXES), n)
    )
    first = chance.of("first").hits(_rates(soil, 0.012, 0.009), n)
    last = chance.of("last").hits(_rates(soil, 0.012, 0.008), n)
    said = soil.soil(said, first, "given", "title_in_name", before + said["given"])
    return soil.soil(said, last, "family", "title_in_name", said["family"] + after)


def _fields(soil: Soil, said: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """Given and family name swapped (whole imports do it), both in one field, or one missing."""
    n = len(said)
    given, family = said["given"], said["family"]
    habit = soil.habit(soil.people, "swaps") & chance.of("habit").hits(0.7, n) & (soil.people["person"].to_numpy() >= 0)
    swapped = (habit | chance.of("swap").hits(_rates(soil, 0.012, 0.003), n)) & given.is_not_null().to_numpy()
    said = soil.soil(said, swapped, "given", "name_swapped", family)
    said = soil.soil(said, swapped, "family", "name_swapped", given)
    joined = chance.of("joined").hits(_rates(soil, 0.016, 0.009), n) & ~swapped
    comma = pl.Series(chance.of("comma").hits(0.4, n))
    one_field = (family + ", " + given).zip_with(comma, given + " " + family)
    said = soil.soil(said, joined, "family", "name_joined", one_field)
    said = soil.soil(said, joined, "given", "name_joined", None)
    none = chance.of("none").hits(_rates(soil, 0.03, 0.012), n) & ~joined & ~swapped
    said = soil.soil(said, none, "given", "given_missing", None)
    holder = pl.Series(_PLACEHOLDERS).gather(chance.of("holder").below(len(_PLACEHOLDERS), n))
    held = chance.of("held").hits(_rates(soil, 0.006, 0.003), n) & ~joined & ~none
    return soil.soil(said, held, "family", "name_placeholder", holder)


def _letters(soil: Soil, said: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """Accents lost or spelt out, capitals and small letters only, stray spaces."""
    n = len(said)
    lost = soil.habit(soil.people, "plain") & chance.of("plain").hits(0.85, n) | chance.of("accent").hits(
        _rates(soil, 0.08, 0.02), n
    )
    spelt = pl.Series(chance.of("spelt").hits(0.45, n))
    case = soil.habit(soil.people, "case_habit")
    follows = chance.of("follows").hits(0.92, n) & (soil.people["person"].to_numpy() >= 0)
    upper = (case == 1) & follows | chance.of("upper").hits(_rates(soil, 0.008, 0.004), n)
    lower = ((case == 2) & follows | chance.of("lower").hits(_rates(soil, 0.012, 0.008), n)) & ~upper
    space = chance.of("space").hits(_rates(soil, 0.008, 0.005), n)
    for name in ("given", "family"):
        german = said.select(pl.col(name).str.replace_many(_UMLAUTS)).to_series()
        has_accent = said[name].str.contains(r"[^\x00-\x7f]").fill_null(False).to_numpy()
        rows = np.flatnonzero(lost & has_accent)
        plain = text.put(said[name], rows, text.fold(german.zip_with(spelt, said[name]).gather(rows)))
        said = soil.soil(said, lost & has_accent, name, "accents_lost", plain)
        said = soil.soil(said, upper, name, "name_upper", said[name].str.to_uppercase())
        said = soil.soil(said, lower, name, "name_lower", said[name].str.to_lowercase())
        said = soil.soil(said, space, name, "stray_space", said[name].str.replace("^", " ") + "  ")
    return said
