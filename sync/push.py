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
from model.batch import Batch
from model.changes import Outcome, Planned, slot_of
from model.errors import CapExceeded, ConnectorError, InputError
from model.settings import Caps
from model.streams import Value
from store import Store
from sync.clock import Clock
from sync.workspace import Workspace

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

    @property
    def sentence(self) -> str:
        if not self.run_id:
            return f"Plan {self.plan_id} has nothing left to send."
        counted = ", ".join(f"{number:,} {status}" for status, number in sorted(self.statuses.items()))
        return f"Run {self.run_id} sent plan {self.plan_id}: {counted or 'nothing'}."

    def add(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            self.statuses[outcome.status] += 1
            if outcome.status not in ("applied", "already"):
                self.reasons[f"{outcome.status}: {outcome.code or outcome.message}"] += 1


def push_stored(
    workspace: Workspace, plan_id: str | None = None, *, kind: str = "push", progress: Progress | None = None
) -> PushReport:
    """Push a stored plan, the newest by default, through the workspace's connections."""
    chosen = chosen_plan(workspace.store, plan_id)
    sinks = workspace.sinks()
    return push_plan(
        workspace.store, sinks, chosen, workspace.settings.caps, workspace.clock, kind=kind, progress=progress
    )


def chosen_plan(store: Store, plan_id: str | None) -> str:
    """The given plan's id, or the newest's; InputError when none was ever made."""
    chosen = plan_id or store.latest_plan()
    if chosen is None:
        raise InputError("There is no plan yet; run `trueline plan` first.")
    return chosen


def pending_changes(store: Store, plan_id: str) -> list[Planned]:
    """Changes of a plan that have no final outcome, in plan order."""
    done = {item.planned.id for item in store.outcomes(plan_id=plan_id) if item.outcome.status not in _OPEN}
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
        store.record(report.run_id, outcomes, observed_batches(changes, observed), clock())
        final = [outcome for outcome in outcomes if outcome.status != "unsent"]
        report.settled += len(final)
        report.add(final)
    return again


def observed_batches(changes: Sequence[Planned], observed: Mapping[str, Observed]) -> list[Batch]:
    """What was read back, as records of one field each, so that the mirror knows it before any index does."""
    cells: dict[tuple[str, str, str], dict[str, tuple[int, Value]]] = defaultdict(dict)
    for planned in changes:
        slot, seen, key = slot_of(planned.change), observed[planned.id], planned.change.key
        if slot and seen.exists and seen.version is not None:
            cells[key.connection, key.stream, slot.field][key.id] = (seen.version, seen.value)
    return [
        Batch(
            connection,
            stream,
            {
                "id": list(rows),
                "changed_at": [version for version, _ in rows.values()],
                name: [value for _, value in rows.values()],
            },
            frozenset({name}),
        )
        for (connection, stream, name), rows in cells.items()
    ]


def settled_outcome(planned: Planned, observed: Observed) -> Outcome:
    """What became of a change whose answer we never saw, judged by what the remote holds now."""
    slot = slot_of(planned.change)
    if not observed.exists or slot is None:
        return Outcome(planned.id, "conflict", "GONE", "the record is gone since the change was sent")
    if observed.value == slot.after:
        return Outcome(planned.id, "applied", "READ_BACK", "found applied when read back", version=observed.version)
    if observed.value == slot.before:
        return Outcome(planned.id, "unsent", "READ_BACK", "found not applied when read back")
    return Outcome(
        planned.id, "conflict", "MOVED", "the remote holds a third value", observed.version, found=observed.value
    )


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
