"""How telephone numbers are written down: every hand has its habit, and some numbers are no numbers."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import tables
from sandbox.generator.chance import Chance
from sandbox.generator.dirt.soil import Soil

FORMATS = (
    "phone_international",
    "phone_national",
    "phone_separators",
    "phone_trunk_zero",
    "phone_00",
    "phone_digits",
    "phone_zero_lost",
    "phone_extension",
    "phone_truncated",
    "phone_garbage",
)
_GARBAGE = (
    "n/a",
    "unknown",
    "000-000-0000",
    "tbd",
    "123456",
    "call main office",
    "-",
    "9999999999",
    "see email",
    "4.93E+11",
    "???",
)
# Of the numbers not written as the hand is used to: the share of each format.
_SHARES = (24, 24, 18, 9, 6, 8, 2.5, 4.5, 1.6, 2.4)


def soil_phones(soil: Soil, said: pl.DataFrame, frame: pl.DataFrame, *, account: bool = False) -> pl.DataFrame:
    """Soil `phone` (and `mobile` of persons); `said` has their parts as <name>_area, <name>_number, <name>_country."""
    for name in ("phone",) if account else ("phone", "mobile"):
        chance = soil.chance.of("accounts' phones" if account else name)
        said = _soil_one(soil, said, frame, name, chance, account)
    return said


def _soil_one(
    soil: Soil, said: pl.DataFrame, frame: pl.DataFrame, name: str, chance: Chance, account: bool
) -> pl.DataFrame:
    n = len(said)
    rate = np.clip(0.75 * soil.mess(frame), 0, 0.96)
    follows = chance.of("follows").hits(0.72, n)
    habit = soil.habit(frame, "phone_habit")  # 0: E.164; 1 and on: the first formats
    other = chance.of("other").pick(_SHARES, n)
    code = np.where(follows & (habit > 0), habit - 1, other)
    keeps = follows & (habit == 0) & chance.of("keeps").hits(0.6, n)
    mask = chance.of("hit").hits(rate, n) & ~keeps & said[name].is_not_null().to_numpy()
    clean = said[name]
    written = _written(said, name, code, chance.of("written"))
    after = written.zip_with(pl.Series(mask), clean)
    changed = mask & ~clean.eq_missing(after).to_numpy()
    for number, kind in enumerate(FORMATS):
        soil.note(changed & (code == number), name, kind, account=account)
    return said.with_columns(after.alias(name))


def _written(said: pl.DataFrame, name: str, code: np.ndarray, chance: Chance) -> pl.Series:
    n = len(said)
    country = said[f"{name}_country"]
    table = tables.countries()
    number = said[f"{name}_number"]
    frame = pl.DataFrame(
        {
            "code": code,
            "cc": table["calling"].gather(country),
            "zero": table["trunk"].gather(country),
            "area": said[f"{name}_area"],
            "a": number.str.head(3),
            "b": number.str.slice(3),
            "odd": chance.of("odd").below(3, n),
            "ext": chance.of("ext").below(899, n) + 100,
            "garbage": pl.Series(_GARBAGE).gather(chance.of("garbage").below(len(_GARBAGE), n)),
            "us": table["calling"].gather(country) == "1",
        }
    )
    return frame.select(_expression().alias(name)).to_series()


def _expression() -> pl.Expr:
    cc, zero, area, a, b = (pl.col(name) for name in ("cc", "zero", "area", "a", "b"))
    us, odd = pl.col("us"), pl.col("odd")
    international = pl.format("+{} {} {} {}", cc, area, a, b).str.replace("  ", " ", literal=True)
    national = pl.when(us).then(pl.format("({}) {}-{}", area, a, b)).otherwise(pl.format("{}{} {}{}", zero, area, a, b))
    dots = (
        pl.when(odd == 0)
        .then(pl.format("{}{}-{}-{}", zero, area, a, b))
        .when(odd == 1)
        .then(pl.format("{}{}.{}.{}", zero, area, a, b))
    )
    separators = dots.otherwise(pl.format("{}{}/{} {}", zero, area, a, b))
    trunk = (
        pl.when(us)
        .then(pl.format("+1 ({}) {}-{}", area, a, b))
        .otherwise(pl.format("+{} ({}){} {}{}", cc, zero, area, a, b))
    )
    trunk = trunk.str.replace(" ()", " ", literal=True)
    double_zero = (
        pl.when(us).then(pl.format("1-{}-{}-{}", area, a, b)).otherwise(pl.format("00{} {} {}{}", cc, area, a, b))
    )
    digits = pl.concat_str(zero, area, a, b)
    lost = pl.concat_str(area, a, b).str.strip_chars_start("0")
    mark = pl.when(odd == 0).then(pl.lit(" x")).when(odd == 1).then(pl.lit(" ext. ")).otherwise(pl.lit(" ext "))
    extension = pl.concat_str(international, mark, pl.col("ext").cast(pl.String))
    truncated = pl.concat_str(zero, area, pl.lit(" "), a)
    forms = (international, national, separators, trunk, double_zero, digits, lost, extension, truncated)
    chain: pl.Expr = pl.col("garbage")
    for number, form in reversed(list(enumerate(forms))):
        chain = pl.when(pl.col("code") == number).then(form).otherwise(chain)
    return chain
