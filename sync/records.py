"""The stored records as the stages see them: a contact's account is the one its primary link names.

HubSpot moves no modified date when a link changes, so the contact's own copy of its account can be older than the
links that the sweep of associations brings.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from store import Store


def stored_frames(store: Store, streams: Iterable[str]) -> dict[str, pl.DataFrame]:
    """Live records by stream, contacts with the account of their primary link."""
    frames = {stream: store.frame(stream) for stream in streams}
    if "contacts" in frames:
        frames["contacts"] = linked_contacts(frames["contacts"], store.frame("associations"))
    return frames


def linked_contacts(contacts: pl.DataFrame, associations: pl.DataFrame) -> pl.DataFrame:
    """Contacts with `account_id` from their primary link to an account, where a live one says so."""
    is_account_link = (pl.col("from_stream") == "contacts") & (pl.col("to_stream") == "accounts")
    primary = associations.filter(is_account_link & ~pl.col("is_deleted") & pl.col("is_primary").fill_null(value=False))
    linked = primary.select("connection", pl.col("from_id").alias("id"), pl.col("to_id").alias("_linked"))
    linked = linked.unique(["connection", "id"], keep="first", maintain_order=True)
    copied = contacts.join(linked, on=["connection", "id"], how="left", maintain_order="left")
    return copied.with_columns(pl.coalesce("_linked", "account_id").alias("account_id")).drop("_linked")
