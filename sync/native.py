"""What another integration of a remote's own keeps in step, told from the store alone: no call is made."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from hygiene.native import FIELDS, NOBODY, RECORDS, Kept
from model.changes import Change, Merge
from sync.workspace import Workspace

_SOFT = "accounts"
_REFUSED = (
    "refuses to merge companies while its integration with Salesforce is on: links and values then move to the "
    "survivor, and the others stay, marked as merged"
)


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


def soft_merges(workspace: Workspace, changes: Iterable[Change]) -> tuple[str, ...]:
    """What happens to merges of companies that the remote refuses while such an integration is on, a sentence per
    connection."""
    told = []
    merging = {change.key.connection for change in changes if isinstance(change, Merge) and change.key.stream == _SOFT}
    for name, sink in sorted(workspace.sinks().items()):
        links = sink.native_if_on.links.get(_SOFT, ()) if sink.native_if_on and name in merging else ()
        if links and not workspace.store.having_custom(_SOFT, links, connection=name).is_empty():
            told.append(f"{name} {_REFUSED}")
    return tuple(told)
