"""What another integration of a remote's own keeps in step, told from the store alone: no call is made."""

from __future__ import annotations

import polars as pl

from hygiene.native import FIELDS, NOBODY, RECORDS, Kept
from sync.workspace import Workspace


def kept_by_native(workspace: Workspace) -> Kept:
    """The fields that are left to such an integration, and the records on which it has left the id of a counterpart."""
    fields: list[tuple[str, str, str]] = []
    records: list[pl.DataFrame] = []
    for name, sink in sorted(workspace.sinks().items()):
        if sink.native_if_on is None:
            continue
        for stream, links in sorted(sink.native_if_on.links.items()):
            linked = workspace.store.having_custom(stream, links, connection=name)
            if linked.is_empty():
                continue
            records.append(linked.select(pl.lit(name).alias("connection"), pl.lit(stream).alias("stream"), "id"))
            fields += [(name, stream, field) for field in sorted(sink.native_if_on.kept(stream))]
    if not records:
        return NOBODY
    return Kept(pl.DataFrame(fields, FIELDS, orient="row"), pl.concat(records).cast(RECORDS))
