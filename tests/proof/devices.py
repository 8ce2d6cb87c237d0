"""The safety devices that a walk must miss: each is taken out in the test process, never by a branch in the product.

A device names the promise that breaks without it, and the operations of a walk that strain it most.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest

import connectors._hubspot_cursor
import connectors._hubspot_push
import connectors._salesforce_pull
import connectors._salesforce_send
import connectors._salesforce_write
import hygiene.field_sync
import hygiene.inherited
import sync.past
import sync.push
from connectors._salesforce_write import Writer
from hygiene import threeway
from store import Store

Take = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Device:
    """One safety device: what it is, how it is taken out, the promises of which one breaks then."""

    name: str
    take_out: Take
    breaks: tuple[str, ...]
    only: tuple[str, ...]


def _no_condition(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(connectors._salesforce_send, "_condition", lambda now: {})


def _no_guard_of_salesforce(patch: pytest.MonkeyPatch) -> None:
    """Records are written whatever they hold by now."""
    patch.setattr(Writer, "_compare", lambda *_: None)
    patch.setattr(connectors._salesforce_send, "_condition", lambda now: {})


def _no_guard_of_hubspot(patch: pytest.MonkeyPatch) -> None:
    real = connectors._hubspot_push._checked

    def unchecked(fields: Any, planned: Any, change: Any, record: Any, *rest: Any) -> Any:
        stale = connectors._hubspot_push.field_value(fields, change.field, record.get("properties") or {})
        seen = type(change)(**{name: getattr(change, name) for name in change.__slots__} | {"before": stale})
        return real(fields, planned, seen, record, *rest)

    patch.setattr(connectors._hubspot_push, "_checked", unchecked)


def _no_history(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(connectors._hubspot_push, "trace_write", lambda *_: None)


def _no_overlap(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(connectors._hubspot_cursor, "OVERLAP_US", 0)
    patch.setattr(connectors._salesforce_pull, "OVERLAP_US", 0)


def _no_journal(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Store, "journal", lambda *_, **__: None)


def _no_outcome_of_a_crash(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sync.push._Push, "_settle_lost", lambda push: push.back.clear())


def _records_apart(patch: pytest.MonkeyPatch) -> None:
    real = Store.record

    def without_records(store: Store, run_id: str, outcomes: Any, records: Any, *rest: Any, **words: Any) -> None:
        real(store, run_id, outcomes, (), *rest, **words)

    patch.setattr(Store, "record", without_records)


def _no_opt_out_rule(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sync.push, "_is_consent", lambda *_: False)


def _no_memory_of_undo(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sync.past, "undone_changes", lambda _: set())


def _no_base(patch: pytest.MonkeyPatch) -> None:
    """What the first side held when both agreed is not known: it never counts as changed."""
    real = threeway.moves

    def forgetful(table: pl.DataFrame, policy: Any) -> pl.Series:
        return real(table.with_columns(left_was="left_now"), policy)

    patch.setattr(hygiene.field_sync, "moves", forgetful)


def _no_base_of_a_survivor(patch: pytest.MonkeyPatch) -> None:
    """What a merge or conversion left on a record counts as an edit there."""
    patch.setattr(hygiene.inherited, "_is_agreed", lambda *_: True)


def _no_lease(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Store, "alone", lambda *_: nullcontext())


_WRITING = ("edit", "pull", "ask", "edit-in-the-gap")
_STALE = (*("edit",) * 12, "pull", "ask", "pass-time")
_MERGING = (*("edit",) * 10, *("sync",) * 3, *("merge",) * 3, "create", "create")

DEVICES = (
    Device("the condition of an update", _no_condition, ("lost update", "outcome untrue"), _WRITING),
    Device("the guard before a write to Salesforce", _no_guard_of_salesforce, ("lost update",), _STALE),
    Device("the guard before a write to HubSpot", _no_guard_of_hubspot, ("lost update",), _STALE),
    Device("the history check after a write to HubSpot", _no_history, ("lost update", "outcome untrue"), _WRITING),
    Device("the overlap of windows", _no_overlap, ("mirror",), (*("edit",) * 8, "pull", "commit-late", "lag")),
    Device("the journal before a write", _no_journal, ("journal complete",), _STALE),
    Device("the settling after a crash", _no_outcome_of_a_crash, ("journal complete", "converges"), (*_STALE, "die")),
    Device("outcome and records in one transaction", _records_apart, ("no echo",), _STALE),
    Device("the rule of opt-outs", _no_opt_out_rule, ("opt-out kept",), _STALE),
    Device(
        "the memory of what was undone", _no_memory_of_undo, ("undone stays undone",), (*("edit",) * 4, "sync", "undo")
    ),
    Device("the base of a field", _no_base, ("lost update",), (*("edit",) * 12, "sync")),
    Device("the base of a survivor", _no_base_of_a_survivor, ("lost update",), _MERGING),
    Device("the lease of a push", _no_lease, ("one at a time",), (*("edit",) * 4, "pull", "push-twice")),
)
