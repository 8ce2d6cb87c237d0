"""Records of two CRMs kept alike: those that one lacks are made, and deletions are carried over, as far as is asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from model.changes import Associate, Change, Create, Delete
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
    """Creates, links of what was made, and deletions; what they come to by stream and direction; the findings; and the
    records that the next plan is to look `again` at."""

    changes: tuple[Change, ...]
    stages: tuple[Told, ...]
    findings: tuple[Held, ...]
    again: frozenset[RecordKey]

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


def planned_records(
    workspace: Workspace,
    corrected: Corrected,
    recorded: Sequence[Recorded],
    joined: Collection[RecordKey],
    limit: int | None = None,
    part: pl.DataFrame | None = None,
) -> RecordSync:
    """What `[sync]` asks for besides values, of all records or of a `part`; `joined` records are to be merged or
    converted, at most `limit` made."""
    made = planned_creates(workspace, corrected, recorded, limit, part)
    gone = planned_deletes(workspace, recorded, joined)
    sources = {change.source for change in made.changes if isinstance(change, Create) and change.source}
    return RecordSync(
        (*made.changes, *gone.changes),
        (*made.stages, *gone.stages),
        (*made.findings, *gone.findings),
        made.again | gone.again | sources,
    )
