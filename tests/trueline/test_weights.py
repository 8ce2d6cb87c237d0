"""`explain`, `review`, `match --full` and `relearn` on a project, as a person uses them."""

from __future__ import annotations

import pytest

from sync import models
from tests.trueline.conftest import Cli, Project


def test_explain_shows_both_records_and_how_the_evidence_adds_up(trueline: Cli, pulled: Project) -> None:
    asked = trueline("review", "-p", pulled.folder, "--json").document[0]
    page = pulled.folder / "why.html"
    ran = trueline("explain", asked["left"], asked["right"], "-p", pulled.folder, "--out", page)
    assert ran.code == 0, ran
    assert ran.out.startswith(f"{asked['left']} and {asked['right']}: unsure")
    assert asked["reason"] in ran.out
    assert "prior: " in ran.out
    assert "sum: " in ran.out
    assert page.read_text("utf-8").count("<svg") >= 3
    document = trueline("explain", asked["right"], asked["left"], "-p", pulled.folder, "--json").document
    assert document["decision"] == "unsure"
    assert sum(step["bits"] for step in document["waterfall"]["steps"]) != 0


def test_match_in_full_says_what_a_match_of_changes_says(trueline: Cli, pulled: Project) -> None:
    some = trueline("match", "-p", pulled.folder, "--json").document
    every = trueline("match", "--full", "-p", pulled.folder, "--json").document
    assert {**some, "looked_at": 0} == {**every, "looked_at": 0}
    trueline("match", "examples.csv", "--full", "-p", pulled.folder).failed(2, "--full is for the store")


def test_relearn_changes_nothing_until_told_to(trueline: Cli, pulled: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    trueline("relearn", "-p", pulled.folder).failed(2, "nothing to learn from: it takes 200")
    monkeypatch.setattr(models, "LEARNABLE", 20)
    shown = trueline("relearn", "-p", pulled.folder)
    assert shown.code == 0, shown
    assert "Nothing was changed; `trueline relearn --apply` keeps what was learned." in shown.out
    done = trueline("relearn", "--apply", "-p", pulled.folder, "--json").document
    assert done["applied"]
    assert set(done["versions"]) == {"person", "company"}
    again = trueline("relearn", "-p", pulled.folder, "--json").document
    assert (again["joining"], again["parting"], again["weights"]) == ([], [], [])
