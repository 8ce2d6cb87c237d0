"""The records a report speaks of: the columns it shows, what people call a record, and its key in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from hygiene.known import live
from model.streams import STREAMS
from store import Store

Frames = Mapping[str, pl.DataFrame]
KEY = ("connection", "stream", "id")
# The streams whose records are judged; the others only help to judge them.
JUDGED = ("accounts", "contacts", "leads", "deals")
_PERSON = ("given_name", "family_name", "email", "phone", "company")
_SHOWN: Mapping[str, tuple[str, ...]] = {
    "accounts": ("name", "domain", "website", "phone", "country"),
    "contacts": _PERSON,
    "leads": (*_PERSON, "is_converted"),
    "deals": ("name", "stage", "amount", "currency"),
    "users": ("name",),
    "stages": ("key", "name", "pipeline_name", "position"),
}
_FULL_NAME = pl.concat_str(pl.col("given_name", "family_name"), separator=" ", ignore_nulls=True)
_NAMES: Mapping[str, pl.Expr] = {"contacts": _FULL_NAME, "leads": _FULL_NAME}


def live_frames(store: Store, required: Mapping[str, Sequence[str]], findings: pl.DataFrame) -> Frames:
    """The live records by stream, with the columns that are shown, required or blamed as a whole."""
    blamed = findings.filter(pl.col("id") == "").select("stream", "field").drop_nulls().unique()
    frames = {}
    for stream, columns in _SHOWN.items():
        fields = blamed.filter(pl.col("stream") == stream)["field"].sort().to_list()
        wanted = [
            name for name in (*columns, *required.get(stream, ()), *fields) if name in STREAMS[stream].field_names
        ]
        frames[stream] = live(stream, store.frame(stream, columns=list(dict.fromkeys(wanted))))
    return frames


def keys_of(frames: Frames, streams: Iterable[str] = JUDGED) -> pl.DataFrame:
    """Connection, stream and id of every record of the streams, by default the judged ones."""
    return pl.concat(frames[stream].select("connection", pl.lit(stream).alias("stream"), "id") for stream in streams)


def named(keys: pl.DataFrame, frames: Frames) -> dict[tuple[str, str, str], str]:
    """What people call each of a few records (columns connection, stream, id), by key; one join per stream."""
    names: dict[tuple[str, str, str], str] = {}
    for (stream,), part in keys.select(KEY).unique().partition_by("stream", as_dict=True).items():
        if stream in frames:
            called = _NAMES.get(str(stream), pl.col("name"))
            chosen = frames[str(stream)].join(part.select("connection", "id"), on=["connection", "id"], how="semi")
            for connection, record_id, name in chosen.select("connection", "id", called.alias("called")).iter_rows():
                names[(connection, str(stream), record_id)] = name or ""
    return names


def key_text(connection: str, stream: str, record_id: str) -> str:
    """A record's key as the command line takes it; without id, the stream."""
    return f"{connection}/{stream}/{record_id}" if record_id else f"{connection}/{stream}"
