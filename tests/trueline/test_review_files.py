"""`explain`, `review` and `match --verdicts` on files: what people see, what they say, and that it is obeyed."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.trueline.conftest import Cli
from tests.trueline.test_match_files import COPIES, EXPECTED, PEOPLE, doubled, people

PAIR = EXPECTED[0]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `people.csv`, whose rows have an id besides, which is where commands run."""
    monkeypatch.chdir(tmp_path)
    first, *rest = people().splitlines()
    lines = [f"Key,{first}", *(f"k{at},{line}" for at, line in enumerate(rest, start=1))]
    (tmp_path / "people.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return tmp_path


def answers(here: Path, *lines: str) -> None:
    (here / "verdicts.csv").write_text("\n".join(("left,right,answer", *lines)) + "\n")


def test_explain_shows_both_rows_and_how_the_evidence_adds_up(trueline: Cli, here: Path) -> None:
    ran = trueline("explain", "people.csv", *PAIR)
    assert ran.code == 0, ran
    assert ran.out.startswith(f"row {PAIR[0]} and row {PAIR[1]} are one entity")
    assert f"E-mail      {PEOPLE[COPIES[0]][2]}" in ran.out
    assert "prior:" in ran.out
    assert "same e-mail" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_explain_gives_the_same_answer_whichever_row_comes_first(trueline: Cli, here: Path) -> None:
    straight, turned = (trueline("explain", "people.csv", *pair, "--json").document for pair in (PAIR, PAIR[::-1]))
    assert straight == turned
    assert straight["probability"] > 0.9
    apart = trueline("explain", "people.csv", 1, 50, "--json").document
    assert not apart["is_one"]
    assert apart["probability"] < 0.1


def test_explain_names_rows_by_a_column_and_draws_a_page(trueline: Cli, here: Path) -> None:
    ran = trueline("explain", "people.csv", f"k{PAIR[0]}", f"k{PAIR[1]}", "--id", "Key", "--out", "why.html")
    assert ran.out.startswith(f"row k{PAIR[0]} and row k{PAIR[1]} are one entity")
    page = (here / "why.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert PEOPLE[COPIES[0]][2] in page


def test_verdict_different_parts_what_evidence_joins(trueline: Cli, here: Path) -> None:
    answers(here, f"{PAIR[1]},{PAIR[0]},different", "5,6,unsure", "7,8,")
    assert trueline("match", "people.csv", "--verdicts", "verdicts.csv", "--out", "out.csv").code == 0
    assert doubled(here / "out.csv") == EXPECTED[1:]
    parted = trueline("explain", "people.csv", *PAIR, "--verdicts", "verdicts.csv", "--json").document
    assert not parted["is_one"]


def test_verdict_same_joins_what_nothing_else_does(trueline: Cli, here: Path) -> None:
    answers(here, "1,50,same", "50,99,yes")
    trueline("match", "people.csv", "--verdicts", "verdicts.csv", "--out", "out.csv")
    assert (1, 50, 99) in doubled(here / "out.csv")
    frame = pl.read_csv(here / "out.csv", infer_schema=False).filter(pl.col("row") == "1")
    assert frame["reason"].item() == "a person decided: same (row 50)"
    assert float(frame["probability"].item()) == 1.0


def test_verdict_different_beats_same_over_a_chain(trueline: Cli, here: Path) -> None:
    answers(here, "1,50,same", "50,99,same", "1,99,different")
    trueline("match", "people.csv", "--verdicts", "verdicts.csv", "--out", "out.csv")
    groups = doubled(here / "out.csv")
    assert not any({1, 99} <= set(group) for group in groups)


def test_last_verdict_about_a_pair_counts(trueline: Cli, here: Path) -> None:
    answers(here, "1,50,same", "50,1,different")
    trueline("match", "people.csv", "--verdicts", "verdicts.csv", "--out", "out.csv")
    assert doubled(here / "out.csv") == EXPECTED


def test_verdicts_about_two_files_are_obeyed(trueline: Cli, here: Path) -> None:
    lines = (here / "people.csv").read_text("utf-8").splitlines()
    (here / "left.csv").write_text("\n".join(lines[:101]) + "\n")
    (here / "right.csv").write_text("\n".join([lines[0], *lines[101:]]) + "\n")
    answers(here, f"k{COPIES[0] + 1},k101,different", "k1,k104,same")
    wishes = ("--verdicts", "verdicts.csv", "--id", "Key", "--out", "p.csv")
    assert trueline("match", "left.csv", "--against", "right.csv", *wishes).code == 0
    pairs = pl.read_csv(here / "p.csv").select("left", "right").rows()
    assert (f"k{COPIES[0] + 1}", "k101") not in pairs
    assert pairs[0] == ("k1", "k104")
    assert len(pairs) == 4


def test_review_lists_unsure_pairs_and_takes_the_answers_back(trueline: Cli, here: Path) -> None:
    """A family name and a city are too little to tell."""
    with (here / "people.csv").open("a", encoding="utf-8") as file:
        file.write("k105,,Bergmann,,Bologna\n")
    asked = trueline("review", "people.csv", "--out", "questions.csv", "--json").document
    frame = pl.read_csv(here / "questions.csv", infer_schema=False)
    assert frame.height == len(asked) > 0
    assert frame.columns[:5] == ["left", "right", "probability", "reason", "answer"]
    assert {"left E-mail", "right E-mail"} <= set(frame.columns)
    assert all(0.1 <= pair["probability"] < 0.9 for pair in asked)
    frame.with_columns(pl.lit("different").alias("answer")).write_csv(here / "verdicts.csv")
    assert trueline("review", "people.csv", "--verdicts", "verdicts.csv", "--json").document == []


def test_review_of_a_file_says_how_to_go_on(trueline: Cli, here: Path) -> None:
    ran = trueline("review", "people.csv", "--out", "questions.csv")
    assert ran.code == 0, ran
    assert "trueline match people.csv --verdicts questions.csv" in ran.out


WRONG = [
    pytest.param(["explain", "people.csv", "1"], "Name a file and two of its rows", id="explain-one-row"),
    pytest.param(["explain", "people.csv", "1", "999"], "rows are numbered from 1 to 104", id="explain-no-row"),
    pytest.param(["explain", "people.csv", "0", "1"], "There is no row '0'", id="explain-row-zero"),
    pytest.param(["explain", "people.csv", "3", "3"], "are the same row", id="explain-row-twice"),
    pytest.param(["explain", "people.csv", "1", "2", "--id", "Kei"], "the nearest: 'Key'", id="explain-no-column"),
    pytest.param(["explain", "people.csv", "kx", "k1", "--id", "Key"], "No row has 'kx'", id="explain-no-id"),
    pytest.param(["explain", "people.csv", "Aarhus", "k1", "--id", "City"], "rows have 'Aarhus'", id="explain-many"),
    pytest.param(["explain", "people.csv", "1", "2", "--out", "x.png"], "must end in .html", id="explain-ending"),
    pytest.param(["explain", "nosuch.csv", "1", "2"], "There is no file nosuch.csv", id="explain-no-file"),
    pytest.param(["review", "nosuch.csv"], "There is no file nosuch.csv", id="review-no-file"),
    pytest.param(["match", "people.csv", "--verdicts", "nosuch.csv"], "There is no file nosuch.csv", id="no-verdicts"),
    pytest.param(["match", "people.csv", "--verdicts", "people.csv"], "no column 'left'", id="no-answers"),
    pytest.param(["match", "people.csv", "--verdicts", "odd.csv"], "the answer 'perhaps'", id="odd-answer"),
    pytest.param(["match", "people.csv", "--verdicts", "far.csv"], "There is no row '900'", id="answer-about-nothing"),
]


@pytest.mark.parametrize(("given", "sentence"), WRONG)
def test_wrong_row_or_answer_gets_one_sentence(trueline: Cli, here: Path, given: list[str], sentence: str) -> None:
    (here / "odd.csv").write_text("left,right,answer\n1,2,perhaps\n")
    (here / "far.csv").write_text("left,right,answer\n1,900,same\n")
    trueline(*given).failed(2, sentence)
