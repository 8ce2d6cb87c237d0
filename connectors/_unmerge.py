"""What taking a merge apart has in common in all systems: a case of it, and who tells what stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from model.changes import Outcome, Planned, Unmerge
from model.snapshots import Snapshot

Key = tuple[object, ...]
NO_SNAPSHOT = "no snapshot of these records was kept, or the person was forgotten: there is nothing to put back from"


@dataclass(slots=True)
class Case:
    """One merge to take apart. `at` is the survivor's id now, `homes` leads from a loser to the record that stands for
    it now; `left` says in words what stays as it is; `refused` are steps that the system does not take."""

    planned: Planned
    change: Unmerge
    at: str
    survivor: Snapshot
    losers: list[Snapshot]
    homes: dict[str, str] = field(default_factory=dict)
    left: dict[str, None] = field(default_factory=dict)
    refused: set[Key] = field(default_factory=set)

    @property
    def renamed(self) -> dict[str, str]:
        """By old id the new one of records that were made anew, here or by an earlier undo."""
        return {**{old.id: new.id for old, new in self.change.renamed}, **self.homes}

    @property
    def made(self) -> str:
        """The losers as they are now, in their order."""
        return ";".join(self.homes.get(key.id, key.id) for key in self.change.losers)


def cases_of(batch: Sequence[Planned]) -> tuple[list[Case], list[Outcome]]:
    """The cases of unmerges, and an outcome for each that has no snapshots to put back from."""
    cases: list[Case] = []
    without: list[Outcome] = []
    for planned in batch:
        change = planned.change
        assert isinstance(change, Unmerge)
        ids = [key.id for key in change.losers]
        shots = {shot.key.id: shot for shot in change.snapshots}
        # The survivor may have a new id since its snapshot.
        others = [shot for shot in change.snapshots if shot.key.id not in ids]
        if len(others) == 1 and all(one in shots for one in ids):
            cases.append(Case(planned, change, change.key.id, others[0], [shots[one] for one in ids]))
        else:
            without.append(Outcome(planned.id, "rejected", "NO_SNAPSHOT", NO_SNAPSHOT))
    return cases, without
