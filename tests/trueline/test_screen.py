"""What reaches standard output and standard error, whatever the values, the encoding and the fault."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import StoreError
from tests.trueline.conftest import Cli, environment, process
from trueline.screen import Screen, json_line, json_text, plain, printable

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_json_says_what_it_was_given_without_a_raw_control_character(value: object) -> None:
    for text in (json_text(value), json_line(value)):
        assert json.loads(text) == value
        assert text.endswith("\n")
        assert not [char for char in text if not char.isprintable() and char != "\n"]
    assert json_line(value).count("\n") == 1


@given(st.text(st.characters()))
def test_printable_keeps_one_line_of_the_same_length(text: str) -> None:
    assert len(printable(text)) == len(text)
    assert printable(text).isprintable()


@dataclass(frozen=True, slots=True)
class Tally:
    statuses: Counter[str] = field(default_factory=lambda: Counter(applied=2))
    day: date = date(2026, 11, 22)
    place: Path = Path("a/b")
    share: float = float("nan")
    pair: tuple[int, int] = (1, 2)


def test_plain_keeps_counters_and_turns_the_rest_into_what_json_knows() -> None:
    assert plain(Tally()) == {
        "statuses": {"applied": 2},
        "day": "2026-11-22",
        "place": "a/b",
        "share": None,
        "pair": [1, 2],
    }


def test_table_in_a_pipe_folds_nothing_and_without_rows_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    key = "connection/contacts/" + "x" * 300
    Screen().table(("record", "n"), [(key, 1), ("[red]y[/]", 20)], right=(1,))
    Screen().table(("record", "n"), [])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == [key, "1"]
    assert lines[2].split() == ["[red]y[/]", "20"]
    assert len(lines) == 3


def test_ci_that_forces_colour_gets_none_in_a_pipe(monkeypatch: pytest.MonkeyPatch, trueline: Cli) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    Screen().table(("a",), [("b",)])
    with Screen().progress("pull") as advance:
        advance("x", 1, 2)
    assert "\x1b" not in trueline("--version").out


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_output_in_an_old_encoding_stays_readable_and_its_json_right(tmp_path: Path, encoding: str) -> None:
    ran = process("init", tmp_path / "größe 家", "--json", env=environment(PYTHONIOENCODING=encoding))
    assert (ran.code, ran.err) == (0, "")
    assert ran.document == {"written": f"{tmp_path}/größe 家/trueline.toml"}


def test_fault_of_our_own_shows_its_place_and_not_its_text(
    trueline: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise ValueError("Ann Lee, ann.lee@example.com, pat-very-secret")

    monkeypatch.setattr("trueline.commands.look.open_session", fail)
    ran = trueline("runs", "-p", tmp_path, "--json")
    assert ran.code == 1
    assert "a fault of its own (ValueError at test_screen.py:" in ran.err
    assert list(ran.document) == ["error"]
    assert "Ann" not in ran.out + ran.err
    assert "secret" not in ran.out + ran.err


def test_error_prints_one_document_also_where_the_flag_stands_first_or_the_sentence_is_hostile(
    trueline: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise StoreError("the store \x1b[2J\x9b is gone")

    monkeypatch.setattr("trueline.commands.look.open_session", fail)
    ran = trueline("runs", "--json")
    assert ran.document == {"error": "the store \x1b[2J\x9b is gone"}
    assert "\x1b" not in ran.out + ran.err
    assert trueline("--json", "runs").document["error"].startswith("No such option: --json")
    assert trueline("audit", "--", "--json").out == ""
