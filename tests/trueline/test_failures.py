"""What bad settings, secrets, hosts and stores get: one clear sentence, exit 1 or 2, and nothing lost."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.faults import Fault
from tests.trueline.conftest import Cli, Project

SETTINGS = [
    pytest.param('[stor]\nurl = "x"\n', "unknown key stor; did you mean store?", id="unknown-key"),
    pytest.param('[caps]\nmax_changes = "many"\n', "caps.max_changes should be a valid integer", id="wrong-type"),
    pytest.param("caps = 5\n", "caps should be", id="number-for-a-table"),
    pytest.param("connections = [1]\n", "connections should be", id="list-for-a-table"),
    pytest.param('connections.sf = "x"\n', "connections.sf", id="text-for-a-connection"),
    pytest.param('[connections."s f"]\nsystem = "gleif"\n', "may hold only letters", id="connection-name"),
    pytest.param("[caps]\nmax_changes = " + "9" * 5_000 + "\n", "is not valid TOML", id="endless-number"),
    pytest.param("x = " + "[" * 5_000, "is not valid TOML", id="endless-nesting"),
    pytest.param("[store]\nurl = 'mysql://root:hunter2@db/x'\n", "the store's url must name", id="store-url"),
    pytest.param("\x00", "is not valid TOML", id="nul"),
]


@pytest.mark.parametrize(("text", "sentence"), SETTINGS)
def test_settings_that_are_wrong_exit_2(trueline: Cli, tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "trueline.toml").write_text(text)
    ran = trueline("runs", "-p", tmp_path, "--json")
    ran.failed(2, sentence)
    assert "hunter2" not in ran.out + ran.err
    assert list(ran.document) == ["error"]


def test_settings_that_are_a_folder_are_refused(trueline: Cli, tmp_path: Path) -> None:
    (tmp_path / "trueline.toml").mkdir()
    trueline("runs", "-p", tmp_path).failed(2, "cannot be read")


# --- secrets and hosts ---------------------------------------------------------------------------------------------


def test_missing_secret_says_which_variable_and_keeps_the_other_connection(
    trueline: Cli, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TL_HS")
    ran = trueline("check", "-p", project.folder, "--json")
    ran.failed(1, "hs: The secret env:TL_HS is missing or empty; set the environment variable TL_HS.")
    assert [bool(answer["problems"]) for answer in ran.document["connections"]] == [False, True, False]
    trueline("pull", "-p", project.folder).failed(2, "set the environment variable TL_HS")


@pytest.mark.parametrize(("variable", "name"), [("TL_SF", "sf"), ("TL_HS", "hs")])
def test_wrong_secret_is_told_without_showing_it(
    trueline: Cli, project: Project, monkeypatch: pytest.MonkeyPatch, variable: str, name: str
) -> None:
    monkeypatch.setenv(variable, "wrong-and-very-secret")
    ran = trueline("pull", "-p", project.folder, "--json")
    ran.failed(1, f"{name} ")
    assert "very-secret" not in ran.out + ran.err
    pulled = {stream["connection"] for stream in ran.document["streams"] if stream["rows"]}
    assert pulled == {"sf", "hs"} - {name}, "the other connection is pulled all the same"


def test_token_that_expires_in_mid_run_is_renewed_without_a_word(trueline: Cli, project: Project) -> None:
    project.sandbox.salesforce[0].faults.add(Fault(route="/services/data/.*/query", expire=True, nth=3))
    ran = trueline("pull", "sf", "-p", project.folder)
    assert (ran.code, ran.err) == (0, "")


def test_token_that_stays_refused_stops_its_connection(trueline: Cli, project: Project) -> None:
    body = json.dumps({"status": "error", "category": "EXPIRED_AUTHENTICATION", "message": "expired"})
    project.sandbox.hubspot.faults.add(Fault(route="/crm/.*contacts", status=401, body=body))
    ran = trueline("pull", "-p", project.folder, "--json")
    ran.failed(1, "hs contacts stopped: ")
    assert sum(stream["rows"] for stream in ran.document["streams"] if stream["connection"] == "sf")


def test_missing_scope_names_the_scope_and_goes_on_without_it(trueline: Cli, project: Project) -> None:
    body = {
        "status": "error",
        "category": "MISSING_SCOPES",
        "message": "This app hasn't been granted all required scopes to make this call.",
        "errors": [{"message": "missing", "context": {"requiredGranularScopes": ["crm.objects.deals.read"]}}],
    }
    project.sandbox.hubspot.faults.add(Fault(route="/crm/.*deals", status=403, body=json.dumps(body)))
    ran = trueline("pull", "hs", "-p", project.folder, "--json")
    ran.failed(1, "hs deals stopped: ", "crm.objects.deals.read")
    rows = {stream["stream"]: stream["rows"] for stream in ran.document["streams"]}
    assert rows["contacts"]
    assert rows["associations"]


HOSTS = [
    pytest.param("https://example.com", 2, "is for a sandbox on this machine only", id="not-loopback"),
    pytest.param("http://127.0.0.1:9", 1, "sf users stopped: Salesforce cannot be reached", id="nobody-there"),
    pytest.param("ftp://127.0.0.1", 2, "is for a sandbox on this machine only", id="scheme"),
]


@pytest.mark.parametrize(("url", "code", "sentence"), HOSTS)
def test_wrong_host_is_told(trueline: Cli, project: Project, url: str, code: int, sentence: str) -> None:
    file = project.folder / "trueline.toml"
    file.write_text(file.read_text().replace(project.sandbox.salesforce[0].url, url))
    trueline("pull", "sf", "-p", project.folder).failed(code, sentence)


def test_host_that_nobody_answers_at_is_tried_five_times_not_five_by_five(trueline: Cli, project: Project) -> None:
    project.sandbox.salesforce[0].listener.stop()
    assert trueline("pull", "sf", "-p", project.folder, "--json").document["calls"] == {"sf": {"auth": 5}}


def test_answer_that_is_no_json_is_told_and_not_believed(trueline: Cli, project: Project) -> None:
    page = "<h1>Captive portal of Ann Lee</h1>"
    project.sandbox.hubspot.faults.add(Fault(status=200, body=page, headers={"Content-Type": "text/html"}))
    ran = trueline("pull", "hs", "-p", project.folder)
    ran.failed(1, "hs ")
    assert "Ann Lee" not in ran.out + ran.err


# --- stores --------------------------------------------------------------------------------------------------------


def _truncate(store: Path) -> None:
    store.write_bytes(store.read_bytes()[: store.stat().st_size // 2])


def _scramble(store: Path) -> None:
    content = bytearray(store.read_bytes())
    content[100:8_192] = b"\xa5" * 8_092
    store.write_bytes(content)


def _foreign(store: Path) -> None:
    store.unlink()
    with sqlite3.connect(store) as other:
        other.execute("CREATE TABLE invoices (id)")
    other.close()


def _newer(store: Path) -> None:
    with sqlite3.connect(store) as ours:
        ours.execute("UPDATE trueline_version SET version_num = '9999'")
    ours.close()


def _text(store: Path) -> None:
    store.write_text("Dear store,\n" * 100)


def _folder(store: Path) -> None:
    store.unlink()
    store.mkdir()


STORES = [
    pytest.param(_truncate, "damaged or was only half written", id="half-written"),
    pytest.param(_scramble, "is damaged or was only half written", id="scrambled"),
    pytest.param(_foreign, "another program's table invoices", id="foreign"),
    pytest.param(_newer, "was written by a newer Trueline (schema 9999); update Trueline", id="newer"),
    pytest.param(_text, "it is not a SQLite database", id="text"),
    pytest.param(_folder, "is not a file", id="folder"),
]


@pytest.mark.parametrize("verb", ["runs", "plan", "pull"])
@pytest.mark.parametrize(("spoil", "sentence"), STORES)
def test_store_that_cannot_be_used_is_told_and_left_as_it_is(
    trueline: Cli, pulled: Project, verb: str, spoil: Callable[[Path], None], sentence: str
) -> None:
    spoil(pulled.store)
    before = _content(pulled.store)
    ran = trueline(verb, "-p", pulled.folder, "--json")
    ran.failed(1, sentence, str(pulled.store))
    assert list(ran.document) == ["error"]
    assert _content(pulled.store) == before


def _content(store: Path) -> bytes:
    """The file without SQLite's header, where a mere look may change how it is journaled."""
    return store.read_bytes()[100:] if store.is_file() else b""


def test_store_whose_folder_is_absent_is_told(trueline: Cli, project: Project) -> None:
    project.write('[store]\nurl = "sqlite:///no/such/folder/x.db"\n')
    trueline("pull", "-p", project.folder).failed(1, "no/such/folder does not exist")


def test_store_url_with_a_password_is_never_shown(
    trueline: Cli, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUELINE_STORE_URL", "postgresql://ann:hunter2@127.0.0.1:9/trueline?connect_timeout=1")
    ran = trueline("runs", "-p", project.folder, "--json")
    ran.failed(1, "127.0.0.1:9")
    assert "hunter2" not in ran.out + ran.err
