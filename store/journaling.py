"""The part of the store that pushes work on: plans, the journal, snapshots and outcomes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from model.batch import Batch
from model.changes import Change, Outcome, Planned
from model.evidence import RecordKey, Verdict
from model.snapshots import Snapshot
from store import bases, derived, plans, pulls, snapshots
from store.bases import BaseCell
from store.planning import Planning
from store.plans import Recorded
from store.snapshots import NONE_TAKEN, Taken


class Journaling(Planning):
    """Plans and journal of an open store."""

    def save_plan(self, run_id: str, changes: Sequence[Change], at: int) -> str:
        """Store a plan; its changes get ids that sort in the given order. Returns the plan's id."""
        with self._database.write() as connection:
            return plans.save(self._database, connection, run_id, changes, at)

    def plan_changes(self, plan_id: str) -> list[Planned]:
        """A plan's changes in plan order; InputError when there is no such plan."""
        with self._database.read() as connection:
            return plans.changes(connection, plan_id)

    def latest_plan(self) -> str | None:
        with self._database.read() as connection:
            return plans.latest(connection)

    def journal(self, run_id: str, change_ids: Sequence[str], at: int, taken: Taken = NONE_TAKEN) -> None:
        """Note that these changes are about to be sent, with the snapshots taken for them by change id. On disk when
        it returns: only then send them."""
        with self._database.write() as connection:
            plans.journal(self._database, connection, run_id, change_ids, at)
            snapshots.save(connection, taken, at)

    def snapshots(self, change_id: str) -> tuple[Snapshot, ...]:
        """The records of a change as they were before it was first sent; none where that was never kept."""
        with self._database.read() as connection:
            return snapshots.of_change(connection, change_id)

    def record(
        self,
        run_id: str,
        outcomes: Iterable[Outcome],
        batches: Iterable[Batch],
        at: int,
        agreed: Iterable[BaseCell] = (),
        same: Iterable[Verdict] = (),
    ) -> None:
        """Save what came of sent changes together with the records read back after them, what they agree on, and which
        are the `same`, unless somebody has said something about those two."""
        with self._database.write() as connection:
            plans.record(connection, run_id, outcomes, at)
            for batch in batches:
                pulls.save_batch(self._database, connection, batch)
            bases.set_cells(connection, agreed, at)
            derived.add_new_verdicts(connection, same)

    def note_settled(self) -> None:
        """Note that no change is unfinished, where that is so: what was journaled so far is not looked at again."""
        with self._database.write() as connection:
            plans.note_settled(connection)

    def unfinished(self) -> list[tuple[str, Planned]]:
        """Changes that may have been sent and of which nobody knows the end, each with the run that sent it last."""
        with self._database.read() as connection:
            return plans.unfinished(connection)

    def outcomes_of(self, keys: Collection[RecordKey]) -> list[Recorded]:
        """Recorded outcomes of changes of these records, and of those that made them, in plan order."""
        with self._database.read() as connection:
            return plans.outcomes_of(connection, keys)

    def outcomes(
        self,
        *,
        run_id: str | None = None,
        plan_id: str | None = None,
        kind: str | None = None,
        with_settled: bool = False,
    ) -> list[Recorded]:
        """Recorded outcomes of a run, of a plan, of changes of a kind or of all, in plan order; `with_settled` also
        those of what the run sent and a later run read back."""
        with self._database.read() as connection:
            return plans.outcomes(connection, run_id, plan_id, with_settled=with_settled, kind=kind)
