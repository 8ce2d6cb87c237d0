"""How countries and cities are written, and values of picklists that nobody enforces."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import tables
from sandbox.generator.chance import Chance
from sandbox.generator.dirt import typos
from sandbox.generator.dirt.soil import Soil

_FORMS = ("country_iso2", "country_iso3", "country_local", "country_variant")


def soil_places(soil: Soil, said: pl.DataFrame, frame: pl.DataFrame, *, account: bool = False) -> pl.DataFrame:
    chance = soil.chance.of("account places" if account else "places")
    said = _countries(soil, said, frame, chance.of("country"), account)
    n, mess = len(said), soil.mess(frame)
    local = chance.of("local").hits(np.clip(0.3 * mess, 0, 0.9), n)
    said = soil.soil(
        said, local & said["city"].is_not_null().to_numpy(), "city", "city_local", said["city_local"], account=account
    )
    slip = chance.of("slip").hits(np.clip(0.008 * mess, 0, 0.5), n) & said["city"].is_not_null().to_numpy()
    dirty = typos.slipped_at(said["city"], slip, chance.of("typo"))
    said = soil.soil(said, slip, "city", "city_typo", dirty, account=account)
    case = soil.habit(frame, "case_habit")
    upper = (case == 1) & chance.of("upper").hits(0.8, n)
    return soil.soil(said, upper, "city", "city_upper", said["city"].str.to_uppercase(), account=account)


def _countries(soil: Soil, said: pl.DataFrame, frame: pl.DataFrame, chance: Chance, account: bool) -> pl.DataFrame:
    n = len(said)
    table = tables.countries()
    row = said["country_row"].to_numpy()
    variants = table["variants"].str.split(",")
    flat = variants.explode()
    size = variants.list.len().to_numpy().astype(np.int64)
    start = np.cumsum(size) - size
    variant = flat.gather(start[row] + chance.of("variant").below(size[row], n))
    choices = (table["iso2"].gather(row), table["iso3"].gather(row), table["local"].gather(row), variant)
    habit = soil.habit(frame, "country_habit")  # 0: the English name
    follows = chance.of("follows").hits(0.75, n)
    code = np.where(follows & (habit > 0), habit - 1, chance.of("other").pick([40, 10, 25, 25], n))
    keeps = follows & (habit == 0)
    mask = (
        chance.of("hit").hits(np.clip(0.7 * soil.mess(frame), 0, 0.95), n)
        & ~keeps
        & said["country"].is_not_null().to_numpy()
    )
    for number, (kind, dirty) in enumerate(zip(_FORMS, choices, strict=True)):
        said = soil.soil(said, mask & (code == number), "country", kind, dirty, account=account)
    upper = (soil.habit(frame, "case_habit") == 1) & chance.of("upper").hits(0.8, n)
    return soil.soil(said, upper, "country", "country_upper", said["country"].str.to_uppercase(), account=account)


def soil_picklists(
    soil: Soil, said: pl.DataFrame, frame: pl.DataFrame, name: str, *, account: bool = False
) -> pl.DataFrame:
    """Other spellings of a value that an unrestricted picklist lets in through an import."""
    chance = soil.chance.of(f"picklist {name}")
    n = len(said)
    mask = chance.of("hit").hits(np.clip(0.025 * soil.mess(frame), 0, 0.5), n) & said[name].is_not_null().to_numpy()
    kind = chance.of("kind").below(4, n)
    slip = typos.slipped_at(said[name], mask, chance.of("slip"))
    forms = (
        said[name].str.to_lowercase(),
        said[name].str.to_uppercase(),
        slip,
        said[name].str.replace(" ", "-", literal=True),
    )
    for number, dirty in enumerate(forms):
        said = soil.soil(said, mask & (kind == number), name, "picklist_variant", dirty, account=account)
    return said
