"""Push: a stored plan to the remotes, journal first, outcome after.

Each unit is journaled, sent behind its version guard and recorded together with the records as they then are, so a
crash at any instruction leaves either nothing sent, or a journaled change without outcome. The next push settles
those first by reading the remote back: it neither repeats nor loses a change (DESIGN promise 11). One push at a time
works on a store: a second one would take the first one's open changes for those of a crash.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from connectors.connector import Sink
from model.batch import Batch
from model.changes import (
    JOINING,
    UNDO,
    Change,
    Convert,
    Create,
    Delete,
    Merge,
    Outcome,
    Planned,
    Unmerge,
    slot_of,
)
from model.errors import CapExceeded, ConnectorError, InputError, Unavailable
from model.evidence import Verdict
from model.settings import Caps
from model.snapshots import Snapshot
from model.streams import STREAMS
from store import BaseCell, Store
from sync.agreed import agreed_cells
from sync.caps import check_caps, stop_at_call_cap
from sync.clock import Clock
from sync.instep import Steps, parts_of
from sync.lend import lent
from sync.made import made_cells, made_verdicts
from sync.redact import without_values
from sync.settle import settle
from sync.workspace import Workspace

Progress = Callable[[int, int], None]  # changes done, changes in all

# What a change still has to go through: never sent, or sent for certain without effect.
_OPEN = frozenset({"unsent"})
# A remote that was out of reach for a moment is tried again in the same run, so often in all.
_ROUNDS = 3
# Kinds whose records are kept as they were, beside merges.
_LASTING = frozenset({Convert.kind, Delete.kind})


@dataclass(slots=True)
class PushReport:
    """What a push came to: outcomes by status, the remotes' reasons by count, and what stopped a connection."""

    plan_id: str
    run_id: str | None = None
    planned: int = 0
    pending: int = 0
    held: int = 0  # merges and conversions that were not asked for
    made: int = 0  # new records
    settled: int = 0  # answers that were lost, now or in a crash, decided by reading back
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    stopped: dict[str, str] = field(default_factory=dict)  # connection -> sentence

    @property
    def sentence(self) -> str:
        if not self.run_id:
            return f"Plan {self.plan_id} has nothing left to send."
        counted = ", ".join(f"{number:,} {status}" for status, number in sorted(self.statuses.items()))
        return f"Run {self.run_id} sent plan {self.plan_id}: {counted or 'nothing'}."


def push_stored(
    workspace: Workspace,
    plan_id: str | None = None,
    *,
    kind: str = "push",
    joins: bool = False,
    progress: Progress | None = None,
) -> PushReport:
    """Push a stored plan, the newest by default, through the workspace's connections; merges and conversions only with
    `joins`."""
    chosen = chosen_plan(workspace.store, plan_id)
    settings = workspace.settings
    return push_plan(
        workspace.store,
        workspace.sinks(),
        chosen,
        settings.caps,
        workspace.clock,
        never=settings.plan.never,
        kind=kind,
        joins=joins,
        progress=progress,
    )


def chosen_plan(store: Store, plan_id: str | None) -> str:
    """The given plan's id, or the newest's; InputError when none was ever made."""
    chosen = plan_id or store.latest_plan()
    if chosen is None:
        raise InputError("There is no plan yet; run `trueline plan` first.")
    return chosen


def pending_changes(store: Store, plan_id: str, *, joins: bool = True) -> list[Planned]:
    """Changes of a plan that have no final outcome, in plan order, merges and conversions only with `joins`."""
    done = {item.planned.id for item in store.outcomes(plan_id=plan_id) if item.outcome.status not in _OPEN}
    return [
        planned
        for planned in store.plan_changes(plan_id)
        if planned.id not in done and (joins or planned.change.kind not in JOINING)
    ]


def push_plan(
    store: Store,
    sinks: Mapping[str, Sink],
    plan_id: str,
    caps: Caps,
    clock: Clock,
    *,
    never: Collection[str] = (),
    kind: str = "push",
    joins: bool = False,
    progress: Progress | None = None,
) -> PushReport:
    """Send what is pending of a plan, merges and conversions only with `joins`.

    CapExceeded before anything is written, StoreError while another push is at work; a connection that fails stops
    alone. `never` names stream.field that is not written whatever the plan says.
    """
    with store.alone("push"):
        report = PushReport(plan_id, planned=len(store.plan_changes(plan_id)))
        unfinished = [planned for _, planned in store.unfinished()]
        changes = _pending(store, plan_id, unfinished, joins=joins)
        report.pending = len(changes)
        report.held = len(pending_changes(store, plan_id)) - len(pending_changes(store, plan_id, joins=joins))
        check_caps(changes, caps, _live_counts(store))
        if not changes and not unfinished:
            return report
        report.run_id = store.begin_run(kind, clock())
        status = "failed"
        try:
            steps = Steps.of(store, plan_id, store.plan_changes(plan_id))
            _Push(store, sinks, report, report.run_id, caps, clock, frozenset(never), joins, progress, steps).run()
            status = "stopped" if report.stopped else "done"
        finally:
            _count(store, report)
            store.end_run(report.run_id, status, clock(), {"plan": plan_id, **dict(report.statuses)})
        return report


def _pending(store: Store, plan_id: str, unfinished: Sequence[Planned], *, joins: bool) -> list[Planned]:
    """What a plan may still have to write: what is pending, and what was sent with an unknown end."""
    changes = {planned.id: planned for planned in pending_changes(store, plan_id, joins=joins)}
    own = {planned.id for planned in store.plan_changes(plan_id)}
    changes |= {planned.id: planned for planned in unfinished if planned.id in own}
    return [changes[change_id] for change_id in sorted(changes)]


def _count(store: Store, report: PushReport) -> None:
    """Count each change once, by the last outcome it has in this run."""
    recorded = store.outcomes(run_id=report.run_id)
    outcomes = [item.outcome for item in recorded]
    report.made = sum(isinstance(item.planned.change, Create) and bool(item.outcome.made) for item in recorded)
    report.statuses = Counter(outcome.status for outcome in outcomes)
    report.reasons = Counter(
        f"{outcome.status}: {outcome.code or outcome.message}"
        for outcome in outcomes
        if outcome.status not in ("applied", "already")
    )


def _live_counts(store: Store) -> dict[tuple[str, str], int]:
    return {(row[0], row[1]): row[2] for row in store.counts().select("connection", "stream", "live").iter_rows()}


def _by_connection(changes: Sequence[Planned]) -> dict[str, list[Planned]]:
    grouped: dict[str, list[Planned]] = defaultdict(list)
    for planned in changes:
        grouped[planned.change.key.connection].append(planned)
    return dict(sorted(grouped.items()))


@dataclass(slots=True)
class _Push:
    """One push at work. `away` are the connections whose remote was out of reach; it answered again since if the
    connection is in `back` too."""

    store: Store
    sinks: Mapping[str, Sink]
    report: PushReport
    run_id: str
    caps: Caps
    clock: Clock
    never: frozenset[str]
    joins: bool
    progress: Progress | None
    steps: Steps
    done: int = 0
    away: set[str] = field(default_factory=set)
    back: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Settle what is open, send what is pending, settle what got lost; again where a remote was only away."""
        self._settle_lost()
        for _ in range(_ROUNDS):
            todo = self._todo()
            if not todo:
                return
            for connection in self.away & self.back:
                self.report.stopped.pop(connection, None)
            self.away.clear()
            self._send_all(todo)
            self._settle_lost()
        for connection, waiting in _by_connection(self._todo()).items():
            self.report.stopped.setdefault(connection, f"{connection}: {len(waiting):,} changes wait; push again")

    def _todo(self) -> list[Planned]:
        """What can be sent now: pending, not of unknown end, of connections that did not stop for good."""
        unfinished = {planned.id for _, planned in self.store.unfinished()}
        halted = self.report.stopped.keys() - (self.away & self.back)
        return [
            planned
            for planned in pending_changes(self.store, self.report.plan_id, joins=self.joins)
            if planned.id not in unfinished and planned.change.key.connection not in halted
        ]

    def _settle_lost(self) -> None:
        """Decide changes that were sent and have no known end, of whatever plan; only this plan's are sent again."""
        self.back.clear()
        for connection, changes in _by_connection([planned for _, planned in self.store.unfinished()]).items():
            sink = self.sinks.get(connection)
            if sink is None:
                self._halt(connection, None)
                continue
            try:
                outcomes = settle(self.store, sink, self.run_id, changes, self.clock)
            except ConnectorError as error:
                self._halt(connection, error)
                continue
            self.back.add(connection)
            self.steps.note(outcomes)
            self.report.settled += sum(outcome.status not in ("unsent", "unknown") for outcome in outcomes)

    def _halt(self, connection: str, error: ConnectorError | CapExceeded | None) -> None:
        sentence = f"{connection} is not a connection that can be written; its changes wait"
        self.report.stopped[connection] = sentence if error is None else str(error)
        if isinstance(error, Unavailable):
            self.away.add(connection)

    def _send_all(self, todo: Sequence[Planned]) -> None:
        self.done = self.report.pending - len(todo)
        sendable: list[Planned] = []
        for connection, mine in _by_connection(todo).items():
            try:
                sendable += self._refuse(self.sinks[connection], mine)
            except KeyError:
                self._halt(connection, None)
            except ConnectorError as error:
                self._halt(connection, error)
        for phase in phases(sendable):
            if isinstance(phase[0].change, Merge):
                self._merge(phase)
                continue
            for connection, mine in _by_connection(phase).items():
                self._send(connection, mine, {})

    def _merge(self, phase: Sequence[Planned]) -> None:
        """Merges of all connections, those of one person or company in step."""
        for part in parts_of(phase):
            taken: dict[str, Sequence[Snapshot]] = {}
            for connection, mine in _by_connection(part).items():
                if connection not in self.report.stopped:
                    taken |= self._snapshots(connection, mine)
            self.steps.look(self.store, part, taken)
            ordered = sorted(self.sinks, key=lambda name: (self.sinks[name].system != "salesforce", name))
            for place, connection in enumerate(ordered):
                mine = [planned for planned in part if planned.change.key.connection == connection]
                ready, apart = self.steps.sorted_out(mine, ordered[:place])
                self._settle_unsent(apart)
                self._send(connection, ready, taken)

    def _snapshots(self, connection: str, changes: Sequence[Planned]) -> Mapping[str, Sequence[Snapshot]]:
        sink = self.sinks[connection]
        try:
            stop_at_call_cap(sink, self.caps)
            return sink.snapshots(changes)
        except (ConnectorError, CapExceeded) as error:
            self._halt(connection, error)
            return {}

    def _send(self, connection: str, changes: Sequence[Planned], taken: Mapping[str, Sequence[Snapshot]]) -> None:
        """Send changes of one connection, unless it has stopped, until it does."""
        if connection in self.report.stopped:
            return
        sink = self.sinks[connection]
        try:
            for unit in sink.batches(changes):
                stop_at_call_cap(sink, self.caps)
                self._send_unit(sink, unit, taken)
                self.done += len(unit)
                if self.progress:
                    self.progress(self.done, self.report.pending)
        except (ConnectorError, CapExceeded) as error:
            self._halt(connection, error)

    def _refuse(self, sink: Sink, changes: Sequence[Planned]) -> list[Planned]:
        """Keep what can be sent; what cannot gets its outcome, with the reason, without a call."""
        reasons = {planned.id: forbidden(planned, self.never) or sink.refusal(planned) for planned in changes}
        self._settle_unsent(
            [Outcome(change_id, "rejected", "REFUSED", reason) for change_id, reason in reasons.items() if reason]
        )
        return [planned for planned in changes if not reasons[planned.id]]

    def _settle_unsent(self, outcomes: Sequence[Outcome]) -> None:
        """Outcomes of changes that are not sent at all."""
        if outcomes:
            self.store.journal(self.run_id, [outcome.change_id for outcome in outcomes], self.clock())
            self._record(outcomes, ())

    def _record(
        self,
        outcomes: Sequence[Outcome],
        records: Sequence[Batch],
        agreed: Iterable[BaseCell] = (),
        same: Iterable[Verdict] = (),
    ) -> None:
        self.store.record(self.run_id, outcomes, records, self.clock(), agreed, same)
        self.steps.note(outcomes)

    def _send_unit(self, sink: Sink, unit: tuple[Planned, ...], taken: Mapping[str, Sequence[Snapshot]]) -> None:
        if unit[0].change.kind in _LASTING:
            taken = sink.snapshots(unit)
        kept = {planned.id: taken[planned.id] for planned in unit if planned.id in taken}
        self.store.journal(self.run_id, [planned.id for planned in unit], self.clock(), kept)
        try:
            sent = sink.send(lent(self.store, unit))
        except ConnectorError as error:
            # By the sink's contract nothing of the unit was sent, so it is safe to send again.
            self._record([Outcome(planned.id, "unsent", type(error).__name__, str(error)) for planned in unit], ())
            raise
        by_id = {planned.id: planned.change for planned in unit}
        shown = [
            replace(outcome, message=without_values(outcome.message, by_id[outcome.change_id], outcome.found))
            for outcome in sent.outcomes
        ]
        cells = [*agreed_cells(unit, shown), *made_cells(unit, shown, sent.records)]
        self._record(shown, sent.records, cells, made_verdicts(unit, shown, self.clock()))


def forbidden(planned: Planned, never: Collection[str]) -> str | None:
    """Why our own rules keep a change from being sent, whatever the plan was made under; None when they do not.

    An undo is bound by neither: it only puts back what stood there before us.
    """
    change, slot = planned.change, slot_of(planned.change)
    if change.rule == UNDO:
        return None
    if isinstance(change, Create | Merge):
        writes = [(name, value, True) for name, value in change.values]
    else:
        writes = [] if slot is None else [(slot.field, slot.after, slot.before is True)]
    for written, after, may_be_out in writes:
        name = f"{change.key.stream}.{written}"
        if name in never:
            return f"plan.never names {name}; plan again"
        if may_be_out and after is not True and _is_consent(change, written):
            return f"{name} is an opt-out, which is never taken back"
    return None


def _is_consent(change: Change, name: str) -> bool:
    fields = STREAMS[change.key.stream].fields
    return any(known.name == name and known.kind == "consent" for known in fields)


def phases(changes: Sequence[Planned]) -> list[list[Planned]]:
    """The changes in the order in which they do not disturb each other.

    Joining records moves the records that hang on them, and gives some a new id: values and links go first, then
    people are merged, then the accounts they hang on, and leads are converted last. An undo goes the other way round.
    """
    found: dict[int, list[Planned]] = defaultdict(list)
    for planned in changes:
        change = planned.change
        place = 2 if change.key.stream == "accounts" else 1
        sign = {Merge.kind: 1, Unmerge.kind: -1}.get(change.kind, 0)
        found[3 if isinstance(change, Convert) else sign * place].append(planned)
    return [found[place] for place in sorted(found)]
