"""Leads that were converted, by us or by people: the contact takes the lead's place beside its partner.

The contact is the same person as whoever the lead was, and what the lead and its partner agreed on holds for it.
"""

from __future__ import annotations

import polars as pl

from model.evidence import OURSELVES, RecordKey, Verdict
from store import Store

_KEY = ["connection", "stream", "id"]
_LED = ["connection", "stream", "id", "contact"]


def follow_conversions(store: Store, at: int) -> None:
    """Tell the store of conversions among the records that came or changed since the last match."""
    waiting = store.unmatched().filter(pl.col("stream") == "leads")
    if waiting.is_empty():
        return
    leads = store.frame("leads", columns=["is_converted", "converted_contact_id"], only=waiting)
    led = leads.filter(pl.col("is_converted") & pl.col("converted_contact_id").is_not_null()).select(
        "connection", pl.lit("leads").alias("stream"), "id", pl.col("converted_contact_id").alias("contact")
    )
    held = store.memberships_of(led).join(led, on=_KEY)
    if held.is_empty():
        return
    others = store.members(held["entity"].unique().to_list()).select("entity", *_KEY)
    both = held.select("entity", *_LED).join(others, on="entity", suffix="_other")
    across = both.filter(pl.col("connection") != pl.col("connection_other"))
    verdicts = []
    for connection, _, lead, contact, *other in across.select(*_LED, *(f"{name}_other" for name in _KEY)).iter_rows():
        left, right = sorted((RecordKey(connection, "contacts", contact), RecordKey(*other)))
        verdicts.append(Verdict(left, right, "same", OURSELVES, at, f"the lead {lead} was converted into it"))
    store.follow(verdicts, _moved(store, across), at)


def _moved(store: Store, across: pl.DataFrame) -> pl.DataFrame:
    """The bases of the leads as the contacts', and those of their partners with the contact as partner; none where the
    contact has a partner already."""
    contact = across.select("connection", pl.lit("contacts").alias("stream"), pl.col("contact").alias("id"))
    taken = store.bases(contact.unique()).select("connection", pl.col("id").alias("contact"))
    free = across.join(taken, on=["connection", "contact"], how="anti")
    own = store.bases(free.select(_KEY).unique()).join(free.select(_LED).unique(), on=_KEY)
    partners = free.select(
        *(pl.col(f"{name}_other").alias(name) for name in _KEY),
        pl.format("{}/leads/{}", "connection", "id").alias("partner"),
        pl.format("{}/contacts/{}", "connection", "contact").alias("contact"),
    )
    theirs = store.bases(partners.select(_KEY).unique()).join(partners, on=[*_KEY, "partner"])
    columns = [*_KEY, "partner", "fields"]
    return pl.concat([
        own.with_columns(pl.lit("contacts").alias("stream"), pl.col("contact").alias("id")).select(columns),
        theirs.with_columns(pl.col("contact").alias("partner")).select(columns),
    ])  # fmt: skip
