"""Settings: one clear sentence for every way in which they can be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from model.errors import ConfigError
from trueline.project import load_project
from trueline.secrets import secret_reader, secret_writer

HUBSPOT = '[connections.hs]\nsystem = "hubspot"\n'

WRONG = [
    pytest.param("[stor]\n", "unknown key stor; did you mean store?", id="unknown-table"),
    pytest.param('[store]\nurll = "x"\n', "unknown key store.urll; did you mean url?", id="unknown-key"),
    pytest.param(
        HUBSPOT + 'secret = "env:X"\nteir = "free"\n', "unknown key connections.hs.teir; did you mean tier?", id="typo"
    ),
    pytest.param(HUBSPOT, "connections.hs.secret is missing; add it", id="missing-key"),
    pytest.param('[connections.x]\nsystem = "sap"\n', "connections.x.system must be one of", id="unknown-system"),
    pytest.param('[connections.x]\nhost = "a"\n', "connections.x.system is missing", id="no-system"),
    pytest.param('[caps]\nmax_changes = "many"\n', "caps.max_changes should be a valid integer", id="wrong-type"),
    pytest.param("[caps]\nmax_share = 7\n", "caps.max_share should be less than or equal to 1, not 7", id="range"),
    pytest.param('[plan]\nrules = ["phones"]\n', "plan.rules.0 should be 'email-form'", id="unknown-rule"),
    pytest.param('[plan]\nnever = ["contacts.fone"]\n', "contacts have no field 'fone'", id="unknown-field"),
    pytest.param('[completeness.required]\ndeels = ["name"]\n', "there is no stream 'deels'", id="unknown-stream"),
    pytest.param("[store\n", "is not valid TOML", id="not-toml"),
]


@pytest.mark.parametrize(("text", "sentence"), WRONG)
def test_settings_that_are_wrong_get_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "trueline.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_project(tmp_path)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_secret_written_into_the_settings_is_refused_without_being_shown(tmp_path: Path) -> None:
    (tmp_path / "trueline.toml").write_text(HUBSPOT + 'secret = "pat-eu1-very-secret"\n')
    with pytest.raises(ConfigError) as caught:
        load_project(tmp_path)
    assert "never the secret itself" in str(caught.value)
    assert "very-secret" not in str(caught.value)


def test_settings_file_that_is_absent_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="trueline init"):
        load_project(tmp_path)


def test_settings_in_latin_1_are_refused_with_the_byte(tmp_path: Path) -> None:
    (tmp_path / "trueline.toml").write_bytes("# Zoë\n".encode("latin-1"))
    with pytest.raises(ConfigError, match="not UTF-8 text"):
        load_project(tmp_path)


def test_required_fields_named_for_one_stream_keep_the_defaults_of_the_others(tmp_path: Path) -> None:
    (tmp_path / "trueline.toml").write_text('[completeness.required]\ncontacts = ["email"]\n')
    required = load_project(tmp_path).settings.completeness.required
    assert required["contacts"] == ("email",)
    assert "stage" in required["deals"]


def test_the_template_that_init_writes_loads_with_every_default(tmp_path: Path) -> None:
    template = Path(__file__).parents[2] / "trueline" / "trueline.toml"
    (tmp_path / "trueline.toml").write_text(template.read_text("utf-8"))
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "trueline.toml").write_text("")
    assert load_project(tmp_path).settings == load_project(empty).settings


def test_every_commented_line_of_the_template_is_a_valid_setting(tmp_path: Path) -> None:
    template = (Path(__file__).parents[2] / "trueline" / "trueline.toml").read_text("utf-8")
    lines = [
        line.removeprefix("# ")
        for line in template.splitlines()
        if line.removeprefix("# ").startswith("[") or " = " in line.split("#")[-1] or " = " in line[:30]
    ]
    (tmp_path / "trueline.toml").write_text("\n".join(lines))
    settings = load_project(tmp_path).settings
    assert set(settings.connections) == {"sf", "hs", "gleif", "old_crm"}
    assert settings.staleness.by_stage == {"Negotiation": 14}


def test_relative_sqlite_path_starts_from_the_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRUELINE_STORE_URL", raising=False)
    (tmp_path / "trueline.toml").write_text('[store]\nurl = "sqlite:///data/x.db"\n')
    assert load_project(tmp_path).store_url == f"sqlite:///{tmp_path}/data/x.db"
    monkeypatch.setenv("TRUELINE_STORE_URL", "postgresql://db/trueline")
    assert load_project(tmp_path).store_url == "postgresql://db/trueline"


def test_secret_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TL_SECRET", " word \n")
    assert secret_reader(tmp_path)("env:TL_SECRET") == "word"


@pytest.mark.parametrize("value", [None, "", "  "], ids=["unset", "empty", "blank"])
def test_secret_that_is_missing_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("TL_SECRET", raising=False)
    if value is not None:
        monkeypatch.setenv("TL_SECRET", value)
    with pytest.raises(ConfigError, match="set the environment variable TL_SECRET"):
        secret_reader(tmp_path)("env:TL_SECRET")


def test_secret_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("word")
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        secret_reader(tmp_path)("file:token")
    file.chmod(0o600)
    assert secret_reader(tmp_path)("file:token") == "word"


def test_rotated_secret_replaces_its_file_and_stays_private(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old")
    file.chmod(0o600)
    secret_writer(tmp_path)("file:token", "new")
    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


def test_rotated_secret_cannot_be_kept_in_the_environment(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="keyring:NAME or file:PATH"):
        secret_writer(tmp_path)("env:X", "new")


def test_rotated_secret_that_cannot_be_saved_keeps_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "token").mkdir()
    (tmp_path / "token" / "kept").write_text("old")
    with pytest.raises(ConfigError, match="could not be saved in") as caught:
        secret_writer(tmp_path)("file:token", "very-secret")
    assert "very-secret" not in str(caught.value)
    with pytest.raises(ConfigError, match="could not be saved"):
        secret_writer(tmp_path)("file:no/such/folder/token", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


def test_rotated_secret_behind_a_link_is_replaced_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / "token").write_text("old")
    (tmp_path / "token").symlink_to(tmp_path / "vault" / "token")
    secret_writer(tmp_path)("file:token", "new")
    assert (tmp_path / "token").is_symlink()
    assert (tmp_path / "vault" / "token").read_text() == "new"


FILES = [
    pytest.param(None, "cannot be read (FileNotFoundError)", id="absent"),
    pytest.param(b"\xff\xfe", "cannot be read (UnicodeDecodeError)", id="not-text"),
    pytest.param(b" \n", "is missing or empty; write it into token", id="blank"),
]


@pytest.mark.parametrize(("content", "sentence"), FILES)
def test_secret_file_without_a_secret_is_refused(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
        (tmp_path / "token").chmod(0o600)
    with pytest.raises(ConfigError) as caught:
        secret_reader(tmp_path)("file:token")
    assert sentence in str(caught.value)


class Vault(KeyringBackend):
    """A keyring that lives as long as the test, or one that is locked."""

    priority = 1

    def __init__(self, *, locked: bool = False) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = locked

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("very-secret")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.locked:
            raise KeyringLocked("very-secret")
        self.kept[service, username] = password


@pytest.fixture
def vault() -> Iterator[Vault]:
    before, opened = keyring.get_keyring(), Vault()
    keyring.set_keyring(opened)
    yield opened
    keyring.set_keyring(before)


def test_secret_comes_from_the_keyring_and_goes_back_to_it(tmp_path: Path, vault: Vault) -> None:
    with pytest.raises(ConfigError, match="store it with `keyring set trueline hs`"):
        secret_reader(tmp_path)("keyring:hs")
    secret_writer(tmp_path)("keyring:hs", "word")
    assert vault.kept == {("trueline", "hs"): "word"}
    assert secret_reader(tmp_path)("keyring:hs") == "word"


def test_keyring_that_is_locked_is_told_without_its_own_text(tmp_path: Path, vault: Vault) -> None:
    vault.locked = True
    for attempt in (
        lambda: secret_reader(tmp_path)("keyring:hs"),
        lambda: secret_writer(tmp_path)("keyring:hs", "very-secret"),
    ):
        with pytest.raises(ConfigError, match="keyring") as caught:
            attempt()
        assert "very-secret" not in str(caught.value)
