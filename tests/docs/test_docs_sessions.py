"""Sessions in README and docs are run, and print what the page shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.refresh import README, TUTORIAL
from tests.docs.sessions import PAGES, Place, blocks, lay_out, like, replayed, steps, tutorial, with_ports


def test_readme_sessions_print_what_the_page_shows(tmp_path: Path) -> None:
    place = Place(lay_out(tmp_path))
    sessions = blocks("console", pages=(README,))
    assert sessions
    for block in sessions:
        for step, lines in replayed(block, place)[1]:
            assert like(step.shown, lines), f"`make docs` rewrites it: {lines}"


def test_readme_first_session_fits_a_screen_and_writes_its_page(tmp_path: Path) -> None:
    first = blocks("console", pages=(README,))[0]
    assert len(first.text.splitlines()) <= 8
    place = Place(lay_out(tmp_path))
    # Without the pipe, so that the command is not cut short after the lines shown.
    command = steps(first)[0].command.partition(" | ")[0]
    text = f"$ {command} > /dev/null\n"
    replayed(type(first)(first.page, "console", text, 0, 0), place)
    assert (tmp_path / "audit.html").read_text("utf-8").startswith("<!doctype html>")


def test_tutorial_prints_what_the_page_shows(tmp_path: Path) -> None:
    with tutorial(tmp_path) as (place, ports):
        for block in blocks("console", "toml", pages=(TUTORIAL,)):
            if block.language == "toml":
                (place.folder / "trueline.toml").write_text(with_ports(block.text, ports), "utf-8")
                continue
            for step, lines in replayed(block, place)[1]:
                assert like(step.shown, lines), f"`make docs` rewrites `{step.command}`: {lines}"


@pytest.mark.parametrize("page", [page for page in PAGES if page not in (README, TUTORIAL)], ids=lambda page: page.name)
def test_sessions_stand_only_where_they_are_run(page: Path) -> None:
    assert not blocks("console", pages=(page,))
