"""`trueline init --sync`: a mapping proposed from both CRMs, which loads as it is and reads at 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from model.sync_settings import SyncSettings
from sandbox.hubspot.definition import Definition, Option
from sandbox.start import Sandbox, start
from tests.trueline.conftest import TODAY, Cli, settings_for
from trueline.project import load_project

HOSTILE = 'Nord"\n[caps]\nmax_share = 1.0 # \x1b[31m'


@dataclass(frozen=True, slots=True)
class Pair:
    sandbox: Sandbox
    folder: Path

    def section(self, trueline: Cli, *more: object) -> str:
        ran = trueline("init", self.folder, "--sync", *more)
        assert ran.code == 0, ran
        return ran.out

    def loaded(self, section: str) -> SyncSettings:
        file = self.folder / "whole.toml"
        urls = (self.sandbox.salesforce[0].url, self.sandbox.hubspot.url)
        file.write_text(settings_for(*urls, more=section))
        return load_project(file).settings.sync


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with start(40, 5, 1.0, TODAY, systems=("salesforce", "hubspot"), native=True) as sandbox:
        yield sandbox


@pytest.fixture
def pair(served: Sandbox, tmp_path: Path) -> Pair:
    (tmp_path / "trueline.toml").write_text(settings_for(served.salesforce[0].url, served.hubspot.url))
    return Pair(served, tmp_path)


def test_proposed_section_loads_without_change_and_names_both_crms(pair: Pair, trueline: Cli) -> None:
    section = pair.section(trueline)
    sync = pair.loaded(section)
    assert sync.between == ("sf", "hs")
    assert sync.beside_native is False
    assert sync.accounts.create == ()
    people, accounts = sync.contacts.fields, sync.accounts.fields
    assert people["phone"].authority == "prefer-salesforce-unless-blank"
    assert people["owner_id"].authority == "always-salesforce"
    assert people["email_opt_out"].authority == "two-way"
    assert people["lead_source"].authority == "dont-sync"
    assert accounts["industry"].values["Banking"] == "BANKING"
    assert "Energy" not in accounts["industry"].values
    assert {"name", "website", "street", "lei", "industry", "type"} <= accounts.keys()


def test_proposed_section_reads_at_80_columns_and_says_what_is_left_to_a_person(pair: Pair, trueline: Cli) -> None:
    section = pair.section(trueline)
    assert max(map(len, section.splitlines())) <= 80
    assert section == pair.section(trueline)
    assert '# "Energy" = "OIL_ENERGY"' in section
    assert '# "Not For Profit" = ""' in section
    assert "Owners are one person by e-mail address" in section
    assert "HubSpot's own Salesforce integration is on" in section
    assert "# Phone = phone *" in section
    assert "@" not in section
    assert "# [connections.sf.fields.accounts]" in section
    assert '# description = "Description"  # same label, both text' in section


def test_proposed_section_written_to_a_file_never_replaces_one(pair: Pair, trueline: Cli) -> None:
    target = pair.folder / "sync.toml"
    ran = trueline("init", pair.folder, "--sync", "--out", target, "--json")
    assert ran.document == {"section": target.read_text(), "written": str(target)}
    trueline("init", pair.folder, "--sync", "--out", target).failed(2, "sync.toml exists already", "another file")
    trueline("init", pair.folder).failed(2, "trueline.toml exists already", "--sync")


def test_labels_of_a_stranger_stay_in_their_strings_and_comments(trueline: Cli, tmp_path: Path) -> None:
    with start(20, 5, 0.0, TODAY, systems=("salesforce", "hubspot")) as sandbox:
        inner = sandbox.hubspot.app._portal
        choices = (Option(HOSTILE, HOSTILE), Option("Web", "Web"))
        inner.define(
            inner.kind("contacts"),
            Definition("salutation", HOSTILE, type="enumeration", field_type="select", options=choices),
        )
        urls = (sandbox.salesforce[0].url, sandbox.hubspot.url)
        (tmp_path / "trueline.toml").write_text(settings_for(*urls))
        ran = trueline("init", tmp_path, "--sync")
        section = Pair(sandbox, tmp_path).loaded(ran.out)
        assert ran.code == 0
    assert "\x1b" not in ran.out
    assert section.contacts.fields["salutation"].values == {}
    assert "\\u001b" in ran.out


def test_mapping_of_one_connection_or_an_unknown_one_is_refused(pair: Pair, trueline: Cli) -> None:
    trueline("init", pair.folder, "--sync", "--between", "sf").failed(2, "--between is given twice")
    trueline("init", pair.folder, "--sync", "--between", "sf", "--between", "crm").failed(
        2, "crm is not one of", "sf, hs"
    )
    trueline("init", pair.folder, "--out", "x.toml").failed(2, "belong to --sync")
    text = (pair.folder / "trueline.toml").read_text()
    (pair.folder / "trueline.toml").write_text(text[: text.index("[connections.hs]")])
    trueline("init", pair.folder, "--sync").failed(2, "between two Salesforce or HubSpot connections", "sf")


def test_mapping_without_an_answer_says_why(pair: Pair, trueline: Cli) -> None:
    text = (pair.folder / "trueline.toml").read_text()
    (pair.folder / "trueline.toml").write_text(text.replace(pair.sandbox.hubspot.url, "http://127.0.0.1:9"))
    trueline("init", pair.folder, "--sync").failed(1, "hs")


def test_mapping_says_what_could_not_be_seen_and_goes_on(pair: Pair, trueline: Cli) -> None:
    scopes = ("crm.schemas.companies.read", "crm.objects.companies.read", "crm.objects.owners.read")
    app = pair.sandbox.hubspot.app
    for scope in scopes:
        app.revoke_scope(scope)
    section = pair.section(trueline)
    for scope in scopes:
        app.grant_scope(scope)
    assert section.count("# Not seen: ") == 2
    sync = pair.loaded(section)
    assert sync.accounts.fields == {}
    assert "phone" in sync.contacts.fields


def test_mapping_of_two_orgs_names_the_connections(trueline: Cli, tmp_path: Path) -> None:
    with start(30, 5, 1.0, TODAY, orgs=2, systems=("salesforce",)) as sandbox:
        first, second = (settings_for(org.url, "http://127.0.0.1:9") for org in sandbox.salesforce)
        one, other = (text[: text.index("[connections.hs]")] for text in (first, second))
        (tmp_path / "trueline.toml").write_text(one + other.replace("connections.sf", "connections.emea"))
        ran = trueline("init", tmp_path, "--sync")
        assert ran.code == 0, ran
        (tmp_path / "whole.toml").write_text((tmp_path / "trueline.toml").read_text() + ran.out)
        sync = load_project(tmp_path / "whole.toml").settings.sync
    assert sync.between == ("sf", "emea")
    assert sync.contacts.fields["phone"].authority == "prefer:sf-unless-blank"
    assert sync.contacts.fields["lead_source"].values == {}
