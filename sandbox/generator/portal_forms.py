"""Forms of the portal and who filled them in: those who came in by one, and some who were there already."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator.calendar import times
from sandbox.generator.chance import Chance, Ints
from sandbox.generator.portal_sources import FORMS, form_id, form_of

_DAY_MS = 86_400_000
_LATER = 0.06


def forms(today: int) -> pl.DataFrame:
    n = len(FORMS)
    created = np.full(n, (today - 3650) * _DAY_MS + 36_000_000)
    return pl.DataFrame(
        [
            pl.Series("id", [form_id(place) for place in range(n)]),
            pl.Series("name", FORMS),
            times(created).alias("created"),
        ]
    )


def submissions(
    skeleton: pl.DataFrame, said: pl.DataFrame, hands: pl.DataFrame, today: int, chance: Chance
) -> tuple[pl.DataFrame, list[pl.Series]]:
    """One row per submission, in order of time, and what the contacts say of theirs; only known addresses count."""
    contact, form, moment = _planned(skeleton, said, hands, today, chance)
    order = np.argsort(moment, kind="stable")
    contact, form, moment = contact[order], form[order], moment[order]
    frame = pl.DataFrame(
        [
            pl.Series([form_id(place) for place in range(len(FORMS))]).gather(form).alias("form_id"),
            skeleton["id"].gather(contact).alias("contact_id"),
            times(moment).alias("at"),
            pl.Series([f"https://www.truelinedemo.example/{place + 1}" for place in range(len(FORMS))])
            .gather(form)
            .alias("page_url"),
            *(said[name].gather(contact).alias(theirs) for name, theirs in _FIELDS),
        ]
    )
    return frame, _traces(contact, form, moment, len(skeleton))


_FIELDS = (("email", "email"), ("given", "firstname"), ("family", "lastname"), ("company", "company"))


def _planned(
    skeleton: pl.DataFrame, said: pl.DataFrame, hands: pl.DataFrame, today: int, chance: Chance
) -> tuple[Ints, Ints, Ints]:
    """Contact, form and moment of each submission."""
    reachable = said["email"].is_not_null().to_numpy()
    first = form_of(skeleton["hand"].to_numpy(), hands)
    by_form = np.flatnonzero((first >= 0) & reachable)
    later = chance.of("later").some(np.flatnonzero(reachable), _LATER)
    created = skeleton["created"].to_numpy()
    end = today * _DAY_MS - 3_600_000
    ahead = np.maximum(end - created[later], 0) * (1 - chance.of("when").random(len(later)) ** 1.5)
    contact = np.concatenate([by_form, later])
    form = np.concatenate([first[by_form], chance.of("which").below(len(FORMS), len(later))])
    moment = np.concatenate([created[by_form], created[later] + ahead.astype(np.int64)])
    return contact, form, moment


def _traces(contact: Ints, form: Ints, moment: Ints, n: int) -> list[pl.Series]:
    """What each contact says of its conversions; null where there are none."""
    events = pl.Series([f"Website: {name}" for name in FORMS])
    ids = pl.Series([form_id(place) for place in range(len(FORMS))])
    rows = pl.DataFrame(
        {"contact": contact, "moment": moment, "event": events.gather(form), "form": ids.gather(form)},
        schema_overrides={"contact": pl.Int64, "moment": pl.Int64},
    )
    seen = pl.format("{}::{}", "form", "moment")
    told = rows.group_by("contact", maintain_order=True).agg(
        pl.col("moment").first().alias("first_conversion_date"),
        pl.col("event").first().alias("first_conversion_event_name"),
        pl.col("moment").last().alias("recent_conversion_date"),
        pl.col("event").last().alias("recent_conversion_event_name"),
        pl.len().cast(pl.Float64).alias("num_conversion_events"),
        pl.col("form").n_unique().cast(pl.Float64).alias("num_unique_conversion_events"),
        seen.str.join(";").alias("hs_calculated_form_submissions"),
    )
    everybody = pl.DataFrame({"contact": np.arange(n, dtype=np.int64)})
    joined = everybody.join(told, on="contact", how="left", maintain_order="left").drop("contact")
    moments = ("first_conversion_date", "recent_conversion_date")
    return [times(joined[name]).alias(name) if name in moments else joined[name] for name in joined.columns]
