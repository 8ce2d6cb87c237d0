"""Matching what changed leaves in the store what matching everything under the same model leaves there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from hygiene.linkage import pairs
from model.evidence import RecordKey, Verdict
from model.settings import Caps
from store import Store
from sync import again, models
from sync.match import match_records
from sync.workspace import Workspace
from tests.sync.crowded import Crowd, content, copied, opened, saved

NOW = 10**9


@pytest.fixture(scope="module", autouse=True)
def even_few_records_have_block_keys() -> Iterator[None]:
    """A store so small is otherwise matched as a whole each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "ALL_PAIRS", 0)
        patch.setattr(again, "MOST_CHANGED", 2.0)
        patch.setattr(models, "LEARNABLE", 20)
        yield


@pytest.fixture(scope="module")
def matched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that was matched once."""
    path = tmp_path_factory.mktemp("matched") / "trueline.db"
    with opened(path, count(NOW)) as workspace:
        crowd = crowded()
        saved(workspace.store, crowd.batches(sorted(crowd.people), sorted(crowd.accounts)))
        match_records(workspace)
    return path


def crowded() -> Crowd:
    crowd = Crowd(seed=5, people=170, accounts=40)
    crowd.twins(45)
    return crowd


def assert_same_as_all(path: Path, at: Iterator[int]) -> None:
    """Match what waits in the store and, in a copy of it, everything; compare what both hold then."""
    other = copied(path, "all.db")
    with opened(path, at) as some, opened(other, at) as every:
        report, whole = match_records(some), match_records(every, full=True)
        assert report.looked_at < whole.looked_at
        for name, frame in content(some.store).items():
            assert_frame_equal(frame, content(every.store)[name])
        assert some.store.matched() == every.store.matched()
        assert some.store.unmatched().is_empty()
        assert (report.sentence, report.groups, report.unsure) == (whole.sentence, whole.groups, whole.unsure)
    other.unlink()


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32), st.lists(st.integers(1, 7), min_size=2, max_size=2))
def test_changes_matched_by_themselves_leave_what_matching_all_leaves(
    matched: Path, seed: int, edits: list[int]
) -> None:
    path, at = copied(matched, "edited.db"), count(2 * NOW)
    crowd = crowded()
    crowd.chance = np.random.default_rng(seed)
    crowd.versions = count(1_000)
    for number in edits:
        with opened(path, at) as workspace:
            for _ in range(number):
                saved(workspace.store, crowd.edit())
        assert_same_as_all(path, at)
    path.unlink()


@pytest.fixture
def workspace(matched: Path, tmp_path: Path) -> Iterator[Workspace]:
    with opened(copied(matched, "single.db").rename(tmp_path / "single.db"), count(3 * NOW)) as opened_one:
        yield opened_one


def test_match_looks_at_nothing_where_nothing_came(workspace: Workspace) -> None:
    before = content(workspace.store)
    report = match_records(workspace)
    assert report.looked_at == 0
    assert all(before[name].equals(frame) for name, frame in content(workspace.store).items())


def test_match_in_full_under_the_stored_model_changes_nothing(workspace: Workspace) -> None:
    before, versions = content(workspace.store), workspace.store.matched()
    assert match_records(workspace, full=True).looked_at == workspace.store.memberships().height
    assert all(before[name].equals(frame) for name, frame in content(workspace.store).items())
    assert workspace.store.matched() == versions


def test_match_under_other_settings_looks_at_everything(workspace: Workspace) -> None:
    workspace.settings = workspace.settings.model_copy(update={"caps": Caps(max_cluster=3)})
    report = match_records(workspace)
    assert report.looked_at == workspace.store.memberships().height
    sizes = workspace.store.memberships().group_by("entity").len()["len"]
    assert max(sizes.to_list()) <= 3


def test_verdict_counts_from_the_next_match_on(workspace: Workspace) -> None:
    pair = workspace.store.pairs().filter(pl.col("decision") == "same").row(0, named=True)
    left, right = (
        RecordKey(*(pair[f"{side}_{part}"] for part in ("connection", "stream", "id"))) for side in ("left", "right")
    )
    workspace.store.add_verdict(Verdict(left, right, "different", "tester", 5))
    match_records(workspace)
    entities = {(row[0], row[1], row[2]): row[3] for row in content(workspace.store)["memberships"].rows()}
    assert entities[left.connection, left.stream, left.id] != entities[right.connection, right.stream, right.id]


def test_very_many_changes_are_matched_as_a_whole(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(again, "MOST_CHANGED", 0.01)
    crowd = crowded()
    crowd.versions = count(2_000)
    saved(workspace.store, crowd.batches(sorted(crowd.people)[:30], []))
    assert match_records(workspace).looked_at == workspace.store.memberships().height
    assert len(workspace.store.block_keys("person")) == 1


def test_store_that_was_never_matched_has_no_records_waiting(tmp_path: Path) -> None:
    with Store.open(tmp_path / "new.db") as store:
        crowd = crowded()
        saved(store, crowd.batches(sorted(crowd.people), []))
        assert store.unmatched().is_empty()
