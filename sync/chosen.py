"""Chosen records of one kind of entity, read and normalised once each, with what they take from their accounts."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from hygiene.normalise import normalise_all
from store import Store
from sync.figures import OF_KIND
from sync.records import linked_contacts

KEY = ["connection", "stream", "id"]
NO_KEYS = pl.Series("key", [], pl.String)


def keys_of(records: pl.Series) -> pl.DataFrame:
    """Keys written connection/stream/id as their three parts."""
    parts = records.str.splitn("/", 3).struct.unnest()
    return parts.rename(dict(zip(parts.columns, KEY, strict=True)))


def texts_of(records: pl.DataFrame, side: str = "") -> pl.Series:
    """Inverse of `keys_of`; of pairs the keys of the `left_` or `right_` records."""
    return records.select(pl.concat_str([f"{side}{part}" for part in KEY], separator="/").alias("key")).to_series()


class Chosen:
    """What the store holds of records that are asked for by their keys, as far as there are no `corrected` ones; those
    that are gone have no row."""

    def __init__(
        self,
        store: Store,
        kind: str,
        default_country: str | None,
        corrected: Mapping[str, pl.DataFrame] | None = None,
    ) -> None:
        self._store, self._kind, self._country, self._corrected = store, kind, default_country, corrected or {}
        self._read: dict[str, pl.DataFrame] = {}
        self._known = NO_KEYS

    def frames(self, records: pl.Series) -> dict[str, pl.DataFrame]:
        """Normalised frames by stream of just these records, and for people of their accounts."""
        fresh = records.filter(~records.is_in(self._known.implode()))
        if len(fresh) or not self._read:
            self._known = pl.concat([self._known, fresh])
            for stream, frame in self._normalised(keys_of(fresh)).items():
                held = [self._read[stream]] if stream in self._read else []
                self._read[stream] = pl.concat([*held, frame]).unique(["connection", "id"], maintain_order=True)
        chosen = keys_of(records)
        found = dict(self._read)
        for stream in OF_KIND[self._kind]:
            own = chosen.filter(pl.col("stream") == stream)
            found[stream] = found[stream].join(own, on=["connection", "id"], how="semi")
        return found

    def _normalised(self, keys: pl.DataFrame) -> dict[str, pl.DataFrame]:
        frames = {
            stream: self._store.frame(stream, only=keys.filter(pl.col("stream") == stream))
            for stream in OF_KIND[self._kind]
        }
        if self._kind == "person":
            contacts = linked_contacts(frames["contacts"], self._store.links_of(keys))
            accounts = contacts.select("connection", pl.col("account_id").alias("id")).drop_nulls().unique()
            frames |= {"contacts": contacts, "accounts": self._store.frame("accounts", only=accounts)}
        return normalise_all(with_corrected(frames, self._corrected), self._country)


def with_corrected(
    frames: Mapping[str, pl.DataFrame], corrected: Mapping[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """The frames by stream, with the corrected records, as far as they are among them, in the place of the others."""
    found = dict(frames)
    for stream in frames.keys() & corrected.keys():
        held, place = frames[stream], ["connection", "id"]
        mine = corrected[stream].join(held, on=place, how="semi").select(held.columns)
        found[stream] = pl.concat([held.join(mine, on=place, how="anti"), mine]).sort(place)
    return found
