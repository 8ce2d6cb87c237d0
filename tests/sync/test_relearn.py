"""Relearning shows what it would change, changes it when told to, and never contradicts a person; and explanations
say what the stored model says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import polars as pl
import pytest

from hygiene.linkage.model import Model
from hygiene.relearned import regrouped
from model.errors import InputError
from model.evidence import RecordKey, Verdict
from store import StoredModel
from sync import models
from sync.match import match_records
from sync.models import outgrown, stored_models
from sync.relearn import relearn
from sync.review import explain_pair, open_pairs
from sync.workspace import Workspace
from tests.sync.crowded import Crowd, content, copied, opened, saved

KEY = ("connection", "stream", "id")
NOW = 10**9


@pytest.fixture(scope="module")
def matched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose model was learned from half of what it holds now."""
    path = tmp_path_factory.mktemp("learned") / "trueline.db"
    with pytest.MonkeyPatch.context() as patch, opened(path, count(NOW)) as workspace:
        patch.setattr(models, "LEARNABLE", 20)
        crowd = Crowd(seed=3, people=210, accounts=30)
        people = sorted(crowd.people)
        saved(workspace.store, crowd.batches(people[:100], sorted(crowd.accounts)))
        match_records(workspace)
        saved(workspace.store, crowd.batches(people[100:], []))
        match_records(workspace)
    return path


@pytest.fixture
def workspace(matched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setattr(models, "LEARNABLE", 20)
    with opened(copied(matched, "single.db").rename(tmp_path / "single.db"), count(2 * NOW)) as one:
        yield one


def pairs_of(workspace: Workspace, decision: str) -> list[tuple[RecordKey, RecordKey]]:
    found = workspace.store.pairs().filter(pl.col("decision") == decision).iter_rows(named=True)
    return [
        (RecordKey(*(row[f"left_{part}"] for part in KEY)), RecordKey(*(row[f"right_{part}"] for part in KEY)))
        for row in found
    ]


def apart(pairs: list[tuple[RecordKey, RecordKey]]) -> list[tuple[RecordKey, RecordKey]]:
    """The pairs without those that share a record with one before."""
    kept: list[tuple[RecordKey, RecordKey]] = []
    for pair in pairs:
        if not {*pair} & {record for one in kept for record in one}:
            kept.append(pair)
    return kept


def entities(workspace: Workspace) -> dict[str, str]:
    return {"/".join(row[:3]): row[3] for row in content(workspace.store)["memberships"].rows()}


def test_relearning_without_apply_stores_nothing(workspace: Workspace) -> None:
    before, version = content(workspace.store), workspace.store.model("person")
    found = relearn(workspace, apply=False)
    assert workspace.store.model("person") == version
    assert version is not None
    assert found.versions["person"] != version.version
    assert found.weights
    assert all(before[name].equals(frame) for name, frame in content(workspace.store).items())


def test_relearning_with_apply_does_what_it_showed(workspace: Workspace) -> None:
    before = entities(workspace)
    shown = relearn(workspace, apply=False)
    done = relearn(workspace, apply=True)
    assert (shown.joining, shown.parting) == (done.joining, done.parting)
    assert stored_models(workspace.store)["person"].version == done.versions["person"]
    after = entities(workspace)
    assert all(after[one] == after[other] and before[one] != before[other] for one, other in done.joining)
    assert all(after[one] != after[other] and before[one] == before[other] for one, other in done.parting)
    assert match_records(workspace).looked_at == 0
    assert relearn(workspace, apply=False).weights == []


def test_relearning_never_contradicts_a_person(workspace: Workspace) -> None:
    same, unsure = apart(pairs_of(workspace, "same"))[:4], apart(pairs_of(workspace, "unsure"))[:4]
    for at, (pairs, answer) in enumerate(((same, "different"), (unsure, "same"))):
        for left, right in pairs:
            workspace.store.add_verdict(Verdict(left, right, answer, "tester", at + 1))  # type: ignore[arg-type]
    found = relearn(workspace, apply=True)
    after = entities(workspace)
    assert found.answers == 8
    assert all(after[str(left)] != after[str(right)] for left, right in same)
    assert all(after[str(left)] == after[str(right)] for left, right in unsure)


def test_answers_move_the_weights_towards_them(workspace: Workspace) -> None:
    relearn(workspace, apply=True)
    people = [pair for pair in pairs_of(workspace, "unsure") if pair[0].stream != "accounts"]
    left, right = people[0]
    before = explain_pair(workspace, left, right).waterfall
    for pair in people[1:]:
        workspace.store.add_verdict(Verdict(*pair, "same", "tester", 1))
    relearn(workspace, apply=True)
    after = explain_pair(workspace, left, right).waterfall
    assert before is not None
    assert after is not None
    assert after.bits > before.bits


def test_model_of_far_fewer_records_is_called_out_of_date(workspace: Workspace) -> None:
    (sentence,) = outgrown(workspace.store)
    assert "learned from 100 records, and there are now 210" in sentence
    relearn(workspace, apply=True)
    assert outgrown(workspace.store) == []


def test_store_of_few_records_has_nothing_to_learn_from(tmp_path: Path) -> None:
    with opened(tmp_path / "small.db", count(NOW)) as workspace:
        crowd = Crowd(seed=1, people=30, accounts=5)
        saved(workspace.store, crowd.batches(sorted(crowd.people), sorted(crowd.accounts)))
        with pytest.raises(InputError, match="nothing to learn from: it takes 200"):
            relearn(workspace, apply=True)


@pytest.mark.parametrize("decision", ["same", "unsure", "related", "different"])
def test_explanation_says_what_the_match_said(workspace: Workspace, decision: str) -> None:
    told = {
        (f"{row['left_connection']}/{row['left_stream']}/{row['left_id']}", row["right_id"]): row
        for row in workspace.store.pairs().iter_rows(named=True)
    }
    for left, right in pairs_of(workspace, decision)[:5]:
        explained = explain_pair(workspace, right, left)
        row = told[str(left), right.id]
        assert (explained.decision, explained.reason) == (row["decision"], row["reason"])
        assert explained.probability == pytest.approx(row["probability"], abs=1e-12)
        assert explained.waterfall is not None
        if row["rule"] == "evidence":
            assert explained.waterfall.probability == pytest.approx(explained.probability, abs=1e-9)


def test_explanation_of_two_who_have_nothing_in_common_adds_up_too(workspace: Workspace) -> None:
    crowd = Crowd(seed=3, people=210, accounts=30)
    first, *others = (RecordKey("sf", *key) for key in sorted(crowd.people))
    decisions = [explain_pair(workspace, first, other) for other in others[:20]]
    assert all(one.waterfall is not None and one.probability is not None for one in decisions)
    assert "different" in {one.decision for one in decisions}


def test_store_without_a_kept_model_explains_by_what_a_match_learns(tmp_path: Path) -> None:
    with opened(tmp_path / "small.db", count(NOW)) as workspace:
        crowd = Crowd(seed=1, people=60, accounts=5)
        saved(workspace.store, crowd.batches(sorted(crowd.people), sorted(crowd.accounts)))
        match_records(workspace)
        left, right = pairs_of(workspace, "same")[0]
        row = workspace.store.pairs().filter(pl.col("decision") == "same").row(0, named=True)
        assert explain_pair(workspace, left, right).probability == pytest.approx(row["probability"], abs=1e-12)


def test_person_and_account_cannot_be_explained(workspace: Workspace) -> None:
    account = RecordKey("sf", "accounts", workspace.store.frame("accounts")["id"][0])
    person = RecordKey("sf", "contacts", workspace.store.frame("contacts")["id"][0])
    with pytest.raises(InputError, match="two different people, or two accounts"):
        explain_pair(workspace, account, person)
    with pytest.raises(InputError, match="two different people"):
        explain_pair(workspace, person, person)


def test_open_pairs_are_all_unsure_pairs(workspace: Workspace) -> None:
    listed = open_pairs(workspace).select("left", "right").rows()
    assert sorted(listed) == sorted((str(left), str(right)) for left, right in pairs_of(workspace, "unsure"))


def test_regrouping_names_who_joins_and_who_parts() -> None:
    rows = [("sf", "contacts", record) for record in "abcdef"]
    before, after = (
        pl.DataFrame(
            [(*key, entity) for key, entity in zip(rows, groups, strict=True)], schema=[*KEY, "entity"], orient="row"
        )
        for groups in ("112234", "122256")
    )
    assert regrouped(before, after).rows() == [
        ("sf/contacts/a", "sf/contacts/b", False), ("sf/contacts/b", "sf/contacts/c", True)
    ]  # fmt: skip


def test_model_of_another_program_is_learned_again(workspace: Workspace) -> None:
    model = stored_models(workspace.store)["person"]
    words = (("", "something else"), *model.words[1:])
    other = Model(model.learned, words, model.priors, model.terms, model.skewed)
    workspace.store.save_model("person", StoredModel(other.version, workspace.clock(), other.body))
    assert match_records(workspace).looked_at == workspace.store.memberships().height
    assert stored_models(workspace.store)["person"].words == model.words
