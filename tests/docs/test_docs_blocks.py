"""Every fenced block is valid in its language, and what it names exists."""

from __future__ import annotations

import shlex
import sqlite3
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from store import Store
from tests.docs.sessions import ROOT, Block, Place, blocks, printed, steps
from trueline.cli import app
from trueline.project import parse_settings

LANGUAGES = {"console", "sh", "toml", "python", "sql", "text"}
# What a shell line of the docs may begin with beside our own command.
KNOWN = {"make", "pipx", "uv", "python3", "cd", "export"}


@pytest.fixture(scope="module")
def sample_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store that holds the sample export, matched, resolved and scored."""
    folder = tmp_path_factory.mktemp("sample")
    settings = f'[connections.files]\nsystem = "files"\nfiles = ["{ROOT / "examples"}/*.csv"]\n'
    (folder / "trueline.toml").write_text(settings, "utf-8")
    for verb in ("pull", "match", "resolve", "score"):
        printed(f"trueline {verb}", Place(folder))
    yield folder / "trueline.db"


def ids(items: list[Block]) -> list[str]:
    return [item.label for item in items]


def test_every_block_names_a_language_that_is_checked() -> None:
    assert {block.language for block in blocks()} <= LANGUAGES


@pytest.mark.parametrize("block", blocks("toml"), ids=ids(blocks("toml")))
def test_settings_in_the_docs_are_accepted(block: Block) -> None:
    parse_settings(tomllib.loads(block.text), block.page.name)


def shell_lines() -> list[str]:
    lines = [line for block in blocks("sh") for line in block.text.splitlines()]
    commands = [step.command for block in blocks("console") for step in steps(block)]
    return sorted({part.strip() for line in lines + commands for part in line.partition("#")[0].split("&&")} - {""})


@pytest.mark.parametrize("line", shell_lines())
def test_command_in_the_docs_exists_with_its_options(line: str) -> None:
    words = shlex.split(line.partition("|")[0])
    name = Path(words[0]).name
    if name == "trueline":
        check_verb(words[1:])
    elif name == "make":
        assert f"\n{words[1]}:" in (ROOT / "Makefile").read_text("utf-8")
    else:
        assert name in KNOWN or name == "pip"


def check_verb(words: list[str]) -> None:
    """Parse the line as the command would, without doing what it says."""
    root: Any = get_command(app)
    context = root.make_context("trueline", [], resilient_parsing=True)
    if words[0].startswith("-"):
        assert words[0] in {option for parameter in root.params for option in parameter.opts}
        return
    verb, command, rest = root.resolve_command(context, words)
    command.make_context(verb, rest, parent=context)


@pytest.mark.parametrize("block", blocks("sql"), ids=ids(blocks("sql")))
def test_query_in_the_docs_answers(block: Block, sample_store: Path) -> None:
    with sqlite3.connect(f"file:{sample_store}?mode=ro", uri=True) as connection:
        cursor = connection.execute(block.text)
        assert cursor.description
        cursor.fetchall()
    connection.close()


def shown_after(program: Block) -> str | None:
    """What a page says a program prints: the text block that follows it at once."""
    texts = [block for block in blocks("text", pages=(program.page,)) if 0 < block.start - program.end < 20]
    return texts[0].text if texts else None


@pytest.mark.parametrize("block", blocks("python"), ids=ids(blocks("python")))
def test_program_in_the_docs_runs(
    block: Block, sample_store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(sample_store.parent)
    exec(compile(block.text, block.label, "exec"), {})
    out = capsys.readouterr().out
    assert out
    assert out == (shown_after(block) or out)


def test_sample_export_is_read_whole(sample_store: Path) -> None:
    with Store.open(f"sqlite:///{sample_store}", create=False) as store:
        live = dict(store.counts().select("stream", "live").iter_rows())
    rows = {path.stem: len(path.read_text("utf-8").splitlines()) - 1 for path in (ROOT / "examples").glob("*.csv")}
    rows["deals"] = rows.pop("opportunities")
    assert live == rows


def test_readme_fits_a_terminal_of_80_columns() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert [line for line in text.splitlines() if len(line) > 80] == []
