"""Pull: pages of every stream of a connection into the store, resumable at each page.

A full pull is believed only after it is compared with the remote's own count: a short or empty extract never marks
records as gone (DESIGN promise 4), and no more than a capped share of a stream may vanish at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from connectors.connector import Source
from model.errors import AuthFailed, ConnectorError, NotPermitted, QuotaSpent, Unavailable
from model.settings import Caps
from store import Store
from sync.calls import call_counts
from sync.remote_clocks import CLOCKS, clocks_of
from sync.workspace import Workspace

# Records made while a long read runs are missing from it and come with the next window; more than that is a short read.
TOLERATED_SHORTFALL = 0.01

Progress = Callable[[str, str, int], None]  # connection, stream, rows so far


@dataclass(slots=True)
class StreamPull:
    """What one stream's pull came to. `stopped` is a sentence when it did not reach its end; `forgotten` rows were of
    people who were forgotten, and not stored."""

    connection: str
    stream: str
    rows: int = 0
    pages: int = 0
    full: bool = False
    vanished: int = 0
    forgotten: int = 0
    gaps: list[str] = field(default_factory=list)
    stopped: str | None = None


def pull_connection(
    store: Store,
    source: Source,
    run_id: str,
    caps: Caps,
    *,
    streams: Iterable[str] | None = None,
    full: bool = False,
    progress: Progress | None = None,
) -> list[StreamPull]:
    """Pull the given streams (default: all it has). One stream's failure leaves the others' results in place.

    A refused login, a spent quota or an unreachable remote stops the connection; what was saved stays saved, and the
    next pull goes on from there.
    """
    results: list[StreamPull] = []
    wanted = tuple(streams) if streams is not None else source.streams()
    for stream in wanted:
        result = StreamPull(source.name, stream)
        results.append(result)
        if full:
            store.reset_watermark(source.name, stream)
        try:
            late = store.late(source.name, stream)
            _pull_stream(store, source, run_id, caps, result, progress)
            if came := _came(store, result, late):
                result.gaps.append(f"shown anew, so that all {stream} were read again: {', '.join(came)}")
                store.reset_watermark(source.name, stream)
                _pull_stream(store, source, run_id, caps, result, progress)
        except NotPermitted as error:
            result.stopped = str(error)
        except (AuthFailed, QuotaSpent, Unavailable) as error:
            result.stopped = str(error)
            break
        except ConnectorError as error:
            result.stopped = str(error)
    return results


def pull_all(
    workspace: Workspace, names: Iterable[str] | None = None, *, full: bool = False, progress: Progress | None = None
) -> list[StreamPull]:
    """Pull the named connections, or all; a connection that cannot even be opened is a stopped result of its own."""
    store, clock = workspace.store, workspace.clock
    sources = workspace.sources(list(names) if names else None)
    run_id = store.begin_run("pull", clock())
    results: list[StreamPull] = []
    status = "failed"  # what a run is that an error or a person broke off
    try:
        for source in sources:
            try:
                results += pull_connection(store, source, run_id, workspace.settings.caps, full=full, progress=progress)
            except ConnectorError as error:
                results.append(StreamPull(source.name, "-", stopped=str(error)))
        status = "stopped" if any(result.stopped for result in results) else "done"
    finally:
        records = sum(result.rows for result in results)
        answered = {result.connection for result in results if result.pages}
        told = {"records": records, "calls": call_counts(workspace), CLOCKS: clocks_of(workspace, answered)}
        store.end_run(run_id, status, clock(), told)
    return results


def _came(store: Store, result: StreamPull, late: frozenset[str]) -> list[str]:
    """Fields that an incremental pull showed for the first time, or again: records not pulled since lack them."""
    if result.full or result.stopped:
        return []
    return sorted(store.late(result.connection, result.stream) - late)


def _pull_stream(
    store: Store, source: Source, run_id: str, caps: Caps, result: StreamPull, progress: Progress | None
) -> None:
    watermark = store.watermark(source.name, result.stream)
    reached_end = False
    for page in source.pull(result.stream, watermark):
        result.forgotten += store.save_page(run_id, page)
        result.rows += len(page.batch)
        result.pages += 1
        result.full = page.is_full
        result.gaps += [gap for gap in page.gaps if gap not in result.gaps]
        reached_end = page.is_last
        if progress:
            progress(source.name, result.stream, result.rows)
    if result.forgotten:
        result.gaps.append(f"{result.forgotten:,} records of people who were forgotten were not stored")
    if not reached_end:
        result.stopped = "the remote ended the stream before its last page; pull again to go on from there"
        return
    # One that ended before, and could not be counted or believed then, is settled by the next pull.
    if result.full or store.vanished(source.name, result.stream):
        _settle_full_pull(store, source, run_id, caps, result)


def _settle_full_pull(store: Store, source: Source, run_id: str, caps: Caps, result: StreamPull) -> None:
    """Mark what a complete full pull no longer showed as deleted, unless that pull cannot be trusted."""
    shown = store.shown(source.name, result.stream)
    expected = source.count(result.stream)
    if expected is not None and shown < expected:
        result.gaps.append(
            f"the full read showed {shown:,} records but {source.name} counts {expected:,}; nothing was marked as gone"
        )
        if shown < (1 - TOLERATED_SHORTFALL) * expected:
            store.reset_watermark(source.name, result.stream)
            result.stopped = "the full read came up short; it starts over with the next pull"
        return
    gone = store.vanished(source.name, result.stream)
    if gone and gone > caps.max_vanished_share * (gone + shown):
        result.gaps.append(
            f"{gone:,} of {gone + shown:,} records no longer show, over the cap max_vanished_share; "
            "nothing was marked as gone"
        )
        return
    result.vanished = store.finish_full_pull(run_id, source.name, result.stream)
