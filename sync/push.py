"""Push: a stored plan to the remotes, journal first, outcome after.

Each unit is journaled, sent behind its version guard and recorded together with the records as they then are, so a
crash at any instruction leaves either nothing sent, or a journaled change without outcome. The next push settles
those first by reading the remote back: it neither repeats nor loses a change (DESIGN promise 11).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.connector import Observed, Sink
from model.changes import Associate, Change, Dissociate, Outcome, Planned, SetField
from model.errors import CapExceeded, ConnectorError
from model.settings import Caps
from model.streams import Value
from store import Store
from sync.clock import Clock

Progress = Callable[[int, int], None]  # changes done, changes in all

# What a change still has to go through: never sent, or sent for certain without effect.
_OPEN = frozenset({"unsent"})


@dataclass(slots=True)
class PushReport:
    """What a push came to: outcomes by status, the remotes' reasons by count, and what stopped a connection."""

    plan_id: str
    run_id: str | None = None
    planned: int = 0
    pending: int = 0
    settled: int = 0  # left over from a crash, decided by reading back
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    stopped: dict[str, str] = field(default_factory=dict)  # connection -> sentence

    def add(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            self.statuses[outcome.status] += 1
            if outcome.status not in ("applied", "already"):
                self.reasons[f"{outcome.status}: {outcome.code or outcome.message}"] += 1


def pending_changes(store: Store, plan_id: str) -> list[Planned]:
    """Changes of a plan that have no final outcome, in plan order."""
    done = {outcome.change_id for outcome in store.outcomes(plan_id=plan_id) if outcome.status not in _OPEN}
    return [planned for planned in store.plan_changes(plan_id) if planned.id not in done]


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
    merges = sum(planned.change.kind == "merge" for planned in changes)
    if merges > caps.max_merges:
        raise CapExceeded(
            f"The plan has {merges:,} merges and caps.max_merges is {caps.max_merges:,}; nothing was written.",
            cap="max_merges",
            limit=caps.max_merges,
            wanted=merges,
        )
    touched = Counter((key.connection, key.stream) for key in {planned.change.key for planned in changes})
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


def push_plan(
    store: Store,
    sinks: Mapping[str, Sink],
    plan_id: str,
    caps: Caps,
    clock: Clock,
    *,
    kind: str = "push",
    progress: Progress | None = None,
) -> PushReport:
    """Send what is pending of a plan. CapExceeded before anything is written; a connection that fails stops alone."""
    changes = pending_changes(store, plan_id)
    report = PushReport(plan_id, planned=len(store.plan_changes(plan_id)), pending=len(changes))
    unfinished = [planned for _, planned in store.unfinished() if planned.change.key.connection in sinks]
    waiting = {planned.id for planned in unfinished}
    fresh = [planned for planned in changes if planned.id not in waiting]
    check_caps(changes, caps, _live_counts(store))
    if not changes and not unfinished:
        return report
    report.run_id = store.begin_run(kind, clock())
    status = "failed"
    try:
        again = _settle(store, sinks, report, unfinished, clock)
        _send_all(store, sinks, report, [*again, *fresh], caps, clock, progress)
        lost = [planned for _, planned in store.unfinished() if planned.change.key.connection in sinks]
        _settle(store, sinks, report, lost, clock)  # answers lost in this very run
        status = "stopped" if report.stopped else "done"
    finally:
        store.end_run(report.run_id, status, clock(), {"plan": plan_id, **dict(report.statuses)})
    return report


def _live_counts(store: Store) -> dict[tuple[str, str], int]:
    return {(row[0], row[1]): row[2] for row in store.counts().select("connection", "stream", "live").iter_rows()}


def _by_connection(changes: Sequence[Planned]) -> dict[str, list[Planned]]:
    grouped: dict[str, list[Planned]] = defaultdict(list)
    for planned in changes:
        grouped[planned.change.key.connection].append(planned)
    return dict(sorted(grouped.items()))


def _settle(
    store: Store, sinks: Mapping[str, Sink], report: PushReport, unfinished: Sequence[Planned], clock: Clock
) -> list[Planned]:
    """Decide changes that were journaled but have no outcome; returns those that provably never arrived."""
    assert report.run_id is not None
    again: list[Planned] = []
    for connection, changes in _by_connection(unfinished).items():
        try:
            observed = sinks[connection].observe(changes)
        except ConnectorError as error:
            report.stopped[connection] = str(error)
            continue
        outcomes = [settled_outcome(planned, observed[planned.id]) for planned in changes]
        again += [planned for planned, outcome in zip(changes, outcomes, strict=True) if outcome.status == "unsent"]
        store.record(report.run_id, outcomes, (), clock())
        final = [outcome for outcome in outcomes if outcome.status != "unsent"]
        report.settled += len(final)
        report.add(final)
    return again


def settled_outcome(planned: Planned, observed: Observed) -> Outcome:
    """What became of a change whose answer we never saw, judged by what the remote holds now."""
    before, after = expected_values(planned.change)
    if not observed.exists:
        return Outcome(planned.id, "conflict", "GONE", "the record is gone since the change was sent")
    if observed.value == after:
        return Outcome(planned.id, "applied", "READ_BACK", "found applied when read back", version=observed.version)
    if observed.value == before:
        return Outcome(planned.id, "unsent", "READ_BACK", "found not applied when read back")
    return Outcome(
        planned.id, "conflict", "MOVED", "the remote holds a third value", observed.version, found=observed.value
    )


def expected_values(change: Change) -> tuple[Value, Value]:
    """What a change expects to find, and what it leaves behind; for links the linked id or None."""
    if isinstance(change, SetField):
        return change.before, change.after
    if isinstance(change, Associate):
        return None, change.to.id
    if isinstance(change, Dissociate):
        return change.to.id, None
    raise NotSendable(change.kind)


class NotSendable(TypeError):
    """A kind of change that this version plans but does not send."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"changes of kind {kind} cannot be sent")


def _send_all(
    store: Store,
    sinks: Mapping[str, Sink],
    report: PushReport,
    changes: Sequence[Planned],
    caps: Caps,
    clock: Clock,
    progress: Progress | None,
) -> None:
    assert report.run_id is not None
    done, total = 0, len(changes)
    for connection, mine in _by_connection(changes).items():
        if connection in report.stopped:
            continue
        sink = sinks.get(connection)
        if sink is None:
            report.stopped[connection] = f"{connection} is not a connection that can be written; its changes wait"
            continue
        try:
            for unit in sink.batches(_refuse(store, sink, report, mine, clock)):
                _stop_at_call_cap(sink, caps)
                _send_unit(store, sink, report, unit, clock)
                done += len(unit)
                if progress:
                    progress(done, total)
        except (ConnectorError, CapExceeded) as error:
            report.stopped[connection] = str(error)


def _refuse(store: Store, sink: Sink, report: PushReport, changes: Sequence[Planned], clock: Clock) -> list[Planned]:
    """Keep what can be sent; what cannot gets its outcome, with the reason, without a call."""
    assert report.run_id is not None
    reasons = {planned.id: sink.refusal(planned) for planned in changes}
    refused = [Outcome(change_id, "rejected", "REFUSED", reason) for change_id, reason in reasons.items() if reason]
    if refused:
        store.journal(report.run_id, [outcome.change_id for outcome in refused], clock())
        store.record(report.run_id, refused, (), clock())
        report.add(refused)
    return [planned for planned in changes if not reasons[planned.id]]


def _stop_at_call_cap(sink: Sink, caps: Caps) -> None:
    if sink.usage.total >= caps.max_api_calls:
        raise CapExceeded(
            f"{sink.name} has used {sink.usage.total:,} API calls and caps.max_api_calls is {caps.max_api_calls:,}; "
            "the rest waits for the next push.",
            cap="max_api_calls",
            limit=caps.max_api_calls,
            wanted=sink.usage.total + 1,
        )


def _send_unit(store: Store, sink: Sink, report: PushReport, unit: tuple[Planned, ...], clock: Clock) -> None:
    assert report.run_id is not None
    store.journal(report.run_id, [planned.id for planned in unit], clock())
    try:
        sent = sink.send(unit)
    except ConnectorError as error:
        # By the sink's contract nothing of the unit was sent, so it is safe to send again.
        outcomes = [Outcome(planned.id, "unsent", type(error).__name__, str(error)) for planned in unit]
        store.record(report.run_id, outcomes, (), clock())
        report.add(outcomes)
        raise
    store.record(report.run_id, sent.outcomes, sent.records, clock())
    report.add(sent.outcomes)
