"""What the newest plan still wants to change, by rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from hygiene.rules import RULES
from model.changes import JOINING, Change, Planned, slot_of
from reports.content import ChangeExample, ChangeGroup
from reports.wording import brief, text_of
from store import Store

EXAMPLES = 8
# A change that provably was not sent still waits for a push.
_WAITING = ("unsent",)


def pending_changes(store: Store) -> list[Planned]:
    """The newest plan's changes that wait for a push."""
    plan_id = store.latest_plan()
    if plan_id is None:
        return []
    done = {item.planned.id for item in store.outcomes(plan_id=plan_id) if item.outcome.status not in _WAITING}
    return [planned for planned in store.plan_changes(plan_id) if planned.id not in done]


def pending_groups(pending: Iterable[Planned]) -> tuple[ChangeGroup, ...]:
    """Changes by rule, the most frequent first; merges and conversions are shown elsewhere, side by side."""
    return _grouped(planned for planned in pending if planned.change.kind not in JOINING)


def _grouped(pending: Iterable[Planned]) -> tuple[ChangeGroup, ...]:
    by_rule: defaultdict[str, list[Change]] = defaultdict(list)
    for planned in pending:
        by_rule[planned.change.rule].append(planned.change)
    groups = [
        ChangeGroup(rule, _title(rule), len(changes), tuple(_example(change) for change in changes[:EXAMPLES]))
        for rule, changes in by_rule.items()
    ]
    return tuple(sorted(groups, key=lambda group: (-group.changes, group.rule)))


def _title(rule: str) -> str:
    return RULES[rule].description if rule in RULES else rule or "Other changes"


def _example(change: Change) -> ChangeExample:
    slot, key = slot_of(change), brief(str(change.key), 120)
    if slot is None:
        return ChangeExample(key, change.kind, "", "", brief(change.reason))
    return ChangeExample(key, slot.field, text_of(slot.before), text_of(slot.after), brief(change.reason))
