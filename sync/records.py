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
        frames["contacts"] = linked_contacts(frames["contacts"], store.frame("associations", deleted=True))
    return frames


def linked_contacts(contacts: pl.DataFrame, associations: pl.DataFrame) -> pl.DataFrame:
    """Contacts with `account_id` from their primary link to an account, where there is one; an account of their own
    copy counts unless the link to it is known to have ended. `associations` include the deleted ones."""
    is_account_link = (pl.col("from_stream") == "contacts") & (pl.col("to_stream") == "accounts")
    ends = ["connection", "id", "_linked"]
    links = associations.filter(is_account_link).select(
        "connection", pl.col("from_id").alias("id"), pl.col("to_id").alias("_linked"), "is_primary", "is_deleted"
    )
    live = links.filter(~pl.col("is_deleted"))
    primary = live.filter(pl.col("is_primary").fill_null(value=False)).select(ends)
    ended = links.join(live, on=ends, how="anti").select(*ends[:2], pl.col("_linked").alias("account_id")).unique()
    linked = primary.unique(ends[:2], keep="first", maintain_order=True)
    copied = contacts.join(linked, on=ends[:2], how="left", maintain_order="left")
    own = copied.join(ended.with_columns(_ended=True), on=[*ends[:2], "account_id"], how="left", maintain_order="left")
    account = pl.coalesce("_linked", pl.when(pl.col("_ended").is_null()).then("account_id"))
    return own.with_columns(account.alias("account_id")).drop("_linked", "_ended")
