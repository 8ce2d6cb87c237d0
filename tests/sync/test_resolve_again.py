"""Resolving what changed leaves in the store what resolving everybody leaves there, of the same names' meanings."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hygiene.candidates import named_accounts
from hygiene.resolve import chosen, lines
from hygiene.resolve_again import resolve_all
from model.settings import ResolveSettings
from sync import resolve
from sync.match import STREAMS, match_records
from sync.records import stored_frames
from sync.resolve import kept_of, resolve_people, stored_links
from sync.workspace import Workspace
from tests.sync import crowded
from tests.sync.crowded import Crowd, opened, saved

NOW = 10**9
FIRMS = [f"{first} {second}" for first in ("Acme", "Birch", "Corvo", "Delta", "Elm", "Fjord") for second in
         ("Tools", "Foods", "Mining", "Lines")]  # fmt: skip


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> Crowd:
    monkeypatch.setattr(crowded, "FIRMS", FIRMS)
    return Crowd(seed=7, people=150, accounts=60)


@pytest.fixture
def workspace(crowd: Crowd, tmp_path: Path) -> Iterator[Workspace]:
    """A store that was matched and resolved once."""
    with opened(tmp_path / "trueline.db", count(NOW)) as workspace:
        saved(workspace.store, crowd.batches(sorted(crowd.people), sorted(crowd.accounts)))
        match_records(workspace)
        resolve_people(workspace)
        yield workspace


def assert_as_all(workspace: Workspace) -> None:
    store = workspace.store
    kept, *_ = kept_of(store.resolved_parts())
    every = resolve_all(stored_frames(store, (*STREAMS, "deals")), store.memberships(), None, ResolveSettings())
    for name in ("people", "accounts", "deals"):
        assert_frame_equal(getattr(kept.own, name), getattr(every.kept.own, name))
    pooled = every.kept.own.pooled()
    told = chosen(pooled, named_accounts(pooled, kept.fits), ResolveSettings())
    assert_frame_equal(stored_links(workspace), lines(pooled, told))
    unlinked = store.findings().filter(pl.col("step") == "resolve")
    assert set(unlinked["id"]) == set(store.links().filter(pl.col("account_id").is_null())["id"])
    assert len(unlinked) == unlinked["id"].n_unique()


def test_cycles_of_what_changed_leave_what_resolving_all_leaves(crowd: Crowd, workspace: Workspace) -> None:
    crowd.chance, crowd.versions = np.random.default_rng(3), count(1_000)
    looked_at = 0
    for _ in range(4):
        for _ in range(4):
            saved(workspace.store, crowd.edit())
        match_records(workspace)
        assert not workspace.store.waiting("resolve").is_empty()
        resolve_people(workspace)
        assert workspace.store.waiting("resolve").is_empty()
        looked_at += len(workspace.store.resolved_parts()) - 1
        assert_as_all(workspace)
    assert looked_at


def test_what_is_kept_is_made_anew_where_much_changed(crowd: Crowd, workspace: Workspace,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(resolve, "FEW", 2)
    crowd.versions = count(1_000)
    row = crowd.people[sorted(crowd.people)[0]]
    row["city"], before = "Elsewhere", workspace.store.links()
    saved(workspace.store, crowd.batches(sorted(crowd.people)[:1], []))
    resolve_people(workspace)
    assert len(workspace.store.resolved_parts()) == 2
    for key in sorted(crowd.people):
        crowd.people[key]["city"] = "Elsewhere"
    saved(workspace.store, crowd.batches(sorted(crowd.people), []))
    resolve_people(workspace)
    assert len(workspace.store.resolved_parts()) == 1
    assert workspace.store.links().height == before.height
    assert_as_all(workspace)


def test_nobody_is_looked_at_where_nothing_changed(workspace: Workspace) -> None:
    before = workspace.store.links()
    report = resolve_people(workspace)
    assert workspace.store.links().equals(before)
    assert report.people == before.height
    assert len(workspace.store.resolved_parts()) == 1
