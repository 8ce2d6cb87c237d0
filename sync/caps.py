"""Caps: what one run may do at most, checked before its first write and before each call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from connectors.connector import Sink
from model.changes import JOINING, UNDO, Create, Delete, Planned, records_of
from model.errors import CapExceeded
from model.settings import Caps


def check_caps(changes: Sequence[Planned], caps: Caps, live: Mapping[tuple[str, str], int]) -> None:
    """Stop before the first write when a plan is larger than a run may be; `live` counts records per stream."""
    if len(changes) > caps.max_changes:
        raise CapExceeded(
            f"The plan has {len(changes):,} changes and caps.max_changes is {caps.max_changes:,}; "
            "nothing was written. Narrow the plan or raise the cap.",
            cap="max_changes",
            limit=caps.max_changes,
            wanted=len(changes),
        )
    own = [planned.change for planned in changes if planned.change.rule != UNDO]
    for kinds, what, cap, limit in (
        (JOINING, "merges and conversions", "max_merges", caps.max_merges),
        (frozenset({Create.kind}), "new records", "max_creates", caps.max_creates),
        (frozenset({Delete.kind}), "deletions", "max_deletes", caps.max_deletes),
    ):
        wanted = sum(change.kind in kinds for change in own)
        if wanted > limit:
            sentence = f"The plan has {wanted:,} {what} and caps.{cap} is {limit:,}; nothing was written."
            raise CapExceeded(sentence, cap=cap, limit=limit, wanted=wanted)
    keys = {key for planned in changes for key in records_of(planned.change) if not isinstance(planned.change, Create)}
    touched = Counter((key.connection, key.stream) for key in keys)
    for (connection, stream), records in sorted(touched.items()):
        share = records / max(live.get((connection, stream), 0), 1)
        if share > caps.max_share:
            raise CapExceeded(
                f"The plan touches {records:,} {stream} of {connection}, {share:.0%} of them, and caps.max_share is "
                f"{caps.max_share:.0%}; nothing was written. Narrow the plan or raise the cap.",
                cap="max_share",
                limit=caps.max_share,
                wanted=share,
            )


def stop_at_call_cap(sink: Sink, caps: Caps) -> None:
    if sink.usage.total >= caps.max_api_calls:
        raise CapExceeded(
            f"{sink.name} has used {sink.usage.total:,} API calls and caps.max_api_calls is {caps.max_api_calls:,}; "
            "the rest waits for the next push.",
            cap="max_api_calls",
            limit=caps.max_api_calls,
            wanted=sink.usage.total + 1,
        )
