"""Deals of the world: who, how much, which stages when, how often pushed, which have gone stale and why."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator.calendar import Calendar
from sandbox.generator.chance import Bools, Chance, Ints

OPEN_STAGES = 5
WON, LOST = 5, 6
STAGES = (
    # Salesforce name, HubSpot stage id, probability (percent), forecast category.
    ("Prospecting", "appointmentscheduled", 10, "Pipeline"),
    ("Qualification", "qualifiedtobuy", 20, "Pipeline"),
    ("Needs Analysis", "presentationscheduled", 40, "Pipeline"),
    ("Proposal/Price Quote", "decisionmakerboughtin", 60, "Best Case"),
    ("Negotiation/Review", "contractsent", 90, "Commit"),
    ("Closed Won", "closedwon", 100, "Closed"),
    ("Closed Lost", "closedlost", 0, "Omitted"),
)
_PRODUCTS = (
    "Platform",
    "Starter",
    "Enterprise",
    "Analytics",
    "Support Plan",
    "Integration",
    "Data Cloud",
    "Seats",
    "Renewal",
    "Pilot",
)
NEXT_STEPS = (
    "Send proposal",
    "Schedule demo",
    "Legal review",
    "Follow up call",
    "Security questionnaire",
    "Intro to CFO",
    "Contract redlines",
)


def made(
    companies: pl.DataFrame,
    known: pl.DataFrame,
    users: pl.DataFrame,
    size: int,
    dirt: float,
    calendar: Calendar,
    chance: Chance,
) -> pl.DataFrame:
    """One row per deal (its row number is its name).

    company, org (-1: not in Salesforce), in_hubspot; owner (user row); name, product, amount (null where missing);
    created, changed (last stage change; ms); level (0-4: furthest open stage), stage (0-4, WON, LOST); close and
    first_close (days), pushes; idle (days since anything happened; on open deals), next_step; and the planted faults
    is_idle, is_past, is_pushed, is_bare (no amount), loses_account (blank in the CRM).
    """
    presence = known["presence"].to_numpy()
    rich = np.flatnonzero(presence > 0)
    n = max(int(size * 0.15), 3)
    weight = companies["employees"].to_numpy()[rich].astype(np.float64) ** 0.45
    company = rich[chance.of("company").pick(weight, n)] if len(rich) else np.zeros(0, dtype=np.int64)
    n = len(company)
    state = presence[company]
    share = chance.of("share").random(n)
    in_sf = (state == 1) | ((state == 3) & (share < 0.75))
    in_hs = (state == 2) | ((state == 3) & ((share > 0.4) | ~in_sf))
    frame = _path(n, dirt, calendar, chance.of("path"))
    amount = np.round(np.exp(chance.of("amount").normal(n) * 1.1 + 9.6) / 50) * 50
    bare = chance.of("bare").hits(min(0.07 * dirt, 0.9), n)
    sales = np.flatnonzero(users["department"].to_numpy() == "Sales")
    sales = sales if len(sales) else np.arange(len(users))
    owner = sales[(chance.of("owner").random(n) ** 1.3 * len(sales)).astype(np.int64)]
    step = pl.Series(NEXT_STEPS).gather(chance.of("step").below(len(NEXT_STEPS), n))
    open_ = frame["stage"].to_numpy() < WON
    no_step = ~open_ | chance.of("nostep").hits(min(0.25 * dirt, 0.9), n)
    return frame.with_columns(
        pl.Series("company", company),
        pl.Series("org", np.where(in_sf, known["org"].to_numpy()[company], -1)),
        pl.Series("in_hubspot", in_hs),
        pl.Series("owner", owner),
        *_names(frame["created"].to_numpy(), companies["core"].gather(company), chance.of("product")),
        pl.when(pl.Series(bare)).then(None).otherwise(pl.Series(amount)).alias("amount"),
        pl.when(pl.Series(no_step)).then(None).otherwise(step).alias("next_step"),
        pl.Series("is_bare", bare & open_),
        pl.Series("loses_account", chance.of("blank").hits(min(0.06 * dirt, 0.9), n)),
        pl.Series("is_new", chance.of("new").hits(0.62, n)),
    )


def _names(created: Ints, company: pl.Series, chance: Chance) -> list[pl.Series]:
    """Name and product of each deal: "Acme - Platform 2025"."""
    product = pl.Series(_PRODUCTS).gather((chance.random(len(company)) ** 1.4 * len(_PRODUCTS)).astype(np.int64))
    year = pl.Series(1970 + created // 31_556_952_000).cast(pl.String)
    name = (company + " - " + product + " " + year).str.slice(0, 120)
    return [name.alias("name"), product.alias("product")]


def _path(n: int, dirt: float, calendar: Calendar, chance: Chance) -> pl.DataFrame:
    stage = chance.of("stage").pick([9, 8, 7, 6, 4, 22, 44], n)
    open_: Bools = stage < WON
    level = np.where(open_, stage, np.where(stage == WON, OPEN_STAGES - 1, chance.of("level").below(OPEN_STAGES, n)))
    spent = np.exp(chance.of("spent").normal(n * OPEN_STAGES).reshape(n, OPEN_STAGES) * 0.7 + 2.5).clip(0.2, 200)
    before = np.where(np.arange(OPEN_STAGES)[None, :] < level[:, None], spent, 0).sum(axis=1)
    stale = chance.of("stale").random(n)
    is_idle = open_ & (stale < 0.16 * dirt)
    is_past = open_ & (chance.of("past").random(n) < np.where(is_idle, 0.6, 0.08) * min(dirt, 2))
    is_pushed = open_ & (chance.of("pushed").random(n) < np.where(is_idle, 0.35, 0.05) * min(dirt, 2))
    # An idle deal has stood for three to fifteen months, a live one moved within four weeks.
    idle = np.where(is_idle, 95 + chance.of("idle").below(360, n), 1 + chance.of("live").below(27, n))
    closed_age = 3 + (chance.of("closed").random(n) ** 1.2 * 1500).astype(np.int64)
    last_age = np.where(open_, idle, closed_age)
    ends_after = np.where(open_, 0.0, spent[np.arange(n), level])
    created_age = (last_age + before + ends_after + 1).astype(np.int64)
    entered = [last_age + np.where(open_, 0, ends_after)]
    pushes = np.where(is_pushed, 4 + chance.of("many").below(4, n), chance.of("few").pick([70, 20, 7, 3], n))
    pushes = np.where(open_ & ~is_pushed, np.minimum(pushes, 2), pushes)
    today = calendar.today
    future = today + 7 + chance.of("future").below(120, n)
    past = today - 5 - (chance.of("how").random(n) ** 2 * np.minimum(created_age - 2, 240)).astype(np.int64).clip(0)
    close = np.where(open_, np.where(is_past, past, future), today - closed_age)
    created = calendar.moments(created_age, chance.of("created"))
    changed = np.maximum(calendar.moments(last_age, chance.of("changed")), created + 1000)
    first_close = np.minimum(today - created_age + 45 + chance.of("first").below(60, n), close)
    first_close = np.where(pushes == 0, close, np.minimum(first_close, close - 7 * pushes))
    return pl.DataFrame(
        {
            "stage": stage,
            "level": level,
            "created": created,
            "changed": changed,
            "close": close,
            "first_close": first_close,
            "pushes": pushes,
            "idle": idle,
            "is_idle": is_idle,
            "is_past": is_past,
            "is_pushed": is_pushed,
            "entered_level": entered[0].astype(np.int64),
        }
    )


def forecast_code(category: str) -> str:
    """ForecastCategory, the code, from ForecastCategoryName, the label people see."""
    return {"Best Case": "BestCase", "Commit": "Forecast"}.get(category, category)


def history(deals: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """What changed when: deal, moment (ms), stage, close (day), amount; per deal from its creation on, in order.

    The first row is the creation; then one row per stage entered and one per push of the close date.
    """
    level, stage, pushes = (deals[name].to_numpy() for name in ("level", "stage", "pushes"))
    closed = (stage >= WON).astype(np.int64)
    steps = level + closed
    rows = 1 + steps + pushes
    deal = np.repeat(np.arange(len(deals)), rows)
    start = np.cumsum(rows) - rows
    place = np.arange(len(deal)) - start[deal]
    created, changed = deals["created"].to_numpy()[deal], deals["changed"].to_numpy()[deal]
    # Moments between creation and last change in growing order; pushes come between stages.
    fraction = np.sort((chance.random(len(deal)) * 0.98 + 0.01) + deal) - deal
    moment = created + ((changed - created) * fraction).astype(np.int64)
    moment = np.where(place == 0, created, np.where(place == rows[deal] - 1, changed, moment))
    # The last row is always the last stage change, where there was one.
    is_push = _pushes(place, rows[deal], steps[deal], pushes[deal])
    stages_so_far = np.cumsum(~is_push) - np.repeat(np.cumsum(~is_push)[start] - 1, rows) - 1
    reached = np.where(stages_so_far > level[deal], stage[deal], np.minimum(stages_so_far, level[deal]))
    pushed_so_far = np.cumsum(is_push) - np.repeat(np.cumsum(is_push)[start], rows)
    first, last = deals["first_close"].to_numpy()[deal], deals["close"].to_numpy()[deal]
    total = np.maximum(pushes[deal], 1)
    close = first + (last - first) * pushed_so_far // total
    amount = deals["amount"].gather(deal)
    return pl.DataFrame({"deal": deal, "moment": moment, "stage": reached, "close": close, "amount": amount})


def _pushes(place: Ints, rows: Ints, steps: Ints, pushes: Ints) -> Bools:
    """Which rows are pushes: spread evenly, never the first row, never the last one where a stage change can be."""
    between = np.maximum(rows - 1 - (steps > 0), 1)
    at = np.clip(place - 1, 0, None)
    inner = (place >= 1) & ((place < rows - 1) | (steps == 0))
    return np.asarray(inner & ((at + 1) * pushes // between > at * pushes // between), dtype=np.bool_)
