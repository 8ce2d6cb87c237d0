"""What a system refused and will refuse again: it is not sent again until something that matters has changed.

What matters is what the change wants, the version of each record that it joins or writes, and the settings. What goes
away by itself, such as a lock, is sent again with every plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from model.changes import Change, Convert, Create, Merge, Planned, slot_of
from model.errors import ConnectorError
from store import Recorded, Store
from sync.digest import digest
from sync.held import STEP, Held
from sync.past import UNSENT, is_lasting
from sync.push import forbidden
from sync.workspace import Workspace

RULE = "stands-refused"
SETTINGS = "settings"  # in the summary of a plan's run: the `settings_digest` it was made under
_GRANT = "give Trueline's login the right to"
_REMEDIES = {
    "INACTIVE_OWNER_OR_USER": "give the record an owner who is active",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": "fill the record as the rule wants it, or have the rule changed",
    "FIELD_FILTER_VALIDATION_EXCEPTION": "fill the record as the lookup filter wants it, or have the filter changed",
    **dict.fromkeys(
        ("INSUFFICIENT_ACCESS_OR_READONLY", "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "MISSING_SCOPES",
         "INVALID_FIELD_FOR_INSERT_UPDATE", "NotPermitted"), _GRANT),
}  # fmt: skip
# What a change wants, whatever it says of the records as they were, and why.
_WANTED = ("field", "after", "to", "label", "values", "losers", "contact", "account", "status", "deal_name")
_SHOWN = 3
Wish = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A change that is not sent again, and why, with what can be done."""

    change: Change
    why: str

    @property
    def finding(self) -> Held:
        slot, change = slot_of(self.change), self.change
        # A record that was not made has no key yet.
        key = change.source if isinstance(change, Create) and change.source else change.key
        return Held(key, None if slot is None else slot.field, self.why, RULE)


def wish_of(change: Change) -> Wish:
    return (change.kind, change.key, *(getattr(change, name, None) for name in _WANTED))


def settings_digest(workspace: Workspace) -> str:
    return digest([workspace.settings.model_dump(mode="json")])


def remembered(store: Store, recorded: Iterable[Recorded], settings: str, *, again: bool) -> list[Recorded]:
    """The outcomes without refusals of plans that were made under other settings; without any with `again`."""
    told = {run.summary.get("plan"): run.summary.get(SETTINGS, settings) for run in store.runs() if run.kind == "plan"}
    return [
        item
        for item in recorded
        if item.outcome.status != "rejected"
        or (not again and told.get(item.planned.id.rpartition("-")[0], settings) == settings)
    ]


def refusing(workspace: Workspace) -> Callable[[Change], str | None]:
    """What says why a change cannot be sent at all as things are, by our own rules or by describe."""
    sinks, never = workspace.sinks(), workspace.settings.plan.never

    def why(change: Change) -> str | None:
        planned, sink = Planned("", change), sinks.get(change.key.connection)
        try:
            return forbidden(planned, never) or (None if sink is None else sink.refusal(planned))
        except ConnectorError:
            return None  # it is out of reach now, and says so when it is sent to

    return why


def apart_from_refused(
    changes: Sequence[Change], recorded: Iterable[Recorded], refuses: Callable[[Change], str | None]
) -> tuple[list[Change], list[Refused]]:
    """The changes that may be sent, and those that stand refused; merges of one group stand or go together."""
    last: dict[Wish, Recorded] = {}
    for item in recorded:
        wish = wish_of(item.planned.change)
        if is_lasting(item.outcome):
            last[wish] = item
        elif item.outcome.status in ("applied", "already", "overwrote"):
            last.pop(wish, None)
    whys = [_why(change, last.get(wish_of(change)), refuses) for change in changes]
    groups = {_group(change): why for change, why in zip(changes, whys, strict=True) if why and _group(change)}
    whys = [why or groups.get(_group(change)) for change, why in zip(changes, whys, strict=True)]
    told = list(zip(changes, whys, strict=True))
    return [change for change, why in told if why is None], [Refused(change, why) for change, why in told if why]


def _group(change: Change) -> str:
    return change.group if isinstance(change, Merge) else ""


def _why(change: Change, last: Recorded | None, refuses: Callable[[Change], str | None]) -> str | None:
    if last is None:
        return None
    code, words = last.outcome.code, last.outcome.message
    if code == UNSENT:
        still = refuses(change)
        return None if still is None else f"{still.rstrip('.')}; change that in {change.key.connection}"
    if _seen(change) != _seen(last.planned.change):
        return None
    return f"{words.rstrip('.') or 'no reason given'} ({code or 'no code'}); {_REMEDIES.get(code, 'change the record')}"


def _seen(change: Change) -> tuple[int | None, ...]:
    """The versions of the records that a change was made for."""
    return (change.seen_at, change.others_at if isinstance(change, Merge | Convert) else None)


def standing(store: Store) -> Mapping[str, int]:
    """How many changes stand refused, by why."""
    findings = store.findings(STEP).filter(pl.col("rule") == RULE)
    return dict(Counter(findings["message"].to_list()).most_common())


def told_of(refused: Mapping[str, int]) -> str:
    """The changes that stand refused as a sentence; blank where there are none."""
    if not refused:
        return ""
    shown = [f"{number:,} × {why}" for why, number in [*refused.items()][:_SHOWN]]
    rest = sum(refused.values()) - sum([*refused.values()][:_SHOWN])
    more = f"; {rest:,} for other reasons" if rest else ""
    return (
        f" {sum(refused.values()):,} stand refused and are sent again once their record, value or settings change, or "
        f"with --again: {'; '.join(shown)}{more}."
    )
