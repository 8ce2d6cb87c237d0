"""Records of two CRMs kept alike: those that one lacks are made, and deletions are carried over, as far as is asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from model.changes import Associate, Change, Delete
from model.evidence import RecordKey
from store import Recorded
from sync.gone import Gone, planned_deletes
from sync.held import Held
from sync.joins import Corrected
from sync.missing import Stage, planned_creates
from sync.workspace import Workspace

Told = Stage | Gone


@dataclass(frozen=True, slots=True)
class RecordSync:
    """Creates, links of what was made, and deletions; what they come to by stream and direction; and the findings."""

    changes: tuple[Change, ...]
    stages: tuple[Told, ...]
    findings: tuple[Held, ...]

    def beside(self, others: Iterable[Change]) -> list[Change]:
        """All changes of a plan: what is deleted gets no other, and a contact that we made no other link."""
        linked = {change.key for change in self.changes if isinstance(change, Associate)}
        deleted = {change.key for change in self.changes if isinstance(change, Delete)}
        kept = [
            change
            for change in others
            if change.key not in deleted and not (isinstance(change, Associate) and change.key in linked)
        ]
        return [*kept, *self.changes]


NO_RECORDS = RecordSync((), (), ())


def planned_records(
    workspace: Workspace,
    corrected: Corrected,
    recorded: Sequence[Recorded],
    joined: Collection[RecordKey],
    limit: int | None = None,
) -> RecordSync:
    """What `[sync]` asks for besides values; `joined` records are to be merged or converted, at most `limit` made."""
    made = planned_creates(workspace, corrected, recorded, limit)
    gone = planned_deletes(workspace, corrected.stored, recorded, joined)
    return RecordSync((*made.changes, *gone.changes), (*made.stages, *gone.stages), (*made.findings, *gone.findings))
