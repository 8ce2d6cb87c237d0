"""Merges in step: those of one person or company in several CRMs are one item, merged everywhere or nowhere.

Snapshots of all sides are taken before the first is sent; where one shows that its records moved since the plan, the
others stay as they are. Salesforce goes first: HubSpot's own integration follows a merge there, and would make a record
anew that was merged in HubSpot alone. What one side refuses after the other was merged is told, and planned again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from model.changes import Merge, Outcome, OutcomeStatus, Planned, records_of
from model.snapshots import Snapshot
from store import Store

OUT_OF_STEP = "OUT_OF_STEP"
# So many groups are read ahead, as many as batches of reads hold; more would let snapshots grow old.
AT_ONCE = 100
_MERGED = frozenset({"applied", "already", "overwrote"})
_REFUSED = frozenset({"conflict", "rejected"})
Taken = Mapping[str, Sequence[Snapshot]]


@dataclass(slots=True)
class Steps:
    """The merges of a plan that go together, and how far each is: `statuses` by change id, as recorded last."""

    groups: Mapping[str, Sequence[Planned]]
    statuses: dict[str, OutcomeStatus]
    stale: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, store: Store, plan_id: str, changes: Iterable[Planned]) -> Steps:
        groups: dict[str, list[Planned]] = defaultdict(list)
        for planned in changes:
            if isinstance(planned.change, Merge) and planned.change.group:
                groups[planned.change.group].append(planned)
        recorded = store.outcomes(plan_id=plan_id, kind=Merge.kind) if groups else []
        return cls(groups, {item.planned.id: item.outcome.status for item in recorded})

    def note(self, outcomes: Iterable[Outcome]) -> None:
        self.statuses |= {outcome.change_id: outcome.status for outcome in outcomes}

    def look(self, store: Store, changes: Sequence[Planned], taken: Taken) -> None:
        """Find those whose records are not as the plan saw them."""
        for planned in changes:
            if planned.id in taken and self._others(planned) and _has_moved(store, planned, taken[planned.id]):
                self.stale.add(planned.id)

    def sorted_out(self, changes: Sequence[Planned], before: Collection[str]) -> tuple[list[Planned], list[Outcome]]:
        """What of one connection may be sent now, and outcomes of what stays because it moved or another side stays.
        What waits for a side in the connections `before` it is in neither."""
        ready: list[Planned] = []
        apart: list[Outcome] = []
        for planned in changes:
            others = self._others(planned)
            refused = [one for one in others if one.id in self.stale or self.statuses.get(one.id) in _REFUSED]
            waited = [one for one in others if one.change.key.connection in before]
            if planned.id in self.stale:
                text = "a record was changed, deleted or merged since it was read; plan again"
                apart.append(Outcome(planned.id, "conflict", "MOVED", text))
            elif refused:
                names = ", ".join(sorted({one.change.key.connection for one in refused}))
                text = f"not merged, because its records in {names} were not; plan again"
                apart.append(Outcome(planned.id, "conflict", OUT_OF_STEP, text))
            elif all(self.statuses.get(one.id) in _MERGED for one in waited):
                ready.append(planned)
        return ready, apart

    def _others(self, planned: Planned) -> list[Planned]:
        change = planned.change
        mates = self.groups.get(change.group, ()) if isinstance(change, Merge) else ()
        return [one for one in mates if one.id != planned.id]


def parts_of(changes: Sequence[Planned]) -> list[list[Planned]]:
    """The merges in parts of AT_ONCE groups; what goes together stays together."""
    groups: dict[str, list[Planned]] = {}
    for planned in changes:
        group = planned.change.group if isinstance(planned.change, Merge) else ""
        groups.setdefault(group or planned.id, []).append(planned)
    listed = list(groups.values())
    return [
        [planned for group in listed[start : start + AT_ONCE] for planned in group]
        for start in range(0, len(listed), AT_ONCE)
    ]


def _has_moved(store: Store, planned: Planned, shots: Sequence[Snapshot]) -> bool:
    """Whether a record is gone, or the survivor changed since; not so of a merge that was begun before."""
    change = planned.change
    survivor = next((shot for shot in shots if shot.key == change.key), None)
    is_whole = len(shots) == len(records_of(change))
    is_same = survivor is not None and change.seen_at in (None, survivor.version)
    return not (is_whole and is_same) and not store.snapshots(planned.id)
