"""The page in a real browser: nothing in it runs, and it asks nobody for anything."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from reports.html import render_html, write_private
from store import Store
from tests.reports.hostile import hostile_report
from tests.reports.parsed import Page

pytestmark = pytest.mark.browser
_QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--virtual-time-budget=2000",
)  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path. Where there is none the tests are skipped, but in CI they fail."""
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        if path := shutil.which(name):
            return path
    if os.environ.get("CI"):
        pytest.fail("chromium is not installed, and in CI the page must be opened in it")
    pytest.skip("chromium is not installed; the page is checked without a browser only")


@pytest.fixture
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A port that notes what is sent to it."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        stop = threading.Event()
        thread = threading.Thread(target=_hear, args=(server, heard, stop))
        thread.start()
        yield server.getsockname()[1], heard
        stop.set()
        thread.join()


def _hear(server: socket.socket, heard: list[bytes], stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            connection, _ = server.accept()
        except TimeoutError:
            continue
        with connection:
            connection.settimeout(1)
            heard.append(connection.recv(1000))


def opened(chromium: str, page: Path, folder: Path) -> str:
    """The document as the browser holds it after loading the page."""
    command = [chromium, *_QUIET, f"--user-data-dir={folder}", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, timeout=90, check=True)
    return done.stdout.decode()


def test_browser_runs_nothing_and_asks_nobody(
    chromium: str, store: Store, tmp_path: Path, listener: tuple[int, list[bytes]]
) -> None:
    port, heard = listener
    html = render_html(hostile_report(store)).replace("https://evil.example", f"http://127.0.0.1:{port}")
    write_private(tmp_path / "report.html", html)
    dom = opened(chromium, tmp_path / "report.html", tmp_path / "profile")
    page = Page(dom)
    assert "<title>&lt;script&gt;document.title='owned'&lt;/script&gt;</title>" in dom
    assert page.named("script", "img", "link", "base", "iframe", "object", "embed", "a", "form") == []
    assert page.handlers_and_references() == []
    assert heard == []


def breached(html: str, port: int) -> str:
    """The page with markup that got in unescaped; the browser takes it for the page's own."""
    breach = (
        f'<script>document.title="owned"</script><img src="http://127.0.0.1:{port}/a" onerror="document.title=1">'
        f'<link rel="stylesheet" href="http://127.0.0.1:{port}/b"><style>h1{{background:url(http://127.0.0.1:{port}/c)}}'
        "</style>"
    )
    return html.replace("</main>", f"{breach}</main>")


@pytest.mark.parametrize("has_policy", [pytest.param(True, id="policy"), pytest.param(False, id="control")])
def test_browser_keeps_the_policy_even_when_markup_gets_in(
    chromium: str, store: Store, tmp_path: Path, listener: tuple[int, list[bytes]], has_policy: bool
) -> None:
    """The second line of defence: were a value ever not escaped, it could still neither run nor load. The control
    without policy shows that the trap works."""
    port, heard = listener
    html = breached(render_html(hostile_report(store)), port)
    write_private(
        tmp_path / "report.html", html if has_policy else html.replace("Content-Security-Policy", "unheard-of")
    )
    dom = opened(chromium, tmp_path / "report.html", tmp_path / "profile")
    assert (heard == []) is has_policy
    assert ("<title>&lt;script&gt;document.title='owned'" in dom) is has_policy
