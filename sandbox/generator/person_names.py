"""Names of persons: drawn from the lists of their language, and put together."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import tables
from sandbox.generator.chance import Chance, Ints

# Languages whose given names are often two: how often, and what joins them.
_DOUBLE_GIVEN = {
    "fr": (0.09, "-"),
    "de": (0.03, "-"),
    "es": (0.2, " "),
    "pt": (0.18, " "),
    "en": (0.015, "-"),
    "it": (0.02, " "),
}
_DOUBLE_FAMILY = {
    "es": (0.42, " "),
    "pt": (0.35, " "),
    "en": (0.02, "-"),
    "gb": (0.04, "-"),
    "de": (0.025, "-"),
    "fr": (0.015, "-"),
}


def languages(country: Ints, chance: Chance) -> tuple[pl.Series, Ints]:
    """The language of each name, by the mix of the country, and whether it is written in its own script."""
    language = np.zeros(len(country), dtype=np.int64)
    options: list[str] = []
    for c, mix in enumerate(tables.countries()["languages"]):
        pairs = [item.split(":") for item in mix.split(",")]
        of_country = np.flatnonzero(country == c)
        language[of_country] = len(options) + chance.of(str(c)).pick([float(w) for _, w in pairs], len(of_country))
        options += [name for name, _ in pairs]
    words = pl.Series([name.removesuffix("_native") for name in options])
    native = np.array([name.endswith("_native") for name in options])
    return words.gather(language), native[language].astype(np.int64)


def given(language: pl.Series, woman: np.ndarray, chance: Chance) -> tuple[Ints, Ints]:
    first = np.zeros(len(language), dtype=np.int64)
    second = np.full(len(language), -1, dtype=np.int64)
    for lang in sorted(set(language.unique().to_list())):
        for part, flag in (("m", False), ("f", True)):
            at = np.flatnonzero((language == lang).to_numpy() & (woman == flag))
            listed, draw = tables.names().of(lang, part), chance.of(f"{lang}{part}")
            first[at] = listed.rows[draw.of("first").pick(listed.weights, len(at))]
            share, _ = _DOUBLE_GIVEN.get(lang, (0.0, ""))
            more = draw.of("which").some(at, share)
            second[more] = listed.rows[draw.of("second").pick(listed.weights, len(more))]
    return first, np.where(second == first, -1, second)


def family(language: pl.Series, woman: np.ndarray, chance: Chance) -> tuple[Ints, Ints]:
    first = np.zeros(len(language), dtype=np.int64)
    second = np.full(len(language), -1, dtype=np.int64)
    for lang in sorted(set(language.unique().to_list())):
        for part, flag in (("family_m", False), ("family_f", True)):
            at = np.flatnonzero((language == lang).to_numpy() & (woman == flag))
            listed, draw = tables.names().of(lang, part), chance.of(f"{lang}{part}")
            first[at] = listed.rows[draw.of("first").pick(listed.weights, len(at))]
            share, _ = _DOUBLE_FAMILY.get(lang, (0.0, ""))
            more = draw.of("which").some(at, share)
            second[more] = listed.rows[draw.of("second").pick(listed.weights, len(more))]
    return first, np.where(second == first, -1, second)


def written(frame: pl.DataFrame) -> list[pl.Series]:
    table = tables.names().table
    native = pl.Series(frame["native"].to_numpy() == 1)
    joints = pl.DataFrame({"language": frame["language"]}).select(
        given=pl.col("language").replace_strict({k: v[1] for k, v in _DOUBLE_GIVEN.items()}, default=" "),
        family=pl.col("language").replace_strict({k: v[1] for k, v in _DOUBLE_FAMILY.items()}, default=" "),
    )
    keeps_script = frame["language"].is_in(["zh", "ja", "ru", "uk"])
    out = []
    for part in ("given", "family"):
        row, second = frame[f"{part}_row"].to_numpy(), frame[f"{part}_second"]
        more = second.replace(-1, None)
        latin_only = keeps_script & ~native
        for column, name in (("name", part), ("key", f"{part}_key")):
            if column == "name":
                one = table["name"].gather(row).zip_with(~latin_only, table["latin"].gather(row))
                two = table["name"].gather(more)
                joint = joints[part]
            else:
                one, two, joint = table["key"].gather(row), table["key"].gather(more), pl.Series([""])
            parts = pl.DataFrame({"one": one, "two": two}).with_columns(
                joint.alias("joint") if len(joint) > 1 or len(one) == 1 else pl.lit("").alias("joint")
            )
            whole = pl.when(pl.col("two").is_null()).then("one").otherwise(pl.concat_str("one", "joint", "two"))
            if column == "key":
                # People with two surnames mostly write one of them in their address.
                whole = pl.col("one")
            out.append(parts.select(whole.alias(name)).to_series())
    return out
