"""Rewrite what the docs show from what the code does now: `make docs`. Review the difference before committing it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.docs.reference import refreshed
from tests.docs.sessions import PAGES, ROOT, Block, Place, blocks, lay_out, replayed, tutorial, with_ports

README = ROOT / "README.md"
TUTORIAL = ROOT / "docs" / "getting-started.md"


def replay_readme(folder: Path) -> list[tuple[Block, str]]:
    """README's sessions as they should read."""
    place = Place(lay_out(folder))
    return [(block, replayed(block, place)[0]) for block in blocks("console", pages=(README,))]


def replay_tutorial(folder: Path) -> list[tuple[Block, str]]:
    """The tutorial's sessions as they should read; its settings are written where it says."""
    result = []
    with tutorial(folder) as (place, ports):
        for block in blocks("console", "toml", pages=(TUTORIAL,)):
            if block.language == "toml":
                (place.folder / "trueline.toml").write_text(with_ports(block.text, ports), "utf-8")
            else:
                result.append((block, replayed(block, place)[0]))
    return result


def main() -> None:
    for page in PAGES:
        page.write_text(refreshed(page.read_text("utf-8")), "utf-8")
    for page, replay in ((README, replay_readme), (TUTORIAL, replay_tutorial)):
        with tempfile.TemporaryDirectory() as folder:
            _write(page, replay(Path(folder)))


def _write(page: Path, sessions: Iterable[tuple[Block, str]]) -> None:
    """Put the sessions in their places, last first, so that places before them stay right."""
    text = page.read_text("utf-8")
    for block, new in sorted(sessions, key=lambda session: session[0].start, reverse=True):
        text = text[: block.start] + new + text[block.end :]
    page.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
