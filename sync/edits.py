"""Who set the two values of a conflict, and when; the newer one counts where that is sure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hygiene.newest import Seen, newer
from hygiene.threeway import Side
from model.changes import KEPT_AS, Merge, SetField
from model.conflicts import Conflict, Edit
from model.errors import CapExceeded, ConnectorError
from model.evidence import RecordKey
from model.streams import Value
from store import Recorded
from sync.caps import stop_at_call_cap
from sync.remote_clocks import seen_clocks
from sync.workspace import Workspace

# What is seen of a clock is right to some seconds, and edits take a while to be stamped.
MARGIN_US = 120_000_000
# So many conflicts of a group are asked about in one plan, those of a first sync only if all of them fit in: they cost
# a call for 50 in HubSpot and two for 200 in Salesforce. What was not asked about waits in the queue without times.
MOST = 500
OURSELVES = "Trueline"
Slot = tuple[RecordKey, str]


@dataclass(frozen=True, slots=True)
class Dated:
    """A conflict with the times and authors that are known, and the side whose value surely is the newer one."""

    conflict: Conflict
    newer: Side | None = None

    @property
    def reason(self) -> str:
        """Why the newer one counts."""
        sides = [(self.conflict.left_at, self.conflict.left_by), (self.conflict.right_at, self.conflict.right_by)]
        late, early = sides if self.newer == "left" else reversed(sides)
        return f"newer: set {_when(*late)}; the other side's was set {_when(*early)}"


class Edits:
    """Asks the systems about conflicts; `recorded` are the outcomes of what was written so far."""

    def __init__(self, workspace: Workspace, recorded: Iterable[Recorded]) -> None:
        self._workspace = workspace
        self._recorded = recorded

    def dated(self, conflicts: Sequence[Conflict]) -> list[Dated]:
        """The conflicts in their order. Those that have both times, or an answer, are not asked about again; what a
        system does not tell, or is out of reach to tell, stays open."""
        chosen = _chosen(conflicts)
        if not chosen:
            return [Dated(one) for one in conflicts]
        asked = {id(one) for one in chosen}
        told = read_edits(self._workspace, [(key, one.field) for one in chosen for key in (one.left, one.right)])
        between = (chosen[0].left.connection, chosen[0].right.connection)
        seen = seen_clocks(self._workspace, *between)
        ours, names = written_by_us(self._recorded), self._names()
        return [self._dated(one, told, seen, ours, names) if id(one) in asked else Dated(one) for one in conflicts]

    def _dated(
        self,
        conflict: Conflict,
        told: Mapping[Slot, Edit],
        seen: Sequence[Seen],
        ours: Mapping[Slot, Value],
        names: Mapping[tuple[str, str], str],
    ) -> Dated:
        left, right = (told.get((key, conflict.field)) for key in (conflict.left, conflict.right))
        winner = newer(left, right, MARGIN_US, seen)
        found: dict[Side, _Author] = {
            "left": _author(conflict.left, conflict.field, conflict.left_value, left, ours, names),
            "right": _author(conflict.right, conflict.field, conflict.right_value, right, ours, names),
        }
        dated = replace(
            conflict, left_at=left.at if left else None, right_at=right.at if right else None,
            left_by=found["left"].name, right_by=found["right"].name,
        )  # fmt: skip
        # What we wrote ourselves is nobody's decision, however new it is.
        return Dated(dated, None if winner is None or found[winner].is_ours else winner)

    def _names(self) -> dict[tuple[str, str], str]:
        """Names of users by connection and id, which is that of the record or that of logins."""
        users = self._workspace.everything.frame("users", columns=["name", "login_id"])
        rows = users.select("connection", "id", "login_id", "name").drop_nulls("name").rows()
        return {(row[0], key): row[3] for row in rows for key in row[1:3] if key}


def read_edits(workspace: Workspace, slots: Iterable[Slot]) -> dict[Slot, Edit]:
    """Who set these fields of records, and when, as far as their systems tell and are in reach."""
    wanted: dict[tuple[str, str], dict[str, set[str]]] = {}
    for key, name in slots:
        wanted.setdefault((key.connection, key.stream), {}).setdefault(key.id, set()).add(name)
    sinks, told = workspace.sinks(), dict[Slot, Edit]()
    for (connection, stream), fields in sorted(wanted.items()):
        sink = sinks[connection]
        try:
            stop_at_call_cap(sink, workspace.settings.caps)
            found = sink.edits(stream, fields)
        except (ConnectorError, CapExceeded):
            continue  # nothing is newer then, and what is open stays open
        told |= {(RecordKey(connection, stream, record), name): one for (record, name), one in found.items()}
    return told


def written_by_us(recorded: Iterable[Recorded]) -> dict[Slot, Value]:
    """What we wrote last, by record and field, as its system keeps it."""
    written: dict[Slot, Value] = {}
    for one in sorted(recorded, key=lambda one: one.at):
        change, outcome = one.planned.change, one.outcome
        if isinstance(change, SetField) and outcome.status == "applied":
            written[change.key, change.field] = outcome.found if outcome.code == KEPT_AS else change.after
        elif isinstance(change, Merge) and outcome.status in ("applied", "overwrote"):
            survivor = RecordKey(change.key.connection, change.key.stream, outcome.made or change.key.id)
            written |= {(survivor, name): value for name, value in change.values}
    return written


def corrected_by_us(recorded: Iterable[Recorded]) -> dict[Slot, Value]:
    """The same without what we carried over from another CRM, where somebody set it."""
    own = [one for one in recorded if not (isinstance(one.planned.change, SetField) and one.planned.change.agreed)]
    return written_by_us(own)


@dataclass(frozen=True, slots=True)
class _Author:
    name: str
    is_ours: bool = False


def _author(
    key: RecordKey,
    field: str,
    value: Value,
    edit: Edit | None,
    ours: Mapping[Slot, Value],
    names: Mapping[tuple[str, str], str],
) -> _Author:
    if edit is None:
        return _Author("")
    if edit.is_exact and (key, field) in ours and ours[key, field] == value:
        return _Author(OURSELVES, is_ours=True)
    name = names.get((key.connection, edit.by), edit.by)
    return _Author(name if edit.is_exact else f"{name or 'somebody'} or somebody before")


def undated(conflicts: Iterable[Conflict]) -> frozenset[RecordKey]:
    """The records of conflicts that are still to be asked about, those of a first sync apart."""
    unknown = [one for one in conflicts if one.has_base and one.answer is None and None in (one.left_at, one.right_at)]
    return frozenset(key for one in unknown for key in (one.left, one.right))


def _chosen(conflicts: Sequence[Conflict]) -> list[Conflict]:
    """Those to ask about: of records that agreed before, then of a first sync if all of these fit in."""
    unknown = [one for one in conflicts if one.answer is None and None in (one.left_at, one.right_at)]
    moved = [one for one in unknown if one.has_base][:MOST]
    fresh = [one for one in unknown if not one.has_base]
    return [*moved, *fresh] if len(moved) + len(fresh) <= MOST else moved


def _when(at: int | None, by: str) -> str:
    moment = datetime.fromtimestamp((at or 0) / 1e6, UTC).strftime("%F %T UTC")
    return f"{moment} by {by}" if by else moment
