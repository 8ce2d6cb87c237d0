"""Our own people: users of the CRMs, leavers among them, queues, and the hands by which records came in."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import tables
from sandbox.generator.chance import Chance, Ints

QUEUES = ("Inbound Leads", "EMEA Leads", "Partner Leads", "Unqualified")
HOUSE = "truelinedemo.example"
_ROLES = (
    ("Account Executive", 40, "Sales"),
    ("SDR", 25, "Sales"),
    ("Customer Success Manager", 15, "Customer Success"),
    ("Marketing Manager", 10, "Marketing"),
    ("Sales Manager", 7, "Sales"),
    ("RevOps Analyst", 3, "Operations"),
)

# How records come in, and how much dirt each way carries on average.
HAND_KINDS = ("rep", "import", "form", "sync")
_KIND_WEIGHTS = (46, 30, 16, 8)
_KIND_DIRT = (0.9, 1.5, 1.0, 0.5)


def hired(size: int, dirt: float, chance: Chance) -> pl.DataFrame:
    """One row per user: given, family, email, role, department, is_active, manager (row), age (days employed)."""
    n = max(10, min(size // 3500, 400))
    names = tables.names()
    pick = chance.of("language").pick([60, 15, 10, 8, 7], n)
    given, family = [], []
    for code, language in enumerate(("en", "gb", "de", "fr", "es")):
        at = int((pick == code).sum())
        men, surnames = names.of(language, "m" if code % 2 else "f"), names.of(language, "family")
        given.append(men.rows[chance.of(f"g{code}").pick(men.weights, at)])
        family.append(surnames.rows[chance.of(f"f{code}").pick(surnames.weights, at)])
    rows_given, rows_family = np.concatenate(given), np.concatenate(family)
    role = chance.of("role").pick([weight for _, weight, _ in _ROLES], n)
    local = pl.concat_str(names.table["key"].gather(rows_given), pl.lit("."), names.table["key"].gather(rows_family))
    frame = pl.DataFrame(
        {"given": names.table["name"].gather(rows_given), "family": names.table["name"].gather(rows_family)}
    )
    frame = frame.with_columns(frame.select(local.alias("local")))
    again = pl.col("local").cum_count().over("local")
    tail = pl.when(again > 1).then(again.cast(pl.String)).otherwise(pl.lit(""))
    active = chance.of("active").hits(1 - 0.18 * min(dirt, 2), n)
    active[:3] = True
    if dirt > 0:
        active[4] = False
    managers = np.where(np.arange(n) < 3, 0, chance.of("manager").below(3, n))
    return frame.with_columns(
        pl.concat_str("local", tail, pl.lit(f"@{HOUSE}")).alias("email"),
        pl.Series("role", [_ROLES[i][0] for i in role]),
        pl.Series("department", [_ROLES[i][2] for i in role]),
        pl.Series("is_active", active),
        pl.Series("manager", managers),
        pl.Series("age", 300 + chance.of("age").below(2600, n)),
        pl.Series("seen", np.where(active, chance.of("seen").below(12, n) + 1, chance.of("left").below(500, n) + 20)),
    ).drop("local")


def hands(users: pl.DataFrame, size: int, dirt: float, chance: Chance) -> pl.DataFrame:
    """One row per way in: every user, import files, the web forms, the sync.

    kind; user (row, null for none); mess: factor on every rate of dirt, mean about `dirt`; and the habits of the
    hand: phone_habit, country_habit (codes of formats), case_habit (0 none, 1 upper, 2 lower), swaps (names come
    swapped), plain (accents lost), gaps (factor on missing values).
    """
    imports = max(6, min(size // 2500, 300))
    kind = np.array([0] * len(users) + [1] * imports + [2] * 4 + [3] * 2)
    n = len(kind)
    spread = np.exp(chance.of("mess").normal(n) * 0.85 - 0.36)
    mess = np.clip(spread * np.array(_KIND_DIRT)[kind], 0.05, 6) * dirt
    batch = kind == 1
    # Whole imports come swapped, but not the busiest ones (see `dealt`).
    seldom = batch & (np.arange(n) > len(users) + imports // 2)
    user = np.concatenate([np.arange(len(users)), chance.of("user").below(len(users), n - len(users))])
    case = np.where(batch, chance.of("case").pick([80, 12, 8], n), chance.of("case2").pick([97, 1, 2], n))
    return pl.DataFrame(
        {
            "kind": kind,
            "user": user,
            "mess": mess,
            "phone_habit": chance.of("phone").pick([30, 18, 22, 10, 8, 7, 5], n),
            "country_habit": chance.of("country").pick([62, 16, 4, 12, 6], n),
            "case_habit": np.where(dirt > 0, case, 0),
            "swaps": seldom & chance.of("swaps").hits(0.09 * min(dirt, 3), n),
            "plain": chance.of("plain").hits(np.where(batch, 0.22, 0.1) * min(dirt, 3), n),
            "gaps": np.exp(chance.of("gaps").normal(n) * 0.6 - 0.18) * np.array([1.0, 1.2, 1.5, 0.6])[kind],
        }
    )


def dealt(hands_: pl.DataFrame, n: int, chance: Chance, *, kinds: tuple[int, ...] = _KIND_WEIGHTS) -> Ints:
    """For `n` records, the hand each came in by: first the kind, then one of them (a few are far busier)."""
    of_kind = chance.of("kind").pick(kinds, n)
    drawn = chance.of("which").random(n) ** 1.8
    out = np.zeros(n, dtype=np.int64)
    kind = hands_["kind"].to_numpy()
    for code in range(len(HAND_KINDS)):
        rows = np.flatnonzero(kind == code)
        at = of_kind == code
        out[at] = rows[(drawn[at] * len(rows)).astype(np.int64)]
    return out


def owners(hand: Ints, hands_: pl.DataFrame, users: pl.DataFrame, chance: Chance) -> Ints:
    """The owning user of each record: mostly whose hand it was, else somebody; leavers among them."""
    n = len(hand)
    own = hands_["user"].to_numpy()[hand]
    other = (chance.of("other").random(n) ** 1.3 * len(users)).astype(np.int64)
    is_rep = hands_["kind"].to_numpy()[hand] == 0
    owner = np.where(is_rep & chance.of("keeps").hits(0.85, n), own, other)
    # Half of what leavers owned has been handed on.
    active = users["is_active"].to_numpy()
    handed_on = ~active[owner] & chance.of("on").hits(0.5, n)
    sitting = np.flatnonzero(active)
    return np.where(handed_on, sitting[chance.of("to").below(len(sitting), n)], owner)
