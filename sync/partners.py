"""Partner records: chosen before each plan, and kept as long as it can be."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl

from hygiene.partners import agreed, crowded, kept_partners, partners
from hygiene.related import REFERENCES
from model.streams import STREAMS
from store import Store
from sync.chosen import keys_of
from sync.workspace import Workspace

_LINK = ("from_stream", "from_id", "to_stream", "to_id")


def choose_partners(workspace: Workspace, frames: Mapping[str, pl.DataFrame]) -> None:
    """Choose and save the partner of each entity that has several records in a connection.

    `frames` holds accounts, contacts and leads. What refers to them is read only when there is something to choose.
    """
    store = workspace.store
    memberships, previous = store.memberships(), store.partners()
    several = crowded(memberships)
    linked = kept_in_step(store, several)
    kept = kept_partners(memberships, previous, linked)
    if several.n_unique(["connection", "entity"]) == kept.height:
        store.save_partners(kept)
        return
    every, rules = {**referring(store, without=frames), **frames}, workspace.settings.survive.records
    store.save_partners(partners(memberships, previous, every, store.pairs(), rules, linked))


def kept_in_step(store: Store, records: pl.DataFrame) -> pl.DataFrame:
    """Those of the records (connection, stream, id) that have agreed with a partner of the other CRM, and it with
    them."""
    own = store.bases(records)
    return agreed(own, store.bases(keys_of(own["partner"])))


def referring(store: Store, *, without: Collection[str] = ()) -> dict[str, pl.DataFrame]:
    """The records that refer to others, with nothing but what they refer to; users with whether they are active."""
    frames = {
        name: store.frame(name, columns=fields)
        for name, stream in STREAMS.items()
        if name not in without and (fields := [field for field in stream.field_names if field in REFERENCES])
    }
    frames["associations"] = store.frame("associations", columns=_LINK)
    frames["users"] = store.frame("users", columns=["is_active"])
    return frames
