"""Reference pages say what the code says: keys and defaults, rules, tables, scopes, links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from connectors._hubspot_layouts import LAYOUTS
from connectors._salesforce_parts import PARTS
from model.settings import (
    RULES,
    Caps,
    CompletenessSettings,
    FilesConnection,
    GleifConnection,
    HubspotConnection,
    MatchSettings,
    PlanSettings,
    ProjectSettings,
    ResolveSettings,
    SalesforceConnection,
    StalenessSettings,
    StoreSettings,
    SurviveSettings,
)
from model.streams import STREAMS
from model.sync_settings import SyncField, SyncSettings, SyncStream
from store.tables import METADATA
from tests.docs.reference import refreshed
from tests.docs.sessions import PAGES, ROOT

SETTINGS = (ROOT / "docs" / "settings.md").read_text("utf-8")
SECTIONS: dict[str, type[BaseModel]] = {
    "`[store]`": StoreSettings,
    '`system = "salesforce"`': SalesforceConnection,
    '`system = "hubspot"`': HubspotConnection,
    '`system = "files"`': FilesConnection,
    '`system = "gleif"`': GleifConnection,
    "`[completeness]`": CompletenessSettings,
    "`[staleness]`": StalenessSettings,
    "`[survive]`": SurviveSettings,
    "`[match]`": MatchSettings,
    "`[plan]`": PlanSettings,
    "`[resolve]`": ResolveSettings,
    "`[sync]`": SyncSettings,
    "How a stream is kept alike": SyncStream,
    "How a field is kept alike": SyncField,
    "`[caps]`": Caps,
}
# Defaults that the page tells in words or in a block of its own.
IN_WORDS = {
    "CompletenessSettings.required": "see below",
    "PlanSettings.rules": "all eight",
    "ResolveSettings.tie_breaks": "all but `parent` and `child`",
    "SyncSettings.accounts": "nothing",
    "SyncSettings.contacts": "nothing",
    "SurviveSettings.records": "all, in this order",
    "SurviveSettings.stages": "those of HubSpot",
}


def rows(section: str) -> dict[str, str]:
    """Key and default of each line of a section's first table."""
    _, found, rest = SETTINGS.partition(f" {section}\n")
    assert found, f"settings.md has no section {section}"
    part = re.split(r"^##", rest, maxsplit=1, flags=re.MULTILINE)[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", part, flags=re.MULTILINE))


def default_of(table: type[BaseModel], name: str, field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if (key := f"{table.__name__}.{name}") in IN_WORDS:
        return IN_WORDS[key]
    if value is None:
        return "none"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


@pytest.mark.parametrize(("section", "table"), SECTIONS.items(), ids=lambda item: getattr(item, "__name__", None))
def test_settings_page_lists_each_key_with_its_default(section: str, table: type[BaseModel]) -> None:
    expected = {name: default_of(table, name, field) for name, field in table.model_fields.items()}
    assert rows(section) == expected


def test_settings_page_has_every_table_and_every_rule() -> None:
    tables = {name for name in ProjectSettings.model_fields if name != "connections"}
    assert {section.strip("`[]") for section in SECTIONS if section.startswith("`[")} == tables
    assert [rule for rule in RULES if f"`{rule}`" in SETTINGS] == list(RULES)
    assert len(RULES) == 8


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_made_from_the_code_are_up_to_date(page: Path) -> None:
    text = page.read_text("utf-8")
    assert refreshed(text) == text, "run `make docs`"


def test_store_page_lists_the_tables_there_are() -> None:
    text = (ROOT / "docs" / "store.md").read_text("utf-8")
    listed = text.partition("## What Trueline makes of it")[2]
    named = {
        name for line in re.findall(r"^\| (`.+?`) \|", listed, re.MULTILINE) for name in re.findall(r"`(\w+)`", line)
    }
    assert named == set(METADATA.tables) - STREAMS.keys()


def test_connectors_page_names_the_scopes_of_each_object() -> None:
    text = (ROOT / "docs" / "connectors.md").read_text("utf-8")
    for layout in LAYOUTS.values():
        for right in ("read", "write"):
            assert f"`crm.objects.{layout.object}.{right}`" in text


def test_connectors_page_names_the_objects_of_each_stream() -> None:
    text = (ROOT / "docs" / "connectors.md").read_text("utf-8")
    told = dict(re.findall(r"^\| ([a-z_]+) \| ([A-Z]\w+(?:, [A-Z]\w+)*) \|", text, re.MULTILINE))
    assert {stream: names.split(", ") for stream, names in told.items()} == {
        stream: [part.sobject for part in parts] for stream, parts in PARTS.items()
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_that_exist(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing
